"""Forms of the pages of classes: fields with their labels, read leniently, judged by the API's own forms."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from marshmallow import fields

from recordsvc.ground.forms import Form, text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.web.desk_forms import MOST, Field, codes, faults

LEARNERS: Final = Field(
    "learners",
    "学员名册",
    "area",
    hint="每人一行：姓名 证件号码，例如“马某 640104…”；其他证件在行末写明种类。",
)
PLAN: Final = (
    Field("code", "班级编号", hint="本单位内不重复。", most=60),
    Field("name", "班级名称", most=80),
    Field("training_type", "培训类型", "choice", table="training_types"),
    Field("occupation", "职业（工种）", most=80),
    Field("occupation_code", "职业编码", hint="可不填，例如 6-18-02-04。", most=20),
    Field("level", "等级", "choice", table="levels"),
    Field("started_on", "开班日期", "day"),
    Field("ended_on", "结业日期", "day"),
    Field("theory_periods", "计划理论课时", hint="整数。", most=5),
    Field("practice_periods", "计划实操课时", hint="整数。", most=5),
    LEARNERS,
)
LEAVING: Final = (Field("learner_id", "学员", "choice", hint="考勤和成绩一并删除，不能恢复。"),)
NOTE: Final = (Field("note", "原因", "area", hint="最多 400 字，不要写姓名和号码。"),)
DAY: Final = (
    Field("on", "日期", "day"),
    Field("theory_periods", "理论课时", hint="当天讲授的课时，整数；没有填 0。", most=2),
    Field("practice_periods", "实操课时", hint="整数；没有填 0。", most=2),
)
ASSIGN: Final = (
    Field("staff_id", "教师", "choice"),
    Field("from_on", "任课起", "day"),
    Field("until_on", "任课止", "day"),
)


class NewClassPageForm(Form):
    """A class as typed; learners a line each."""

    code = text(0, 200, load_default="")
    name = text(0, 200, load_default="")
    training_type = text(0, 40, load_default="")
    occupation = text(0, 200, load_default="")
    occupation_code = text(0, 40, load_default="")
    level = text(0, 20, load_default="")
    started_on = text(0, 20, load_default="")
    ended_on = text(0, 20, load_default="")
    theory_periods = text(0, 20, load_default="")
    practice_periods = text(0, 20, load_default="")
    learners = text(0, 20_000, load_default="")


class LearnersPageForm(Form):
    """Latecomers, a line each."""

    learners = text(0, 20_000, load_default="")


class RemoveLearnerPageForm(Form):
    """Who leaves the roster, as chosen."""

    learner_id = text(0, 40, load_default="")


class AssignPageForm(Form):
    """A teacher and their days, as chosen."""

    staff_id = text(0, 40, load_default="")
    from_on = text(0, 20, load_default="")
    until_on = text(0, 20, load_default="")


class EndTeachingPageForm(Form):
    """Whose time with the class ends."""

    staff_id = text(1, 40, required=True)


class DayPageForm(Form):
    """A day as typed; a box for each learner who was there."""

    on = text(0, 20, load_default="")
    theory_periods = text(0, 20, load_default="")
    practice_periods = text(0, 20, load_default="")
    present = fields.List(fields.String(), load_default=list)


class MarksPageForm(Form):
    """Marks as typed: learner, result and score stand at the same place of each list."""

    learner = fields.List(fields.String(), load_default=list)
    result = fields.List(fields.String(), load_default=list)
    score = fields.List(fields.String(), load_default=list)


class NotePageForm(Form):
    """Why, as typed."""

    note = text(0, MOST, load_default="")


def people_of(lines: str) -> list[dict[str, str]]:
    """Return the learners of a roster: name, number and, where it is no identity card, kind in a line."""
    found = []
    for line in lines.splitlines():
        cells = line.replace("，", " ").replace(",", " ").split()
        if cells:
            name, number = cells[0], cells[1] if len(cells) > 1 else ""
            named = " ".join(cells[2:])
            found.append({"name": name, "document": _document(named), "number": number.upper()})
    return found


def _document(named: str) -> str:
    """Return the code of a kind of document by its word; what is no such word stands for itself."""
    kinds = {word: code for code, word in codes("identity_documents")}
    return kinds.get(named, named) or "resident-id"


def whole_numbers(form: Mapping[str, Any], names: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
    """Return faults, and the form with these members as numbers; a wrong one as 0, so that all is judged."""
    given, wrong = dict(form), []
    for name in names:
        written = form[name].strip()
        if written.isascii() and written.isdigit() and len(written) <= 5:
            given[name] = int(written)
        else:
            given[name] = 0
            wrong.append({"pointer": f"/{name}", "code": "value", "detail": "应为整数"})
    return wrong, given


def faults_of(problem: Problem, shown: Sequence[Field]) -> tuple[dict[str, str], Problem | None]:
    """Return what is wrong by field; of a roster the first wrong line, counted as it was typed."""
    if isinstance(problem, FormRefused):
        for one in problem.errors:
            parts = str(one["pointer"]).split("/")
            if parts[1] == "learners" and len(parts) > 2 and parts[2].isdigit() and LEARNERS in shown:
                what = "姓名" if parts[-1] == "name" else "证件号码"
                one["detail"] = f"第 {int(parts[2]) + 1} 人的{what}：{one['detail']}"
        problem.errors.reverse()  # of one field the first fault is told
    return faults(problem, shown)
