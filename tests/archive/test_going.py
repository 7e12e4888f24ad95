"""What waits in an import goes with what is erased, and brings nobody back; what is for others stays."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import fsck
from recordsvc.archive import importing, persons, tables
from recordsvc.archive.importing import Importer
from recordsvc.archive.states import Life
from recordsvc.house import House
from recordsvc.importfiles import PaperFile
from tests.archive.restricted import seal
from tests.archive.support import Centre, person
from tests.archive.test_erasing import decide_erasure, restrict
from tests.archive.test_importing import decide, imported, loaded, old_row, papers, plan_of, written
from tests.archive.test_retold import bytes_of, erase


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def worker(centre: Centre) -> bytes:
    """Somebody with a record."""
    centre.enter(centre.completion(person(1)))
    return centre.worker_id(person(1))


@pytest.fixture
def file(house: House, worker: bytes, tmp_path: Path) -> PaperFile:
    """A file with a certificate of theirs, and one of somebody else."""
    return papers(house, written(tmp_path / "old.csv", [old_row(1), old_row(2)]))


def rows(house: House) -> list[tuple[str, str | None, bool]]:
    """State, code and whether there is content of every row."""
    row = tables.import_row.c
    with house.db.read() as conn:
        found = conn.execute(sa.select(row.state, row.code, row.sealed).order_by(row.run_id, row.row)).all()
    return [(one.state, one.code, one.sealed is not None) for one in found]


def found(house: House, n: int) -> bytes | None:
    return house.people.find("resident-id", person(n)["number"])


def test_an_import_that_waits_does_not_bring_an_erased_person_back(
    house: House, worker: bytes, file: PaperFile
) -> None:
    """The row goes and is counted; whoever approves the rest approves what they were asked."""
    proposal = loaded(house, file)
    restrict(house, worker)
    decide_erasure(house, worker)
    assert rows(house) == [("refused", "needs-officials", False), ("ready", None, True)]
    decide(house, proposal)
    Importer(house).run()

    assert found(house, 1) is None
    assert found(house, 2) is not None
    with house.db.read() as conn:
        run = conn.execute(sa.select(tables.import_run)).one()
    assert (run.state, run.refused, run.entered, run.wrapped) == ("done", 1, 1, None)
    assert fsck.fsck(house, offline=True).finding is None


def test_a_file_that_is_read_still_loses_the_row_too(house: House, worker: bytes, file: PaperFile) -> None:
    list(importing.load(house, plan_of(file), file.rows()))
    restrict(house, worker)
    decide_erasure(house, worker)
    assert rows(house) == [("refused", "needs-officials", False), ("ready", None, True)]


def test_what_was_read_of_a_row_before_the_erasure_is_not_entered_after_it(
    house: House, worker: bytes, file: PaperFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure comes between judging a portion and appending it."""
    decide(house, loaded(house, file))
    judged, seen = Importer._statements, list[int]()

    def between(
        self: Importer, cursor: Any, run: Any, proposal: Any, key: Any, portion: Sequence[Any]
    ) -> Any:
        made = judged(self, cursor, run, proposal, key, portion)
        seen.append(len(portion))
        if len(seen) == 1:
            restrict(house, worker)
            decide_erasure(house, worker)
        return made

    monkeypatch.setattr(Importer, "_statements", between)
    Importer(house).run()
    assert seen == [2, 1]
    assert found(house, 1) is None
    assert found(house, 2) is not None


def test_a_row_of_a_restricted_archive_is_refused_and_loses_its_content(
    house: House, worker: bytes, file: PaperFile
) -> None:
    proposal = loaded(house, file)
    restrict(house, worker)
    decide(house, proposal)
    Importer(house).run()
    assert rows(house) == [("refused", "needs-officials", False), ("entered", None, False)]
    assert len(persons.read(house, worker, sealed=True).own.state.records) == 1


def test_with_one_record_goes_the_row_that_tells_it_again_and_no_other(
    house: House, centre: Centre, worker: bytes, file: PaperFile, tmp_path: Path
) -> None:
    """Another certificate of the same person stays, and somebody else's."""
    first = papers(house, written(tmp_path / "first.csv", [old_row(1)]))
    other = papers(house, written(tmp_path / "other.csv", [old_row(1, number="0630010123400999")]))
    waiting = [loaded(house, one) for one in (file, other)]
    imported(house, first)
    assert rows(house).count(("ready", None, True)) == 3
    (record_id,) = [one.record["id"] for one in persons.read(house, worker).own.state.records][1:]
    record = b'{"id":"%s"}' % record_id.encode()
    seal(house, worker, bytes_of(record))
    erase(house, worker, record)
    assert rows(house).count(("refused", "needs-officials", False)) == 1
    for proposal in waiting:
        decide(house, proposal)
    Importer(house).run()
    lives = [one.life for one in persons.read(house, worker).own.state.records]
    assert lives == [Life.ACTIVE, Life.ERASED, Life.ACTIVE]
    assert found(house, 2) is not None
