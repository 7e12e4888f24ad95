"""Where a worker wants to be told (联系方式): one mobile number, sealed under the worker's data key.

Nobody is found by it, and it identifies nobody: it is no identifier. It is opened for delivery alone. The
number before a change is kept for a term, for warnings: of several changes within it the first one's, so that
nobody moves it out by changing twice.
"""

import re
from collections.abc import Collection
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.problems import FormRefused, NotFound
from recordsvc.ground.readers import Cursor
from recordsvc.people import tables
from recordsvc.people.resolve import People
from recordsvc.people.workers import Worker
from recordsvc.vault.envelope import field_aad

_SPACES: Final = re.compile(r"[\s-]+")
_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")


class PhoneRefused(FormRefused):
    """Not a mobile number of the mainland (11 digits)."""

    code = "phone"
    title_zh = "不是可用的手机号码"
    title_en = "Not a usable mobile number"
    remedy_zh = "请填写 11 位手机号码。"
    remedy_en = "Give a mobile number of 11 digits."


def normal(number: str) -> str:
    """Return a mobile number without spaces, hyphens and country code. Raises `PhoneRefused`."""
    found = _SPACES.sub("", number).removeprefix("+86")
    if not _MOBILE.fullmatch(found):
        raise PhoneRefused(pointer="/phone")
    return found


def set_phone(turn: Turn, people: People, worker_id: bytes, number: str, source: str) -> None:
    """Keep the worker's number in place of any earlier one. Raises `PhoneRefused`, `NotFound`.

    `source` says on whose word: the worker's, or the window's with its clerk.
    """
    phone = normal(number)
    own = tables.worker.c
    # The row is locked: an erasure that runs now comes before or after this, never between.
    held = sa.select(own.state).where(own.worker_id == worker_id).with_for_update()
    turn.conn.execute(held).one_or_none()
    worker = people.load(people.db.cursor(turn.conn), worker_id)
    if worker is None:
        raise NotFound
    sealed = worker.key.seal(phone.encode(), _aad(worker_id))
    values = {"set_ms": turn.now_ms, "source": source, "sealed": sealed}
    mine = tables.contact.update().where(tables.contact.c.worker_id == worker_id)
    if turn.conn.execute(mine.values(**values)).rowcount == 0:
        insert_missing(turn.conn, tables.contact, [{"worker_id": worker_id, **values}])


def remove(turn: Turn, worker_id: bytes, since_ms: int = 0) -> None:
    """Forget the worker's number, if it was set since an instant; also part of an erasure. Repeatable."""
    mine = (tables.contact.c.worker_id == worker_id, tables.contact.c.set_ms >= since_ms)
    turn.conn.execute(tables.contact.delete().where(*mine))


def keep_former(turn: Turn, worker_id: bytes, sealed: bytes, until_ms: int) -> None:
    """Keep a number that is given up until an instant, unless an earlier one is still kept."""
    own = tables.former_contact
    turn.conn.execute(own.delete().where(own.c.worker_id == worker_id, own.c.until_ms <= turn.now_ms))
    insert_missing(turn.conn, own, [{"worker_id": worker_id, "until_ms": until_ms, "sealed": sealed}])


def former(conn: Connection, workers: Collection[bytes], now_ms: int) -> dict[bytes, bytes]:
    """Return for each worker who gave up a number lately the number as it was kept."""
    own = tables.former_contact.c
    rows = conn.execute(
        sa.select(own.worker_id, own.sealed).where(own.worker_id.in_(workers), own.until_ms > now_ms)
    )
    return {bytes(worker_id): bytes(sealed) for worker_id, sealed in rows}


def forget_former(turn: Turn, worker_id: bytes) -> None:
    """Forget the number before; part of an erasure. Repeatable."""
    turn.conn.execute(tables.former_contact.delete().where(tables.former_contact.c.worker_id == worker_id))


def sweep(turn: Turn) -> int:
    """Forget the numbers whose term is over; how many."""
    over = tables.former_contact.c.until_ms <= turn.now_ms
    return turn.conn.execute(tables.former_contact.delete().where(over)).rowcount


def phone_of(people: People, cursor: Cursor, worker: Worker) -> str | None:
    """Return the worker's number, for delivery. Raises `SealError`."""
    query = "SELECT c.sealed FROM contact c WHERE c.worker_id = ?"
    cursor.execute(people.db.sql(query), (worker.worker_id,))
    row = cursor.fetchone()
    return None if row is None else opened(worker, bytes(row[0]))


def sealed_of(turn: Turn, worker_id: bytes) -> bytes | None:
    """Return the worker's number as it is kept: what a message carries that is on its way already."""
    mine = sa.select(tables.contact.c.sealed).where(tables.contact.c.worker_id == worker_id)
    found = turn.conn.execute(mine).scalar()
    return None if found is None else bytes(found)


def opened(worker: Worker, sealed: bytes) -> str:
    """Return the number that was kept, for delivery. Raises `SealError`."""
    return worker.key.open(sealed, _aad(worker.worker_id)).decode()


def _aad(worker_id: bytes) -> bytes:
    return field_aad("contact", "sealed", worker_id, b"phone", 1)
