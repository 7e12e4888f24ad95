"""The money of a claim (预留与释放): held out of the first budget line that has enough, given back once."""

from typing import TYPE_CHECKING

from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims.values import Claim, decision_of
from recordsvc.money.ledger import booking

if TYPE_CHECKING:
    from recordsvc.house import House


def hold(turn: Turn, house: "House", one: Claim, by: str) -> str:
    """Hold the amount; the hold's id, empty where no line that may pay it has enough.

    A refused id is spent, so that each try has its own: the claim's version moves with every step.
    """
    found = decision_of(turn.conn, one)
    if found is None:
        return ""
    funds = house.claims.rules.version(found.sha256).head.funds
    today = beijing_date(turn.now_ms)
    lines = house.claims.lines.payable(turn.conn, one.kind, today.year, one.region, funds, today.isoformat())
    for n, line in enumerate(lines):
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
