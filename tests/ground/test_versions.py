"""Registers in memory: never older than the database, never ahead of it."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from recordsvc.ground import versions
from recordsvc.ground.database import Database
from recordsvc.ground.versions import Register, register_version


class Shelf:
    """A register whose content is its own version, and how often it was loaded."""

    def __init__(self, db: Database) -> None:
        self.loads = 0
        self.register = Register(db, "shelf", self._load)

    def _load(self, conn: sa.Connection) -> str:
        self.loads += 1
        return f"content {versions.version(conn, 'shelf')}"


@pytest.fixture
def shelf(database: Database) -> Shelf:
    return Shelf(database)


@pytest.fixture
def other(database: Database) -> Iterator[Database]:
    """The same database as another process sees it."""
    opened = Database(database.url.render_as_string(hide_password=False), clock=database.clock)
    yield opened
    opened.close()


def test_an_unchanged_register_is_loaded_once(shelf: Shelf):
    assert [shelf.register.get() for _ in range(3)] == ["content 0"] * 3
    assert shelf.loads == 1


def test_a_change_is_seen_at_the_next_reading(database: Database, shelf: Shelf):
    shelf.register.get()
    assert database.write(lambda turn: versions.bump(turn, "shelf")) == 1
    assert shelf.register.get() == "content 1"
    assert shelf.loads == 2


def test_a_change_by_another_process_is_seen_too(other: Database, shelf: Shelf):
    shelf.register.get()
    other.write(lambda turn: versions.bump(turn, "shelf"))
    assert shelf.register.get() == "content 1"


def test_another_registers_change_costs_nothing(database: Database, shelf: Shelf):
    shelf.register.get()
    database.write(lambda turn: versions.bump(turn, "attic"))
    shelf.register.get()
    assert shelf.loads == 1


def test_a_turn_sees_its_own_change_and_nobody_else_does(database: Database, shelf: Shelf):
    shelf.register.get()

    def act(turn) -> None:
        versions.bump(turn, "shelf")
        assert shelf.register.at(turn.conn) == "content 1"
        raise RuntimeError("given up")

    with pytest.raises(RuntimeError, match="given up"):
        database.write(act)
    assert shelf.register.get() == "content 0"
    with database.read() as conn:
        assert shelf.register.at(conn) == "content 0"
        assert conn.execute(sa.select(register_version)).all() == []
