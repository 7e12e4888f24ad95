"""Reading notices (通知栏): of one person, whatever archive they stand in; of an institution; of desks.

What a worker was told of a record that is restricted now is read as `WITHHELD`, without issuer, type and
reason, on the board, by message and on paper; lifted, it reads as it was told. Of an archive that is
restricted whole, `CLOSED` stands for all that names a record, its type or its issuer.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas
from recordsvc.access.grants import Actor, reach
from recordsvc.archive import notices, restricted, tables
from recordsvc.ground.commit import Turn
from recordsvc.people import tables as people_tables
from recordsvc.vault.envelope import DataKeys

if TYPE_CHECKING:
    from recordsvc.house import House


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as its reader gets it; instants are UTC ms, `read_ms` is None while unread.

    `read_by` says of an office's notice who marked it first.
    """

    notice_id: bytes
    kind: str
    params: Mapping[str, Any]
    at_ms: int
    read_ms: int | None = None
    read_by: str | None = None


WITHHELD: Final = "record-withheld"
"""As what a notice of a restricted record is read."""
CLOSED: Final = "archive-withheld"
"""As what a notice of a restricted archive is read that tells more than that there is something."""
_PARTICULARS: Final = frozenset({"issuer", "type", "record_id", "held_id"})

Before = tuple[int, bytes]
"""Instant and id of a notice: a list goes on with what stands before it."""
NEWEST: Final[Before] = (2**62, b"\xff" * 16)


def of_workers(
    house: "House", conn: Connection, workers: Sequence[bytes], *, before: Before = NEWEST, limit: int = 100
) -> list[Notice]:
    """Return what these workers (one person's archives) were told, the newest first."""
    notice, worker_key = tables.notice, people_tables.worker_key
    query = (
        sa.select(notice, worker_key.c.wrapped)
        .join(worker_key, worker_key.c.worker_id == notice.c.worker_id)
        .where(notice.c.worker_id.in_(list(workers)), _before(notice, before))
        .order_by(notice.c.at_ms.desc(), notice.c.notice_id.desc())
    )
    return _opened(house, conn, workers, conn.execute(query.limit(limit)).all())


def one_of(house: "House", conn: Connection, worker_id: bytes, notice_id: bytes) -> Notice | None:
    """Return one notice of a worker."""
    rows = conn.execute(
        sa.select(tables.notice, people_tables.worker_key.c.wrapped)
        .join(people_tables.worker_key, people_tables.worker_key.c.worker_id == tables.notice.c.worker_id)
        .where(tables.notice.c.worker_id == worker_id, tables.notice.c.notice_id == notice_id)
    ).all()
    return next(iter(_opened(house, conn, [worker_id], rows)), None)


def _opened(
    house: "House", conn: Connection, workers: Sequence[bytes], rows: Sequence[sa.Row[Any]]
) -> list[Notice]:
    """Open rows of workers' notices; those of what is restricted now without their particulars.

    A notice of the log's entries bears their instant; the records of one batch are one notice, withheld
    with any of them. What was told of a key names an issuer: withheld while anything of the chain is sealed.
    Of a restricted archive whatever names a record, its type or who issued it is withheld.
    """
    cursor = house.db.cursor(conn)
    sealed, closed = restricted.moments_of(house, cursor, workers), restricted.among(house, cursor, workers)
    chains = {worker_id for worker_id, _ms in sealed}
    ready = DataKeys(house.keys, house.random.bytes)
    found = []
    for row in rows:
        worker_id, notice_id = bytes(row.worker_id), bytes(row.notice_id)
        key = ready.get(worker_id, bytes(row.wrapped))
        said = notices.open_sealed(key, worker_id, notice_id, bytes(row.sealed))
        kind, params = said["kind"], said["params"]
        of_one = kind in notices.OF_ENTRIES and (worker_id, row.at_ms) in sealed
        if of_one or (kind in notices.OF_KEYS and worker_id in chains):
            kind, params = WITHHELD, {}
        elif worker_id in closed and not _PARTICULARS.isdisjoint(params):
            kind, params = CLOSED, {}
        found.append(Notice(notice_id, kind, params, row.at_ms, row.read_ms))
    return found


def unread(conn: Connection, workers: Sequence[bytes]) -> int:
    """Return how many notices of these workers nobody has read."""
    own = tables.notice.c
    query = sa.select(sa.func.count()).where(own.worker_id.in_(list(workers)), own.read_ms.is_(None))
    return int(conn.execute(query).scalar_one())


def mark_read(turn: Turn, workers: Sequence[bytes], ids: Collection[bytes] | None = None) -> int:
    """Mark notices (all, or these) as read; how many were unread."""
    own = tables.notice.c
    which = [own.worker_id.in_(list(workers)), own.read_ms.is_(None)]
    if ids is not None:
        which.append(own.notice_id.in_(list(ids)))
    return turn.conn.execute(tables.notice.update().where(*which).values(read_ms=turn.now_ms)).rowcount


def of_desks(conn: Connection, who: Actor, *, before: Before = NEWEST, limit: int = 100) -> list[Notice]:
    """Return what the desks of an official were told of the official's area, the newest first."""
    return of_office(conn, desks_of(who.roles), of_area(who), before=before, limit=limit)


def of_area(who: Actor) -> sa.ColumnElement[bool]:
    """Return the condition of the desks' notices that lie in an official's area."""
    return areas.within(reach(who, "desk.notice.read"), tables.office_notice.c.area)


def of_office(
    conn: Connection,
    addressees: Sequence[str],
    *seen: sa.ColumnElement[bool],
    before: Before = NEWEST,
    limit: int = 100,
) -> list[Notice]:
    """Return what an institution (`institution:USCC`) or desks were told, the newest first."""
    own = tables.office_notice
    query = sa.select(own).where(own.c.addressee.in_(list(addressees)), _before(own, before), *seen)
    rows = conn.execute(query.order_by(own.c.at_ms.desc(), own.c.notice_id.desc()).limit(limit))
    return [
        Notice(bytes(row.notice_id), row.kind, json.loads(row.params), row.at_ms, row.read_ms, row.read_by)
        for row in rows
    ]


def unread_of_office(conn: Connection, addressees: Sequence[str], *seen: sa.ColumnElement[bool]) -> int:
    """Return how many notices of an institution or of desks nobody there has marked as read."""
    own = tables.office_notice.c
    query = sa.select(sa.func.count()).where(
        own.addressee.in_(list(addressees)), own.read_ms.is_(None), *seen
    )
    return int(conn.execute(query).scalar_one())


def mark_office_read(
    turn: Turn,
    addressees: Sequence[str],
    *seen: sa.ColumnElement[bool],
    by: str,
    ids: Collection[bytes] | None = None,
) -> int:
    """Mark an office's notices (all, or these) as read by somebody for all of it; how many were unread.

    Who was first stays.
    """
    own = tables.office_notice
    which = [own.c.addressee.in_(list(addressees)), own.c.read_ms.is_(None), *seen]
    if ids is not None:
        which.append(own.c.notice_id.in_(list(ids)))
    return turn.conn.execute(own.update().where(*which).values(read_ms=turn.now_ms, read_by=by)).rowcount


def desks_of(roles: Collection[str]) -> list[str]:
    """Return the desks that somebody with these roles reads."""
    return sorted(owner for owner, readers in notices.DESKS.items() if not readers.isdisjoint(roles))


def _before(table: sa.Table, before: Before) -> sa.ColumnElement[bool]:
    at_ms, notice_id = before
    same = sa.and_(table.c.at_ms == at_ms, table.c.notice_id < notice_id)
    return sa.or_(table.c.at_ms < at_ms, same)
