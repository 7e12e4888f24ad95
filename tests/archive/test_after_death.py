"""What is left to do when somebody died: two archives become one, nothing is proposed in vain."""

from typing import Any

import pytest

from recordsvc import fsck
from recordsvc.archive import blockers, closing, foreign, held, merging, persons, release
from recordsvc.archive.errors import TargetUnfit
from recordsvc.house import House
from recordsvc.people import merges
from recordsvc.people.merges import NotMergeable
from recordsvc.people.standing import StandingRefused
from tests.archive.support import STATER, Centre, person, told
from tests.archive.test_disputes import opened
from tests.archive.test_erasing import DIED
from tests.archive.test_merging import EVIDENCE, WHY, decided, merge, unmerge
from tests.faults.region import release as released

ONE, TWO = person(1), person(2)


@pytest.fixture
def centre(house: House) -> Centre:
    """Of two archives, both open."""
    made = Centre(house, 1)
    made.enter(made.completion(ONE), made.completion(TWO, **{"class": {"code": "C2"}}))
    return made


def close(house: House, worker_id: bytes) -> None:
    decided(house, lambda turn: closing.propose_closure(turn, house, worker_id, DIED, "official:first"))


def reopen(house: House, worker_id: bytes) -> None:
    decided(house, lambda turn: closing.propose_reopening(turn, worker_id, "有误", "official:first"))


def stands(house: House, worker_id: bytes) -> str:
    return str(house.db.write(lambda turn: merges.held(turn, worker_id)[1]))


def records(house: House, worker_id: bytes) -> list[int]:
    """How many records each archive of the person has."""
    found = persons.read(house, worker_id)
    return [] if found is None else [len(one.state.records) for one in found.archives]


@pytest.mark.parametrize("both", [True, False])
def test_two_archives_of_one_who_died_are_read_as_one_and_parted_as_they_were(
    house: House, centre: Centre, *, both: bool
) -> None:
    one, two = centre.worker_id(ONE), centre.worker_id(TWO)
    close(house, one)
    if both:
        close(house, two)
    merge(house, two, one)
    assert (stands(house, two), records(house, one)) == ("closed", [1, 1])
    assert told(centre.send([centre.completion(TWO)])) == ["worker-closed"]
    assert fsck.fsck(house).finding is None
    unmerge(house, two)
    assert (stands(house, two), stands(house, one)) == ("closed" if both else "open", "closed")
    assert fsck.fsck(house).finding is None


def test_what_was_open_to_others_of_an_archive_ends_as_it_is_merged_into_that_of_the_dead(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = centre.worker_id(ONE), centre.worker_id(TWO)
    close(house, one)
    ended: list[Any] = []
    monkeypatch.setattr(house, "closers", [lambda _turn, _house, archives: ended.append(set(archives))])
    merge(house, two, one)
    assert ended == [{one, two}]


def test_who_died_is_not_merged_into_who_lives(house: House, centre: Centre) -> None:
    one, two = centre.worker_id(ONE), centre.worker_id(TWO)
    close(house, one)
    with pytest.raises(NotMergeable, match="死者"):
        house.db.write(lambda turn: merging.propose_merge(turn, house, one, two, WHY, "official:first"))
    with pytest.raises(NotMergeable):
        house.db.write(lambda turn: merges.link(turn, one, two))
    assert (stands(house, one), stands(house, two)) == ("closed", "open")


def test_evidence_of_who_died_is_not_judged_anew(house: House, centre: Centre) -> None:
    """Refused when it is proposed: no decision could enter it."""
    one = centre.worker_id(ONE)
    record_id, _index = foreign.state_evidence(house, one, EVIDENCE, [], STATER)
    close(house, one)
    wanted = foreign.Raise(one, record_id, "copy-seen", None, "核对复印件")
    with pytest.raises(TargetUnfit, match="去世"):
        house.db.write(lambda turn: foreign.propose_trust(turn, house, wanted, "official:first"))


def test_who_decides_a_closing_reads_of_open_objections(house: House, centre: Centre) -> None:
    one, record = centre.worker_id(ONE), centre.completion(ONE, **{"class": {"code": "C3"}})
    centre.enter(record)
    with house.db.read() as conn:
        assert blockers.unsettled(house, conn, [one]) == []
    opened(house, one, record)
    with house.db.read() as conn:
        (told_of,) = blockers.unsettled(house, conn, [one])
    assert told_of.zh.startswith("有 1 件异议")


def test_what_waits_for_who_died_is_not_released_in_vain(house: House, centre: Centre) -> None:
    one = centre.worker_id(ONE)
    close(house, one)
    assert told(centre.send([centre.completion(ONE, **{"class": {"code": "C3"}})])) == ["worker-closed"]
    with house.db.read() as conn:
        (waiting,) = held.waiting(conn)

    def propose(**more: Any) -> bytes:
        given = {"held": [waiting.held_id], "select": None, "worker_id": None, "reason": "放行"} | more
        return house.db.write(lambda turn: release.propose(turn, house, **given, by="official:first"))

    for more in ({}, {"held": [], "select": {"reason": "worker-closed"}}, {"worker_id": one}):
        with pytest.raises(StandingRefused, match="退回"):
            propose(**more)
    assert propose(worker_id=centre.worker_id(TWO)), "whose it is, two officials say"
    reopen(house, one)
    assert released(house, waiting.held_id, None) == 1
