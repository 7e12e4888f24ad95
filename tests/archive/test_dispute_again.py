"""What was done about an objection is taken back or comes to nothing: the worker is heard again."""

import pytest

from recordsvc import fsck
from recordsvc.access.grants import Actor, Kind
from recordsvc.archive import contest_again, disputes
from recordsvc.archive.contest_again import ContestsUsedUp, NothingNew
from recordsvc.archive.dispute_answers import Answer
from recordsvc.archive.dispute_decisions import Decision
from recordsvc.archive.erasing import propose_record_erasure
from recordsvc.archive.errors import TargetUnfit
from recordsvc.house import House
from tests.archive.paperfiles import pdf
from tests.archive.restricted import seal
from tests.archive.support import Centre, person
from tests.archive.test_disputes import (
    DAY,
    REJECTED,
    SCORE,
    answer,
    bytes_of,
    cases,
    centre,
    confirm,
    contest,
    follow,
    opened,
    propose,
    record,
    regional,
    worker,
)
from tests.archive.test_erasing import UNLAWFUL
from tests.archive.test_merging import decided

NEW = "成绩单原件找到了"
__all__ = ["centre", "record", "regional", "worker"]


def test_an_answer_names_no_correction_that_was_taken_back(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    correction = centre.correction(person(1), record, score="91.0")
    centre.enter(correction)
    centre.enter(centre.revocation(person(1), correction))
    with pytest.raises(TargetUnfit):
        answer(house, case, centre.uscc, Answer("upheld", "", bytes_of(correction)))

    assert cases(house, worker)[0].state == "open"


def test_an_answer_names_no_revocation_after_the_record_was_put_back(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    revocation = centre.revocation(person(1), record)
    centre.enter(revocation)
    centre.enter(centre.restoration(person(1), record))
    with pytest.raises(TargetUnfit):
        answer(house, case, centre.uscc, Answer("upheld", "", bytes_of(revocation)))


def test_an_answer_names_no_correction_that_was_erased(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    correction = centre.correction(person(1), record, score="91.0")
    centre.enter(correction)
    seal(house, worker, bytes_of(record))
    decided(
        house,
        lambda turn: propose_record_erasure(
            turn, house, worker, bytes_of(record), UNLAWFUL, "official:first"
        ),
    )
    with pytest.raises(TargetUnfit):
        answer(house, case, centre.uscc, Answer("upheld", "", bytes_of(correction)))
    follow(house)

    assert cases(house, worker)[0].state == "withdrawn"


def test_a_correction_taken_back_is_offered_no_longer(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    correction = centre.correction(person(1), record, score="91.0")
    centre.enter(correction)
    follow(house)
    centre.enter(centre.revocation(person(1), correction))
    follow(house)

    (now,) = cases(house, worker)
    assert (now.state, now.answer, now.answer_id, now.due_on) == ("open", None, None, case.due_on)
    index = confirm(house, worker, record)
    follow(house)
    assert [(one.state, one.outcome_idx) for one in cases(house, worker)] == [("withdrawn", index)]


def test_who_contests_a_rejected_record_again_has_another_case(
    house: House, worker: bytes, record: bytes, regional: disputes.Dispute
) -> None:
    decided(house, propose(house, regional, REJECTED))
    index = contest(house, worker, record, NEW)
    assert contest(house, worker, record, NEW) == index, "the same click twice"
    follow(house)

    assert sorted(one.state for one in cases(house, worker)) == ["open", "rejected"]
    assert fsck.fsck(house).finding is None


@pytest.mark.parametrize("undone", ["a correction", "a revocation"])
def test_a_case_that_was_upheld_and_undone_is_opened_anew(
    house: House, centre: Centre, worker: bytes, record: bytes, undone: str
) -> None:
    case = opened(house, worker, record)
    if undone == "a correction":
        done = centre.correction(person(1), record, score="91.0")
        undoing = centre.revocation(person(1), done)
    else:
        done, undoing = centre.revocation(person(1), record), centre.restoration(person(1), record)
    centre.enter(done)
    if undone == "a correction":
        answer(house, case, centre.uscc, Answer("upheld", "", bytes_of(done)))
    follow(house)
    centre.enter(undoing)
    follow(house)
    assert [one.state for one in cases(house, worker)] == ["upheld"]
    contest(house, worker, record)
    follow(house)

    assert sorted(one.state for one in cases(house, worker)) == ["open", "upheld"]


@pytest.mark.parametrize("decision", [SCORE, REJECTED], ids=["upheld", "rejected"])
def test_what_was_said_before_a_decision_opens_no_second_case(
    house: House, centre: Centre, worker: bytes, record: bytes, regional: disputes.Dispute, decision: Decision
) -> None:
    """The worker contests the corrected record; two officials decide it before the log is followed."""
    centre.enter(centre.correction(person(1), record, score="70.0"))
    contest(house, worker, record, "也不是 70 分")
    decided(house, propose(house, regional, decision))
    follow(house)

    assert len(cases(house, worker)) == 1


@pytest.mark.parametrize("word", ["contest", "confirmation"])
def test_a_word_said_before_the_promised_correction_is_not_said_of_it(
    house: House, centre: Centre, worker: bytes, record: bytes, word: str
) -> None:
    """Correction, word and promised correction stand in the log before any of them is followed."""
    case = opened(house, worker, record)
    promised = centre.correction(person(1), record, score="91.0")
    answer(house, case, centre.uscc, Answer("upheld", "", bytes_of(promised)))
    centre.enter(centre.correction(person(1), record, score="70.0"))
    index = contest(house, worker, record) if word == "contest" else confirm(house, worker, record)
    (entered,) = centre.enter(promised)
    follow(house)

    (ended,) = cases(house, worker)
    told = (ended.state, ended.owner, ended.outcome_idx)
    assert told == (
        ("upheld", "issuer", entered.index) if word == "contest" else ("withdrawn", "issuer", index)
    )


@pytest.fixture
def rejected(house: House, worker: bytes, record: bytes, regional: disputes.Dispute) -> bytes:
    """A record whose contest two officials rejected."""
    decided(house, propose(house, regional, REJECTED))
    follow(house)
    house.clock.advance(1_000)  # type: ignore[attr-defined]
    return record


def reject(house: House, worker: bytes) -> None:
    """Let the issuer lie, and two officials reject the open case."""
    house.clock.advance(60 * DAY)  # type: ignore[attr-defined]
    disputes.pass_on_due(house)
    (case,) = [one for one in cases(house, worker) if not one.closed]
    decided(house, propose(house, case, REJECTED))
    follow(house)
    house.clock.advance(1_000)  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["我得了 91 分", " 我得了91  分", ""], ids=["same", "blanks", "none"])
def test_a_rejected_objection_is_not_raised_again_with_nothing_new(
    house: House, worker: bytes, rejected: bytes, text: str
) -> None:
    with pytest.raises(NothingNew):
        contest(house, worker, rejected, text)
    follow(house)

    assert [one.state for one in cases(house, worker)] == ["rejected"]


def test_a_paper_filed_since_the_rejection_is_something_new(
    house: House, worker: bytes, rejected: bytes
) -> None:
    house.papers.keep(worker, pdf(), "other", "成绩单", Actor(Kind.WORKER, "me", worker_id=worker))
    contest(house, worker, rejected)
    follow(house)

    assert sorted(one.state for one in cases(house, worker)) == ["open", "rejected"]


def test_a_paper_filed_before_the_rejection_is_nothing_new(
    house: House, worker: bytes, record: bytes, regional: disputes.Dispute
) -> None:
    house.papers.keep(worker, pdf(), "other", "成绩单", Actor(Kind.WORKER, "me", worker_id=worker))
    house.clock.advance(1_000)  # type: ignore[attr-defined]
    decided(house, propose(house, regional, REJECTED))
    follow(house)
    with pytest.raises(NothingNew):
        contest(house, worker, record)


def test_an_objection_rejected_twice_names_the_lawful_ways_that_are_left(
    house: House, worker: bytes, rejected: bytes
) -> None:
    contest(house, worker, rejected, NEW)
    follow(house)
    reject(house, worker)
    with pytest.raises(ContestsUsedUp) as refused:
        contest(house, worker, rejected, "又有一份新材料")

    assert [one["code"] for one in refused.value.errors] == ["reconsideration", "litigation"]
    assert [one.state for one in cases(house, worker)] == ["rejected", "rejected"]


def test_withdrawing_gives_no_further_objection(house: House, worker: bytes, rejected: bytes) -> None:
    contest(house, worker, rejected, NEW)
    follow(house)
    confirm(house, worker, rejected)
    follow(house)
    with pytest.raises(ContestsUsedUp):
        contest(house, worker, rejected, "又有一份新材料")


def test_a_record_that_was_changed_since_is_contested_anew(
    house: House, centre: Centre, worker: bytes, rejected: bytes
) -> None:
    contest(house, worker, rejected, NEW)
    follow(house)
    reject(house, worker)
    centre.enter(centre.correction(person(1), rejected, score="70.0"))
    contest(house, worker, rejected)
    follow(house)

    assert sorted(one.state for one in cases(house, worker)) == ["open", "rejected", "rejected"]


def test_where_no_rule_is_in_force_nobody_is_kept_from_objecting(
    house: House, worker: bytes, rejected: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contest_again, "RULE", ("contest_again", "none"))
    contest(house, worker, rejected)
    follow(house)

    assert sorted(one.state for one in cases(house, worker)) == ["open", "rejected"]
