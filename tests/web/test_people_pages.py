"""Pages of officials among themselves: who holds what, proposing, recusal, emergencies."""

import datetime as dt
import re
import uuid
from typing import Any

import pytest

from recordsvc.access import emergencies, officials
from recordsvc.access.recusals import Ground
from recordsvc.access.tables import emergency
from recordsvc.house import House
from recordsvc.web import words
from recordsvc.web.people_routes import GROUNDS
from tests.web.conftest import Visitor
from tests.web.region import SCHOOL

ROLE = {"official_id": "new", "role": "handler", "area": "6401", "until": "", "reason": "新到岗"}


@pytest.fixture
def desk(app: Any, house: House) -> Any:
    """Sign in as a persona of the desk; there is a new account without a role."""
    house.db.write(lambda turn: officials.add(turn, "new", "阿卜杜热依木·买买提艾力·古丽巴哈尔" * 4))
    return lambda kind: Visitor(app).login(kind)


def test_every_ground_has_a_word() -> None:
    assert set(GROUNDS) == set(Ground)


def test_the_list_tells_who_granted_what(desk: Any) -> None:
    text = desk("auditor").get("/desk/people").text

    assert "system:demo" in text
    assert "没有角色" in text
    assert "申报回避" in text
    assert "提出授予角色" not in text


def test_a_role_is_proposed_on_the_page_and_told_in_words(desk: Any) -> None:
    registrar, second = desk("registrar"), desk("registrar-2")
    place = registrar.post("/desk/people/role", **ROLE).location

    shown = second.get(place).text
    assert "授予角色" in shown
    assert second.post(f"{place}/decide", word="approve", reason="核对无误").status_code == 303
    assert "区划 6401" in registrar.get("/desk/people").text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"official_id": ""}, "请填写账号"),
        ({"official_id": "nobody"}, "没有这个账号"),
        ({"role": ""}, "角色："),
        ({"area": "640"}, "区划代码应为"),
        ({"until": "2020-01-01"}, "截止时间已过"),
        ({"reason": ""}, "理由："),
    ],
)
def test_what_is_wrong_with_a_role_is_told_on_the_page(desk: Any, changes: dict[str, str], told: str) -> None:
    answer = desk("registrar").post("/desk/people/role", **(ROLE | changes))

    assert answer.status_code == 422
    assert told in answer.text


def test_a_recusal_is_declared_and_counted(desk: Any) -> None:
    handler = desk("handler")
    said = {"official_id": "demo-handler", "party": f"institution:{SCHOOL}", "ground": "institution"}

    assert handler.post("/desk/people/recusal", **said).status_code == 303
    assert "回避 1 项" in handler.get("/desk/people").text
    assert handler.post("/desk/people/recusal", **(said | {"official_id": "new"})).status_code == 403


def test_an_emergency_is_taken_shown_and_closed(desk: Any, house: House) -> None:
    handler, auditor = desk("handler"), desk("auditor")
    said = {"role": "reviewer", "area": "64", "hours": "2", "reason": "复核人均不在岗"}

    assert handler.post("/desk/people/emergency", **said).status_code == 303
    listed = auditor.get("/desk/emergencies").text
    assert "待审查" in listed
    place = re.search(r'href="(/desk/emergencies/[^"]+)"', listed)
    assert place is not None
    assert auditor.post(f"{place[1]}/close", finding="").status_code == 422
    assert auditor.post(f"{place[1]}/close", finding="情况属实").status_code == 303
    assert "情况属实" in auditor.get(place[1]).text
    assert auditor.post(f"{place[1]}/close", finding="再次").status_code == 409
    assert handler.get("/desk/emergencies").status_code == 403
    with house.db.read() as conn:
        (case,) = emergencies.listed(conn)
    assert case.closed_by == "official:demo-auditor"


def test_an_emergency_says_until_when_it_is_reviewed_and_that_it_is_late(desk: Any, house: House) -> None:
    said = {"role": "reviewer", "area": "64", "hours": "2", "reason": "复核人均不在岗"}
    assert desk("handler").post("/desk/people/emergency", **said).status_code == 303
    with house.db.read() as conn:
        (case,) = emergencies.listed(conn)
    name = uuid.UUID(bytes=case.case_id)

    def pages() -> list[str]:
        auditor = desk("auditor")
        return [auditor.get(path).text for path in ("/desk/emergencies", f"/desk/emergencies/{name}")]

    for text in pages():
        assert f"审查期限{words.day(case.due_on)}".replace(" ", "") in re.sub(r"<[^>]+>|\s|　", "", text)
        assert "已过期限" not in text
    past = dt.date.fromisoformat(case.due_on) - dt.timedelta(days=30)
    late = emergency.update().values(due_on=past.isoformat())
    house.db.write(lambda turn: turn.conn.execute(late))
    assert all("已过期限" in text for text in pages())


def test_without_emergencies_the_page_says_so(desk: Any) -> None:
    assert "没有应急授权" in desk("data-officer").get("/desk/emergencies").text


@pytest.mark.parametrize("hours", ["", "0", "5", "x"])
def test_an_emergency_without_its_hours_is_told(desk: Any, hours: str) -> None:
    said = {"role": "reviewer", "area": "64", "hours": hours, "reason": "x"}

    assert "应为 1–4" in desk("handler").post("/desk/people/emergency", **said).text
