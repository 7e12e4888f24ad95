"""Insert what is not there yet: the same words mean it on both databases, and SQLAlchemy has none for it."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection


def insert_missing(conn: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows (all columns each); one whose key stands already is left as it stands."""
    if rows:
        conn.execute(_statement(table), [dict(row) for row in rows])


@functools.cache
def _statement(table: sa.Table) -> sa.TextClause:
    names = [column.name for column in table.columns]
    marks = ", ".join(f":{name}" for name in names)
    columns = ", ".join(names)
    text = f"INSERT INTO {table.name} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 - our own
    return sa.text(text)
