"""Consents to be debited (委托代扣): signed by the worker with a proof of their own, ended at once.

A mandate names the version of the worker's own verified account that it was signed for: another account needs
another mandate. Ending it takes back every debit that the bank does not have yet.
"""

import base64
import contextlib
import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.money.bank import collecting, payee_accounts
from recordsvc.money.bank.errors import PayeeAccountUnknown, PaymentState
from recordsvc.money.bank.tables import collection
from recordsvc.money.fees import orders
from recordsvc.money.fees.errors import FeeNotDebitable, MandateStands, OfferingRefused
from recordsvc.money.fees.tables import fee_mandate

if TYPE_CHECKING:
    from recordsvc.house import House


PARTED: Final = "system:unmerge"
"""Ends a mandate of a merge that was undone."""
CLOSED: Final = "system:closing"
"""Ends the mandate of somebody who died."""


@dataclass(frozen=True, slots=True)
class Mandate:
    """One consent as stored."""

    worker_id: bytes
    mandate_id: bytes
    number: str
    payee_version: int
    most_fen: int
    until_on: str
    signed_on: str
    signed_by: str
    signed_ms: int
    ended_by: str | None
    ended_ms: int | None


def payer(worker_id: bytes) -> str:
    """Return how the bank's room names a worker."""
    return f"worker:{uuid.UUID(bytes=worker_id)}"


def sign(turn: Turn, house: "House", worker_id: bytes, most_fen: int, until_on: str, by: str) -> Mandate:
    """Sign a mandate for the worker's verified account.

    Raises `FeeNotDebitable`, `MandateStands`, `OfferingRefused` (a day that has passed).
    """
    orders.lock(turn, worker_id)
    today = beijing_date(turn.now_ms).isoformat()
    try:
        good = today <= dt.date.fromisoformat(until_on).isoformat() == until_on
    except ValueError:
        good = False
    if not good:
        raise OfferingRefused(
            errors=[{"pointer": "/until_on", "code": "value", "detail": "应为今天或以后的日期（YYYY-MM-DD）"}]
        )
    version = account_version(turn.conn, worker_id)
    if not version:
        raise FeeNotDebitable(lacks="account")
    mandate_id = uuid7(FixedClock(turn.now_ms), house.random)
    row: dict[str, Any] = {
        "worker_id": worker_id,
        "mandate_id": mandate_id,
        "number": "M" + base64.b32encode(mandate_id).decode().rstrip("="),
        "payee_version": version,
        "most_fen": most_fen,
        "until_on": until_on,
        "signed_on": today,
        "signed_by": by,
        "signed_ms": turn.now_ms,
    }
    try:
        with turn.conn.begin_nested():
            turn.conn.execute(fee_mandate.insert().values(row))
    except sa.exc.IntegrityError:
        raise MandateStands from None
    bound.touch(turn, fee_mandate, (worker_id, mandate_id))
    return Mandate(**row, ended_by=None, ended_ms=None)


def end(turn: Turn, house: "House", worker_id: bytes, by: str) -> bool:
    """End what stands, and every debit by it that the bank does not have; whether one stood."""
    orders.lock(turn, worker_id)
    found = standing(turn.conn, worker_id)
    if found is None:
        return False
    own = fee_mandate.c
    here = (own.worker_id == worker_id, own.mandate_id == found.mandate_id)
    turn.conn.execute(fee_mandate.update().where(*here).values(ended_by=by, ended_ms=turn.now_ms))
    bound.touch(turn, fee_mandate, (worker_id, found.mandate_id))
    for one in collecting.listed(turn.conn, collection.c.mandate == found.number):
        # What the bank has, it has: it is booked, or refused, by its word.
        with contextlib.suppress(PaymentState):
            collecting.withdraw(turn, house, one)
    return True


def close(turn: Turn, house: "House", archives: Iterable[bytes]) -> None:
    """End what stands for the archives of somebody who died."""
    for one in archives:
        end(turn, house, one, CLOSED)


def part(turn: Turn, house: "House", archives: Iterable[bytes], since_ms: int) -> None:
    """End what was signed for these archives since an instant (UTC ms), in a merge that was undone."""
    for one in archives:
        found = standing(turn.conn, one)
        if found is not None and found.signed_ms >= since_ms:
            end(turn, house, one, PARTED)


def standing(conn: Connection, worker_id: bytes) -> Mandate | None:
    """The mandate of a worker that was not ended, or None."""
    own = fee_mandate.c
    query = sa.select(fee_mandate).where(own.worker_id == worker_id, own.ended_ms.is_(None))
    row = conn.execute(query).one_or_none()
    return None if row is None else Mandate(*row)


def account_version(conn: Connection, worker_id: bytes) -> int:
    """The version of a worker's newest account if it is verified, else 0."""
    try:
        found = payee_accounts.newest(conn, payer(worker_id))
    except PayeeAccountUnknown:
        return 0
    return found.version if found.ready else 0
