"""Pages of classes: a clerk opens one, a teacher drafts, a signer takes the roster; each sees theirs."""

import re
from typing import Any

import pytest

from recordsvc.access import staff
from recordsvc.access.grants import Position
from recordsvc.house import House
from recordsvc.training import tables
from recordsvc.web.class_views import STATES
from tests.web.conftest import Visitor
from tests.web.region import person
from tests.web.test_pages import sound

PLAN = {
    "code": "2022-HG-01",
    "name": "焊工初级一班",
    "training_type": "employment-skill",
    "occupation": "焊工",
    "occupation_code": "",
    "level": "5",
    "started_on": "2022-01-03",
    "ended_on": "2022-01-14",
    "theory_periods": "8",
    "practice_periods": "24",
}
FIRST, SECOND = person("马某", 5), person("买买提·艾力", 6)


def roster(*people: dict[str, Any]) -> str:
    return "\n".join(f"{one['name']}，{one['number']}" for one in people)


@pytest.fixture
def people(centre: Any) -> dict[str, Visitor]:
    return {one: centre(Position(one)) for one in ("clerk", "teacher", "signer")}


@pytest.fixture
def place(people: dict[str, Visitor]) -> str:
    """The address of a class of two with its teacher."""
    made = people["clerk"].post("/centre/classes/new", **PLAN, learners=roster(FIRST, SECOND))
    assert made.status_code == 303, made.text
    days = {"from_on": "2022-01-03", "until_on": "2022-01-14"}
    teacher = people["teacher"].actor.id
    assert people["clerk"].post(f"{made.location}/teachers", staff_id=teacher, **days).status_code == 303
    return str(made.location)


def whole(answer: Any) -> Any:
    """Return the answer, once its page is one as all are."""
    sound(answer)
    return answer


def seats(page: str) -> list[str]:
    return re.findall(r'name="learner" value="([0-9a-f-]{36})"', page)


def test_every_state_of_a_class_has_a_word() -> None:
    (check,) = (
        one for one in tables.training_class.constraints if str(one.name).endswith("training_class_state")
    )
    assert set(re.findall(r"'(\w+)'", str(check.sqltext))) == set(STATES)


def test_a_class_from_its_roster_to_its_signature(people: dict[str, Visitor], place: str) -> None:
    clerk, teacher, signer = people["clerk"], people["teacher"], people["signer"]
    assert "焊工初级一班" in whole(teacher.get("/centre/classes")).text
    page = whole(teacher.get(place)).text
    assert FIRST["number"] not in page
    assert FIRST["number"][-4:] in page
    first, second = seats(page)

    day = {"on": "2022-01-04", "theory_periods": "4", "practice_periods": "2"}
    assert teacher.post(f"{place}/days", **day, present=[first]).location == place
    marks = {"learner": [first, second], "result": ["passed", "absent"], "score": ["88.5", ""]}
    assert teacher.post(f"{place}/marks", **marks).location == place
    shown = whole(teacher.get(place)).text
    assert "合格 88.5" in shown
    assert "缺考" in shown
    assert teacher.post(f"{place}/submit").location == place
    assert seats(teacher.get(place).text) == [], "what was handed over is not changed"

    assert f"{place}/roster" in whole(signer.get(place)).text
    assert signer.post(f"{place}/return", note="请核对第二人").location == place
    assert "请核对第二人" in teacher.get(place).text
    assert teacher.post(f"{place}/submit").location == place
    taken = signer.get(f"{place}/roster").json
    assert [one["证件号码"] for one in taken["学员"]] == [FIRST["number"], SECOND["number"]]
    assert signer.post(f"{place}/signed").location == place
    assert "已签发报送" in whole(clerk.get("/centre/classes")).text
    assert teacher.get(place).status_code == 404


def test_what_is_wrong_with_a_roster_is_told_by_its_line(people: dict[str, Visitor]) -> None:
    lines = f"马某 {FIRST['number']}\n李某 12345\n"
    answer = people["clerk"].post("/centre/classes/new", **PLAN | {"theory_periods": "viele"}, learners=lines)

    assert answer.status_code == 422
    assert "应为整数" in whole(answer).text
    assert 'value="viele"' in answer.text
    answer = people["clerk"].post("/centre/classes/new", **PLAN, learners=lines)
    assert "第 2 人的证件号码" in whole(answer).text
    assert "李某 12345" in answer.text


@pytest.mark.parametrize(
    ("who", "verb", "typed", "told"),
    [
        ("teacher", "days", {"on": "2022-02-01", "theory_periods": "4", "practice_periods": "0"}, "日期："),
        ("teacher", "days", {"on": "2022-01-04", "theory_periods": "x", "practice_periods": "0"}, "应为整数"),
        ("teacher", "submit", {}, "还没有登记任何一天的考勤"),
        ("clerk", "learners", {"learners": "马某 1"}, "第 1 人的证件号码"),
        ("clerk", "teachers", {"staff_id": "", "from_on": "2022-01-03", "until_on": ""}, "教师："),
        ("clerk", "void", {"note": ""}, "原因："),
        ("clerk", "void", {"note": "电话13900001234"}, "不能写证件号码、卡号或电话号码"),
        ("clerk", "learners/remove", {"learner_id": ""}, "学员："),
    ],
)
def test_what_is_wrong_is_told_where_it_was_typed(
    people: dict[str, Visitor], place: str, who: str, verb: str, typed: dict[str, str], told: str
) -> None:
    answer = people[who].post(f"{place}/{verb}", **typed)

    assert answer.status_code == 422
    assert told in whole(answer).text
    for value in typed.values():
        assert value in answer.text


def test_a_wrong_score_stands_where_it_was_typed(people: dict[str, Visitor], place: str) -> None:
    first, second = seats(people["teacher"].get(place).text)
    marks = {"learner": [first, second], "result": ["passed", ""], "score": ["120", ""]}

    answer = people["teacher"].post(f"{place}/marks", **marks)

    assert answer.status_code == 422
    assert 'value="120"' in whole(answer).text
    assert "成绩为 0–100" in answer.text


def test_a_class_is_taken_from_its_teacher_and_made_void(people: dict[str, Visitor], place: str) -> None:
    clerk = people["clerk"]
    assert clerk.post(f"{place}/teachers/end", staff_id=people["teacher"].actor.id).location == place
    assert people["teacher"].get(place).status_code == 404
    assert "任课由本单位的机构经办安排" in whole(people["teacher"].get("/centre/classes")).text
    assert clerk.post(f"{place}/void", note="人数不足").location == place
    assert "人数不足" in whole(clerk.get(place)).text


def test_a_learner_is_taken_out_of_the_roster(people: dict[str, Visitor], place: str) -> None:
    first, second = seats(people["teacher"].get(place).text)
    assert 'id="leaving-learner_id"' in whole(people["clerk"].get(place)).text

    assert people["clerk"].post(f"{place}/learners/remove", learner_id=first).location == place
    assert seats(people["teacher"].get(place).text) == [second]


def test_who_signs_and_teaches_has_the_forms_of_assigned_classes_alone(
    people: dict[str, Visitor], house: House, place: str
) -> None:
    colleague = people["signer"]
    house.db.write(lambda turn: staff.give(turn, colleague.actor.id, Position.TEACHER, by="staff:s-1"))
    assert seats(colleague.get(place).text) == []
    days = {"from_on": "2022-01-03", "until_on": "2022-01-14"}
    people["clerk"].post(f"{place}/teachers", staff_id=colleague.actor.id, **days)
    assert len(seats(colleague.get(place).text)) == 2


def test_a_class_of_another_institution_is_not_there(centre: Any, place: str) -> None:
    from tests.web.region import ASSESSOR

    for position in (Position.CLERK, Position.TEACHER, Position.SIGNER):
        stranger = centre(position, ASSESSOR)
        assert "焊工初级一班" not in stranger.get("/centre/classes").text
        assert stranger.get(place).status_code == 404
