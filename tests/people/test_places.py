"""Where a worker lies: from the card registry or a record's card, whichever comes first."""

import pytest

from recordsvc.access import areas
from recordsvc.house import House
from recordsvc.people import places, synthetic
from recordsvc.people.cardbook import CardFact
from recordsvc.people.enrolling import Enrolment
from recordsvc.people.waiting import WaitingCards
from tests.archive.support import Centre, person


def fact(n: int, area: str | None = "640104") -> CardFact:
    who = person(n)
    said = (str(who["document"]), str(who["number"]), str(who["name"]), synthetic.card_number(n), "registry")
    return CardFact(*said, None, area)


def take(house: House, *facts: CardFact) -> None:
    house.db.write(lambda turn: Enrolment(turn, house.people, house.keys, house.random).take(facts))


def where(house: House, worker_id: bytes) -> str | None:
    with house.db.read() as conn:
        return areas.person(conn, worker_id).area


def unplaced(house: House) -> int:
    with house.db.read() as conn:
        return places.unplaced(conn, 100)


@pytest.mark.parametrize("shown", [True, False])
def test_the_card_first_and_then_the_worker(house: House, *, shown: bool) -> None:
    take(house, fact(1))
    centre, who = Centre(house, 1), person(1)
    card = {"number": synthetic.card_number(1), "area": "640202"}
    centre.enter(centre.completion({**who, "card": card} if shown else who))
    WaitingCards(house).run()

    assert where(house, centre.worker_id(person(1))) == "640104"
    assert unplaced(house) == 0


def test_the_worker_first_and_then_the_card(house: House) -> None:
    centre = Centre(house, 1)
    centre.enter(centre.completion(person(1)))
    assert (where(house, centre.worker_id(person(1))), unplaced(house)) == ("", 1)

    take(house, fact(1))

    assert where(house, centre.worker_id(person(1))) == "640104"
    assert unplaced(house) == 0


def test_what_a_centre_wrote_beside_the_card_counts_until_the_registry_speaks(house: House) -> None:
    centre = Centre(house, 1)
    card = {"number": synthetic.card_number(1), "area": "640100"}
    centre.enter(centre.completion({**person(1), "card": card}))
    assert where(house, centre.worker_id(person(1))) == "640100"

    take(house, fact(1))
    assert where(house, centre.worker_id(person(1))) == "640104"

    later = {"number": synthetic.card_number(2), "area": "640202"}
    centre.enter(centre.completion({**person(1), "card": later}))
    assert where(house, centre.worker_id(person(1))) == "640104", "what is known stays"


def test_a_card_of_another_places_nobody(house: House) -> None:
    take(house, fact(1))
    centre = Centre(house, 1)
    card = {"number": synthetic.card_number(1), "area": "640202"}
    centre.enter(centre.completion({**person(2), "card": card}))

    assert where(house, centre.worker_id(person(2))) == ""
    assert unplaced(house) == 1
