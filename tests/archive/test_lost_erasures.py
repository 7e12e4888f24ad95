"""Marks of records erased in a log that was lost: by whichever way such a record comes again, it is refused.

`tests/test_continuing.py` has the whole story, from backup to restore; here each way in is knocked at alone.
"""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.archive import importing, importrows, lost_erasures, tables
from recordsvc.archive.importing import Importer
from recordsvc.archive.sealing import dedupe_key
from recordsvc.house import House
from recordsvc.translog.store import Former
from tests.archive.support import Centre, id_of, person, told
from tests.archive.test_importing import decide, loaded, old_row, papers, plan_of, written
from tests.faults.region import release


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


def lose(house: House, *keys: bytes) -> None:
    """Let these records have been erased in a log that this one goes on from."""
    marks = [lost_erasures.mark(house.keys, one) for one in keys]
    house.db.write(lambda turn: lost_erasures.keep(turn, marks, 1))
    house.log.__dict__["former"] = (Former("log.before.example/records", 1),)


def key_of(centre: Centre, record: bytes) -> bytes:
    return dedupe_key(centre.uscc, id_of(record))


def test_it_is_refused_under_its_id_whatever_it_says_and_nobody_else_is(house: House, centre: Centre) -> None:
    gone, other = centre.completion(person(1)), centre.completion(person(1))
    again = centre.completion(person(2), record_id=id_of(gone), score="61.0")
    lose(house, key_of(centre, gone))
    assert told(centre.send([gone, other])) == ["erased", "accepted"]
    assert told(centre.send([again])) == ["erased"]
    refused = centre.send([gone, centre.completion(person(3))], all_or_nothing=True)
    assert [row.status for row in refused.rows] == ["rejected", "not-taken"]
    assert house.people.find("resident-id", person(3)["number"]) is None


def test_more_keys_than_one_question_takes(house: House, centre: Centre) -> None:
    keys = [dedupe_key(centre.uscc, f"{n:08x}-0000-7000-8000-000000000000") for n in range(1_203)]
    lose(house, *keys[1::2])
    with house.db.read_raw() as cursor:
        assert lost_erasures.among(house, cursor, keys) == set(keys[1::2])


def test_a_log_that_was_never_continued_asks_nothing(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_erasures, "mark", lambda *_: pytest.fail("a mark was computed"))
    assert told(centre.send([centre.completion(person(1))])) == ["accepted"]


def test_a_held_one_goes_back_to_its_issuer_instead_of_being_released(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)))
    unlike = centre.completion({**person(1), "name": "别名"})
    assert told(centre.send([unlike])) == ["name-differs"]
    with house.db.read() as conn:
        held = conn.execute(sa.select(tables.held.c.held_id)).scalar_one()
    lose(house, key_of(centre, unlike))
    assert release(house, held, centre.worker_id(person(1))) == 0
    with house.db.read() as conn:
        row: Any = conn.execute(sa.select(tables.held)).one()
    assert row.state == "returned"


def test_an_old_paper_is_not_imported_again(house: House, centre: Centre, tmp_path: Path) -> None:
    centre.enter(*(centre.completion(person(n)) for n in (1, 2, 3)))
    file = papers(house, written(tmp_path / "old.csv", [old_row(n) for n in (1, 2, 3)]))
    proposal = loaded(house, file)
    rows = list(file.rows())
    ids = []
    for n in (1, 2):
        with house.db.read_raw() as cursor:
            worker = house.people.load(cursor, centre.worker_id(person(n)))
        assert worker is not None
        ids.append(importrows.record_id_of(house, plan_of(file), n, rows[n - 1].body or {}, worker))
    # One before the run was approved, another since.
    keys = [dedupe_key(house.settings.region, str(one)) for one in ids]
    lose(house, keys[0])
    lose(house, keys[1])
    decide(house, proposal)
    assert Importer(house).run() == 3, "settled"
    refused = importing.refused(house, importing.run_id(house, plan_of(file)))
    assert [code for _row, code in refused] == ["needs-officials"] * 2
