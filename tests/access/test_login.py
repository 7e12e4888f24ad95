"""Signing in and out: sessions, one-time codes, demo personas, and where none of them may be."""

import dataclasses
import datetime as dt
import uuid

import flask
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from recordsvc import service
from recordsvc.access import codes, demo, devices, officials
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.services import Access
from recordsvc.access.sessions import cookie_of
from recordsvc.access.tables import login_code, session
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.people.reading import read_person
from recordsvc.settings import Settings, SettingsError
from tests.access.conftest import ROOMS, Person

FORM = "application/x-www-form-urlencoded"


def who(person: Person) -> int:
    return person.get("/v1/session").status_code


def code_for(house: House, account: str) -> str:
    return house.db.write(lambda turn: codes.create(turn, house.keys, house.random, account))


def sign_in(browser: FlaskClient, account: str, code: str):
    return browser.post("/login/code", json={"official_id": account, "code": code})


# -- sessions


def test_the_owner_sees_each_session_and_ends_one(
    enter, access: Access, house: House, worker_id: bytes, clock: FixedClock
) -> None:
    phone = enter("worker")
    clock.advance(1000)
    desk = enter("worker")
    mine = str(uuid.UUID(bytes=worker_id))

    def listed():
        with house.db.read() as conn:
            return access.sessions.listed(conn, Kind.WORKER, mine)

    newest, oldest = listed()
    assert (newest.method, newest.through_way) == ("demo", None)
    end = house.db.write
    assert not end(lambda turn: access.sessions.end_one(turn, Kind.WORKER, "somebody else", oldest.id))
    assert end(lambda turn: access.sessions.end_one(turn, Kind.WORKER, mine, oldest.id))
    assert [one.id for one in listed()] == [newest.id]
    assert (who(phone), who(desk)) == (401, 200)
    clock.advance(15 * 60_000)
    assert listed() == []


def test_a_proof_of_identity_is_fresh_for_minutes_and_can_be_given_again(
    enter, app: flask.Flask, access: Access, house: House, clock: FixedClock
) -> None:
    enter("worker")
    with house.db.read() as conn:
        digest = conn.execute(sa.select(session.c.digest)).scalar_one()
    fresh = app.extensions["entrance"].fresh

    def sitting():
        with house.db.read() as conn:
            return conn.execute(sa.select(session.c.authenticated_ms)).scalar_one()

    clock.advance(house.settings.step_up_minutes * 60_000)
    assert not fresh(Actor(Kind.WORKER, session_id=digest.hex(), authenticated_ms=sitting()))
    house.db.write(lambda turn: access.sessions.strengthen(turn, digest.hex()))
    assert fresh(Actor(Kind.WORKER, session_id=digest.hex(), authenticated_ms=sitting()))


@pytest.mark.parametrize(
    ("header", "word"),
    [
        (
            "Mozilla/5.0 (Linux; Android 14; x) AppleWebKit/537.36 Chrome/126 Mobile Safari/537.36",
            "Android · Chrome",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) MicroMessenger/8.0", "iPhone · 微信"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126 Safari/537.36 Edg/126.0",
            "Windows · Edge",
        ),
        ("curl/8", ""),
    ],
)
def test_a_device_is_a_word_and_no_fingerprint(header: str, word: str) -> None:
    assert devices.coarse(header) == word


def test_a_session_says_who_it_is(enter, worker_id: bytes):
    found = enter("worker").get("/v1/session").json
    assert (found["kind"], found["id"]) == ("worker", "01890000-0000-7000-8000-000000000001")
    found = enter("registrar").get("/v1/session").json
    assert (found["kind"], found["roles"]) == ("official", ["registrar"])


def test_nobody_is_nobody(browser: FlaskClient):
    assert browser.get("/v1/session").status_code == 401
    browser.set_cookie("recordsvc-demo", "A" * 43)
    assert browser.get("/v1/session").status_code == 401
    browser.set_cookie("recordsvc-demo", "rubbish")
    assert browser.get("/v1/session").status_code == 401


def test_a_session_ends_when_idle(enter, clock: FixedClock):
    person = enter("worker")
    clock.advance(14 * 60_000)
    assert who(person) == 200
    clock.advance(14 * 60_000)
    assert who(person) == 200
    clock.advance(15 * 60_000)
    assert who(person) == 401


def test_a_session_ends_after_hours_however_busy(enter, clock: FixedClock):
    person = enter("worker")
    for _ in range(8 * 6 - 1):
        clock.advance(10 * 60_000)
        assert who(person) == 200
    clock.advance(10 * 60_000)
    assert who(person) == 401


def test_being_seen_is_written_once_a_minute(enter, house: House, clock: FixedClock):
    person, begun = enter("worker"), clock.now_ms()

    def seen() -> int:
        with house.db.read() as conn:
            return conn.execute(session.select()).one().seen_ms

    clock.advance(59_000)
    who(person)
    assert seen() == begun
    clock.advance(1_000)
    who(person)
    assert seen() == begun + 60_000


def test_signing_in_again_gives_a_new_session_and_ends_the_old(enter, house: House):
    person = enter("worker")
    old = person.browser.get_cookie("recordsvc-demo").value
    answer = person.browser.post(
        "/login/demo", json={"kind": "worker"}, headers={"X-CSRF-Token": person.csrf}
    )
    assert answer.status_code == 200
    assert person.browser.get_cookie("recordsvc-demo").value != old
    with house.db.read() as conn:
        assert len(conn.execute(session.select()).all()) == 1


def test_a_session_id_from_outside_is_never_taken_over(app: flask.Flask, enter):
    enter("worker")
    browser = app.test_client()
    browser.set_cookie("recordsvc-demo", "A" * 43)
    browser.post("/login/demo", json={"kind": "worker"})
    assert browser.get_cookie("recordsvc-demo").value != "A" * 43


def test_signing_out_ends_the_session_and_clears_the_browser(enter):
    person = enter("worker")
    cookie = person.browser.get_cookie("recordsvc-demo").value
    answer = person.post("/logout", {})
    assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (204, '"cache", "storage"')
    person.browser.set_cookie("recordsvc-demo", cookie)
    assert who(person) == 401


def test_a_page_signs_out_with_a_form(enter):
    person = enter("worker")
    assert person.browser.post("/logout", data={"csrf_token": "x"}).status_code == 403
    answer = person.browser.post("/logout", data={"csrf_token": person.csrf})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert who(person) == 401


def test_writing_needs_the_sessions_own_token(enter):
    first, second = enter("registrar"), enter("registrar-2")
    for token in ("", "x", second.csrf):
        assert dataclasses.replace(first, csrf=token).post("/logout", {}).status_code == 403


def test_the_database_holds_no_cookie(enter, house: House):
    cookie = enter("worker").browser.get_cookie("recordsvc-demo").value
    with house.db.read() as conn:
        row = conn.execute(session.select()).one()
    assert cookie.encode() not in b"".join(str(value).encode() for value in row)


def test_all_sessions_of_a_person_end_together(enter, house: House, access: Access):
    first, second = enter("registrar"), enter("registrar")
    ended = house.db.write(lambda turn: access.sessions.end_all(turn, Kind.OFFICIAL, "demo-registrar"))
    assert (ended, who(first), who(second)) == (2, 401, 401)


def test_a_revoked_role_is_gone_at_the_next_request(enter, house: House):
    person = enter("registrar")
    assert person.get("/v1/desk/clients").status_code == 200
    house.db.write(lambda turn: officials.revoke(turn, "demo-registrar", "registrar", by="command:test"))
    assert person.get("/v1/desk/clients").status_code == 403


def test_a_closed_account_is_nobody_at_the_next_request(enter, house: House):
    person = enter("registrar")
    house.db.write(lambda turn: officials.close(turn, "demo-registrar"))
    assert who(person) == 401


def test_the_cookie_is_bound_and_hidden(enter, app: flask.Flask, settings: Settings):
    enter("worker")
    header = app.test_client().post("/login/demo", json={"kind": "worker"}).headers["Set-Cookie"]
    assert header.startswith("recordsvc-demo=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(header.split("; "))
    assert "Domain" not in header
    kept = cookie_of(dataclasses.replace(settings, environment="production"))
    assert (kept.name, kept.secure) == ("__Host-recordsvc", True)


# -- one-time codes


def test_a_code_signs_an_official_in_once(browser: FlaskClient, house: House, handler: str):
    code = code_for(house, handler)
    answer = sign_in(browser, handler, code)
    assert (answer.status_code, answer.json["roles"]) == (200, ["handler"])
    assert sign_in(browser, handler, code).json["code"] == "login-refused"


@pytest.mark.parametrize("spelt", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code} "])
def test_a_code_may_be_typed_as_people_type(browser: FlaskClient, house: House, handler: str, spelt):
    assert sign_in(browser, handler, spelt(code_for(house, handler))).status_code == 200


def test_a_code_ends_after_ten_minutes(browser: FlaskClient, house: House, handler: str, clock: FixedClock):
    code = code_for(house, handler)
    clock.advance(codes.LIFE_MS)
    assert sign_in(browser, handler, code).status_code == 401


def test_wrong_attempts_slow_a_code_down_and_do_not_end_it(
    browser: FlaskClient, house: House, handler: str, clock: FixedClock
):
    code = code_for(house, handler)
    for _ in range(5):
        assert sign_in(browser, handler, "0000-0000-0000").status_code == 401
    answer = sign_in(browser, handler, code)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    clock.advance(1_000)
    assert sign_in(browser, handler, code).status_code == 200


def test_four_wrong_attempts_do_no_harm(browser: FlaskClient, house: House, handler: str):
    code = code_for(house, handler)
    for _ in range(4):
        sign_in(browser, handler, "0000-0000-0000")
    assert sign_in(browser, handler, code).status_code == 200


def test_a_new_code_ends_the_earlier_one(browser: FlaskClient, house: House, handler: str):
    earlier, later = code_for(house, handler), code_for(house, handler)
    assert sign_in(browser, handler, earlier).status_code == 401
    assert sign_in(browser, handler, later).status_code == 200


def test_a_code_is_its_owners_only(browser: FlaskClient, house: House, handler: str):
    house.db.write(lambda turn: officials.add(turn, "bob", "鲍某"))
    code = code_for(house, handler)
    assert sign_in(browser, "bob", code).status_code == 401
    assert sign_in(browser, handler, code).status_code == 200


def test_unknown_account_and_wrong_code_look_alike(browser: FlaskClient, house: House, handler: str):
    code_for(house, handler)
    answers = [sign_in(browser, account, "0000-0000-0000") for account in (handler, "nobody", "Ann'--")]
    assert {(answer.status_code, answer.data) for answer in answers} == {(401, answers[0].data)}


def test_the_database_holds_no_code(house: House, handler: str):
    code = code_for(house, handler)
    with house.db.read() as conn:
        row = conn.execute(login_code.select()).one()
    assert code not in str(row)
    assert code.replace("-", "") not in str(row)


def test_a_page_signs_in_with_a_form_and_is_sent_to_the_desk(
    browser: FlaskClient, house: House, handler: str
):
    data = {"official_id": handler, "code": code_for(house, handler)}
    answer = browser.post("/login/code", data=data)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk")


def test_a_form_cannot_send_a_person_elsewhere(browser: FlaskClient, house: House, handler: str):
    data = {"official_id": handler, "code": code_for(house, handler), "next": "https://evil.example"}
    assert browser.post("/login/code", data=data).status_code == 422


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
def test_another_site_cannot_sign_a_browser_in(browser: FlaskClient, enter, headers: dict[str, str]):
    answer = browser.post("/login/demo", data={"kind": "worker"}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (403, "cross-site")


# -- demo personas


def test_personas_are_listed_in_their_order(browser: FlaskClient, enter):
    listed = browser.get("/login/demo").json["items"]
    assert [item["kind"] for item in listed] == [
        "worker", "registrar", "registrar-2", "handler", "reviewer", "reviewer-2", "data-officer", "payer",
        "payer-2", "inspector", "inspector-2", "auditor",
    ]  # fmt: skip
    assert listed[0]["label"] == "劳动者"


def test_a_page_becomes_a_worker_and_is_sent_to_the_archive(browser: FlaskClient, enter):
    answer = browser.post("/login/demo", data={"kind": "worker"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me")


def test_an_unknown_persona_is_refused(browser: FlaskClient, enter):
    assert browser.post("/login/demo", json={"kind": "king"}).json["code"] == "login-refused"


@pytest.fixture
def wang(house: House) -> dict[str, str]:
    """A worker of the demo region, as their document names them."""
    number = synthetic.resident_id("640104", dt.date(1990, 5, 6), "m", 17)
    document = {"document": "resident-id", "number": number, "name": "王某"}
    person, _ = read_person(document, house.clock.now_ms())
    with house.db.read_raw() as cursor:
        made = house.people.resolve(cursor, [person], "test")[0]
    house.db.write(lambda turn: house.db.bulk_all(turn.conn, house.people.rows([made.rows])))
    return {"kind": "worker"} | document


def test_a_worker_of_the_demo_signs_in_with_their_document(browser: FlaskClient, wang: dict[str, str]):
    answer = browser.post("/login/demo", json=wang)
    assert (answer.status_code, answer.json["kind"]) == (200, "worker")


@pytest.mark.parametrize(
    "change", [{"name": "李某"}, {"number": "64010419900506002X"}, {"number": "x"}, {"document": "passport"}]
)
def test_a_document_that_is_not_a_workers_opens_nothing(browser: FlaskClient, wang: dict[str, str], change):
    assert browser.post("/login/demo", json=wang | change).json["code"] == "login-refused"


def test_a_login_creates_nobody(browser: FlaskClient, wang: dict[str, str], house: House):
    stranger = synthetic.resident_id("640104", dt.date(1991, 5, 6), "m", 18)
    assert browser.post("/login/demo", json=wang | {"number": stranger}).json["code"] == "login-refused"
    assert house.people.find("resident-id", stranger) is None


@pytest.mark.parametrize("change", [{"kind": "registrar"}, {"name": None}])
def test_half_a_document_is_refused(browser: FlaskClient, wang: dict[str, str], change):
    body = {name: value for name, value in (wang | change).items() if value is not None}
    assert browser.post("/login/demo", json=body).status_code == 422


def test_workers_stand_in_the_order_they_came_and_before_the_officials(
    house: House, browser: FlaskClient, enter
):
    for kind, label in (("worker-b", "乙"), ("worker-a", "甲"), ("worker-b", "乙二")):
        house.db.write(
            lambda turn, k=kind, t=label: demo.create_worker(turn, uuid.UUID(int=5).bytes, t, t, k)
        )
    labels = [item["label"] for item in browser.get("/login/demo").json["items"]]
    assert labels[:4] == ["劳动者", "乙二", "甲", "登记员（机构、密钥、接入）"]


def test_making_the_desk_twice_makes_it_once(house: House, enter):
    house.db.write(lambda turn: demo.create_desk(turn, "64"))
    with house.db.read() as conn:
        assert len(demo.personas(conn)) == 12


@pytest.mark.parametrize("environment", ["test", "production"])
def test_elsewhere_the_door_is_not_there(house: House, settings: Settings, environment: str):
    house.settings = dataclasses.replace(settings, environment=environment)
    browser = service.build(house.settings, house, ROOMS).test_client()
    for answer in (browser.get("/login/demo"), browser.post("/login/demo", json={"kind": "worker"})):
        assert answer.status_code == 404


@pytest.mark.parametrize("environment", ["test", "production"])
def test_elsewhere_a_database_with_personas_does_not_start(
    house: House, settings: Settings, environment: str
):
    house.db.write(lambda turn: demo.create_desk(turn, "64"))
    house.settings = dataclasses.replace(settings, environment=environment)
    with pytest.raises(SettingsError, match="demo logins"):
        service.build(house.settings, house, ROOMS)


def test_the_demo_does_not_start_off_loopback(settings: Settings):
    with pytest.raises(SettingsError, match="loopback"):
        dataclasses.replace(settings, host="0.0.0.0")  # noqa: S104 - what must be refused


@pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.1", "::ffff:192.0.2.7"])
def test_a_persona_is_not_for_another_machine(browser: FlaskClient, enter, peer: str):
    answer = browser.post("/login/demo", json={"kind": "worker"}, environ_overrides={"REMOTE_ADDR": peer})
    assert answer.status_code == 401
