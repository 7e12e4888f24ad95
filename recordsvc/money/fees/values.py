"""Fee orders, payments and refunds as values, and how they are found."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.codes import normal
from recordsvc.money.fees.errors import FeeUnknown
from recordsvc.money.fees.tables import (
    fee_event,
    fee_number,
    fee_offering,
    fee_order,
    fee_payment,
    fee_refund,
    fee_state,
)

SYSTEM: Final = "system:fees"
BOOKED: Final = ("booked", "surplus")


@dataclass(frozen=True, slots=True)
class Order:
    """One order: what never changes of it, and where it stands."""

    worker_id: bytes
    order_id: bytes
    offering_id: bytes
    institution: str
    number: str
    price_from: str
    amount_fen: int
    ordered_by: str
    ordered_ms: int
    kind: str
    course: str
    title: str
    units: int
    state: str
    version: int
    paid_fen: int
    refunded_fen: int
    disputed: str
    changed_ms: int

    @property
    def key(self) -> dict[str, bytes]:
        """Return what names its rows."""
        return {"worker_id": self.worker_id, "order_id": self.order_id}


@dataclass(frozen=True, slots=True)
class Payment:
    """Money for an order, come or to come."""

    worker_id: bytes
    payment_id: bytes
    order_id: bytes
    institution: str
    way: str
    account: str
    amount_fen: int
    reference: str
    state: str
    passed_fen: int
    taken_by: str
    taken_ms: int
    checked_by: str | None
    booked_ms: int | None


@dataclass(frozen=True, slots=True)
class Refund:
    """What goes back of a payment; `total_fen` is the sum of its refunds so far."""

    worker_id: bytes
    payment_id: bytes
    n: int
    refund_id: bytes
    order_id: bytes
    before: int | None
    before_fen: int
    amount_fen: int
    total_fen: int
    payment_fen: int
    account: str
    ground: str
    reason: str
    decided_by: str
    decided_ms: int
    state: str
    reference: str
    paid_by: str | None
    checked_by: str | None
    done_ms: int | None


_OF_OFFERING: Final = ("kind", "course", "title", "units")
_OF_STATE: Final = ("state", "version", "paid_fen", "refunded_fen", "disputed", "changed_ms")


def listed(
    conn: Connection, *where: sa.ColumnElement[bool], newest: bool = False, limit: int = 1_000
) -> list[Order]:
    """Orders, the oldest first unless asked otherwise; `where` narrows the list."""
    columns = [
        *fee_order.columns,
        *(fee_offering.c[name] for name in _OF_OFFERING),
        *(fee_state.c[name] for name in _OF_STATE),
    ]
    own, at = fee_order.c, fee_state.c
    joined = sa.join(
        fee_order, fee_state, sa.and_(own.worker_id == at.worker_id, own.order_id == at.order_id)
    ).join(fee_offering, fee_offering.c.offering_id == own.offering_id)
    by = own.order_id.desc() if newest else own.order_id
    query = sa.select(*columns).select_from(joined).where(*where).order_by(by).limit(limit)
    return [Order(*row) for row in conn.execute(query)]


def find(conn: Connection, order_id: bytes, *where: sa.ColumnElement[bool]) -> Order:
    """One order. Raises `FeeUnknown`."""
    found = listed(conn, fee_order.c.order_id == order_id, *where)
    if not found:
        raise FeeUnknown
    return found[0]


def by_number(conn: Connection, number: str, institution: str) -> Order:
    """The order of a number, as people type it, if it is one of this institution. Raises `FeeUnknown`."""
    wanted = sa.select(fee_number.c.order_id).where(fee_number.c.number == normal(number)[:10])
    found = conn.execute(wanted).scalar()
    if found is None:
        raise FeeUnknown
    return find(conn, bytes(found), fee_order.c.institution == institution)


def payments(conn: Connection, *where: sa.ColumnElement[bool]) -> list[Payment]:
    """Payments, the oldest first."""
    query = sa.select(fee_payment).where(*where).order_by(fee_payment.c.payment_id)
    return [Payment(*row) for row in conn.execute(query)]


def payment(conn: Connection, payment_id: bytes, *where: sa.ColumnElement[bool]) -> Payment:
    """One payment. Raises `FeeUnknown`."""
    found = payments(conn, fee_payment.c.payment_id == payment_id, *where)
    if not found:
        raise FeeUnknown
    return found[0]


def refunds(conn: Connection, *where: sa.ColumnElement[bool]) -> list[Refund]:
    """Refunds in the order in which they were decided."""
    own = fee_refund.c
    query = sa.select(fee_refund).where(*where).order_by(own.decided_ms, own.refund_id)
    return [Refund(*row) for row in conn.execute(query)]


def refund(conn: Connection, refund_id: bytes) -> Refund:
    """One refund. Raises `FeeUnknown`."""
    found = refunds(conn, fee_refund.c.refund_id == refund_id)
    if not found:
        raise FeeUnknown
    return found[0]


def of_order(table: sa.Table, one: Order) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions of an order's rows in a table."""
    return table.c.worker_id == one.worker_id, table.c.order_id == one.order_id


def history(conn: Connection, one: Order) -> list[dict[str, Any]]:
    """What happened to an order, step by step."""
    query = sa.select(fee_event).where(*of_order(fee_event, one)).order_by(fee_event.c.n)
    return [dict(row) for row in conn.execute(query).mappings()]


def back_fen(refunds: Iterable[Refund]) -> int:
    """Return what was decided to go back."""
    return sum(one.amount_fen for one in refunds)
