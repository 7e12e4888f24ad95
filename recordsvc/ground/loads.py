"""How rows of a table are written in bulk: the statements, and PostgreSQL's types of the columns."""

import functools
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from recordsvc.ground.readers import Asked

COPY_ROWS = 32
"""From how many rows on PostgreSQL's COPY is cheaper than INSERT. It cannot travel with other statements."""


def inserting(table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> Asked:
    """Return one INSERT for a few rows: a list for each column costs half of a statement for each row."""
    if len(rows) == 1:
        return _insert_one(table), rows[0]
    return _insert_lists(table), [list(column) for column in zip(*rows, strict=True)]


@functools.cache
def percent(text: str) -> str:
    """Bring a statement with `?` placeholders (`?b`: sent in binary form) to psycopg's form."""
    return text.replace("%", "%%").replace("?b", "%b").replace("?", "%s")


@functools.cache
def insert(table: sa.Table) -> str:
    """Return SQLite's INSERT of one row."""
    names = ", ".join(column.name for column in table.columns)
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 - names of our own tables


@functools.cache
def _insert_one(table: sa.Table) -> str:
    names = ", ".join(column.name for column in table.columns)
    marks = ", ".join(f"%b::{kind}" for kind in copy_types(table))
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 - names of our own tables


@functools.cache
def _insert_lists(table: sa.Table) -> str:
    names = ", ".join(column.name for column in table.columns)
    lists = ", ".join(f"%b::{kind}[]" for kind in copy_types(table))
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({lists})"  # noqa: S608 - our own tables


@functools.cache
def copy_types(table: sa.Table) -> list[str]:
    """Return PostgreSQL's type of each column."""
    kinds = {sa.LargeBinary: "bytea", sa.BigInteger: "int8", sa.Integer: "int4", sa.SmallInteger: "int2"}
    kinds |= {sa.String: "text", sa.Text: "text", sa.Boolean: "bool"}
    return [kinds[type(column.type)] for column in table.columns]
