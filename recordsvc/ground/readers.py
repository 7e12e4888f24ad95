"""Driver connections for the hot reads, kept open outside SQLAlchemy's pool (one of the hot paths).

A request asks four to six short questions. Taking a connection for one from the pool and giving it back costs
45 µs, more than most answers; taking it from here costs 1 µs.
"""

import collections
import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

T = TypeVar("T")

Asked = tuple[str, Sequence[Any]]
"""A statement in the driver's own form, and its parameters."""


class Cursor(Protocol):
    """A cursor of hot statements, as both databases have it.

    Outside a turn all of its statements see one state of the database, and none may write.
    """

    def ask(self, *asked: Asked) -> list[list[Any]]:
        """Return the rows of each statement; on PostgreSQL all of them take one round trip."""
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


class Connection(Protocol):
    """A connection that reads, as the driver of a database has it."""

    @property
    def closed(self) -> bool:
        """Whether it is of no more use."""
        ...

    def begin(self) -> Cursor:
        """Begin a snapshot."""
        ...

    def end(self) -> None:
        """End the snapshot, whatever happened in it."""
        ...

    def look_up(self, statement: str, parameters: Sequence[Any]) -> Any:
        """Return the first row of one statement that stands alone, or None."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class Readers:
    """Connections that nobody uses now; as many as there ever were readers at once."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        """Open connections by `connect`."""
        self._connect = connect
        # A deque's ends are taken and given back without a lock, and the last one used is the warmest.
        self._idle: collections.deque[Connection] = collections.deque()

    def look_up(self, statement: str, parameters: Sequence[Any]) -> Any:
        """Return the first row of one statement, or None."""
        with self._connection() as connection:
            return connection.look_up(statement, parameters)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Cursor]:
        """Give a cursor on which all statements see one state, and none may write."""
        with self._connection() as connection:
            cursor = connection.begin()
            try:
                yield cursor
            finally:
                connection.end()

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection
        finally:
            if not connection.closed:
                self._idle.append(connection)
