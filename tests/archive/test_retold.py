"""What a restricted or erased record said, sent again under another id: it waits, and is not explained."""

import csv
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from recordsvc import fsck
from recordsvc.archive import erasing, held, importing, moving, persons, tables
from recordsvc.archive.answers import Answers
from recordsvc.archive.dispute_decisions import Decision
from recordsvc.archive.errors import TargetUnfit
from recordsvc.archive.importing import Importer
from recordsvc.archive.restriction_errors import RecordRestricted
from recordsvc.archive.states import Life
from recordsvc.ground import two_person
from recordsvc.ground.two_person import StaleProposal
from recordsvc.house import House
from recordsvc.importfiles import PaperFile
from tests.archive.restricted import lift, seal
from tests.archive.support import Centre, id_of, person, told
from tests.archive.test_disputes import close, opened, propose
from tests.archive.test_erasing import UNLAWFUL, decide_erasure, restrict
from tests.archive.test_importing import HEADINGS, old_row, papers, plan_of
from tests.archive.test_merging import decided, merge, unmerge
from tests.faults.region import release

ONE = person(1)


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def record(centre: Centre) -> bytes:
    """What is sealed: a completion of class C1."""
    one = centre.completion(ONE)
    centre.enter(one)
    return one


@pytest.fixture
def worker(centre: Centre, record: bytes) -> bytes:
    return centre.worker_id(ONE)


def bytes_of(record: bytes) -> bytes:
    return uuid.UUID(id_of(record)).bytes


def erase(house: House, worker_id: bytes, record: bytes) -> None:
    decided(
        house,
        lambda turn: erasing.propose_record_erasure(
            turn, house, worker_id, bytes_of(record), UNLAWFUL, "official:first"
        ),
    )


def waits(house: House) -> dict[str, bytes]:
    """What waits, by its reason."""
    with house.db.read() as conn:
        return {one.reason: one.held_id for one in held.waiting(conn)}


def marks(house: House) -> int:
    with house.db.read() as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(tables.fact_mark)) or 0


@pytest.mark.parametrize("mode", ["batch", "each", "single"])
def test_the_same_class_sent_again_while_the_first_is_sealed_waits_unread(
    house: House, centre: Centre, worker: bytes, record: bytes, mode: str
) -> None:
    """The office has it on its list; the sender's answer is that of any other record that waits."""
    seal(house, worker, bytes_of(record))
    again, unlike = centre.completion(ONE), centre.completion({**ONE, "name": "丁不同"})
    answer = centre.send([again], mode)
    assert told(answer) == ["retold-restricted"]
    other = centre.send([unlike], mode)
    said = [Answers(house, one).batch()[0]["rows"][0] for one in (answer, other)]
    own = {"id": "", "where": ""}
    assert {**said[0], **own} == {**said[1], **own}
    one = waits(house)["retold-restricted"]
    with pytest.raises(RecordRestricted):
        held.open_held(house, one)
    assert release(house, one, None) == 0, "not by those who cannot read it"
    assert waits(house)["retold-restricted"] == one
    lift(house, worker, bytes_of(record))
    assert str(held.open_held(house, one)["id"]) == id_of(again)
    assert release(house, one, None) == 1
    assert [one.life for one in persons.read(house, worker).own.state.records] == [Life.ACTIVE] * 2
    assert marks(house) == 0
    assert fsck.fsck(house).finding is None


def test_another_class_another_centre_and_another_person_enter(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    seal(house, worker, bytes_of(record))
    centre.enter(centre.completion(ONE, **{"class": {"code": "C2"}}), centre.completion(person(2)))
    other = Centre(house, 2)
    other.enter(other.completion(ONE))


def test_what_a_correction_made_of_the_record_counts_and_what_it_was_before(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    centre.enter(centre.correction(ONE, record, **{"class/code": "C9"}))
    seal(house, worker, bytes_of(record))
    asked = [centre.completion(ONE), centre.completion(ONE, **{"class": {"code": "C9"}})]
    assert told(centre.send(asked)) == ["retold-restricted"] * 2


def test_erased_what_waited_goes_back_without_content_and_what_comes_is_looked_at(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    """Two officials who know of it may find a new ground; who held it for another reason did not know."""
    seal(house, worker, bytes_of(record))
    centre.send([centre.completion(ONE), unlike := centre.completion({**ONE, "name": "丁不同"})])
    erase(house, worker, record)
    with house.db.read() as conn:
        left = conn.execute(sa.select(tables.held.c.state, tables.held.c.sealed)).all()
    assert [(row.state, row.sealed) for row in left] == [("returned", None)] * 2
    assert told(centre.send([unlike])) == ["returned"]

    again = centre.completion(ONE)
    assert told(centre.send([again])) == ["retold-erased"]
    named = centre.completion({**ONE, "name": "丁不同"})
    assert told(centre.send([named])) == ["name-differs"]
    assert release(house, waits(house)["name-differs"], worker) == 0
    assert list(waits(house)) == ["retold-erased"], "both wait for the same now"
    one = next(key for key in ids_waiting(house) if str(held.open_held(house, key)["id"]) == id_of(again))
    assert release(house, one, None) == 1
    assert [one.life for one in persons.read(house, worker).own.state.records] == [Life.ERASED, Life.ACTIVE]
    assert fsck.fsck(house).finding is None


def ids_waiting(house: House) -> list[bytes]:
    with house.db.read() as conn:
        return [one.held_id for one in held.waiting(conn)]


def test_erased_with_its_archive_restricted_it_is_known_too(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    restrict(house, worker)
    erase(house, worker, record)
    decided(
        house, lambda turn: erasing.propose_lift(turn, worker, "request-withdrawn", "撤回", "official:first")
    )
    assert told(centre.send([centre.completion(ONE)])) == ["retold-erased"]


def test_it_is_known_in_the_archive_that_the_records_own_is_read_as(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    """Over two merges, whichever number the sender names."""
    centre.enter(centre.completion(person(2)), centre.completion(person(3)))
    second, third = centre.worker_id(person(2)), centre.worker_id(person(3))
    seal(house, worker, bytes_of(record))
    merge(house, worker, second)
    merge(house, second, third)
    asked = [centre.completion(person(n)) for n in (1, 2)]
    assert told(centre.send(asked)) == ["retold-restricted"] * 2


def test_what_merges_left_here_of_somebody_erased_holds_up_nothing_of_ones_own(
    house: House, centre: Centre
) -> None:
    centre.enter(*(centre.completion(person(n), **{"class": {"code": "C0"}}) for n in (1, 2)))
    first, second = centre.worker_id(ONE), centre.worker_id(person(2))
    merge(house, first, second)
    centre.enter(centre.completion(ONE))  # stands with the second from now on
    unmerge(house, first)
    restrict(house, first)
    decide_erasure(house, first)
    centre.enter(centre.completion(person(2)))


def test_an_erased_archive_leaves_no_mark(house: House, worker: bytes, record: bytes) -> None:
    seal(house, worker, bytes_of(record))
    assert marks(house) > 0
    restrict(house, worker)
    decide_erasure(house, worker)
    assert marks(house) == 0


def test_old_papers_do_not_bring_a_sealed_or_erased_certificate_back(
    house: House, centre: Centre, tmp_path: Path
) -> None:
    """Nothing of it is told before two officials released the file, and then only that a row waits."""

    def file(name: str, *numbers: int) -> PaperFile:
        with (path := tmp_path / name).open("w", encoding="gb18030", newline="") as to:
            csv.writer(to).writerows([HEADINGS, *(old_row(n) for n in numbers)])
        return papers(house, path)

    first = file("first.csv", 1)
    record_id = enter_all(house, first)
    worker = centre.worker_id(ONE)
    seal(house, worker, record_id)
    again = file("again.csv", 1, 2)
    found = [one.code for one in importing.judged(house, plan_of(again), list(again.rows()))]
    assert found == [None, None]
    enter(house, again)
    assert importing.refused(house, importing.run_id(house, plan_of(again))) == [(2, "needs-officials")]


def enter(house: House, file: PaperFile) -> None:
    """Import a file."""
    plan = plan_of(file)
    list(importing.load(house, plan, file.rows()))
    decided(
        house,
        lambda turn: importing.propose(turn, importing.run_id(house, plan), plan),
    )
    Importer(house).run()


def enter_all(house: House, file: PaperFile) -> bytes:
    """Import a file of one row; the id of its record."""
    enter(house, file)
    with house.db.read() as conn:
        return bytes(conn.scalars(sa.select(tables.ciphertext.c.record_id)).one())


@pytest.mark.parametrize("gone", [False, True], ids=["sealed", "erased"])
def test_no_move_brings_back_what_is_sealed_or_erased(
    house: House, centre: Centre, worker: bytes, record: bytes, gone: bool
) -> None:
    """The same class stands with somebody else by mistake: whoever wants it here is told to look first."""
    elsewhere = centre.completion(person(2))
    centre.enter(elsewhere)
    asked = moving.Moving(centre.worker_id(person(2)), bytes_of(elsewhere), worker, "记错了人")
    before = house.db.write(lambda turn: moving.propose_move(turn, house, asked, "official:first"))
    seal(house, worker, bytes_of(record))
    if gone:
        erase(house, worker, record)
    there = len(persons.read(house, worker).own.entries)
    with pytest.raises(TargetUnfit):
        house.db.write(lambda turn: moving.propose_move(turn, house, asked, "official:first"))
    with pytest.raises((StaleProposal, TargetUnfit)):
        house.db.write(
            lambda turn: two_person.decide(
                turn, before, "official:second", True, "核对无误", role="reviewer", tools=house
            )
        )
    assert len(persons.read(house, worker).own.entries) == there


def test_a_correction_that_makes_another_record_tell_the_sealed_class_waits_unread(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    other = centre.completion(ONE, **{"class": {"code": "C9"}})
    centre.enter(other)
    seal(house, worker, bytes_of(record))
    harmless = centre.correction(ONE, other, score="77.0")
    retelling = centre.correction(ONE, other, **{"class": {"code": "C1"}})
    assert told(centre.send([harmless])) == ["accepted"]
    assert told(centre.send([retelling])) == ["retold-restricted"]
    one = waits(house)["retold-restricted"]
    with pytest.raises(RecordRestricted):
        held.open_held(house, one)
    assert release(house, one, None) == 0, "not by those who cannot read it"
    lift(house, worker, bytes_of(record))
    assert held.open_held(house, one)["id"] == id_of(retelling)
    assert release(house, one, None) == 1


def test_a_correction_that_tells_an_erased_class_waits_for_officials(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    other = centre.completion(ONE, **{"class": {"code": "C9"}})
    centre.enter(other)
    seal(house, worker, bytes_of(record))
    erase(house, worker, record)
    retelling = centre.correction(ONE, other, **{"class": {"code": "C1"}})
    assert told(centre.send([retelling])) == ["retold-erased"]
    assert release(house, waits(house)["retold-erased"], None) == 1
    assert told(centre.send([centre.correction(ONE, other, score="78.0")])) == ["accepted"]


def test_the_regions_own_correction_does_not_make_a_record_tell_the_sealed_class(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    """Neither proposed, nor decided where it was sealed since; another correction is, and once lifted."""
    other = centre.completion(ONE, **{"class": {"code": "C9"}})
    centre.enter(other)
    close(house, centre)
    case = opened(house, worker, other)
    retelling = Decision("花名册上是 C1 班", fields={"/body/class/code": "C1"})
    early = house.db.write(propose(house, case, retelling))
    seal(house, worker, bytes_of(record))
    with pytest.raises(TargetUnfit) as refused:
        house.db.write(propose(house, case, retelling))
    assert refused.value.pointer == "/fields"
    with pytest.raises(TargetUnfit):
        house.db.write(
            lambda turn: two_person.decide(
                turn, early, "official:second", approve=True, reason="属实", role="reviewer", tools=house
            )
        )
    read = persons.read(house, worker).own
    (state,) = [one for one in read.state.records if one.life is Life.ACTIVE]
    assert state.body["class"]["code"] == "C9"
    house.db.write(propose(house, case, Decision("成绩单", fields={"/body/score": "77.0"})))
    lift(house, worker, bytes_of(record))
    decided(house, propose(house, case, retelling))
    assert fsck.fsck(house).finding is None
