"""A restored ledger has the same seals, and goes on from them (case 55, as far as the ledger goes)."""

from pathlib import Path

import sqlalchemy as sa

from recordsvc import backup
from recordsvc.fsck import fsck
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House, open_house
from recordsvc.money.ledger import seals, tables
from recordsvc.money.ledger.values import move
from recordsvc.settings import Settings
from tests.money.ledger.test_seals import DAY_MS, booked, opened
from tests.test_backup import _programs, elsewhere

__all__ = ["_programs", "elsewhere"]


def texts(house: House) -> list[str]:
    with house.db.read() as conn:
        rows = conn.execute(sa.select(tables.period).order_by(tables.period.c.size)).all()
        assert [seals.recompute(conn, row.day) for row in rows] == [seals.sealed(row) for row in rows]
    return [row.note for row in rows]


def test_case_55_a_restored_ledger_has_the_same_seals(
    house: House, clock: FixedClock, elsewhere: Settings, tmp_path: Path
) -> None:
    opened(house)
    for n in range(3):
        assert booked(house, f"a{n}", move("source", "line", 100 + n))
        clock.advance(DAY_MS)
    assert seals.keep(house) == 3
    assert booked(house, "open", move("source", "line", 7))
    before = texts(house)
    made = backup.make(house, tmp_path / "out")
    # What the restored one repeats of the inbox comes to the same seal as here.
    clock.advance(DAY_MS)
    assert booked(house, "after", move("source", "line", 9))
    clock.advance(DAY_MS)
    seals.keep(house)

    backup.restore(elsewhere, made)
    restored = open_house(elsewhere, FixedClock(clock.now_ms() - 2 * DAY_MS), house.random)
    try:
        assert texts(restored) == before
        assert fsck(restored, offline=True).finding is None
        assert not booked_anew(restored)
        restored.clock.advance(DAY_MS)
        assert booked(restored, "after", move("source", "line", 9))
        restored.clock.advance(DAY_MS)
        seals.keep(restored)
        own = [note.partition("\n\n")[0] for note in texts(restored)]
        assert own == [note.partition("\n\n")[0] for note in texts(house)]
    finally:
        restored.close()


def booked_anew(house: House) -> bool:
    """Whether a posting that the backup holds has an effect when it is repeated."""
    with house.db.read() as conn:
        before = conn.execute(sa.select(tables.book.c.size)).scalar()
    assert booked(house, "a0", move("source", "line", 100))
    with house.db.read() as conn:
        return conn.execute(sa.select(tables.book.c.size)).scalar() != before
