"""Whose a record is learns what becomes of it: by the id it knows, of a whole archive by how many."""

import functools
import json
import uuid

import pytest

from recordsvc.archive import erasing, noticeboard, tables
from recordsvc.archive.announcing import announcer
from recordsvc.house import House
from tests.archive.restricted import lift, seal
from tests.archive.support import Centre, id_of, person
from tests.archive.test_erasing import UNLAWFUL, decide_erasure, restrict
from tests.archive.test_merging import decided
from tests.archive.test_moved import archive, move


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


def told_of(house: House, uscc: str) -> list[tuple[str, dict[str, object]]]:
    with house.db.read() as conn:
        found = noticeboard.of_office(conn, [f"institution:{uscc}"])
    return sorted(((one.kind, dict(one.params)) for one in found), key=lambda one: one[0])


def erase(house: House, worker_id: bytes, record_id: bytes) -> None:
    asked = functools.partial(
        erasing.propose_record_erasure,
        house=house,
        worker_id=worker_id,
        record_id=record_id,
        why=UNLAWFUL,
        by="official:first",
    )
    decided(house, asked)


def test_an_issuer_is_told_of_sealing_lifting_and_erasing(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    centre.enter(record, centre.completion(person(1), **{"class": {"code": "C2"}}))
    worker, record_id = centre.worker_id(person(1)), uuid.UUID(id_of(record)).bytes
    centre.enter(centre.correction(person(1), record, score="88.0"))
    seal(house, worker, record_id)
    lift(house, worker, record_id)
    seal(house, worker, record_id)
    erase(house, worker, record_id)
    announcer(house).run()
    said = {"count": 1, "record_id": id_of(record)}
    kinds = ["record-erased", "record-lifted", "record-restricted", "record-restricted"]
    assert told_of(house, centre.uscc) == [(kind, said) for kind in kinds]


def test_of_an_archive_that_is_erased_each_issuer_learns_how_many_were_its_own(house: House) -> None:
    one, two = Centre(house, 1), Centre(house, 2)
    for n in range(3):
        one.enter(one.completion(person(1), **{"class": {"code": f"C{n}"}}))
    two.enter(two.completion(person(1)), two.completion(person(2)))
    worker = one.worker_id(person(1))
    restrict(house, worker)
    assert (told_of(house, one.uscc), told_of(house, two.uscc)) == ([], [])
    decide_erasure(house, worker)
    assert told_of(house, one.uscc) == [("record-erased", {"count": 3})]
    assert told_of(house, two.uscc) == [("record-erased", {"count": 1})]
    with house.db.read() as conn:
        kept = json.dumps([tuple(row) for row in conn.execute(tables.office_notice.select())], default=str)
    assert person(1)["number"] not in kept
    assert person(1)["name"] not in kept


def test_of_what_was_moved_its_issuer_learns_once_that_it_went_and_that_it_is_erased(
    house: House, centre: Centre
) -> None:
    record = centre.completion(person(1))
    centre.enter(record, centre.completion(person(2), **{"class": {"code": "C2"}}))
    wrong, right = centre.worker_id(person(1)), centre.worker_id(person(2))
    moved = move(house, wrong, uuid.UUID(id_of(record)).bytes, right)
    announcer(house).run()
    said = {"count": 1, "record_id": id_of(record)}
    assert told_of(house, centre.uscc) == [("record-moved", said)]
    # It stands with whom it was moved to by the region's word: the issuer knows no record of this id.
    seal(house, right, moved)
    assert len(told_of(house, centre.uscc)) == 1
    erase(house, right, moved)
    assert told_of(house, centre.uscc) == [("record-erased", said), ("record-moved", said)]
    assert archive(house, wrong).state.records[0].record is None
