"""Contested records as cases: opened once, answered or passed on, decided by two, ended by an entry."""

import datetime as dt
import functools
import random
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import fsck, workdays
from recordsvc.archive import confirm as words
from recordsvc.archive import (
    dispute_answers,
    dispute_decisions,
    dispute_follower,
    dispute_views,
    disputes,
    keys,
    noticeboard,
    persons,
    sealed_words,
    tables,
)
from recordsvc.archive import erasing as archive_erasing
from recordsvc.archive.act_errors import ChangesNothing
from recordsvc.archive.dispute_answers import Answer
from recordsvc.archive.dispute_decisions import Decision
from recordsvc.archive.disputes import Dispute
from recordsvc.archive.errors import (
    ArchiveRestricted,
    DisputeRefused,
    KeyEventRefused,
    KeyNotInForce,
    SchemaRefused,
    TargetUnfit,
)
from recordsvc.archive.formats import Kind
from recordsvc.archive.keyevents import KeyAction, KeyState
from recordsvc.archive.statements import Region, Statement
from recordsvc.archive.states import Confirmation, Life, RecordState
from recordsvc.bodies import institutions
from recordsvc.bodies.institutions import FactKind
from recordsvc.ground import two_person
from recordsvc.ground.base64strict import unb64u
from recordsvc.ground.follower import places
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.ground.privileges import erasing
from recordsvc.ground.problems import NotFound, Problem
from recordsvc.house import House
from recordsvc.people import tables as people_tables
from recordsvc.vault.envelope import SealError, field_aad
from tests.archive.restricted import seal
from tests.archive.support import STATER, Centre, id_of, person, register_region, shown
from tests.archive.test_erasing import OFFICER, UNLAWFUL, decide_erasure, restrict
from tests.archive.test_merging import decided, merge

DAY = 24 * 3_600_000
SCORE = Decision("成绩单上是 91 分", fields={"/body/score": "91.0"})
REJECTED = Decision("签到表与记录一致", ground="record-proven")


@pytest.fixture
def centre(house: House) -> Centre:
    register_region(house)
    return Centre(house, 1)


@pytest.fixture
def record(centre: Centre) -> bytes:
    """A record of a worker."""
    made = centre.completion(person(1))
    centre.enter(made)
    return made


@pytest.fixture
def worker(centre: Centre, record: bytes) -> bytes:
    return centre.worker_id(person(1))


def bytes_of(record: bytes | str) -> bytes:
    return uuid.UUID(id_of(record)).bytes


def contest(house: House, worker_id: bytes, record: bytes | str, text: str = "我得了 91 分") -> int:
    seen = shown(house, worker_id, bytes_of(record))
    return words.contest(house, worker_id, seen, "page", STATER, "wrong-result", text)


def confirm(house: House, worker_id: bytes, record: bytes | str) -> int:
    return words.confirm(house, worker_id, shown(house, worker_id, bytes_of(record)), "page", STATER)


def follow(house: House) -> None:
    dispute_follower.follower(house).run()


def cases(house: House, worker_id: bytes) -> list[Dispute]:
    with house.db.read() as conn:
        return disputes.of_workers(conn, [worker_id])


def opened(house: House, worker_id: bytes, record: bytes | str) -> Dispute:
    """Contest, and the case that it opened."""
    contest(house, worker_id, record)
    follow(house)
    return cases(house, worker_id)[0]


def answer(house: House, case: Dispute, issuer: str, said: Answer) -> None:
    house.db.write(
        lambda turn: dispute_answers.answer(turn, house, case.dispute_id, issuer, "client:1", said)
    )


def propose(house: House, case: Dispute, decision: Decision) -> Callable[[Any], bytes]:
    return lambda turn: dispute_decisions.propose(turn, house, case.dispute_id, decision, "official:first")


def close(house: House, centre: Centre) -> None:
    """State that an institution is closed from today on."""
    today = beijing_date(house.clock.now_ms()).isoformat()
    house.db.write(
        lambda turn: (
            institutions.state(turn, centre.uscc, FactKind.CLOSED, today, "停办", "公告", "official:1").uscc
        )
    )


def state_of(house: House, worker_id: bytes, record: bytes | str) -> RecordState:
    found = persons.read(house, worker_id)
    assert found is not None
    place = found.find(bytes_of(record))
    assert place is not None
    assert place.state is not None
    return place.state


def notices_of(house: House, worker_id: bytes) -> list[str]:
    with house.db.read() as conn:
        return [one.kind for one in noticeboard.of_workers(house, conn, [worker_id])][::-1]


def office(house: House, addressee: str) -> list[str]:
    with house.db.read() as conn:
        return [one.kind for one in noticeboard.of_office(conn, [addressee])][::-1]


# -- opening


def test_a_contest_opens_one_case_with_a_date(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    contest(house, worker, record)
    follow(house)

    assert cases(house, worker) == [case]
    assert (case.state, case.owner, case.issuer) == ("open", "issuer", centre.uscc)
    today = beijing_date(house.clock.now_ms())
    assert case.due_on == workdays.due_on(today, 10).isoformat()
    assert notices_of(house, worker) == ["objection-opened"]
    assert office(house, f"institution:{centre.uscc}") == ["objection-opened"]
    assert fsck.fsck(house).finding is None


def test_two_followers_at_once_open_one_case(house: House, worker: bytes, record: bytes) -> None:
    contest(house, worker, record)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: follow(house), range(4)))
    follow(house)

    assert len(cases(house, worker)) == 1
    assert notices_of(house, worker) == ["objection-opened"]


def test_a_confirmation_withdraws_and_a_new_contest_opens_another(
    house: House, worker: bytes, record: bytes
) -> None:
    first = opened(house, worker, record)
    index = confirm(house, worker, record)
    follow(house)
    assert [(one.state, one.outcome_idx) for one in cases(house, worker)] == [("withdrawn", index)]
    house.clock.advance(1_000)  # type: ignore[attr-defined]
    second = opened(house, worker, record)

    assert second.dispute_id != first.dispute_id
    assert [one.state for one in cases(house, worker)] == ["open", "withdrawn"]


def test_a_corrected_record_contested_again_stays_in_its_open_case(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    centre.enter(centre.correction(person(1), record, score="70.0"))
    contest(house, worker, record, "也不是 70 分")
    follow(house)

    (now,) = cases(house, worker)
    assert (now.dispute_id, now.closed) == (case.dispute_id, False)
    archive = persons.read(house, worker)
    assert archive is not None
    said = dispute_views.contests(archive.own, case)
    assert [body["text"] for _entry, body in said] == ["我得了 91 分", "也不是 70 分"]


def test_without_a_calendar_the_case_is_the_regions(
    house: House, worker: bytes, record: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_calendar(_start: dt.date, _days: int) -> dt.date:
        raise disputes.NoRuleInForce("working_days", "calendar", "2099-01-01")

    monkeypatch.setattr(workdays, "due_on", no_calendar)
    case = opened(house, worker, record)

    assert (case.owner, case.due_on) == ("region", "")
    assert office(house, "desk:disputes") == ["objection-undated"]
    with house.db.read() as conn:
        assert disputes.of_region(conn) == [case]
        (shown_case,) = dispute_views.listed(house, conn, [case])
    assert (shown_case["due_on"], shown_case["overdue"]) == (None, True)


def test_what_the_region_stated_is_the_regions_to_answer(house: House, worker: bytes) -> None:
    body = {"channel": "api", "matter": "work", "text": "在工地做过焊工", "title": "工地焊工"}
    said = Statement("worker-statement", body, STATER, uuid.UUID(int=(8 << 76) | (2 << 62)))
    Region(house).state(worker, said)
    case = opened(house, worker, str(said.record_id))

    assert (case.issuer, case.owner) == (house.settings.region, "region")
    assert office(house, f"institution:{house.settings.region}") == []
    assert office(house, "desk:disputes") == ["objection-opened"]
    assert house.institutions.find(house.settings.region) is not None, "registered, with its key"


def test_what_lay_with_the_region_as_an_issuer_comes_to_its_desk(house: House, worker: bytes) -> None:
    body = {"channel": "api", "matter": "work", "text": "在工地做过焊工", "title": "工地焊工"}
    said = Statement("worker-statement", body, STATER, uuid.UUID(int=(8 << 76) | (2 << 62)))
    Region(house).state(worker, said)
    case = opened(house, worker, str(said.record_id))
    house.db.write(lambda turn: disputes.change(turn, case, owner="issuer"))

    assert disputes.pass_on_due(house) == 1
    assert cases(house, worker)[0].owner == "region"
    assert office(house, f"institution:{house.settings.region}") == []


# -- the issuer


def test_upheld_ends_with_the_correction_that_comes(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    correction = centre.correction(person(1), record, score="91.0")
    answer(house, case, centre.uscc, Answer("upheld", "", bytes_of(correction)))
    follow(house)
    assert cases(house, worker)[0].state == "answered"
    (entered,) = centre.enter(correction)
    follow(house)

    (ended,) = cases(house, worker)
    assert (ended.state, ended.outcome_idx) == ("upheld", entered.index)
    assert sorted(notices_of(house, worker)) == [
        "objection-answered",
        "objection-decided",
        "objection-opened",
    ]


def test_upheld_ends_at_once_with_the_correction_that_stands(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    other = centre.completion(person(1))
    centre.enter(other)
    elsewhere, correction = centre.correction(person(1), other), centre.correction(person(1), record)
    (_, entered) = centre.enter(elsewhere, correction)
    with pytest.raises(TargetUnfit):
        answer(house, case, centre.uscc, Answer("upheld", "", bytes_of(elsewhere)))
    answer(house, case, centre.uscc, Answer("upheld", "已更正", bytes_of(correction)))

    (ended,) = cases(house, worker)
    assert (ended.state, ended.outcome_idx, ended.messages) == ("upheld", entered.index, 1)
    with pytest.raises(DisputeRefused):
        answer(house, case, centre.uscc, Answer("rejected", "不对"))


def test_a_revoked_record_leaves_nothing_contested(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    opened(house, worker, record)
    (entered,) = centre.enter(centre.revocation(person(1), record))
    follow(house)

    (ended,) = cases(house, worker)
    assert (ended.state, ended.outcome_idx) == ("upheld", entered.index)


def test_put_right_by_the_issuer_while_the_region_has_it_a_confirmation_upholds(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    answer(house, case, centre.uscc, Answer("rejected", "试卷是 86.5 分"))
    (entered,) = centre.enter(centre.correction(person(1), record, score="91.0"))
    confirm(house, worker, record)
    follow(house)

    (ended,) = cases(house, worker)
    assert (ended.state, ended.outcome_idx) == ("upheld", entered.index)
    assert "objection-decided" in notices_of(house, worker)


def test_contested_again_after_that_a_confirmation_withdraws(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    answer(house, case, centre.uscc, Answer("rejected", "试卷是 86.5 分"))
    centre.enter(centre.correction(person(1), record, score="70.0"))
    contest(house, worker, record, "也不是 70 分")
    index = confirm(house, worker, record)
    follow(house)

    (ended,) = cases(house, worker)
    assert (ended.state, ended.outcome_idx) == ("withdrawn", index)


def test_rejected_by_the_issuer_is_the_regions(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    answer(house, case, centre.uscc, Answer("rejected", "试卷是 86.5 分"))

    (now,) = cases(house, worker)
    assert (now.state, now.owner, now.answer) == ("answered", "region", "rejected")
    with house.db.read() as conn:
        assert [(one.who, one.text) for one in disputes.messages(house, conn, now)] == [
            ("issuer", "试卷是 86.5 分")
        ]
    assert office(house, "desk:disputes") == ["objection-opened"]
    with pytest.raises(DisputeRefused):
        answer(house, case, centre.uscc, Answer("upheld", "", bytes_of(record)))


def test_nothing_is_answered_while_the_archive_is_restricted(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    restrict(house, worker)
    with pytest.raises(ArchiveRestricted):
        answer(house, case, centre.uscc, Answer("rejected", "不是"))
    with house.db.read() as conn:
        (waits,) = disputes.of_workers(conn, [worker])
    assert (waits.state, waits.owner) == ("open", "issuer")


def test_another_institution_answers_nothing(house: House, worker: bytes, record: bytes) -> None:
    case = opened(house, worker, record)
    with pytest.raises(NotFound):
        answer(house, case, Centre(house, 2).uscc, Answer("rejected", "不是"))


def test_a_silent_issuer_loses_its_turn(
    house: House, centre: Centre, worker: bytes, record: bytes, clock: FixedClock
) -> None:
    case = opened(house, worker, record)
    assert disputes.pass_on_due(house) == 0
    days = (dt.date.fromisoformat(case.due_on) - beijing_date(clock.now_ms())).days
    clock.advance(days * DAY)
    assert disputes.pass_on_due(house) == 0
    clock.advance(DAY)
    assert disputes.pass_on_due(house) == 1
    assert disputes.pass_on_due(house) == 0

    assert cases(house, worker)[0].owner == "region"
    assert notices_of(house, worker) == ["objection-opened", "objection-passed"]
    assert office(house, f"institution:{centre.uscc}")[-1] == "objection-passed"


@pytest.mark.parametrize("reason", ["closed", "no key"])
def test_an_issuer_that_cannot_answer_is_not_waited_for(
    house: House, centre: Centre, worker: bytes, record: bytes, reason: str
) -> None:
    opened(house, worker, record)
    if reason == "closed":
        close(house, centre)
    else:
        centre.act(KeyAction.REVOKE)
    assert disputes.pass_on_due(house) == 1

    other = centre.house.people.find("resident-id", person(1)["number"])
    assert other == worker
    assert cases(house, worker)[0].owner == "region"


# -- the region


@pytest.fixture
def regional(house: House, worker: bytes, record: bytes) -> Dispute:
    """A case that the region decides."""
    case = opened(house, worker, record)
    return house.db.write(lambda turn: disputes.pass_on(turn, house, disputes.locked(turn, case.dispute_id)))


def test_the_region_upholds_with_a_correction(
    house: House, worker: bytes, record: bytes, regional: Dispute
) -> None:
    index = decided(house, propose(house, regional, SCORE))

    (ended,) = cases(house, worker)
    assert (ended.state, ended.outcome_idx) == ("upheld", index)
    now = state_of(house, worker, record)
    assert now.body is not None
    assert (now.body["score"], now.confirmation) == ("91.0", Confirmation.CONTESTED)
    follow(house)
    assert cases(house, worker) == [ended]
    confirm(house, worker, record)
    assert state_of(house, worker, record).confirmation is Confirmation.CONFIRMED
    assert fsck.fsck(house).finding is None


def test_the_region_upholds_with_a_revocation(
    house: House, worker: bytes, record: bytes, regional: Dispute
) -> None:
    decided(house, propose(house, regional, Decision("没有参加", revoke="entered-in-error")))
    assert state_of(house, worker, record).life is Life.REVOKED
    assert cases(house, worker)[0].state == "upheld"


def test_the_region_rejects_with_a_note_that_is_nobodys_word(
    house: House, worker: bytes, record: bytes, regional: Dispute
) -> None:
    before = state_of(house, worker, record)
    decided(house, propose(house, regional, REJECTED))

    now = state_of(house, worker, record)
    assert (now.confirmation, now.said, now.body) == (before.confirmation, before.said, before.body)
    note = now.history[-1]
    assert (note.kind, note.record["type"]) == (Kind.NOTE, "dispute-outcome")  # type: ignore[index]
    body = note.record["body"]  # type: ignore[index]
    assert (body["outcome"], body["ground"], body["text"]) == ("rejected", REJECTED.ground, REJECTED.text)
    assert body["decision"]["proposed_by"] != body["decision"]["decided_by"]
    assert "objection-decided" in notices_of(house, worker)
    assert fsck.fsck(house).finding is None


def test_a_proposal_holds_no_value_of_the_record(house: House, worker: bytes, regional: Dispute) -> None:
    proposal = house.db.write(propose(house, regional, SCORE))
    with house.db.read() as conn:
        payload = str(two_person.read(conn, proposal, house.clock.now_ms()).payload)
        (waiting,) = dispute_decisions.proposed(house, conn, regional)
    assert "/body/score" not in payload
    assert SCORE.text not in payload
    assert waiting.body["fields"] == SCORE.fields


def test_what_the_region_would_correct_is_gone_with_the_record(
    house: House, worker: bytes, record: bytes, regional: Dispute
) -> None:
    proposal = house.db.write(propose(house, regional, SCORE))
    approve = functools.partial(
        two_person.decide, proposal_id=proposal, by="official:second", approve=True, reason="核对无误"
    )
    house.db.write(lambda turn: approve(turn, role="reviewer", tools=house))
    seal(house, worker, bytes_of(record))
    decided(
        house,
        lambda turn: archive_erasing.propose_record_erasure(
            turn, house, worker, bytes_of(record), UNLAWFUL, "official:first"
        ),
    )
    with house.db.read() as conn:
        payload = two_person.read(conn, proposal, house.clock.now_ms()).payload
        assert "body" not in sealed_words.opened(house, conn, payload)
        living = house.people.load(house.db.cursor(conn), worker).key
    for row_id in (regional.dispute_id, (0).to_bytes(4), (payload["seq"] + 1).to_bytes(4)):
        with pytest.raises(SealError):
            living.open(unb64u(payload["sealed"]), field_aad("proposal", "payload", worker, row_id, 1))


@pytest.mark.parametrize(
    ("decision", "problem"),
    [
        (Decision("x", fields={"/body/score": 91}), SchemaRefused),
        (Decision("x", fields={"/elsewhere": "1"}), SchemaRefused),
        (Decision("x", fields={"/body/parts/9": "1"}), TargetUnfit),
        (Decision("x", fields={"/body/score": "86.5"}), ChangesNothing),
    ],
)
def test_an_impossible_correction_is_refused_when_proposed(
    house: House, regional: Dispute, decision: Decision, problem: type[Problem]
) -> None:
    with pytest.raises(problem):
        house.db.write(propose(house, regional, decision))


def test_what_is_still_the_issuers_is_not_decided(house: House, worker: bytes, record: bytes) -> None:
    case = opened(house, worker, record)
    with pytest.raises(DisputeRefused):
        house.db.write(propose(house, case, REJECTED))


def test_a_record_that_changed_makes_the_proposal_stale(
    house: House, centre: Centre, record: bytes, regional: Dispute
) -> None:
    proposal = house.db.write(propose(house, regional, SCORE))
    centre.enter(centre.correction(person(1), record, score="70.0"))
    with pytest.raises(two_person.StaleProposal):
        decide(house, proposal, "official:second")


def decide(house: House, proposal: bytes, by: str) -> Any:
    return house.db.write(
        lambda turn: two_person.decide(
            turn, proposal, by, approve=True, reason="核对无误", role="reviewer", tools=house
        )
    )


# -- races


def outcomes(acts: list[Callable[[], Any]]) -> list[Any]:
    """Run acts at once; what each returned or which problem it raised."""

    def one(act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Problem as problem:
            return type(problem)

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def test_two_officials_who_race_decide_once(house: House, worker: bytes, regional: Dispute) -> None:
    proposals = [house.db.write(propose(house, regional, one)) for one in (SCORE, REJECTED)]
    ended = outcomes(
        [
            lambda proposal=proposal, by=by: decide(house, proposal, by)  # type: ignore[misc]
            for proposal in proposals
            for by in ("official:second", "official:third")
        ]
    )

    assert sum(isinstance(one, int) for one in ended) == 1
    (case,) = cases(house, worker)
    assert case.closed
    assert fsck.fsck(house).finding is None


def test_an_answer_and_the_end_of_the_term_race_to_one_owner(
    house: House, centre: Centre, worker: bytes, record: bytes, clock: FixedClock
) -> None:
    case = opened(house, worker, record)
    correction = centre.correction(person(1), record)
    clock.advance(40 * DAY)
    said = Answer("upheld", "", bytes_of(correction))
    answered, _passed, _entered = outcomes(
        [
            lambda: answer(house, case, centre.uscc, said),
            lambda: disputes.pass_on_due(house),
            lambda: centre.send([correction]),
        ]
    )
    follow(house)

    (now,) = cases(house, worker)
    if answered is DisputeRefused:
        assert (now.state, now.owner) == ("open", "region")
    else:
        assert now.state == "upheld"
    assert fsck.fsck(house).finding is None


def test_a_word_said_twice_at_once_opens_one_case(house: House, worker: bytes, record: bytes) -> None:
    outcomes([lambda: contest(house, worker, record), lambda: contest(house, worker, record)])
    follow(house)
    assert len(cases(house, worker)) == 1


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_a_record_has_one_open_case_at_most(
    house: House, centre: Centre, worker: bytes, record: bytes, clock: FixedClock, seed: int
) -> None:
    pick = random.Random(seed)
    acts: list[Callable[[], Any]] = [
        lambda: contest(house, worker, record),
        lambda: confirm(house, worker, record),
        lambda: centre.enter(centre.correction(person(1), record, score=f"{pick.randrange(10, 99)}.0")),
        lambda: follow(house),
        lambda: disputes.pass_on_due(house),
        lambda: clock.advance(pick.randrange(1, 9) * DAY),
        lambda: answer(house, cases(house, worker)[0], centre.uscc, Answer("rejected", "不成立")),
        lambda: decided(house, propose(house, cases(house, worker)[0], pick.choice((SCORE, REJECTED)))),
    ]
    for _step in range(25):
        clock.advance(1_000)
        try:
            pick.choice(acts)()
        except (Problem, IndexError):
            continue
    follow(house)

    found = cases(house, worker)
    contested = state_of(house, worker, record).confirmation is Confirmation.CONTESTED
    assert sum(not one.closed for one in found) <= 1
    assert all(one.closed for one in found) or contested
    assert fsck.fsck(house).finding is None


# -- a closed institution


def test_a_closed_institutions_keys_retire_and_what_they_signed_stands(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    with pytest.raises(KeyEventRefused):
        house.db.write(
            lambda turn: keys.propose_retirement(turn, house, centre.uscc, "停办公告", "official:first")
        )
    close(house, centre)
    proposal = house.db.write(
        lambda turn: keys.propose_retirement(turn, house, centre.uscc, "停办公告", "official:first")
    )
    house.db.write(
        lambda turn: two_person.decide(
            turn,
            proposal,
            "official:second",
            approve=True,
            reason="停办公告",
            role="registrar",
            tools=house,
        )
    )

    state = house.issuers.state(centre.uscc)
    assert state is not None
    assert [life.states[-1][1] for life in state.history.keys.values()] == [KeyState.REVOKED]
    with pytest.raises(KeyNotInForce):
        centre.send([centre.correction(person(1), record)])
    with pytest.raises(KeyEventRefused):
        house.db.write(
            lambda turn: keys.propose_retirement(turn, house, centre.uscc, "停办公告", "official:first")
        )
    case = opened(house, worker, record)
    assert case.owner == "region"
    decided(house, propose(house, case, SCORE))
    now = state_of(house, worker, record)
    assert (now.life, now.body["score"]) == (Life.ACTIVE, "91.0")  # type: ignore[index]
    assert fsck.fsck(house).finding is None


# -- merged, restricted, erased


def test_the_case_of_a_merged_archive_is_the_persons(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    case = opened(house, worker, record)
    centre.enter(centre.completion(person(2)))
    merge(house, worker, centre.worker_id(person(2)))
    passed = house.db.write(
        lambda turn: disputes.pass_on(turn, house, disputes.locked(turn, case.dispute_id))
    )
    decided(house, propose(house, passed, REJECTED))
    assert cases(house, worker)[0].state == "rejected"


def test_an_erased_worker_leaves_no_word_and_no_open_case(house: House, worker: bytes, record: bytes) -> None:
    case = opened(house, worker, record)
    house.db.write(
        lambda turn: disputes.say(turn, house, case.dispute_id, "worker", "worker:1", "在外地").name
    )
    restrict(house, worker)
    decide_erasure(house, worker)
    follow(house)

    assert [one.state for one in cases(house, worker)] == ["withdrawn"]
    with house.db.read() as conn:
        for table in (tables.dispute_message, tables.notice):
            assert conn.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0
    with pytest.raises(Problem):
        house.db.write(
            lambda turn: disputes.say(turn, house, case.dispute_id, "official", OFFICER.id, "x").name
        )
    assert fsck.fsck(house).finding is None


def test_words_go_with_an_erased_record_and_those_of_other_cases_stay(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    """Also what was said after the erasure, before the case was ended by it."""
    other = centre.completion(person(1), **{"class": {"code": "C2"}})
    centre.enter(other)
    opened(house, worker, record)
    opened(house, worker, other)
    case, kept = sorted(cases(house, worker), key=lambda one: one.seq)

    def say(one: Dispute) -> None:
        house.db.write(lambda turn: disputes.say(turn, house, one.dispute_id, "worker", "worker:1", "在外地"))

    def said() -> list[int]:
        with house.db.read() as conn:
            cases = [disputes.find(conn, one.dispute_id) for one in (case, kept)]
            return [len(disputes.messages(house, conn, one)) for one in cases if one is not None]

    say(case)
    say(kept)
    assert said() == [1, 1]
    seal(house, worker, bytes_of(record))
    decided(
        house,
        lambda turn: archive_erasing.propose_record_erasure(
            turn, house, worker, bytes_of(record), UNLAWFUL, "official:first"
        ),
    )
    assert said() == [0, 1]
    say(case)
    follow(house)
    assert said() == [0, 1]
    assert {one.dispute_id: one.state for one in cases(house, worker)} == {
        case.dispute_id: "withdrawn",
        kept.dispute_id: "open",
    }
    assert fsck.fsck(house).finding is None


def test_a_worker_erased_while_a_contest_is_prepared_has_no_case(
    house: House, worker: bytes, record: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest(house, worker, record)
    restrict(house, worker)
    take = dispute_follower._Following._follow

    def erased_before(self: Any, turn: Any, wanted: Any, opened: Any) -> None:
        assert len(opened) == 1, "the contest was prepared"
        with erasing(turn.conn):
            for table in (people_tables.worker_key, tables.ciphertext):
                turn.conn.execute(table.delete().where(table.c.worker_id == worker))
        take(self, turn, wanted, opened)

    monkeypatch.setattr(dispute_follower._Following, "_follow", erased_before)
    follow(house)

    assert cases(house, worker) == []
    with house.db.read() as conn:
        assert all(one.attempts == 0 for one in places(conn))
