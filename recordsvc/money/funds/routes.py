"""Doors of funds (资金与预算): lines with what they have, their journal, and moves that take two.

An official sees the lines of their area; inspectors and auditors see them and change nothing. A handler
proposes a move, a reviewer decides it (`/v1/desk/proposals`).
"""

from typing import Any, Final

import flask
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas
from recordsvc.access.entrance import actor
from recordsvc.access.forms import ProposedForm
from recordsvc.access.grants import Thing, can, prefix, reach
from recordsvc.access.objects import named
from recordsvc.access.policy import door
from recordsvc.access.services import house, once, reference
from recordsvc.ground import answers, two_person
from recordsvc.ground.paging import Cursors, page_form
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import CursorRefused, Forbidden
from recordsvc.money.funds import lines, moves
from recordsvc.money.funds.errors import LineUnknown, MoveRefused
from recordsvc.money.funds.forms import (
    JournalQuery,
    LinePositionForm,
    LinesForm,
    LinesQuery,
    NewBudgetMoveForm,
    TransferForm,
)
from recordsvc.money.funds.lines import Line, Position
from recordsvc.money.funds.moves import Ask, Move
from recordsvc.money.funds.tables import budget_line
from recordsvc.money.ledger.tables import transfer

bp = flask.Blueprint("funds", __name__)
JOURNAL: Final = page_form(TransferForm)


def _line(conn: Connection, line_id: str) -> Thing | None:
    region = conn.execute(sa.select(budget_line.c.region).where(budget_line.c.id == line_id)).scalar()
    return None if region is None else Thing(prefix(region))


named("line_id", _line, LineUnknown)


@door(
    bp,
    "GET",
    "/v1/desk/funds",
    policy="fund.read",
    query=LinesQuery,
    answer=LinesForm,
    summary="资金与预算 / Budget lines with what is held, spent and left",
)
def list_lines(query: dict[str, Any]) -> flask.Response:
    """List the lines of the official's area."""
    return answers.answer({"items": seen(query["year"], query["fund"])}, form=LinesForm)


@door(
    bp,
    "GET",
    "/v1/desk/funds/<line_id>",
    policy="fund.read",
    answer=LinePositionForm,
    problems=(LineUnknown,),
    summary="一条预算：额度、预测、变动 / One line: position, forecast, how its budget moved",
)
def show_line(line_id: str) -> flask.Response:
    """Show one line."""
    return answers.answer(shown(line_id), form=LinePositionForm)


@door(
    bp,
    "GET",
    "/v1/desk/funds/<line_id>/journal",
    policy="fund.read",
    query=JournalQuery,
    answer=JOURNAL,
    problems=(LineUnknown, CursorRefused),
    summary="一条预算的明细账 / The journal of one line, newest first",
)
def line_journal(line_id: str, query: dict[str, Any]) -> flask.Response:
    """Page through what was booked on a line."""
    cursors: Cursors = flask.current_app.extensions["cursors"]
    context = f"funds.journal:{line_id}"
    before = cursors.read(context, query["cursor"])[0] if query["cursor"] else None
    items = journal(line_id, before, query["limit"] + 1)
    more = len(items) > query["limit"]
    items = items[: query["limit"]]
    following = cursors.make(context, items[-1]["idx"]) if more else None
    return answers.answer({"items": items, "next": following}, form=JOURNAL)


@door(
    bp,
    "POST",
    "/v1/desk/funds/moves",
    policy="fund.propose",
    step_up=True,
    body=NewBudgetMoveForm,
    answer={202: ProposedForm},
    problems=(MoveRefused, LineUnknown, Forbidden),
    idempotent=True,
    summary="提出预算下达、调剂或收回 / Propose to allot, shift or recall a budget",
)
def propose_move(form: dict[str, Any]) -> flask.Response:
    """Propose a move; it is booked once a reviewer approves."""
    proposal_id = bytes.fromhex(once(ask_move(form)))
    with house().db.read() as conn:
        found = two_person.read(conn, proposal_id, house().clock.now_ms())
    return answers.answer({"proposal_id": proposal_id, "subject": found.subject}, 202, form=ProposedForm)


# -- shared with the pages


def ask_move(form: dict[str, Any]) -> Ask:
    """Return the act of proposing a move. Raises `Forbidden` beyond one's own area."""
    wanted = Move(**form)
    if not can(actor(), "fund.propose", wanted.place()):
        raise Forbidden
    return moves.asking(wanted, reference(), house().random)


def seen(year: str | None = None, fund: str | None = None) -> list[dict[str, Any]]:
    """Return the lines that who asks sees, with what they have."""
    own = budget_line.c
    where = [areas.within(reach(actor(), "fund.read"), own.region)]
    where += [own.year == int(year)] if year else []
    where += [own.fund == fund] if fund else []
    with house().db.read() as conn:
        found = lines.seen(conn, *where)
        has = lines.positions(conn, found)
    return [told(one, has[one.id]) for one in found]


def shown(line_id: str) -> dict[str, Any]:
    """Return one line with forecast and moves."""
    with house().db.read() as conn:
        found = lines.find(conn, line_id)
        has = lines.positions(conn, [found])[line_id]
        ahead = lines.forecast(conn, found, house().clock.now_ms())
        moved = [
            {**row._mapping, "proposal": uuid_text(row.id)}  # noqa: SLF001 - SQLAlchemy's documented name
            for row in moves.moved(conn, line_id)
        ]
    return told(found, has) | {"forecast": ahead, "moves": moved}


def journal(line_id: str, before: int | None, limit: int) -> list[dict[str, Any]]:
    """Return what was booked on a line, newest first, from before a place of the journal."""
    own = transfer.c
    with house().db.read() as conn:
        account = lines.find(conn, line_id).account
        where = [sa.or_(own.source == account, own.target == account)]
        where += [own.idx < before] if before is not None else []
        rows = conn.execute(sa.select(transfer).where(*where).order_by(own.idx.desc()).limit(limit)).all()
    return [{**row._mapping, "way": _way(row, account)} for row in rows]  # noqa: SLF001 - as above


def told(line: Line, has: Position) -> dict[str, Any]:
    """Return a line as its form shows it."""
    return {
        "line": line.id,
        "fund": line.fund,
        "fund_name": lines.zh(lines.FUNDS, line.fund),
        "year": line.year,
        "region": line.region,
        "region_name": lines.place(line.region),
        "kind": line.kind,
        "kind_name": lines.zh(lines.KINDS, line.kind),
        "budget_fen": has.budget_fen,
        "held_fen": has.held_fen,
        "spent_fen": has.spent_fen,
        "available_fen": has.available_fen,
    }


def _way(row: sa.Row[Any], account: str) -> str:
    ways = {"PEND": "hold", "SETTLE": "settle", "VOID": "release"}
    return ways.get(row.kind) or ("out" if row.source == account else "in")
