"""What is asked, when, and what becomes of the answers."""

import contextlib
import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordsvc.submit.answers import Answers, parse_answers
from recordsvc.submit.cells import Cell, Row, Sheet, Unreadable
from recordsvc.submit.findings import RowClass
from recordsvc.submit.roster import open_roster
from recordsvc.submit.sheets import read_sheets
from recordsvc.submit.understand import understand
from recordsvc.submit.values import Puzzle, date_of
from tests.submit.rosters import ANSWERS, TODAY, people, workbook

A, B, C = people(3)
TYPED = {
    "columns.id": "b",
    "institution.*": "52640104MJTEAT0250  宁夏示范职业培训学校",
    "class.*": " A-7 ",
    "training_type.*": "就业技能培训",
    "occupation.焊工": "2015 6-18-02-04",
    "level": "五级",
    "started_on": "2024年5月10日",
    "ended_on": "2024.6.3",
    "minutes_per_period": "45",
    "hours.80": "1080 2520",
    "pass_mark": "60",
    "card_area": "",
}


def roster(tmp_path, rows, given=None):
    path = workbook(tmp_path / "r.xlsx", rows)
    return open_roster(path, read_sheets(path), TODAY, given or {})


def test_everything_is_asked_once_in_order_and_then_the_records_can_be_made(tmp_path):
    asked = []
    found = roster(
        tmp_path,
        [
            ["姓名", "", "职业", "总学时", "社保卡号", "成绩"],
            [*A, "焊工", 80, "A31818105", 59],
            [*B, "焊工", 80, None, 60],
        ],
    )

    def answer(question):
        asked.append(question.path)
        return question.read(TYPED[question.path])

    found.ask(answer)
    drafts = found.drafts()

    assert asked == list(TYPED)
    assert [draft.body["result"] for draft in drafts.values()] == ["failed", "passed"]
    assert (
        drafts[1].body
        | {
            "class": {"code": "A-7"},
            "declared_periods": 80,
            "ended_on": "2024-06-03",
            "institution": {"name": "宁夏示范职业培训学校", "uscc": "52640104MJTEAT0250"},
            "level": "5",
            "occupation": {"code": "6-18-02-04", "edition": "2015", "name": "焊工"},
            "planned": {"online_minutes": 0, "practice_minutes": 2520, "theory_minutes": 1080},
            "score": "59",
            "started_on": "2024-05-10",
            "training_type": "employment-skill",
        }
        == drafts[1].body
    )
    assert "card" not in drafts[1].worker


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("institution.*", "52640104MJTEAT0251 某校"), ("institution.*", "52640104MJTEAT0250"),
        ("level", "很高"),
        ("started_on", "五月"), ("minutes_per_period", "90"), ("hours.80", "1080"), ("pass_mark", "101"),
        ("occupation.焊工", "2015 焊工"), ("training_type.*", "没有这种"), ("class.*", " "),
        ("card_area", "64"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_is_not_taken(tmp_path, path, typed):
    found = roster(
        tmp_path,
        [["姓名", "身份证号", "职业", "总学时", "社保卡号", "成绩"], [*A, "焊工", 80, "A31818105", 59]],
    )
    question = next(question for question in found.questions if question.path == path)

    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError makes the prompt ask again
        question.read(typed)


def test_a_known_occupation_is_suggested_and_still_asked(tmp_path):
    found = roster(tmp_path, [["姓名", "身份证号", "职业", "成绩"], [*A, "焊工", 59]])
    question = next(question for question in found.questions if question.path == "occupation.焊工")

    assert question.suggestion.endswith("6-18-02-04")


def test_rows_that_contradict_the_answers_are_rejected(tmp_path):
    given = ANSWERS | {
        "hours": {"*": {"theory_minutes": 1080, "practice_minutes": 2520, "online_minutes": 0}}
    }
    found = roster(
        tmp_path,
        [["姓名", "身份证号", "职业", "总学时", "成绩"], [*A, "焊工", 80, 70], [*B, "焊工", 90, 70]],
        given,
    )
    drafts = found.drafts()

    assert list(drafts) == [1]
    assert found.understood.readings[1].finding.code == "hours-mismatch"


def test_minutes_and_clock_hours_are_what_their_headings_say(tmp_path):
    rows = [
        ["姓名", "身份证号", "职业", "理论（分钟）", "实操（小时）", "线上学时", "成绩"],
        [*A, "焊工", 1080, 42, 2, 70],
    ]
    found = roster(tmp_path, rows, ANSWERS)

    assert found.drafts()[1].body["planned"] == {
        "online_minutes": 90, "practice_minutes": 2520, "theory_minutes": 1080,
    }  # fmt: skip


@pytest.mark.parametrize(
    "headings",
    [["理论", "实操"], ["理论课", "技能实训"], ["theory", "practice"]],
    ids=["bare", "course", "English"],
)
@pytest.mark.parametrize(("said", "is_hours"), [("课时", True), ("scores", False)])
def test_marks_of_theory_and_practice_are_not_taken_for_hours(tmp_path, headings, said, is_hours):
    """85 and 90 under 理论 and 实操 could be either: nobody guesses."""
    rows = [
        ["姓名", "身份证号", "职业", *headings, "考核结论"],
        [*A, "焊工", 85, 90, "合格"],
        [*B, "焊工", 85, 90, "合格"],
    ]
    found = roster(tmp_path, rows, ANSWERS)
    question = next(iter(found.questions))
    assert (question.path, list(question.choices)) == ("theory_practice", ["hours", "scores"])

    found.ask(lambda one: one.read(said) if one is question or one.path == question.path else one.read("yes"))

    body = found.drafts()[1].body
    assert (body["planned"]["theory_minutes"] == 85 * 45) is is_hours
    assert body["result"] == "passed"


@pytest.mark.parametrize(
    "headings",
    [
        [["姓名", "身份证号", "职业", "课时", None, "成绩"], [None, None, None, "理论", "实操", None]],
        [["姓名", "身份证号", "职业", "理论课时", "实操学时", "成绩"]],
    ],
    ids=["in the group above", "in the heading"],
)
def test_hours_that_are_called_so_are_not_asked_about(tmp_path, headings):
    found = roster(tmp_path, [*headings, [*A, "焊工", 24, 56, 70], [*B, "焊工", 24, 56, 70]], ANSWERS)

    assert found.questions == []
    assert found.drafts()[len(found.understood.readings)].body["planned"]["practice_minutes"] == 56 * 45


def test_marks_beside_hours_are_asked_about_too(tmp_path):
    rows = [
        ["姓名", "身份证号", "职业", "理论", "实操", "理论课时", "实操课时"],
        [*A, "焊工", 85, 90, 24, 56],
    ]
    found = roster(tmp_path, rows, ANSWERS | {"theory_practice": "scores"})

    assert found.questions == []
    assert found.drafts()[1].body["planned"]["practice_minutes"] == 56 * 45
    assert [one.path for one in roster(tmp_path, rows, ANSWERS).questions][:1] == ["theory_practice"]


RETAKEN = [
    ["姓名", "身份证号", "职业", "理论课时", "实操课时", "成绩", "补考成绩"],
    [*A, "焊工", 24, 56, 45, 75],
    [*B, "焊工", 24, 56, 45, None],
    [*C, "焊工", 24, 56, 80, "/"],
]


@pytest.mark.parametrize(("said", "first"), [("latest", ("passed", "75")), ("first", ("failed", "45"))])
def test_which_of_two_marks_counts_is_asked_and_never_guessed(tmp_path, said, first):
    (question,) = roster(tmp_path, RETAKEN, ANSWERS).questions
    assert (question.path, list(question.choices)) == ("retake", ["latest", "first"])

    found = roster(tmp_path, RETAKEN, ANSWERS)
    found.ask(lambda _question: said)
    bodies = [draft.body for draft in found.drafts().values()]
    assert [(body["result"], body["score"]) for body in bodies] == [first, ("failed", "45"), ("passed", "80")]
    assert found.understood.tables[0].unused == []


def test_without_a_second_mark_nothing_is_asked_about_it(tmp_path):
    assert roster(tmp_path, [RETAKEN[0], RETAKEN[2], RETAKEN[3]], ANSWERS).questions == []


@pytest.mark.parametrize("heading", ["理论补考", "补考实操成绩"])
def test_one_part_taken_again_is_for_the_centre_to_settle(tmp_path, heading):
    rows = [["姓名", "身份证号", "职业", "理论成绩", "实操成绩", heading], [*A, "焊工", 45, 80, 70]]
    (row,) = roster(tmp_path, rows, ANSWERS).understood.readings

    assert row.finding.code == "retake"


@pytest.mark.parametrize(
    ("score", "result", "note", "code"),
    [
        (88, None, "不合格", "result-conflict"),
        (88, None, "作弊，取消成绩", "result-conflict"),
        (None, "合格", "考试无效", "result-conflict"),
        (59, "合格", None, "result-conflict"),
        (61, "不合格", None, "result-conflict"),
        (45, None, "不合格", None),
        (45, "不合格", "作弊", None),
        (60, "合格", "已通过", None),
        (88, None, "应届未毕业", None),
    ],
)
def test_a_note_or_verdict_against_the_mark_is_not_signed(tmp_path, score, result, note, code):
    rows = [
        ["姓名", "身份证号", "职业", "理论课时", "实操课时", "成绩", "考核结果", "备注"],
        [*A, "焊工", 24, 56, score, result, note],
        [*B, "焊工", 24, 56, 70, None, None],
    ]
    found = roster(tmp_path, rows, ANSWERS)
    drafts = found.drafts()

    assert [one.code for one in found.understood.readings[0].findings] == ([code] if code else [])
    assert set(drafts) == ({2} if code else {1, 2})


def test_each_of_two_sides_keeps_its_own_headings(tmp_path):
    """理论 in minutes on the left, in class hours on the right: a line of the sheet belongs to both."""
    side = ("姓名", "身份证号", "职业")
    rows = [
        [*side, "理论（分钟）", "实操（分钟）", "成绩", *side, "理论课时", "实操课时", "成绩"],
        [*A, "焊工", 1080, 2520, 80, *B, "焊工", 24, 56, 80],
    ]
    drafts = roster(tmp_path, rows, ANSWERS).drafts()

    planned = {"online_minutes": 0, "practice_minutes": 2520, "theory_minutes": 1080}
    assert [one.body["planned"] for one in drafts.values()] == [planned] * 2


def test_a_note_against_both_parts_is_not_signed(tmp_path):
    rows = [
        ["姓名", "身份证号", "职业", "理论课时", "实操课时", "理论成绩", "实操成绩", "备注"],
        [*A, "焊工", 24, 56, 70, 80, "不合格"],
        [*B, "焊工", 24, 56, 50, 80, "不合格"],
    ]
    found = roster(tmp_path, rows, ANSWERS)

    assert [draft.body["result"] for draft in found.drafts().values()] == ["failed"]
    assert found.understood.readings[0].finding.code == "result-conflict"


def test_hours_that_differ_within_a_class_are_asked_about(tmp_path):
    rows = [
        ["姓名", "身份证号", "职业", "班级", "理论课时", "实操课时", "成绩"],
        [*A, "焊工", "一班", 24, 56, 70],
        [*B, "焊工", "一班", 30, 56, 70],
        [*C, "焊工", "二班", 40, 56, 70],
    ]
    found = roster(tmp_path, rows, ANSWERS)

    assert [one.path for one in found.questions] == ["hours_vary"]
    assert "80、86" in found.questions[0].zh
    assert roster(tmp_path, [rows[0], rows[1], rows[3]], ANSWERS).questions == []
    assert roster(tmp_path, rows, ANSWERS | {"hours_vary": "yes"}).questions == []


def test_parts_each_have_to_reach_the_mark(tmp_path):
    rows = [
        ["姓名", "身份证号", "职业", "理论成绩", "实操成绩"],
        [*A, "焊工", 60, 60],
        [*B, "焊工", 59, 100],
        [*C, "焊工", "合格", 61],
    ]
    bodies = [draft.body for draft in roster(tmp_path, rows, ANSWERS).drafts().values()]

    assert [body["result"] for body in bodies] == ["passed", "failed", "passed"]
    assert not any("score" in body for body in bodies)


def test_answers_by_wording_flat_or_for_everything_else():
    answers = Answers({"class": {"一班": "A"}}, {"class": "B", "institution": {"name": "n", "uscc": "u"}})

    assert [answers.get("class", name) for name in ("一班", "二班")] == ["A", "B"]
    assert answers.get("institution", "任何") == {"name": "n", "uscc": "u"}


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"startet_on":"2024-05-10"}', b'{"level":1.5}'])
def test_an_answers_file_with_a_slip_is_refused(content):
    with pytest.raises(Unreadable):
        parse_answers(content)


def test_every_answer_of_the_tests_is_a_known_member():
    assert parse_answers(json.dumps(ANSWERS).encode()) == ANSWERS


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.text(max_size=20),
    st.sampled_from(
        ["姓名", "身份证号", "成绩", A[1], B[1], A[0], "合计", "缺考", "2024.5.10-6.3", "640104 1990", "五级"]
    ),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.lists(anything, max_size=8), max_size=12))
def test_no_sheet_makes_the_reader_fall_over(table):
    head = Row(
        1,
        tuple(
            Cell(text)
            for text in ("姓名", "身份证号", "成绩", "开班日期", "等级", "理论课时", "出勤率", "备注")
        ),
    )
    rows = [Row(n, tuple(Cell(value) for value in cells)) for n, cells in enumerate(table, 2)]
    for sheet in (Sheet("s", (head, *rows)), Sheet("s", tuple(rows))):
        try:
            found = understand([sheet], TODAY)
        except Unreadable:
            continue
        for reading in found.readings:
            assert reading.row_class in RowClass
            if reading.sendable:
                assert reading.number
                assert reading.name


@given(st.text(max_size=30))
def test_no_text_makes_a_reader_of_dates_fall_over(text):
    with contextlib.suppress(Puzzle):
        assert isinstance(date_of(text, today=TODAY), dt.date)
