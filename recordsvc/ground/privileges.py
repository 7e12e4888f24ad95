"""Who may change which rows (architecture.md, "kind of table"): privileges on PostgreSQL, triggers on SQLite.

Every table says its kind in `Table.info["kind"]`; nothing here knows a table by name. A column that may
change although its table's kind forbids it (the standing of an identifier) is named in `info["mutable"]`.
Proofs never rely on this obedience: whoever owns the database can do anything; `fsck`, witnesses and old
receipts tell on them.
"""

import contextlib
import enum
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

APPLICATION_ROLE = "recordsvc_app"
"""Serves requests. Owns nothing."""
ERASURE_ROLE = "recordsvc_erasure"
"""Nobody logs in as it; the application takes it on for one statement (`erasing`)."""
OWNER_ROLE = "recordsvc_owner"
"""Owns the tables and migrates them. Never serves requests."""


class Kind(enum.StrEnum):
    """What may happen to the rows of a table once they are there."""

    APPEND_ONLY = "append-only"
    """Nobody changes them: entries, places, tiles, checkpoints, dedupe, who-looked."""
    HEAD = "head"
    """Derivable; the writer changes them under the lock and `fsck` recomputes them."""
    ERASABLE = "erasable"
    """Ciphertexts, worker keys, blind-index rows: the erasure role only."""
    STATE = "state"
    """Everything else: sessions, proposals, leases, the outbox."""


APPLICATION_PRIVILEGES = {
    Kind.APPEND_ONLY: "SELECT, INSERT",
    Kind.HEAD: "SELECT, INSERT, UPDATE",
    Kind.ERASABLE: "SELECT, INSERT",
    Kind.STATE: "SELECT, INSERT, UPDATE, DELETE",
}


def kind_of(table: sa.Table) -> Kind:
    """Return a table's declared kind. Raises `ValueError` when it declares none."""
    return Kind(table.info.get("kind", ""))


SECRET = frozenset({"sealed", "wrapped", "tag", "salt"})
"""Names of columns whose bytes, with the keys of their time, tell something of a person."""


def secrets_of(table: sa.Table) -> list[sa.Column[Any]]:
    """Return the columns of which nothing may be left once a row was erased."""
    return [one for one in table.columns if one.name in SECRET and isinstance(one.type, sa.LargeBinary)]


def protect(conn: Connection, tables: Iterable[sa.Table], application_role: str = APPLICATION_ROLE) -> None:
    """Let the database refuse what the kinds of `tables` forbid. Repeatable; runs as owner."""
    if conn.dialect.name == "sqlite":
        for table in tables:
            _guard(conn, table)
        return
    for table in tables:
        _grant(conn, table, application_role)
        _keep_out_of_statistics(conn, table)
    # A serving process compares the revision with its own before it serves.
    conn.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {_quote(conn, application_role)}")


@contextlib.contextmanager
def erasing(conn: Connection) -> Iterator[None]:
    """Hold the erasure role (擦除) for the statements inside; nothing else may touch erasable rows.

    The role ends with the block, though other jobs share the transaction, and with the transaction in any
    case.
    """
    if conn.dialect.name == "sqlite":
        yield
        return
    conn.exec_driver_sql(f"SET LOCAL ROLE {ERASURE_ROLE}")
    yield
    # Not in a `finally`: an error aborts the transaction, which refuses statements and takes the role with
    # it.
    conn.exec_driver_sql("RESET ROLE")


def _guard(conn: Connection, table: sa.Table) -> None:
    if kind_of(table) is not Kind.APPEND_ONLY:
        return
    for verb in ("UPDATE", "DELETE"):
        conn.exec_driver_sql(
            f"CREATE TRIGGER IF NOT EXISTS {table.name}_no_{verb.lower()} BEFORE {verb} ON {table.name} "
            f"BEGIN SELECT RAISE(ABORT, '{table.name} is append-only'); END"
        )


def _grant(conn: Connection, table: sa.Table, application_role: str) -> None:
    kind, name, application = kind_of(table), _quote(conn, table.name), _quote(conn, application_role)
    conn.exec_driver_sql(f"REVOKE ALL ON {name} FROM PUBLIC, {application}, {ERASURE_ROLE}")
    conn.exec_driver_sql(f"GRANT {APPLICATION_PRIVILEGES[kind]} ON {name} TO {application}")
    for column in table.info.get("mutable", ()):
        conn.exec_driver_sql(f"GRANT UPDATE ({_quote(conn, column)}) ON {name} TO {application}")
    if kind is Kind.ERASABLE:
        conn.exec_driver_sql(f"GRANT SELECT, UPDATE, DELETE ON {name} TO {ERASURE_ROLE}")


def _keep_out_of_statistics(conn: Connection, table: sa.Table) -> None:
    """Let the planner collect no samples: in `pg_statistic` they would outlive the erased row."""
    for column in secrets_of(table):
        names = _quote(conn, table.name), _quote(conn, column.name)
        conn.exec_driver_sql("ALTER TABLE {} ALTER COLUMN {} SET STATISTICS 0".format(*names))


def _quote(conn: Connection, name: str) -> str:
    return conn.dialect.identifier_preparer.quote(name)
