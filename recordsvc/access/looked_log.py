"""The who-looked log (查阅日志): each look has its place in a Merkle tree of its own, assigned in its commit.

    detail = SHA-256("look-detail/v1" ‖ salt ‖ case ‖ request)         each text after its length as u16
    data   = SHA-256("look/v1" ‖ salt ‖ worker_id ‖ id ‖ u64 ms ‖ kind ‖ actor ‖ role ‖ purpose ‖ fields
                     ‖ detail)
    leaf   = SHA-256(0x00 ‖ data)                                       the tree of translog/tree.py

The head row is locked last in a turn, behind the archive's log head, so that two processes never wait for
each other.
"""

import hashlib
import struct
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.errors import LookNotWritten
from recordsvc.access.looked_tables import looked, looked_detail, looked_head, looked_place
from recordsvc.ground import observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.readers import Question
from recordsvc.translog.tree import EMPTY_ROOT, Frontier, leaf_hash

_ms: Final = struct.Struct(">Q")
_length: Final = struct.Struct(">H")

_LOCK: Final = "SELECT size, edge FROM looked_head WHERE id = 1"
_ADVANCE: Final = "UPDATE looked_head SET size = ?, root = ?, edge = ? WHERE id = 1 AND size = ?"
Load = tuple[sa.Table, Sequence[tuple[Any, ...]]]


class Row(NamedTuple):
    """A look with all that is kept of it, the erasable part last."""

    worker_id: bytes
    id: bytes
    at_ms: int
    actor_kind: str
    actor_id: str
    role: str
    purpose: str
    fields: str
    salt: bytes
    case_ref: str
    request_id: str
    detail_salt: bytes


def detail_of(salt: bytes, case_ref: str, request_id: str) -> bytes:
    """Return the hash of a look's erasable part, 32 bytes."""
    return hashlib.sha256(b"look-detail/v1" + salt + _text(case_ref) + _text(request_id)).digest()


def data_of(  # noqa: PLR0913, PLR0917 - one argument for each column that is committed to
    worker_id: bytes,
    row_id: bytes,
    at_ms: int,
    actor_kind: str,
    actor_id: str,
    role: str,
    purpose: str,
    fields: str,
    salt: bytes,
    detail: bytes,
) -> bytes:
    """Return the entry of a row of `looked` in the who-looked log, 32 bytes; arguments in column order."""
    said = b"".join(map(_text, (actor_kind, actor_id, role, purpose, fields)))
    return hashlib.sha256(b"look/v1" + salt + worker_id + row_id + _ms.pack(at_ms) + said + detail).digest()


def head(conn: Connection) -> Frontier:
    """Lock the head until the transaction ends; the tree's frontier. A missing head begins empty."""
    query = sa.select(looked_head.c.size, looked_head.c.edge).where(looked_head.c.id == 1).with_for_update()
    row = conn.execute(query).one_or_none()
    if row is None:
        insert_missing(conn, looked_head, [{"id": 1, "size": 0, "root": EMPTY_ROOT, "edge": b""}])
        row = conn.execute(query).one()
    return Frontier.from_bytes(row.size, bytes(row.edge))


class LookTurn:
    """The looks of one writer's turn; rows, places and head are written last."""

    def __init__(self, turn: Turn) -> None:
        """Collect for `turn`."""
        self._conn = turn.conn
        self._rows: list[Row] = []
        self.db: Database | None = None
        """Set by readers that share a commit: hot statements then, since Core's cost more than the hashes."""

    def add(self, row: Row) -> None:
        """Take a look along."""
        self._rows.append(row)

    def before_commit(self) -> None:
        """Write the rows, give each the next place, and advance the head.

        Raises `LookNotWritten`, whatever failed: a turn whose looks cannot be written does nothing else.
        """
        if not self._rows:
            return
        try:
            self._write()
        except Exception as error:
            observe.log("look-not-written", error=type(error).__name__, at=observe.place(error))
            raise LookNotWritten from error

    def _write(self) -> None:
        db = self.db
        frontier = head(self._conn) if db is None else _hot_head(db, self._conn)
        first = frontier.size
        kept, details, places = [], [], []
        for idx, row in enumerate(self._rows, first):
            detail = detail_of(row.detail_salt, row.case_ref, row.request_id)
            columns = (*row[:9], detail)
            data = data_of(*columns)
            kept.append(columns)
            details.append((row.worker_id, row.id, row.case_ref, row.request_id, row.detail_salt))
            places.append((idx, row.worker_id, row.id, data))
            frontier.append(leaf_hash(data))
        loads: tuple[Load, ...] = ((looked, kept), (looked_detail, details), (looked_place, places))
        values = (frontier.size, frontier.root(), frontier.to_bytes(), first)
        if db is not None:
            (moved,) = db.bulk_all(self._conn, loads, (_ADVANCE, values))
        else:
            moved = self._advance(loads, values)
        if moved != 1:
            raise RuntimeError("the head of the who-looked log moved under its lock")

    def _advance(self, loads: Sequence[Load], values: tuple[int, bytes, bytes, int]) -> int:
        for table, rows in loads:
            _insert_each(self._conn, table, rows)
        own, (size, root, edge, first) = looked_head.c, values
        moving = looked_head.update().where(own.id == 1, own.size == first)
        return self._conn.execute(moving.values(size=size, root=root, edge=edge)).rowcount


def _hot_head(db: Database, conn: Connection) -> Frontier:
    found = db.ask(db.cursor(conn), Question(_LOCK + db.for_update, (), lambda rows: rows))[0]
    # The first look of all makes the row.
    return Frontier.from_bytes(found[0][0], bytes(found[0][1])) if found else head(conn)


def _text(value: str) -> bytes:
    data = value.encode()
    return _length.pack(len(data)) + data


def _insert_each(conn: Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    names = table.columns.keys()
    conn.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in rows])
