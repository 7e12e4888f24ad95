"""Disputed fees (收费争议): the payer disputes, an official ends it; meanwhile nothing is decided back.

A dispute has a ground out of a few and no words of its own. Upheld, what the official says goes back is
decided in the same turn; dismissed, the order stands as it was. Neither moves an order that is final.
"""

from typing import TYPE_CHECKING

from recordsvc.ground.commit import Turn
from recordsvc.money.fees import offerings, orders, refunding, telling, values
from recordsvc.money.fees.errors import FeeDisputed, FeeStep
from recordsvc.money.fees.refunding import Wanted
from recordsvc.money.fees.transitions import PAID
from recordsvc.money.fees.values import Order

if TYPE_CHECKING:
    from recordsvc.house import House


def dispute(turn: Turn, order_id: bytes, ground: str, by: str) -> Order:
    """Dispute a paid order. Raises `FeeUnknown`, `FeeStep`, `FeeDisputed`."""
    one = orders.locked(turn, order_id)
    if one.disputed:
        raise FeeDisputed
    if one.state not in PAID:
        raise FeeStep(state=one.state, event="dispute")
    told = orders.step(turn, one, "dispute", one.state, by, ground, disputed=ground)
    telling.institution(turn, one, "fee-disputed", f"{order_id.hex()}/{told.version}")
    return told


def end(turn: Turn, house: "House", order_id: bytes, refund_fen: int, reason: str, by: str) -> Order:
    """End a dispute; above 0, so much of what was paid goes back.

    Raises `FeeUnknown`, `FeeStep`, `RefundRefused`.
    """
    one = orders.locked(turn, order_id)
    if not one.disputed:
        raise FeeStep(state=one.state, event="dispute-ended")
    told = orders.step(turn, one, "dispute-ended", one.state, by, reason, disputed="")
    if refund_fen:
        paid = refunding.counting(turn, told)
        refunding.split(turn, house, told, paid, Wanted("dispute", refund_fen, paid.account, reason), by)
    offered = offerings.find(turn.conn, one.offering_id)
    if offered.cancelled is not None:
        # Called off meanwhile: what is left of that part goes back now.
        told = values.find(turn.conn, order_id)
        refunding.rest(turn, house, told, "cancelled", offered.held, offered.cancelled, by, least=0)
    telling.worker(turn, house, one, "fee-dispute-ended", f"{order_id.hex()}/{told.version}")
    return values.find(turn.conn, order_id)
