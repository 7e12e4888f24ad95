"""Idempotency keys on both databases: once, whoever repeats, crashes or races."""

import hmac
import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.idempotency import (
    LEASE_MS,
    LIFE_MS,
    Claim,
    Done,
    Idempotency,
    Refused,
    Ticket,
    idempotency,
)
from recordsvc.ground.ports import FixedClock
from recordsvc.ground.problems import Gone, InProgress, KeyReused


@pytest.fixture
def keys(database: Database) -> Iterator[Idempotency]:
    return Idempotency(database, lambda data: hmac.digest(b"house", data, "sha256"))


def ticket(keys: Idempotency, content: bytes = b"body", client_key: str = "key-0001") -> Ticket:
    return keys.ticket("client:centre-1", "POST /v1/things", client_key, content)


def count(database: Database) -> int:
    with database.read() as conn:
        return conn.execute(sa.select(sa.func.count()).select_from(idempotency)).scalar_one()


def test_a_repeated_request_acts_once_and_gets_the_same_answer(keys: Idempotency) -> None:
    acted: list[int] = []

    def act(turn: Turn) -> str:
        acted.append(turn.now_ms)
        return f"position:{len(acted)}"

    said = [keys.once(ticket(keys), act, str.upper) for _ in range(3)]

    assert (said, len(acted)) == (["POSITION:1"] * 3, 1)


def test_case_13_other_content_under_the_same_key_is_refused_and_has_no_effect(keys: Idempotency) -> None:
    acted: list[str] = []
    keys.once(ticket(keys), lambda _: "1", str)

    with pytest.raises(KeyReused) as refused:
        keys.once(ticket(keys, b"other"), lambda _: acted.append("2") or "2", str)

    assert (refused.value.status, acted) == (422, [])
    assert keys.once(ticket(keys), lambda _: "3", str) == "1"


def test_keys_of_other_callers_and_doors_are_other_keys(keys: Idempotency) -> None:
    names = {
        keys.ticket(actor, door, key, b"").key
        for actor, door, key in (
            ("client:a", "POST /b", "c"),
            ("client:ab", "POST /", "c"),
            ("client:a", "POST /bc", ""),
            ("worker:a", "POST /b", "c"),
        )
    }

    assert len(names) == 4


def test_case_14_a_refused_call_is_refused_and_its_key_says_nothing_of_applied(
    keys: Idempotency, database: Database
) -> None:
    def refuse(_: Turn) -> str:
        raise Gone

    with pytest.raises(Gone):
        keys.once(ticket(keys), refuse, str)

    assert count(database) == 0
    assert keys.once(ticket(keys, b"other"), lambda _: "1", str) == "1"


def test_case_14_a_refusal_that_stays_written_leaves_its_key_free_as_well(
    keys: Idempotency, database: Database
) -> None:
    assert keys.once(ticket(keys), lambda _: Refused("waits"), str) == "waits"

    assert count(database) == 0
    for content in (b"other", b"other"):
        assert keys.once(ticket(keys, content), lambda _: "1", str) == "1"
    with pytest.raises(KeyReused):
        keys.once(ticket(keys), lambda _: Refused("waits"), str)


def test_a_claimed_request_is_in_progress_until_it_is_settled(
    keys: Idempotency, database: Database, clock: FixedClock
) -> None:
    claim = keys.claim(ticket(keys))
    assert isinstance(claim, Claim)
    clock.advance(20_000)
    with pytest.raises(InProgress) as refused:
        keys.claim(ticket(keys))
    database.write(lambda turn: keys.settle(turn, claim, "entry:5"))

    assert refused.value.headers["Retry-After"] == "41"
    assert keys.claim(ticket(keys)) == Done("entry:5")


def test_case_15_a_dead_process_loses_its_lease_and_cannot_settle_late(
    keys: Idempotency, database: Database, clock: FixedClock
) -> None:
    dead = keys.claim(ticket(keys))
    assert isinstance(dead, Claim)
    clock.advance(LEASE_MS)
    heir = keys.claim(ticket(keys))

    assert isinstance(heir, Claim)
    assert (dead.again, heir.again) == (False, True)
    with pytest.raises(InProgress):
        database.write(lambda turn: keys.settle(turn, dead, "entry:1"))
    database.write(lambda turn: keys.settle(turn, heir, "entry:2"))
    assert keys.claim(ticket(keys)) == Done("entry:2")


def test_a_doubted_request_is_taken_over_at_once_and_looks_first(
    keys: Idempotency, clock: FixedClock
) -> None:
    claim = keys.claim(ticket(keys))
    assert isinstance(claim, Claim)
    keys.doubt(claim)
    clock.advance(1)
    again = keys.claim(ticket(keys))

    assert isinstance(again, Claim)
    assert again.again
    with pytest.raises(KeyReused):
        keys.claim(ticket(keys, b"other"))


def test_a_released_key_is_free(keys: Idempotency, database: Database) -> None:
    claim = keys.claim(ticket(keys))
    assert isinstance(claim, Claim)
    keys.release(claim)

    assert count(database) == 0


def test_an_effect_that_cannot_be_settled_is_undone(
    keys: Idempotency, database: Database, clock: FixedClock
) -> None:
    dead = keys.claim(ticket(keys))
    assert isinstance(dead, Claim)
    clock.advance(LEASE_MS)
    keys.claim(ticket(keys))

    def late(turn: Turn) -> None:
        keys._take(turn, ticket(keys, client_key="effect-1"))
        keys.settle(turn, dead, "entry:1")

    with pytest.raises(InProgress):
        database.write(late)
    assert count(database) == 1


def test_case_12_64_calls_at_once_act_once_and_are_answered_alike(keys: Idempotency) -> None:
    acted: list[int] = []
    said: list[str] = []
    start = threading.Barrier(64)

    def act(_: Turn) -> str:
        acted.append(1)
        return "1"

    def race() -> None:
        start.wait()
        said.append(keys.once(ticket(keys), act, str))

    threads = [threading.Thread(target=race) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (said, len(acted)) == (["1"] * 64, 1)


def test_racing_processes_act_once(
    addresses, keys: Idempotency, database: Database, clock: FixedClock
) -> None:
    """Two databases objects share no queue: the row itself must decide."""
    second = Database(addresses.application, clock=clock)
    others = Idempotency(second, lambda data: hmac.digest(b"house", data, "sha256"))
    start = threading.Barrier(2)
    said: list[str] = []

    def race(mine: Idempotency, name: str) -> None:
        start.wait()
        said.extend(mine.once(ticket(mine, client_key=f"key-{n:05}"), lambda _: name, str) for n in range(20))

    threads = [threading.Thread(target=race, args=pair) for pair in ((keys, "first"), (others, "second"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()

    with database.read() as conn:
        rows = conn.execute(sa.select(idempotency.c.reference)).scalars().all()
    assert len(rows) == 20
    assert len(said) == 40
    assert sorted(said) == sorted([*rows, *rows])


def test_nothing_sent_is_stored(keys: Idempotency, database: Database) -> None:
    canary = b"640102199001010012"
    keys.once(keys.ticket("worker:w", "POST /x", canary.decode(), canary), lambda _: "entry:1", str)

    with database.read() as conn:
        (row,) = conn.execute(sa.select(idempotency)).all()
    assert canary not in repr(tuple(row)).encode()
    assert (len(row.key), len(row.content), row.reference) == (32, 32, "entry:1")


def test_old_keys_are_swept(keys: Idempotency, clock: FixedClock) -> None:
    keys.once(ticket(keys), lambda _: "1", str)
    clock.advance(LIFE_MS - 1)
    assert keys.sweep() == 0
    clock.advance(1)
    assert keys.sweep() == 1
