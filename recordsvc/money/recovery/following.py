"""What the archive does to claims (档案变动跟读): corrections, revocations, merges, in log order, each once.

Unpaid claims whose decision no longer holds go back to be checked. Paid ones are judged anew: too much paid
opens a case, too little proposes the difference (补差) as a claim that goes the ordinary way. A case of ours
ends by itself when the record is good again, whether it was decided or not; what had come back of it by then,
or all of it, is due again: the claim stands anew, and the difference is proposed. What was under way at the
bank is looked at when the bank has booked it.

What officials said once stands: the same finding opens no second case.
"""

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from recordsvc.archive import notices, persons
from recordsvc.archive.announcing import entries
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.formats import Kind
from recordsvc.archive.store import StoredEntry
from recordsvc.archive.tables import entry
from recordsvc.ground.commit import Turn
from recordsvc.ground.follower import Follower
from recordsvc.ground.ports import uuid_text
from recordsvc.money.bank.payments import Payment
from recordsvc.money.claims import bank, deciding, handing, judging, paying
from recordsvc.money.claims import steps as claim_steps
from recordsvc.money.claims import values as claim_values
from recordsvc.money.claims.apprentices import UNEARNED
from recordsvc.money.claims.errors import ClaimStands, ClaimUnknown
from recordsvc.money.claims.tables import claim_state
from recordsvc.money.claims.values import Claim, decision_of
from recordsvc.money.recovery import steps, topping
from recordsvc.money.recovery.offsetting import Offsets
from recordsvc.money.recovery.receiving import Repayments
from recordsvc.money.recovery.transitions import OPEN, OWING
from recordsvc.money.recovery.values import BY_ITSELF, SYSTEM, Case, events_of, of_claim, open_of
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House

NAME: Final = "recoveries"
_KINDS: Final = frozenset({Kind.CORRECT, Kind.REVOKE, Kind.RESTORE, Kind.NOTE, Kind.MERGE, Kind.UNMERGE})
_UNPAID: Final = (
    "CHECKED",
    "NEED_INFO",
    "ACCEPTED",
    "REVIEWED",
    "NOTICED",
    "OBJECTED",
    "APPROVED",
    "FINANCED",
)
_PAID: Final = ("PAID", "CLOSED", "RECOVERING")
_CHANGED: Final = "档案中的记录有变动，原审核结论不再成立"
_GOOD_AGAIN: Final = "档案中的记录已恢复，不再多发"
_STANDS_ANEW: Final = "档案中的记录已恢复，已追回的款项重新发放"
_CAME_BACK: Final = "银行已将款项退回，无须另行追回"


def connect(house: "House") -> None:
    """Have the bank ask about repayments and tell of payments, after claims have heard of them; once."""
    bank.connect(house)
    if house.repayments is None:
        house.repayments = Repayments(house)
        house.claims.offsets = Offsets(house)
        house.payment_followers.append(booked)


def follower(house: "House") -> Follower[StoredEntry]:
    """Return the follower that takes what happened in the archive to claims."""
    return Follower(
        house.db,
        NAME,
        lambda after, limit: entries(house, after, limit),
        lambda turn, stored: follow(turn, house, stored),
    )


def follow(turn: Turn, house: "House", stored: Sequence[StoredEntry]) -> None:
    """Take a portion of the log to the claims of its workers; each claim once, for the last that happened."""
    happened = {one.worker_id: one.idx for one in stored if Kind(one.leaf[1]) in _KINDS}
    for worker_id, idx in sorted(happened.items(), key=lambda one: one[1]):
        mine = sorted(merges.together(turn.conn, [worker_id]))
        handing.hand_over(turn, house, mine)
        own = claim_state.c
        counts = sa.or_(own.live == 1, own.state == "RECOVERED")
        found = claim_values.listed(turn.conn, own.worker_id.in_(mine), counts)
        if not found or _sealed(turn, house, worker_id):
            continue
        for one in found:
            _good_again(turn, house, one)
        for one in claim_values.listed(turn.conn, own.worker_id.in_(mine), own.live == 1):
            if one.state in _UNPAID:
                _send_back(turn, house, one, idx)
            elif one.state in _PAID:
                review(turn, house, one, f"log:{idx}")
            elif one.state == "RETURNED":
                _not_again(turn, house, one)


def review(turn: Turn, house: "House", one: Claim, cause: str) -> None:
    """Judge a paid claim anew after what caused it; open a case, or top it up."""
    found = judging.judge(house, turn.conn, one)
    if found is None or open_of(turn.conn, one.claim_id) is not None:
        return
    over_fen = one.amount_fen - found.due_fen
    known, came_fen = 0, 0
    for it in of_claim(turn.conn, one.claim_id):
        if not _void(turn, it):
            known = max(known, came_fen + it.proposed_fen)
        came_fen += it.recovered_fen
    if over_fen > known:
        # What came back of it before is not asked for again.
        steps.open_case(turn, house, one, found.ground, over_fen - came_fen, BY_ITSELF, cause=cause)
    elif one.tops is None:
        topping.propose(turn, house, one, found.due_fen, cause)


def _void(turn: Turn, case: Case) -> bool:
    """Tell whether a case ended by itself: nobody said of its finding that nothing is asked back."""
    return case.state == "DROPPED" and events_of(turn.conn, case)[-1].actor == SYSTEM


def _good_again(turn: Turn, house: "House", one: Claim) -> None:
    """End the case of a claim that is due again, or let one that was asked back wholly stand anew.

    What officials opened by their own finding, and places of apprentices, no record ends.
    """
    cases = of_claim(turn.conn, one.claim_id)
    case = cases[-1] if cases else None
    if case is None or case.opened_by != SYSTEM or case.ground == UNEARNED:
        return
    found = judging.judge(house, turn.conn, one)
    if found is None:
        return
    if case.state in OPEN:
        if found.due_fen >= one.amount_fen:
            event = "lift" if case.state in OWING else "drop"
            steps.step(turn, house, case, event, BY_ITSELF, _GOOD_AGAIN)
    elif one.state == "RECOVERED" and found.due_fen > 0:
        # Claimed anew by its worker meanwhile: that claim stands for it.
        with contextlib.suppress(ClaimStands):
            claim_steps.step(turn, house, one, "restored", claim_values.BY_ITSELF, _STANDS_ANEW)


def booked(turn: Turn, house: "House", payment: Payment) -> None:
    """Look at a claim once its money has arrived, or has come back by itself."""
    kind, _, name = payment.claim_ref.partition(":")
    if kind != "claim" or payment.state not in ("settled", "returned"):
        return
    try:
        one = claim_values.find(turn.conn, bytes.fromhex(name))
    except (ClaimUnknown, ValueError):
        return
    if payment.state == "settled" and one.state == "PAID":
        idx = _since(turn, one)
        if idx is not None:
            review(turn, house, one, f"log:{idx}")
    case = open_of(turn.conn, one.claim_id) if payment.state == "returned" else None
    if case is not None and case.state in ("OPENED", "HEARD"):
        steps.step(turn, house, case, "drop", BY_ITSELF, _CAME_BACK)


def _since(turn: Turn, one: Claim) -> int | None:
    """Return the newest entry of a claim's worker since it was decided; None: nothing has happened."""
    row = decision_of(turn.conn, one)
    if row is None:
        return None
    mine = sorted(merges.together(turn.conn, [one.worker_id]))
    query = sa.select(sa.func.max(entry.c.idx)).where(
        entry.c.worker_id.in_(mine), entry.c.idx >= row.log_size
    )
    found = turn.conn.scalar(query)
    return None if found is None else int(found)


def _send_back(turn: Turn, house: "House", one: Claim, idx: int) -> None:
    """Have an unpaid claim checked anew where its decision no longer holds; its signatures end."""
    if deciding.stands(turn.conn, one, deciding.decide(house, turn.conn, one, turn.now_ms)):
        return
    over = claim_steps.divert(turn, house, one, _CHANGED).state == "WITHDRAWN"
    claim, kind = uuid_text(one.claim_id), "claim-topup-over" if over else "claim-sent-back"
    notices.tell_worker(turn, house, one.worker_id, kind, {"case_id": claim}, f"{kind}/{claim}/{idx}")


def _not_again(turn: Turn, house: "House", one: Claim) -> None:
    """Keep what came back from being paid anew where less is due now: it is checked anew at once."""
    found = judging.judge(house, turn.conn, one)
    if found is not None and found.due_fen < one.amount_fen:
        paying.lapse(turn, house, one)


def _sealed(turn: Turn, house: "House", worker_id: bytes) -> bool:
    """Tell whether an archive is restricted: nothing is read of it, and nothing done."""
    try:
        persons.read(house, merges.person_id(turn.conn, worker_id), house.db.cursor(turn.conn))
    except ArchiveRestricted:
        return True
    return False
