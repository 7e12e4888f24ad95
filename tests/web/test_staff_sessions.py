"""People of institutions: their sign-ins and ways in, a fresh proof, and what others did to their account."""

import json
import re
from typing import Any

import pytest

from recordsvc.access import acts, codes, staff
from recordsvc.access.grants import Position
from recordsvc.access.tables import official_act
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.settings import Settings
from recordsvc.web.centre_routes import NEWS_MS, ON_STAFF
from tests.access.authenticator import Authenticator
from tests.web.conftest import Visitor
from tests.web.test_pages import sound
from tests.web.test_signin import PHONE

PAGE = "/centre/sessions"


def page_of(visitor: Visitor, path: str = PAGE) -> str:
    answer = visitor.get(path)
    assert answer.status_code == 200, answer.text
    sound(answer)
    return str(answer.text)


def new_code(house: House, who: Visitor) -> str:
    """A one-time code for a person, as another head hands it over."""
    assert who.actor is not None
    name = staff.code_name(who.actor.id)
    return house.db.write(lambda turn: codes.create(turn, house.keys, house.random, name))


def keep_passkey(who: Visitor) -> Any:
    """Set a passkey up as the script of the page does: options, the device, and the page's own form."""
    device = Authenticator(origin="http://localhost")
    csrf = {"X-CSRF-Token": who.csrf}
    made = who.client.post("/v1/session/credentials/passkey/options", json={}, headers=csrf)
    return who.post("/account/passkey", credential=device.create(made.json["public_key"]))


def stale(clock: FixedClock, house: House) -> None:
    clock.advance(house.settings.step_up_minutes * 60_000)


def lose(head: Visitor, who: Visitor) -> Any:
    assert who.actor is not None
    return head.post(f"/centre/people/{who.actor.id}/code", lost="yes")


def test_every_act_on_an_account_has_a_word() -> None:
    assert set(ON_STAFF) == set(acts.ABOUT_STAFF)


@pytest.mark.parametrize("position", list(Position))
def test_every_person_of_an_institution_finds_the_own_page_in_the_menu(
    centre: Any, position: Position
) -> None:
    who = centre(position)
    assert f'href="{PAGE}"' in page_of(who, "/centre")
    page = page_of(who)
    assert re.search(rf'href="{PAGE}" aria-current="page"', page)
    for path in ("/account/passkey", "/account/password"):
        assert f'href="{path}"' in page
        assert f'href="{PAGE}"' in page_of(who, path), "the way back"
    assert "/account/pin" not in page
    assert "社会保障卡" not in page
    assert [who.get(path).status_code for path in ("/me/sessions", "/desk/sessions")] == [403, 403]


def test_workers_and_officials_do_not_open_it(me: Visitor, app: Any) -> None:
    assert me.get(PAGE).status_code == 403
    assert Visitor(app).login("handler").get(PAGE).status_code == 403
    assert Visitor(app).get(PAGE).location == "/login"


def test_a_kept_passkey_lands_on_the_own_page_and_is_ended_there(centre: Any) -> None:
    who = centre(Position.CLERK)
    assert keep_passkey(who).location == PAGE
    way = re.search(r"/account/ways/([0-9a-f-]{36})/end", page_of(who))
    assert way is not None
    assert who.post(f"/account/ways/{way[1]}/end").location == PAGE
    assert "/account/ways/" not in page_of(who)


def test_a_sign_in_elsewhere_is_listed_and_ended(centre: Any, app: Any, house: House) -> None:
    who, other = centre(Position.TEACHER), Visitor(app)
    other.client.environ_base["HTTP_USER_AGENT"] = PHONE
    came = other.client.post("/login/staff", json={"staff_id": who.actor.id, "code": new_code(house, who)})
    assert came.status_code == 200
    page = page_of(who)
    assert "Android · Chrome" in page
    (listed,) = re.findall(r"/account/sessions/([0-9a-f-]{36})/end", page)
    assert other.get("/centre").status_code == 200
    assert who.post(f"/account/sessions/{listed}/end").location == PAGE
    assert other.get("/centre").location == "/login"
    assert "Android · Chrome" not in page_of(who)


# -- a fresh proof


def test_a_person_who_came_by_a_code_proves_themselves_by_a_new_one(
    centre: Any, house: House, clock: FixedClock
) -> None:
    who = centre(Position.SIGNER)
    stale(clock, house)
    assert who.get("/account/passkey").location == "/login/again?to=ways"
    page = page_of(who, "/login/again?to=ways")
    assert "本单位另一名经办负责人生成" in page
    assert "领取激活码" not in page
    wrong = who.post("/login/again", way="code", code="0000-0000-0000", to="ways")
    assert wrong.status_code == 401
    assert who.get("/account/passkey").status_code == 303, "nothing was proved"
    code = new_code(house, who)
    assert who.post("/login/again", way="code", code=code, to="ways").location == PAGE
    assert who.get("/account/passkey").status_code == 200
    stale(clock, house)
    assert who.post("/login/again", way="code", code=code, to="ways").status_code == 401, "once"


def test_a_code_does_not_prove_who_has_a_passkey(
    centre: Any, house: House, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settings, "passkey_rule", property(lambda _own: "registered"))
    who = centre(Position.SIGNER)
    assert keep_passkey(who).location == PAGE
    stale(clock, house)
    page = page_of(who, "/login/again")
    assert "用通行密钥验证" in page
    assert 'value="code"' not in page
    assert "请本单位经办负责人挂失" in page
    assert who.post("/login/again", way="code", code=new_code(house, who)).status_code == 401


# -- what the head does to somebody's account


@pytest.mark.parametrize("lost", ["", "yes"])
def test_a_head_makes_a_code_for_somebody_after_a_fresh_proof_only(
    centre: Any, house: House, clock: FixedClock, lost: str
) -> None:
    head, who = centre(Position.HEAD), centre(Position.SIGNER)
    stale(clock, house)
    path = f"/centre/people/{who.actor.id}/code"
    asked = head.post(path, lost=lost)
    assert (asked.status_code, "登录码" in asked.text) == (401, False)
    said = {"lost": bool(lost)}
    api = head.client.post(f"/v1{path}", json=said, headers={"X-CSRF-Token": head.csrf})
    assert (api.status_code, api.json["code"]) == (401, "step-up")
    assert who.get("/centre").status_code == 200, "the sign-in still stands"
    with house.db.read() as conn:
        assert acts.on_staff(conn, who.actor.id, clock.now_ms()) == []
    assert head.post("/login/again", way="demo", to="home").location == "/centre"
    assert head.post(path, lost=lost).status_code == 200


def test_whose_account_was_reported_lost_is_told_when_and_by_whom(
    centre: Any, app: Any, house: House, clock: FixedClock
) -> None:
    head, who, clerk = centre(Position.HEAD), centre(Position.TEACHER), centre(Position.CLERK)
    made = lose(head, who)
    (code,) = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", made.text)
    assert who.get("/centre").location == "/login", "every sign-in ended"
    come = Visitor(app)
    came = come.client.post("/login/staff", json={"staff_id": who.actor.id, "code": code})
    assert came.status_code == 200
    first = page_of(come, "/centre")
    assert "您的账号被挂失过" in first
    assert "演示经办负责人" in first
    own = page_of(come)
    assert ON_STAFF[acts.Act.STAFF_LOST] in own
    assert "演示经办负责人" in own
    (told,) = come.client.get("/v1/session/list").json["console"]
    assert (told["act"], told["actor"]) == ("staff.lost", f"staff:{head.actor.id}")
    assert "您的账号被挂失过" not in page_of(clerk, "/centre"), "whom it does not concern"
    assert "他人对本账号的操作" not in page_of(clerk)
    assert "账号已挂失" in page_of(clerk, "/centre/notices"), "and the institution"
    with house.db.read() as conn:
        (row,) = conn.execute(official_act.select().where(official_act.c.act == "staff.lost"))
    assert (row.actor, row.subject) == (f"staff:{head.actor.id}", who.actor.id)
    clock.advance(NEWS_MS)
    assert "您的账号被挂失过" not in page_of(centre(Position.TEACHER), "/centre")
    assert ON_STAFF[acts.Act.STAFF_LOST] in page_of(centre(Position.TEACHER))


def test_a_code_is_told_to_whose_it_is_and_nobody_makes_their_own(centre: Any, clock: FixedClock) -> None:
    head, who = centre(Position.HEAD), centre(Position.CLERK)
    assert head.post(f"/centre/people/{who.actor.id}/code").status_code == 200
    assert ON_STAFF[acts.Act.STAFF_CODE] in page_of(who)
    assert "您的账号被挂失过" not in page_of(who, "/centre")
    for lost in ("", "yes"):
        own = head.post(f"/centre/people/{head.actor.id}/code", lost=lost)
        assert (own.status_code, "由他人生成" in own.text) == (422, True)
    assert head.get("/centre").status_code == 200, "nothing ended"


def test_a_code_that_the_desk_made_is_told_without_the_official(
    centre: Any, house: House, clock: FixedClock
) -> None:
    from recordsvc.access.acts import Act, OfficialAct
    from recordsvc.access.grants import Actor, Kind

    who = centre(Position.HEAD)
    by = Actor(Kind.OFFICIAL, "demo-registrar")
    done = OfficialAct(by, Act.STAFF_CODE, who.actor.id, "test")
    house.db.write(lambda turn: acts.note(turn, house.random, done))
    assert "登记机关" in page_of(who)
    told = who.client.get("/v1/session/list").json["console"]
    assert [one["actor"] for one in told] == ["desk"]
    assert "demo-registrar" not in json.dumps(told)
