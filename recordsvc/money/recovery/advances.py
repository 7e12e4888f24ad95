"""Advances that nobody earned (预支追回): of apprentices' places that ended, asked back of the enterprise.

How much is the rule's (`recover`); the case goes the ordinary way, and only the enterprise is told: the
apprentice owes nothing.
"""

import functools
from typing import TYPE_CHECKING

import sqlalchemy as sa

from recordsvc.ground.commit import Turn
from recordsvc.money.claims import apprentice_ends, apprentices
from recordsvc.money.claims import values as claim_values
from recordsvc.money.claims.transitions import find
from recordsvc.money.claims.values import Claim
from recordsvc.money.recovery import following
from recordsvc.money.recovery.tables import recovery

if TYPE_CHECKING:
    from recordsvc.house import House


def run(house: "House") -> int:
    """End the places whose time is over, and ask back what was advanced for them; how many cases.

    A job of `work`. What officials have said once of such an advance stands.
    """
    apprentice_ends.end_due(house)
    return sum(
        house.db.write(functools.partial(ask, house=house, one=one))
        for one in apprentice_ends.unearned(house)
    )


def ask(turn: Turn, house: "House", one: Claim) -> bool:
    """Open the case of one advance, once; whether it was opened now."""
    own = recovery.c
    asked = sa.select(own.recovery_id).where(
        own.worker_id == one.worker_id, own.claim_id == one.claim_id, own.ground == apprentices.UNEARNED
    )
    now = claim_values.find(turn.conn, one.claim_id)
    taken = apprentices.seat_of(turn.conn, now)
    if taken is None or turn.conn.scalar(asked) is not None or find(now.state, "recover") is None:
        return False
    following.review(turn, house, now, f"plan:{taken[0].plan_id.hex()}")
    return True
