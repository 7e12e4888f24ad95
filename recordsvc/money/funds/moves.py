"""How budgets move (预算下达、调剂、收回): one official proposes, a reviewer decides, the ledger books it.

| act | from → to | what stops it |
|---|---|---|
| allot (下达) | the fund's source → a line, opened by the first | a kind that the fund may not pay |
| shift (调剂) | a line → another of the same fund and year | what is held or spent already |
| recall (收回) | a line → the fund's source | what is held or spent already |

What is held for somebody is never taken back: the line's account is guarded, so the act is refused as a whole
(`ledger-refused`, `insufficient`), its proposal stays open, and nothing has changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access import areas
from recordsvc.access.grants import Thing, prefix
from recordsvc.ground import bound, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import Random, beijing_date, uuid_text
from recordsvc.ground.two_person import Proposal
from recordsvc.money.funds import lines
from recordsvc.money.funds.errors import MoveRefused
from recordsvc.money.funds.lines import Line, line_of
from recordsvc.money.funds.tables import budget_move
from recordsvc.money.ledger import booking
from recordsvc.money.ledger.tables import MOST_FEN
from recordsvc.money.ledger.values import Posting, move
from recordsvc.people.divisions import division

MOVE: Final = "budget.move"
DECIDERS: Final = frozenset({"reviewer"})
ACTS: Final = {"allot": "下达", "shift": "调剂", "recall": "收回"}
YEARS: Final = (2_015, 2_099)


@dataclass(frozen=True, slots=True)
class Move:
    """What is asked: an act on a line, for a shift also the division and kind it goes to."""

    act: str
    fund: str
    year: int
    region: str
    kind: str
    amount_fen: int
    doc: str
    """Number of the document that orders it (文号)."""
    reason: str
    to_region: str | None = None
    to_kind: str | None = None

    def line(self) -> Line:
        """Return the line it acts on."""
        return line_of(self.fund, self.year, self.region, self.kind)

    def other(self) -> Line | None:
        """Return where a shift goes to: what is not said stays as it is."""
        if self.act != "shift":
            return None
        return line_of(self.fund, self.year, self.to_region or self.region, self.to_kind or self.kind)

    def place(self) -> Thing:
        """Return the division that holds all of it."""
        ends = [self.region] + ([self.to_region] if self.to_region else [])
        return areas.together(Thing(prefix(one)) for one in ends)


def propose(turn: Turn, wanted: Move, by: str, random: Random) -> bytes:
    """Propose a move. Raises `MoveRefused`, `LineUnknown`."""
    check(turn.conn, wanted, beijing_date(turn.now_ms).isoformat())
    payload = {name: getattr(wanted, name) for name in Move.__dataclass_fields__}
    return two_person.propose(turn, MOVE, wanted.line().id, payload, by, random=random)


def check(conn: Connection, wanted: Move, today: str) -> None:
    """Refuse what cannot be. Raises `MoveRefused` naming all of it, `LineUnknown`."""
    wrong = list(_wrong(wanted, today))
    if wrong:
        raise MoveRefused(errors=wrong)
    if wanted.act != "allot":
        lines.find(conn, wanted.line().id)


def moved(conn: Connection, line_id: str) -> list[sa.Row[Any]]:
    """Return how a line's budget moved, newest first."""
    own = budget_move.c
    query = sa.select(budget_move).where(sa.or_(own.line == line_id, own.other == line_id))
    return list(conn.execute(query.order_by(own.at_ms.desc(), own.id.desc())))


def _wrong(wanted: Move, today: str) -> list[dict[str, str]]:
    """Return what is wrong with a move, all of it."""
    faults = []

    def judge(good: bool, name: str, zh: str, en: str) -> None:  # noqa: FBT001 - the judgement itself
        if not good:
            faults.append({"pointer": f"/{name}", "code": "value", "detail": zh, "detail_en": en})

    known = wanted.fund in dated.table(lines.FUNDS).on(today)
    judge(wanted.act in ACTS, "act", "没有这种事项", "no such act")
    judge(known, "fund", "没有这项资金", "no such fund in force")
    judge(YEARS[0] <= wanted.year <= YEARS[1], "year", "预算年度不对", "not a budget year")
    judge(_divides(wanted.region), "region", "没有这个区划", "no such division")
    pays = lines.may_pay(wanted.fund, wanted.kind, today)
    # What may no longer be paid can still be recalled or shifted to what may.
    judge(
        not known or pays or wanted.act != "allot",
        "kind",
        "这项资金不能支付该补贴项目",
        "not paid by this fund",
    )
    judge(0 < wanted.amount_fen <= MOST_FEN, "amount_fen", "金额应大于零", "an amount is above zero")
    shifts, target = wanted.act == "shift", wanted.other()
    if shifts:
        assert target is not None  # noqa: S101 - a shift has another line
        judge(
            wanted.to_region is None or _divides(wanted.to_region),
            "to_region",
            "没有这个区划",
            "no such division",
        )
        judge(target != wanted.line(), "to_region", "调出和调入是同一条预算", "from and to are one line")
        judge(
            lines.may_pay(wanted.fund, target.kind, today),
            "to_kind",
            "这项资金不能支付该补贴项目",
            "not paid by this fund",
        )
    else:
        judge(not wanted.to_region, "to_region", "只有调剂才填调入区划", "only a shift goes elsewhere")
        judge(not wanted.to_kind, "to_kind", "只有调剂才填调入项目", "only a shift goes elsewhere")
    return faults


def _divides(code: str) -> bool:
    known = division(code)
    return known is not None and known.until is None


def _about(_conn: Connection, _subject: str, payload: Mapping[str, Any]) -> Thing:
    return Move(**payload).place()


@two_person.executor(MOVE, deciders=DECIDERS, about=_about, fresh=True)
def _carry_out(turn: Turn, payload: Mapping[str, Any], decided: Proposal) -> str:
    """Book a move; returns the line's id. Raises `PostingRefused`, and the proposal stays open."""
    wanted = Move(**payload)
    # Dated data may have changed since it was proposed.
    check(turn.conn, wanted, beijing_date(turn.now_ms).isoformat())
    assert decided.decided_by is not None  # noqa: S101 - an executor runs with a decision
    line, other = wanted.line(), wanted.other()
    for one in (line, other):
        if one is not None:
            lines.open_line(turn, one, decided.decided_by)
    source = lines.source_of(line.fund, line.year)
    ends = {"allot": (source, line.account), "recall": (line.account, source)}
    giving, taking = ends.get(wanted.act) or (line.account, other.account if other else "")
    posting = Posting(
        f"budget/{uuid_text(decided.id)}",
        (move(giving, taking, wanted.amount_fen),),
        f"budget-{wanted.act}",
        decided.decided_by,
        wanted.doc,
    )
    booking.book(turn, posting).or_raise()
    row = {
        "id": decided.id,
        "act": wanted.act,
        "line": line.id,
        "other": other.id if other else None,
        "fund": line.fund,
        "year": line.year,
        "amount_fen": wanted.amount_fen,
        "doc": wanted.doc,
        "reason": wanted.reason,
        "posting": posting.id,
        "proposed_by": decided.proposed_by,
        "decided_by": decided.decided_by,
        "at_ms": turn.now_ms,
    }
    turn.conn.execute(budget_move.insert().values(row))
    bound.wrote(turn, budget_move, row)
    return line.id


Ask = Callable[[Turn], str]


def asking(wanted: Move, by: str, random: Random) -> Ask:
    """Return the act of proposing a move; its reference is the proposal's id, hexadecimal."""
    return lambda turn: propose(turn, wanted, by, random).hex()
