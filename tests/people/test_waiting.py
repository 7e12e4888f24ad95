"""Cards that wait are attached once their holder is here, however the holder came."""

from dataclasses import replace

import pytest

from recordsvc import fsck
from recordsvc.house import House
from recordsvc.people import numbers, synthetic, waiting
from recordsvc.people.waiting import WaitingCards
from recordsvc.work import Worker
from tests.archive.support import Centre, person, told
from tests.people.test_enrolling import CARD, alone, fact, take
from tests.people.test_numbers import WHY, add, decided, known, stand


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


def test_a_record_without_the_card_brings_its_holder(house: House, centre: Centre) -> None:
    take(house, fact(1))
    cards = WaitingCards(house)
    assert cards.run() == 0
    centre.enter(centre.completion(person(1)))
    assert cards.run() == 1
    assert cards.run() == 0
    centre.enter(centre.completion(alone(1)))
    assert "card facts" not in fsck.fsck(house).counts


def test_a_corrected_number_brings_its_holder(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(2)))
    mine = centre.worker_id(person(2))
    take(house, replace(fact(1), name=person(2)["name"]))
    assert WaitingCards(house).run() == 0
    add(house, mine, "resident-id", person(1)["number"])
    stand(house, mine, person(2)["number"], "superseded")
    assert WaitingCards(house).run() == 1
    assert house.people.find("card", CARD) == mine
    (card,) = [one for one in known(house, mine) if one.value == CARD]
    assert (card.standing, len(card.events)) == ("verified", 2)
    assert fsck.fsck(house).finding is None


def test_a_changed_name_brings_its_holder(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)))
    mine = centre.worker_id(person(1))
    take(house, fact(3))
    centre.enter(centre.completion({**person(3), "name": "马·旧名"}))
    assert WaitingCards(house).run() == 0, "the registry gives another name"
    other = centre.worker_id(person(3))
    named = (person(3)["name"], WHY, "official:first")
    decided(house, lambda turn: numbers.propose_name(turn, house, other, *named))
    assert WaitingCards(house).run() == 1
    assert house.people.find("card", CARD) == other != mine


def test_a_disputed_number_brings_nobody(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)))
    mine = centre.worker_id(person(1))
    take(house, fact(2))
    centre.enter(centre.completion(person(2)))
    stand(house, centre.worker_id(person(2)), person(2)["number"], "disputed")
    assert WaitingCards(house).run() == 0
    assert house.people.find("card", CARD) is None
    assert fsck.fsck(house).counts["card facts"] == 1
    assert told(centre.send([centre.completion(person(1))])) == ["accepted"]
    assert mine == centre.worker_id(person(1))


def test_the_walk_reaches_every_fact_and_begins_again(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PORTION", 2)
    take(house, *(fact(n, synthetic.card_number(n)) for n in range(1, 8)))
    cards = WaitingCards(house)
    centre.enter(*(centre.completion(person(n)) for n in (1, 4, 7)))
    assert sum(cards.run() for _ in range(4)) == 3
    centre.enter(centre.completion(person(2)))
    assert sum(cards.run() for _ in range(4)) == 1
    assert fsck.fsck(house).counts["card facts"] == 3


def test_the_background_process_walks(house: House) -> None:
    assert "cards" in [job.name for lane in Worker(house).lanes for job in lane]
