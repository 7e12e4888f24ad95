"""Hearing the worker (陈述申辩): what they say against it, in their own words, until somebody decides."""

import contextlib
import functools
from typing import TYPE_CHECKING

from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims.values import Who
from recordsvc.money.recovery import steps, transitions
from recordsvc.money.recovery.errors import RecoveryChanged, RecoveryStep
from recordsvc.money.recovery.tables import recovery
from recordsvc.money.recovery.values import BY_ITSELF, Case, listed

if TYPE_CHECKING:
    from recordsvc.house import House


def say(turn: Turn, house: "House", case: Case, words: str, who: Who) -> Case:
    """Take down what the worker says; more may follow until it is decided. Raises `RecoveryStep`."""
    return steps.step(turn, house, case, "say", who, words)


def agree(turn: Turn, house: "House", case: Case, who: Who, *, agrees: bool) -> Case:
    """Take down that protected subsidies may be kept back for a case, or no longer. Raises `RecoveryStep`."""
    return steps.step(turn, house, case, transitions.AGREE if agrees else transitions.TAKE_BACK, who)


def close_due(house: "House") -> int:
    """End the hearing of cases whose days are over; how many. A job of `recordsvc work`."""
    today = beijing_date(house.clock.now_ms()).isoformat()
    own = recovery.c
    with house.db.read() as conn:
        due = listed(conn, own.state == "OPENED", own.hear_until < today)
    closed = 0
    for case in due:
        act = functools.partial(steps.step, house=house, case=case, event="hear", who=BY_ITSELF)
        with contextlib.suppress(RecoveryStep, RecoveryChanged):
            house.db.write(act)
            closed += 1
    return closed
