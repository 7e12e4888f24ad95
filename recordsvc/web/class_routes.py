"""Pages of classes (班级): the list, opening one with its roster, the sheet and what one may do with it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import flask
from marshmallow import fields

from recordsvc.access import staff
from recordsvc.access.entrance import actor
from recordsvc.access.errors import StaffUnknown
from recordsvc.access.grants import Position, can
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.archive.services import own_institution
from recordsvc.ground.commit import Turn
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.training import classes, sheets
from recordsvc.training import routes as training
from recordsvc.training.errors import ClassClosed, ClassRefused, ClassUnknown, OwnSheet
from recordsvc.training.forms import AssignForm, DayForm, LearnersForm, MarksForm, NewClassForm, NoteForm
from recordsvc.web import words
from recordsvc.web.centre_routes import NothingPageForm, tabs
from recordsvc.web.desk_forms import MOST, Field, codes, faults, judged
from recordsvc.web.desk_routes import FAILED
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

STATES: Final = {
    "open": ("填写中", "wait"),
    "submitted": ("等待签发", "info"),
    "signed": ("已签发报送", "good"),
    "void": ("已作废", "mute"),
}
"""State of a sheet -> word and tone; a test holds it complete."""
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


# -- the list


@door(
    bp,
    "GET",
    "/centre/classes",
    policy="class.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="本单位的班级（网页） / Classes; a teacher's own",
)
def classes_page() -> flask.Response:
    """List the classes that whoever asks sees, without learners."""
    rows = [
        {**one, "id": uuid_text(one["class_id"]), "state": STATES[one["state"]]} for one in training.listed()
    ]
    return page("centre_classes.html", tabs=tabs(), rows=rows, keeps=_may("class.keep"))


@door(
    bp,
    "GET",
    "/centre/classes/new",
    policy="class.keep",
    surface=Surface.PAGE,
    answer=HTML,
    summary="开设班级（网页） / The form to open a class",
)
def new_class_page() -> flask.Response:
    """Ask for plan and roster."""
    return _new({}, None)


@door(
    bp,
    "POST",
    "/centre/classes/new",
    policy="class.keep",
    surface=Surface.PAGE,
    body=Fields(NewClassPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(ClassRefused,),
    summary="开设班级（网页） / Open a class",
)
def new_class_button(form: dict[str, Any]) -> flask.Response:
    """Open a class, or say what is wrong with it, line by line."""
    try:
        wrong, given = _whole_numbers(form, ("theory_periods", "practice_periods"))
        asked = judged(NewClassForm, {**given, "learners": _people(form["learners"])})
        if wrong:
            raise FormRefused(errors=wrong)
        class_id = training.opened(asked)
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _new(form, problem)
    return go(f"/centre/classes/{class_id}")


# -- the sheet


@door(
    bp,
    "GET",
    "/centre/classes/<id:class_id>",
    policy="class.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(ClassUnknown,),
    summary="一个班级（网页） / The sheet of a class; learners see that it was opened",
)
def class_page(class_id: bytes) -> flask.Response:
    """Show the sheet, once the looks are noted."""
    return _sheet(class_id)


@door(
    bp,
    "POST",
    "/centre/classes/<id:class_id>/learners",
    policy="class.keep",
    surface=Surface.PAGE,
    body=Fields(LearnersPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(ClassUnknown, ClassClosed, ClassRefused),
    summary="补录学员（网页） / Seat latecomers",
)
def class_add_learners_button(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Seat latecomers."""

    def act() -> Callable[[Turn], None]:
        asked = judged(LearnersForm, {"learners": _people(form["learners"])})
        place, who = house(), actor()
        return lambda turn: classes.add_learners(turn, place, who, class_id, asked["learners"])

    return _acted(class_id, "learners", form, act)


@door(
    bp,
    "POST",
    "/centre/classes/<id:class_id>/teachers",
    policy="class.keep",
    surface=Surface.PAGE,
    body=Fields(AssignPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(ClassUnknown, ClassClosed, ClassRefused, StaffUnknown),
    summary="安排任课教师（网页） / Assign a teacher",
)
def class_assign_button(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Give the class to a teacher."""

    def act() -> Callable[[Turn], None]:
        asked, who = judged(AssignForm, form), actor()
        return lambda turn: classes.assign(turn, who, class_id, **asked)

    return _acted(class_id, "teachers", form, act)


@door(
    bp,
    "POST",
    "/centre/classes/<id:class_id>/teachers/end",
    policy="class.keep",
    surface=Surface.PAGE,
    body=Fields(EndTeachingPageForm),
    answer={303: None},
    problems=(ClassUnknown, StaffUnknown),
    summary="收回任课安排（网页） / Take a class from a teacher",
)
def class_end_teacher_button(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """End a teacher's time with the class."""
    who = actor()
    return _acted(
        class_id, "", {}, lambda: lambda turn: classes.unassign(turn, who, class_id, form["staff_id"])
    )


@door(
    bp,
    "POST",
    "/centre/classes/<id:class_id>/days",
    policy="class.draft",
    surface=Surface.PAGE,
    body=Fields(DayPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(ClassUnknown, ClassClosed, ClassRefused),
    summary="登记一天的考勤（网页） / Enter a day",
)
def class_day_button(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Enter a day, in the place of what was entered for it."""

    def act() -> Callable[[Turn], None]:
        wrong, given = _whole_numbers(form, ("theory_periods", "practice_periods"))
        asked = judged(DayForm, given)
        if wrong:
            raise FormRefused(errors=wrong)
        place, who = house(), actor()
        return lambda turn: sheets.attend(turn, place, who, class_id, asked)

    return _acted(class_id, "day", form, act)


@door(
    bp,
    "POST",
    "/centre/classes/<id:class_id>/marks",
    policy="class.draft",
    surface=Surface.PAGE,
    body=Fields(MarksPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(ClassUnknown, ClassClosed, ClassRefused),
    summary="登记成绩（网页） / Enter results and scores",
)
def class_marks_button(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Enter the marks that were chosen; a learner without a chosen result keeps theirs."""

    def act() -> Callable[[Turn], None]:
        rows = zip(form["learner"], form["result"], form["score"], strict=False)
        marks = [
            {"learner_id": learner, "result": result, "score": score.strip() or None}
            for learner, result, score in rows
            if result
        ]
        asked = judged(MarksForm, {"marks": marks})
        place, who = house(), actor()
        return lambda turn: sheets.mark(turn, place, who, class_id, asked["marks"])

    return _acted(class_id, "marks", form, act)


@door(
    bp,
    "POST",
    "/centre/classes/<id:class_id>/submit",
    policy="class.draft",
    surface=Surface.PAGE,
    body=Fields(NothingPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(ClassUnknown, ClassClosed, ClassRefused),
    summary="提交签发人（网页） / Hand the sheet to the signer",
)
def class_submit_button(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Hand a whole sheet over."""
    who = actor()
    return _acted(class_id, "submit", form, lambda: lambda turn: sheets.submit(turn, who, class_id))


@door(
    bp,
    "POST",
    "/centre/classes/<id:class_id>/return",
    policy="class.sign",
    surface=Surface.PAGE,
    body=Fields(NotePageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(ClassUnknown, ClassClosed),
    summary="退回教师（网页） / Send a sheet back",
)
def class_return_button(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Send a sheet back with a reason."""

    def act() -> Callable[[Turn], None]:
        asked, who = judged(NoteForm, form), actor()
        return lambda turn: sheets.send_back(turn, who, class_id, asked["note"])

    return _acted(class_id, "return", form, act)


@door(
    bp,
    "GET",
    "/centre/classes/<id:class_id>/roster",
    policy="class.sign",
    surface=Surface.FILE,
    answer=Sends(),
    problems=(ClassUnknown, ClassClosed),
    summary="取待签名册（网页） / The roster that `recordsvc submit` signs",
)
def class_roster_link(class_id: bytes) -> flask.Response:
    """Hand out the roster of a submitted sheet."""
    return training.roster_file(class_id)


@door(
    bp,
    "POST",
    "/centre/classes/<id:class_id>/signed",
    policy="class.sign",
    surface=Surface.PAGE,
    body=Fields(NothingPageForm),
    answer={303: None, 409: HTML},
    problems=(ClassUnknown, ClassClosed, OwnSheet),
    summary="已签名报送（网页） / Note that the records were sent",
)
def class_signed_button(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Close a sheet whose records were sent."""
    who = actor()
    return _acted(class_id, "signed", form, lambda: lambda turn: sheets.sign(turn, who, class_id))


@door(
    bp,
    "POST",
    "/centre/classes/<id:class_id>/void",
    policy="class.keep",
    surface=Surface.PAGE,
    body=Fields(NotePageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(ClassUnknown, ClassClosed),
    summary="作废班级（网页） / End a class without records",
)
def class_void_button(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """End a class that comes to nothing."""

    def act() -> Callable[[Turn], None]:
        asked, who = judged(NoteForm, form), actor()
        return lambda turn: classes.void(turn, who, class_id, asked["note"])

    return _acted(class_id, "void", form, act)


# -- parts


def _may(policy: str) -> bool:
    own = actor()
    return can(own, policy, own)


def _acted(
    class_id: bytes, act: str, form: Mapping[str, Any], make: Callable[[], Callable[[Turn], None]]
) -> flask.Response:
    """Act and show the sheet; or show it with what is wrong, as it was typed."""
    try:
        training.done(make())
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _sheet(class_id, act, form, problem)
    return go(f"/centre/classes/{uuid_text(class_id)}")


def _new(form: Mapping[str, Any], problem: Problem | None) -> flask.Response:
    wrong, trouble = ({}, None) if problem is None else _faults(problem, PLAN)
    status = 200 if problem is None else problem.status
    return page(
        "centre_class_new.html", status, tabs=tabs(), fields=PLAN, typed=form, wrong=wrong, trouble=trouble
    )


def _sheet(
    class_id: bytes, act: str = "", form: Mapping[str, Any] | None = None, problem: Problem | None = None
) -> flask.Response:
    told = training.told(training.looked(class_id))
    taught, typed = told["taught"], form or {}
    shown = {"learners": (LEARNERS,), "teachers": ASSIGN, "day": DAY, "return": NOTE, "void": NOTE}
    wrong, trouble = ({}, None) if problem is None else _faults(problem, shown.get(act, ()))
    state = taught["state"]
    return page(
        "centre_class.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        one=taught,
        id=uuid_text(class_id),
        state=STATES[state],
        training_type=words.code("training_types", taught["training_type"]),
        level=words.code("levels", taught["level"]),
        seats=[_seat(one, told, act, typed) for one in told["seats"]],
        days=told["taught_days"],
        teachers=told["teachers"],
        results=sheets.RESULTS,
        drafts=_may("class.draft") and state == "open",
        keeps=_may("class.keep") and state in ("open", "submitted"),
        signs=_may("class.sign") and state == "submitted",
        assign=ASSIGN,
        choices=_teachers() if _may("class.keep") else [],
        day=DAY,
        learners=LEARNERS,
        note=NOTE,
        act=act,
        typed=typed if act else {"on": _today()},
        wrong=wrong,
        trouble=trouble,
    )


def _seat(
    one: Mapping[str, Any], told: Mapping[str, Any], act: str, typed: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a learner's line: what was typed for them stands again."""
    key = uuid_text(one["learner_id"])
    result, score = one["result"], one["score"]
    if act == "marks" and key in typed["learner"]:
        at = typed["learner"].index(key)
        result, score = typed["result"][at], typed["score"][at]
    there = sum(one["learner_id"] in day["present"] for day in told["taught_days"])
    ticked = key in typed["present"] if act == "day" else True
    word = sheets.RESULTS.get(one["result"], "待登记")
    return {**one, "id": key, "word": word, "typed": (result, score), "there": there, "ticked": ticked}


def _teachers() -> list[tuple[str, str]]:
    now = house().clock.now_ms()
    with house().db.read() as conn:
        people = staff.of_institution(conn, own_institution())
    return [(one.staff_id, one.name) for one in people if Position.TEACHER in one.positions(now)]


def _today() -> str:
    return beijing_date(house().clock.now_ms()).isoformat()


def _people(lines: str) -> list[dict[str, str]]:
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


def _whole_numbers(form: Mapping[str, Any], names: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
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


def _faults(problem: Problem, shown: Sequence[Field]) -> tuple[dict[str, str], Problem | None]:
    """Return what is wrong by field; of a roster the first wrong line, counted as it was typed."""
    if isinstance(problem, FormRefused):
        for one in problem.errors:
            parts = str(one["pointer"]).split("/")
            if parts[1] == "learners" and len(parts) > 2 and parts[2].isdigit() and LEARNERS in shown:
                what = "姓名" if parts[-1] == "name" else "证件号码"
                one["detail"] = f"第 {int(parts[2]) + 1} 人的{what}：{one['detail']}"
        problem.errors.reverse()  # of one field the first fault is told
    return faults(problem, shown)
