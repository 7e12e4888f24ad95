"""Handing claims of the dead to the office (转经办人), once their archive was closed.

NEED_INFO, or CHECKED that waits on the worker ── deceased ──> CHECKED, a handler's, with a day
DRAFT ── deceased ──> WITHDRAWN
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from recordsvc.ground.commit import Turn
from recordsvc.money.claims import deceased, steps
from recordsvc.money.claims.tables import claim_state
from recordsvc.money.claims.transitions import WORKER
from recordsvc.money.claims.values import BY_ITSELF, listed

if TYPE_CHECKING:
    from recordsvc.house import House

_OWN: Final = ("DRAFT", "NEED_INFO", "CHECKED")


def hand_over(turn: Turn, house: "House", workers: Iterable[bytes]) -> None:
    """Give the handler what waits on one of these workers, where they died."""
    own = claim_state.c
    waiting = (own.worker_id.in_(sorted(workers)), own.owner == WORKER, own.state.in_(_OWN))
    for one in listed(turn.conn, *waiting):
        if deceased.died(turn.conn, one):
            steps.step(turn, house, one, deceased.EVENT, BY_ITSELF, deceased.REASON_ZH)
