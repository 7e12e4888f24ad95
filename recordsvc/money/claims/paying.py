"""Claims and their payments (拨付): handed to the bank's room once signed for, and what became of it.

    FINANCED ── pay ──> PAYING ── booked ──> PAID ── came back (退票) ──> RETURNED ── pay ──> PAYING
                           └── refused by the bank ──> RETURNED ── too long ──> SUBMITTED: budget given back

The bank's room says what happened, in the same turn; nothing here calls a payment done by itself.
"""

import contextlib
import datetime as dt
import functools
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from recordsvc import workdays
from recordsvc.dated import NoRuleInForce
from recordsvc.ground import observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date, beijing_ms
from recordsvc.ground.problems import Problem
from recordsvc.money.claims import deceased, returned, steps, terms, transitions
from recordsvc.money.claims.errors import ClaimChanged, ClaimStep, ClaimUnknown
from recordsvc.money.claims.steps import DONE
from recordsvc.money.claims.tables import claim_state
from recordsvc.money.claims.values import BY_ITSELF, Claim, each, find

if TYPE_CHECKING:
    from recordsvc.house import House

LAPSED: Final = "银行退回后逾期没有重新支付，预算已收回"
_SAID: Final = {"settled": "paid", "returned": "returned", "rejected": "returned"}
"""What states of a payment mean for its claim."""


_FOR_AN_ACCOUNT: Final = (returned.FAILED, "no-account", deceased.NO_ACCOUNT)
_NEXT: Final = {
    "APPROVED": "hand-over",
    "FINANCED": "pay",
    "PAID": "close",
    "RETURNED": returned.NEW_ACCOUNT,
}


def heard(turn: Turn, house: "House", claim_ref: str, state: str) -> None:
    """Take in what became of a claim's payment; another's payment, or nothing new, changes nothing."""
    event = _SAID.get(state)
    kind, _, name = claim_ref.partition(":")
    if event is None or kind != "claim":
        return
    with contextlib.suppress(ClaimUnknown, ValueError):
        one = find(turn.conn, bytes.fromhex(name))
        if transitions.find(one.state, event) is not None:
            steps.step(turn, house, one, event, BY_ITSELF)


def run(house: "House") -> int:
    """Hand on what is signed for, and close what was paid long enough ago; how many. A job of `work`."""
    own, today = claim_state.c, beijing_date(house.clock.now_ms())
    # Asked of the database, so that thousands that wait for a hand or a day never stand before what is ready.
    ready = sa.or_(
        sa.and_(own.state == "APPROVED", own.signed == own.needed),
        own.state == "FINANCED",
        sa.and_(own.state == "PAID", own.changed_ms < _closing_ms(today)),
        sa.and_(own.state == "RETURNED", own.waits.in_(_FOR_AN_ACCOUNT)),
    )
    return sum(_take(house, one, today) for one in each(house.db, ready))


def _take(house: "House", one: Claim, today: dt.date) -> bool:
    event = _NEXT[one.state]
    if one.state == "PAID" and not _settled(one, today):
        return False
    if one.state == "RETURNED" and not returned.has_account(house, one):
        return False
    act = functools.partial(steps.step, house=house, one=one, event=event, who=BY_ITSELF)
    try:
        return house.db.write(act).outcome == DONE
    except (ClaimStep, ClaimChanged):
        return False  # somebody else was there first
    except Problem as problem:
        # One that is stuck keeps no other back.
        observe.log("claim-stuck", claim=one.claim_id.hex(), step=event, code=problem.code)
        return False


def _closing_ms(today: dt.date) -> int:
    """Return the instant (UTC ms) after which nothing can be out of its days yet; 0: none laid down."""
    try:
        return beijing_ms(today - dt.timedelta(days=terms.days("close-days", today.isoformat())))
    except NoRuleInForce:
        return 0


def _settled(one: Claim, today: dt.date) -> bool:
    """Tell whether a paid claim is out of the days in which a payment comes back."""
    paid_on = beijing_date(one.changed_ms)
    try:
        return today > workdays.due_on(paid_on, terms.days("close-days", today.isoformat()))
    except NoRuleInForce:
        return False


def lapse_due(house: "House") -> int:
    """Give back the budget of payments that came back and were not paid anew in time; how many claims.

    The claim is checked anew and goes its way again: an account that was mended meanwhile is paid by it.
    """
    today = beijing_date(house.clock.now_ms())
    try:
        days = terms.days("lapse-days", today.isoformat())
    except NoRuleInForce:
        return 0
    before = beijing_ms(today - dt.timedelta(days=days))
    own = claim_state.c
    # Where a part has discharged a debt, the rest is still to be paid.
    due = each(house.db, own.state == "RETURNED", own.changed_ms < before, own.offset_fen.is_(None))
    return sum(house.db.write(functools.partial(lapse, house=house, one=one)) for one in due)


def lapse(turn: Turn, house: "House", one: Claim) -> bool:
    """Give the budget of a payment that came back back, and check its claim anew; whether it was so."""
    with contextlib.suppress(ClaimStep, ClaimChanged):
        steps.check(turn, house, steps.step(turn, house, one, "lapse", BY_ITSELF, LAPSED).claim)
        name = one.claim_id.hex()
        house.tell_worker(turn, one.worker_id, "claim-lapsed", f"claim-lapsed/{name}/{one.version}")
        return True
    return False
