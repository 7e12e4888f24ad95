"""A worker asks from the page why somebody looked; the data officer answers; auditors read alarms only."""

import re
from dataclasses import replace
from typing import Any

import flask
import pytest

from recordsvc.access import in_place, looked
from recordsvc.access.grants import Actor, Kind, Position, Role
from recordsvc.archive import looked_alarms
from recordsvc.archive.look_relations import PACK_FIELDS
from recordsvc.ground.ports import FixedClock
from recordsvc.groups import statements
from recordsvc.house import House
from recordsvc.training import sheets
from recordsvc.web import sharing_routes
from tests.web.conftest import Visitor
from tests.web.region import SCHOOL, Region
from tests.web.test_pages import sound

HANDLER = Actor(Kind.OFFICIAL, "demo-handler", roles=frozenset({Role.HANDLER}))


@pytest.fixture
def seen(me: Visitor, house: House, region: Region, worker: dict[str, Any]) -> Visitor:
    """A worker at whom a handler looked twice, for two purposes."""
    owner = region.worker_id(worker)
    looks = [looked.Look(owner, HANDLER, why, "records", "K-1") for why in ("inspection", "claim-review")]
    looked.record(house, looks)
    return me


def test_a_question_is_asked_answered_and_read_beside_its_look(seen: Visitor, app: flask.Flask) -> None:
    first = seen.get("/me/looked")
    sound(first)
    asked = re.search(r'action="(/me/looked/[^"]+/question)"', first.text)
    assert asked is not None
    assert seen.post(asked[1]).status_code == 303
    assert "您已提出疑问" in seen.get("/me/looked").text

    officer = Visitor(app).login("data-officer")
    waiting = officer.get("/desk/looked")
    sound(waiting)
    form = re.search(r'action="(/desk/looked/[^"]+)"', waiting.text)
    assert form is not None
    empty = officer.post(form[1], text="  ")
    assert (empty.status_code, "请写下答复" in empty.text) == (422, True)
    assert officer.post(form[1], text="抽查补贴申请").status_code == 303
    assert "没有等待答复" in officer.get("/desk/looked").text
    assert "答复：抽查补贴申请" in seen.get("/me/looked").text


def test_one_purpose_alone_is_shown(seen: Visitor) -> None:
    page = seen.get("/me/looked?purpose=inspection").text
    assert page.count("<strong>监督检查</strong>") == 1
    assert "<strong>补贴审核</strong>" not in page
    assert "没有这种目的的查阅" in seen.get("/me/looked?purpose=audit").text


def test_an_auditor_reads_alarms_and_the_data_officer_answers(
    seen: Visitor, house: House, app: flask.Flask
) -> None:
    # What the look was for had its time to come.
    assert isinstance(house.clock, FixedClock)
    house.clock.advance(31 * 60_000)
    looked_alarms.relation_follower(house).run()
    auditor, officer = Visitor(app).login("auditor"), Visitor(app).login("data-officer")
    page = auditor.get("/desk/alarms")
    sound(page)
    assert "没有登记的业务关系" in page.text
    assert "答复并办结" not in page.text
    form = re.search(r'action="(/desk/alarms/[^"]+)"', officer.get("/desk/alarms").text)
    assert form is not None
    assert auditor.post(form[1], text="x").status_code == 403
    assert officer.post(form[1], text="已核实").status_code == 303
    assert "没有未答复的查阅预警" in officer.get("/desk/alarms").text


def test_every_group_of_fields_that_a_look_names_has_a_word() -> None:
    said = {*in_place.VERBS.values(), *in_place.PROVEN.values()}
    said |= {
        *statements.SHOWN.split(),
        *sheets.FIELDS.split(),
        "totals",
        "trainings",
        "account",
        "claim",
        looked.PAPERS,
        looked.RELEASED,
        PACK_FIELDS,
    }
    assert said <= sharing_routes.GROUPS.keys()


def test_who_looked_from_an_institution_is_named_by_it_and_by_what_they_did(
    me: Visitor, house: House, region: Region, worker: dict[str, Any], centre: Any
) -> None:
    teacher = centre(Position.TEACHER)
    who = replace(teacher.actor, roles=frozenset({Position.TEACHER}))
    look = looked.Look(region.worker_id(worker), who, "teaching", sheets.FIELDS, "class:1")
    looked.record(house, [look])
    page = me.get("/me/looked").text
    assert teacher.actor.id not in page
    assert f"{house.institutions.find(SCHOOL).name_on('2025-01-01')}（{SCHOOL}）的教师" in page
    assert "身份信息、考勤、成绩" in page
    (told,) = me.client.get("/v1/me/looked").json["items"]
    assert (told["institution"], told["role"], told["actor_id"]) == (SCHOOL, "teacher", "")
    assert told["institution_zh"] == house.institutions.find(SCHOOL).name_on("2025-01-01")
