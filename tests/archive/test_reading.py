"""What a process keeps between two readings of an archive is never older than the database."""

from collections.abc import Iterator

import pytest

from recordsvc.archive.keyevents import KeyAction
from recordsvc.archive.reading import Archive, Reader
from recordsvc.bodies import institutions
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House, open_house
from tests.archive.support import Centre, person


@pytest.fixture
def other(house: House) -> Iterator[House]:
    """Another process's house on the same database."""
    opened = open_house(house.settings, house.clock, house.random)
    yield opened
    opened.close()


def read(house: House, worker_id: bytes) -> Archive:
    archive = Reader(house).archive(worker_id)
    assert archive is not None
    return archive


def test_a_suspicion_of_another_process_is_told_at_the_next_reading(house: House, other: House) -> None:
    first, second = Centre(house, 1), Centre(house, 2)
    first.enter(first.completion(person(1)))
    second.enter(second.completion(person(1)))
    worker_id = first.worker_id(person(1))
    told = [[one.needs_reconfirmation for one in read(other, worker_id).state.records]]
    for centre in (first, second):
        centre.act(KeyAction.SUSPECT, 1)
        told.append([one.needs_reconfirmation for one in read(other, worker_id).state.records])

    assert told == [[False, False], [True, False], [True, True]]


def test_a_kind_stated_later_changes_nothing_for_what_stands(
    house: House, other: House, clock: FixedClock
) -> None:
    """Whether one kind or several were stated: each record goes by what the register told at its entry."""
    centre = Centre(house)
    centre.enter(centre.completion(person(1)))
    worker_id = centre.worker_id(person(1))
    before = [one.confirmation for one in read(other, worker_id).state.records]
    clock.advance(1_000)
    kind = institutions.FactKind.KIND
    house.db.write(
        lambda turn: institutions.state(turn, centre.uscc, kind, "2015-01-01", "bureau", "test", "official:1")
    )

    assert [one.confirmation for one in read(other, worker_id).state.records] == before
    assert other.institutions.all()[centre.uscc].only_kind() is None


def test_workers_asked_together_are_those_asked_alone(house: House) -> None:
    centre = Centre(house)
    centre.enter(*(centre.completion(person(n)) for n in range(5)))
    ids = [centre.worker_id(person(n)) for n in range(5)]
    with house.db.read_raw() as cursor:
        together = house.people.load_all(cursor, [*ids, bytes(16)])
        alone = {one: house.people.load(cursor, one) for one in ids}
        assert house.people.load_all(cursor, []) == {}
    assert {one: (w.worker_id, w.version, w.names, w.state, w.key.key_id) for one, w in together.items()} == {
        one: (w.worker_id, w.version, w.names, w.state, w.key.key_id) for one, w in alone.items() if w
    }
