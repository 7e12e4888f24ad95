"""Receipts (回执): C2SP tlog-proof files; `extra` is the worker leaf W and the key of its commitment.

A record's receipt is the proof at the checkpoint of the very commit that entered it: whenever it is asked
for, it is the same bytes. It proves that the record stands in the log, and nothing of how long the worker's
archive is.
"""

import uuid
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive import store
from recordsvc.archive.append import Accepted
from recordsvc.archive.errors import RecordErased
from recordsvc.archive.sealing import dedupe_key
from recordsvc.ground.readers import Cursor
from recordsvc.translog import tables as log_tables
from recordsvc.translog.proofs import LogProof
from recordsvc.translog.store import LogTurn

if TYPE_CHECKING:
    from recordsvc.house import House


def of_new(log: LogTurn, entry: Accepted) -> LogProof:
    """Return the receipt of an entry that this turn appended; after the commit."""
    if log.checkpoint is None:
        raise RuntimeError("a receipt was asked for before the commit")
    return LogProof.make(
        entry.index, log.proof(entry.index), log.checkpoint.note, entry.leaf + entry.open_key
    )


def of_stored(house: "House", conn: Connection, cursor: Cursor, worker_id: bytes, seq: int) -> LogProof:
    """Return the receipt of an entry that stands already. Raises `RecordErased`."""
    stored = store.one(house.db, cursor, worker_id, seq)
    worker = house.people.load(cursor, worker_id)
    if stored is None or stored.sealed is None or worker is None:
        raise RecordErased
    opened = house.admission.sealer.open(worker.key, stored)
    return at_commit(house, conn, stored.idx, stored.leaf + opened.open_key)


def at_commit(house: "House", conn: Connection, index: int, extra: bytes) -> LogProof:
    """Return the proof of an entry at the checkpoint of the commit that entered it."""
    checkpoint = log_tables.checkpoint
    query = sa.select(checkpoint.c.size, checkpoint.c.note).where(checkpoint.c.size > index)
    row = conn.execute(query.order_by(checkpoint.c.size).limit(1)).one()
    path = house.log.reader(conn, row.size).inclusion(index)
    return LogProof.make(index, path, row.note, extra)


def find(
    house: "House", institution: str, record_id: bytes
) -> tuple[str, bytes, int] | tuple[str, str | None, None] | None:
    """Return what stands under an issuer's record id; None: nothing."""
    key = dedupe_key(institution, str(uuid.UUID(bytes=record_id)))
    with house.db.read_raw() as cursor:
        there = store.known(house.db, cursor, [key]).get(key)
        if there is not None:
            return ("accepted", there[0], there[1])
        held = store.held_rows(house.db, cursor, [key]).get(key)
    return None if held is None else (held[0], held[2], None)
