"""What was closed after a death since the backup opens sealed, until two officials close it again.

The journal of restrictions tells that it was closed; the day of death and the papers it does not know.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import anchor, fsck, restrictions, starting
from recordsvc.archive import (
    awaiting,
    closing,
    erasing,
    life_errors,
    noticeboard,
    persons,
    replaying,
    tables,
    wording,
)
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.ground import two_person
from recordsvc.house import House
from recordsvc.people import merges, standing
from recordsvc.people.standing import StandingRefused
from tests.archive.support import Centre, person
from tests.archive.test_after_death import close, reopen, stands
from tests.archive.test_erasing import DIED, restrict
from tests.archive.test_merging import decided, merge, unmerge
from tests.test_continuing import Past, elsewhere, go_on, past, propose, restored

__all__ = ["elsewhere", "past", "restored"]


@pytest.fixture
def lost(house: House, past: Past, request: pytest.FixtureRequest) -> Iterator[Any]:
    """What writes the journals and goes on from the backup, once the disaster has come."""
    opened: list[House] = []

    def restore() -> House:
        journalled(house)
        anchor.keep(house)
        copy = request.getfixturevalue("restored")
        opened.append(go_on(copy, propose(copy)))
        return opened[0]

    yield restore
    for one in opened:
        one.close()


def journalled(house: House) -> set[tuple[bytes, str]]:
    """What the journal says of whole archives."""
    restrictions.journal(house).run()
    restrictions.closings(house).run()
    return {(one.worker_id, one.what) for one in restrictions.standing(house) if one.seq < 0}


def lift(house: House, worker_id: bytes, ground: str) -> None:
    decided(house, lambda turn: erasing.propose_lift(turn, worker_id, ground, "经查", "official:first"))


def awaited(house: House, worker_id: bytes) -> bool:
    with house.db.read() as conn:
        return closing.awaits(house, conn, worker_id)


def grounds(house: House, worker_id: bytes) -> list[str]:
    archive = persons.read(house, worker_id, sealed=True).own
    said = [one.record for one in archive.entries if one.record is not None]
    return [one["body"]["ground"] for one in said if one["type"] in ("restriction", "closure")]


def test_it_is_sealed_until_it_is_closed_again_which_lifts_the_seal(
    house: House, past: Past, lost: Any
) -> None:
    kept = past.kept
    close(house, kept)
    assert journalled(house) == {(kept, "closed")}
    text = house.settings.restriction_journal_path.read_text()
    assert DIED.on not in text
    assert DIED.text not in text

    opened = lost()
    starting.check(opened)
    assert (stands(opened, kept), awaited(opened, kept)) == (standing.RESTRICTED, True)
    with pytest.raises(ArchiveRestricted):
        persons.read(opened, kept)
    assert fsck.fsck(opened).finding is None

    # The desks that close archives are told which, and what is to be done; nothing of the person.
    with opened.db.read() as conn:
        found = noticeboard.of_office(conn, ["desk:identity", "desk:data-officer"])
    one, another = [it for it in found if it.kind == "closing-lost"]
    assert one.params == another.params
    assert one.params == {"worker_id": str(uuid.UUID(bytes=kept))}
    said = wording.worded(opened, "desk", one)
    assert str(uuid.UUID(bytes=kept)) in said.text_zh
    assert "关闭档案（死亡）" in said.text_zh

    # Nobody opens it as any other restriction is lifted.
    with pytest.raises(StandingRefused, match="重新办理关闭"):
        lift(opened, kept, "request-withdrawn")
    assert stands(opened, kept) == standing.RESTRICTED

    # Whoever decides sees what they decide, though the archive is sealed.
    proposal = opened.db.write(
        lambda turn: closing.propose_closure(turn, opened, kept, DIED, "official:first")
    )
    with opened.db.read() as conn:
        waiting = two_person.read(conn, proposal, opened.clock.now_ms())
        assert DIED.on not in str(waiting.payload)
        assert two_person.shown(conn, waiting, opened).payload["on"] == DIED.on
    opened.db.write(
        lambda turn: two_person.decide(
            turn, proposal, "official:second", True, "属实", role="reviewer", tools=opened
        )
    )
    assert (stands(opened, kept), awaited(opened, kept)) == (standing.CLOSED, False)
    assert grounds(opened, kept) == [awaiting.AWAITS, DIED.ground, awaiting.ENTERED]
    assert persons.read(opened, kept) is not None
    assert fsck.fsck(opened).finding is None
    # The next disaster finds it closed, and not restricted.
    assert (kept, "closed") in journalled(opened)
    assert (kept, "restricted") not in journalled(opened)


def test_what_was_restricted_beside_stays_so_when_it_is_closed_again(
    house: House, past: Past, lost: Any
) -> None:
    kept = past.kept
    close(house, kept)
    restrict(house, kept)
    opened = lost()
    assert grounds(opened, kept) == ["replayed", awaiting.AWAITS]
    close(opened, kept)
    assert (stands(opened, kept), awaited(opened, kept)) == (standing.RESTRICTED, False)
    assert fsck.fsck(opened).finding is None
    with pytest.raises(life_errors.GroundOfAnotherAct):
        lift(opened, kept, awaiting.UNFOUNDED)
    lift(opened, kept, "request-withdrawn")
    assert stands(opened, kept) == standing.CLOSED
    assert fsck.fsck(opened).finding is None


def test_two_officials_find_a_closing_unfounded(house: House, past: Past, lost: Any) -> None:
    kept = past.kept
    close(house, kept)
    opened = lost()
    lift(opened, kept, awaiting.UNFOUNDED)
    assert stands(opened, kept) == standing.OPEN
    assert (kept, "closed") not in journalled(opened)
    assert fsck.fsck(opened).finding is None


def test_what_was_reopened_since_is_not_sealed(house: House, past: Past, lost: Any) -> None:
    kept = past.kept
    close(house, kept)
    reopen(house, kept)
    assert (kept, "closed") not in journalled(house)
    opened = lost()
    assert stands(opened, kept) == standing.OPEN


def test_who_came_after_the_backup_is_nobody_of_the_copy(house: House, past: Past, lost: Any) -> None:
    came = past.centre.worker_id(person(4))
    close(house, came)
    opened = lost()
    with opened.db.read() as conn:
        query = sa.select(sa.func.count()).where(tables.office_notice.c.kind == "closing-lost")
        assert conn.execute(query).scalar() == 0
    assert stands(opened, came) == ""


def test_what_the_copy_reads_as_another_archive_is_sealed_as_that(house: House) -> None:
    """Parted after the backup, and closed or restricted then: the copy has the two still as one."""
    centre = Centre(house, 1)
    centre.enter(*(centre.completion(person(n)) for n in (1, 2, 3, 4)))
    one, two, three, four = (centre.worker_id(person(n)) for n in (1, 2, 3, 4))
    merge(house, one, two)
    merge(house, three, four)
    with house.db.read() as conn:
        ids = conn.scalars(sa.select(two_person.proposal.c.id)).all()
        proposal = two_person.read(conn, bytes(ids[0]), house.clock.now_ms())
    assert house.db.write(lambda turn: replaying.await_closing(turn, house, proposal, one, "恢复"))
    assert house.db.write(lambda turn: replaying.restrict_again(turn, house, proposal, three, "恢复"))
    assert not house.db.write(lambda turn: replaying.await_closing(turn, house, proposal, one, "恢复"))
    assert [stands(house, it) for it in (one, three)] == [standing.RESTRICTED] * 2
    assert (awaited(house, two), awaited(house, four)) == (True, False)
    assert fsck.fsck(house).finding is None
    # Unfounded of the two as one: lifted, parted, and closed is who died.
    lift(house, two, awaiting.UNFOUNDED)
    unmerge(house, one)
    close(house, one)
    held = house.db.write(lambda turn: [merges.held(turn, it)[1] for it in (one, two)])
    assert held == [standing.CLOSED, standing.OPEN]
