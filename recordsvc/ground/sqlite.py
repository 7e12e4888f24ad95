"""SQLite's side: how its connections are made, read through, and queue for the writer's turn."""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.pool import QueuePool

from recordsvc.ground.readers import Asked, Cursor
from recordsvc.ground.refusal import StartRefused

SQLITE_PRAGMAS = (
    ("journal_mode", "WAL"),
    ("synchronous", "FULL"),
    ("foreign_keys", "ON"),
    ("secure_delete", "ON"),
    ("busy_timeout", "10000"),
    ("cache_size", "-131072"),
    ("mmap_size", "1073741824"),
    ("temp_store", "MEMORY"),
    # A checkpoint inside a commit is what a client would wait for: `recordsvc work` checkpoints outside the
    # writer's turn, and this bound only takes over when that process is away.
    ("wal_autocheckpoint", "32768"),
)


class DatabaseUnfit(StartRefused):
    """The database cannot keep the promises of this service; the text says which one."""


class SqliteCursor(sqlite3.Cursor):
    """SQLite's cursor as a `Cursor`."""

    def ask(self, *asked: Asked) -> list[list[Any]]:
        """Return the rows of each statement."""
        return [self.execute(statement, parameters).fetchall() for statement, parameters in asked]


class SqliteReader:
    """A connection of SQLite that reads; in autocommit but for its snapshots."""

    closed = False
    """SQLite's connections are not lost."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver
        self.close = driver.close

    def begin(self) -> Cursor:
        """Begin a snapshot."""
        self._driver.execute("BEGIN")
        return self._driver.cursor(SqliteCursor)

    def end(self) -> None:
        """End it."""
        self._driver.execute("ROLLBACK")

    def look_up(self, statement: str, parameters: Sequence[Any]) -> Any:
        """Return the first row of one statement, or None."""
        return self._driver.execute(statement, parameters).fetchone()


@contextlib.contextmanager
def file_lock(database: str | None) -> Iterator[None]:
    """Hold the lock at which the writers of all processes queue. Raises `DatabaseUnfit`."""
    if not database or database == ":memory:":
        raise DatabaseUnfit("SQLite needs a database file")
    handle = os.open(f"{database}.writer", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sqlite_engine(url: str, pool_size: int) -> sa.Engine:
    """Return the engine of a database file."""
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        connect_args={"isolation_level": None, "check_same_thread": False, "cached_statements": 512},
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(driver: sqlite3.Connection, _record: object) -> None:
        for name, value in SQLITE_PRAGMAS:
            driver.execute(f"PRAGMA {name}={value}")

    @sa.event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        conn.exec_driver_sql(conn.get_execution_options().get("begin_with", "BEGIN"))

    return engine
