"""What a check of the database finds (核验), and how it reads rows: as they lie there, whatever was done.

A check walks the rows in order and raises `Wrong` at the first one that is not what everything else says it
must be. SQLite keeps a text in a binary column if somebody puts one there, and a driver's helpful conversion
would hide it: so values are read raw and compared with the declared type before anything looks at them.
"""

import itertools
import operator
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.database import any_text

PORTION: Final = 2_000
"""Rows held in memory at once."""

Progress = Callable[[str, int], None]
"""`progress(stage, done)`: called now and then while a check runs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: where (table, key, column), and what, in Chinese and English."""

    where: str
    what_zh: str
    what_en: str


class Wrong(Exception):
    """A row is not what it must be; carries the finding."""

    def __init__(self, where: str, what_zh: str, what_en: str) -> None:
        self.finding = Finding(where, what_zh, what_en)
        super().__init__(f"{where}: {what_en}")


def at(table: sa.Table, *columns: str, **key: object) -> str:
    """Return a place as people read it: ``entry worker_id=… seq=3 column nonce``."""
    parts = [table.name, *(f"{name}={_shown(value)}" for name, value in key.items())]
    if columns:
        parts += ["column", "/".join(columns)]
    return " ".join(parts)


class Snapshot:
    """One snapshot that is walked; closes what is still being streamed when it is left, also at a `Wrong`."""

    def __init__(self, conn: Connection) -> None:
        """Walk what `conn` shows."""
        self.conn = conn
        self._open: set[sa.CursorResult[Any]] = set()
        self._text = any_text(conn)

    def __enter__(self) -> Self:
        self._text.__enter__()
        return self

    def __exit__(self, *_error: object) -> None:
        self._text.__exit__(None, None, None)
        for result in self._open:
            result.close()
        self._open.clear()

    def stream(self, query: sa.Executable) -> Iterator[sa.Row[Any]]:
        """Yield the rows of a query, at most `PORTION` of them in memory."""
        result = self.conn.execute(query, execution_options={"yield_per": PORTION})
        self._open.add(result)
        yield from result
        self._open.discard(result)


def scan(
    snapshot: Snapshot,
    columns: Sequence[sa.Column[Any]],
    *where: sa.ColumnElement[bool],
    source: sa.FromClause | None = None,
    order: Sequence[sa.Column[Any]] = (),
) -> Iterator[tuple[Any, ...]]:
    """Yield the values of `columns`, streamed; `order` defaults to the key of the first column's table.

    Columns of tables that an outer join in `source` left empty are None. Raises `Wrong` for a value that is
    not of its column's declared type.
    """
    first = columns[0].table
    assert isinstance(first, sa.Table)  # noqa: S101 - columns of declared tables only
    raw = [sa.type_coerce(column, sa.types.NULLTYPE).label(f"c{n}") for n, column in enumerate(columns)]
    query = sa.select(*raw).select_from(first if source is None else source).where(*where)
    query = query.order_by(*(order or first.primary_key.columns))
    judges = [_judge(column, outer=column.table is not first) for column in columns]
    for row in snapshot.stream(query):
        for value, judge in zip(row, judges, strict=True):
            if not judge(value):
                _refuse(columns, row, judges)
        yield tuple(row)


def merged(*streams: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, tuple[list[tuple[Any, ...]], ...]]]:
    """Yield (key, rows of each stream); the key is the first value of a row, ascending in every stream."""
    groups = [itertools.groupby(stream, operator.itemgetter(0)) for stream in streams]
    heads = [_next_group(group) for group in groups]
    while any(head is not None for head in heads):
        key = min(head[0] for head in heads if head is not None)
        taken: list[list[tuple[Any, ...]]] = []
        for place, head in enumerate(heads):
            if head is not None and head[0] == key:
                taken.append(head[1])
                heads[place] = _next_group(groups[place])
            else:
                taken.append([])
        yield key, tuple(taken)


def count(snapshot: Snapshot, table: sa.Table) -> int:
    """Return the number of rows of a table."""
    return int(snapshot.conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _next_group(group: Any) -> tuple[Any, list[tuple[Any, ...]]] | None:
    found = next(group, None)
    return None if found is None else (found[0], list(found[1]))


def _judge(column: sa.Column[Any], *, outer: bool) -> Callable[[object], bool]:
    """Return the question whether a raw value is of the column's type and, if binary, of its length."""
    kind, empty = column.type, outer or bool(column.nullable)
    if isinstance(kind, sa.LargeBinary):
        length = kind.length
        return lambda value: (
            empty
            if value is None
            else (isinstance(value, bytes) and (length is None or len(value) == length))
        )
    wanted = int if isinstance(kind, sa.Integer) else str
    return lambda value: empty if value is None else type(value) is wanted


def _refuse(
    columns: Sequence[sa.Column[Any]], row: Sequence[Any], judges: Sequence[Callable[[object], bool]]
) -> None:
    values = list(zip(columns, row, judges, strict=True))
    column = next(column for column, value, judge in values if not judge(value))
    assert isinstance(column.table, sa.Table)  # noqa: S101
    key = {one.name: value for one, value, _judge in values if one.table is column.table and one.primary_key}
    raise Wrong(
        at(column.table, column.name, **key),
        "值的类型或长度不对",
        "the value has not the declared type or length",
    )


def _shown(value: object) -> str:
    if not isinstance(value, bytes):
        return str(value).encode("utf-8", "backslashreplace").decode()
    return str(uuid.UUID(bytes=value)) if len(value) == 16 else value.hex()[:16] + "…"
