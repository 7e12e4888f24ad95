"""Who sends the same training again under another id is told, and which record it is."""

from typing import Any

import pytest

from recordsvc.archive import twin_warnings
from recordsvc.archive.answers import Answers
from recordsvc.archive.rows import Answer
from recordsvc.house import House
from tests.archive.support import Centre, id_of, person
from tests.archive.test_acts_without_effect import body_of

ONE = person(1)


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house)


def twins_in(house: House, answer: Answer) -> list[str]:
    """The record each row of an answer is told to be a twin of; empty: none."""
    told: list[dict[str, Any]] = Answers(house, answer).batch()[0]["rows"]
    warned = [[one for one in row.get("warnings", []) if one["code"] == "twin"] for row in told]
    assert all(len(some) < 2 for some in warned)
    return [some[0]["record"] if some else "" for some in warned]


def outcome_of(centre: Centre, completion: bytes, outcome: str = "absent") -> bytes:
    """R that says of the same class how the enrolment ended instead."""
    body = body_of(completion)
    kept = {name: body[name] for name in ("class", "ended_on", "institution", "started_on", "training_type")}
    return centre.record("enrolment-outcome", ONE, kept | {"outcome": outcome})


@pytest.mark.parametrize("mode", ["batch", "each", "json"])
def test_a_roster_sent_again_is_told_row_by_row(house: House, centre: Centre, mode: str) -> None:
    people = [person(n) for n in range(3)]
    first, again = ([centre.completion(one) for one in people] for _ in range(2))
    assert twins_in(house, centre.send(first, mode)) == [""] * 3
    ids = [id_of(one) for one in first]
    answer = centre.send(again, mode)
    assert [row.status for row in answer.rows] == ["accepted"] * 3
    assert twins_in(house, answer) == ids
    # Whoever lost the answer and asks again hears it, too.
    assert twins_in(house, centre.send(again, mode)) == ids


def test_a_single_record_is_told(house: House, centre: Centre) -> None:
    first = centre.completion(ONE)
    centre.enter(first)
    told, status = Answers(house, centre.send([centre.completion(ONE)], "single")).single()
    assert status == 201
    assert [(one["code"], one["record"]) for one in told["warnings"]] == [("twin", id_of(first))]


def test_what_differs_in_class_or_days_or_is_revoked_is_no_twin(house: House, centre: Centre) -> None:
    first = centre.completion(ONE)
    days = body_of(first)["attended_on"]
    centre.enter(first)
    others = [
        centre.completion(ONE, **{"class": {"code": "C2"}}),
        centre.completion(ONE, ended_on=days[-1]),
    ]
    assert twins_in(house, centre.send(others)) == ["", ""]
    centre.enter(centre.revocation(ONE, first))
    assert twins_in(house, centre.send([centre.completion(ONE)])) == [""]


def test_another_institutions_record_is_no_twin_and_not_told(house: House, centre: Centre) -> None:
    other = Centre(house, 2)
    other.enter(other.completion(ONE))
    assert twins_in(house, centre.send([centre.completion(ONE)])) == [""]


def test_in_one_submission_the_second_is_the_twin(house: House, centre: Centre) -> None:
    both = [centre.completion(ONE), centre.completion(ONE)]
    assert twins_in(house, centre.send(both)) == ["", id_of(both[0])]


@pytest.mark.parametrize("outcome", ["absent", "dropped"])
def test_a_completion_and_another_end_of_the_same_class_are_twins(
    house: House, centre: Centre, outcome: str
) -> None:
    first = centre.completion(ONE)
    centre.enter(first)
    assert twins_in(house, centre.send([outcome_of(centre, first, outcome)])) == [id_of(first)]


def test_what_a_correction_made_of_a_record_counts(house: House, centre: Centre) -> None:
    first = centre.completion(ONE)
    centre.enter(first)
    centre.enter(centre.record("correction", ONE, {
        "corrects": id_of(first), "reason": "班级写错", "fields": {"/body/class/code": "C9"},
    }))  # fmt: skip
    asked = [centre.completion(ONE), centre.completion(ONE, **{"class": {"code": "C9"}})]
    assert twins_in(house, centre.send(asked)) == ["", id_of(first)]


def test_what_a_correction_in_the_same_submission_made_of_a_record_counts(
    house: House, centre: Centre
) -> None:
    first = centre.completion(ONE)
    centre.enter(first)
    other = centre.completion(person(2))
    correction = centre.record("correction", ONE, {
        "corrects": id_of(first), "reason": "班级写错", "fields": {"/body/class/code": "C9"},
    })  # fmt: skip
    same = centre.completion(ONE, **{"class": {"code": "C9"}})
    assert twins_in(house, centre.send([other, correction, same])) == ["", "", id_of(first)]


def test_a_chain_that_ended_before_the_class_did_is_not_read(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre.enter(centre.completion(ONE))
    centre.house.clock.advance(60 * 86_400_000)
    monkeypatch.setattr(twin_warnings.store, "received", None)
    assert twins_in(house, centre.send([centre.completion(ONE)])) == [""]


@pytest.mark.parametrize("at_once", [3, 500])
def test_of_a_large_submission_each_lone_twin_is_told(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """One learner of one class among many that are new, at the beginning and at the end of the reading."""
    monkeypatch.setattr(twin_warnings, "_AT_ONCE", at_once)
    people = [person(n) for n in range(80)]
    centre.enter(*(centre.completion(one, **{"class": {"code": f"A{n}"}}) for n, one in enumerate(people)))
    lone = {7: centre.completion(people[7]), 79: centre.completion(people[79])}
    centre.enter(*lone.values())

    new = [centre.completion(one, **{"class": {"code": f"B{n // 20}"}}) for n, one in enumerate(people)]
    for n in lone:
        new[n] = centre.completion(people[n])

    expected = [id_of(lone[n]) if n in lone else "" for n in range(80)]
    assert twins_in(house, centre.send(new)) == expected


def test_a_twin_among_what_others_entered_meanwhile_is_told(house: House, centre: Centre) -> None:
    """Own entries between, another centre's too, and one told twice in the same submission."""
    other = Centre(house, 2)
    first = centre.completion(ONE)
    centre.enter(first)
    other.enter(other.completion(ONE), other.completion(person(2)))
    rows = [centre.completion(person(2)), centre.completion(ONE), centre.completion(person(2))]
    assert twins_in(house, centre.send(rows)) == ["", id_of(first), id_of(rows[0])]


def test_what_was_received_before_the_class_ended_is_not_opened(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a chain with newer entries, too: only those since the class's last day can tell of it."""
    old = centre.completion(ONE)
    centre.enter(old)
    house.clock.advance(60 * 86_400_000)
    newer = centre.completion(ONE)
    centre.enter(newer)
    opened: list[int] = []
    whole = house.admission.sealer.open

    def counted(key: Any, entry: Any) -> Any:
        opened.append(entry.seq)
        return whole(key, entry)

    monkeypatch.setattr(house.admission.sealer, "open", counted)
    assert twins_in(house, centre.send([centre.completion(ONE)])) == [id_of(newer)]
    assert opened == [1, 0, 1, 2], "searched what came since, then the archive of the hit was read"
