"""Pages of an institution's people: what is their own, who else works there, and nothing of others."""

import re
from typing import Any

import pytest

from recordsvc.access import acts, staff
from recordsvc.access.grants import Position, Reach
from recordsvc.access.tables import official_act, staff_role
from recordsvc.archive.keyevents import KeyState
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.web.centre_routes import KEY_STATES, POSITIONS
from recordsvc.web.staff_act_routes import WORDS
from tests.web.conftest import Visitor
from tests.web.region import ASSESSOR, NAMES, SCHOOL, at

LONG = "阿卜杜热依木·买买提艾力·古丽巴哈尔·努尔买买提江" * 3


def test_every_position_and_state_of_a_key_has_a_word() -> None:
    assert set(POSITIONS) == set(Position)
    assert set(KEY_STATES) == {state.name.lower() for state in KeyState}


def test_the_front_of_an_institution_shows_name_keys_and_positions(centre: Any) -> None:
    text = centre(Position.CLERK).get("/centre").text

    assert NAMES[SCHOOL][0] in text
    assert SCHOOL in text
    assert "机构经办" in text
    assert "key-" in text


def test_a_head_invites_and_the_code_is_shown_once(centre: Any, app: Any) -> None:
    head = centre(Position.HEAD)
    made = head.post("/centre/invitations", name=LONG[:80], position="clerk", until="")
    code = re.search(r"<code>([0-9A-Z-]{29})</code>", made.text)

    assert code is not None
    again = head.get("/centre/people").text
    assert code[1] not in again
    assert "等待加入" in again
    newcomer = Visitor(app)
    assert newcomer.post("/login/invitation", csrf=False, code=code[1]).location == "/centre"
    assert LONG[:80] in head.get("/centre/people").text


def test_an_invitation_is_seen_by_the_institution_and_taken_back(centre: Any, app: Any, house: House) -> None:
    head, foreign = centre(Position.HEAD), centre(Position.HEAD, ASSESSOR)
    made = head.post("/centre/invitations", name="钱某", position="officer", until="")
    code = re.findall(r"<code>([0-9A-Z-]{29})</code>", made.text)[0]
    assert "邀请了新的人员" in centre(Position.HEAD, more="-2").get("/centre/notices").text
    (waits,) = head.client.get("/v1/centre/people").json["invitations"]
    path = f"/centre/invitations/{waits['invitation_id']}/end"
    assert path in head.get("/centre/people").text
    assert foreign.post(path).status_code == 404
    assert head.post(path).location == "/centre/people"
    assert Visitor(app).post("/login/invitation", csrf=False, code=code).status_code != 303
    assert head.post(path).status_code == 404
    with house.db.read() as conn:
        acts_of = official_act.c.act.in_(("staff.invited", "staff.uninvited"))
        found = conn.execute(official_act.select().where(acts_of).order_by(official_act.c.id)).all()
    by = f"staff:{head.actor.id}"
    assert [(one.act, one.actor, one.subject, one.reason) for one in found] == [
        ("staff.invited", by, SCHOOL, "officer"),
        ("staff.uninvited", by, SCHOOL, "officer"),
    ]


def test_registrars_and_auditors_read_who_lets_whom_in_of_their_area(
    centre: Any, app: Any, house: House, clock: FixedClock
) -> None:
    head, teacher = centre(Position.HEAD), centre(Position.TEACHER)
    for position in ("officer", "officer"):
        assert head.post("/centre/invitations", name="钱某", position=position, until="").status_code == 200
    clock.advance(1_000)  # ids sort by time
    assert head.post(f"/centre/people/{teacher.actor.id}/end", position="teacher").status_code == 303
    clock.advance(1_000)
    assert head.post(f"/centre/people/{teacher.actor.id}/close").status_code == 303
    for kind in ("registrar", "auditor"):
        desk = Visitor(app).login(kind)
        shown = desk.get("/desk/staff/acts").text
        assert shown.count("邀请人员") == 2, "one head made both: whoever reads the list sees it"
        assert shown.count("岗位 部门专员") == 2
        assert f"（{head.actor.id}）" in shown
        assert "收回岗位" in shown
        assert "停用账号" in shown
        items = desk.client.get("/v1/desk/staff/acts").json["items"]
        assert [one["act"] for one in items] == [
            "staff.closed",
            "staff.ended",
            "staff.invited",
            "staff.invited",
        ]
        older = desk.client.get(f"/v1/desk/staff/acts?limit=1&before={items[0]['id']}").json
        assert [one["act"] for one in older["items"]] == ["staff.ended"]
    assert Visitor(app).login("handler").get("/desk/staff/acts").status_code == 403
    with house.db.read() as conn:
        for listed, here in ((acts.of_staff, 4), (acts.listed, 4)):
            assert len(listed(conn, Reach(frozenset({"6401"})))) == here, listed
            assert listed(conn, Reach(frozenset({"6402"}))) == [], listed
    assert set(WORDS) == set(acts.OF_STAFF)


def test_a_position_that_ends_soon_stands_on_the_first_page(
    centre: Any, house: House, clock: FixedClock
) -> None:
    who = centre(Position.TEACHER)
    assert "为止" not in who.get("/centre").text
    until = at("2022-01-12", 0)
    end = staff_role.update().where(staff_role.c.staff_id == who.actor.id).values(until_ms=until)
    house.db.write(lambda turn: turn.conn.execute(end))
    assert "您的岗位“教师”到 2022年1月11日 为止" in who.get("/centre").text
    assert [one["last_on"] for one in who.client.get("/v1/centre").json["ending"]] == ["2022-01-11"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"name": "", "position": "clerk", "until": ""}, "姓名："),
        ({"name": "李某", "position": "", "until": ""}, "请选择岗位"),
        ({"name": "李某", "position": "clerk", "until": "2020-02-30"}, "应为日期"),
        ({"name": "李某", "position": "clerk", "until": "2020-02-20"}, "截止"),
    ],
)
def test_what_is_wrong_with_an_invitation_is_told_at_its_field(
    centre: Any, typed: dict[str, str], told: str
) -> None:
    answer = centre(Position.HEAD).post("/centre/invitations", **typed)

    assert answer.status_code == 422
    assert told in answer.text


def test_the_last_head_is_told_why_they_stay(centre: Any) -> None:
    head = centre(Position.HEAD)
    answer = head.post(f"/centre/people/{head.actor.id}/end", position="head")

    assert answer.status_code == 422
    assert "至少要有一名经办负责人" in answer.text


def test_only_a_head_finds_forms_on_the_list_of_people(centre: Any) -> None:
    assert "邀请人员" in centre(Position.HEAD).get("/centre/people").text
    assert "邀请人员" not in centre(Position.CLERK).get("/centre/people").text


@pytest.mark.parametrize("path", ["/centre/records", "/centre/disputes", "/centre/notices"])
def test_an_institution_with_nothing_waiting_says_so(centre: Any, path: str) -> None:
    answer = centre(Position.SIGNER).get(path)

    assert answer.status_code == 200
    assert 'class="panel"' in answer.text


def test_a_teacher_sees_the_front_alone(centre: Any) -> None:
    teacher = centre(Position.TEACHER)

    assert teacher.get("/centre").status_code == 200
    for path in ("/centre/people", "/centre/records", "/centre/disputes", "/centre/notices"):
        assert teacher.get(path).status_code == 403


def test_people_of_one_institution_see_nothing_of_another(centre: Any, house: House) -> None:
    head, other = centre(Position.HEAD), centre(Position.HEAD, ASSESSOR)
    invited = other.post("/centre/invitations", name="外单位某", position="clerk", until="")
    assert invited.status_code == 200

    for path in ("/centre", "/centre/people"):
        text = head.get(path).text
        assert "外单位某" not in text
        assert ASSESSOR not in text
    for act, fields in (("close", {}), ("code", {}), ("end", {"position": "head"})):
        assert head.post(f"/centre/people/{other.actor.id}/{act}", **fields).status_code == 404
    with house.db.read() as conn:
        assert staff.known(conn, other.actor.id).closed_ms is None


def test_the_desk_sends_people_of_institutions_to_their_own_page(centre: Any) -> None:
    assert centre(Position.CLERK).get("/desk").location == "/centre"
    assert centre(Position.CLERK).get("/desk/proposals").status_code == 403


def test_people_enter_the_doors_of_their_institutions_machines_by_position(centre: Any) -> None:
    doors = ("/v1/institution/notices", "/v1/institution/disputes", "/v1/centre", "/v1/centre/records")
    may = {
        position: [centre(position).client.get(door).status_code == 200 for door in doors]
        for position in Position
    }

    assert may == {
        Position.HEAD: [True, True, True, True],
        Position.CLERK: [True, True, True, True],
        Position.SIGNER: [True, True, True, True],
        Position.HR: [True, False, True, True],
        Position.OFFICER: [True, False, True, True],
        Position.TEACHER: [False, False, True, False],
    }
