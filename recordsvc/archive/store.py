"""The archive's hot queries, on the driver's connection. One of two places where speed bends the style.

`tests/archive/test_store.py` holds each of them row for row against a plain SQLAlchemy twin.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from recordsvc.archive import tables
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.readers import Asked, Cursor
from recordsvc.translog.tree import Frontier


class StoredEntry(NamedTuple):
    """One entry as stored. `sealed` is None when the record was erased; `target` is -1 for none.

    A tuple, since rows then become entries in C: of an archive of 40, 60 µs less than with a dataclass.
    """

    worker_id: bytes
    seq: int
    idx: int
    target: int
    nonce: bytes
    leaf: bytes
    record_id: bytes | None
    sealed: bytes | None


_ENTRY = (
    "SELECT e.worker_id, e.seq, e.idx, e.target, e.nonce, e.leaf, c.record_id, c.sealed FROM entry e "
    "LEFT JOIN record_ciphertext c ON c.worker_id = e.worker_id AND c.seq = e.seq "
)


def heads(db: Database, cursor: Cursor, workers: Sequence[bytes]) -> dict[bytes, tuple[int, str, Frontier]]:
    """Return (version, state, frontier of the worker tree) of each worker that exists."""
    if not workers:
        return {}
    query = (
        "SELECT w.worker_id, w.version, w.state, e.seq, e.edge "
        "FROM {wanted} JOIN worker w ON w.worker_id = wanted.k "
        "LEFT JOIN entry e ON e.worker_id = w.worker_id "
        "AND e.seq = (SELECT max(x.seq) FROM entry x WHERE x.worker_id = w.worker_id)"
    )
    cursor.execute(*db.by_keys(query, workers))
    return {
        bytes(worker_id): (
            version,
            state,
            Frontier() if seq is None else Frontier.from_bytes(seq + 1, bytes(edge)),
        )
        for worker_id, version, state, seq, edge in cursor.fetchall()
    }


def known(db: Database, cursor: Cursor, keys: Sequence[bytes]) -> dict[bytes, tuple[bytes, int, bytes]]:
    """Return worker, seq and digest of each record id that stands already."""
    if not keys:
        return {}
    query = "SELECT d.key, d.worker_id, d.seq, d.digest FROM {wanted} JOIN dedupe d ON d.key = wanted.k"
    cursor.execute(*db.by_keys(query, keys))
    return {bytes(key): (bytes(worker), seq, bytes(digest)) for key, worker, seq, digest in cursor.fetchall()}


def held_states(db: Database, cursor: Cursor, keys: Sequence[bytes]) -> dict[bytes, str]:
    """Return the state of each record id that is or was held."""
    if not keys:
        return {}
    query = "SELECT h.key, h.state FROM {wanted} JOIN held_record h ON h.key = wanted.k"
    cursor.execute(*db.by_keys(query, keys))
    return {bytes(key): state for key, state in cursor.fetchall()}


def held_rows(
    db: Database, cursor: Cursor, keys: Sequence[bytes]
) -> dict[bytes, tuple[str, bytes, str | None]]:
    """Return state, digest and note of each record id that is or was held."""
    if not keys:
        return {}
    query = "SELECT h.key, h.state, h.digest, h.note FROM {wanted} JOIN held_record h ON h.key = wanted.k"
    cursor.execute(*db.by_keys(query, keys))
    return {bytes(key): (state, bytes(digest), note) for key, state, digest, note in cursor.fetchall()}


def waits(db: Database, cursor: Cursor, issuer: str, most: int) -> int:
    """Return how many records of an issuer wait for officials, counted no further than `most`."""
    query = (
        "SELECT count(*) FROM (SELECT 1 FROM held_record "
        "WHERE issuer = ? AND state IN ('held', 'approved') LIMIT ?) waiting"
    )
    cursor.execute(db.sql(query), (issuer, most))
    (count,) = cursor.fetchone()
    return int(count)


def mark_released(turn: Turn, keys: Sequence[bytes]) -> None:
    """Take held records out of the holding: state, time, and the sealed content is gone from there."""
    for start in range(0, len(keys), 500):
        turn.conn.execute(
            tables.held.update()
            .where(tables.held.c.key.in_(keys[start : start + 500]))
            .values(state="released", decided_ms=turn.now_ms, sealed=None)
        )


def archive(db: Database, cursor: Cursor, worker_id: bytes) -> list[StoredEntry]:
    """Return all entries of one worker in order: one indexed range."""
    cursor.execute(*asked_archive(db, worker_id))
    return as_entries(cursor.fetchall())


def asked_archive(db: Database, worker_id: bytes) -> Asked:
    """Return the statement of `archive`, to be asked together with others; `as_entries` takes its rows."""
    return db.sql(f"{_ENTRY} WHERE e.worker_id = ? ORDER BY e.seq"), (worker_id,)


def as_entries(rows: list[Any]) -> list[StoredEntry]:
    """Return the rows of `asked_archive` as entries."""
    return list(map(StoredEntry._make, rows))


def one(db: Database, cursor: Cursor, worker_id: bytes, seq: int) -> StoredEntry | None:
    """Return one entry."""
    cursor.execute(db.sql(f"{_ENTRY} WHERE e.worker_id = ? AND e.seq = ?"), (worker_id, seq))
    row = cursor.fetchone()
    return None if row is None else StoredEntry._make(row)


def in_log_order(db: Database, cursor: Cursor, after: int, limit: int) -> list[StoredEntry]:
    """Return up to `limit` entries behind log index `after`, in log order."""
    cursor.execute(
        db.sql(
            "SELECT e.worker_id, e.seq, e.idx, e.target, e.nonce, e.leaf, c.record_id, c.sealed "
            "FROM place p JOIN entry e ON e.worker_id = p.worker_id AND e.seq = p.seq "
            "LEFT JOIN record_ciphertext c ON c.worker_id = e.worker_id AND c.seq = e.seq "
            "WHERE p.idx > ? ORDER BY p.idx LIMIT ?"
        ),
        (after, limit),
    )
    return list(map(StoredEntry._make, cursor.fetchall()))
