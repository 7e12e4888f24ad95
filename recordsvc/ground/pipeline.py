"""PostgreSQL's side of the hot reads, in its driver's lower layer (one of the hot paths; see database.py).

What is sent between two syncs is one transaction, which the session's defaults make read-only and repeatable
read: a snapshot needs neither BEGIN nor ROLLBACK, its statements travel together, and nobody waits for the
answer to the sync that ends it. A prepared statement costs 35 µs of CPU here, 85 µs through psycopg's cursor.
"""

import collections
import functools
import re
import select
from collections.abc import Sequence
from typing import Any, Final, Self

import psycopg
from psycopg import abc
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from recordsvc.ground.readers import Asked

_DEFAULTS: Final = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_PLACEHOLDER: Final = re.compile(r"%([sb%])")


class Pipeline:
    """A connection that only reads, and the cursor of the snapshot that is open on it.

    After any error the connection is closed: what is still under way in it is not worth finding out.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        """Take over a connection in autocommit."""
        connection.execute(_DEFAULTS)
        self._connection = connection
        self._pg = connection.pgconn
        self._pg.enter_pipeline_mode()
        self._answers = select.poll()
        self._answers.register(self._pg.socket, select.POLLIN)
        self._either = select.poll()
        self._either.register(self._pg.socket, select.POLLIN | select.POLLOUT)
        self._known: dict[tuple[str, tuple[int, ...]], tuple[bytes, abc.Transformer]] = {}
        self._syncs = 0
        """How many ends of snapshots the server has not answered yet."""
        self._rows: collections.deque[Any] = collections.deque()

    @property
    def closed(self) -> bool:
        """Whether it is of no more use."""
        return self._connection.closed

    @property
    def rowcount(self) -> int:
        """Rows of the last statement that were not fetched."""
        return len(self._rows)

    def begin(self) -> Self:
        """Return the cursor of a new snapshot, which the first statement fixes."""
        return self

    def end(self) -> None:
        """End the snapshot; the answer is read by the next one."""
        self._rows.clear()
        if not self.closed:
            self._pg.pipeline_sync()
            self._syncs += 1
            self._flush()

    def look_up(self, statement: str, parameters: Sequence[Any]) -> Any:
        """Return the first row of one statement, or None; a snapshot of its own."""
        rows = self._exchange([(statement, parameters)], last=True)[0]
        return rows[0] if rows else None

    def ask(self, *asked: Asked) -> list[list[Any]]:
        """Return the rows of each statement; all of them travel together."""
        return self._exchange(asked, last=False)

    def execute(self, statement: str, parameters: Sequence[Any] = (), /) -> Self:
        """Run one statement, whose rows are then fetched."""
        self._rows = collections.deque(self.ask((statement, parameters))[0])
        return self

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        return self._rows.popleft() if self._rows else None

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        rows, self._rows = list(self._rows), collections.deque()
        return rows

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _exchange(self, asked: Sequence[Asked], *, last: bool) -> list[list[Any]]:
        """Send the statements, `last` with the end of their snapshot, and return the rows of each."""
        try:
            readers = [self._send(statement, parameters) for statement, parameters in asked]
            if last:
                self._pg.pipeline_sync()
            else:
                self._pg.send_flush_request()
            self._flush()
            for _ in range(self._syncs):
                self._take(ExecStatus.PIPELINE_SYNC)
            self._syncs = int(last)
            return [self._read(reader, prepared=prepared) for reader, prepared in readers]
        except BaseException:
            self.close()
            raise

    def _send(self, statement: str, parameters: Sequence[Any]) -> tuple[abc.Transformer, bool]:
        """Send one statement; returns what reads its rows, and whether it is being prepared just now."""
        text, formats = _numbered(statement)
        writer = Transformer(self._connection)
        values = writer.dump_sequence(parameters, formats)
        key = (statement, tuple(writer.types or ()))
        known = self._known.get(key)
        if known is None:
            name, reader = b"read-%d" % len(self._known), Transformer(self._connection)
            self._pg.send_prepare(name, text, writer.types)
            self._pg.send_query_prepared(name, values, writer.formats, 1)
            self._known[key] = name, reader
            return reader, True
        name, reader = known
        self._pg.send_query_prepared(name, values, writer.formats, 1)
        return reader, False

    def _read(self, reader: abc.Transformer, *, prepared: bool) -> list[Any]:
        if prepared:
            self._take(ExecStatus.COMMAND_OK)
            self._result()
        result = self._take(ExecStatus.TUPLES_OK)
        reader.set_pgresult(result)
        rows: list[Any] = reader.load_rows(0, result.ntuples, tuple)
        self._result()  # None: nothing more of this statement
        return rows

    def _take(self, expected: ExecStatus) -> PGresult:
        """Return the next result. Raises the server's error."""
        result = self._result()
        if result is None or result.status != expected:
            if result is not None and result.status == ExecStatus.FATAL_ERROR:
                raise error_from_result(result, encoding=self._connection.info.encoding)
            raise psycopg.OperationalError("an answer came that belongs to no statement")
        return result

    def _result(self) -> PGresult | None:
        # poll waits without the interpreter's lock; libpq's own waiting would keep it.
        while self._pg.is_busy():
            self._answers.poll()
            self._pg.consume_input()
        return self._pg.get_result()

    def _flush(self) -> None:
        """Send what is buffered; reading meanwhile, lest both sides wait for each other."""
        while self._pg.flush():
            self._either.poll()
            self._pg.consume_input()


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
