"""A card of the wrong person: taken back and given on by two officials; nothing is deleted, all are told."""

from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import fsck
from recordsvc.archive import noticeboard, reassigning, tables
from recordsvc.ground import two_person
from recordsvc.house import House
from recordsvc.people import cards, numbers, synthetic
from recordsvc.people.enrolling import CardDisagrees, Enrolment, Outcome
from recordsvc.people.numbers import Known, NumberUnfit, Why
from recordsvc.people.resolve import Person
from tests.archive.support import Centre, person, told
from tests.archive.test_merging import merge
from tests.people.test_enrolling import CARD, NEW, NORMAL, alone, fact, take
from tests.people.test_numbers import decided, known

WHY = Why("card-wrong-person", "制卡底册核对", ["ab" * 32])


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def both(house: House, centre: Centre) -> tuple[bytes, bytes]:
    """The card of person 2 is verified for person 1: one record names it, another was selected by it."""
    centre.enter(centre.completion(person(1, number=CARD)), centre.completion(person(2)))
    take(house, fact(1, area="640100", chip=synthetic.chip_code(1)))
    centre.enter(centre.completion(alone(1)))
    return centre.worker_id(person(1)), centre.worker_id(person(2))


def card_of(house: House, worker_id: bytes, number: str = CARD) -> Known:
    (found,) = [one for one in known(house, worker_id) if one.value == number]
    return found


def reassign(house: House, worker_id: bytes, to: bytes | None, number: str = CARD) -> None:
    told_ = (worker_id, card_of(house, worker_id, number).identifier_id, to, WHY, "official:first")
    decided(house, lambda turn: reassigning.propose_reassign(turn, house, *told_))


def entries(house: House) -> list[Any]:
    with house.db.read() as conn:
        return list(conn.execute(sa.select(tables.entry).order_by(tables.entry.c.idx)))


def notices_of(house: House, worker_id: bytes) -> list[str]:
    with house.db.read() as conn:
        return [one.kind for one in noticeboard.of_workers(house, conn, [worker_id])]


def test_the_card_goes_to_whom_it_belongs_and_no_entry_changes(
    house: House, centre: Centre, both: tuple[bytes, bytes]
) -> None:
    wrong, right = both
    before = entries(house)
    reassign(house, wrong, right)

    assert entries(house) == before
    assert house.people.find("card", CARD) == right
    assert house.people.find("chip", synthetic.chip_code(1)) == right
    centre.enter(centre.completion(alone(2)))
    assert told(centre.send([centre.completion(alone(1))])) == ["name-differs"]
    assert told(centre.send([centre.completion(person(1, number=CARD))])) == ["card-of-another"]
    assert fsck.fsck(house).finding is None


def test_the_history_stays_with_the_wrong_person(house: House, both: tuple[bytes, bytes]) -> None:
    wrong, right = both
    reassign(house, wrong, right)
    old, new = card_of(house, wrong), card_of(house, right)
    assert (old.standing, [one.what for one in old.events]) == (
        "disputed",
        ["issued", "social-activated", "taken-back"],
    )
    assert (new.standing, new.area, [one.what for one in new.events]) == (
        "verified",
        "640100",
        ["issued", "social-activated"],
    )
    assert old.events[-1].source == new.source
    assert cards.is_normal(new.events, ("2021-01-01", "2021-02-01"))


def test_persons_institutions_and_desk_are_told(
    house: House, centre: Centre, both: tuple[bytes, bytes]
) -> None:
    wrong, right = both
    reassign(house, wrong, right)
    assert "card-taken-back" in notices_of(house, wrong)
    assert "card-assigned" in notices_of(house, right)
    with house.db.read() as conn:
        offices = list(conn.execute(sa.select(tables.office_notice)))
    kinds = sorted(one.kind for one in offices if one.kind.startswith("card"))
    assert kinds == ["card-of-another", "card-of-another", "card-taken-back"]
    assert CARD not in repr(offices)


def test_what_is_proposed_names_no_card(house: House, both: tuple[bytes, bytes]) -> None:
    wrong, right = both
    told_ = (wrong, card_of(house, wrong).identifier_id, right, WHY, "official:first")
    house.db.write(lambda turn: reassigning.propose_reassign(turn, house, *told_))
    with house.db.read() as conn:
        row = conn.execute(sa.select(two_person.proposal)).one()
        (waits,) = numbers.asked(house, conn, wrong)
    assert CARD not in repr(tuple(row))
    assert (waits.proposal.kind, waits.kind) == ("card.reassign", "card")
    assert house.people.find("card", CARD) == wrong, "nothing happens before a second person decides"


def test_taken_back_for_nobody_it_selects_and_finds_nobody_until_it_is_given_on(
    house: House, centre: Centre, both: tuple[bytes, bytes]
) -> None:
    wrong, right = both
    reassign(house, wrong, None)
    assert house.people.find("card", CARD) is None
    assert house.people.find("chip", synthetic.chip_code(1)) is None
    assert told(centre.send([centre.completion(alone(1))])) == ["card-not-confirmed"]
    assert told(centre.send([centre.completion(person(2, number=CARD))])) == ["card-of-another"]
    assert fsck.fsck(house).finding is None
    with pytest.raises(NumberUnfit):
        reassign(house, wrong, None)
    reassign(house, wrong, right)
    assert house.people.find("card", CARD) == right
    assert fsck.fsck(house).finding is None


def test_the_registry_and_the_desk_do_not_undo_it(house: House, both: tuple[bytes, bytes]) -> None:
    wrong, right = both
    reassign(house, wrong, None)
    assert take(house, fact(1)) == [Outcome.CARD_TAKEN_BACK]
    who = person(1)
    seen = Person(who["document"], who["number"], who["name"], CARD)

    def confirm(turn: Any) -> bytes:
        return Enrolment(turn, house.people, house.keys, house.random).confirm(seen, "desk")

    with pytest.raises(CardDisagrees):
        house.db.write(confirm)
    assert take(house, fact(2)) == [Outcome.CLAIM_DISPUTED]
    assert house.people.find("card", CARD) == right
    assert take(house, fact(1)) == [Outcome.CARD_OF_ANOTHER]
    assert fsck.fsck(house).finding is None


def test_a_claim_without_a_life_can_be_given_on(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1, number=CARD)), centre.completion(person(2)))
    wrong, right = (centre.worker_id(person(n)) for n in (1, 2))
    reassign(house, wrong, right)
    assert house.people.find("card", CARD) == right
    assert [one.what for one in card_of(house, wrong).events] == ["taken-back"]
    assert fsck.fsck(house).finding is None


def test_a_chip_that_came_with_another_card_stays(
    house: House, centre: Centre, both: tuple[bytes, bytes]
) -> None:
    wrong, right = both
    house.clock.advance(60_000)  # type: ignore[attr-defined]
    take(house, fact(1, NEW, chip=synthetic.chip_code(2)))
    reassign(house, wrong, right)
    assert house.people.find("chip", synthetic.chip_code(2)) == wrong
    assert house.people.find("chip", synthetic.chip_code(1)) == right
    assert house.people.find("card", NEW) == wrong


def test_what_cannot_be_given_is_refused(house: House, centre: Centre, both: tuple[bytes, bytes]) -> None:
    wrong, right = both
    centre.enter(centre.completion(person(3)))
    third = centre.worker_id(person(3))
    merge(house, third, wrong)
    for to in (wrong, third):
        with pytest.raises(NumberUnfit):
            reassign(house, wrong, to)
    reassign(house, wrong, right)
    with pytest.raises(NumberUnfit):
        reassign(house, wrong, right)


def test_a_card_that_changed_since_is_proposed_anew(house: House, both: tuple[bytes, bytes]) -> None:
    wrong, right = both
    told_ = (wrong, card_of(house, wrong).identifier_id, right, WHY, "official:first")
    old = house.db.write(lambda turn: reassigning.propose_reassign(turn, house, *told_))
    take(house, fact(1, events=(*NORMAL, ("frozen", "2024-01-01", ""))))
    with pytest.raises(two_person.StaleProposal):
        house.db.write(lambda turn: two_person.decide(turn, old, "official:b", True, "同意", tools=house))
