"""The page of heads of institutions: entering one, and a login code that two registrars decided."""

import re
from typing import Any

import pytest

from recordsvc.access import demo, officials, staff
from recordsvc.access.grants import Kind
from recordsvc.house import House
from tests.web.conftest import Visitor
from tests.web.region import SCHOOL
from tests.web.test_pages import sound
from tests.web.test_typed_again import stands

NAME, WHY = "买买提·经办", "负责人更换手机，持介绍信到窗口"


@pytest.fixture
def desk(app: Any, ids: dict[str, str]) -> Any:
    """Sign in as a persona of the desk."""
    assert ids
    return lambda kind: Visitor(app).login(kind)


@pytest.fixture
def head(desk: Any, house: House) -> str:
    """A head whom two registrars entered by the page."""
    said = {"institution": SCHOOL, "name": NAME, "reason": "办学许可在册"}
    place = desk("registrar").post("/desk/staff", **said).location
    assert desk("registrar-2").post(f"{place}/decide", word="approve", reason="核对无误").status_code == 303
    with house.db.read() as conn:
        return next(one.staff_id for one in staff.of_institution(conn, SCHOOL) if one.name == NAME)


def test_a_head_is_entered_shown_and_let_in_once(desk: Any, app: Any, head: str) -> None:
    registrar = desk("registrar")
    listed = registrar.get(f"/desk/staff?uscc={SCHOOL.lower()}")
    sound(listed)
    assert NAME in listed.text
    assert f'action="/desk/staff/{head}/code"' in listed.text

    shown = registrar.post(f"/desk/staff/{head}/code")
    sound(shown)
    (code,) = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", shown.text)
    come = Visitor(app)
    come.client.post("/login/staff", json={"staff_id": head, "code": code})
    notices = come.get("/centre/notices").text
    assert "登记了经办负责人" in notices
    assert "生成了登录码" in notices
    assert head in notices

    again = registrar.post(f"/desk/staff/{head}/code")
    assert again.status_code == 409
    sound(again)


def test_a_further_code_is_proposed_on_the_page_and_decided_by_another(desk: Any, head: str) -> None:
    first, second = desk("registrar"), desk("registrar-2")
    first.post(f"/desk/staff/{head}/code")
    empty = first.post(f"/desk/staff/{head}/codes", reason="")
    assert empty.status_code == 422
    sound(empty)
    assert "理由：" in empty.text
    place = first.post(f"/desk/staff/{head}/codes", reason=WHY).location
    told = second.get(place)
    sound(told)
    for words in ("生成单位负责人的登录码", head, WHY):
        assert words in told.text
    second.post(f"{place}/decide", word="approve", reason="已致电单位核实")
    assert "已由两名登记员决定" in second.get(f"/desk/staff?uscc={SCHOOL}").text


def test_what_is_wrong_is_told_at_its_field_and_nothing_is_lost(desk: Any) -> None:
    registrar = desk("registrar")
    wrong = registrar.post("/desk/staff", institution="123", name=NAME, reason=WHY)
    assert wrong.status_code == 422
    sound(wrong)
    assert stands(wrong.text, NAME)
    assert stands(wrong.text, WHY)
    unknown = registrar.get("/desk/staff?uscc=123")
    assert (unknown.status_code, "统一社会信用代码：没有这个单位" in unknown.text) == (422, True)
    sound(unknown)


def test_the_page_is_for_registrars(desk: Any, head: str) -> None:
    for kind in ("handler", "reviewer", "auditor", "data-officer"):
        assert desk(kind).get("/desk/staff").status_code == 403
        assert desk(kind).post(f"/desk/staff/{head}/code").status_code == 403
    assert 'href="/desk/staff"' in desk("registrar").get("/desk").text
    assert 'href="/desk/staff"' not in desk("handler").get("/desk").text


def test_a_registrar_of_another_county_meets_nobody(app: Any, desk: Any, house: House, head: str) -> None:
    def act(turn: Any) -> None:
        officials.add(turn, "far", "某县登记")
        officials.grant(turn, "far", "registrar", "640521", by="system:demo")
        demo._insert(turn, demo.Persona("far", "某县登记", "County", 99, Kind.OFFICIAL, "far"))

    house.db.write(act)
    assert desk
    far = Visitor(app).login("far")
    assert far.get(f"/desk/staff?uscc={SCHOOL}").status_code == 422
    asked = {f"/desk/staff/{one}/{act}" for one in (head, "s-0000000000000000") for act in ("code", "codes")}
    assert {far.post(path, reason=WHY).status_code for path in asked} == {404}
    assert far.client.get(f"/v1/desk/institutions/{SCHOOL}/staff").status_code == 404
    assert far.post("/desk/staff", institution=SCHOOL, name=NAME, reason=WHY).status_code == 404
    # Blanks before the code do not move it into another county.
    assert far.post("/desk/staff", institution=f" {SCHOOL}", name=NAME, reason=WHY).status_code == 404
