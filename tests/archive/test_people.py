"""Officials among themselves: roles by two, deputies, emergencies, roles that stay apart whoever races."""

import datetime as dt
import threading
import uuid
from collections.abc import Callable
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError

from recordsvc import service, workdays
from recordsvc.access import deciding, emergencies, granting, officials
from recordsvc.access.errors import OfficialConflict, OfficialRefused, StandsTogether
from recordsvc.access.grants import Actor, Kind, Thing, roles_told
from recordsvc.access.officials import Officials
from recordsvc.access.sessions import Entering, Method
from recordsvc.access.tables import emergency, official_bar
from recordsvc.archive.lags import lags
from recordsvc.dated import NoRuleInForce
from recordsvc.ground import two_person
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.ground.problems import Forbidden, Problem
from recordsvc.ground.two_person import SamePerson
from recordsvc.house import House
from tests.conftest import Addresses

HOUR = 3_600_000
DAY = 24 * HOUR
PEOPLE = {
    "ann": ("registrar", "64"),
    "bob": ("registrar", "64"),
    "cleo": ("registrar", "6402"),
    "dan": ("handler", "6401"),
    "eve": ("reviewer", "6401"),
    "fay": ("auditor", "64"),
    "gus": ("data-officer", "64"),
}


@pytest.fixture
def app(house: House) -> flask.Flask:
    def act(turn: Any) -> None:
        for account, (role, area) in PEOPLE.items():
            officials.add(turn, account, f"{account}某")
            officials.grant(turn, account, role, area, by="command:test")
        officials.add(turn, "new", "新某")

    house.db.write(act)
    return service.build(house.settings, house)


@pytest.fixture
def ask(app: flask.Flask, house: House) -> Callable[..., Any]:
    """Ask as an official: account, method, path, body."""
    sessions = app.extensions["access"].sessions
    base = "https://localhost" if sessions.cookie.secure else "http://localhost"
    kept: dict[str, tuple[FlaskClient, str]] = {}

    def act(account: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        if account not in kept:
            client = app.test_client()
            cookie = house.db.write(
                lambda turn: sessions.begin(turn, Entering(Kind.OFFICIAL, account, Method.CODE))
            )
            client.set_cookie(sessions.cookie.name, cookie, secure=sessions.cookie.secure, domain="localhost")
            kept[account] = (client, client.get("/v1/session", base_url=base).json["csrf_token"])
        client, csrf = kept[account]
        return client.open(path, method=method, json=body, base_url=base, headers={"X-CSRF-Token": csrf})

    return act


def who(house: House, account: str) -> Actor:
    found, now = Officials(house.db).find(account), house.clock.now_ms()
    assert found is not None
    return Actor(
        Kind.OFFICIAL,
        account,
        roles=found.roles(now),
        duties=found.duties(now),
        stands_in=found.stands_in(now),
        recused=found.recused,
    )


def decide(house: House, proposal_id: bytes, account: str) -> None:
    deciding.decide(house, proposal_id, who(house, account), approve=True, reason="核对无误")


ROLE = {"role": "handler", "area": "6401", "reason": "新到岗"}


# -- roles by two


def test_a_role_is_proposed_by_one_registrar_and_decided_by_another(
    ask: Callable[..., Any], house: House
) -> None:
    proposal = ask("ann", "POST", "/v1/desk/people/new/roles", ROLE).json["proposal_id"]
    path = f"/v1/desk/proposals/{proposal}/decide"
    yes = {"approve": True, "reason": "核对无误"}

    assert ask("ann", "POST", path, yes).json["code"] == "same-person"
    assert ask("cleo", "POST", path, yes).json["code"] == "proposal-unknown"
    assert ask("bob", "POST", path, yes).status_code == 200
    shown = {one["official_id"]: one for one in ask("fay", "GET", "/v1/desk/people").json["items"]}
    assert shown["new"]["grants"][0] | {"from_ms": 0} == {
        "role": "handler",
        "area": "6401",
        "from_ms": 0,
        "until_ms": None,
        "granted_by": "official:bob",
        "revoked_by": None,
    }


def test_nobody_proposes_or_decides_a_role_of_their_own(ask: Callable[..., Any], house: House) -> None:
    assert ask("ann", "POST", "/v1/desk/people/ann/roles", ROLE).json["code"] == "official-conflict"

    proposal = ask("ann", "POST", "/v1/desk/people/bob/roles", ROLE).json["proposal_id"]
    answer = ask("bob", "POST", f"/v1/desk/proposals/{proposal}/decide", {"approve": True, "reason": "x"})
    assert answer.json["code"] == "official-conflict"


def test_a_registrar_gives_and_takes_within_the_own_area_only(ask: Callable[..., Any]) -> None:
    assert ask("cleo", "POST", "/v1/desk/people/new/roles", ROLE).status_code == 403
    assert ask("cleo", "POST", "/v1/desk/people/new/roles", ROLE | {"area": "640221"}).status_code == 202
    assert ask("cleo", "POST", "/v1/desk/people/dan/roles/end", {"role": "handler"}).status_code == 422
    assert ask("ann", "POST", "/v1/desk/people/dan/roles/end", {"role": "handler"}).status_code == 204
    # One did it alone: auditors read who. What changed nothing leaves nothing.
    (one,) = ask("fay", "GET", "/v1/desk/acts").json["items"]
    told = [one[name] for name in ("actor", "role", "act", "subject", "reason")]
    assert told == ["official:ann", "registrar", "official.revoked", "dan", "handler"]


def test_officials_of_another_area_are_not_listed(ask: Callable[..., Any]) -> None:
    seen = {one["official_id"] for one in ask("cleo", "GET", "/v1/desk/people").json["items"]}

    assert seen == {"cleo", "new"}


def test_a_grant_that_soon_ends_says_so(ask: Callable[..., Any], house: House) -> None:
    until = house.clock.now_ms() + 20 * DAY
    house.db.write(
        lambda turn: officials.grant(turn, "new", "reviewer", "6401", by="official:ann", until_ms=until)
    )

    shown = {
        one["official_id"]: one["expiring"] for one in ask("fay", "GET", "/v1/desk/people").json["items"]
    }
    assert (shown["new"], shown["dan"]) == (True, False)


# -- apart, whoever races


def test_no_official_stands_on_both_sides_of_a_bar(app: flask.Flask, house: House) -> None:
    """The key refuses it, also where no code has asked."""
    row = official_bar.insert().values(official_id="eve", bar="pay", side="pay")

    with pytest.raises(IntegrityError):
        house.db.write(lambda turn: turn.conn.execute(row))


def test_two_connections_do_not_give_one_person_roles_that_exclude(app: flask.Flask, house: House) -> None:
    started = threading.Barrier(2)
    outcomes: list[str] = []

    def give(role: str) -> None:
        started.wait()
        try:
            house.db.write(lambda turn: officials.grant(turn, "new", role, "64", by="official:ann"))
            outcomes.append("given")
        except OfficialConflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=give, args=(role,)) for role in ("reviewer", "payer")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["given", "refused"]


def test_a_role_taken_away_by_another_connection_decides_nothing(app: flask.Flask, house: House) -> None:
    """Row 17: the decision is judged by the register of its own transaction, not of its beginning."""
    proposal = house.db.write(
        lambda turn: granting.propose_grant(
            turn, "new", "handler", "6401", None, "x", by="official:ann", random=house.random
        )
    )
    before = who(house, "bob")
    taken = threading.Thread(
        target=lambda: house.db.write(
            lambda turn: officials.revoke(turn, "bob", "registrar", by="official:ann")
        )
    )
    taken.start()
    taken.join()

    with pytest.raises(Forbidden):
        deciding.decide(house, proposal, before, approve=True, reason="x")
    with house.db.read() as conn:
        assert two_person.read(conn, proposal, house.clock.now_ms()).state == "open"


def test_a_role_is_not_taken_away_in_the_middle_of_a_decision(
    app: flask.Flask, house: House, addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 17, the other way round: who takes a role away waits for the decision that rests on it."""
    revoked = threading.Event()
    elsewhere = Database(addresses.application, clock=house.clock)

    def take_away() -> None:
        elsewhere.write(lambda turn: officials.revoke(turn, "eve", "reviewer", by="official:ann"))
        revoked.set()

    meanwhile: list[bool] = []
    taking = threading.Thread(target=take_away)

    def run(_turn: Any, _payload: dict[str, Any], _proposal: Any) -> None:
        taking.start()
        meanwhile.append(revoked.wait(1))

    slow = two_person.Kind(run, frozenset(), None, DAY, lambda *_: Thing("640104"))
    monkeypatch.setitem(two_person._kinds, "test.slow", slow)
    proposal = house.db.write(lambda turn: two_person.propose(turn, "test.slow", "x", {}, "official:dan"))
    decide(house, proposal, "eve")
    taking.join()
    elsewhere.close()

    assert meanwhile == [False]
    assert who(house, "eve").roles == frozenset()


# -- deputies


@pytest.fixture
def deputy(app: flask.Flask, house: House) -> Callable[..., None]:
    """Let somebody stand in for a principal: proposed by one, decided by another."""

    def act(principal: str, standing_in: str, role: str, days: int = 7) -> None:
        until = house.clock.now_ms() + days * DAY
        proposal = house.db.write(
            lambda turn: granting.propose_deputy(
                turn,
                principal,
                standing_in,
                role,
                until,
                "休假",
                by=f"official:{principal}",
                random=house.random,
            )
        )
        decide(house, proposal, "bob")

    return act


def test_a_deputy_holds_the_principals_role_until_the_last_day(
    deputy: Callable[..., None], house: House, clock: FixedClock
) -> None:
    deputy("eve", "new", "reviewer")

    assert who(house, "new").duties == {("reviewer", "6401")}
    assert roles_told(who(house, "new")) == "reviewer（代 eve）"
    clock.advance(7 * DAY)
    assert who(house, "new").roles == frozenset()


def test_a_deputy_has_nothing_that_the_principal_lost(deputy: Callable[..., None], house: House) -> None:
    deputy("eve", "new", "reviewer")
    house.db.write(lambda turn: officials.revoke(turn, "eve", "reviewer", by="official:ann"))

    assert who(house, "new").roles == frozenset()


def test_who_decides_a_deputy_has_all_areas_that_are_lent(deputy: Callable[..., None], house: House) -> None:
    def more(turn: Any) -> None:
        officials.grant(turn, "eve", "reviewer", "6403", by="command:test")
        officials.add(turn, "hal", "海某")
        officials.grant(turn, "hal", "registrar", "6401", by="command:test")

    house.db.write(more)
    until = house.clock.now_ms() + DAY
    proposal = house.db.write(
        lambda turn: granting.propose_deputy(
            turn, "eve", "new", "reviewer", until, "休假", by="official:eve", random=house.random
        )
    )
    with pytest.raises(Problem):
        decide(house, proposal, "hal")
    assert who(house, "new").duties == frozenset()
    decide(house, proposal, "bob")
    assert who(house, "new").duties == {("reviewer", "6401"), ("reviewer", "6403")}


def test_a_deputy_has_nothing_that_the_principal_was_given_later(
    deputy: Callable[..., None], house: House, clock: FixedClock
) -> None:
    deputy("eve", "new", "reviewer")
    clock.advance(1)
    house.db.write(lambda turn: officials.grant(turn, "eve", "reviewer", "6403", by="command:test"))

    assert who(house, "new").duties == {("reviewer", "6401")}


def test_a_deputy_of_a_deputy_is_nobody(deputy: Callable[..., None], house: House) -> None:
    deputy("eve", "new", "reviewer")

    with pytest.raises(OfficialRefused):
        deputy("new", "dan", "reviewer")


def test_nobody_stands_in_where_the_role_excludes_their_own(deputy: Callable[..., None]) -> None:
    with pytest.raises(OfficialConflict):
        deputy("eve", "fay", "reviewer")


def test_principal_and_deputy_are_not_the_two_persons_of_one_act(
    deputy: Callable[..., None], house: House
) -> None:
    deputy("ann", "new", "registrar")
    for first, second in (("ann", "new"), ("new", "ann")):
        proposal = house.db.write(
            lambda turn, by=first: granting.propose_grant(
                turn, "dan", "inspector", "6401", None, "x", by=f"official:{by}", random=house.random
            )
        )
        with pytest.raises(StandsTogether):
            decide(house, proposal, second)
        decide(house, proposal, "bob")
        house.db.write(lambda turn: officials.revoke(turn, "dan", "inspector", by="official:bob"))


def test_a_decision_says_for_whom_the_deputy_stood_in(deputy: Callable[..., None], house: House) -> None:
    deputy("ann", "new", "registrar")
    proposal = house.db.write(
        lambda turn: granting.propose_grant(
            turn, "dan", "inspector", "6401", None, "x", by="official:bob", random=house.random
        )
    )
    decide(house, proposal, "new")

    with house.db.read() as conn:
        found = two_person.read(conn, proposal, house.clock.now_ms())
    assert (found.decided_by, found.decided_role, found.decided_for) == ("official:new", "registrar", "ann")


def test_only_the_principal_or_a_registrar_proposes_a_deputy(ask: Callable[..., Any], house: House) -> None:
    said = {"deputy": "new", "role": "reviewer", "until_ms": house.clock.now_ms() + DAY, "reason": "休假"}

    assert ask("dan", "POST", "/v1/desk/people/eve/deputies", said).status_code == 403
    assert ask("eve", "POST", "/v1/desk/people/eve/deputies", said).status_code == 202


# -- recusal at its doors


def test_one_declares_for_oneself_and_an_auditor_for_anybody(ask: Callable[..., Any]) -> None:
    said = {"party": f"worker:{uuid.UUID(int=9)}", "ground": "kin"}

    assert ask("dan", "POST", "/v1/desk/people/eve/recusals", said).status_code == 403
    mine = ask("dan", "POST", "/v1/desk/people/dan/recusals", said)
    assert mine.status_code == 201
    assert ask("fay", "POST", "/v1/desk/people/eve/recusals", said).status_code == 201
    path = f"/v1/desk/recusals/{mine.json['recusal_id']}/end"
    assert ask("dan", "POST", path).status_code == 403
    assert ask("fay", "POST", path).status_code == 204
    assert ask("fay", "POST", path).status_code == 404


@pytest.mark.parametrize("party", ["worker:x", "institution:1", "ann", "worker:", "official:ann"])
def test_a_recusal_names_a_worker_or_an_institution(ask: Callable[..., Any], party: str) -> None:
    answer = ask("dan", "POST", "/v1/desk/people/dan/recusals", {"party": party, "ground": "kin"})

    assert answer.json["code"] == "official-refused"


# -- break-glass

TAKING = {"role": "reviewer", "area": "6401", "hours": 4, "reason": "复核人均不在岗，暴雨停电"}


def test_an_emergency_gives_a_role_for_hours_and_opens_a_case(
    ask: Callable[..., Any], house: House, clock: FixedClock
) -> None:
    case = ask("dan", "POST", "/v1/desk/emergencies", TAKING)

    assert case.status_code == 201
    assert "reviewer" in who(house, "dan").roles
    for reader in ("fay", "gus"):
        notices = ask(reader, "GET", "/v1/desk/notices").json["items"]
        assert [one["kind"] for one in notices] == ["emergency-opened"]
        assert [one["reason"] for one in ask(reader, "GET", "/v1/desk/emergencies").json["items"]] == [
            TAKING["reason"]
        ]
    clock.advance(4 * HOUR)
    assert who(house, "dan").roles == {"handler"}


@pytest.mark.parametrize(("hours", "status"), [(0, 422), (5, 422), (4, 201)])
def test_an_emergency_lasts_four_hours_at_most(ask: Callable[..., Any], hours: int, status: int) -> None:
    assert ask("dan", "POST", "/v1/desk/emergencies", TAKING | {"hours": hours}).status_code == status


@pytest.mark.parametrize(("area", "status"), [("6401", 201), ("640104", 201), ("6402", 422), ("64", 422)])
def test_an_emergency_reaches_no_further_than_ones_own_areas(
    ask: Callable[..., Any], area: str, status: int
) -> None:
    assert ask("dan", "POST", "/v1/desk/emergencies", TAKING | {"area": area}).status_code == status


def test_an_emergency_role_ends_with_the_role_that_it_rests_on(
    ask: Callable[..., Any], house: House, clock: FixedClock
) -> None:
    assert ask("dan", "POST", "/v1/desk/emergencies", TAKING).status_code == 201
    assert who(house, "dan").roles == {"handler", "reviewer"}
    clock.advance(HOUR)
    house.db.write(lambda turn: officials.revoke(turn, "dan", "handler", by="official:ann"))
    assert who(house, "dan").roles == frozenset()


def test_a_person_has_one_open_emergency_whatever_the_role(ask: Callable[..., Any]) -> None:
    case = ask("dan", "POST", "/v1/desk/emergencies", TAKING).json["case_id"]
    other = TAKING | {"role": "inspector"}
    again = ask("dan", "POST", "/v1/desk/emergencies", other)
    assert (again.status_code, again.json["code"]) == (409, "official-conflict")
    assert ask("fay", "POST", f"/v1/desk/emergencies/{case}/close", {"finding": "属实"}).status_code == 200
    assert ask("dan", "POST", "/v1/desk/emergencies", other).status_code == 201


def test_the_database_knows_no_longer_emergency(app: flask.Flask, house: House) -> None:
    with pytest.raises(IntegrityError):
        house.db.write(
            lambda turn: turn.conn.execute(
                emergency.insert().values(
                    case_id=bytes(16),
                    official_id="dan",
                    role="reviewer",
                    area="64",
                    reason="x",
                    from_ms=0,
                    until_ms=4 * HOUR + 1,
                    finding="",
                )
            )
        )


def test_a_case_says_until_when_it_is_reviewed_and_is_counted_late_after_that(
    ask: Callable[..., Any], house: House, clock: FixedClock
) -> None:
    opened_on = beijing_date(clock.now_ms())
    case = ask("dan", "POST", "/v1/desk/emergencies", TAKING).json["case_id"]

    (said,) = ask("fay", "GET", "/v1/desk/emergencies").json["items"]
    assert said["due_on"] == workdays.due_on(opened_on, 5).isoformat()
    assert ask("fay", "GET", f"/v1/desk/emergencies/{case}").json["due_on"] == said["due_on"]
    assert counted(house) == {"waiting": 1, "late": 0, "undated": 0}
    last_day = dt.date.fromisoformat(said["due_on"])
    clock.advance((last_day - opened_on).days * 24 * HOUR)
    assert counted(house) == {"waiting": 1, "late": 0, "undated": 0}
    clock.advance(24 * HOUR)
    assert counted(house) == {"waiting": 0, "late": 1, "undated": 0}
    case_id = uuid.UUID(case).bytes
    house.db.write(lambda turn: emergencies.close(turn, case_id, "属实", by="official:fay"))
    assert counted(house) == dict.fromkeys(("waiting", "late", "undated"), 0)


def test_where_no_calendar_gives_a_date_the_case_stands_first(
    ask: Callable[..., Any], house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise NoRuleInForce("working_days", "calendar", "2099-01-01")

    ask("dan", "POST", "/v1/desk/emergencies", TAKING)
    monkeypatch.setattr("recordsvc.workdays.due_on", none)
    ask("gus", "POST", "/v1/desk/emergencies", TAKING | {"role": "registrar"})

    listed = ask("fay", "GET", "/v1/desk/emergencies").json["items"]
    assert [(one["official_id"], bool(one["due_on"])) for one in listed] == [("gus", False), ("dan", True)]
    assert counted(house) == {"waiting": 1, "late": 0, "undated": 1}


def counted(house: House) -> Any:
    """What the operator's figures say of cases that wait."""
    return next(one for one in lags(house) if one.name == "emergencies_open").values


@pytest.mark.parametrize(("taker", "closer"), [("eve", "new"), ("new", "eve")])
def test_principal_and_deputy_do_not_close_each_others_case(
    deputy: Callable[..., None], house: House, taker: str, closer: str
) -> None:
    def take(turn: Any) -> bytes:
        if taker == "new":
            officials.grant(turn, "new", "reviewer", "6401", by="command:test")
        return emergencies.take(turn, house.random, taker, "inspector", "6401", 1, "x")

    deputy("eve", "new", "reviewer")
    case = house.db.write(take)

    with pytest.raises(StandsTogether):
        house.db.write(lambda turn: emergencies.close(turn, case, "属实", by=f"official:{closer}"))
    with house.db.read() as conn:
        assert emergencies.one(conn, case).closed_ms is None
    house.db.write(lambda turn: emergencies.close(turn, case, "属实", by="official:fay"))


def test_open_cases_stand_by_their_term_and_closed_ones_after_them(
    app: flask.Flask, house: House, clock: FixedClock
) -> None:
    def take(account: str) -> bytes:
        return house.db.write(
            lambda turn: emergencies.take(turn, house.random, account, "inspector", "6401", 1, "x")
        )

    closed = take("dan")
    house.db.write(lambda turn: emergencies.close(turn, closed, "属实", by="official:fay"))
    opened = [take("dan")]
    clock.advance(3 * DAY)
    opened.append(take("gus"))

    with house.db.read() as conn:
        assert [one.case_id for one in emergencies.listed(conn)] == [*opened, closed]


@pytest.mark.parametrize(
    ("account", "role"), [("eve", "payer"), ("dan", "payer"), ("gus", "payer"), ("dan", "auditor")]
)
def test_an_emergency_gives_no_role_that_excludes_the_own(
    ask: Callable[..., Any], account: str, role: str
) -> None:
    """But the second word of an act: that nobody is there for it is the emergency."""
    answer = ask(account, "POST", "/v1/desk/emergencies", TAKING | {"role": role})

    assert answer.json["code"] == "official-conflict"


def test_nobody_is_their_own_second_person_by_an_emergency(ask: Callable[..., Any], house: House) -> None:
    proposal = ask("ann", "POST", "/v1/desk/people/new/roles", ROLE).json["proposal_id"]
    ask("ann", "POST", "/v1/desk/emergencies", TAKING)

    with pytest.raises(SamePerson):
        decide(house, uuid.UUID(proposal).bytes, "ann")


def test_a_case_lists_what_was_done_in_its_hours_and_another_closes_it(
    ask: Callable[..., Any], house: House, clock: FixedClock
) -> None:
    case = ask("gus", "POST", "/v1/desk/emergencies", TAKING | {"role": "registrar"}).json["case_id"]
    ask("gus", "POST", "/v1/desk/people/new/roles", ROLE)
    path = f"/v1/desk/emergencies/{case}"

    done = ask("fay", "GET", path).json["done"]
    assert [one["what"] for one in done] == ["emergency.door", "proposed official.grant"]
    assert ask("gus", "POST", f"{path}/close", {"finding": "无异常"}).json["code"] == "same-person"
    closed = ask("fay", "POST", f"{path}/close", {"finding": "情况属实"})
    assert (closed.json["closed_by"], closed.json["finding"]) == ("official:fay", "情况属实")
    assert who(house, "gus").roles == {"data-officer"}
    assert ask("fay", "POST", f"{path}/close", {"finding": "再次"}).json["code"] == "emergency-closed"


def test_the_database_lets_nobody_close_their_own_case(app: flask.Flask, house: House) -> None:
    case = house.db.write(
        lambda turn: emergencies.take(turn, house.random, "dan", "reviewer", "6401", 1, "x")
    )
    closing = sa.update(emergency).where(emergency.c.case_id == case)

    with pytest.raises(IntegrityError):
        house.db.write(
            lambda turn: turn.conn.execute(
                closing.values(closed_ms=1, closed_by="official:dan", finding="无异常")
            )
        )
