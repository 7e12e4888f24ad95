"""The database: engines, snapshots, the writer's gate. Long: every dialect fact is here and only here.

(Or in `sqlite.py`, `pipeline.py` and `loads.py`, which only this module uses.)

SQLite runs in WAL mode with `synchronous=FULL` and `BEGIN IMMEDIATE`; anything less loses acknowledged
records on power loss, so it is asserted at start. PostgreSQL reads on a repeatable-read snapshot.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.pool import PoolProxiedConnection

from recordsvc.ground.commit import CommitUnknown, GroupCommit, Handler, Turn
from recordsvc.ground.loads import COPY_ROWS, copy_types, insert, inserting, percent
from recordsvc.ground.ports import Clock, SystemClock
from recordsvc.ground.readers import Asked, Cursor, Question, Readers
from recordsvc.ground.readers import Connection as ReaderConnection
from recordsvc.ground.sqlite import DatabaseUnfit, SqliteCursor, SqliteReader, file_lock, sqlite_engine

if TYPE_CHECKING:
    from recordsvc.ground.pipeline import Writing

T = TypeVar("T")
V = TypeVar("V")

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

BIG_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""A 64-bit key that on SQLite becomes the table's own row order, so that rows in log order land together."""

installation = sa.Table(
    "installation",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.String(400), nullable=False),
    info={"kind": "append-only"},
    comment="What was fixed at the first run: log_origin, audience, environment, region",
)


class Database:
    """One process's access to the database."""

    def __init__(self, url: str, *, clock: Clock | None = None, pool_size: int = 16) -> None:
        """Open the database at `url` (`sqlite:///…` or `postgresql://…`); connects lazily."""
        self.url = make_url(url)
        self.dialect = self.url.get_backend_name()
        self.clock = clock or SystemClock()
        if self.dialect == "sqlite":
            self.engine = sqlite_engine(url, pool_size)
            self._reader = self.engine
        else:
            self.engine = _postgresql_engine(url, pool_size)
            self._reader = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._readers = Readers(self._unpooled)
        self._durable, self._light = _Leader(self.engine), _Leader(self.engine, durable=False)
        gates = [functools.partial(self._gate, leader) for leader in (self._durable, self._light)]
        self._writer, self._counter = (GroupCommit(self.clock, gate, _transient) for gate in gates)

    # -- reading

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection on one snapshot. It must not write."""
        with self._reader.connect() as conn:
            yield conn

    def read_raw(self) -> contextlib.AbstractContextManager[Cursor]:
        """Give a driver cursor on one snapshot, for the few hot queries (`archive/store.py`)."""
        return self._readers.snapshot()

    def look_up(self, statement: str, parameters: Sequence[Any]) -> Any:
        """Return the first row of one statement (`?` placeholders), or None.

        For what every request asks (register versions, sessions).
        """
        return self._readers.look_up(self.sql(statement), parameters)

    # -- writing

    @overload
    def write(self, fn: Callable[[Turn], T]) -> T: ...

    @overload
    def write(self, fn: Callable[[Turn], T], after: Callable[[T, Turn], V]) -> V: ...

    def write(self, fn: Callable[[Turn], T], after: Callable[[T, Turn], V] | None = None) -> T | V:
        """Run `fn(turn)` as the writer and return when it is durable.

        `fn` must be re-runnable: when another job of the same transaction fails, the rest run again. An
        exception of `fn` undoes what it wrote and is raised here. `after(value, turn)` runs after the
        commit in the caller's thread. Raises `CommitUnknown` when the commit's fate is not known.
        """
        value: T | V = self._writer.submit(_run_each, fn, after)
        return value

    def write_grouped(
        self,
        handler: Handler,
        payload: object,
        after: Callable[[Any, Turn], Any] | None = None,
        weight: int = 1,
    ) -> Any:
        """Like `write`, but the payloads of all callers of one `handler` are handed to it together."""
        return self._writer.submit(handler, payload, after, weight)

    def count_grouped(self, handler: Handler, payload: object) -> Any:
        """Like `write_grouped`, for counters that a loss of power may set back by a moment.

        All processes see what was written; nobody waits for the disk. A later durable write takes it along.
        """
        return self._counter.submit(handler, payload)

    @contextlib.contextmanager
    def _gate(self, leader: "_Leader") -> Iterator[Connection]:
        """Hold the writer's transaction.

        SQLite: processes queue at a file lock, since SQLite's own busy handler starves waiters (p99
        0.08-1.3 s against 27-78 ms measured). PostgreSQL: the log head's row lock orders those who append.
        """
        if self.dialect == "sqlite":
            with file_lock(self.url.database), _transaction(leader.connection()) as conn:
                yield conn
            return
        conn = leader.connection()
        warnings: list[str] = []
        driver = _driver(conn.connection)
        note = functools.partial(_note_uncertain_commit, warnings)
        driver.add_notice_handler(note)
        try:
            with _transaction(conn):
                yield conn
        finally:
            driver.remove_notice_handler(note)
        if warnings:
            raise CommitUnknown(warnings[0])

    def _unpooled(self) -> ReaderConnection:
        """Open a driver connection that the pool forgets at once."""
        fairy = self.engine.raw_connection()
        driver = _driver(fairy)
        fairy.detach()
        if self.dialect == "sqlite":
            return SqliteReader(driver)
        # Imported here, since with SQLite nothing asks for psycopg.
        from recordsvc.ground.pipeline import Pipeline

        driver.autocommit = True
        return Pipeline(driver)

    # -- life

    def assert_fit(self) -> None:
        """Refuse a database that would lose what it acknowledged. Raises `DatabaseUnfit`."""
        with self.engine.connect() as conn:
            if self.dialect == "sqlite":
                mode = conn.exec_driver_sql("PRAGMA journal_mode").scalar()
                synchronous = conn.exec_driver_sql("PRAGMA synchronous").scalar()
                if mode != "wal" or synchronous not in (2, 3):
                    raise DatabaseUnfit(
                        f"SQLite must run WAL with synchronous=FULL, not {mode}/{synchronous}"
                    )
                return
            for name, wanted in (("fsync", "on"), ("full_page_writes", "on"), ("server_encoding", "UTF8")):
                if conn.exec_driver_sql(f"SHOW {name}").scalar() != wanted:
                    raise DatabaseUnfit(f"PostgreSQL must run with {name} = {wanted}")
            if conn.exec_driver_sql("SHOW synchronous_commit").scalar() == "off":
                raise DatabaseUnfit("PostgreSQL must not run with synchronous_commit = off")

    def checkpoint(self) -> None:
        """Move SQLite's write-ahead log into the database file; makes no writer wait. Elsewhere nothing."""
        if self.dialect == "sqlite":
            with self.engine.connect() as conn:
                conn.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    def truncate_wal(self) -> bool:
        """Move SQLite's write-ahead log into the file and cut it to nothing; False while somebody reads."""
        with self.engine.connect() as conn:
            row = conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        return bool(row[0] == 0)

    def rewrite(self, table: sa.Table) -> None:
        """Rewrite a table so that nothing of deleted rows stays in its file; PostgreSQL, as the owner."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {table.name}")

    def close(self) -> None:
        """Give all connections back."""
        self._readers.close()
        self._durable.close()
        self._light.close()
        self.engine.dispose()

    # -- dialect facts for the hot queries

    def sql(self, text: str) -> str:
        """Bring a statement with `?` placeholders to this driver's form."""
        return text if self.dialect == "sqlite" else percent(text)

    def cursor(self, conn: Connection) -> Cursor:
        """Return a cursor of hot statements inside a connection's transaction."""
        if self.dialect == "sqlite":
            found: Cursor = _driver(conn.connection).cursor(SqliteCursor)
            return found
        return _writing(conn)

    def ask(self, cursor: Cursor, *questions: Question[Any]) -> list[Any]:
        """Return the answers of several hot queries, in their order.

        PostgreSQL gets them in one round trip: a single one costs 100 to 150 µs of waiting and waking. In a
        turn each sees what was committed before it ran. The answers are typed by whoever unpacks them.
        """
        asked = [(one.statement, one.parameters) for one in questions if one.statement]
        rows = iter(cursor.ask(*asked) if asked else ())
        return [one.read(next(rows) if one.statement else []) for one in questions]

    @property
    def for_update(self) -> str:
        """Return the clause that locks the rows read; SQLite's writer holds the whole database anyway."""
        return "" if self.dialect == "sqlite" else " FOR UPDATE"

    def by_keys(self, text: str, keys: Sequence[bytes]) -> tuple[str, tuple[Any, ...]]:
        """Return a statement for the driver, and its parameters.

        `{wanted}` in `text` becomes a table `wanted` whose column `k` holds `keys`.
        """
        if self.dialect == "sqlite":
            marks = ",".join(("(?)",) * len(keys))
            wanted = f"(SELECT column1 AS k FROM (VALUES {marks})) AS wanted"  # noqa: S608 - marks, no values
            return text.replace("{wanted}", wanted), tuple(keys)
        # ?b: sent in binary form; the text form of a thousand keys costs more than the query.
        wanted = "(SELECT unnest(?b::bytea[]) AS k) AS wanted"
        return percent(text.replace("{wanted}", wanted)), (list(keys),)

    def bulk_all(
        self, conn: Connection, loads: Sequence[tuple[sa.Table, Sequence[tuple[Any, ...]]]], *then: Asked
    ) -> list[int]:
        """Insert rows into several tables, as `bulk` does each, and run the statements `then` behind them.

        Few rows travel together with these. Returns how many rows each of `then` changed.
        """
        filled = [(table, rows) for table, rows in loads if rows]
        asked = [(self.sql(statement), parameters) for statement, parameters in then]
        if self.dialect == "sqlite":
            driver = _driver(conn.connection)
            for table, rows in filled:
                driver.executemany(insert(table), rows)
            return [driver.execute(statement, parameters).rowcount for statement, parameters in asked]
        few = [inserting(table, rows) for table, rows in filled if len(rows) < COPY_ROWS]
        for table, rows in filled:
            if len(rows) >= COPY_ROWS:
                self.bulk(conn, table, rows)
        return _writing(conn).run(*few, *asked)[len(few) :]

    def bulk(self, conn: Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert `rows` (all columns, in the table's order) the fastest way the driver has."""
        if not rows:
            return
        driver = _driver(conn.connection)
        if self.dialect == "sqlite":
            driver.executemany(insert(table), rows)
        elif len(rows) < COPY_ROWS:
            _writing(conn).run(inserting(table, rows))
        else:
            types = copy_types(table)
            names = ", ".join(column.name for column in table.columns)
            with driver.cursor().copy(f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(types)
                for row in rows:
                    copy.write_row(row)


class _Leader:
    """The connection of this process's leader, kept from turn to turn: there is one leader at a time."""

    def __init__(self, engine: sa.Engine, *, durable: bool = True) -> None:
        """Connect through `engine` when first asked; if not `durable`, commits do not wait for the disk."""
        self._engine = engine
        self._durable = durable
        self._conn: Connection | None = None

    def connection(self) -> Connection:
        """Return the connection; after a failure another one."""
        if self._conn is None or self._conn.closed or self._conn.invalidated:
            conn = self._engine.connect().execution_options(begin_with="BEGIN IMMEDIATE")
            if not self._durable:
                self._lighten(conn)
            self._conn = conn
        return self._conn

    def _lighten(self, conn: Connection) -> None:
        # Never to go back to the pool, where what must be durable would meet it.
        conn.detach()
        driver = _driver(conn.connection)
        if self._engine.dialect.name == "sqlite":
            driver.execute("PRAGMA synchronous=NORMAL")
        else:
            driver.execute("SET synchronous_commit = off")
            driver.commit()

    def close(self) -> None:
        """Give the connection back."""
        if self._conn is not None:
            self._conn.close()


def _writing(conn: Connection) -> "Writing":
    """Return the hot statements of a connection, made once for as long as the pool keeps it."""
    from recordsvc.ground.pipeline import Writing

    info = conn.connection.info
    found = info.get(Writing)
    if not isinstance(found, Writing):
        found = info[Writing] = Writing(_driver(conn.connection))
    return found


def _driver(pooled: PoolProxiedConnection) -> Any:
    """Return the driver's own connection. Its calls differ from driver to driver: no type holds for both."""
    return pooled.dbapi_connection


@contextlib.contextmanager
def any_text(conn: Connection) -> Iterator[None]:
    """Read SQLite text that is no UTF-8, because somebody put it there, instead of failing."""
    driver = _driver(conn.connection)
    if conn.dialect.name != "sqlite":
        yield
        return
    driver.text_factory = functools.partial(str, encoding="utf-8", errors="surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = str


def _run_each(turn: Turn, payloads: Sequence[Callable[[Turn], Any]]) -> list[Any]:
    """Run plain jobs one after another; the first that raises is the one that leaves the transaction."""
    values = []
    for index, fn in enumerate(payloads):
        try:
            values.append(fn(turn))
        except Exception:
            turn.blame(index)
            raise
    return values


@contextlib.contextmanager
def _transaction(conn: Connection) -> Iterator[Connection]:
    """Begin, then commit or roll back; a failing commit leaves its fate open."""
    transaction = conn.begin()
    try:
        yield conn
    except BaseException:
        # Whatever is wrong with the connection, the next turn has another one.
        with contextlib.closing(conn):
            transaction.rollback()
        raise
    try:
        transaction.commit()
    except Exception as error:
        conn.invalidate()
        conn.close()
        raise CommitUnknown(type(error).__name__) from error


def unavailable(error: Exception) -> bool:
    """Tell an error that says the database is away, locked or full, with or without SQLAlchemy around.

    By name: both drivers call it so, and psycopg is imported only where it serves.
    """
    return any(kind.__name__ == "OperationalError" for kind in type(error).__mro__)


def _transient(error: Exception) -> bool:
    """Tell PostgreSQL's deadlock_detected and serialization_failure, with or without SQLAlchemy around."""
    driver = getattr(error, "orig", None) or error
    return getattr(driver, "sqlstate", None) in ("40P01", "40001")


def _postgresql_engine(url: str, pool_size: int) -> sa.Engine:
    return sa.create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_pre_ping=False,
        # The hot statements are prepared by `pipeline.py`. Statements that psycopg prepared itself it takes
        # back after a ROLLBACK with DEALLOCATE ALL, and those with them.
        connect_args={"prepare_threshold": None},
    )


def _note_uncertain_commit(into: list[str], notice: Any) -> None:
    """Remember SQLSTATE 01000 at commit: a cancelled wait for the synchronous standby *returns success*."""
    if notice.sqlstate == "01000":
        into.append("synchronous-replication-not-confirmed")
