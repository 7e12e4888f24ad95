"""Papers filed and words said while two archives were read as one: listed once they are two, and decided."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import fsck
from recordsvc.access.grants import Actor
from recordsvc.access.grants import Kind as Kinds
from recordsvc.archive import blockers, erasing, foreign, meanwhile, noticeboard, tables
from recordsvc.archive.confirm import as_it_stands, confirm, contest
from recordsvc.archive.errors import ArchiveRestricted, TargetUnfit, TargetUnknown
from recordsvc.archive.meanwhile import PAPER, WORD, Deciding, Matter
from recordsvc.archive.reading import Reader
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from tests.archive.paperfiles import pdf, png
from tests.archive.support import Centre, person
from tests.archive.test_erasing import OFFICER
from tests.archive.test_merging import EVIDENCE, STATER, decided, merge, two, unmerge

__all__ = ["two"]

MINUTE = 60_000


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def tick(house: House) -> Any:
    """What happens at another minute is told apart from the acts themselves."""
    clock: Any = house.clock
    assert isinstance(clock, FixedClock)
    return lambda: clock.advance(MINUTE)


def listed(house: House, own: bytes) -> list[Matter]:
    with house.db.read_raw() as cursor:
        return meanwhile.listed(house, cursor, own)


def blocked(house: House, own: bytes) -> bool:
    """Whether what is undecided keeps an archive from being erased."""
    archive = Reader(house, sealed=True).archive(own)
    assert archive is not None
    with house.db.read() as conn:
        found = blockers.of_archives(house, conn, [archive], "unlawful")
    return "archive/strays-undecided" in [one.code for one in found]


def filed(house: House, owner: bytes, data: bytes, title: str) -> bytes:
    worker = Actor(Kinds.WORKER, str(uuid.UUID(bytes=owner)), worker_id=owner)
    return bytes(house.papers.keep(owner, data, "certificate-scan", title, worker).paper_id)


def settle(house: House, one: Matter, to: bytes, *papers: str) -> None:
    asked = Deciding(one.worker_id, one.what, one.matter_id, to, "核对", papers)
    decided(house, lambda turn: meanwhile.propose(turn, house, asked, "official:first"))


def titles(house: House, owner: bytes) -> list[str]:
    return [one.title for one in house.papers.of(owner)]


def kinds(house: House, worker_id: bytes) -> list[str]:
    with house.db.read() as conn:
        return [one.kind for one in noticeboard.of_workers(house, conn, [worker_id])]


def test_papers_filed_meanwhile_go_to_whose_they_are_or_stay(
    house: House, two: tuple[bytes, bytes], tick: Any
) -> None:
    merged, kept = two
    filed(house, kept, png(1, 1), "合并前")
    tick()
    merge(house, *two)
    tick()
    moves = filed(house, kept, png(2, 2), "合并期间甲")
    stays = filed(house, merged, pdf(), "合并期间乙")
    tick()
    unmerge(house, merged)
    tick()
    filed(house, kept, png(3, 3), "撤回后")

    found = listed(house, merged)
    assert [(one.what, one.matter_id, one.worker_id, one.others) for one in found] == [
        (PAPER, moves, kept, (merged,)),
        (PAPER, stays, kept, (merged,)),
    ]
    assert listed(house, kept) == found, "of either archive"
    assert (blocked(house, merged), blocked(house, kept)) == (True, True)

    before, data = house.papers.open(kept, moves, OFFICER, "service-window", "K-1")
    settle(house, found[0], merged)
    assert titles(house, kept) == ["合并前", "合并期间乙", "撤回后"]
    (after,) = house.papers.of(merged)
    told = ("paper_id", "kind", "title", "size", "sha256", "filed_ms", "filed_by")
    assert [getattr(after, name) for name in told] == [getattr(before, name) for name in told]
    assert house.papers.open(merged, moves, OFFICER, "service-window", "K-1")[1] == data
    assert ("paper-moved" in kinds(house, kept), "paper-filed" in kinds(house, merged)) == (True, True)

    assert [one.matter_id for one in listed(house, merged)] == [stays]
    settle(house, found[1], kept)
    assert (listed(house, merged), titles(house, merged)) == ([], ["合并期间甲"])
    assert (blocked(house, merged), blocked(house, kept)) == (False, False)
    with pytest.raises(TargetUnknown):
        settle(house, found[1], kept)
    tick()
    for _minute in range(61):
        tick()
    assert house.papers.sweep() == 1, "the file of before"
    assert fsck.fsck(house).finding is None


def test_words_said_meanwhile_stay_with_their_records(
    house: House, centre: Centre, two: tuple[bytes, bytes], tick: Any
) -> None:
    """Either may have said them, of the records of either; a new word of the record's person settles one."""
    merged, kept = two
    one, other = (Reader(house).archive(whose) for whose in two)
    assert one is not None
    assert other is not None
    records = [archive.entries[0].stored.record_id or b"" for archive in (one, other)]
    tick()
    merge(house, *two)
    tick()
    confirm(house, kept, as_it_stands(one, records[0]), "page", STATER)
    tick()
    contest(house, kept, as_it_stands(other, records[1]), "page", STATER, "wrong-data", "不是我的")
    tick()
    unmerge(house, merged)

    found = listed(house, merged)
    assert [(it.what, it.worker_id, it.others, it.record_id) for it in found] == [
        (WORD, merged, (kept,), records[0]),
        (WORD, kept, (merged,), records[1]),
    ]
    assert (listed(house, kept), blocked(house, kept), blocked(house, merged)) == (found, True, True)
    with pytest.raises(TargetUnfit, match="不能移走"):
        settle(house, found[0], kept)
    settle(house, found[0], merged)
    assert [it.record_id for it in listed(house, merged)] == [records[1]]
    tick()
    now = Reader(house).archive(kept)
    assert now is not None
    confirm(house, kept, as_it_stands(now, records[1]), "page", STATER)
    assert (listed(house, merged), listed(house, kept)) == ([], [])
    assert (blocked(house, merged), blocked(house, kept)) == (False, False)
    assert fsck.fsck(house).finding is None


def test_what_the_region_stated_meanwhile_keeps_the_archive_that_stayed_too(
    house: House, two: tuple[bytes, bytes]
) -> None:
    merged, kept = two
    merge(house, *two)
    foreign.state_evidence(house, kept, EVIDENCE, [], STATER)
    unmerge(house, merged)
    assert (blocked(house, merged), blocked(house, kept)) == (True, True)


def test_over_two_merges_a_paper_may_be_of_any_of_three(
    house: House, centre: Centre, two: tuple[bytes, bytes], tick: Any
) -> None:
    centre.enter(centre.completion(person(3)))
    third = centre.worker_id(person(3))
    merge(house, two[0], two[1])
    tick()
    merge(house, two[1], third)
    tick()
    filed(house, third, png(2, 2), "三人之一")
    tick()
    unmerge(house, two[1])
    tick()
    filed(house, two[1], png(3, 3), "两人之一")
    tick()
    unmerge(house, two[0])

    said = {one.worker_id: one.others for one in listed(house, two[0])}
    assert said == {third: tuple(sorted(two)), two[1]: (two[0],)}
    (mine,) = (one for one in listed(house, third))
    settle(house, mine, two[0])
    assert titles(house, two[0]) == ["三人之一"]
    assert [one.worker_id for one in listed(house, two[0])] == [two[1]]


def test_no_paper_goes_to_a_third_person_nor_to_a_sealed_archive(
    house: House, centre: Centre, two: tuple[bytes, bytes], tick: Any
) -> None:
    centre.enter(centre.completion(person(3)))
    third = centre.worker_id(person(3))
    merge(house, *two)
    tick()
    filed(house, two[1], png(2, 2), "合并期间")
    tick()
    unmerge(house, two[0])
    (one,) = listed(house, two[0])
    with pytest.raises(TargetUnfit):
        settle(house, one, third)
    erasing.restrict(house, two[0], "erasure-requested", "本人申请", OFFICER)
    with pytest.raises(TargetUnfit):
        settle(house, one, two[0])
    with pytest.raises(ArchiveRestricted):
        listed(house, two[0])
    with house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(tables.paper)) == 1
