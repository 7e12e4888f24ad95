"""`recordsvc notices`: what is stuck is tried again or given up; `window say`: words are asked for."""

import uuid

import pytest
from click.testing import CliRunner, Result

from recordsvc import noticecommands, windowcommands
from recordsvc.access import acts, looked
from recordsvc.archive import disputes, letters
from recordsvc.archive.notices import tell_worker
from recordsvc.ground import outbox
from recordsvc.ground.ports import FixedClock, Letter, Undeliverable
from recordsvc.house import House
from recordsvc.people.contacts import set_phone
from tests.archive.support import Centre, person
from tests.archive.test_disputes import cases, opened
from tests.test_card_commands import _Kept

PHONE = "13912345678"


@pytest.fixture(autouse=True)
def _here(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands' house is the test's; it stays open."""
    monkeypatch.setattr(noticecommands, "_open", lambda: _Kept(house))
    monkeypatch.setattr(windowcommands, "opened", lambda: _Kept(house))


@pytest.fixture
def worker(house: House) -> bytes:
    centre = Centre(house, 1)
    centre.enter(centre.completion(person(1)))
    found = centre.worker_id(person(1))
    house.db.write(lambda turn: set_phone(turn, house.people, found, PHONE, "self"))
    return found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(noticecommands.notices, list(arguments))


def deliver(house: House, error: type[Exception]) -> None:
    class Failing:
        def send(self, letter: Letter) -> None:
            raise error

    outbox.Deliverer(house.db, letters.composer(house), Failing()).run()


def messages(house: House, state: str) -> list[str]:
    with house.db.read() as conn:
        return [str(uuid.UUID(bytes=one.id)) for one in outbox.listed(conn, state)]


def test_a_poisoned_message_is_listed_tried_again_and_given_up(
    house: House, worker: bytes, clock: FixedClock
) -> None:
    house.db.write(lambda turn: tell_worker(turn, house, worker, "card-confirmed", {}, "k"))
    deliver(house, OSError)
    (name,) = messages(house, "waiting")
    assert name in run("dead", "--failing").output
    assert name not in run("dead").output
    clock.advance(60_000)
    deliver(house, Undeliverable)
    assert name in run("dead").output
    assert "1 条重新排队" in run("replay", "--id", name).output
    assert messages(house, "waiting") == [name]
    deliver(house, Undeliverable)
    given_up = run("skip", "--id", name, "--reason", "号码已停机")

    assert "1 条不再发送" in given_up.output
    assert messages(house, "void") == [name]
    assert "0 条" in run("skip", "--id", name, "--reason", "号码已停机").output
    assert "0 条" in run("replay").output
    with house.db.read() as conn:
        assert [(one.act, one.reason) for one in acts.listed(conn)] == [("notices.skipped", "号码已停机")]


def test_what_only_waits_is_not_given_up(house: House, worker: bytes) -> None:
    house.db.write(lambda turn: tell_worker(turn, house, worker, "card-confirmed", {}, "k"))
    (name,) = messages(house, "waiting")

    assert "0 条" in run("skip", "--id", name, "--reason", "误").output
    assert messages(house, "waiting") == [name]


# -- window say


@pytest.fixture
def case(house: House) -> disputes.Dispute:
    centre = Centre(house, 2)
    record = centre.completion(person(2))
    centre.enter(record)
    return opened(house, centre.worker_id(person(2)), record)


def say(case: disputes.Dispute | uuid.UUID, n: int, text: str) -> Result:
    name = case.name if isinstance(case, disputes.Dispute) else str(case)
    typed = f"{person(n)['number']}\n{text}\n"
    return CliRunner().invoke(windowcommands.window, ["say", name, "--case", "W-3"], input=typed)


def test_the_window_adds_a_workers_words_and_leaves_a_row(house: House, case: disputes.Dispute) -> None:
    told = say(case, 2, "我  当天在\t外地")
    assert told.exit_code == 0, told.output
    assert "已登记" in told.output
    assert person(2)["number"] not in told.output
    (now,) = cases(house, case.worker_id)
    with house.db.read() as conn:
        (said,) = disputes.messages(house, conn, now)
        seen = looked.of_worker(conn, case.worker_id)
    assert (said.who, said.text, said.said_by) == ("worker", "我 当天在 外地", windowcommands.clerk())
    assert [(one.purpose, one.case_ref) for one in seen] == [("service-window", "W-3")]


def test_the_window_says_nothing_in_anothers_case(
    house: House, worker: bytes, case: disputes.Dispute
) -> None:
    assert say(case, 1, "不是我的").exit_code != 0
    assert say(uuid.UUID(int=5), 2, "没有这个案子").exit_code != 0
    assert say(case, 77, "没有档案").exit_code == 1
    assert cases(house, case.worker_id)[0].messages == 0
