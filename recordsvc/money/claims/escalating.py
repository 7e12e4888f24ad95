"""Overdue claims (逾期上报): the next above is told, once a day and place, and later the one above that.

    due_on passed ── escalate ──> reviewer (of a handler) · inspector ── so many working days ──> the next

Who has the claim keeps it, and it stays overdue; the step `escalate` says to whom it was reported. A claim
that waits on its worker, for money or on the service itself is nobody's delay; a payment that came back is
the payer's to see to, whatever it waits for.
"""

import datetime as dt
import functools
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive import notices
from recordsvc.dated import NoRuleInForce
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import steps, terms
from recordsvc.money.claims.tables import claim_state
from recordsvc.money.claims.transitions import HANDLER, PAYER, REVIEWER
from recordsvc.money.claims.values import BY_ITSELF, Claim, events_of, find, queue

if TYPE_CHECKING:
    from recordsvc.house import House

MOST: Final = 1_000
EVENT: Final = "escalate"
TOLD: Final = "claims-late"


def run(house: "House") -> int:
    """Report what is overdue and was not reported yet to whom it goes next; how many. A job of `work`."""
    today = beijing_date(house.clock.now_ms())
    own = claim_state.c
    desk = sa.and_(own.owner.in_((HANDLER, REVIEWER, PAYER)), own.waits == "")
    late = (own.due_on < today.isoformat(), sa.or_(desk, own.state == "RETURNED"))
    groups: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    with house.db.read() as conn:
        for one in queue(conn, *late, limit=MOST):
            role = next_role(conn, one, today)
            if role:
                groups[one.region, role].append(one)
    for (region, role), found in groups.items():
        house.db.write(functools.partial(_report, house=house, region=region, role=role, found=found))
    return sum(len(found) for found in groups.values())


def next_role(conn: Connection, one: Claim, today: dt.date) -> str:
    """Return to whom an overdue claim is reported now; empty: nobody yet, or nobody is left."""
    before = []
    for row in reversed(events_of(conn, one)):
        if row.event != EVENT:
            break
        before.append(row)
    try:
        if not before:
            # What came back has the payer to see to it, whoever it waits on.
            owner = PAYER if one.state == "RETURNED" else one.owner
            return terms.raised_to(owner, today.isoformat())
        if today.isoformat() <= terms.again_on(beijing_date(before[0].at_ms)):
            return ""
        return terms.raised_to(before[0].reason, today.isoformat())
    except NoRuleInForce:
        return ""


def _report(turn: Turn, house: "House", region: str, role: str, found: list[Claim]) -> None:
    """Report the claims of a division that nobody moved meanwhile, and tell the desk how many."""
    count = 0
    for seen in found:
        one = find(turn.conn, seen.claim_id)
        if one.version == seen.version:
            steps.step(turn, house, one, EVENT, BY_ITSELF, role)
            count += 1
    if count:
        key = f"{TOLD}/{region}/{role}/{turn.now_ms}"
        notices.tell_desk(turn, f"desk:claims-{role}", TOLD, {"count": count}, key, region)
