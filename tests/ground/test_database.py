"""What the database promises: durable settings asserted, snapshots, one writer between processes."""

import contextlib
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from recordsvc.ground import database as module
from recordsvc.ground import sqlite
from recordsvc.ground.commit import CommitUnknown, Turn
from recordsvc.ground.database import Database, DatabaseUnfit, installation
from recordsvc.ground.loads import copy_types
from recordsvc.ground.readers import Question
from recordsvc.schema import load_tables
from tests.conftest import Addresses
from tests.postgresql import PostgresServer

SECONDS = 120
ROOT = Path(__file__).parents[2]

only_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)


def put(name: str, value: str = "x") -> "module.Callable[[Turn], None]":
    def run(turn: Turn) -> None:
        turn.conn.execute(installation.insert().values(name=name, value=value))

    return run


def names(conn: sa.Connection) -> list[str]:
    return list(conn.execute(sa.select(installation.c.name).order_by(installation.c.name)).scalars())


# -- fitness


def test_a_database_as_installed_is_fit(database: Database) -> None:
    database.assert_fit()


def synchronous(conn: sa.Connection) -> str:
    sqlite_asks = conn.dialect.name == "sqlite"
    return str(
        conn.exec_driver_sql("PRAGMA synchronous" if sqlite_asks else "SHOW synchronous_commit").scalar()
    )


def test_counters_alone_do_not_wait_for_the_disk(database: Database) -> None:
    """All connections that the pool gives stay durable, also after a counter's connection was thrown away."""

    def seen(turn: Turn, payloads: "module.Sequence[str]") -> list[str]:
        for name in payloads:
            turn.conn.execute(installation.insert().values(name=name, value="x"))
        return [synchronous(turn.conn) for _ in payloads]

    def broken(_turn: Turn, _payloads: "module.Sequence[str]") -> list[str]:
        raise LookupError

    light, full = ("1", "2") if database.dialect == "sqlite" else ("off", "on")
    assert database.count_grouped(seen, "first") == light
    with pytest.raises(LookupError):
        database.count_grouped(broken, "lost")
    assert database.count_grouped(seen, "second") == light
    assert database.write(lambda turn: synchronous(turn.conn)) == full
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(database.engine.connect()) for _ in range(6)]
        assert {synchronous(conn) for conn in opened} == {full}
        assert names(opened[0]) == ["first", "second"]


@only_sqlite
def test_every_connection_has_every_pragma(database: Database) -> None:
    """A pragma of one connection says nothing of the next: all that the pool ever opens are set."""
    numbers = {"FULL": 2, "ON": 1, "MEMORY": 2, "WAL": "wal"}
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(database.read()) for _ in range(5)]
        for conn in opened:
            for name, value in sqlite.SQLITE_PRAGMAS:
                wanted = numbers.get(value) or int(value)
                assert conn.exec_driver_sql(f"PRAGMA {name}").scalar() == wanted, name


@only_sqlite
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("synchronous", "NORMAL"),
        ("synchronous", "OFF"),
        ("journal_mode", "DELETE"),
        ("journal_mode", "MEMORY"),
    ],
)
def test_sqlite_that_could_lose_a_commit_is_refused(
    addresses: Addresses, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    pragmas = [(key, value if key == name else given) for key, given in sqlite.SQLITE_PRAGMAS]
    monkeypatch.setattr(sqlite, "SQLITE_PRAGMAS", pragmas)
    weak = Database(addresses.application)
    with pytest.raises(DatabaseUnfit, match="synchronous=FULL"):
        weak.assert_fit()
    weak.close()


def test_sqlite_in_memory_has_no_writer() -> None:
    """What forgets everything at exit cannot be written to."""
    memory = Database("sqlite:///:memory:")
    with pytest.raises(DatabaseUnfit, match="file"):
        memory.write(lambda turn: None)
    memory.close()


@only_postgresql
@pytest.mark.parametrize("option", ["synchronous_commit=off"])
def test_a_session_that_could_lose_a_commit_is_refused(addresses: Addresses, option: str) -> None:
    weak = Database(f"{addresses.application}&options=-c%20{option}")
    with pytest.raises(DatabaseUnfit, match="synchronous_commit"):
        weak.assert_fit()
    weak.close()


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_could_lose_a_commit_is_refused(setting: str) -> None:
    with PostgresServer(**{setting: "off"}) as server:
        weak = Database(server.url("postgres"))
        with pytest.raises(DatabaseUnfit, match=setting):
            weak.assert_fit()
        weak.close()


# -- reading


def test_a_read_stays_on_its_snapshot(database: Database) -> None:
    database.write(put("a"))
    with database.read() as conn:
        assert names(conn) == ["a"]
        database.write(put("b"))
        assert names(conn) == ["a"]
    with database.read() as conn:
        assert names(conn) == ["a", "b"]


def test_a_raw_read_stays_on_its_snapshot_and_ends_it(database: Database) -> None:
    query = "SELECT count(*) FROM installation"
    database.write(put("a"))
    for seen in (1, 2):
        with database.read_raw() as cursor:
            assert cursor.execute(query).fetchone()[0] == seen
            database.write(put(f"b{seen}"))
            assert cursor.execute(query).fetchone()[0] == seen


@only_postgresql
def test_readers_cannot_write(database: Database) -> None:
    with database.read() as conn, pytest.raises(sa.exc.InternalError, match="read-only"):
        conn.execute(installation.insert().values(name="a", value="b"))
    with database.read_raw() as cursor, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        cursor.execute("INSERT INTO installation VALUES ('a', 'b')")


def test_a_read_that_fails_leaves_the_connection_fit_for_writers(addresses: Addresses) -> None:
    """One connection, read raw with an error, then written with: nothing of the reader's session is left."""
    single = Database(addresses.application, pool_size=1)
    with single.read_raw() as cursor, pytest.raises(Exception, match=r"syntax|near"):
        cursor.execute("SELEC")
    single.write(put("a"))
    with single.read() as conn:
        assert names(conn) == ["a"]
    single.close()


def test_questions_asked_together_get_the_answers_of_one_state(database: Database) -> None:
    """Whatever the parameters are of; the snapshot is the one that questions before and behind them see."""
    database.write(put("a"))
    count, echo = ("SELECT count(*) FROM installation", ()), database.sql("SELECT ? || '!'")
    plus = database.sql("SELECT value FROM installation WHERE length(value) = ?")
    with database.read_raw() as cursor:
        cursor.execute(*count)
        assert cursor.fetchall() == [(1,)]
        database.write(put("b", "x" * 300))
        asked = [count, (echo, ("é",)), (plus, (1,)), (plus, (300,)), (plus, (70_000,)), count]
        assert cursor.ask(*asked) == [[(1,)], [("é!",)], [("x",)], [], [], [(1,)]]
    with database.read_raw() as cursor:
        assert cursor.ask((plus, (300,)), count) == [[("x" * 300,)], [(2,)]]
        assert cursor.fetchone() is None
    assert database.look_up("SELECT value FROM installation WHERE name = ?", ("c",)) is None


@only_postgresql
def test_a_reader_whose_connection_was_lost_says_so_and_the_next_has_another(database: Database) -> None:
    for broken in (
        lambda: database.look_up("SELECT pg_terminate_backend(pg_backend_pid())", ()),
        lambda: database.look_up("SELECT 1 / ?", (0,)),
    ):
        with pytest.raises((psycopg.OperationalError, psycopg.errors.DivisionByZero)):
            broken()
        assert database.look_up("SELECT 2", ()) == (2,)
    with database.read_raw() as cursor, pytest.raises(psycopg.OperationalError) as lost:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert module.unavailable(lost.value)
    with database.read_raw() as cursor:
        assert cursor.ask(("SELECT 3", ())) == [[(3,)]]


@only_postgresql
def test_a_question_larger_than_the_socket_takes_is_sent_whole(database: Database) -> None:
    text = "x" * 3_000_000
    with database.read_raw() as cursor:
        cursor.execute("SELECT %s::text, %s::text", (text, text))
        assert cursor.fetchone() == (text, text)


# -- dialect facts


def test_keys_finds_the_wanted_rows(database: Database) -> None:
    """Any number of keys, also the same twice and none that exist, in binary on both drivers."""
    table = load_tables().tables["dedupe"]
    rows = [(bytes([n]) * 24, bytes(16), n, bytes([n]) * 16) for n in range(200)]
    database.write(lambda turn: database.bulk(turn.conn, table, rows))
    for wanted in ([rows[3][0]], [row[0] for row in rows[50:150]], [b"\xff" * 24], [rows[9][0], rows[9][0]]):
        query = "SELECT d.seq FROM {wanted} JOIN dedupe d ON d.key = wanted.k"
        with database.read_raw() as cursor:
            cursor.execute(*database.by_keys(query, wanted))
            found = sorted(row[0] for row in cursor.fetchall())
        assert found == sorted(key[0] for key in wanted if key[0] < 200)


def test_keys_takes_a_whole_batch(database: Database) -> None:
    """5,000 records a batch: SQLite's number of parameters and PostgreSQL's array both hold them."""
    keys = [n.to_bytes(24) for n in range(5_000)]
    with database.read_raw() as cursor:
        cursor.execute(*database.by_keys("SELECT count(*) FROM {wanted}", keys))
        assert cursor.fetchone()[0] == 5_000


@pytest.mark.parametrize("count", [0, 1, 31, 32, 500])
def test_bulk_writes_what_insert_would(database: Database, count: int) -> None:
    """All ways of inserting (nothing, executemany, COPY) write the same rows, extremes and NULL included."""
    held = load_tables().tables["held_record"]
    most = 2**63 - 1
    rows = [
        (
            *(
                n.to_bytes(16),
                n.to_bytes(24),
                b"\0\n\\.\xff" + bytes(11),
                "A" * 18,
                "late",
                "desk:\t\\N",
                "held",
            ),
            *(most - n, None if n % 2 else -n, "注\n\\." if n % 3 else None, None, None),
            bytes(range(256)) if n % 2 else None,
        )
        for n in range(count)
    ]
    database.write(lambda turn: database.bulk(turn.conn, held, rows))
    with database.read() as conn:
        found = [tuple(row) for row in conn.execute(sa.select(held).order_by(held.c.held_id))]
    assert found == rows


def test_copy_knows_the_type_of_every_column(database: Database) -> None:
    """COPY in binary form needs a type for each column of any table that is ever written in bulk."""
    for table in load_tables().sorted_tables:
        if not any(isinstance(column.type, (sa.Float, sa.JSON)) for column in table.columns):
            assert len(copy_types(table)) == len(table.columns)


def test_cursors_of_both_kinds_speak_binary(database: Database) -> None:
    """bytes come back as bytes and integers as integers, whatever cursor was asked."""
    database.write(put("a"))
    tile = load_tables().tables["log_tile"]
    database.write(lambda turn: database.bulk(turn.conn, tile, [(0, 7, b"\x00\xff")]))
    query = database.sql("SELECT level, n, data FROM log_tile WHERE n = ?")
    with database.read() as conn, database.read_raw() as raw:
        for cursor in (database.cursor(conn), raw):
            cursor.execute(query, (7,))
            level, n, data = cursor.fetchone()
            assert (level, n, data) == (0, 7, b"\x00\xff")
            assert type(data) is bytes  # text form would come as something else


def test_questions_that_travel_together_are_answered_in_their_order(database: Database) -> None:
    """In a snapshot and in a turn; one that asks nothing is answered without asking."""
    ask = lambda n: Question(database.sql("SELECT ? + 0"), (n,), lambda rows: rows[0][0])  # noqa: E731
    nothing = Question("", (), lambda rows: ("none", rows))
    with database.read_raw() as cursor:
        assert database.ask(cursor, ask(1), nothing, ask(2)) == [1, ("none", []), 2]
        assert database.ask(cursor, nothing) == [("none", [])]
    assert database.write(lambda turn: database.ask(database.cursor(turn.conn), ask(3), ask(4))) == [3, 4]


def test_a_hot_statement_that_fails_undoes_the_turn_and_leaves_the_writer_usable(database: Database) -> None:
    tile = load_tables().tables["log_tile"]
    good, twice = [(1, 1, b"x")], [(1, 2, b"y"), (1, 2, b"y")]
    for loads in ([(tile, good), (tile, twice)], [(tile, twice), (tile, good)]):
        with pytest.raises((sa.exc.DBAPIError, sqlite3.IntegrityError, psycopg.IntegrityError)):
            database.write(lambda turn, loads=loads: database.bulk_all(turn.conn, loads))
    database.write(lambda turn: database.bulk_all(turn.conn, [(tile, good)]))
    with database.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(tile)).scalar() == 1


def test_statements_run_behind_a_load_tell_what_they_changed(database: Database) -> None:
    put_there = ("INSERT INTO installation (name, value) VALUES (?, ?)", ("a", "b"))
    change = ("UPDATE log_head SET ms = ? WHERE id = ?", (1, 77))
    assert database.write(lambda turn: database.bulk_all(turn.conn, [], put_there, change)) == [1, 0]


def test_placeholders_of_both_drivers(database: Database) -> None:
    """A percent sign in a statement stays one."""
    with database.read_raw() as cursor:
        cursor.execute(database.sql("SELECT '50%' LIKE '5_%', ? + 1"), (41,))
        liked, answer = cursor.fetchone()
    assert (bool(liked), answer) == (True, 42)


# -- one writer

COUNT_UP = """
import sys
import sqlalchemy as sa
from recordsvc.ground.database import Database, installation

def step(turn):
    last = turn.conn.execute(sa.select(sa.func.count()).select_from(installation)).scalar()
    turn.conn.execute(installation.insert().values(name=f"{last:06}", value=sys.argv[2]))

db = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.read(1)
for _ in range(int(sys.argv[3])):
    db.write(step)
db.close()
"""


@only_sqlite
def test_two_processes_share_one_sqlite_file(addresses: Addresses, database: Database) -> None:
    """Read-then-write in three processes at once: nobody reads what another is about to change."""
    steps = 60
    command = [sys.executable, "-c", COUNT_UP, addresses.application]
    processes = [
        subprocess.Popen(
            [*command, str(n), str(steps)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for n in range(3)
    ]
    for process in processes:
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        process.stdin.write(b".")
        process.stdin.close()
    assert [process.wait(SECONDS) for process in processes] == [0, 0, 0]
    for process in processes:
        process.stdout.close()
    with database.read() as conn:
        assert names(conn) == [f"{n:06}" for n in range(3 * steps)]
        by = conn.execute(sa.select(installation.c.value, sa.func.count()).group_by(installation.c.value))
        assert sorted(tuple(row) for row in by) == [("0", steps), ("1", steps), ("2", steps)]


@only_sqlite
def test_writers_wait_at_the_file_lock_of_another_process(addresses: Addresses, database: Database) -> None:
    """The lock belongs to the file, not to the process: while a stranger holds it, nobody writes."""
    path = f"{sa.make_url(addresses.application).database}.writer"
    hold = (
        "import fcntl, sys; f = open(sys.argv[1], 'a'); fcntl.flock(f, 2); print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    writer = threading.Thread(target=database.write, args=(put("a"),))
    writer.start()
    writer.join(0.3)
    assert writer.is_alive()
    with database.read() as conn:  # readers do not care
        assert names(conn) == []
    holder.kill()  # a dead holder holds nothing
    holder.communicate()
    writer.join(SECONDS)
    assert not writer.is_alive()
    with database.read() as conn:
        assert names(conn) == ["a"]


@only_sqlite
def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(turn: Turn) -> None:
        put("a")(turn)
        entered.set()
        assert leave.wait(SECONDS)

    writer = threading.Thread(target=database.write, args=(slow,))
    writer.start()
    assert entered.wait(SECONDS)
    with database.read() as conn:
        assert names(conn) == []
    assert writer.is_alive()  # still in its turn, which only this thread ends
    leave.set()
    writer.join(SECONDS)


# -- commits whose fate is open


@pytest.fixture
def standby_missing(postgresql: PostgresServer) -> Iterator[PostgresServer]:
    """The session's server waiting for a synchronous standby that does not exist."""
    postgresql.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    yield postgresql
    postgresql.execute("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")


@only_postgresql
def test_a_cancelled_wait_for_the_standby_is_no_success(
    database: Database, standby_missing: PostgresServer
) -> None:
    """COMMIT answers success with a warning (SQLSTATE 01000): the rows are there, the promise is not."""
    database.assert_fit()
    failures: list[BaseException] = []

    def write() -> None:
        try:
            database.write(put("a"))
        except CommitUnknown as unknown:
            failures.append(unknown)

    writer = threading.Thread(target=write)
    writer.start()
    cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    deadline = time.monotonic() + SECONDS
    while writer.is_alive() and time.monotonic() < deadline:
        standby_missing.execute(cancel)
        writer.join(0.05)
    assert not writer.is_alive()
    assert [str(one) for one in failures] == ["synchronous-replication-not-confirmed"]
    with database.read() as conn:
        assert names(conn) == ["a"]


@only_postgresql
def test_a_server_that_dies_under_a_writer_fails_the_turn_and_is_found_again(
    database: Database, postgresql: PostgresServer
) -> None:
    """A session ended in mid-turn: no answer, no row, and the next turn has a new connection."""

    def ended(turn: Turn) -> None:
        put("a")(turn)
        pid = turn.conn.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        postgresql.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
        put("b")(turn)

    with pytest.raises(sa.exc.OperationalError):
        database.write(ended)
    database.write(put("c"))
    with database.read() as conn:
        assert names(conn) == ["c"]


@only_sqlite
def test_checkpointing_moves_the_log_and_keeps_the_rows(database: Database, addresses: Addresses) -> None:
    file = Path(str(sa.make_url(addresses.application).database))
    before = file.stat().st_size
    for n in range(30):
        database.write(put(f"{n:04}", "v" * 400))
    assert file.stat().st_size == before  # everything is still in the write-ahead log
    database.checkpoint()
    assert file.stat().st_size > before
    with database.read() as conn:
        assert len(names(conn)) == 30
