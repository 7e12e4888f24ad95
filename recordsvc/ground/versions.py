"""Registers that change seldom and are asked all the time: kept in memory, never older than the database.

Each register (clients, institutions …) has a row with its version. Whoever changes a register calls `bump`
in the same turn; whoever reads it compares one number per request and loads again only when it has moved. A
suspension therefore holds from the next request on, in every process.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database, metadata
from recordsvc.ground.readers import Cursor, Question

T = TypeVar("T")

register_version = sa.Table(
    "register_version",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    info={"kind": "head"},
    comment="How often a register has changed; what processes compare before they trust their copy",
)

ALL = "SELECT name, version FROM register_version"
"""Asks for the versions of all registers at once, for `Register.of`."""
_READ = "SELECT version FROM register_version WHERE name = ?"
_BUMP = sa.text(
    "INSERT INTO register_version (name, version) VALUES (:name, 1) "
    "ON CONFLICT (name) DO UPDATE SET version = register_version.version + 1 RETURNING version"
)


def asking_all() -> Question[dict[str, int]]:
    """Ask for the versions of all registers, for `Register.of`."""
    return Question(ALL, (), dict)


def bump(turn: Turn, name: str) -> int:
    """Say that a register changes in this turn; returns its new version.

    The row stays locked until the commit, so the changes of one register stand one after another.
    """
    return int(turn.conn.execute(_BUMP, {"name": name}).scalar_one())


def hold(turn: Turn, name: str) -> None:
    """Keep a register as it is until the commit: who changes it waits, and who changed it is seen."""
    wanted = sa.select(register_version.c.version).where(register_version.c.name == name)
    turn.conn.execute(wanted.with_for_update(read=True)).all()


def version(conn: Connection, name: str) -> int:
    """A register's version in this snapshot or turn; 0 before its first change."""
    wanted = sa.select(register_version.c.version).where(register_version.c.name == name)
    return int(conn.execute(wanted).scalar() or 0)


class Register(Generic[T]):
    """One process's copy of a register."""

    def __init__(self, db: Database, name: str, load: Callable[[Connection], T]) -> None:
        """`load(conn)` makes the whole copy; what it returns must not be changed by those who get it."""
        self._db = db
        self._name = name
        self._load = load
        self._lock = threading.Lock()
        self._copy: tuple[int, T] | None = None

    def of(self, versions: Mapping[str, int]) -> T:
        """The register at these versions (what `ALL` answered on a snapshot), or newer if it has moved."""
        return self._current(versions.get(self._name, 0))

    def get(self, cursor: Cursor | None = None) -> T:
        """The register as of now: one indexed read of one number when nothing has changed.

        `cursor`, a driver cursor on a snapshot that was just opened, saves a connection of its own.
        """
        if cursor is None:
            row = self._db.look_up(_READ, (self._name,))
        else:
            cursor.execute(self._db.sql(_READ), (self._name,))
            row = cursor.fetchone()
        return self._current(row[0] if row else 0)

    def _current(self, seen: int) -> T:
        copy = self._copy
        return copy[1] if copy is not None and copy[0] == seen else self._reload()

    def last(self) -> T:
        """The copy as it was last read: for who has asked for this register a moment ago, in this request."""
        return self._reload() if self._copy is None else self._copy[1]

    def at(self, conn: Connection) -> T:
        """The register in this snapshot or turn. Loaded afresh when the copy is of another version.

        What a turn has not committed is never kept: its version number may yet come to mean something else.
        """
        copy = self._copy
        if copy is not None and copy[0] == version(conn, self._name):
            return copy[1]
        return self._load(conn)

    def _reload(self) -> T:
        # One loads, the others wait for it rather than for the database.
        with self._lock, self._db.read() as conn:
            seen = version(conn, self._name)
            if self._copy is None or self._copy[0] != seen:
                self._copy = (seen, self._load(conn))
            return self._copy[1]
