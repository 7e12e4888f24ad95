"""Corrections that name no case: the worker agrees, or the case goes on; what the region may correct."""

import datetime as dt

import pytest

from recordsvc import fsck
from recordsvc.archive import dispute_decisions, disputes
from recordsvc.archive.dispute_answers import Answer
from recordsvc.archive.dispute_decisions import Decision
from recordsvc.archive.errors import ContentRefused, TargetUnfit
from recordsvc.dated import NoRuleInForce
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.house import House
from tests.archive.support import Centre, person
from tests.archive.test_disputes import (
    DAY,
    SCORE,
    answer,
    bytes_of,
    cases,
    centre,
    confirm,
    contest,
    decide,
    follow,
    notices_of,
    opened,
    propose,
    record,
    regional,
    state_of,
    worker,
)

__all__ = ["centre", "record", "regional", "worker"]


def corrected(centre: Centre, record: bytes, score: str = "91.0") -> tuple[bytes, int]:
    """The issuer corrects and names no case: the correction and its log index."""
    made = centre.correction(person(1), record, score=score)
    (entered,) = centre.enter(made)
    return made, entered.index


def test_a_correction_that_names_no_case_ends_it_when_the_worker_agrees(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    made, index = corrected(centre, record)
    follow(house)
    (now,) = cases(house, worker)
    assert (now.state, now.owner, now.answer, now.answer_id) == (
        "answered",
        "issuer",
        "upheld",
        bytes_of(made),
    )
    assert now.due_on == case.due_on, "an act that may not meet the objection moves no term"
    confirm(house, worker, record)
    follow(house)

    (ended,) = cases(house, worker)
    assert (ended.state, ended.outcome_idx) == ("upheld", index)
    told = sorted(notices_of(house, worker))
    assert told == ["objection-answered", "objection-decided", "objection-opened"]
    assert fsck.fsck(house).finding is None


def test_who_contests_the_corrected_record_is_heard_by_the_region(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    opened(house, worker, record)
    corrected(centre, record, "87.0")
    follow(house)
    contest(house, worker, record, "还是不对")
    follow(house)

    (now,) = cases(house, worker)
    assert (now.state, now.owner) == ("answered", "region")


def test_a_correction_that_nobody_agreed_to_goes_to_the_region_in_time(
    house: House, centre: Centre, worker: bytes, record: bytes, clock: FixedClock
) -> None:
    case = opened(house, worker, record)
    corrected(centre, record)
    follow(house)
    days = (dt.date.fromisoformat(case.due_on) - beijing_date(clock.now_ms())).days
    clock.advance((days + 1) * DAY)

    assert disputes.pass_on_due(house) == 1
    assert cases(house, worker)[0].owner == "region"


def test_a_second_correction_is_the_one_that_is_agreed_to(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    opened(house, worker, record)
    corrected(centre, record, "90.0")
    _made, index = corrected(centre, record, "91.0")
    follow(house)
    confirm(house, worker, record)
    follow(house)

    assert cases(house, worker)[0].outcome_idx == index


def test_the_issuer_may_still_name_the_correction_and_end_the_case(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    made, index = corrected(centre, record)
    follow(house)
    answer(house, case, centre.uscc, Answer("upheld", "按成绩单更正", bytes_of(made)))

    (ended,) = cases(house, worker)
    assert (ended.state, ended.outcome_idx) == ("upheld", index)


def test_another_correction_does_not_take_the_place_of_the_one_that_was_named(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    named = centre.correction(person(1), record, score="91.0")
    answer(house, case, centre.uscc, Answer("upheld", "", bytes_of(named)))
    corrected(centre, record, "50.0")
    follow(house)
    assert cases(house, worker)[0].answer_id == bytes_of(named)
    (entered,) = centre.enter(named)
    follow(house)

    assert (cases(house, worker)[0].state, cases(house, worker)[0].outcome_idx) == ("upheld", entered.index)


def test_a_correction_of_before_the_objection_answers_nothing(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    corrected(centre, record)
    follow(house)

    assert opened(house, worker, record).state == "open"


def test_a_late_correction_leaves_the_regions_case_with_the_region(
    house: House, centre: Centre, worker: bytes, record: bytes, regional: disputes.Dispute
) -> None:
    corrected(centre, record)
    follow(house)

    assert cases(house, worker) == [regional]


# -- what the region corrects


def test_the_region_corrects_nothing_into_what_cannot_be(
    house: House, worker: bytes, record: bytes, regional: disputes.Dispute
) -> None:
    impossible = Decision("日期有误", fields={"/body/ended_on": "2001-01-01"})
    with pytest.raises(ContentRefused) as refused:
        house.db.write(propose(house, regional, impossible))

    assert "ends-before-start" in [one["code"] for one in refused.value.errors]
    with house.db.read() as conn:
        assert dispute_decisions.proposed(house, conn, regional) == []


@pytest.mark.parametrize("what", ["the rule forbids it now", "the rule has expired"])
def test_a_correction_is_judged_anew_by_the_second_official(
    house: House,
    worker: bytes,
    record: bytes,
    regional: disputes.Dispute,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    proposal = house.db.write(propose(house, regional, SCORE))
    before = state_of(house, worker, record).body

    def expired(*_arguments: object) -> None:
        if what == "the rule has expired":
            raise NoRuleInForce("findings", "late", "2026-01-01")
        raise ContentRefused

    monkeypatch.setattr(dispute_decisions.checks, "check", expired)
    with pytest.raises((ContentRefused, TargetUnfit)):
        decide(house, proposal, "official:second")

    assert state_of(house, worker, record).body == before
    assert cases(house, worker)[0].state == "open"
