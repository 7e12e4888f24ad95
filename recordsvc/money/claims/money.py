"""The money of a claim (预留与释放): held out of the first budget line that has enough, given back once.

What was spent and comes back goes to the line it was spent of in that line's budget year, later to the source
from which the line was allotted: a year that is over is not granted anew.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims.values import Claim, decision_of
from recordsvc.money.funds import lines
from recordsvc.money.ledger import booking
from recordsvc.money.ledger.tables import account, transfer
from recordsvc.money.ledger.values import ENDS_HOLD, Leg, Posting, move

if TYPE_CHECKING:
    from recordsvc.house import House
    from recordsvc.money.claims.steps import Run


@dataclass(frozen=True, slots=True)
class Spent:
    """Where a claim's money was spent from: the line's two accounts, its fund and budget year."""

    line: str
    expense: str
    fund: str
    year: int

    def back(self, amount_fen: int, today_year: int) -> Leg:
        """Return the leg that gives money back: to the line, or of a year that is over to its source."""
        home = self.line if self.year == today_year else lines.source_of(self.fund, self.year)
        return move(self.expense, home, amount_fen)


def spent_of(conn: Connection, one: Claim) -> Spent:
    """Return where a paid claim's money was spent from: the ends of its hold."""
    own, left = transfer.c, account.c
    query = (
        sa.select(own.source, own.target, left.fund, left.year)
        .join(account, left.id == own.source)
        .where(own.id == one.hold)
    )
    row = conn.execute(query).one()
    return Spent(row.source, row.target, row.fund, row.year)


def hold(turn: Turn, house: "House", one: Claim, by: str) -> str:
    """Hold the amount; the hold's id, empty where no line that may pay it has enough.

    A refused id is spent, so that each try has its own: the claim's version moves with every step.
    """
    found = decision_of(turn.conn, one)
    if found is None:
        return ""
    funds = house.claims.rules.version(found.sha256).head.funds
    today = beijing_date(turn.now_ms)
    able = house.claims.lines.payable(turn.conn, one.kind, today.year, one.region, funds, today.isoformat())
    for n, line in enumerate(able):
        outcome = booking.place_hold(
            turn,
            f"{one.reference}/hold/{one.version}/{n}",
            line.account,
            line.expense,
            one.amount_fen,
            "claim-hold",
            by,
            one.reference,
        )
        if outcome.applied:
            return outcome.transfers[0]
    return ""


def release(turn: Turn, one: Claim, by: str) -> None:
    """Give the hold back. Raises `PostingRefused`: it was settled, or given back before."""
    booking.void_hold(
        turn, f"{one.reference}/void/{one.version}", one.hold, "claim-void", by, one.reference
    ).or_raise()


def give_back(turn: Turn, one: Claim, by: str) -> None:
    """Give back what was spent on a payment that came back for good, or its hold if the bank refused it."""
    own = transfer.c
    ended = sa.select(own.kind).where(own.about_id == one.hold, own.kind.in_(ENDS_HOLD))
    if turn.conn.scalar(ended) is None:
        release(turn, one, by)
        return
    leg = spent_of(turn.conn, one).back(one.amount_fen, beijing_date(turn.now_ms).year)
    name = f"{one.reference}/lapse/{one.version}"
    booking.book(turn, Posting(name, (leg,), "lapsed", by, one.reference)).or_raise()


def payable(run: "Run") -> None:
    """Let a claim go on that could be paid now. Raises `Waits`, `PaymentLive`."""
    one = run.claim
    run.house.claims.payments.ready(run.turn, one.reference, one.payee, one.hold)


def offset(run: "Run") -> None:
    """Keep back what the payee owes of another claim, where the law allows it; the rest is payable."""
    kept_fen, held = run.house.claims.offsets.take(run.turn, run.claim)
    if kept_fen:
        run.values |= {"offset_fen": kept_fen, "hold": held}


def queue(run: "Run") -> None:
    """Have paid what was signed for, less what is kept back of it."""
    one, held = run.claim, run.values.get("hold", run.claim.hold)
    rest_fen = one.amount_fen - (run.values.get("offset_fen", one.offset_fen) or 0)
    run.values["payment"] = run.house.claims.payments.queue(
        run.turn, one.reference, one.payee, rest_fen, held, run.who.actor
    )
