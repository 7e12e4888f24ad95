"""Papers: sealed, bound to their place, filed once, opened only with a row; nothing half done stays."""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import fsck
from recordsvc.access import acts, looked
from recordsvc.access import tables as access_tables
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.grants import Actor, Kind
from recordsvc.archive import erasing, errors, paper_errors, paper_rows, papers, tables
from recordsvc.archive.foreign import state_evidence
from recordsvc.archive.papers import SWEPT_MS, Owner, Paper
from recordsvc.archive.restriction_errors import RecordRestricted
from recordsvc.ground import problems
from recordsvc.ground.commit import CommitUnknown
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.people import tables as people_tables
from recordsvc.vault.objects import S3Objects, StoreUnavailable
from recordsvc.work import Worker
from tests.archive.paperfiles import jpeg, pdf, png
from tests.archive.restricted import lift, seal
from tests.archive.support import STATER, Centre, person
from tests.archive.test_merging import decided, merge
from tests.test_desk_commands import EVIDENCE
from tests.vault import s3peer

OFFICIAL = Actor(Kind.OFFICIAL, "7", roles=frozenset({"handler"}))
ROWS = (tables.paper, tables.institution_paper, tables.institution_key)


@pytest.fixture
def centre(house: House) -> Centre:
    made = Centre(house, 1)
    made.enter(made.completion(person(1)), made.completion(person(2)))
    return made


@pytest.fixture
def worker(centre: Centre) -> bytes:
    return centre.worker_id(person(1))


@pytest.fixture
def other(centre: Centre) -> bytes:
    return centre.worker_id(person(2))


@pytest.fixture(params=["worker", "institution"])
def owner(request: pytest.FixtureRequest, worker: bytes, centre: Centre) -> Owner:
    return worker if request.param == "worker" else centre.uscc


def keep(house: House, owner: Owner, data: bytes | None = None, **changed: Any) -> Paper:
    given = {"kind": "commitment-letter", "title": "承诺书 张三", "actor": OFFICIAL, **changed}
    return house.papers.keep(owner, data or png(), **given)


def opened(house: House, owner: Owner, paper_id: bytes, actor: Actor = OFFICIAL) -> tuple[Paper, bytes]:
    return house.papers.open(owner, paper_id, actor, "claim-review", "案-1")


def everything(house: House) -> dict[str, Any]:
    """All rows of papers, looks and acts, and all objects."""
    with house.db.read() as conn:
        found: dict[str, Any] = {
            table.name: sorted(map(repr, conn.execute(sa.select(table))))
            for table in (*ROWS, access_tables.looked, access_tables.official_act)
        }
    found["objects"] = {name: house.objects.get(name) for name in house.objects.names()}
    return found


def test_a_paper_is_kept_listed_and_opened(house: House, owner: Owner) -> None:
    kept = keep(house, owner, pdf())
    assert (kept.media, kept.size, kept.sha256) == (
        "application/pdf",
        len(pdf()),
        hashlib.sha256(pdf()).hexdigest(),
    )
    assert house.papers.of(owner) == [kept]
    assert opened(house, owner, kept.paper_id) == (kept, pdf())
    assert house.papers.hashes(owner, [kept.paper_id]) == [kept.sha256]
    assert kept.file_name == f"paper-{kept.paper_id.hex()[-8:]}.pdf"


def test_the_same_file_of_the_same_owner_is_one_paper(house: House, owner: Owner, other: bytes) -> None:
    first = keep(house, owner)
    before = everything(house)
    assert keep(house, owner, title="另一名称", kind="other") == first
    assert everything(house) == before
    assert keep(house, other).paper_id != first.paper_id
    assert len(list(house.objects.names())) == 2


def test_the_same_file_filed_at_once_is_one_paper(
    house: House, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second finds the row only when it writes its own; its object does not stay."""
    before = keep(house, owner, jpeg())
    real = house.objects.put

    def late(name: str, data: bytes) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(house.objects, "put", real)
            keep(house, owner)
        real(name, data)

    monkeypatch.setattr(house.objects, "put", late)
    kept = keep(house, owner)
    assert {one.paper_id for one in house.papers.of(owner)} == {before.paper_id, kept.paper_id}
    assert len(list(house.objects.names())) == 2


# -- refusals --

LARGE = png(text=b"x" * 2000)
REFUSED: dict[str, tuple[type[problems.Problem], dict[str, Any]]] = {
    "type": (paper_errors.PaperRefused, {"data": b"hello"}),
    "unsafe": (paper_errors.PaperUnsafe, {"data": pdf(b"/OpenAction 3 0 R")}),
    "kind": (problems.FormRefused, {"kind": "photograph"}),
    "title": (problems.FormRefused, {"title": "长" * 101}),
    "large": (problems.TooLarge, {"data": LARGE}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_changes_nothing(house: House, owner: Owner, name: str) -> None:
    object.__setattr__(house.settings, "paper_bytes", 1_000)
    keep(house, owner)
    before = everything(house)
    problem, changed = REFUSED[name]
    with pytest.raises(problem):
        keep(house, owner, **changed)
    assert everything(house) == before


@pytest.mark.parametrize("owner", [b"\0" * 16, "91110000000000000X"])
def test_nobody_has_no_papers(house: House, centre: Centre, owner: Owner) -> None:
    before = everything(house)
    for call in (
        lambda: keep(house, owner),
        lambda: house.papers.of(owner),
        lambda: opened(house, owner, b"\1" * 16),
    ):
        with pytest.raises(problems.NotFound):
            call()
    assert everything(house) == before


def test_so_many_and_no_more(house: House, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(papers, "MOST", 1)
    keep(house, owner)
    before = everything(house)
    with pytest.raises(paper_errors.TooManyPapers):
        keep(house, owner, jpeg())
    assert everything(house) == before
    assert keep(house, owner)


def test_a_foreign_paper_is_as_good_as_none(
    house: House, worker: bytes, other: bytes, centre: Centre
) -> None:
    kept = keep(house, worker)
    before = everything(house)
    for owner in (other, centre.uscc):
        with pytest.raises(problems.NotFound):
            opened(house, owner, kept.paper_id)
        with pytest.raises(paper_errors.PaperUnknown):
            house.papers.hashes(owner, [kept.paper_id])
    strangers = (
        Actor(Kind.WORKER, "x", worker_id=other),
        Actor(Kind.CLIENT, "c", institution=centre.uscc),
    )
    for stranger in strangers:
        with pytest.raises(problems.NotFound):
            opened(house, worker, kept.paper_id, stranger)
    assert everything(house) == before


# -- openings --


def test_an_opening_leaves_a_row_before_the_file_is_handed_out(
    house: House, worker: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keep(house, worker)
    seen: list[int] = []
    real = house.objects.get

    def get(name: str) -> bytes:
        with house.db.read() as conn:
            seen.append(len(looked.of_worker(conn, worker)))
        return real(name)

    monkeypatch.setattr(house.objects, "get", get)
    opened(house, worker, kept.paper_id)
    assert seen == [1]
    with house.db.read() as conn:
        look = looked.of_worker(conn, worker)[0]
    assert (look.actor_id, look.purpose, look.fields, look.case_ref) == (
        "7",
        "claim-review",
        looked.one_paper(kept.paper_id),
        "案-1",
    )


def test_ones_own_opening_leaves_none(house: House, worker: bytes) -> None:
    kept = keep(house, worker)
    opened(house, worker, kept.paper_id, Actor(Kind.WORKER, "w", worker_id=worker))
    with house.db.read() as conn:
        assert looked.of_worker(conn, worker) == []


def test_without_a_purpose_nothing_opens(house: House, owner: Owner) -> None:
    kept = keep(house, owner)
    before = everything(house)
    with pytest.raises(PurposeRefused):
        house.papers.open(owner, kept.paper_id, OFFICIAL, "curiosity", "")
    assert everything(house) == before


def test_every_opening_of_an_institutions_paper_is_an_act(house: House, centre: Centre) -> None:
    kept = keep(house, centre.uscc)
    client = Actor(Kind.CLIENT, "c-1", institution=centre.uscc)
    for actor in (OFFICIAL, client):
        opened(house, centre.uscc, kept.paper_id, actor)
    with house.db.read() as conn:
        done = acts.listed(conn)
    assert {(one.actor, one.act) for one in done} == {
        ("client:c-1", "paper.open"),
        ("official:7", "paper.open"),
    }


# -- what lies there --


def test_neither_name_nor_title_nor_content_lies_in_the_clear(house: House, owner: Owner) -> None:
    keep(house, owner, png(text=b"CANARY-640104197001010000"), title="CANARY 马一")
    found = repr(everything(house)) + "".join(house.objects.names())
    assert "CANARY" not in found
    assert "马一" not in found
    raw = b"".join(path.read_bytes() for path in house.settings.data_dir.rglob("*") if path.is_file())
    assert b"CANARY" not in raw


def test_swapped_or_changed_objects_do_not_open(house: House, owner: Owner) -> None:
    first, second = keep(house, owner), keep(house, owner, jpeg())
    one, two = house.objects.names()
    data = house.objects.get(one), house.objects.get(two)
    for name, other_data in zip((one, two), data[::-1], strict=True):
        house.objects.delete(name)
        house.objects.put(name, other_data)
    for kept in (first, second):
        with pytest.raises(paper_errors.PaperDamaged):
            opened(house, owner, kept.paper_id)
    for name, own in zip((one, two), data, strict=True):
        house.objects.delete(name)
        house.objects.put(name, own[:-1] + bytes([own[-1] ^ 1]))
    with pytest.raises(paper_errors.PaperDamaged):
        opened(house, owner, first.paper_id)
    house.objects.delete(one)
    house.objects.delete(two)
    with pytest.raises(paper_errors.PaperDamaged):
        opened(house, owner, first.paper_id)


def test_a_store_that_is_away_says_so_and_nothing_is_filed(
    house: House, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keep(house, owner)

    def away(*_arguments: object) -> Any:
        raise StoreUnavailable

    for verb in ("put", "get", "delete"):
        monkeypatch.setattr(house.objects, verb, away)
    with pytest.raises(problems.Unavailable):
        keep(house, owner, jpeg())
    with pytest.raises(problems.Unavailable):
        opened(house, owner, kept.paper_id)
    assert house.papers.of(owner) == [kept]


# -- crashes --


def test_a_crash_between_object_and_row_leaves_an_orphan_that_is_swept(
    house: House, owner: Owner, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keep(house, owner)

    def killed(*_arguments: object, **_options: object) -> Any:
        raise CommitUnknown("killed")

    with monkeypatch.context() as patch:
        patch.setattr(papers, "enter_row", killed)
        with pytest.raises(CommitUnknown):
            keep(house, owner, jpeg())
    assert house.papers.of(owner) == [kept]
    assert len(list(house.objects.names())) == 2
    assert house.papers.sweep() == 0, "a turn may still be under way"
    clock.advance(papers.SWEPT_MS + 1)
    assert house.papers.sweep() == 1
    assert opened(house, owner, kept.paper_id) == (kept, png())
    assert keep(house, owner, jpeg())


def test_a_turn_that_comes_too_late_for_its_object_is_refused(
    house: House, owner: Owner, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(house, owner)
    before = everything(house)
    real = house.objects.put

    def slow(name: str, data: bytes) -> None:
        real(name, data)
        clock.advance(papers.TURN_MS + 1)

    monkeypatch.setattr(house.objects, "put", slow)
    with pytest.raises(errors.Busy):
        keep(house, owner, jpeg())
    assert everything(house) == before


def test_a_crash_before_the_object_is_whole_leaves_no_row(
    house: House, owner: Owner, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(house, owner)
    before = everything(house)

    def torn(name: str, _data: bytes) -> None:
        folder = house.settings.objects_dir / name[-2:]
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / f".{name}.new").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(house.objects, "put", torn)
        with pytest.raises(KeyboardInterrupt):
            keep(house, owner, jpeg())
    clock.advance(papers.SWEPT_MS + 1)
    assert house.papers.sweep() == 1
    assert everything(house) == before


def test_erasure_takes_all_papers_of_the_worker_and_no_others(
    house: House, worker: bytes, other: bytes, centre: Centre
) -> None:
    keep(house, worker)
    keep(house, worker, jpeg())
    theirs = [keep(house, other), keep(house, centre.uscc)]
    names = house.db.write(lambda turn: paper_rows.erase(turn, worker))
    assert len(names) == 2
    house.papers.remove(names)
    assert house.papers.of(worker) == []
    assert len(list(house.objects.names())) == 2
    for kept in theirs:
        assert opened(house, kept.owner, kept.paper_id)[0] == kept


def test_an_erasure_that_never_came_to_its_objects_is_finished_by_the_sweep(
    house: House, worker: bytes, clock: FixedClock
) -> None:
    keep(house, worker)
    house.db.write(lambda turn: paper_rows.erase(turn, worker))
    clock.advance(papers.SWEPT_MS + 1)
    assert house.papers.sweep() == 1
    assert list(house.objects.names()) == []


def test_a_paper_that_meets_an_erasure_on_its_way_is_not_filed(
    house: House, worker: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = house.objects.put
    key = people_tables.worker_key

    def erased_meanwhile(name: str, data: bytes) -> None:
        real(name, data)

        def destroy(turn: Any) -> int:
            with paper_rows.erasing(turn.conn):
                return turn.conn.execute(key.delete().where(key.c.worker_id == worker)).rowcount

        assert house.db.write(destroy) == 1

    monkeypatch.setattr(house.objects, "put", erased_meanwhile)
    with pytest.raises(problems.NotFound):
        keep(house, worker)
    assert list(house.objects.names()) == []


@pytest.mark.parametrize("column", ["tag", "kind", "media", "filed_ms", "filed_by", "object", "sealed"])
def test_a_row_is_bound_to_each_of_its_columns(house: House, owner: Owner, column: str) -> None:
    kept = keep(house, owner)
    key: Callable[..., Any] = house.papers._holder(owner).keys.__getitem__
    with house.db.read() as conn:
        row = paper_rows.rows(conn, owner)[0]
    value = getattr(row, column)
    other: Any = (
        value + 1 if isinstance(value, int) else value[:-1] + (b"?" if isinstance(value, bytes) else "?")
    )
    assert house.papers.opened_row(key(owner), row) == kept
    with pytest.raises(paper_errors.PaperDamaged):
        house.papers.opened_row(key(owner), dataclasses.replace(row, **{column: other}))


def test_papers_of_merged_archives_are_read_together(house: House, worker: bytes, other: bytes) -> None:
    mine, theirs = keep(house, worker), keep(house, other, jpeg())
    merge(house, worker, other)
    later = keep(house, worker, pdf())
    assert later.owner == other, "filed with the archive this one is read as"
    for owner in (worker, other):
        assert {one.paper_id for one in house.papers.of(owner)} == {
            one.paper_id for one in (mine, theirs, later)
        }
        assert opened(house, owner, mine.paper_id) == (mine, png())
        assert opened(house, owner, theirs.paper_id) == (theirs, jpeg())
    with house.db.read() as conn:
        assert len(looked.of_worker(conn, other)) == 4, "noted where the person reads them"
    assert fsck.fsck(house).finding is None


def test_a_paper_is_sealed_with_the_restricted_record_that_rests_on_it(house: House, worker: bytes) -> None:
    """Not listed, opened and named by nobody, and no row of a look; who decides opens it at the proposal."""
    paper, free = keep(house, worker), keep(house, worker, jpeg())
    record_id, _index = evidence(house, worker, paper)
    opened(house, worker, paper.paper_id)
    seal(house, worker, record_id)
    before = everything(house)
    for actor in (OFFICIAL, Actor(Kind.WORKER, "w", worker_id=worker), Actor(Kind.SYSTEM, "counter")):
        with pytest.raises(RecordRestricted):
            opened(house, worker, paper.paper_id, actor)
    with pytest.raises(RecordRestricted):
        house.papers.hashes(worker, [paper.paper_id])
    assert house.papers.listed(worker) == ([free], 1)
    assert everything(house) == before
    deciding = house.papers.open(worker, paper.paper_id, OFFICIAL, "claim-review", "案-1", sealed=True)
    assert deciding[1] == png()
    assert opened(house, worker, free.paper_id)[1] == jpeg()
    lift(house, worker, record_id)
    assert house.papers.of(worker) == [paper, free]
    assert opened(house, worker, paper.paper_id)[1] == png()


def test_a_paper_that_another_record_rests_on_stays_open(house: House, worker: bytes) -> None:
    paper = keep(house, worker)
    first, second = (evidence(house, worker, paper, title)[0] for title in ("电工证", "焊工证"))
    seal(house, worker, first)
    assert house.papers.of(worker) == [paper]
    assert opened(house, worker, paper.paper_id)[1] == png()
    seal(house, worker, second)
    assert house.papers.of(worker) == []
    with pytest.raises(RecordRestricted):
        opened(house, worker, paper.paper_id)


def test_papers_of_a_merged_archive_are_sealed_with_its_record(
    house: House, worker: bytes, other: bytes
) -> None:
    paper = keep(house, other)
    record_id, _index = evidence(house, other, paper)
    merge(house, other, worker)
    seal(house, worker, record_id)
    assert house.papers.of(worker) == []
    with pytest.raises(RecordRestricted):
        opened(house, worker, paper.paper_id)


def test_papers_are_gone_with_the_erased_record_on_which_alone_they_rest(
    house: House, worker: bytes, other: bytes, clock: FixedClock
) -> None:
    """Row and file, also where it is filed in an archive read as this one; what another rests on stays."""
    merge(house, other, worker)
    lone, shared, free = keep(house, other), keep(house, worker, jpeg()), keep(house, worker, png(2))
    both = [lone.sha256, shared.sha256]
    record_id, _index = state_evidence(house, worker, EVIDENCE | {"title": "焊工证"}, both, STATER)
    evidence(house, worker, shared)
    seal(house, worker, record_id)
    assert house.papers.of(worker) == [shared, free]
    erase_record(house, worker, record_id)
    clock.advance(SWEPT_MS + 1)
    assert house.papers.sweep() == 1
    assert house.papers.of(worker) == [shared, free]
    with pytest.raises(problems.NotFound):
        house.papers.open(worker, lone.paper_id, OFFICIAL, "claim-review", "案-1", sealed=True)
    assert opened(house, worker, shared.paper_id)[1] == jpeg()
    assert fsck.fsck(house).finding is None


def test_a_paper_shown_for_the_restriction_is_sealed_and_gone_with_the_record(
    house: House, worker: bytes, clock: FixedClock
) -> None:
    """The restriction names the very scan: no other record rests on it. An order stays as it was."""
    paper, order = keep(house, worker), keep(house, worker, jpeg())
    record_id, _index = evidence(house, worker, paper)
    seal(house, worker, record_id, paper.sha256, order.sha256)
    assert house.papers.of(worker) == [order]
    with pytest.raises(RecordRestricted):
        opened(house, worker, paper.paper_id)
    erase_record(house, worker, record_id)
    clock.advance(SWEPT_MS + 1)
    assert house.papers.sweep() == 1
    assert house.papers.of(worker) == [order]
    with pytest.raises(problems.NotFound):
        house.papers.open(worker, paper.paper_id, OFFICIAL, "claim-review", "案-1", sealed=True)
    assert fsck.fsck(house).finding is None


def erase_record(house: House, worker: bytes, record_id: bytes) -> None:
    """Erase a restricted record, on the two officials' word."""
    why = erasing.Why("consent-withdrawn", "依申请")
    decided(
        house,
        lambda turn: erasing.propose_record_erasure(turn, house, worker, record_id, why, "official:first"),
    )


def evidence(house: House, worker: bytes, paper: Paper, title: str = "电工证") -> tuple[bytes, int]:
    """Enter evidence from elsewhere that rests on a paper; its record id and log index."""
    return state_evidence(house, worker, EVIDENCE | {"title": title}, [paper.sha256], STATER)


def test_a_store_elsewhere_is_used_in_the_same_way(
    house: House, owner: Owner, clock: FixedClock, tmp_path: Path
) -> None:
    with s3peer.peer(tmp_path) as address:
        for name, value in (("url", address), ("key_id", "id"), ("secret", "s")):
            object.__setattr__(house.settings, f"objects_{name}", value)
        kept = keep(house, owner)
        assert isinstance(house.objects, S3Objects)
        assert opened(house, owner, kept.paper_id) == (kept, png())
        assert fsck.fsck(house).counts["papers"] == 1
        house.objects.put(f"{1:032x}", b"left over")
        assert house.papers.sweep() == 1
        assert len(list(house.objects.names())) == 1
    with pytest.raises(problems.Unavailable):
        opened(house, owner, kept.paper_id)


def test_the_background_process_sweeps(house: House) -> None:
    house.objects.put(f"{1:032x}", b"left over")
    worker = Worker(house)
    (job,) = (job for lane in worker.lanes for job in lane if job.name == "papers")
    worker.tick(job)
    assert list(house.objects.names()) == []
