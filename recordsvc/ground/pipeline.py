"""PostgreSQL's side of the hot statements, in its driver's lower layer (a hot path; see database.py).

Several statements travel together and are answered together; a prepared one costs 35 µs of CPU here, 85 µs
through psycopg's cursor (measured).

`Pipeline` reads: what is sent between two syncs is one transaction, which the session's defaults make
read-only and repeatable read. A snapshot needs neither BEGIN nor ROLLBACK, and nobody waits for the answer to
the sync that ends it. `Writing` is a turn's: a transaction that psycopg and SQLAlchemy know of, too.
"""

import collections
import functools
import itertools
import re
import select
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

import psycopg
from psycopg import abc
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from recordsvc.ground.readers import Asked

_DEFAULTS: Final = (
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
    # All of these statements look up by key. Where a table has no statistics yet, after a bulk load or a
    # restore, a prepared one would be planned to read it whole: 20 to 50 ms with 100,000 entries (measured).
    "SET enable_seqscan = off"
)
_PLACEHOLDER: Final = re.compile(r"%([sb%])")


_numbers: Final = itertools.count()
"""Names prepared statements; none twice, since one that an error cut short may or may not be there."""


class _Sent(NamedTuple):
    """A statement under way: what reads its rows, and whether it is being prepared just now."""

    reader: abc.Transformer
    prepared: bool


class _Statements:
    """Sends statements in pipeline mode, each prepared at its first use, and reads what comes of them."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._answers = select.poll()
        self._answers.register(self._pg.socket, select.POLLIN)
        self._either = select.poll()
        self._either.register(self._pg.socket, select.POLLIN | select.POLLOUT)
        self._known: dict[tuple[str, tuple[int, ...]], tuple[bytes, abc.Transformer]] = {}

    def send(self, statement: str, parameters: Sequence[Any]) -> _Sent:
        """Put one statement on its way."""
        text, formats = _numbered(statement)
        writer = Transformer(self._connection)
        values = writer.dump_sequence(parameters, formats)
        key = (statement, tuple(writer.types or ()))
        known = self._known.get(key)
        if known is None:
            name, reader = b"hot-%d" % next(_numbers), Transformer(self._connection)
            self._pg.send_prepare(name, text, writer.types)
            self._pg.send_query_prepared(name, values, writer.formats, 1)
            self._known[key] = name, reader
            return _Sent(reader, prepared=True)
        name, reader = known
        self._pg.send_query_prepared(name, values, writer.formats, 1)
        return _Sent(reader, prepared=False)

    def read(self, sent: _Sent) -> tuple[list[Any], int]:
        """Return the rows of a statement, and how many it changed or found. Raises the server's error."""
        if sent.prepared:
            self.take(ExecStatus.COMMAND_OK)
            self._result()
        result = self.take(ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
        rows: list[Any] = []
        if result.status == ExecStatus.TUPLES_OK:
            sent.reader.set_pgresult(result)
            rows = sent.reader.load_rows(0, result.ntuples, tuple)
        self._result()  # None: nothing more of this statement
        return rows, result.command_tuples or 0

    def take(self, *expected: ExecStatus) -> PGresult:
        """Return the next result. Raises the server's error."""
        result = self._result()
        if result is None or result.status not in expected:
            if result is not None and result.status == ExecStatus.FATAL_ERROR:
                raise error_from_result(result, encoding=self._connection.info.encoding)
            raise psycopg.OperationalError("an answer came that belongs to no statement")
        return result

    def drain(self) -> None:
        """Read past whatever is left before the next sync, after an error; the connection is then usable."""
        while True:
            result = self._result()
            if result is not None and result.status == ExecStatus.PIPELINE_SYNC:
                return

    def forget(self) -> None:
        """Prepare anew from here on: of what an error cut short nobody knows whether it was prepared."""
        self._known = {}

    def flush(self) -> None:
        """Send what is buffered; reading meanwhile, lest both sides wait for each other."""
        while self._pg.flush():
            self._either.poll()
            self._pg.consume_input()

    def _result(self) -> PGresult | None:
        # poll waits without the interpreter's lock; libpq's own waiting would keep it.
        while self._pg.is_busy():
            self._answers.poll()
            self._pg.consume_input()
        return self._pg.get_result()


class _Rows:
    """The rows of the last statement, as a cursor gives them."""

    def __init__(self) -> None:
        self._rows: collections.deque[Any] = collections.deque()
        self.rowcount = 0

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        return self._rows.popleft() if self._rows else None

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        rows, self._rows = list(self._rows), collections.deque()
        return rows

    def _keep(self, rows: list[Any], count: int) -> None:
        self._rows, self.rowcount = collections.deque(rows), count


class Pipeline(_Rows):
    """A connection that only reads, and the cursor of the snapshot that is open on it.

    After any error the connection is closed: what is still under way in it is not worth finding out.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        """Take over a connection in autocommit."""
        super().__init__()
        connection.execute(_DEFAULTS)
        self._connection = connection
        self._pg = connection.pgconn
        self._pg.enter_pipeline_mode()
        self._statements = _Statements(connection)
        self._syncs = 0
        """How many ends of snapshots the server has not answered yet."""

    @property
    def closed(self) -> bool:
        """Whether it is of no more use."""
        return self._connection.closed

    def begin(self) -> Self:
        """Return the cursor of a new snapshot, which the first statement fixes."""
        return self

    def end(self) -> None:
        """End the snapshot; the answer is read by the next one."""
        self._keep([], 0)
        if not self.closed:
            self._pg.pipeline_sync()
            self._syncs += 1
            self._statements.flush()

    def look_up(self, statement: str, parameters: Sequence[Any]) -> Any:
        """Return the first row of one statement, or None; a snapshot of its own."""
        ((rows, _count),) = self._exchange([(statement, parameters)], last=True)
        return rows[0] if rows else None

    def ask(self, *asked: Asked) -> list[list[Any]]:
        """Return the rows of each statement; all of them travel together."""
        return [rows for rows, _count in self._exchange(asked, last=False)]

    def execute(self, statement: str, parameters: Sequence[Any] = (), /) -> Self:
        """Run one statement, whose rows are then fetched."""
        ((rows, count),) = self._exchange([(statement, parameters)], last=False)
        self._keep(rows, count)
        return self

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _exchange(self, asked: Sequence[Asked], *, last: bool) -> list[tuple[list[Any], int]]:
        """Send the statements, `last` with the end of their snapshot, and return the rows of each."""
        statements = self._statements
        try:
            sent = [statements.send(statement, parameters) for statement, parameters in asked]
            if last:
                self._pg.pipeline_sync()
            else:
                self._pg.send_flush_request()
            statements.flush()
            for _ in range(self._syncs):
                statements.take(ExecStatus.PIPELINE_SYNC)
            self._syncs = int(last)
            return [statements.read(one) for one in sent]
        except BaseException:
            self.close()
            raise


class Writing(_Rows):
    """A writing connection's hot statements, inside the transaction that psycopg is in or is about to begin.

    After an error the transaction is aborted, as after any, and the connection can be rolled back.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        """Work on a connection that is not in autocommit."""
        super().__init__()
        self._connection = connection
        self._pg = connection.pgconn
        self._statements = _Statements(connection)

    def ask(self, *asked: Asked) -> list[list[Any]]:
        """Return the rows of each statement; all of them travel together."""
        return [rows for rows, _count in self._exchange(asked)]

    def run(self, *asked: Asked) -> list[int]:
        """Run statements that travel together; how many rows each changed."""
        return [count for _rows, count in self._exchange(asked)]

    def execute(self, statement: str, parameters: Sequence[Any] = (), /) -> Self:
        """Run one statement, whose rows are then fetched."""
        ((rows, count),) = self._exchange([(statement, parameters)])
        self._keep(rows, count)
        return self

    def _exchange(self, asked: Sequence[Asked]) -> list[tuple[list[Any], int]]:
        begin = self._pg.transaction_status == TransactionStatus.IDLE
        self._pg.enter_pipeline_mode()
        try:
            return self._travel(asked, begin=begin)
        finally:
            # A lost connection cannot leave the mode, and is of no more use.
            if self._pg.status == ConnStatus.OK:
                self._pg.exit_pipeline_mode()

    def _travel(self, asked: Sequence[Asked], *, begin: bool) -> list[tuple[list[Any], int]]:
        statements = self._statements
        sent = [statements.send(_beginning(self._connection), ())] if begin else []
        sent += [statements.send(statement, parameters) for statement, parameters in asked]
        self._pg.pipeline_sync()
        statements.flush()
        try:
            answers = [statements.read(one) for one in sent]
        except psycopg.Error:
            statements.forget()
            if self._pg.status == ConnStatus.OK:
                statements.drain()
            raise
        statements.take(ExecStatus.PIPELINE_SYNC)
        return answers[int(begin) :]


def _beginning(connection: psycopg.Connection[Any]) -> str:
    """Return the statement with which psycopg itself would begin a transaction here."""
    level = connection.isolation_level
    isolation = "" if level is None else f" ISOLATION LEVEL {level.name.replace('_', ' ')}"
    return f"BEGIN{isolation}{' READ ONLY' if connection.read_only else ''}"


@functools.cache
def _numbered(statement: str) -> tuple[bytes, tuple[PyFormat, ...]]:
    """Return a statement in psycopg's form (`%s`, `%b`) in PostgreSQL's (`$1`), and its placeholders."""
    formats: list[PyFormat] = []

    def numbered(found: re.Match[str]) -> str:
        if found[1] == "%":
            return "%"
        formats.append(PyFormat(found[1]))
        return f"${len(formats)}"

    text = _PLACEHOLDER.sub(numbered, statement)
    return text.encode(), tuple(formats)
