"""Driver connections for the hot reads, kept open outside SQLAlchemy's pool (one of the hot paths).

A request asks four to six short questions. Taking a connection for one from the pool and giving it back costs
45 µs, more than most answers; taking it from here costs 1 µs.
"""

import collections
import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

T = TypeVar("T")


class Cursor(Protocol):
    """A driver's cursor, as far as the drivers of both databases agree."""

    @property
    def connection(self) -> object:
        """The driver's connection it belongs to."""
        ...

    @property
    def rowcount(self) -> int:
        """Rows that the last statement changed."""
        ...

    def execute(self, statement: str, parameters: Sequence[Any] = ..., /) -> object:
        """Run a statement in the driver's own form (`Database.sql`, `Database.by_keys`)."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        ...


class Question(NamedTuple, Generic[T]):
    """A hot query apart from its sending, so that several can travel together (`Database.ask`).

    `statement` in the driver's own form; empty where there is nothing to ask. `read` makes the answer of the
    rows.
    """

    statement: str
    parameters: Sequence[Any]
    read: Callable[[list[Any]], T]


class Readers:
    """Connections in autocommit that nobody uses now; as many as there ever were readers at once."""

    def __init__(self, connect: Callable[[], Any], snapshot: str) -> None:
        """Open connections by `connect`; the statement `snapshot` begins a transaction on one state."""
        self._connect = connect
        self._snapshot = snapshot
        # A deque's ends are taken and given back without a lock, and the last one used is the warmest.
        self._idle: collections.deque[Any] = collections.deque()

    @contextlib.contextmanager
    def autocommit(self) -> Iterator[Any]:
        """Give a connection on which each statement stands alone."""
        try:
            driver = self._idle.pop()
        except IndexError:
            driver = self._connect()
        try:
            yield driver
        finally:
            # psycopg closes a connection that was lost; sqlite3 knows no such state.
            if not getattr(driver, "closed", False):
                self._idle.append(driver)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Any]:
        """Give a connection on which all statements see one state, and none may write."""
        with self.autocommit() as driver:
            driver.execute(self._snapshot)
            try:
                yield driver
            finally:
                if not getattr(driver, "closed", False):
                    driver.execute("ROLLBACK")

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()
