"""Limits of callers: shared by processes, told in headers, never a lock-out."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from recordsvc import dated, service
from recordsvc.access import clients, policy, usage
from recordsvc.access.clients import ClientKind, Clients
from recordsvc.access.grants import Actor, Kind, Position, Role, Through, Way
from recordsvc.access.limits import DAY_MS, TABLE, Limits, Passing
from recordsvc.access.registering import NewClient, NewKey, propose_client
from recordsvc.access.tables import client as client_table
from recordsvc.access.tables import request_slot, request_usage
from recordsvc.ground import two_person
from recordsvc.ground.ports import FixedClock, SeededRandom
from recordsvc.ground.problems import TooMany
from recordsvc.house import House
from recordsvc.submit.keys import SigningKey
from tests.access.conftest import CENTRE_USCC, ROOMS, Machine


@pytest.fixture
def small(house: House, ed_key: SigningKey) -> Callable[..., Actor]:
    """A client with limits of its own."""

    def make(units: int | None = None, at_once: int | None = None) -> Actor:
        new = NewClient(
            "centre",
            "某培训中心",
            CENTRE_USCC,
            ("records:read",),
            [NewKey(ed_key.public_jwk())],
            units_a_day=units,
            at_once=at_once,
        )
        proposal, client_id = house.db.write(
            lambda turn: propose_client(turn, new, by="official:ann", random=house.random)
        )
        house.db.write(lambda turn: two_person.decide(turn, proposal, "official:bob", True, "checked"))
        return Actor(Kind.CLIENT, client_id)

    return make


@pytest.fixture
def process(house: House) -> Iterator[Callable[[int], Limits]]:
    """Limits as a process of its own has them; what still runs at the end is given back."""
    running: list[Passing] = []

    class Process(Limits):
        def enter(self, who: Actor, *, ends: bool = False) -> Passing | None:
            found = super().enter(who, ends=ends)
            if found is not None:
                running.append(found)
            return found

    yield lambda seed: Process(house.db, Clients(house.db), SeededRandom(seed))
    for one in running:
        one.release()


def refused(enter: Callable[[], object]) -> TooMany:
    with pytest.raises(TooMany) as caught:
        enter()
    return caught.value


# -- units


def test_the_ceiling_holds_over_processes(
    house: House, process: Callable[[int], Limits], small: Callable[..., Actor]
) -> None:
    who = small(units=100)
    processes = [process(seed) for seed in (1, 2, 3)]
    passed = 0
    for turn in range(200):
        try:
            processes[turn % 3].enter(who).release()
            passed += 1
        except TooMany:
            continue

    assert passed == 100


def test_threads_of_processes_that_race_never_pass_the_ceiling(
    house: House, process: Callable[[int], Limits], small: Callable[..., Actor]
) -> None:
    who = small(units=150, at_once=100)
    processes = [process(seed) for seed in (1, 2)]
    passed: list[int] = []

    def ask(limits: Limits) -> None:
        for _ in range(40):
            try:
                limits.enter(who).release()
                passed.append(1)
            except TooMany:
                pass

    threads = [threading.Thread(target=ask, args=(processes[n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # What a process took in a portion and did not use is lost to the caller, never the other way round.
    assert 150 - 64 <= len(passed) <= 150
    with house.db.read() as conn:
        assert conn.execute(sa.select(request_usage.c.used)).scalar_one() <= 150


def test_a_new_beijing_day_opens_a_new_window(
    house: House, process: Callable[[int], Limits], small: Callable[..., Actor], clock: FixedClock
) -> None:
    who, limits = small(units=5), process(1)
    for _ in range(5):
        limits.enter(who).release()
    told = refused(lambda: limits.enter(who))
    seconds = int(told.headers["Retry-After"])
    midnight = (clock.now_ms() + 8 * 3_600_000) // DAY_MS * DAY_MS + DAY_MS - 8 * 3_600_000
    assert seconds == -(-(midnight - clock.now_ms()) // 1000)

    clock.advance(midnight - clock.now_ms() - 1)
    refused(lambda: limits.enter(who))
    clock.advance(1)
    limits.enter(who).release()


def test_a_request_that_takes_more_is_counted_whole_or_not_at_all(
    house: House, process: Callable[[int], Limits], small: Callable[..., Actor]
) -> None:
    who, limits = small(units=100), process(1)
    one = limits.enter(who)
    refused(lambda: one.charge(100))
    one.charge(99)
    refused(lambda: limits.enter(who))


def test_the_headers_say_what_is_left(
    house: House, process: Callable[[int], Limits], small: Callable[..., Actor]
) -> None:
    who, limits = small(units=100), process(1)
    one = limits.enter(who)
    one.charge(9)

    assert one.headers()["RateLimit-Policy"] == '"centre";q=100;w=86400'
    assert one.headers()["RateLimit"].startswith('"centre";r=90;t=')
    told = refused(lambda: one.charge(91)).headers
    assert told["RateLimit"].startswith('"centre";r=0;t=')


def test_people_have_a_window_of_minutes(
    house: House, process: Callable[[int], Limits], clock: FixedClock, worker_id: bytes
) -> None:
    limits = process(1)
    who = Actor(Kind.WORKER, "01890000-0000-7000-8000-000000000001", worker_id=worker_id)
    row = dated.table(TABLE).rule("worker", "2026-01-01")
    for _ in range(row["units"]):
        limits.enter(who).release()
    refused(lambda: limits.enter(who))

    clock.advance(row["minutes"] * 60_000)
    limits.enter(who).release()


def test_one_callers_limit_is_not_anothers(
    house: House, process: Callable[[int], Limits], small: Callable[..., Actor]
) -> None:
    one, other, limits = small(units=1), small(units=1), process(1)
    limits.enter(one).release()
    refused(lambda: limits.enter(one))

    limits.enter(other).release()


def test_old_windows_go(
    house: House, process: Callable[[int], Limits], small: Callable[..., Actor], clock: FixedClock
) -> None:
    who, limits = small(units=10), process(1)
    limits.enter(who).release()
    clock.advance(usage.KEEP_MS + DAY_MS)
    limits.enter(who).release()

    with house.db.read() as conn:
        assert len(conn.execute(request_usage.select()).all()) == 1


# -- everybody has one


@pytest.mark.parametrize("kind", list(ClientKind))
def test_a_client_of_each_kind_is_counted(
    house: House, process: Callable[[int], Limits], small: Callable[..., Actor], kind: ClientKind
) -> None:
    who = small()
    house.db.write(lambda turn: _of_kind(turn, who.id, kind))
    passing = process(1).enter(who)
    assert passing is not None
    assert passing.headers()["RateLimit-Policy"].startswith(f'"{kind}";')


@pytest.mark.parametrize(
    ("kind", "role"),
    [(Kind.WORKER, ""), *((Kind.STAFF, one) for one in Position), *((Kind.OFFICIAL, one) for one in Role)],
)
def test_a_person_in_each_role_is_counted(
    process: Callable[[int], Limits], kind: Kind, role: str, worker_id: bytes
) -> None:
    assert process(1).enter(Actor(kind, "somebody", roles=frozenset({role}), worker_id=worker_id)) is not None


@pytest.mark.parametrize(
    "change", [{"valid_to": "2020-01-01"}, {"valid_to": "2400-01-01"}, {"code": "other"}]
)
def test_a_limit_that_is_missing_or_will_be_stops_the_start(
    settings: Any, house: House, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    table = dated.table(TABLE)
    document = {name: getattr(table, name) for name in ("name", "kind", "title_zh", "title_en", "source")}
    rows = [dict(row) | (change if row["code"] == "employer" else {}) for row in table.rows]
    made = dated.Table({**document, "complete": True, "rows": rows})
    monkeypatch.setattr(dated, "table", lambda _name: made)
    with pytest.raises(dated.NoRuleInForce, match="employer"):
        service.build(settings, house, ROOMS)


# -- who stands in, and what is ended


@pytest.mark.parametrize("way", list(Way))
def test_who_stands_in_is_counted_under_their_own_name(
    process: Callable[[int], Limits], worker_id: bytes, way: Way
) -> None:
    limits, own = process(1), "01890000-0000-7000-8000-000000000001"
    worker = Actor(Kind.WORKER, own, worker_id=worker_id)
    stand_in = Actor(Kind.WORKER, own, worker_id=worker_id, through=Through(way, "other", "ill"))
    for _ in range(_units("official" if way is Way.WINDOW else "worker")):
        limits.enter(stand_in).release()
    refused(lambda: limits.enter(stand_in))
    refused(lambda: limits.enter(Actor(Kind.OFFICIAL if way is Way.WINDOW else Kind.WORKER, "other")))

    limits.enter(worker).release()


def test_what_ends_something_has_a_reserve_that_nothing_else_uses_up(
    process: Callable[[int], Limits], worker_id: bytes
) -> None:
    limits, who = process(1), Actor(Kind.WORKER, "somebody", worker_id=worker_id)
    for _ in range(_units("worker")):
        limits.enter(who).release()
    refused(lambda: limits.enter(who))

    for _ in range(_units("worker")):
        limits.enter(who, ends=True).release()
    refused(lambda: limits.enter(who, ends=True))


def test_doors_that_end_ones_own_have_the_reserve() -> None:
    ending = {one.rule for one in policy.doors(service.skeleton()).values() if policy._ends(one)}
    assert ending >= {
        "/logout",
        "/v1/session/list",
        "/v1/session/list/<id:listed_id>",
        "/account/sessions/<id:listed_id>/end",
        "/v1/me/consents/end",
        "/v1/me/consents/<id:consent_id>/end",
        "/me/share/end",
        "/me/helpers/end",
        "/me/for/end",
        "/v1/me/helping/<id:helper_id>/end",
        "/me/agencies/end",
        "/v1/me/agencies/<id:agency_id>/end",
        "/me/fees/mandate/end",
        "/v1/me/fee-mandate/end",
        "/window/end",
        "/v1/me/service/end",
        "/me/notices/phone/remove",
        "/v1/me/notices/phone/remove",
        "/me/claims/<id:claim_id>/withdraw",
    }
    assert not ending & {"/me/notices/phone", "/me/claims/<id:claim_id>/supplement"}
    assert not ending & {"/me", "/me/share", "/v1/me/archive", "/v1/session"}


def _units(code: str) -> int:
    return int(dated.table(TABLE).rule(code, "2026-01-01")["units"])


# -- requests at once


def test_requests_at_once_hold_over_processes(
    house: House, process: Callable[[int], Limits], small: Callable[..., Actor]
) -> None:
    who, processes = small(at_once=3), [process(seed) for seed in (1, 2)]
    running = [processes[0].enter(who), processes[1].enter(who), processes[0].enter(who)]
    for limits in processes:
        assert refused(lambda limits=limits: limits.enter(who)).headers["Retry-After"] == "1"

    running.pop().release()
    running.append(processes[0].enter(who))
    refused(lambda: processes[1].enter(who))


def test_a_process_that_died_holds_its_slots_for_two_seconds(
    house: House, process: Callable[[int], Limits], small: Callable[..., Actor], clock: FixedClock
) -> None:
    who = small(at_once=1)
    process(1).enter(who)
    other = process(2)
    refused(lambda: other.enter(who))

    clock.advance(usage.LEASE_MS)
    other.enter(who)


def test_a_long_request_keeps_its_slot(
    house: House, process: Callable[[int], Limits], small: Callable[..., Actor], clock: FixedClock
) -> None:
    """The renewal that a process makes each second, made here by hand."""
    who, limits = small(at_once=1), process(1)
    long = limits.enter(who)
    for _ in range(5):
        clock.advance(usage.LEASE_MS // 2)
        limits.renew()
        refused(lambda: process(2).enter(who))

    long.release()
    clock.advance(usage.LEASE_MS)
    limits.renew()
    process(2).enter(who)


def test_releasing_twice_gives_one_slot_back(
    house: House, process: Callable[[int], Limits], small: Callable[..., Actor]
) -> None:
    who, limits = small(at_once=2), process(1)
    first, _second = limits.enter(who), limits.enter(who)
    first.release()
    first.release()
    limits.enter(who)
    refused(lambda: limits.enter(who))


def test_an_idle_process_keeps_no_slots(
    house: House, process: Callable[[int], Limits], small: Callable[..., Actor], clock: FixedClock
) -> None:
    who, limits = small(at_once=4), process(1)
    for one in [limits.enter(who) for _ in range(4)]:
        one.release()
    clock.advance(usage.LEASE_MS)
    limits.enter(who).release()

    with house.db.read() as conn:
        held = conn.execute(sa.select(sa.func.max(request_slot.c.held))).scalar_one()
    assert held <= 4
    clock.advance(usage.LEASE_MS)
    limits.enter(who).release()
    with house.db.read() as conn:
        assert conn.execute(sa.select(sa.func.max(request_slot.c.held))).scalar_one() == 1


# -- at the door


def test_the_door_counts_and_tells(
    app: flask.Flask, house: House, register: Callable[..., str], ed_key: SigningKey, clock: FixedClock
) -> None:
    machine = Machine(app, register(ed_key), ed_key, clock)
    house.db.write(lambda turn: _limit(turn, machine.client_id, 3))
    token = machine.token()
    client = app.test_client()

    def ask() -> Any:
        return client.get("/v1/session", headers={"Authorization": f"Bearer {token}"})

    # The door refuses the client before it counts; what it may enter it counts.
    assert "RateLimit" not in ask().headers
    made = service.build(house.settings, house, (*ROOMS, "recordsvc.archive.routes")).test_client()
    path = "/v1/records/01890000-0000-7000-8000-000000000001"
    seen = [made.get(path, headers={"Authorization": f"Bearer {token}"}) for _ in range(4)]
    assert [one.status_code for one in seen] == [404, 404, 404, 429]
    assert [one.headers["RateLimit"].split(";")[1] for one in seen] == ["r=2", "r=1", "r=0", "r=0"]
    assert seen[-1].json["code"] == "too-many"
    assert int(seen[-1].headers["Retry-After"]) > 0


def _of_kind(turn: Any, client_id: str, kind: str) -> None:
    turn.conn.execute(client_table.update().where(client_table.c.client_id == client_id).values(kind=kind))
    clients.changed(turn, client_id, clients.Event("kind", "official:ann", "test"))


def _limit(turn: Any, client_id: str, units: int) -> None:
    turn.conn.execute(
        client_table.update().where(client_table.c.client_id == client_id).values(units_a_day=units)
    )
    clients.changed(turn, client_id, clients.Event("limit", "official:ann", "test"))
