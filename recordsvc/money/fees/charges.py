"""What was charged (收费事实), for other rooms of money: they ask `House.fee_charges`, never this room.

A claim on somebody's behalf (代领) must not meet a fee that was charged for the same course: whoever judges
it asks here, with the worker, the institution and its code of the course, and shows what it finds.
"""

from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.money.fees import values
from recordsvc.money.fees.tables import fee_offering, fee_order
from recordsvc.people import merges


@dataclass(frozen=True, slots=True)
class Charged:
    """One order: its number, what for, where it stands, and in fen what came and went back."""

    order_id: bytes
    number: str
    institution: str
    course: str
    title: str
    state: str
    amount_fen: int
    paid_fen: int
    refunded_fen: int
    ordered_ms: int

    @property
    def kept_fen(self) -> int:
        """Return what the institution was paid and has not given back."""
        return self.paid_fen - self.refunded_fen


class Charges(Protocol):
    """Who knows what was charged."""

    def __call__(
        self, conn: Connection, worker_id: bytes, institution: str = "", course: str = ""
    ) -> list[Charged]:
        """Return a person's orders, of an institution (USCC) and its own code of a course, or all."""


def charged(conn: Connection, worker_id: bytes, institution: str = "", course: str = "") -> list[Charged]:
    """Return the orders of a person, in all archives that are read as one, the oldest first.

    `institution` (USCC) and `course` (the institution's own code) narrow the list.
    """
    where: list[sa.ColumnElement[bool]] = [
        fee_order.c.worker_id.in_(sorted(merges.together(conn, [worker_id])))
    ]
    where += [fee_order.c.institution == institution] if institution else []
    where += [fee_offering.c.course == course] if course else []
    return [
        Charged(**{name: getattr(one, name) for name in Charged.__dataclass_fields__})
        for one in values.listed(conn, *where)
    ]
