"""Cards come to their holders: by the registry's word, before or after the first record, against claims."""

from dataclasses import replace
from typing import Any

import pytest

from recordsvc import fsck
from recordsvc.archive.rows import Answer
from recordsvc.ground.ports import beijing_date
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.people.cardbook import CardFact
from recordsvc.people.enrolling import Enrolment, Outcome
from recordsvc.people.resolve import Person
from tests.archive.support import Centre, person, told
from tests.archive.test_merging import merge

NORMAL = (("issued", "2020-01-02", ""), ("social-activated", "2020-01-05", ""))
CARD, NEW = synthetic.card_number(1), synthetic.card_number(2)


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


def fact(n: int, card: str = CARD, events: Any = NORMAL, **more: Any) -> CardFact:
    who = person(n)
    return CardFact(
        who["document"], who["number"], who["name"], card, "extract:2025-10-01", events=events, **more
    )


def take(house: House, *facts: CardFact) -> list[Outcome]:
    return house.db.write(lambda turn: Enrolment(turn, house.people, house.keys, house.random).take(facts))


def alone(n: int, card: str = CARD) -> dict[str, Any]:
    return {"name": person(n)["name"], "card": {"number": card, "area": "640100"}}


def warned(answer: Answer) -> list[list[str]]:
    return [[one.code for one in row.findings if one.code.startswith("card-")] for row in answer.rows]


def ago(house: House, days: int) -> str:
    return beijing_date(house.clock.now_ms() - days * 86_400_000).isoformat()


def test_the_registry_attaches_a_card_which_then_selects_alone(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)))
    assert take(house, fact(1, area="640100", chip=synthetic.chip_code(1))) == [Outcome.ATTACHED]
    assert house.people.find("card", CARD) == centre.worker_id(person(1))
    centre.enter(centre.completion(alone(1)))
    assert told(centre.send([centre.completion({**alone(1), "name": "丁不同"})])) == ["name-differs"]
    assert take(house, fact(1, area="640100", chip=synthetic.chip_code(1))) == [Outcome.UNCHANGED]
    assert fsck.fsck(house).finding is None


def test_a_claim_is_confirmed(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1, number=CARD)))
    assert told(centre.send([centre.completion(alone(1))])) == ["card-not-confirmed"]
    assert take(house, fact(1)) == [Outcome.CONFIRMED]
    centre.enter(centre.completion(alone(1)))
    assert fsck.fsck(house).finding is None


def test_a_card_confirmed_at_the_desk_selects_from_the_day_that_is_stated(
    house: House, centre: Centre
) -> None:
    """The course ran from 40 to 10 days ago."""
    centre.enter(centre.completion(person(1, number=CARD)))
    who = person(1)
    seen = Person(who["document"], who["number"], who["name"], CARD)

    def confirm(since: str | None) -> list[str]:
        house.db.write(
            lambda turn: Enrolment(turn, house.people, house.keys, house.random).confirm(seen, "d", since)
        )
        return told(centre.send([centre.completion(alone(1))]))

    assert confirm(None) == ["card-not-normal"], "nobody looked at its function"
    assert confirm(ago(house, 20)) == ["card-not-normal"], "normal since the course began is what counts"
    assert confirm(ago(house, 60)) == ["accepted"]
    assert fsck.fsck(house).finding is None


def test_a_fact_waits_for_its_holders_first_record(house: House, centre: Centre) -> None:
    assert take(house, fact(1)) == [Outcome.KEPT]
    assert take(house, fact(1)) == [Outcome.UNCHANGED]
    assert fsck.fsck(house).counts["card facts"] == 1
    assert told(centre.send([centre.completion(alone(1))])) == ["card-not-confirmed"]
    centre.enter(centre.completion(person(1, number=CARD)), centre.completion(alone(1)))
    centre.enter(centre.completion(alone(1)))
    assert "card facts" not in fsck.fsck(house).counts
    assert take(house, fact(1)) == [Outcome.UNCHANGED]


def test_a_waiting_card_is_attached_when_the_registry_speaks_again(house: House, centre: Centre) -> None:
    take(house, fact(1))
    centre.enter(centre.completion(person(1)))
    assert take(house, fact(1)) == [Outcome.ATTACHED]
    centre.enter(centre.completion(alone(1)))
    assert "card facts" not in fsck.fsck(house).counts


def test_who_shows_a_card_that_waits_for_another_does_not_get_it(house: House, centre: Centre) -> None:
    take(house, fact(1))
    centre.enter(centre.completion(person(2, number=CARD)))
    assert house.people.find("card", CARD) is None
    assert told(centre.send([centre.completion(alone(2))])) == ["card-not-confirmed"]
    centre.enter(centre.completion(person(1)))
    assert take(house, fact(1)) == [Outcome.CLAIM_DISPUTED]
    assert house.people.find("card", CARD) == centre.worker_id(person(1))
    assert told(centre.send([centre.completion(person(2, number=CARD))])) == ["card-of-another"]
    assert fsck.fsck(house).finding is None


def test_a_claimed_card_of_another_becomes_its_holders(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)), centre.completion(person(2, number=CARD)))
    assert take(house, fact(1)) == [Outcome.CLAIM_DISPUTED]
    assert house.people.find("card", CARD) == centre.worker_id(person(1))
    centre.enter(centre.completion(alone(1)))
    assert fsck.fsck(house).finding is None


def test_a_claim_is_disputed_before_the_holder_is_here(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(2, number=CARD)))
    assert take(house, fact(1)) == [Outcome.CLAIM_DISPUTED]
    assert take(house, fact(1)) == [Outcome.UNCHANGED]
    assert fsck.fsck(house).finding is None
    centre.enter(centre.completion(person(1)))
    assert take(house, fact(1)) == [Outcome.CLAIM_DISPUTED]
    assert fsck.fsck(house).finding is None


def test_what_is_verified_for_another_is_left_alone(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))
    take(house, fact(1))
    assert take(house, fact(2), fact(3)) == [Outcome.CARD_OF_ANOTHER] * 2
    assert take(house, replace(fact(1), name="丁不同")) == [Outcome.NAME_DIFFERS]
    assert house.people.find("card", CARD) == centre.worker_id(person(1))


def test_one_portion_may_speak_of_a_card_twice(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)))
    frozen = (*NORMAL, ("frozen", "2021-01-01", ""))
    chip = {"chip": synthetic.chip_code(1)}
    assert take(house, fact(1, **chip), fact(1, events=frozen, **chip), fact(1)) == [
        "attached",
        "updated",
        "unchanged",
    ]
    assert take(house, fact(3, NEW), fact(3, NEW, frozen), fact(3, NEW)) == ["kept", "kept", "unchanged"]
    assert fsck.fsck(house).finding is None


@pytest.mark.parametrize(
    ("what", "days", "warning", "selects"),
    [
        (None, 0, [], True),
        ("replaced", 5, ["card-replaced"], True),
        ("replaced", 20, ["card-replaced"], False),
        ("replaced", 60, ["card-void"], False),
        ("lost-written", 20, ["card-lost"], False),
        ("frozen", 60, ["card-frozen"], False),
        ("frozen", 5, [], True),
        ("cancelled", 60, ["card-void"], False),
        ("bank-closed", 60, [], True),
    ],
)
def test_a_card_is_judged_on_the_days_of_the_training(
    house: House, centre: Centre, what: str | None, days: int, warning: list[str], selects: bool
) -> None:
    """The course ran from 40 to 10 days ago."""
    centre.enter(centre.completion(person(1)))
    happened = ((what, ago(house, days), ""),) if what else ()
    take(house, fact(1, events=(*NORMAL, *happened)))

    answer = centre.send([centre.completion(person(1, number=CARD)), centre.completion(alone(1))])

    assert told(answer) == ["accepted", "accepted" if selects else "card-not-normal"]
    assert warned(answer) == [warning, warning if selects else []]
    assert house.people.find("card", CARD) == centre.worker_id(person(1)), "any card ever held opens"


def test_a_replacement_ends_the_old_card_and_leaves_the_bank_axis_alone(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)))
    take(house, fact(1, events=(*NORMAL, ("bank-activated", "2020-02-01", ""))))
    new = fact(1, NEW, (("issued", ago(house, 5), ""),), replaces=CARD)
    assert take(house, new) == [Outcome.ATTACHED]
    assert warned(centre.send([centre.completion(person(1, number=CARD))])) == [["card-replaced"]]
    assert take(house, new) == [Outcome.UNCHANGED]
    assert fsck.fsck(house).counts["card events"] == 5


def test_facts_follow_a_merge(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))
    take(house, fact(1))
    first, second = centre.worker_id(person(1)), centre.worker_id(person(2))
    merge(house, first, second)
    assert take(house, fact(1, events=(*NORMAL, ("lost-oral", ago(house, 20), "")))) == [Outcome.UPDATED]
    answer = centre.send([centre.completion(person(2, number=CARD))])
    assert (told(answer), warned(answer)) == (["accepted"], [["card-lost"]])
    assert fsck.fsck(house).finding is None
