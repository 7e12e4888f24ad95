"""Every case has an end (每件异议都有结果): whatever became of its archive meanwhile."""

import uuid

import pytest

from recordsvc import fsck
from recordsvc.archive import closing, disputes, persons
from recordsvc.archive.dispute_answers import Answer
from recordsvc.archive.dispute_decisions import Decision
from recordsvc.archive.disputes import Dispute
from recordsvc.archive.errors import ArchiveRestricted, TargetUnfit
from recordsvc.archive.moving import Moving, propose_move
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.people import standing
from tests.archive import test_disputes as known
from tests.archive.support import Centre, person
from tests.archive.test_disputes import REJECTED, SCORE, cases, follow, opened, propose, state_of
from tests.archive.test_erasing import restrict
from tests.archive.test_merging import decided

centre, record, worker, regional = known.centre, known.record, known.worker, known.regional
REVOKED = Decision("没有参加", revoke="entered-in-error")


def closed(house: House, worker_id: bytes) -> None:
    """Close an archive, as after a death."""
    death = closing.Death("death-certificate", "2025-01-02", "死亡证明", ["ab" * 32])
    decided(house, lambda turn: closing.propose_closure(turn, house, worker_id, death, "official:first"))


def size(house: House, worker_id: bytes) -> int:
    found = persons.read(house, worker_id)
    assert found is not None
    return sum(len(one.entries) for one in found.archives)


@pytest.mark.parametrize(
    ("decision", "state"), [(SCORE, "upheld"), (REVOKED, "upheld"), (REJECTED, "rejected")]
)
def test_a_case_is_decided_after_its_archive_was_closed_and_nothing_else_enters(
    house: House, centre: Centre, worker: bytes, regional: Dispute, decision: Decision, state: str
) -> None:
    closed(house, worker)
    before = size(house, worker)

    index = decided(house, propose(house, regional, decision))

    assert [(one.state, one.outcome_idx) for one in cases(house, worker)] == [(state, index)]
    assert size(house, worker) == before + 1
    centre.send([centre.completion(person(1))])
    assert size(house, worker) == before + 1, "closed to everything else"
    assert fsck.fsck(house).finding is None


def test_what_an_issuer_promised_and_cannot_enter_any_more_becomes_the_regions(
    house: House, clock: FixedClock, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    closed(house, worker)
    promised = Answer("upheld", "将更正", uuid.uuid4().bytes)
    known.answer(house, case, centre.uscc, promised)
    clock.advance(40 * known.DAY)
    assert disputes.pass_on_due(house) == 1
    (passed,) = cases(house, worker)
    decided(house, propose(house, passed, SCORE))
    assert cases(house, worker)[0].state == "upheld"


def test_a_case_rejected_by_the_issuer_of_a_closed_archive_is_decided(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    closed(house, worker)
    known.answer(house, case, centre.uscc, Answer("rejected", "签到表为准"))
    (passed,) = cases(house, worker)
    decided(house, propose(house, passed, REJECTED))
    assert cases(house, worker)[0].state == "rejected"


def test_a_case_of_a_restricted_archive_waits_and_is_decided_once_that_is_lifted(
    house: House, worker: bytes, regional: Dispute
) -> None:
    restrict(house, worker)
    with pytest.raises(ArchiveRestricted):
        house.db.write(propose(house, regional, SCORE))
    assert not cases(house, worker)[0].closed
    house.db.write(lambda turn: standing.change(turn, worker, standing.RESTRICTED, standing.OPEN))
    decided(house, propose(house, regional, SCORE))
    assert cases(house, worker)[0].state == "upheld"


def test_a_case_of_a_record_that_is_moved_away_ends_with_its_revocation_here(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    opened(house, worker, record)
    centre.enter(centre.completion(person(2)))
    moved = Moving(worker, known.bytes_of(record), centre.worker_id(person(2)), "记错了人")
    decided(house, lambda turn: propose_move(turn, house, moved, "official:first"))
    follow(house)
    assert cases(house, worker)[0].state == "upheld"
    assert state_of(house, worker, record).moved


def test_what_is_anothers_leaves_the_archive_of_somebody_who_died(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    centre.enter(centre.completion(person(2), **{"class": {"code": "2026-HJ-02"}}))
    closed(house, worker)
    moved = Moving(worker, known.bytes_of(record), centre.worker_id(person(2)), "记错了人")
    index = decided(house, lambda turn: propose_move(turn, house, moved, "official:first"))
    assert state_of(house, worker, record).moved
    found = persons.read(house, centre.worker_id(person(2)))
    assert found is not None
    assert found.own.entries[-1].stored.idx == index
    there = found.own.entries[-1].stored.record_id
    assert there is not None
    back = Moving(centre.worker_id(person(2)), there, worker, "又记错了")
    with pytest.raises(TargetUnfit):
        house.db.write(lambda turn: propose_move(turn, house, back, "official:first"))
