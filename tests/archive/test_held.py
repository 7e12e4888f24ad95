"""The releaser against what moves under it: turns that run twice, and rows whose facts never stand still."""

from typing import Any

import pytest

from recordsvc.archive import held
from recordsvc.archive.append import STALE, Batch
from recordsvc.archive.held import Releaser
from recordsvc.archive.reading import Reader
from recordsvc.ground import two_person
from recordsvc.house import House
from tests.archive.support import Centre, id_of, person
from tests.faults.region import release


class Doomed(Exception):
    """Another job of the turn failed: all of the turn is rolled back and runs again."""


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


def entries_of(house: House, centre: Centre) -> list[Any]:
    """All entries of the first worker."""
    archive = Reader(house).archive(centre.worker_id(person(1)))
    assert archive is not None
    return list(archive.entries)


def test_a_note_aims_at_its_record_though_its_turn_ran_twice(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two runs somebody else enters a record of the same worker: every seq moves by one."""
    centre.enter(centre.completion(person(1)))
    unlike, between = centre.completion({**person(1), "name": "丁不同"}), centre.completion(person(1))
    centre.send([unlike])
    with house.db.read() as conn:
        (waiting,) = held.waiting(conn)
    append = house.admission.append

    def twice(batch: Batch) -> Any:
        def doomed(turn: Any) -> None:
            house.admission.appender.take(turn, [batch])
            raise Doomed

        monkeypatch.setattr(house.admission, "append", append)
        with pytest.raises(Doomed):
            house.db.write(doomed)
        centre.enter(between)
        return append(batch)

    monkeypatch.setattr(house.admission, "append", twice)
    assert release(house, waiting.held_id, centre.worker_id(person(1))) == 1

    entries = entries_of(house, centre)
    released = next(entry for entry in entries if entry.record["id"] == id_of(unlike))
    note = next(entry for entry in entries if entry.record["type"] == "release")
    assert note.stored.target == released.stored.seq


def test_a_row_that_stays_stale_is_left_and_the_others_go(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in range(3):
        centre.enter(centre.completion(person(n)))
    records = [centre.completion({**person(n), "name": "丁不同"}) for n in range(3)]
    centre.send(records)
    with house.db.read() as conn:
        waiting = held.waiting(conn)
    append = house.admission.append
    unlucky = centre.worker_id(person(1))

    def moving(batch: Batch) -> Any:
        if any(one.worker.worker_id == unlucky for one in batch.prepared):
            return STALE, None
        return append(batch)

    monkeypatch.setattr(house.admission, "append", moving)
    monkeypatch.setattr(Releaser, "run", lambda _self: 0)
    for n, one in enumerate(waiting):
        release(house, one.held_id, centre.worker_id(person(n)))
    monkeypatch.undo()
    monkeypatch.setattr(house.admission, "append", moving)

    assert Releaser(house).run() == 2
    assert "release-stuck" in capsys.readouterr().err
    monkeypatch.undo()
    assert Releaser(house).run() == 1


def test_a_decision_whose_role_nobody_named_claims_none(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)))
    centre.send([centre.completion({**person(1), "name": "丁不同"})])
    with house.db.read() as conn:
        (waiting,) = held.waiting(conn)
    release(house, waiting.held_id, centre.worker_id(person(1)))
    with house.db.read() as conn:
        (done,) = two_person.closed(conn, house.clock.now_ms())
    note = entries_of(house, centre)[-1].record
    assert (done.decided_role, note["actor"]["role"]) == (None, "official")
