"""Claims after a merge was undone (合并撤回后的申领): nobody knows which of two people filed them.

DRAFT ── parted ──> WITHDRAWN
NEED_INFO, CHECKED ── parted ──> CHECKED, a handler's, with a day and a reason
ACCEPTED … FINANCED ── back ──> checked anew, every signature ended, then the handler's

What is at the bank or paid stays: its account is stopped (`bank/parting.py`), and what was paid for a record
that is not the claimant's opens a case by itself.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from recordsvc.ground.commit import Turn
from recordsvc.money.claims import steps, transitions
from recordsvc.money.claims.tables import claim, claim_state
from recordsvc.money.claims.values import BY_ITSELF, listed

if TYPE_CHECKING:
    from recordsvc.house import House

EVENT: Final = "parted"
REASON_ZH: Final = (
    "在档案合并期间提出，合并已撤回：请经办人核实由谁提出、据哪份档案，再继续办理、不予发放或撤回"
)


def hand_over(turn: Turn, house: "House", archives: Collection[bytes], since_ms: int, _by: str) -> None:
    """Give the handler what was filed for these archives since an instant (UTC ms) and is not paid."""
    whose = (claim.c.worker_id.in_(sorted(archives)), claim.c.filed_ms >= since_ms)
    for one in listed(turn.conn, *whose, claim_state.c.owner != ""):
        now = one
        if transitions.find(one.state, "return-to-check") is not None:
            now = steps.divert(turn, house, one, REASON_ZH)
        if transitions.find(now.state, EVENT) is not None:
            steps.step(turn, house, now, EVENT, BY_ITSELF, REASON_ZH)
