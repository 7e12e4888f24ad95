"""Pages of classes (班级): the list, opening one with its roster, the sheet and what one may do with it."""

from collections.abc import Callable, Mapping
from typing import Any

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.errors import StaffUnknown
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.training import classes, sheets
from recordsvc.training import routes as training
from recordsvc.training.errors import ClassClosed, ClassRefused, ClassUnknown, OwnSheet, RosterTaken
from recordsvc.training.forms import (
    AssignForm,
    DayForm,
    LearnersForm,
    MarksForm,
    NewClassForm,
    NoteForm,
    RemoveLearnerForm,
)
from recordsvc.web.centre_routes import NothingPageForm, tabs
from recordsvc.web.class_forms import (
    PLAN,
    AssignPageForm,
    DayPageForm,
    EndTeachingPageForm,
    LearnersPageForm,
    MarksPageForm,
    NewClassPageForm,
    NotePageForm,
    RemoveLearnerPageForm,
    faults_of,
    people_of,
    whole_numbers,
)
from recordsvc.web.class_views import STATES, may, sheet_page
from recordsvc.web.desk_forms import judged
from recordsvc.web.desk_routes import FAILED
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

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
    return page("centre_classes.html", tabs=tabs(), rows=rows, keeps=may("class.keep"))


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
        wrong, given = whole_numbers(form, ("theory_periods", "practice_periods"))
        asked = judged(NewClassForm, {**given, "learners": people_of(form["learners"])})
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
    return sheet_page(class_id)


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
        asked = judged(LearnersForm, {"learners": people_of(form["learners"])})
        place, who = house(), actor()
        return lambda turn: classes.add_learners(turn, place, who, class_id, asked["learners"])

    return _acted(class_id, "learners", form, act)


@door(
    bp,
    "POST",
    "/centre/classes/<id:class_id>/learners/remove",
    policy="class.keep",
    surface=Surface.PAGE,
    body=Fields(RemoveLearnerPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(ClassUnknown, ClassClosed, RosterTaken, ClassRefused),
    summary="移出学员（网页） / Take a learner out of the roster",
)
def class_remove_learner_button(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take a learner out of the roster."""

    def act() -> Callable[[Turn], None]:
        asked, who = judged(RemoveLearnerForm, form), actor()
        return lambda turn: classes.remove_learner(turn, who, class_id, asked["learner_id"])

    return _acted(class_id, "leaving", form, act)


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
        wrong, given = whole_numbers(form, ("theory_periods", "practice_periods"))
        asked = judged(DayForm, given)
        if wrong:
            raise FormRefused(errors=wrong)
        who = actor()
        return lambda turn: sheets.attend(turn, who, class_id, asked)

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
        who = actor()
        return lambda turn: sheets.mark(turn, who, class_id, asked["marks"])

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


def _acted(
    class_id: bytes, act: str, form: Mapping[str, Any], make: Callable[[], Callable[[Turn], None]]
) -> flask.Response:
    """Act and show the sheet; or show it with what is wrong, as it was typed."""
    try:
        training.done(make())
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return sheet_page(class_id, act, form, problem)
    return go(f"/centre/classes/{uuid_text(class_id)}")


def _new(form: Mapping[str, Any], problem: Problem | None) -> flask.Response:
    wrong, trouble = ({}, None) if problem is None else faults_of(problem, PLAN)
    status = 200 if problem is None else problem.status
    return page(
        "centre_class_new.html", status, tabs=tabs(), fields=PLAN, typed=form, wrong=wrong, trouble=trouble
    )
