"""The outbox: what is committed leaves at least once under one id, failures pause, die and are replayed."""

import json
import os
import signal
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from recordsvc.ground import outbox
from recordsvc.ground.database import Database
from recordsvc.ground.messengers import ConsoleMessenger, FileMessenger
from recordsvc.ground.outbox import Deliverer, Waiting, Way, counts, forget, listed, put, replay
from recordsvc.ground.ports import FixedClock, Letter, Undeliverable
from tests.conftest import Addresses

PHONE = "13800001234"


class Recorder:
    """A messenger that keeps what it was given, and fails when told to."""

    def __init__(self, fail: Callable[[Letter], Exception | None] = lambda _letter: None) -> None:
        self.letters: list[Letter] = []
        self.fail = fail

    def send(self, letter: Letter) -> None:
        error = self.fail(letter)
        if error is not None:
            raise error
        self.letters.append(letter)


def letter(message: Waiting) -> Letter | Way:
    """A letter, or the way that the kind names."""
    ways = {"paper": Way.PRINT, "nobody": Way.VOID}
    return ways.get(message.kind) or Letter(uuid.UUID(bytes=message.id), message.kind, PHONE)


def put_some(database: Database, *kinds: str, recipient: str = "worker:1") -> None:
    def act(turn) -> None:
        for kind in kinds:
            put(turn, "t", recipient, kind, {"n": 1}, f"{recipient}/{kind}")

    database.write(act)


def in_state(database: Database, state: str) -> list[str]:
    with database.read() as conn:
        return [one.kind for one in listed(conn, state)]


def test_a_message_leaves_once_it_is_committed(database: Database) -> None:
    messenger = Recorder()
    put_some(database, "hello")

    assert Deliverer(database, letter, messenger).run() == 1
    assert Deliverer(database, letter, messenger).run() == 0
    assert [(one.address, one.text) for one in messenger.letters] == [(PHONE, "hello")]
    assert in_state(database, "sent") == ["hello"]


def test_what_was_undone_never_leaves(database: Database) -> None:
    def act(turn) -> None:
        put(turn, "t", "worker:1", "hello", {}, "k")
        raise KeyError

    with pytest.raises(KeyError):
        database.write(act)

    assert Deliverer(database, letter, Recorder()).run() == 0


def test_the_same_key_is_the_same_message(database: Database) -> None:
    messenger = Recorder()
    put_some(database, "hello", "hello")
    Deliverer(database, letter, messenger).run()
    put_some(database, "hello")
    Deliverer(database, letter, messenger).run()

    assert len(messenger.letters) == 1


def test_paper_and_nobody_are_no_letters(database: Database) -> None:
    put_some(database, "paper", "nobody")

    assert Deliverer(database, letter, Recorder()).run() == 0
    assert (in_state(database, "print"), in_state(database, "void")) == (["paper"], ["nobody"])


def test_without_a_messenger_all_goes_on_paper(database: Database) -> None:
    put_some(database, "hello")
    Deliverer(database, letter, None).run()

    with database.read() as conn:
        (waiting,) = listed(conn, "print")
    assert database.write(lambda turn: outbox.printed(turn, [waiting.id])) == 1
    assert database.write(lambda turn: outbox.printed(turn, [waiting.id])) == 0
    assert in_state(database, "printed") == ["hello"]


def test_one_that_fails_pauses_and_the_others_go(
    database: Database, clock: FixedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = True
    messenger = Recorder(lambda one: OSError(PHONE) if broken and one.text == "bad" else None)
    deliverer = Deliverer(database, letter, messenger)
    put_some(database, "bad", "good")

    assert deliverer.run() == 1
    assert deliverer.run() == 0
    told = capsys.readouterr().err
    assert "message-failed" in told
    assert PHONE not in told
    broken = False
    clock.advance(outbox.FIRST_PAUSE_MS)
    assert deliverer.run() == 1
    assert [one.text for one in messenger.letters] == ["good", "bad"]


def test_too_many_failures_are_death_and_a_replay_brings_it_back(
    database: Database, clock: FixedClock
) -> None:
    broken = True
    messenger = Recorder(lambda _one: OSError() if broken else None)
    deliverer = Deliverer(database, letter, messenger)
    put_some(database, "bad")
    for _attempt in range(outbox.ATTEMPTS):
        assert in_state(database, "waiting") == ["bad"]
        deliverer.run()
        clock.advance(outbox.LONGEST_PAUSE_MS)

    assert in_state(database, "dead") == ["bad"]
    with database.read() as conn:
        assert counts(conn)["dead"][0] == 1
    broken = False
    assert deliverer.run() == 0
    assert database.write(replay) == 1
    assert deliverer.run() == 1
    assert database.write(replay) == 0


def test_what_can_never_be_delivered_is_dead_at_once(database: Database) -> None:
    put_some(database, "bad", "good")
    messenger = Recorder(lambda one: Undeliverable() if one.text == "bad" else None)
    Deliverer(database, letter, messenger).run()

    assert (in_state(database, "dead"), in_state(database, "sent")) == (["bad"], ["good"])


def test_one_message_is_replayed_alone(database: Database) -> None:
    put_some(database, "a", "b")
    Deliverer(database, letter, Recorder(lambda _one: Undeliverable())).run()
    with database.read() as conn:
        (first, _second) = listed(conn, "dead")

    assert database.write(lambda turn: replay(turn, [first.id])) == 1
    assert in_state(database, "waiting") == [first.kind]


def test_a_recipient_is_forgotten_with_all_states(database: Database) -> None:
    put_some(database, "hello", "paper")
    Deliverer(database, letter, Recorder()).run()
    put_some(database, "more")
    put_some(database, "hello", recipient="worker:2")

    assert database.write(lambda turn: forget(turn, "worker:1")) == 3
    assert in_state(database, "waiting") == ["hello"]


def test_what_left_long_ago_is_forgotten(database: Database, clock: FixedClock) -> None:
    put_some(database, "hello", "paper")
    Deliverer(database, letter, Recorder()).run()
    clock.advance(outbox.KEEP_MS + 1)

    assert database.write(outbox.sweep) == 1
    assert in_state(database, "print") == ["paper"]


class Dying(FileMessenger):
    """Dies when the letter is safely out, before anybody could mark it."""

    def send(self, letter: Letter) -> None:
        super().send(letter)
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_crash_before_the_mark_delivers_again_under_the_same_id(
    database: Database, addresses: Addresses, tmp_path: Path
) -> None:
    path = tmp_path / "out" / "messages.jsonl"
    put_some(database, "hello")
    child = os.fork()
    if child == 0:
        Deliverer(Database(addresses.application, clock=database.clock), letter, Dying(path)).run()
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    Deliverer(database, letter, FileMessenger(path)).run()

    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert len(lines) == 2
    assert len({line["id"] for line in lines}) == 1
    assert in_state(database, "sent") == ["hello"]


def test_the_file_is_its_owners_and_survives_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "out" / "messages.jsonl"
    messenger = FileMessenger(path)
    messenger.send(Letter(uuid.UUID(int=1), "一", PHONE))
    with path.open("ab") as file:
        file.write(b'{"id": "torn')
    messenger.send(Letter(uuid.UUID(int=2), "二", PHONE))

    lines = path.read_text("utf-8").splitlines()
    assert [json.loads(lines[at])["text"] for at in (0, 2)] == ["一", "二"]
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_the_screen_shows_no_address(capsys: pytest.CaptureFixture[str]) -> None:
    found = Letter(uuid.UUID(int=1), "一", PHONE)
    ConsoleMessenger().send(found)

    assert "一" in capsys.readouterr().out
    assert PHONE not in repr(found)
