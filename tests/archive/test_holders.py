"""Whose archive it is, where no record of an institution says so, and where none says so yet."""

from pathlib import Path

from recordsvc.access.grants import Actor, Kind
from recordsvc.archive import holders, letters
from recordsvc.archive.holders import Holder
from recordsvc.archive.printing import slips
from recordsvc.house import House
from recordsvc.people import numbers, synthetic
from recordsvc.people.numbers import Why
from tests.archive.support import Centre, person
from tests.archive.test_importing import imported, old_row, papers, written
from tests.archive.test_merging import decided, merge
from tests.journeys.test_notices import tell

CLERK = Actor(Kind.OFFICIAL, "counter", roles=frozenset({"handler"}), duties=frozenset({("handler", "64")}))
WHY = Why("name-changed", "户口簿", ["ab" * 32])


def holder(house: House, worker_id: bytes) -> Holder:
    with house.db.read_raw() as cursor:
        return holders.holder(house, cursor, worker_id)


def test_an_archive_of_old_papers_has_name_and_number_on_its_letters_too(
    house: House, tmp_path: Path
) -> None:
    Centre(house, 1)
    imported(house, papers(house, written(tmp_path / "old.csv", [old_row(1)])))
    worker_id = house.people.find("resident-id", person(1)["number"])
    assert worker_id is not None
    assert holder(house, worker_id) == Holder(person(1)["name"], "resident-id", person(1)["number"])
    tell(house, worker_id, "archive-restricted")
    letters.deliverer(house).run()
    (slip,) = slips(house, CLERK, "service-window", "K-1")
    assert (slip.name, slip.number) == (person(1)["name"], person(1)["number"][-4:])


def test_a_changed_name_counts_at_once_and_an_old_number_never(house: House) -> None:
    centre = Centre(house, 1)
    centre.enter(centre.completion(person(1)))
    mine = centre.worker_id(person(1))
    house.clock.advance(1_000)
    decided(house, lambda turn: numbers.propose_name(turn, house, mine, "马·新名", WHY, "official:first"))
    short = synthetic.legacy_15(person(1)["number"])
    ground = Why("fifteen-to-eighteen", "底册", ["ab" * 32])
    house.clock.advance(1_000)
    decided(
        house,
        lambda turn: numbers.propose_add(turn, house, mine, "resident-id", short, ground, "official:first"),
    )
    assert holder(house, mine) == Holder("马·新名", "resident-id", person(1)["number"])


def test_of_merged_archives_the_own_one_says_it(house: House) -> None:
    centre = Centre(house, 1)
    centre.enter(*(centre.completion(person(n)) for n in (1, 2)))
    into, other = (centre.worker_id(person(n)) for n in (1, 2))
    merge(house, other, into)
    assert holder(house, into).number == person(1)["number"]
