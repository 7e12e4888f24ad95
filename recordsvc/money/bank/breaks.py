"""What does not agree between the bank and us (对账差异): found once, owned, due, and ended by somebody.

Kinds and their terms are dated data (`bank_breaks`). A break is never closed by the passing of time or by the
next file: somebody says how it ended, and what moves money by that takes a second payer.
"""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated, workdays
from recordsvc.dated import NoRuleInForce
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.money.bank.errors import BreakClosed, BreakUnknown
from recordsvc.money.bank.tables import recon_break

if TYPE_CHECKING:
    from recordsvc.house import House
    from recordsvc.money.bank.payments import Payment

TABLE: Final = "bank_breaks"
DESK: Final = "role:payer"
"""Owner of a break that no payer has taken yet."""


@dataclass(frozen=True, slots=True)
class Break:
    """One difference as stored; `due_on` is a Beijing date."""

    break_id: bytes
    account: str
    kind: str
    subject: str
    amount_fen: int
    payment_id: bytes | None
    opened_ms: int
    due_on: str
    owner: str
    state: str
    resolution: str
    note: str
    resolved_by: str | None
    resolved_ms: int | None

    def age_days(self, now_ms: int) -> int:
        """Return for how many days it has stood, or stood."""
        return (beijing_date(self.resolved_ms or now_ms) - beijing_date(self.opened_ms)).days


def open_break(
    turn: Turn,
    house: "House",
    account: str,
    kind: str,
    subject: str,
    *,
    payment: "Payment | None" = None,
    amount_fen: int | None = None,
) -> None:
    """Open a break unless this very one was opened before, whatever became of it."""
    own = payment.amount_fen if payment is not None else 0
    row = {
        "break_id": uuid7(FixedClock(turn.now_ms), house.random),
        "account": account,
        "kind": kind,
        "subject": subject[:120],
        "amount_fen": own if amount_fen is None else amount_fen,
        "payment_id": None if payment is None else payment.payment_id,
        "opened_ms": turn.now_ms,
        "due_on": _due_on(kind, turn.now_ms),
        "owner": DESK,
        "state": "open",
        "resolution": "",
        "note": "",
        "resolved_by": None,
        "resolved_ms": None,
    }
    insert_missing(turn.conn, recon_break, [row])
    same = sa.select(recon_break.c.break_id).where(recon_break.c.break_id == row["break_id"])
    if turn.conn.execute(same).first() is not None:
        bound.touch(turn, recon_break, (row["break_id"],))


def find(conn: Connection, break_id: bytes) -> Break:
    """One break. Raises `BreakUnknown`."""
    row = conn.execute(sa.select(recon_break).where(recon_break.c.break_id == break_id)).one_or_none()
    if row is None:
        raise BreakUnknown
    return Break(*row)


def listed(conn: Connection, *where: sa.ColumnElement[bool], limit: int = 200) -> list[Break]:
    """Breaks, those due first; `where` narrows the list."""
    own = recon_break.c
    query = sa.select(recon_break).where(*where).order_by(own.due_on, own.break_id).limit(limit)
    return [Break(*row) for row in conn.execute(query)]


def open_of(kind: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions of the open breaks of a kind."""
    return recon_break.c.kind == kind, recon_break.c.state == "open"


def take(turn: Turn, break_id: bytes, by: str) -> None:
    """Make somebody the owner of an open break. Raises `BreakUnknown`, `BreakClosed`."""
    _change(turn, break_id, owner=by)


def close(turn: Turn, break_id: bytes, resolution: str, note: str, by: str) -> None:
    """Say how a break ended. Raises `BreakUnknown`, `BreakClosed`."""
    _change(
        turn,
        break_id,
        state="resolved",
        resolution=resolution,
        note=note,
        resolved_by=by,
        resolved_ms=turn.now_ms,
    )


def resolutions(kind: str, now_ms: int) -> tuple[str, ...]:
    """Return how a kind of break may end. Raises `NoRuleInForce`."""
    return tuple(dated.rule(TABLE, kind, beijing_date(now_ms).isoformat())["resolutions"])


def _change(turn: Turn, break_id: bytes, **values: Any) -> None:
    own = recon_break.c
    changing = recon_break.update().where(own.break_id == break_id, own.state == "open").values(**values)
    if turn.conn.execute(changing).rowcount != 1:
        find(turn.conn, break_id)
        raise BreakClosed
    bound.touch(turn, recon_break, (break_id,))


def _due_on(kind: str, now_ms: int) -> str:
    today = beijing_date(now_ms)
    days = int(dated.rule(TABLE, kind, today.isoformat())["working_days"])
    try:
        return workdays.due_on(today, days).isoformat()
    except NoRuleInForce:
        # The next year's calendar is not out yet: calendar days are earlier, never later.
        return (today + dt.timedelta(days=days)).isoformat()
