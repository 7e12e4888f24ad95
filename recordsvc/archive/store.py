"""The archive's hot queries, on the driver's connection. One of two places where speed bends the style.

`tests/archive/test_store.py` holds each of them row for row against a plain SQLAlchemy twin.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa

from recordsvc.archive import tables
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.readers import Asked, Cursor, Question
from recordsvc.translog.tree import Frontier

T = TypeVar("T")


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


_CHAINS = _ENTRY.replace("FROM entry e LEFT", "FROM {wanted} JOIN entry e ON e.worker_id = wanted.k")
# Bytes 2 to 9 of a leaf are its time (formats.py); bytes compare as the numbers do.
_RECEIVED = f"{_CHAINS} WHERE e.idx < ? AND substr(e.leaf, 3, 8) >= ?"

Heads = dict[bytes, tuple[int, str, Frontier, int]]
"""worker_id -> (version, state, frontier of the worker tree, UTC ms of the newest entry or 0)."""
Known = dict[bytes, tuple[bytes, int, bytes]]
"""Key of a record id -> (worker_id, seq, digest)."""


def heads(db: Database, cursor: Cursor, workers: Sequence[bytes]) -> Heads:
    """Return the head of each worker that exists."""
    found: Heads = db.ask(cursor, asking_heads(db, workers))[0]
    return found


def asking_heads(db: Database, workers: Sequence[bytes]) -> Question[Heads]:
    """Ask for the head of each worker that exists."""
    return _by_keys(
        db,
        "SELECT w.worker_id, w.version, w.state, e.seq, e.edge, e.leaf "
        "FROM {wanted} JOIN worker w ON w.worker_id = wanted.k "
        "LEFT JOIN entry e ON e.worker_id = w.worker_id "
        "AND e.seq = (SELECT max(x.seq) FROM entry x WHERE x.worker_id = w.worker_id)",
        workers,
        lambda rows: {
            bytes(worker_id): (
                version,
                state,
                Frontier() if seq is None else Frontier.from_bytes(seq + 1, bytes(edge)),
                0 if seq is None else int.from_bytes(leaf[2:10]),
            )
            for worker_id, version, state, seq, edge, leaf in rows
        },
    )


def known(db: Database, cursor: Cursor, keys: Sequence[bytes]) -> Known:
    """Return worker, seq and digest of each record id that stands already."""
    found: Known = db.ask(cursor, asking_known(db, keys))[0]
    return found


def asking_known(db: Database, keys: Sequence[bytes]) -> Question[Known]:
    """Ask for worker, seq and digest of each record id that stands already."""
    return _by_keys(
        db,
        "SELECT d.key, d.worker_id, d.seq, d.digest FROM {wanted} JOIN dedupe d ON d.key = wanted.k",
        keys,
        lambda rows: {bytes(key): (bytes(worker), seq, bytes(digest)) for key, worker, seq, digest in rows},
    )


def asking_held_states(db: Database, keys: Sequence[bytes]) -> Question[dict[bytes, str]]:
    """Ask for the state of each record id that is or was held."""
    return _by_keys(
        db,
        "SELECT h.key, h.state FROM {wanted} JOIN held_record h ON h.key = wanted.k",
        keys,
        lambda rows: {bytes(key): state for key, state in rows},
    )


HeldRows = dict[bytes, tuple[str, bytes, str | None]]
"""Key of a record id -> (state, digest, note)."""


def held_rows(db: Database, cursor: Cursor, keys: Sequence[bytes]) -> HeldRows:
    """Return state, digest and note of each record id that is or was held."""
    found: HeldRows = db.ask(cursor, asking_held_rows(db, keys))[0]
    return found


def asking_held_rows(db: Database, keys: Sequence[bytes]) -> Question[HeldRows]:
    """Ask for state, digest and note of each record id that is or was held."""
    return _by_keys(
        db,
        "SELECT h.key, h.state, h.digest, h.note FROM {wanted} JOIN held_record h ON h.key = wanted.k",
        keys,
        lambda rows: {bytes(key): (state, bytes(digest), note) for key, state, digest, note in rows},
    )


def _by_keys(db: Database, query: str, keys: Sequence[bytes], read: Callable[[list[Any]], T]) -> Question[T]:
    statement, parameters = db.by_keys(query, keys) if keys else ("", ())
    return Question(statement, parameters, read)


def asking_waits(db: Database, issuer: str, most: int) -> Question[int]:
    """Ask how many records of an issuer wait for officials, counted no further than `most`."""
    query = (
        "SELECT count(*) FROM (SELECT 1 FROM held_record "
        "WHERE issuer = ? AND state IN ('held', 'approved') LIMIT ?) waiting"
    )
    return Question(db.sql(query), (issuer, most), lambda rows: int(rows[0][0]))


def mark_released(turn: Turn, keys: Sequence[bytes]) -> None:
    """Take held records out of the holding: state, time, and the sealed content is gone from there."""
    for start in range(0, len(keys), 500):
        turn.conn.execute(
            tables.held.update()
            .where(tables.held.c.key.in_(keys[start : start + 500]))
            .values(state="released", decided_ms=turn.now_ms, sealed=None)
        )


def held_ids(turn: Turn, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return the ids of held records by their keys."""
    held, found = tables.held.c, dict[bytes, bytes]()
    for start in range(0, len(keys), 500):
        query = sa.select(held.key, held.held_id).where(held.key.in_(keys[start : start + 500]))
        found |= {bytes(row.key): bytes(row.held_id) for row in turn.conn.execute(query)}
    return found


def released_into(turn: Turn, worker_id: bytes) -> list[bytes]:
    """Return the ids of the held records that were released into an archive; reads all that ever waited."""
    held, dedupe = tables.held, tables.dedupe
    source = held.join(dedupe, dedupe.c.key == held.c.key)
    mine = (held.c.state == "released", dedupe.c.worker_id == worker_id)
    wanted = sa.select(held.c.held_id).select_from(source).where(*mine)
    return [bytes(one) for one in turn.conn.scalars(wanted)]


def issuers_of_held(turn: Turn, keys: Sequence[bytes]) -> dict[str, int]:
    """Return whose these held records are, and how many of each."""
    held, found = tables.held.c, Counter[str]()
    for start in range(0, len(keys), 500):
        query = sa.select(held.issuer).where(held.key.in_(keys[start : start + 500]))
        found.update(turn.conn.scalars(query))
    return dict(found)


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


def received(
    db: Database, cursor: Cursor, workers: Sequence[bytes], since_ms: int, before: int
) -> list[StoredEntry]:
    """Return entries of these workers that are not erased, in no order: received since, below a log index."""
    statement, keys = db.by_keys(_RECEIVED, workers)
    cursor.execute(statement, (*keys, before, since_ms.to_bytes(8)))
    return as_entries(cursor.fetchall())


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
