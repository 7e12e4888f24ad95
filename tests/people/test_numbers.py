"""One person, several numbers: two officials, nothing deleted, a number of two people selects nobody."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import fsck
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import uuid_text
from recordsvc.house import House
from recordsvc.people import cards, numbers, synthetic
from recordsvc.people.identifiers import IdentifierError
from recordsvc.people.numbers import Known, NumberTaken, NumberUnfit, Why
from tests.archive.support import Centre, person, told
from tests.people.test_enrolling import CARD, NORMAL, alone, fact, take

WHY = Why("document-renewed", "公安机关证明", ["ab" * 32])
OLD_PR, NEW_PR = "KAZ640199082401", synthetic.foreign_pr("64", "398", dt.date(1991, 8, 24), "male")


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def mine(house: House, centre: Centre) -> bytes:
    """The archive of one person, with one record."""
    centre.enter(centre.completion(person(1)))
    return centre.worker_id(person(1))


def decided(house: House, propose: Callable[[Turn], bytes]) -> Any:
    proposal = house.db.write(propose)
    said = ("official:second", True, "属实")
    return house.db.write(lambda turn: two_person.decide(turn, proposal, *said, role="reviewer", tools=house))


def add(house: House, worker_id: bytes, kind: str, value: str, standing: str = "verified") -> None:
    told_ = (kind, value, WHY, "official:first", standing)
    decided(house, lambda turn: numbers.propose_add(turn, house, worker_id, *told_))


def known(house: House, worker_id: bytes) -> list[Known]:
    with house.db.read_raw() as cursor:
        return numbers.known(house, cursor, worker_id)


def stand(house: House, worker_id: bytes, value: str, standing: str) -> None:
    (own,) = [one for one in known(house, worker_id) if one.value == value]
    told_ = (own.identifier_id, standing, WHY, "official:first")
    decided(house, lambda turn: numbers.propose_standing(turn, house, worker_id, *told_))


def named(kind: str, number: str, n: int = 1) -> dict[str, Any]:
    return {"document": kind, "number": number, "name": person(n)["name"]}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("foreign-pr", OLD_PR),
        ("foreign-pr", NEW_PR),
        ("hmt-permit-hk-mo", "H12345678"),
        ("passport", "E1234567"),
    ],
)
def test_a_new_number_selects_with_the_name(
    house: House, centre: Centre, mine: bytes, kind: str, value: str
) -> None:
    add(house, mine, kind, value)
    assert house.people.find(kind, value) == mine
    centre.enter(centre.completion(named(kind, value)), centre.completion(person(1)))
    assert told(centre.send([centre.completion(named(kind, value, 2))])) == ["name-differs"]
    assert fsck.fsck(house).finding is None


def test_the_proposal_holds_no_number(house: House, mine: bytes) -> None:
    told_ = ("passport", "E1234567", WHY, "official:first")
    house.db.write(lambda turn: numbers.propose_add(turn, house, mine, *told_))
    with house.db.read() as conn:
        row = conn.execute(sa.select(two_person.proposal)).one()
        (waits,) = numbers.asked(house, conn, mine)
    assert "E1234567" not in repr(tuple(row))
    assert (waits.kind, waits.value, row.subject) == ("passport", "E1234567", uuid_text(mine))


def test_a_superseded_number_goes_on_finding_its_archive(house: House, centre: Centre, mine: bytes) -> None:
    add(house, mine, "foreign-pr", OLD_PR)
    add(house, mine, "foreign-pr", NEW_PR)
    stand(house, mine, OLD_PR, "superseded")
    assert house.people.find("foreign-pr", OLD_PR) == mine
    centre.enter(centre.completion(named("foreign-pr", OLD_PR)))
    assert [one.standing for one in known(house, mine) if one.kind == "foreign-pr"] == [
        "superseded",
        "verified",
    ]
    assert fsck.fsck(house).finding is None


def test_fifteen_digits_find_the_archive_of_the_eighteen(house: House, centre: Centre, mine: bytes) -> None:
    short = synthetic.legacy_15(person(1)["number"])
    add(house, mine, "resident-id", short)
    assert house.people.find("resident-id", short) == mine
    with pytest.raises(NumberUnfit):
        add(house, mine, "resident-id", synthetic.legacy_15(person(5)["number"]))
    assert fsck.fsck(house).finding is None


def test_a_number_that_two_people_had_selects_and_finds_nobody(
    house: House, centre: Centre, mine: bytes
) -> None:
    """重号: the second one's archive stands under the corrected number."""
    shared = person(1)["number"]
    centre.enter(centre.completion(person(2)))
    other = centre.worker_id(person(2))
    with pytest.raises(NumberTaken):
        add(house, other, "resident-id", shared)
    with pytest.raises(NumberTaken):
        add(house, other, "resident-id", shared, "disputed")
    stand(house, mine, shared, "disputed")
    add(house, other, "resident-id", shared, "disputed")

    assert house.people.find("resident-id", shared) is None
    both = [centre.completion(named("resident-id", shared, n)) for n in (1, 2)]
    assert told(centre.send(both)) == ["number-disputed"] * 2
    for one in (mine, other):
        assert "disputed" in {each.standing for each in known(house, one) if each.value == shared}
    with house.db.read() as conn:
        assert {row.worker_id for row in numbers.disputed(conn)} == {mine, other}
    assert fsck.fsck(house).finding is None

    with pytest.raises(NumberTaken):
        stand(house, other, shared, "verified")
    stand(house, mine, shared, "verified")
    assert house.people.find("resident-id", shared) == mine
    assert fsck.fsck(house).finding is None


def test_both_names_count(house: House, centre: Centre, mine: bytes) -> None:
    new = {**person(1), "name": "马·新名"}
    assert told(centre.send([centre.completion(new)])) == ["name-differs"]
    decided(house, lambda turn: numbers.propose_name(turn, house, mine, "马·新名", WHY, "official:first"))
    centre.enter(centre.completion(new), centre.completion(person(1)))
    with pytest.raises(NumberUnfit):
        decided(house, lambda turn: numbers.propose_name(turn, house, mine, "马·新名", WHY, "official:a"))
    assert fsck.fsck(house).finding is None


def test_an_event_entered_in_error_is_withdrawn_and_stays(house: House, centre: Centre, mine: bytes) -> None:
    take(house, fact(1, events=(*NORMAL, ("lost-oral", "2020-02-01", ""))))
    assert told(centre.send([centre.completion(alone(1))])) == ["card-not-normal"]
    (card,) = [one for one in known(house, mine) if one.kind == "card"]
    told_ = (card.identifier_id, 2, WHY, "official:first")
    decided(house, lambda turn: numbers.propose_withdrawal(turn, house, mine, *told_))
    (card,) = [one for one in known(house, mine) if one.value == CARD]
    assert [one.what for one in card.events] == ["issued", "social-activated", "lost-oral", "withdrawn"]
    assert cards.card_state(card.events, "2025-01-01").social == "normal"
    centre.enter(centre.completion(alone(1)))
    assert fsck.fsck(house).finding is None


def test_what_cannot_be_is_refused(house: House, mine: bytes) -> None:
    with pytest.raises(IdentifierError):
        add(house, mine, "resident-id", "640104199002159910")
    with pytest.raises(NumberUnfit):
        add(house, mine, "resident-id", person(1)["number"])


def test_a_proposal_on_old_facts_is_stale(house: House, mine: bytes) -> None:
    told_ = ("passport", "E1234567", WHY, "official:first")
    old = house.db.write(lambda turn: numbers.propose_add(turn, house, mine, *told_))
    add(house, mine, "passport", "E7654321")
    with pytest.raises(two_person.StaleProposal):
        house.db.write(lambda turn: two_person.decide(turn, old, "official:b", True, "同意", tools=house))
