"""Claims and their payments (拨付): handed to the bank's room once signed for, and what became of it.

    FINANCED ── pay ──> PAYING ── booked ──> PAID ── came back (退票) ──> RETURNED ── pay ──> PAYING
                           └── refused by the bank ──> RETURNED

The bank's room says what happened, in the same turn; nothing here calls a payment done by itself.
"""

import contextlib
import datetime as dt
import functools
from typing import TYPE_CHECKING, Final

from recordsvc import workdays
from recordsvc.dated import NoRuleInForce
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Problem
from recordsvc.money.claims import steps, terms, transitions
from recordsvc.money.claims.errors import ClaimUnknown
from recordsvc.money.claims.steps import DONE
from recordsvc.money.claims.tables import claim_state
from recordsvc.money.claims.values import BY_ITSELF, Claim, find, listed

if TYPE_CHECKING:
    from recordsvc.house import House

_SAID: Final = {"settled": "paid", "returned": "returned", "rejected": "returned"}
"""What states of a payment mean for its claim."""


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
    with house.db.read() as conn:
        waiting = listed(conn, claim_state.c.state.in_(("APPROVED", "FINANCED", "PAID")))
    today = beijing_date(house.clock.now_ms())
    return sum(_take(house, one, today) for one in waiting)


def _take(house: "House", one: Claim, today: dt.date) -> bool:
    event = {"APPROVED": "hand-over", "FINANCED": "pay", "PAID": "close"}[one.state]
    if one.state == "APPROVED" and one.signed != one.needed:
        return False  # waits for a signature
    if one.state == "PAID" and not _settled(one, today):
        return False
    act = functools.partial(steps.step, house=house, one=one, event=event, who=BY_ITSELF)
    # What cannot be handed on now - no bank, an account that is being verified - is tried again.
    try:
        return house.db.write(act).outcome == DONE
    except (Problem, LookupError):
        return False


def _settled(one: Claim, today: dt.date) -> bool:
    """Tell whether a paid claim is out of the days in which a payment comes back."""
    paid_on = beijing_date(one.changed_ms)
    try:
        return today > workdays.due_on(paid_on, terms.days("close-days", today.isoformat()))
    except NoRuleInForce:
        return False
