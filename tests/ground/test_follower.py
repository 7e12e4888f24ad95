"""Followers: every item once, in order, whoever is killed where; what fails stays in front and is seen."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordsvc.ground import follower as module
from recordsvc.ground.commit import CommitUnknown, Turn
from recordsvc.ground.database import Database, installation
from recordsvc.ground.follower import Ahead, Follower, Portion, places
from recordsvc.ground.ports import FixedClock
from tests.conftest import Addresses

ITEMS = 23


def read_of(end: int) -> Callable[[int, int], Portion[int]]:
    """A log of the numbers below `end`; every third position holds nothing for this reader."""

    def read(after: int, limit: int) -> Portion[int]:
        numbers = list(range(after + 1, min(end, after + 1 + limit)))
        return Portion([(n, n) for n in numbers if n % 3], numbers[-1] if numbers else after)

    return read


def note(turn: Turn, items: Sequence[int]) -> None:
    """The effect: a row for each item, in a table that refuses a second one."""
    for item in items:
        turn.conn.execute(installation.insert().values(name=f"item-{item:03d}", value="done"))


def noted(database: Database) -> list[int]:
    with database.read() as conn:
        names = conn.execute(sa.select(installation.c.name).order_by(installation.c.name)).scalars()
        return [int(name[5:]) for name in names if name.startswith("item-")]


WANTED = [n for n in range(ITEMS) if n % 3]


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PORTION", 4)


def test_everything_is_handled_once_in_order(database: Database) -> None:
    one = Follower(database, "t", read_of(ITEMS), note)

    assert one.run() == len(WANTED)
    assert one.run() == 0
    assert noted(database) == WANTED
    assert one.place().position == ITEMS - 1


def test_what_comes_later_is_handled_later(database: Database) -> None:
    Follower(database, "t", read_of(5), note).run()

    assert Follower(database, "t", read_of(ITEMS), note).run() == len([n for n in WANTED if n >= 5])
    assert noted(database) == WANTED


def test_followers_of_other_names_are_not_concerned(database: Database) -> None:
    Follower(database, "a", read_of(5), note).run()
    other: list[int] = []

    Follower(database, "b", read_of(ITEMS), lambda _turn, items: other.extend(items)).run()

    assert other == WANTED


def test_an_item_that_fails_is_never_passed_over(
    database: Database, clock: FixedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    poisoned = True

    def handle(turn: Turn, items: Sequence[int]) -> None:
        note(turn, items)
        if poisoned and 10 in items:
            raise ValueError("640104199001011234")

    one = Follower(database, "t", read_of(ITEMS), handle)

    assert one.run() == len([n for n in WANTED if n < 10])
    assert noted(database) == [n for n in WANTED if n < 10]
    (place,) = _places(database)
    assert (place.attempts, place.error) == (1, "ValueError")
    assert place.due_ms > clock.now_ms()
    told = capsys.readouterr().err
    assert "follower-stuck" in told
    assert "64010419900101" not in told

    assert one.run() == 0, "it pauses"
    pauses = []
    for _attempt in range(4):
        before = one.place().due_ms
        clock.advance(before - clock.now_ms())
        assert one.run() == 0
        pauses.append(one.place().due_ms - clock.now_ms())
    assert pauses == sorted(set(pauses)), "pauses grow"

    poisoned = False
    clock.advance(pauses[-1])
    one.run()
    assert noted(database) == WANTED
    assert _places(database)[0].attempts == 0


def test_pauses_have_an_end(database: Database, clock: FixedClock) -> None:
    def handle(_turn: Turn, _items: Sequence[int]) -> None:
        raise ValueError

    one = Follower(database, "t", read_of(ITEMS), handle)
    for _attempt in range(30):
        one.run()
        clock.advance(module.LONGEST_PAUSE_MS)

    assert one.place().due_ms <= clock.now_ms()
    assert one.place().attempts == 30


def test_a_log_that_cannot_be_read_is_reported_too(database: Database) -> None:
    def read(_after: int, _limit: int) -> Portion[int]:
        raise OSError

    one = Follower(database, "t", read, note)

    assert one.run() == 0
    assert (one.place().attempts, one.place().error) == (1, "OSError")


def test_two_at_once_do_not_do_it_twice(database: Database) -> None:
    """The lease ended too early: another process handles the same portion before this one commits."""
    second = Follower(database, "t", read_of(ITEMS), note)

    def read(after: int, limit: int) -> Portion[int]:
        portion = read_of(ITEMS)(after, limit)
        second.run()
        return portion

    assert Follower(database, "t", read, note).run() == 0
    assert noted(database) == WANTED


def test_an_unknown_fate_is_not_taken_for_a_bad_item(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Follower(database, "t", read_of(ITEMS), note)
    one.place()
    write = database.write

    def unsure(*arguments: Any) -> Any:
        write(*arguments)
        raise CommitUnknown("x")

    monkeypatch.setattr(database, "write", unsure)
    with pytest.raises(CommitUnknown):
        one.run()
    monkeypatch.undo()

    assert one.place().attempts == 0
    Follower(database, "t", read_of(ITEMS), note).run()
    assert noted(database) == WANTED


def _places(database: Database) -> list[module.Place]:
    with database.read() as conn:
        return places(conn)


def _forget(owner: str) -> None:
    """Take the effects of the last example back, which only the owner of the tables can."""
    database = Database(owner)
    with database.engine.begin() as conn:
        if database.dialect == "sqlite":
            conn.exec_driver_sql("DROP TRIGGER IF EXISTS installation_no_delete")
        conn.execute(installation.delete())
    database.close()


def _killed(url: str, name: str, at: int, when: str) -> None:
    """Run the follower in this process and die at an item: before its effect, behind it, or behind all."""
    database = Database(url)

    def handle(turn: Turn, items: Sequence[int]) -> None:
        if when == "before" and at in items:
            os.kill(os.getpid(), signal.SIGKILL)
        note(turn, items)
        if when == "after" and at in items:
            os.kill(os.getpid(), signal.SIGKILL)

    def read(after: int, limit: int) -> Portion[int]:
        if when == "between" and after >= at:
            os.kill(os.getpid(), signal.SIGKILL)
        return read_of(ITEMS)(after, limit)

    def prepare(items: Sequence[int]) -> Callable[[Turn], object]:
        if when == "prepared" and at in items:
            os.kill(os.getpid(), signal.SIGKILL)
        return lambda turn: handle(turn, items)

    module.PORTION = 4
    Follower(database, name, read, Ahead(prepare)).run()


def test_what_is_prepared_ahead_is_prepared_outside_the_turn_and_hides_no_other_item(
    database: Database, clock: FixedClock
) -> None:
    poisoned = True

    def prepare(items: Sequence[int]) -> Callable[[Turn], object]:
        database.write(lambda turn: turn.now_ms)  # a turn of its own: no other is running
        if poisoned and 10 in items:
            raise ValueError
        doubled = [2 * one for one in items]
        return lambda turn: note(turn, [one // 2 for one in doubled])

    one = Follower(database, "t", read_of(ITEMS), Ahead(prepare))

    assert one.run() == len([n for n in WANTED if n < 10])
    assert noted(database) == [n for n in WANTED if n < 10]
    assert one.place().attempts == 1

    poisoned = False
    clock.advance(one.place().due_ms - clock.now_ms())
    one.run()
    assert noted(database) == WANTED


@pytest.mark.long
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    deaths=st.lists(
        st.tuples(st.integers(0, ITEMS - 1), st.sampled_from(["before", "after", "between", "prepared"])),
        max_size=3,
    )
)
def test_killed_anywhere_nothing_is_missed_and_nothing_done_twice(
    database: Database, addresses: Addresses, deaths: list[tuple[int, str]]
) -> None:
    def clean(turn: Turn) -> None:
        turn.conn.execute(module.follower.delete())

    database.write(clean)
    _forget(addresses.owner)
    context = multiprocessing.get_context("spawn")
    for at, when in deaths:
        process = context.Process(target=_killed, args=(addresses.application, "t", at, when))
        process.start()
        process.join(60)
        assert process.exitcode is not None

    Follower(database, "t", read_of(ITEMS), note).run()

    assert noted(database) == WANTED
