"""Staff: entered by two officials, invited by name, dated positions, one institution each."""

import json
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from recordsvc.access import deciding, heads, officials, staff, staff_terms
from recordsvc.access.errors import InvitationRefused, StaffRefused
from recordsvc.access.grants import Actor, Kind, Position, can
from recordsvc.access.staff import INVITATION_MS
from recordsvc.archive.tables import office_notice
from recordsvc.ground.ports import FixedClock
from recordsvc.ground.problems import Forbidden
from recordsvc.ground.two_person import SamePerson
from recordsvc.house import House
from recordsvc.people import synthetic
from tests.access.conftest import CENTRE_USCC, Person, Told

OTHER = synthetic.uscc(77)


@pytest.fixture
def registrars(house: House) -> tuple[Actor, Actor]:
    """Two registrars of the area, as their sessions say who they are."""

    def act(turn: Any) -> None:
        for account in ("ann", "bob"):
            officials.add(turn, account, account)
            officials.grant(turn, account, "registrar", "6401", by="command:test")

    house.db.write(act)
    duties = frozenset({("registrar", "6401")})
    first, second = (
        Actor(Kind.OFFICIAL, account, roles=frozenset({"registrar"}), duties=duties)
        for account in ("ann", "bob")
    )
    return first, second


@pytest.fixture
def head(house: House, registrars: tuple[Actor, Actor]) -> str:
    """The head of the centre."""
    return entered(house, registrars, CENTRE_USCC, "马某")


def entered(house: House, registrars: tuple[Actor, Actor], institution: str, name: str) -> str:
    proposal = house.db.write(
        lambda turn: heads.propose(
            turn, institution, name, "办学许可在册", by="official:ann", random=house.random
        )
    )
    deciding.decide(house, proposal, registrars[1], approve=True, reason="核对无误")
    with house.db.read() as conn:
        return next(one.staff_id for one in staff.of_institution(conn, institution) if one.name == name)


def invite(house: House, position: Position = Position.CLERK, until_ms: int | None = None) -> str:
    return house.db.write(
        lambda turn: staff.invite(
            turn, house.keys, house.random, CENTRE_USCC, "李某", position, until_ms, by="staff:s-1"
        )
    )


def signed_in(app: flask.Flask, house: House, staff_id: str) -> Person:
    """The person with a browser, signed in by a one-time code."""
    from recordsvc.access import codes

    code = house.db.write(
        lambda turn: codes.create(turn, house.keys, house.random, staff.code_name(staff_id))
    )
    browser = app.test_client()
    answer = browser.post("/login/staff", json={"staff_id": staff_id, "code": code})
    assert answer.status_code == 200, answer.text
    return Person(browser, answer.json["csrf_token"])


def test_the_first_person_takes_two_registrars(house: House, registrars: tuple[Actor, Actor]) -> None:
    proposal = house.db.write(
        lambda turn: heads.propose(
            turn, CENTRE_USCC, "马某", "办学许可在册", by="official:ann", random=house.random
        )
    )
    with house.db.read() as conn:
        (waiting,) = staff.of_institution(conn, CENTRE_USCC)
    assert waiting.positions(house.clock.now_ms()) == frozenset()

    with pytest.raises(SamePerson):
        deciding.decide(house, proposal, registrars[0], approve=True, reason="x")
    deciding.decide(house, proposal, registrars[1], approve=True, reason="核对无误")

    with house.db.read() as conn:
        (now,) = staff.of_institution(conn, CENTRE_USCC)
    assert now.positions(house.clock.now_ms()) == {"head"}
    assert now.posts[0].granted_by == "official:bob"


def test_a_registrar_of_another_area_does_not_decide_on_a_head(
    house: House, registrars: tuple[Actor, Actor]
) -> None:
    def act(turn: Any) -> bytes:
        officials.add(turn, "cleo", "c")
        officials.grant(turn, "cleo", "registrar", "6402", by="command:test")
        return heads.propose(turn, CENTRE_USCC, "马某", "x", by="official:ann", random=house.random)

    proposal = house.db.write(act)
    foreign = Actor(
        Kind.OFFICIAL, "cleo", roles=frozenset({"registrar"}), duties=frozenset({("registrar", "6402")})
    )

    with pytest.raises(Forbidden):
        deciding.decide(house, proposal, foreign, approve=True, reason="x")


def test_a_role_that_was_lost_since_the_request_began_decides_nothing(
    house: House, registrars: tuple[Actor, Actor]
) -> None:
    """The actor says what held when the request began; the register says what holds at the commit."""
    proposal = house.db.write(
        lambda turn: heads.propose(turn, CENTRE_USCC, "马某", "x", by="official:ann", random=house.random)
    )
    house.db.write(lambda turn: officials.revoke(turn, "bob", "registrar", by="command:test"))

    with pytest.raises(Forbidden):
        deciding.decide(house, proposal, registrars[1], approve=True, reason="x")


def test_an_invitation_works_once_and_gives_its_position(house: House, browser: FlaskClient) -> None:
    code = invite(house)
    assert len(code.replace("-", "")) * 5 >= 112

    first = browser.post("/login/invitation", json={"code": code.lower()})
    again = browser.post("/login/invitation", json={"code": code})

    assert (first.json["kind"], first.json["roles"]) == ("staff", ["clerk"])
    assert (again.status_code, again.json["code"]) == (401, "invitation-refused")


def test_an_invitation_is_good_for_seven_days(house: House, clock: FixedClock) -> None:
    code = invite(house)
    clock.advance(INVITATION_MS)

    with pytest.raises(InvitationRefused):
        house.db.write(lambda turn: staff.accept(turn, house.keys, house.random, code))


def test_the_code_of_an_invitation_is_nowhere_in_the_database(house: House) -> None:
    from recordsvc.access.tables import staff_invitation

    code = invite(house)

    with house.db.read() as conn:
        row = str(conn.execute(staff_invitation.select()).one())
    assert code not in row
    assert code.replace("-", "") not in row


def test_a_position_ends_on_its_day(house: House, clock: FixedClock, browser: FlaskClient) -> None:
    code = invite(house, until_ms=clock.now_ms() + 60_000)
    assert browser.post("/login/invitation", json={"code": code}).json["roles"] == ["clerk"]

    clock.advance(60_000)

    assert browser.get("/v1/session").json["roles"] == []
    assert browser.get("/v1/centre/people").status_code == 403


def test_the_head_invites_ends_and_closes(app: flask.Flask, house: House, head: str) -> None:
    me = signed_in(app, house, head)
    invited = me.post("/v1/centre/invitations", {"name": "王某", "position": "signer"})
    assert invited.status_code == 201
    newcomer = app.test_client()
    come = newcomer.post("/login/invitation", json={"code": invited.json["code"]}).json

    assert me.post(f"/v1/centre/people/{come['id']}/end", {"position": "signer"}).status_code == 204
    assert newcomer.get("/v1/session").json["roles"] == []
    assert me.post(f"/v1/centre/people/{come['id']}/close", {}).status_code == 204
    assert newcomer.get("/v1/session").status_code == 401

    people = {one["name"]: one for one in me.get("/v1/centre/people").json["items"]}
    assert people["王某"]["posts"][0]["revoked_by"] == f"staff:{head}"
    assert people["王某"]["closed_ms"] is not None


def test_a_code_that_the_head_makes_is_told_to_the_institution(
    app: flask.Flask, house: House, head: str, told: Told
) -> None:
    me = signed_in(app, house, head)
    come = app.test_client().post("/login/invitation", json={"code": invite(house)}).json
    told.clear()
    assert me.post(f"/v1/centre/people/{come['id']}/code", {}).status_code == 200
    assert told == [(CENTRE_USCC, "login-code-own", {"staff_id": come["id"]})]


def test_who_is_no_head_changes_nobody(app: flask.Flask, house: House, head: str) -> None:
    browser = app.test_client()
    entered_as = browser.post("/login/invitation", json={"code": invite(house)}).json
    clerk = Person(browser, entered_as["csrf_token"])

    assert clerk.get("/v1/centre/people").status_code == 200
    assert clerk.post("/v1/centre/invitations", {"name": "x", "position": "clerk"}).status_code == 403
    assert clerk.post(f"/v1/centre/people/{head}/close", {}).status_code == 403


def test_people_of_another_institution_are_answered_like_nobody(
    app: flask.Flask, house: House, registrars: tuple[Actor, Actor], head: str
) -> None:
    stranger = entered(house, registrars, OTHER, "外某")
    me = signed_in(app, house, head)

    answers = [
        me.post(f"/v1/centre/people/{one}/{act}", body)
        for one in (stranger, "s-0000000000000000", "ann")
        for act, body in (("close", {}), ("code", {}), ("end", {"position": "head"}))
    ]
    assert {(one.status_code, one.json["code"]) for one in answers} == {(404, "staff-unknown")}
    assert [one["name"] for one in me.get("/v1/centre/people").json["items"]] == ["马某"]


def test_the_last_head_stays(house: House, head: str) -> None:
    with pytest.raises(StaffRefused):
        house.db.write(lambda turn: staff.end(turn, head, Position.HEAD, by="x"))
    with pytest.raises(StaffRefused):
        house.db.write(lambda turn: staff.close(turn, head))


def test_an_officials_code_lets_no_staff_in_and_the_other_way_round(
    house: House, browser: FlaskClient, head: str, handler_code: str
) -> None:
    answer = browser.post("/login/staff", json={"staff_id": "zoe", "code": handler_code})

    assert answer.status_code == 401


@pytest.fixture
def handler_code(house: House) -> str:
    from recordsvc.access import codes

    def act(turn: Any) -> str:
        officials.add(turn, "zoe", "z")
        return codes.create(turn, house.keys, house.random, "zoe")

    return house.db.write(act)


def test_staff_reach_their_own_institution_only() -> None:
    class Thing:
        def __init__(self, institution: str | None) -> None:
            self.institution = institution

    clerk = Actor(Kind.STAFF, "s-1", roles=frozenset({"clerk"}), institution=CENTRE_USCC)
    teacher = Actor(Kind.STAFF, "s-2", roles=frozenset({"teacher"}), institution=CENTRE_USCC)

    assert can(clerk, "dispute.read", Thing(CENTRE_USCC))
    assert not can(clerk, "dispute.read", Thing(OTHER))
    assert not can(clerk, "dispute.read", Thing(None))
    assert not can(teacher, "dispute.read", Thing(CENTRE_USCC))
    assert not can(clerk, "record.submit")
    assert not can(clerk, "desk.read")


# -- positions that end


def test_a_position_is_told_of_before_it_ends_once_a_stage(house: House, clock: FixedClock) -> None:
    def come(until_ms: int | None) -> str:
        code = invite(house, until_ms=until_ms)
        return house.db.write(lambda turn: staff.accept(turn, house.keys, house.random, code))

    def notices() -> list[tuple[str, str]]:
        own = office_notice.c
        with house.db.read() as conn:
            found = conn.execute(office_notice.select().where(own.kind == staff_terms.ENDING))
            return [(one.addressee, json.loads(one.params)["staff_id"]) for one in found]

    until = clock.now_ms() + 20 * staff_terms.DAY_MS
    ends, closed, longer = come(until), come(until), come(until)
    assert come(None)
    house.db.write(lambda turn: staff.close(turn, closed))
    house.db.write(lambda turn: staff.give(turn, longer, Position.CLERK, by="x"))
    assert staff_terms.run(house) == 0
    for days, stages in ((6, 1), (1, 1), (10, 2), (1, 2)):
        clock.advance(days * staff_terms.DAY_MS)
        assert staff_terms.run(house) == 1
        assert notices() == [(f"institution:{CENTRE_USCC}", ends)] * stages, days
    clock.advance(2 * staff_terms.DAY_MS)
    assert staff_terms.run(house) == 0
