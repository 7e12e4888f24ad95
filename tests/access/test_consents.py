"""Consents: counted, dated, ended at once; their events in an order that is fixed against entries."""

import functools
import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from recordsvc.access import consents
from recordsvc.access.consents import Consent, Ended, Given, Try, Wanted
from recordsvc.access.errors import ConsentRefused
from recordsvc.access.tables import consent, consent_event
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House

HOUR = 3_600_000
RECORD = b"\x05" * 16


@pytest.fixture
def house(house: House) -> House:
    house.log.create()
    return house


def wanted(house: House, **changes) -> Wanted:
    base = Wanted("link", (RECORD,), "job-application", "share-1", house.clock.now_ms() + HOUR, 3)
    return replace(base, **changes)


def mac(house: House):
    return functools.partial(house.keys.hmac, "login")


def give(house: House, worker_id: bytes, **changes) -> tuple[Given, Consent]:
    made = house.db.write(
        lambda turn: consents.give(
            turn, house.log, house.random, mac(house), worker_id, wanted(house, **changes), "session-1"
        )
    )
    with house.db.read() as conn:
        mine = consents.of_workers(conn, [worker_id])
    return made, next(one for one in mine if one.consent_id == made.consent_id)


def use(house: House, found: Consent) -> bool:
    return house.db.write(lambda turn: consents.use(turn, house.log, found))


def events(house: House, receiver: str = "link") -> list[consents.Happened]:
    with house.db.read() as conn:
        return consents.events_of(conn, receiver)


def test_the_last_use_falls_to_one_of_fifty(house: House, worker_id: bytes):
    found = give(house, worker_id, max_uses=1)[1]
    won: list[bool] = []
    threads = [threading.Thread(target=lambda: won.append(use(house, found))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), sum(won)) == (50, 1)
    assert [(one.event, one.why) for one in events(house)] == [("start", ""), ("use", ""), ("end", "used-up")]


def test_a_consent_ends_with_its_last_millisecond(house: House, worker_id: bytes, clock: FixedClock):
    found = give(house, worker_id)[1]
    clock.advance(HOUR - 1)
    assert use(house, found)
    clock.advance(1)
    assert not use(house, found)
    assert house.db.write(lambda turn: consents.expire(turn, house.log)) == 1
    assert house.db.write(lambda turn: consents.expire(turn, house.log)) == 0
    assert events(house)[-1].why == "expired"


def test_ended_it_fails_at_the_next_use_and_others_go_on(house: House, worker_id: bytes):
    first, second = give(house, worker_id)[1], give(house, worker_id)[1]
    house.db.write(lambda turn: consents.end(turn, house.log, [worker_id], Ended.WORKER, first.consent_id))
    assert (use(house, first), use(house, second)) == (False, True)


def test_one_act_ends_all_of_a_worker_and_nothing_of_another(house: House, worker_id: bytes):
    mine = [give(house, worker_id)[1] for _ in range(3)]
    theirs = give(house, b"\x09" * 16)[1]
    assert house.db.write(lambda turn: consents.end(turn, house.log, [worker_id], Ended.WORKER)) == 3
    assert not any(use(house, one) for one in mine)
    assert use(house, theirs)


def test_a_link_is_kept_as_a_digest_and_opens_its_consent_only(house: House, worker_id: bytes):
    given, found = give(house, worker_id)
    assert len(bytes.fromhex(given.secret)) == 32
    with house.db.read() as conn:
        assert consents.by_link(conn, given.secret) == found
        assert consents.by_link(conn, given.secret[:-1] + "g") is None
        rows = conn.execute(sa.select(consent)).all()
    assert given.secret not in repr(rows)


def test_a_code_is_guessed_ten_times_at_most_each_after_a_longer_wait(
    house: House, worker_id: bytes, clock: FixedClock
):
    given, found = give(house, worker_id, with_code=True)
    wrong = "0" * 8 if given.code != "0" * 8 else "1" * 8

    def attempt(code: str) -> Try:
        return house.db.write(lambda turn: consents.try_code(turn, mac(house), house.log, found, code))

    assert [attempt(wrong), attempt(wrong), attempt(given.code)] == [Try.WRONG, Try.WRONG, Try.WAIT]
    clock.advance(1_000)
    assert attempt(given.code) is Try.GOOD
    seen = []
    for _ in range(consents.MAX_ATTEMPTS):
        seen.append(attempt(wrong))
        clock.advance(90_000)
    assert seen == [Try.WRONG] * 9 + [Try.OVER]
    assert attempt(given.code) is Try.OVER
    assert not use(house, found)
    assert events(house)[-1].why == "code-tried"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"purpose": "curiosity"}, "/purpose"),
        ({"text_code": "share-0"}, "/text_code"),
        ({"until_ms": 1}, "/until_ms"),
        ({"max_uses": 0}, "/max_uses"),
        ({"records": ()}, "/records"),
    ],
)
def test_what_cannot_be_shared_is_refused_where_it_is_wrong(
    house: House, worker_id: bytes, changes: dict, pointer: str
):
    with pytest.raises(ConsentRefused) as refused:
        give(house, worker_id, **changes)
    assert [fault["pointer"] for fault in refused.value.errors] == [pointer]
    assert events(house) == []


def test_the_order_of_events_against_entries_is_total_when_all_write_at_once(house: House, worker_id: bytes):
    found = give(house, worker_id, max_uses=None, receiver="client:payroll")[1]
    sizes: list[int] = []

    def append() -> None:
        for _ in range(8):
            at = house.db.write(lambda turn: house.log.turn(turn).append(b"\x04\x01" + b"\x07" * 32))
            sizes.append(at)

    def uses() -> None:
        for _ in range(8):
            use(house, found)

    threads = [threading.Thread(target=act) for act in (append, uses) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    happened = events(house, "client:payroll")
    assert [one.n for one in happened] == list(range(1, 26))
    order = [one.log_size for one in happened]
    assert order == sorted(order)
    assert sorted(sizes) == list(range(24))
    assert order[-1] <= 24
    assert events(house, "client:payroll") == happened


def test_erasing_leaves_events_with_opaque_ids_and_nothing_else(house: House, worker_id: bytes):
    given = give(house, worker_id)[0]
    house.db.write(lambda turn: consents.erase(turn, house.log, worker_id))
    with house.db.read() as conn:
        assert consents.of_workers(conn, [worker_id]) == []
        assert consents.by_link(conn, given.secret) is None
    assert [(one.event, one.why) for one in events(house)] == [("start", ""), ("end", "erased")]


@pytest.mark.parametrize("change", [sa.delete(consent_event), sa.update(consent_event).values(why="x")])
def test_an_event_is_never_changed_or_removed(house: House, worker_id: bytes, change):
    give(house, worker_id)
    with pytest.raises(sa.exc.DBAPIError):
        house.db.write(lambda turn: turn.conn.execute(change))
