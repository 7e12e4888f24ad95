"""Alarms on what machines use: compared with each client's own past, raised once, told to who may suspend."""

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import dated
from recordsvc.access import clients, registering, usage, volumes
from recordsvc.access.registering import NewClient, NewKey
from recordsvc.access.tables import client_volume, looked_alarm, request_usage
from recordsvc.access.usage import Asked
from recordsvc.archive import looked_alarms, volume_alarms
from recordsvc.archive.tables import office_notice
from recordsvc.ground import two_person
from recordsvc.ground.ports import FixedClock, beijing_date, beijing_ms
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.submit.keys import key_from_secret

DAY_MS = 86_400_000
CENTRE = synthetic.uscc(1)


def rule(code: str) -> int:
    return int(dated.rule("volume_alarms", code, "2026-01-01")["value"])


LEAST, TIMES = rule("rise-least"), rule("rise-times")


@pytest.fixture
def client_id(house: House) -> str:
    """A client that two people registered."""
    key = NewKey(key_from_secret("EdDSA", b"\x07" * 32, "k").public_jwk())
    new = NewClient("centre", "某培训中心", CENTRE, ("records:write",), [key])

    def act(turn: Any) -> str:
        proposal, made = registering.propose_client(turn, new, by="official:ann", random=house.random)
        two_person.decide(turn, proposal, "official:bob", True, "checked", tools=house)
        return made

    return house.db.write(act)


def uses(house: House, client_id: str, units: int) -> None:
    """Let the client use units now, as its limits count them."""
    now = house.clock.now_ms()
    begun = beijing_ms(beijing_date(now))
    asked = Asked(f"client:{client_id}", begun, units, units, 2**31)
    if units:
        house.db.write(lambda turn: usage.reserve(turn, [asked]))
    volume_alarms.keep(house)


def lives(house: House, clock: FixedClock, client_id: str, units: int, days: int) -> None:
    """Let days pass, on each of which the client uses as much."""
    for _ in range(days):
        uses(house, client_id, units)
        clock.advance(DAY_MS)


def raised(house: House) -> list[tuple[str, str, int]]:
    own = looked_alarm.c
    with house.db.read() as conn:
        rows = conn.execute(sa.select(own.kind, own.actor_id, own.looks).order_by(own.raised_ms, own.kind))
        return [(row.kind, row.actor_id, row.looks) for row in rows]


def test_a_day_far_beyond_the_busiest_one_raises_one_alarm_and_tells_registrars(
    house: House, clock: FixedClock, client_id: str
) -> None:
    lives(house, clock, client_id, 1_000, 20)
    uses(house, client_id, 1_000 * TIMES)
    assert raised(house) == []

    uses(house, client_id, 1)
    uses(house, client_id, 5_000)

    assert raised(house) == [("volume-rise", client_id, 1_000 * TIMES + 1)]
    with house.db.read() as conn:
        (told,) = conn.execute(sa.select(office_notice).where(office_notice.c.kind == "volume-rise"))
    assert told.addressee == "desk:registrar"
    assert CENTRE in told.params
    with house.db.read() as conn:
        (alarm,) = looked_alarms.waiting(conn)
    house.db.write(lambda turn: looked_alarms.answer(turn, alarm.key, "单位补报历史数据", "official:eve"))
    uses(house, client_id, 1)
    assert len(raised(house)) == 1


def test_the_next_day_is_another_alarm_measured_against_the_day_before(
    house: House, clock: FixedClock, client_id: str
) -> None:
    lives(house, clock, client_id, 10, 20)
    uses(house, client_id, LEAST)
    clock.advance(DAY_MS)
    # It is used to it now: the busiest day was yesterday.
    uses(house, client_id, LEAST * TIMES)
    assert [kind for kind, *_ in raised(house)] == ["volume-rise"]


def test_little_is_never_an_alarm(house: House, clock: FixedClock, client_id: str) -> None:
    lives(house, clock, client_id, 0, 20)
    uses(house, client_id, LEAST - 1)
    assert raised(house) == []
    uses(house, client_id, 1)
    assert raised(house) == [("volume-rise", client_id, LEAST)]


def test_a_young_client_has_no_past_to_compare_with(house: House, clock: FixedClock, client_id: str) -> None:
    lives(house, clock, client_id, 10, rule("young-days") - 1)
    uses(house, client_id, LEAST * 10)
    assert raised(house) == []


def test_a_week_far_below_the_usual_raises_one_alarm_a_week(
    house: House, clock: FixedClock, client_id: str
) -> None:
    usual = rule("fall-least") // 7 + 1
    lives(house, clock, client_id, usual, 28)
    lives(house, clock, client_id, 0, 6)
    assert raised(house) == []

    lives(house, clock, client_id, 0, 3)

    assert {kind for kind, *_ in raised(house)} == {"volume-fall"}
    weeks = {beijing_date(at).isocalendar()[:2] for at in _raised_at(house)}
    assert len(raised(house)) == len(weeks)


def _raised_at(house: House) -> list[int]:
    with house.db.read() as conn:
        return list(conn.scalars(sa.select(looked_alarm.c.raised_ms)))


def test_a_suspended_client_is_silent_by_right(house: House, clock: FixedClock, client_id: str) -> None:
    lives(house, clock, client_id, rule("fall-least"), 28)
    house.db.write(lambda turn: clients.suspend(turn, client_id, by="official:ann", reason="x"))
    lives(house, clock, client_id, 0, 10)
    assert raised(house) == []


def test_days_outlive_the_windows_they_were_counted_in_and_are_forgotten_later(
    house: House, clock: FixedClock, client_id: str
) -> None:
    first = beijing_date(clock.now_ms())
    lives(house, clock, client_id, 50, 5)
    with house.db.read() as conn:
        (known,) = volumes.known(conn)
        windows = conn.execute(sa.select(sa.func.count()).select_from(request_usage)).scalar_one()
    assert [known.on(first + dt.timedelta(days=n)) for n in range(6)] == [50, 50, 50, 50, 50, 0]
    assert windows < 5

    clock.advance((rule("past-days") + 10) * DAY_MS)
    volume_alarms.keep(house)
    with house.db.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(client_volume)).scalar_one() == 0


def test_a_count_that_was_kept_never_shrinks(house: House, client_id: str) -> None:
    uses(house, client_id, 50)
    house.db.write(lambda turn: turn.conn.execute(request_usage.delete()))
    uses(house, client_id, 20)
    with house.db.read() as conn:
        (known,) = volumes.known(conn)
    assert list(known.days.values()) == [50]
