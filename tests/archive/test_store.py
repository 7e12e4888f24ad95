"""The hot queries of the archive, held row for row against a plain SQLAlchemy twin."""

import random
import re
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.archive import store, tables
from recordsvc.archive.store import StoredEntry
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock
from recordsvc.people import tables as people_tables
from recordsvc.translog.tree import Frontier

WORKERS = [bytes([n]) * 16 for n in range(1, 13)]
NOBODY = b"\xee" * 16


class Filled:
    """Rows of every shape: long chains, workers without entries, erased records, gaps in the log."""

    def __init__(self, db: Database) -> None:
        self.db = db
        pick = random.Random(5)
        chains = dict.fromkeys(WORKERS[:10], 0)
        frontiers = {worker: Frontier() for worker in WORKERS}
        entries, places, sealed, dedupe = [], [], [], []
        index = 0
        for n in range(400):
            index += 1 + (n % 17 == 0)  # key events take places in the log, too
            worker = WORKERS[int(pick.triangular(0, 9.99, 0))]
            seq = chains[worker]
            chains[worker] += 1
            frontiers[worker].append(pick.randbytes(32))
            target = pick.randrange(-1, seq) if seq else -1
            edge = frontiers[worker].to_bytes()
            entries.append((worker, seq, index, target, pick.randbytes(32), pick.randbytes(74), edge))
            places.append((index, worker, seq))
            dedupe.append((pick.randbytes(24), worker, seq, pick.randbytes(16)))
            if n % 11:  # the others were erased
                sealed.append((worker, seq, pick.randbytes(16), pick.randbytes(pick.randrange(1, 900))))
        people = [
            (w, at, "closed" if at % 4 == 0 else "open", b"n" * 16, 1, None) for at, w in enumerate(WORKERS)
        ]
        self.dedupe, self.held = dedupe, _held(pick)
        rows = (
            (people_tables.worker, people),
            (tables.entry, sorted(entries)),
            (tables.place, places),
            (tables.ciphertext, sorted(sealed)),
            (tables.dedupe, sorted(dedupe)),
            (tables.held, self.held),
        )
        db.write(lambda turn: [db.bulk(turn.conn, table, some) for table, some in rows])
        self.frontiers = frontiers

    def both(self, plain: sa.Select[Any], hot: Any) -> tuple[list[Any], Any]:
        """What the twin and the hot query say on the same rows."""
        with self.db.read() as conn, self.db.read_raw() as cursor:
            return list(conn.execute(plain)), hot(cursor)


def held_states(db: Database, cursor: Any, keys: list[bytes]) -> dict[bytes, str]:
    return db.ask(cursor, store.asking_held_states(db, keys))[0]


def _held(pick: random.Random) -> list[tuple[Any, ...]]:
    states = ("held", "approved", "released", "returned")
    return [
        (
            *(n.to_bytes(16), pick.randbytes(24), pick.randbytes(16), "A" * 18, "late", "desk:late"),
            *(states[n % 4], 1_000 + n, None, f"退回 {n}" if n % 4 == 3 else None, None, None),
            pick.randbytes(50) if n % 4 < 2 else None,
        )
        for n in range(40)
    ]


@pytest.fixture
def filled(database: Database) -> Filled:
    return Filled(database)


entry, sealed = tables.entry, tables.ciphertext
JOINED = entry.outerjoin(
    sealed, sa.and_(sealed.c.worker_id == entry.c.worker_id, sealed.c.seq == entry.c.seq)
)
COLUMNS = (
    *(entry.c.worker_id, entry.c.seq, entry.c.idx, entry.c.target, entry.c.nonce, entry.c.leaf),
    *(sealed.c.record_id, sealed.c.sealed),
)
PLAIN = sa.select(*COLUMNS).select_from(JOINED)


def stored(rows: list[Any]) -> list[StoredEntry]:
    return [StoredEntry(*row) for row in rows]


def bytes_only(found: list[StoredEntry]) -> bool:
    """The driver's own buffer types must not leak: they compare unequal to bytes."""
    values = [(one.worker_id, one.nonce, one.leaf, one.record_id or b"", one.sealed or b"") for one in found]
    return all(type(value) is bytes for some in values for value in some)


@pytest.mark.parametrize("worker", [*WORKERS, NOBODY], ids=lambda one: one.hex()[:4])
def test_archive(filled: Filled, worker: bytes) -> None:
    plain = PLAIN.where(entry.c.worker_id == worker).order_by(entry.c.seq)
    rows, hot = filled.both(plain, lambda cursor: store.archive(filled.db, cursor, worker))
    assert hot == stored(rows)
    assert bytes_only(hot)
    assert [one.seq for one in hot] == list(range(len(hot)))


def test_one(filled: Filled) -> None:
    """Every entry by its place, erased ones without content, and nothing for places that are not there."""
    rows, _none = filled.both(PLAIN, lambda _cursor: None)
    with filled.db.read_raw() as cursor:
        for row in rows:
            assert store.one(filled.db, cursor, row.worker_id, row.seq) == StoredEntry(*row)
        assert store.one(filled.db, cursor, WORKERS[0], 10_000) is None
        assert store.one(filled.db, cursor, NOBODY, 0) is None
    assert {row.sealed is None for row in rows} == {True, False}


@pytest.mark.parametrize("limit", [1, 7, 100, 1_000])
def test_in_log_order(filled: Filled, limit: int) -> None:
    """Page by page from the beginning: every entry once, in the order of the log, whatever the gaps."""
    place = tables.place
    at = sa.and_(entry.c.worker_id == place.c.worker_id, entry.c.seq == place.c.seq)
    content = sa.and_(sealed.c.worker_id == entry.c.worker_id, sealed.c.seq == entry.c.seq)
    source = place.join(entry, at).outerjoin(sealed, content)
    plain = sa.select(*COLUMNS).select_from(source).order_by(place.c.idx)
    rows, _none = filled.both(plain, lambda _cursor: None)
    found: list[StoredEntry] = []
    with filled.db.read_raw() as cursor:
        while page := store.in_log_order(filled.db, cursor, found[-1].idx if found else -1, limit):
            assert len(page) <= limit
            found += page
    assert found == stored(rows)
    assert len(found) == 400


def test_received(filled: Filled) -> None:
    """What is not erased of these workers, below an index, since a time."""
    times = sorted(int.from_bytes(row.leaf[2:10]) for row in filled.both(PLAIN, lambda _cursor: None)[0])
    wanted = [*WORKERS[:3], NOBODY]
    whole = PLAIN.where(entry.c.worker_id.in_(wanted), sealed.c.sealed.is_not(None))
    for since_ms in (0, times[len(times) // 2], times[-1] + 1):
        for before in (0, 200, 10_000):
            rows, hot = filled.both(
                whole.where(entry.c.idx < before),
                lambda cursor, since=since_ms, bound=before: store.received(
                    filled.db, cursor, wanted, since, bound
                ),
            )
            later = [row for row in stored(rows) if int.from_bytes(row.leaf[2:10]) >= since_ms]
            assert sorted(hot) == sorted(later)
            assert bytes_only(hot)


def test_heads(filled: Filled) -> None:
    """Version, state and frontier, also of workers without an entry; nothing of those nobody knows."""
    newest = sa.select(entry.c.worker_id, sa.func.max(entry.c.seq).label("seq")).group_by(entry.c.worker_id)
    newest = newest.subquery()
    worker = people_tables.worker
    plain = (
        sa.select(
            worker.c.worker_id, worker.c.version, worker.c.state, entry.c.seq, entry.c.edge, entry.c.leaf
        )
        .outerjoin(newest, newest.c.worker_id == worker.c.worker_id)
        .outerjoin(entry, sa.and_(entry.c.worker_id == newest.c.worker_id, entry.c.seq == newest.c.seq))
    )
    wanted = [*WORKERS, NOBODY, WORKERS[0]]
    rows, hot = filled.both(plain, lambda cursor: store.heads(filled.db, cursor, wanted))
    assert hot == {
        row.worker_id: (
            row.version,
            row.state,
            Frontier() if row.seq is None else Frontier.from_bytes(row.seq + 1, row.edge),
            0 if row.seq is None else int.from_bytes(row.leaf[2:10]),
        )
        for row in rows
    }
    assert {one: head[2] for one, head in hot.items()} == filled.frontiers
    _rows, some = filled.both(plain, lambda cursor: store.heads(filled.db, cursor, WORKERS[3:5]))
    assert some.keys() == set(WORKERS[3:5])


def test_known(filled: Filled) -> None:
    plain = sa.select(tables.dedupe)
    wanted = [row[0] for row in filled.dedupe]
    rows, hot = filled.both(plain, lambda cursor: store.known(filled.db, cursor, [*wanted, b"\xff" * 24]))
    assert hot == {row.key: (row.worker_id, row.seq, row.digest) for row in rows}
    assert len(hot) == len(wanted)
    _rows, some = filled.both(plain, lambda cursor: store.known(filled.db, cursor, wanted[5:8]))
    assert some == {row[0]: row[1:] for row in filled.dedupe[5:8]}


def test_held_states_and_rows(filled: Filled) -> None:
    wanted = [row[1] for row in filled.held]
    asked = [*wanted, b"\xff" * 24]
    rows, states = filled.both(sa.select(tables.held), lambda cursor: held_states(filled.db, cursor, asked))
    assert states == {row.key: row.state for row in rows}
    _rows, held = filled.both(
        sa.select(tables.held), lambda cursor: store.held_rows(filled.db, cursor, asked)
    )
    assert held == {row.key: (row.state, row.digest, row.note) for row in rows}
    assert len(states) == len(held) == 40


def test_nobody_asked_is_nobody_found(filled: Filled) -> None:
    """No key: no statement at all, since an empty list of values is no SQL."""
    with filled.db.read_raw() as cursor:
        for query in (store.heads, store.known, held_states, store.held_rows):
            assert query(filled.db, cursor, []) == {}


@pytest.mark.parametrize("count", [0, 1, 40])
def test_mark_released(filled: Filled, clock: FixedClock, count: int) -> None:
    """Just these rows change, in just these columns."""
    ordered = sa.select(tables.held).order_by(tables.held.c.held_id)
    with filled.db.read() as conn:
        before = [row._mapping for row in conn.execute(ordered)]
    keys = [row[1] for row in filled.held[:count]]
    filled.db.write(lambda turn: store.mark_released(turn, keys))
    with filled.db.read() as conn:
        after = [row._mapping for row in conn.execute(ordered)]
    released = {"state": "released", "decided_ms": clock.now_ms(), "sealed": None}
    assert [dict(row) for row in after] == [
        {**row, **(released if row["key"] in keys else {})} for row in before
    ]


def test_a_query_costs_what_it_finds(filled: Filled) -> None:
    """No hot query reads a whole table: each is answered from an index, with statistics or without."""
    explain = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN"}[filled.db.dialect]
    plans: list[str] = []

    class Explaining:
        def __init__(self, cursor: Any) -> None:
            self._cursor = cursor

        def execute(self, statement: str, params: Any) -> None:
            self._cursor.execute(f"{explain} {statement}", params)
            plans.extend(row[-1] for row in self._cursor.fetchall())

        def ask(self, *asked: Any) -> list[Any]:
            for statement, params in asked:
                self.execute(statement, params)
            return [[] for _ in asked]

        def fetchall(self) -> list[Any]:
            return []

        def fetchone(self) -> None:
            return None

    with filled.db.read_raw() as real:
        cursor = Explaining(real)
        keys = [row[0] for row in filled.dedupe[:9]]
        store.archive(filled.db, cursor, WORKERS[0])
        store.one(filled.db, cursor, WORKERS[0], 1)
        store.in_log_order(filled.db, cursor, 5, 10)
        store.heads(filled.db, cursor, WORKERS)
        store.received(filled.db, cursor, WORKERS, 0, 10)
        for query in (store.known, held_states, store.held_rows):
            query(filled.db, cursor, keys)
    # Only the list of wanted keys is walked; `SCAN x` of a table's alias would be the whole table.
    scans = [plan for plan in plans if re.match(r"SCAN [a-z]( |$)", plan) or "Seq Scan" in plan]
    assert len(plans) > 10
    assert scans == [], plans
