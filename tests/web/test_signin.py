"""Pages of signing in: what a worker is told, who may stand in for whom, where a fresh proof leads."""

import re
import uuid
from typing import Any

import flask
import pytest

from recordsvc.access import activating, acts, credentials
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.credentials import Holder
from recordsvc.access.grants import Actor, Kind, Through, Way
from recordsvc.access.sessions import Entering, Method
from recordsvc.archive.noticeboard import of_workers
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.people.cardbook import CardFact
from recordsvc.people.enrolling import Enrolment
from recordsvc.web.account_routes import CONSOLE, METHODS
from tests.web.conftest import Visitor

PHONE = "Mozilla/5.0 (Linux; Android 14; x) AppleWebKit/537.36 Chrome/126 Mobile Safari/537.36"
DESK = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126 Safari/537.36 Edg/126.0"


def told(house: House, who: Visitor) -> list[str]:
    assert who.actor is not None
    assert who.actor.worker_id is not None
    with house.db.read() as conn:
        return [one.kind for one in of_workers(house, conn, [who.actor.worker_id])]


def about_signing_in(house: House, who: Visitor) -> list[str]:
    kinds = ("credential-added", "credential-ended", "device-new", "sessions-ended")
    return sorted(kind for kind in told(house, who) if kind in kinds)


def another(me: Visitor, app: flask.Flask, agent: str) -> Visitor:
    """The same worker, in another browser."""
    visitor = Visitor(app)
    visitor.client.environ_base["HTTP_USER_AGENT"] = agent
    return visitor.login()


def test_every_way_of_signing_in_has_a_word() -> None:
    assert set(METHODS) == set(Method)
    assert set(CONSOLE) == set(acts.ABOUT_OFFICIALS)


def test_a_worker_is_told_of_a_new_way_in_and_of_its_end(me: Visitor, house: House) -> None:
    assert me.post("/account/pin", pin="830172").status_code == 200
    assert about_signing_in(house, me) == ["credential-added"]
    way = re.search(r"/account/ways/([0-9a-f-]{36})/end", me.get("/me/sessions").text)
    assert way is not None
    assert me.post(f"/account/ways/{way[1]}/end").status_code == 303
    assert about_signing_in(house, me) == ["credential-added", "credential-ended"]
    assert "新增了一种登录方式" in me.get("/me/notices").text


def test_a_worker_is_told_of_a_new_kind_of_device_once(me: Visitor, app: flask.Flask, house: House) -> None:
    assert about_signing_in(house, me) == [], "the first device is no news"
    another(me, app, PHONE)
    assert about_signing_in(house, me) == ["device-new"]
    another(me, app, PHONE)
    assert about_signing_in(house, me) == ["device-new"]
    another(me, app, DESK)
    assert about_signing_in(house, me) == ["device-new", "device-new"]


def test_a_worker_is_told_that_all_others_were_ended(me: Visitor, app: flask.Flask, house: House) -> None:
    other = another(me, app, PHONE)
    page = me.get("/me/sessions").text
    assert "Android · Chrome" in page
    assert me.post("/account/sessions/end-others").status_code == 303
    assert other.get("/me").location == "/login"
    assert "sessions-ended" in about_signing_in(house, me)
    before = about_signing_in(house, me)
    assert me.post("/account/sessions/end-others").status_code == 303
    assert about_signing_in(house, me) == before, "there was nothing to end"


def test_a_lost_phone_is_told_and_leaves_nothing(
    me: Visitor, app: flask.Flask, house: House, worker: dict[str, Any]
) -> None:
    me.post("/account/pin", pin="830172")
    card = synthetic.card_number(9)
    named = (worker["document"], worker["number"], worker["name"], card)
    fact = CardFact(*named, "extract:2022-01-01", events=(("issued", "2020-01-02", ""),))
    house.db.write(lambda turn: Enrolment(turn, house.people, house.keys, house.random).take([fact]))
    official = Visitor(app).login("handler")
    papers = {name: worker[name] for name in ("document", "number", "name")}
    sent = papers | {"card": card, "purpose": "service-window", "case_ref": "W-1", "lost": "yes"}
    slip = official.post("/desk/activate", **sent)
    assert slip.status_code == 200
    assert slip.headers["Cache-Control"] == "no-store"
    assert "sessions-ended" in about_signing_in(house, me)
    assert me.get("/me").location == "/login"
    code = "-".join(re.findall(r"<span>([0-9A-Z]{4})</span>", slip.text))
    assert me.client.post("/activate", data={"code": code}).location == "/me/sessions"
    assert "请设置一种登录方式" in me.get("/me/sessions").text
    looked = me.get("/me/looked").text
    assert "W-1" in looked


def test_a_page_that_asks_for_a_fresh_proof_sends_there_and_back(
    me: Visitor, house: House, clock: FixedClock
) -> None:
    clock.advance(house.settings.step_up_minutes * 60_000)
    assert me.get("/account/pin").location == "/login/again?to=ways"
    assert me.post("/account/pin", pin="830172").status_code == 401
    assert "再次验证身份" in me.post("/account/pin", pin="830172").text
    again = me.get("/login/again?to=ways")
    assert "演示环境：确认是我" in again.text
    assert me.post("/login/again", way="demo", to="ways").location == "/me/sessions"
    assert me.get("/account/pin").status_code == 200
    assert me.post("/login/again", way="demo", to="home").location == "/me"
    assert me.get("/login/again?to=https://evil.example").status_code == 400


def test_nobody_who_stands_in_sees_or_sets_a_way_in(me: Visitor, app: flask.Flask, house: House) -> None:
    """The clerk at the window has the worker's verbs; the worker's keys are not among them."""
    assert me.actor is not None
    clerk = Through(Way.WINDOW, "demo-handler", "service-window", "W-1")
    entering = Entering(Kind.WORKER, me.actor.id, Method.WINDOW, through=clerk)
    sessions = app.extensions["access"].sessions
    cookie = house.db.write(lambda turn: sessions.begin(turn, entering))
    window = Visitor(app)
    window.client.set_cookie("recordsvc-demo", cookie)
    window.actor = sessions.find(cookie)
    assert window.get("/me").status_code == 200
    paths = ("/me/sessions", "/account/pin", "/account/passkey", "/account/password")
    assert {window.get(path).status_code for path in paths} == {403}
    assert window.post("/account/pin", pin="830172").status_code == 403
    assert window.post("/account/sessions/end-others").status_code == 403
    # The worker sees who stands in, and ends it.
    page = me.get("/me/sessions").text
    assert "窗口代办：" in page
    assert me.post("/account/sessions/end-others").status_code == 303
    assert window.get("/me").location == "/login"


def test_whoever_stands_in_proves_themselves_and_not_the_worker(
    me: Visitor, app: flask.Flask, house: House
) -> None:
    assert me.actor is not None
    through = Through(Way.WINDOW, "demo-handler", "service-window", "W-1")
    assert credentials.sitting(me.actor) == Holder(Kind.WORKER, me.actor.id)
    stands_in = type(me.actor)(Kind.WORKER, me.actor.id, through=through)
    assert credentials.sitting(stands_in) == Holder(Kind.OFFICIAL, "demo-handler")


def test_the_own_page_of_an_official_is_at_the_desk(app: flask.Flask) -> None:
    official = Visitor(app).login("auditor")
    page = official.get("/desk/sessions")
    assert page.status_code == 200
    assert "设置通行密钥" in page.text
    assert "/account/pin" not in page.text
    assert official.get("/me/sessions").status_code == 403


def test_an_official_reads_on_the_own_page_what_the_console_did(app: flask.Flask, house: House) -> None:
    official = Visitor(app).login("auditor")
    assert "服务器控制台" not in official.get("/desk/sessions").text
    console = Actor(Kind.SYSTEM, "command:<b>root")
    said = OfficialAct(console, Act.OFFICIAL_LOST, "demo-auditor", "ways in and sign-ins ended")
    house.db.write(lambda turn: acts.note(turn, house.random, said))

    page = official.get("/desk/sessions").text

    assert "挂失：停用全部登录方式并结束登录" in page
    assert "服务器用户 <bdi>command:" not in page
    assert "服务器用户 <bdi>&lt;b&gt;root</bdi>" in page
    assert "服务器控制台" not in Visitor(app).login("handler").get("/desk/sessions").text


def test_a_password_is_set_with_the_first_code_of_an_app(me: Visitor, clock: FixedClock) -> None:
    import pyotp

    shown = me.get("/account/password").text
    setup = re.search(r'name="setup" value="([^"]+)"', shown)
    secret = re.search(r"密钥：<code>([A-Z2-7 ]+)</code>", shown)
    assert setup is not None
    assert secret is not None
    code = pyotp.HOTP(secret[1].replace(" ", "")).at(clock.now_ms() // 30_000)
    body = {"password": "骆驼 井盖 电焊 白杨 小卖部", "setup": setup[1]}
    weak = me.post("/account/password", **{**body, "password": "passwordpassword"}, code=code)
    assert (weak.status_code, "太容易被猜到" in weak.text) == (422, True)
    assert me.post("/account/password", **body, code=code).location == "/me/sessions"
    assert "密码和动态验证码" in me.get("/me/sessions").text


@pytest.mark.parametrize("text", ["", "x" * 61])
def test_a_code_that_cannot_be_one_is_a_faulty_form(visitor: Visitor, text: str) -> None:
    assert visitor.post("/activate", code=text).status_code == 422


def test_a_merged_archives_ways_in_are_the_persons(me: Visitor, house: House) -> None:
    """A key of the archive that was merged shows on the person's list and can be ended there."""
    from recordsvc.people import tables as people_tables

    assert me.actor is not None
    assert me.actor.worker_id is not None
    other = uuid.UUID("01890000-0000-7000-8000-0000000000fe").bytes
    made = credentials.Credential(b"\x01" * 16, "passkey", b"key", "iPhone", 0, external=b"\x02" * 16)

    def merge(turn) -> None:
        row = {"worker_id": other, "version": 1, "state": "merged", "names": b"", "created_ms": 0}
        turn.conn.execute(people_tables.worker.insert().values(**row, merged_into=me.actor.worker_id))
        credentials.add(turn, credentials.worker(other), made)

    house.db.write(merge)
    assert "iPhone" in me.get("/me/sessions").text
    assert me.post(f"/account/ways/{uuid.UUID(bytes=made.credential_id)}/end").status_code == 303
    assert "iPhone" not in me.get("/me/sessions").text


def test_an_activation_code_of_a_command_lets_in(visitor: Visitor, me: Visitor, house: House) -> None:
    assert me.actor is not None
    own = Holder(Kind.WORKER, me.actor.id)
    code = house.db.write(lambda turn: activating.make(turn, house, own, "command:test"))
    assert Visitor(visitor.app).post("/activate", code=code).location == "/me/sessions"
