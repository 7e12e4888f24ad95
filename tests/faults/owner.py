"""Whoever owns the database: nothing in it stops them. Who holds the keys as well is the operator."""

import contextlib
from collections.abc import Iterator
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive import formats, tables, types
from recordsvc.archive.reading import Reader
from recordsvc.archive.sealing import dedupe_key
from recordsvc.archive.statements import RegionKey
from recordsvc.archive.store import StoredEntry
from recordsvc.archive.submission import Item
from recordsvc.ground.database import Database
from recordsvc.ground.strictjson import canonical
from recordsvc.house import House
from recordsvc.people import tables as people_tables
from recordsvc.people.workers import Worker
from recordsvc.translog import tables as log_tables
from recordsvc.translog.checkpoint import Checkpoint
from recordsvc.translog.tree import Frontier, leaf_hash, root
from recordsvc.vault import signatures
from recordsvc.vault.envelope import DataKeys


@contextlib.contextmanager
def owning(database: Database, *, keep: bool = False) -> Iterator[Connection]:
    """A transaction without triggers, checks and foreign keys; undone at the end unless it is to `keep`."""
    with database.engine.connect() as conn:
        sqlite = database.dialect == "sqlite"
        if sqlite:
            driver = conn.connection.driver_connection
            driver.execute("PRAGMA ignore_check_constraints = ON")
            driver.execute("PRAGMA foreign_keys = OFF")
        with conn.begin() as transaction:
            if sqlite:
                for name in conn.exec_driver_sql(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger'"
                ).scalars():
                    conn.exec_driver_sql(f"DROP TRIGGER {name}")
                checks = []
            else:
                conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
                checks = _checks(conn)
            for table, name, _said in checks:
                conn.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
            yield conn
            if not keep:
                transaction.rollback()
                return
            # The database is another test's next: what is there now stays as it is, what comes is checked.
            for table, name, said in checks:
                conn.exec_driver_sql(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {said} NOT VALID')


def _checks(conn: Connection) -> list[tuple[str, str, str]]:
    """Table, name and definition of each check."""
    rows = conn.exec_driver_sql(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    )
    return [(row[0], row[1], row[2].removesuffix(" NOT VALID")) for row in rows]


# -- the operator --


def rewrite(conn: Connection, house: House, worker_id: bytes, seq: int, changes: dict[str, Any]) -> int:
    """Replace what the region stated in one entry, and make the whole database fit; the entry's log index.

    The statement is signed anew with the region's key, sealed, committed, chained; everything behind it is
    hashed and signed again with the log's key. Only witnesses' lines cannot be made.
    """
    sealed, dedupe = tables.ciphertext, tables.dedupe
    worker, stored, rows = _stored(conn, house, worker_id, seq)
    record = orjson.loads(house.admission.sealer.open(worker.key, stored).raw) | changes
    raw = canonical(record)
    item = Item(raw, record, signatures.detached_jws(RegionKey(house), raw).encode())
    key, sealer = dedupe_key(record["issuer"], record["id"]), house.admission.sealer
    kind = types.record_type(record).kind
    prepared = sealer.prepare(worker, kind, stored.target, item, key, sealer.digest(raw), record["issuer"], 1)
    here = sa.and_(sealed.c.worker_id == worker_id, sealed.c.seq == seq)
    conn.execute(sealed.update().where(here).values(sealed=prepared.sealed))
    conn.execute(dedupe.update().where(dedupe.c.key == key).values(digest=prepared.digest))
    leaf = formats.pack_leaf(kind, formats.unpack_leaf(stored.leaf).ms, prepared.commitment, bytes(32))
    _chain(conn, rows, seq, leaf)
    sign_again(conn, house)
    return stored.idx


def statement(conn: Connection, house: House, worker_id: bytes, seq: int) -> dict[str, Any]:
    """What stands in one entry, for whoever holds the keys."""
    worker, stored, _rows = _stored(conn, house, worker_id, seq)
    return orjson.loads(house.admission.sealer.open(worker.key, stored).raw)


def _stored(
    conn: Connection, house: House, worker_id: bytes, seq: int
) -> tuple[Worker, StoredEntry, list[Any]]:
    own, sealed = tables.entry, tables.ciphertext
    rows = conn.execute(sa.select(own).where(own.c.worker_id == worker_id).order_by(own.c.seq)).all()
    here = sa.and_(sealed.c.worker_id == worker_id, sealed.c.seq == seq)
    content = conn.execute(sa.select(sealed.c.record_id, sealed.c.sealed).where(here)).one()
    key = people_tables.worker_key
    wrapped = conn.execute(sa.select(key.c.wrapped).where(key.c.worker_id == worker_id)).scalar_one()
    worker = Worker(worker_id, 1, DataKeys(house.keys).get(worker_id, wrapped), set())
    row = rows[seq]
    return worker, StoredEntry(worker_id, seq, row.idx, row.target, row.nonce, row.leaf, *content), rows


def _chain(conn: Connection, rows: list[Any], changed: int, leaf: bytes) -> None:
    """Link a worker's entries anew, and put their hashes in the log."""
    tree = Frontier()
    for row in rows:
        was = formats.unpack_leaf(leaf if row.seq == changed else row.leaf)
        place = formats.place(row.nonce, row.seq, None if row.target < 0 else row.target, tree.root())
        packed = formats.pack_leaf(was.kind, was.ms, was.commitment, place)
        tree.append(formats.worker_leaf_hash(packed))
        where = sa.and_(tables.entry.c.worker_id == row.worker_id, tables.entry.c.seq == row.seq)
        conn.execute(tables.entry.update().where(where).values(leaf=packed, edge=tree.to_bytes()))
        log = log_tables.entry
        conn.execute(log.update().where(log.c.idx == row.idx).values(data=formats.record_entry(packed)))


def sign_again(conn: Connection, house: House) -> None:
    """Compute tree, tiles and head from the entries as they are now, and sign every checkpoint again."""
    log, points, head = log_tables.entry, log_tables.checkpoint, log_tables.head
    leaves = [leaf_hash(data) for data in conn.execute(sa.select(log.c.data).order_by(log.c.idx)).scalars()]
    for n in range(len(leaves) // 256):
        some = leaves[n * 256 : (n + 1) * 256]
        tile, above = log_tables.tile, log_tables.tile_root
        conn.execute(tile.update().where(tile.c.level == 0, tile.c.n == n).values(data=b"".join(some)))
        conn.execute(above.update().where(above.c.level == 1, above.c.n == n).values(hash=root(some)))
    key = house.keys.public("log").raw
    for size in conn.execute(sa.select(points.c.size)).scalars().all():
        made = Checkpoint(house.log.origin, size, root(leaves[:size]))
        note = made.sign(key, lambda data: house.keys.sign("log", data))
        conn.execute(points.update().where(points.c.size == size).values(root=made.root, note=note))
    tree = Frontier()
    for value in leaves:
        tree.append(value)
    conn.execute(head.update().values(size=tree.size, root=tree.root(), edge=tree.to_bytes()))
    conn.execute(log_tables.cosignature.delete())


def forget(conn: Connection, house: House, size: int) -> None:
    """Remove every entry from log index `size` on, with all that belongs to it, as if it had never been."""
    place, entry, dedupe, sealed = tables.place, tables.entry, tables.dedupe, tables.ciphertext
    for row in conn.execute(sa.select(place).where(place.c.idx >= size)).all():
        for table in (entry, dedupe, sealed):
            conn.execute(table.delete().where(table.c.worker_id == row.worker_id, table.c.seq == row.seq))
    conn.execute(place.delete().where(place.c.idx >= size))
    conn.execute(log_tables.entry.delete().where(log_tables.entry.c.idx >= size))
    conn.execute(log_tables.checkpoint.delete().where(log_tables.checkpoint.c.size > size))
    ms = conn.execute(sa.select(sa.func.max(log_tables.checkpoint.c.ms))).scalar_one()
    conn.execute(log_tables.head.update().values(ms=ms))
    sign_again(conn, house)


def entry_of(house: House, worker_id: bytes, record_type: str) -> int:
    """The seq of a worker's newest entry of a type."""
    archive = Reader(house).archive(worker_id)
    return max(entry.stored.seq for entry in archive.entries if entry.record["type"] == record_type)
