"""Telling the payer and the institution what became of money (缴费通知)."""

from typing import TYPE_CHECKING

from recordsvc.archive import notices
from recordsvc.ground.commit import Turn
from recordsvc.money.fees.values import Order

if TYPE_CHECKING:
    from recordsvc.house import House


def worker(turn: Turn, house: "House", one: Order, kind: str, key: str) -> None:
    """Tell the worker, once under the key that names what happened."""
    notices.tell_worker(turn, house, one.worker_id, kind, {"issuer": one.institution}, key)


def institution(turn: Turn, one: Order, kind: str, key: str) -> None:
    """Tell the institution, without naming anybody."""
    notices.tell_institution(turn, one.institution, kind, {}, key)
