"""Ordering (下单) and the steps of an order: each is an event, and the state is the newest event's.

Whoever changes an order locks its worker first and the ledger's book then, and reads it anew: what races is
decided one after the other. The statement that moves an order repeats the version it was read in.
"""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from recordsvc.access.codes import letters, normal
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.money.fees import offerings, values
from recordsvc.money.fees.errors import FeeStands, FeeStep, OfferingOver
from recordsvc.money.fees.tables import fee_event, fee_number, fee_order, fee_state
from recordsvc.money.fees.transitions import FINAL, allowed
from recordsvc.money.fees.values import Order
from recordsvc.money.ledger import accounts
from recordsvc.people import tables as people_tables

if TYPE_CHECKING:
    from recordsvc.house import House

_LETTERS = 10


def place(turn: Turn, house: "House", worker_id: bytes, offering_id: bytes, by: str) -> Order:
    """Order an offering at today's price. Raises `OfferingUnknown`, `OfferingOver`, `FeeStands`."""
    lock(turn, worker_id)
    today = beijing_date(turn.now_ms).isoformat()
    offered = offerings.find(turn.conn, offering_id)
    price = offerings.price_on(turn.conn, offering_id, today)
    if price is None or not offered.open_on(today):
        raise OfferingOver
    order_id = uuid7(FixedClock(turn.now_ms), house.random)
    number = normal(letters(house.random, _LETTERS))
    row = {
        "worker_id": worker_id,
        "order_id": order_id,
        "offering_id": offering_id,
        "institution": offered.institution,
        "number": number,
        "price_from": price.from_on,
        "amount_fen": price.amount_fen,
        "ordered_by": by,
        "ordered_ms": turn.now_ms,
    }
    _put(turn, fee_order, row)
    _put(turn, fee_number, {"number": number, "worker_id": worker_id, "order_id": order_id})
    _put(turn, fee_event, _event(turn, row, 0, "", "order", "NEW", by, ""))
    state = {name: row[name] for name in ("worker_id", "order_id", "offering_id", "amount_fen")}
    state |= {"state": "NEW", "version": 0, "live": 1, "paid_fen": 0, "refunded_fen": 0, "disputed": ""}
    # The unique index over live orders, not a reading before, lets one of two devices win.
    try:
        with turn.conn.begin_nested():
            turn.conn.execute(fee_state.insert().values(state | {"changed_ms": turn.now_ms}))
    except sa.exc.IntegrityError:
        raise FeeStands from None
    bound.touch(turn, fee_state, (worker_id, order_id))
    return values.find(turn.conn, order_id)


def cancel(turn: Turn, order_id: bytes, by: str, reason: str = "") -> Order:
    """Give up an order that nobody has begun to pay. Raises `FeeUnknown`, `FeeStep`."""
    return step(turn, locked(turn, order_id), "cancel", "CANCELLED", by, reason)


def locked(turn: Turn, order_id: bytes) -> Order:
    """Return an order that nobody else changes until the turn ends. Raises `FeeUnknown`."""
    lock(turn, values.find(turn.conn, order_id).worker_id)
    accounts.lock(turn.conn)
    return values.find(turn.conn, order_id)


def lock(turn: Turn, *workers: bytes) -> None:
    """Let one step of these people's money be taken at a time."""
    own = people_tables.worker.c.worker_id
    some = sa.select(own).where(own.in_(workers)).order_by(own).with_for_update()
    turn.conn.execute(some).all()


def step(turn: Turn, one: Order, event: str, target: str, by: str, reason: str = "", **more: Any) -> Order:
    """Bring a locked order on; `more` is what changes with it. Raises `FeeStep`."""
    if not allowed(one.state, event, target):
        raise FeeStep(state=one.state, event=event)
    n = one.version + 1
    _put(turn, fee_event, _event(turn, one.key, n, one.state, event, target, by, reason))
    moving = {"state": target, "version": n, "live": int(target not in FINAL), "changed_ms": turn.now_ms}
    here = (*values.of_order(fee_state, one), fee_state.c.version == one.version)
    if turn.conn.execute(fee_state.update().where(*here).values(moving | more)).rowcount != 1:
        raise FeeStep(state=one.state, event=event)
    bound.touch(turn, fee_state, (one.worker_id, one.order_id))
    return values.find(turn.conn, one.order_id)


def _event(
    turn: Turn, key: dict[str, Any], n: int, source: str, event: str, target: str, by: str, reason: str
) -> dict[str, Any]:
    row = {name: key[name] for name in ("worker_id", "order_id")}
    row |= {"n": n, "before": n - 1 if n else None, "event": event, "source": source, "target": target}
    return row | {"actor": by, "reason": reason, "at_ms": turn.now_ms}


def _put(turn: Turn, table: sa.Table, row: dict[str, Any]) -> None:
    turn.conn.execute(table.insert().values(row))
    bound.wrote(turn, table, row)
