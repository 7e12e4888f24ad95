"""Claims after a merge was undone (合并撤回后的申领): nobody knows which of two people filed them.

DRAFT ── parted ──> WITHDRAWN
NEED_INFO, CHECKED ── parted ──> CHECKED, a handler's, with a day and a reason
ACCEPTED … FINANCED ── back ──> checked anew, every signature ended, then the handler's

What is at the bank or paid stays: its account is stopped and a payer has it (`bank/parting.py`), and what was
paid for a record that is not the claimant's opens a case by itself.

A contract by which an institution claims (`agencies.py`) that was made meanwhile ends, as every consent does:
both the institution and the person are told, and whose it was makes it again.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from recordsvc.archive import notices
from recordsvc.ground.commit import Turn
from recordsvc.money.claims import agencies, steps, transitions
from recordsvc.money.claims.agency_tables import claim_agency
from recordsvc.money.claims.tables import claim, claim_state
from recordsvc.money.claims.values import BY_ITSELF, listed
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House

EVENT: Final = "parted"
REASON_ZH: Final = (
    "在档案合并期间提出，合并已撤回：请经办人核实由谁提出、据哪份档案，再继续办理、不予发放或撤回"
)
AGENCY_ZH: Final = "在档案合并期间订立，合并已撤回：不能确定是两人中谁的，请本人重新授权"


def hand_over(turn: Turn, house: "House", archives: Collection[bytes], since_ms: int, by: str) -> None:
    """Give the handler what was filed for these archives since an instant (UTC ms) and is not paid."""
    whose = (claim.c.worker_id.in_(sorted(archives)), claim.c.filed_ms >= since_ms)
    _end_agencies(turn, house, archives, since_ms, by)
    for one in listed(turn.conn, *whose, claim_state.c.owner != ""):
        now = one
        if transitions.find(one.state, "return-to-check") is not None:
            now = steps.divert(turn, house, one, REASON_ZH)
        if transitions.find(now.state, EVENT) is not None:
            steps.step(turn, house, now, EVENT, BY_ITSELF, REASON_ZH)


def _end_agencies(turn: Turn, house: "House", archives: Collection[bytes], since_ms: int, by: str) -> None:
    """End the contracts made for these archives since an instant (UTC ms)."""
    own = claim_agency.c
    made = agencies.listed(turn.conn, own.worker_id.in_(sorted(archives)), own.made_ms >= since_ms)
    for one in made:
        if not one.how:
            agencies.end(turn, house, one, agencies.ENDED, AGENCY_ZH, by)
            told, key = {"issuer": one.institution}, f"agency-parted/{one.agency_id.hex()}"
            for person in sorted({merges.person_id(turn.conn, whose) for whose in archives}):
                notices.tell_worker(turn, house, person, "agency-parted", told, key)
