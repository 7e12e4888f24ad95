"""What tells the same as a record goes with it: sealed, shown again, erased by one decision."""

import uuid
from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import fsck
from recordsvc.archive import (
    alike,
    confirm,
    dispute_decisions,
    dispute_follower,
    disputes,
    erasing,
    noticeboard,
    persons,
    tables,
    views,
)
from recordsvc.archive.dispute_decisions import Decision
from recordsvc.archive.restricting import LIFT, RESTRICT
from recordsvc.archive.states import Life
from recordsvc.ground import two_person
from recordsvc.ground.two_person import StaleProposal
from recordsvc.house import House
from recordsvc.people.standing import StandingRefused
from tests.archive.restricted import asking, lift, seal
from tests.archive.support import STATER, Centre, id_of, person, shown
from tests.archive.test_erasing import UNLAWFUL
from tests.archive.test_merging import decided, merge, unmerge

ONE, TWO = person(1), person(2)
OTHER = {"class": {"code": "C2"}}


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def told(centre: Centre) -> list[bytes]:
    """A class told twice, and another."""
    made = [centre.completion(ONE), centre.completion(ONE, score="87.0"), centre.completion(ONE, **OTHER)]
    centre.enter(*made)
    return made


@pytest.fixture
def worker(centre: Centre, told: list[bytes]) -> bytes:
    return centre.worker_id(ONE)


def bytes_of(record: bytes) -> bytes:
    return uuid.UUID(id_of(record)).bytes


def lives(house: House, worker_id: bytes, told: Sequence[bytes]) -> list[str]:
    """How these records stand; one that is erased has no id any more."""
    person = persons.read(house, worker_id)
    assert person is not None
    places = [person.find(bytes_of(one)) for one in told]
    return ["erased" if one is None or one.state is None else str(one.state.life) for one in places]


def erasure(house: House, worker_id: bytes, record: bytes) -> Any:
    wanted = bytes_of(record)
    return lambda turn: erasing.propose_record_erasure(
        turn, house, worker_id, wanted, UNLAWFUL, "official:first"
    )


def counted(house: House, worker_id: bytes) -> list[tuple[str, int]]:
    """What the worker was told, of how many records."""
    with house.db.read() as conn:
        found = noticeboard.of_workers(house, conn, [worker_id])
    return [(one.kind, one.params["count"]) for one in found][::-1]


def test_what_tells_the_same_is_named_sealed_and_shown_again(
    house: House, worker: bytes, told: list[bytes]
) -> None:
    proposal = house.db.write(asking(house, RESTRICT, worker, bytes_of(told[0])))
    with house.db.read() as conn:
        payload = two_person.read(conn, proposal, house.clock.now_ms()).payload
    assert [one["record_id"] for one in payload["also"]] == [id_of(told[1])]
    decided(house, lambda _turn: proposal)

    assert lives(house, worker, told) == ["restricted", "restricted", "active"]
    person = persons.read(house, worker)
    assert person is not None
    assert b"87.0" not in views.person_json(person)
    assert counted(house, worker) == [("record-restricted", 2)]
    lift(house, worker, bytes_of(told[1]))
    assert lives(house, worker, told) == ["active"] * 3
    assert counted(house, worker)[1:] == [("record-lifted", 2)]
    with house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(tables.fact_mark)) == 0
    assert fsck.fsck(house).finding is None


def test_what_tells_the_same_is_erased_with_it(house: House, worker: bytes, told: list[bytes]) -> None:
    seal(house, worker, bytes_of(told[0]))
    decided(house, erasure(house, worker, told[0]))

    assert lives(house, worker, told) == ["erased", "erased", "active"]
    assert fsck.fsck(house).finding is None


def test_a_revoked_one_is_sealed_too(house: House, centre: Centre, worker: bytes, told: list[bytes]) -> None:
    centre.enter(centre.revocation(ONE, told[1]))
    seal(house, worker, bytes_of(told[0]))

    assert lives(house, worker, told[:2]) == ["restricted", "restricted"]
    lift(house, worker, bytes_of(told[0]))
    assert lives(house, worker, told[:2]) == ["active", "revoked"]


@pytest.mark.parametrize("kind", [RESTRICT, LIFT])
def test_what_came_or_went_since_makes_the_proposal_stale(
    house: House, centre: Centre, worker: bytes, told: list[bytes], kind: str
) -> None:
    if kind == RESTRICT:
        proposal = house.db.write(asking(house, RESTRICT, worker, bytes_of(told[2])))
        centre.enter(centre.completion(ONE, **OTHER))
    else:
        seal(house, worker, bytes_of(told[0]))
        proposal = house.db.write(asking(house, LIFT, worker, bytes_of(told[0])))
        decided(house, erasure(house, worker, told[1]))
    with pytest.raises(StaleProposal):
        decided(house, lambda _turn: proposal)


def test_nothing_is_erased_whose_twin_is_still_read(
    house: House, worker: bytes, told: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it may stand that was restricted before twins went along."""
    with monkeypatch.context() as before:
        before.setattr(alike, "of", lambda *_of: [])
        seal(house, worker, bytes_of(told[0]))
    assert lives(house, worker, told) == ["restricted", "active", "active"]
    with pytest.raises(StandingRefused):
        house.db.write(erasure(house, worker, told[0]))
    seal(house, worker, bytes_of(told[1]))
    decided(house, erasure(house, worker, told[0]))
    assert lives(house, worker, told) == ["erased", "erased", "active"]


def test_what_stands_here_of_somebody_else_stays(house: House, centre: Centre, told: list[bytes]) -> None:
    """Two people of one class, merged by mistake and parted: either record is its own person's."""
    centre.enter(centre.completion(TWO, **OTHER))
    one, two = centre.worker_id(ONE), centre.worker_id(TWO)
    merge(house, two, one)
    theirs = centre.completion(TWO)
    centre.enter(theirs)
    unmerge(house, two)
    seal(house, one, bytes_of(told[0]))

    assert lives(house, one, [told[0], told[1], theirs]) == ["restricted", "restricted", "active"]


def test_merged_archives_are_one_persons(house: House, centre: Centre, told: list[bytes]) -> None:
    theirs = centre.completion(TWO)
    centre.enter(theirs)
    one, two = centre.worker_id(ONE), centre.worker_id(TWO)
    merge(house, two, one)
    seal(house, two, bytes_of(theirs))

    assert lives(house, one, [theirs, *told]) == ["restricted", "restricted", "restricted", "active"]
    assert fsck.fsck(house).finding is None


def test_a_wish_is_granted_for_all_that_tells_the_same(
    house: House, worker: bytes, told: list[bytes]
) -> None:
    seen = shown(house, worker, bytes_of(told[0]))
    confirm.contest(house, worker, seen, "page", STATER, "wants-restriction", "不想再显示")
    dispute_follower.follower(house).run()
    with house.db.read() as conn:
        (case,) = disputes.of_workers(conn, [worker])
    decision = Decision("本人申请", restrict="erasure-requested")
    decided(
        house,
        lambda turn: dispute_decisions.propose(turn, house, case.dispute_id, decision, "official:first"),
    )

    assert lives(house, worker, told) == ["restricted", "restricted", "active"]
    assert fsck.fsck(house).finding is None


def test_a_wish_said_later_in_a_case_is_granted_from_the_card(
    house: House, worker: bytes, told: list[bytes]
) -> None:
    for reason in ("wrong-result", "wants-restriction"):
        seen = shown(house, worker, bytes_of(told[2]))
        confirm.contest(house, worker, seen, "page", STATER, reason, "不对，也不想再显示")
        dispute_follower.follower(house).run()
    seal(house, worker, bytes_of(told[2]))
    with house.db.read() as conn:
        (case,) = disputes.of_workers(conn, [worker])

    assert case.state == "upheld"
    assert lives(house, worker, told[2:]) == [Life.RESTRICTED]
