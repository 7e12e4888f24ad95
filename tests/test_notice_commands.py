"""`recordsvc notices`: what is stuck is tried again or given up."""

import uuid

import pytest
from click.testing import CliRunner, Result

from recordsvc import noticecommands
from recordsvc.access import acts
from recordsvc.archive import letters
from recordsvc.archive.notices import tell_worker
from recordsvc.ground import outbox
from recordsvc.ground.ports import FixedClock, Letter, Undeliverable
from recordsvc.house import House
from recordsvc.people.contacts import set_phone
from tests.archive.support import Centre, person
from tests.test_card_commands import _Kept

PHONE = "13912345678"


@pytest.fixture(autouse=True)
def _here(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands' house is the test's; it stays open."""
    monkeypatch.setattr(noticecommands, "_open", lambda: _Kept(house))


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
