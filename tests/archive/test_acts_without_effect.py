"""An act changes something: a record is revoked once, and only what was revoked is restored."""

import uuid
from typing import Any

import pytest

from recordsvc.archive import held
from recordsvc.archive.append import Batch
from recordsvc.archive.held import Releaser
from recordsvc.archive.keyevents import KeyAction
from recordsvc.archive.reading import Reader
from recordsvc.archive.states import RecordState
from recordsvc.ground import two_person
from recordsvc.ground.strictjson import is_canonical
from recordsvc.house import House
from recordsvc.submit import sign
from tests.archive.support import Centre, id_of, person, told

ONE = person(1)


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house)


@pytest.mark.parametrize("together", [False, True])
def test_a_record_is_revoked_once_and_restored_once(centre: Centre, together: bool) -> None:
    worker, record = person(1), centre.completion(person(1))
    centre.enter(record)
    acts = [
        centre.restoration(worker, record),
        centre.revocation(worker, record),
        centre.revocation(worker, record),
        centre.restoration(worker, record),
        centre.restoration(worker, record),
        centre.revocation(worker, record),
    ]
    wanted = ["nothing-to-restore", "", "already-revoked", "", "nothing-to-restore", ""]
    answers = [centre.send(acts)] if together else [centre.send([one]) for one in acts]
    assert [row.problem.code if row.problem else "" for answer in answers for row in answer.rows] == wanted


def test_the_same_revocation_again_brings_the_same_receipt(centre: Centre) -> None:
    worker, record = person(1), centre.completion(person(1))
    centre.enter(record)
    act = centre.revocation(worker, record)
    assert [told(centre.send([act])) for _ in range(2)] == [["accepted"], ["duplicate"]]


# -- corrections


def body_of(record: bytes) -> dict[str, Any]:
    """The body of R."""
    read = is_canonical(record)
    assert isinstance(read, dict)
    return dict(read["body"])


def whole(centre: Centre, of: bytes, **changes: Any) -> bytes:
    """R that replaces a record as a whole."""
    body = {"corrects": id_of(of), "reason": "登记有误", "whole": body_of(of) | changes}
    return centre.record("correction", ONE, body)


def state_of(centre: Centre) -> RecordState:
    """State of the first record of the first worker."""
    archive = Reader(centre.house).archive(centre.worker_id(ONE))
    state = archive.state.of(0) if archive else None
    assert state is not None
    return state


@pytest.fixture
def record(centre: Centre) -> bytes:
    made = centre.completion(ONE, score="80.0")
    centre.enter(made)
    return made


def test_a_correction_to_what_the_record_says_is_refused(centre: Centre, record: bytes) -> None:
    same = [centre.correction(ONE, record, score="80.0"), whole(centre, record)]
    assert [told(centre.send([one])) for one in same] == [["changes-nothing"]] * 2
    assert told(centre.send([centre.correction(ONE, record, score="80.0", result="failed")])) == ["accepted"]
    assert len(state_of(centre).corrections) == 1


def test_there_and_back_again_are_two_corrections(centre: Centre, record: bytes) -> None:
    there, again, back = (centre.correction(ONE, record, score=one) for one in ("91.0", "91.0", "80.0"))
    assert [told(centre.send([one])) for one in (there, again, back)] == [
        ["accepted"],
        ["changes-nothing"],
        ["accepted"],
    ]
    # Sent again they get their receipts, though by now they would change nothing.
    assert told(centre.send([there, back])) == ["duplicate", "duplicate"]


def test_within_one_submission_each_correction_is_judged_after_those_before_it(
    centre: Centre, record: bytes
) -> None:
    acts = [centre.correction(ONE, record, score=one) for one in ("91.0", "91.0", "80.0", "80.0")]
    assert told(centre.send(acts)) == ["accepted", "changes-nothing", "accepted", "changes-nothing"]


def test_a_suspected_record_is_reconfirmed_by_the_same_body_once(centre: Centre, record: bytes) -> None:
    centre.act(KeyAction.SUSPECT, since_ms=1)
    centre.key = sign.key_from_jwk(sign.new_private_jwk("EdDSA", "centre-new", centre.house.random))
    centre.register()
    assert state_of(centre).needs_reconfirmation

    assert told(centre.send([centre.correction(ONE, record, score="80.0")])) == ["changes-nothing"]
    sent = centre.send([whole(centre, record), whole(centre, record)])
    assert told(sent) == ["accepted", "changes-nothing"]
    assert not state_of(centre).needs_reconfirmation
    assert told(centre.send([whole(centre, record)])) == ["changes-nothing"]


@pytest.mark.parametrize("first", [0, 1])
def test_what_a_correction_says_is_kept_while_it_is_taken_back(
    centre: Centre, record: bytes, first: int
) -> None:
    wrong = centre.correction(ONE, record, score="91.0", result="failed")
    centre.enter(wrong)
    both = [centre.revocation(ONE, wrong), centre.correction(ONE, record, score="91.0", result="failed")]
    assert told(centre.send([both[first], both[1 - first]])) == ["accepted"] * 2
    now = state_of(centre)
    assert now.body is not None
    assert (now.body["score"], now.body["result"], len(now.corrections)) == ("91.0", "failed", 1)


def test_a_revocation_that_is_refused_excuses_no_correction(centre: Centre, record: bytes) -> None:
    wrong = centre.correction(ONE, record, score="91.0")
    centre.enter(wrong)
    centre.enter(centre.revocation(ONE, wrong))
    acts = [centre.revocation(ONE, wrong), centre.correction(ONE, record, score="80.0")]
    assert told(centre.send(acts)) == ["already-revoked", "changes-nothing"]


@pytest.mark.parametrize("first", [0, 1])
def test_a_revoked_record_is_corrected_with_or_after_its_restoration(
    centre: Centre, record: bytes, first: int
) -> None:
    centre.enter(centre.revocation(ONE, record))
    assert told(centre.send([centre.correction(ONE, record, score="91.0")])) == ["target-unfit"]
    both = [centre.restoration(ONE, record), centre.correction(ONE, record, score="91.0")]
    assert told(centre.send([both[first], both[1 - first]])) == ["accepted"] * 2
    now = state_of(centre)
    assert now.body is not None
    assert (now.revocation, now.body["score"]) == (None, "91.0")


def test_a_correction_that_another_overtook_is_judged_under_the_lock(
    house: House, centre: Centre, record: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = house.admission.append

    def late(batch: Batch) -> object:
        monkeypatch.setattr(house.admission, "append", append)
        centre.enter(centre.correction(ONE, record, score="91.0"))
        return append(batch)

    monkeypatch.setattr(house.admission, "append", late)
    assert told(centre.send([centre.correction(ONE, record, score="91.0")])) == ["changes-nothing"]
    assert len(state_of(centre).corrections) == 1


# -- released by officials


def test_of_acts_released_together_those_without_effect_go_back(house: House, centre: Centre) -> None:
    """Two corrections alike and two revocations, named to another person, wait and are approved at once."""
    record = centre.completion(ONE, score="80.0")
    centre.enter(record, centre.completion(person(2)))
    other = person(2)
    acts = [centre.correction(other, record, score="91.0") for _ in range(2)]
    acts += [centre.revocation(other, record) for _ in range(2)]
    assert {row.status for one in acts for row in centre.send([one]).rows} == {"held"}
    with house.db.read() as conn:
        waiting = held.waiting(conn)
    payload = {
        "held": [str(uuid.UUID(bytes=one.held_id)) for one in waiting],
        "reason": "核对户口簿",
        "worker_id": str(uuid.UUID(bytes=centre.worker_id(ONE))),
    }
    proposal = house.db.write(
        lambda turn: two_person.propose(turn, held.RELEASE, "4 held", payload, "official:1")
    )
    house.db.write(lambda turn: two_person.decide(turn, proposal, "official:2", True, "属实", tools=house))

    assert Releaser(house).run() == 2
    state = state_of(centre)
    assert (len(state.corrections), state.revocation is not None) == (1, True)
    with house.db.read() as conn:
        left = sorted(one.reason for one in held.waiting(conn))
    assert left == ["already-revoked", "changes-nothing"]
