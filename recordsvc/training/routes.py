"""Doors of classes (班级): a clerk opens them and names teachers, teachers draft, a signer takes the roster.

What the institution's key signs is signed at the institution (`recordsvc submit`); this service never signs
for it, and a draft is in nobody's archive.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.errors import StaffUnknown
from recordsvc.access.forms import EmptyForm
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.access.services import house, once
from recordsvc.ground import answers, http
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.people import identifiers
from recordsvc.training import classes, sheets
from recordsvc.training.errors import ClassClosed, ClassRefused, ClassUnknown, OwnSheet, RosterTaken
from recordsvc.training.forms import (
    AssignForm,
    ClassesForm,
    ClassRefForm,
    ClassSheetForm,
    DayForm,
    LearnersForm,
    MarksForm,
    NewClassForm,
    NoteForm,
    RemoveLearnerForm,
    UnassignForm,
)
from recordsvc.training.sheets import Sheet

bp = flask.Blueprint("training", __name__)


@door(
    bp,
    "GET",
    "/v1/centre/classes",
    policy="class.read",
    answer=ClassesForm,
    summary="本单位的班级 / Classes of one's own institution; a teacher's own",
)
def list_classes() -> flask.Response:
    """List classes without their learners; a teacher sees those they have today."""
    return answers.answer({"items": listed()}, form=ClassesForm)


@door(
    bp,
    "POST",
    "/v1/centre/classes",
    policy="class.keep",
    body=NewClassForm,
    answer={201: ClassRefForm},
    problems=(ClassRefused,),
    idempotent=True,
    summary="开设班级、录入名册 / Open a class with its roster",
)
def open_class(form: dict[str, Any]) -> flask.Response:
    """Open a class; whether its learners have archives is told to nobody."""
    return answers.answer({"class_id": opened(form)}, 201, form=ClassRefForm)


@door(
    bp,
    "GET",
    "/v1/centre/classes/<id:class_id>",
    policy="class.read",
    answer=ClassSheetForm,
    problems=(ClassUnknown,),
    summary="一个班级的考勤和成绩表 / The sheet of a class; learners see that it was opened",
)
def show_class(class_id: bytes) -> flask.Response:
    """Show the sheet, once the looks are noted."""
    return answers.answer(told(looked(class_id)), form=ClassSheetForm)


@door(
    bp,
    "POST",
    "/v1/centre/classes/<id:class_id>/learners",
    policy="class.keep",
    body=LearnersForm,
    answer={204: None},
    problems=(ClassUnknown, ClassClosed, ClassRefused),
    idempotent=True,
    summary="补录学员 / Seat latecomers",
)
def add_learners(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Add learners to an open class."""
    return done(lambda turn: classes.add_learners(turn, house(), actor(), class_id, form["learners"]))


@door(
    bp,
    "POST",
    "/v1/centre/classes/<id:class_id>/learners/remove",
    policy="class.keep",
    body=RemoveLearnerForm,
    answer={204: None},
    problems=(ClassUnknown, ClassClosed, RosterTaken, ClassRefused),
    idempotent=True,
    summary="移出学员 / Take a learner out of the roster until the signer takes it",
)
def remove_learner(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take a learner out, with the days and the mark entered for them."""
    return done(lambda turn: classes.remove_learner(turn, actor(), class_id, form["learner_id"]))


@door(
    bp,
    "POST",
    "/v1/centre/classes/<id:class_id>/teachers",
    policy="class.keep",
    body=AssignForm,
    answer={204: None},
    problems=(ClassUnknown, ClassClosed, ClassRefused, StaffUnknown),
    idempotent=True,
    summary="安排任课教师 / Give a class to a teacher for some days",
)
def assign_teacher(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Assign a teacher of the institution."""
    return done(lambda turn: classes.assign(turn, actor(), class_id, **form))


@door(
    bp,
    "POST",
    "/v1/centre/classes/<id:class_id>/teachers/end",
    policy="class.keep",
    body=UnassignForm,
    answer={204: None},
    problems=(ClassUnknown, StaffUnknown),
    idempotent=True,
    summary="收回任课安排 / Take a class from a teacher",
)
def end_teacher(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """End a teacher's time with a class from the next request on."""
    return done(lambda turn: classes.unassign(turn, actor(), class_id, form["staff_id"]))


@door(
    bp,
    "POST",
    "/v1/centre/classes/<id:class_id>/days",
    policy="class.draft",
    body=DayForm,
    answer={204: None},
    problems=(ClassUnknown, ClassClosed, ClassRefused),
    idempotent=True,
    summary="登记一天的考勤 / Enter the attendance of a day",
)
def enter_day(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Enter a day, or put it in the place of what was entered for it."""
    return done(lambda turn: sheets.attend(turn, actor(), class_id, form))


@door(
    bp,
    "POST",
    "/v1/centre/classes/<id:class_id>/marks",
    policy="class.draft",
    body=MarksForm,
    answer={204: None},
    problems=(ClassUnknown, ClassClosed, ClassRefused),
    idempotent=True,
    summary="登记成绩 / Enter results and scores",
)
def enter_marks(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Enter marks of some learners."""
    return done(lambda turn: sheets.mark(turn, actor(), class_id, form["marks"]))


@door(
    bp,
    "POST",
    "/v1/centre/classes/<id:class_id>/submit",
    policy="class.draft",
    body=EmptyForm,
    answer={204: None},
    problems=(ClassUnknown, ClassClosed, ClassRefused),
    idempotent=True,
    summary="提交签发人 / Hand the sheet to the signer",
)
def submit_sheet(class_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - empty
    """Hand over a whole sheet; teachers change nothing of it from then on."""
    return done(lambda turn: sheets.submit(turn, actor(), class_id))


@door(
    bp,
    "POST",
    "/v1/centre/classes/<id:class_id>/return",
    policy="class.sign",
    body=NoteForm,
    answer={204: None},
    problems=(ClassUnknown, ClassClosed),
    idempotent=True,
    summary="退回教师 / Send a sheet back to its teachers",
)
def return_sheet(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Send a sheet back with a reason."""
    return done(lambda turn: sheets.send_back(turn, actor(), class_id, form["note"]))


@door(
    bp,
    "GET",
    "/v1/centre/classes/<id:class_id>/roster",
    policy="class.sign",
    surface=Surface.FILE,
    answer=Sends(),
    problems=(ClassUnknown, ClassClosed),
    summary="取待签名册 / The roster that `recordsvc submit` signs, with whole numbers",
)
def take_roster(class_id: bytes) -> flask.Response:
    """Hand out the roster of a submitted sheet, once the looks are noted."""
    return roster_file(class_id)


@door(
    bp,
    "POST",
    "/v1/centre/classes/<id:class_id>/signed",
    policy="class.sign",
    body=EmptyForm,
    answer={204: None},
    problems=(ClassUnknown, ClassClosed, OwnSheet),
    idempotent=True,
    summary="已签名报送 / Note that the records were signed and sent",
)
def sign_sheet(class_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - empty
    """Close a sheet whose records were sent; never by whoever handed it over."""
    return done(lambda turn: sheets.sign(turn, actor(), class_id))


@door(
    bp,
    "POST",
    "/v1/centre/classes/<id:class_id>/void",
    policy="class.keep",
    body=NoteForm,
    answer={204: None},
    problems=(ClassUnknown, ClassClosed),
    idempotent=True,
    summary="作废班级 / End a class without records",
)
def void_class(class_id: bytes, form: dict[str, Any]) -> flask.Response:
    """End a class that comes to nothing."""
    return done(lambda turn: classes.void(turn, actor(), class_id, form["note"]))


# -- shared with the pages


def listed() -> list[dict[str, Any]]:
    """Return the classes that whoever asks sees, with how many seats and days they have."""
    with house().db.read() as conn:
        found = classes.seen(conn, actor(), house().clock.now_ms())
        counted = sheets.counts(conn, [one.class_id for one in found])
    return [{**asdict(one), **_sums(*counted[one.class_id])} for one in found]


def opened(form: Mapping[str, Any]) -> str:
    """Open a class; its id as text. Raises `ClassRefused`."""
    place, who = house(), actor()
    return once(lambda turn: uuid_text(classes.open_class(turn, place, who, form)))


def looked(class_id: bytes) -> Sheet:
    """Return a sheet whose looks are noted. Raises `ClassUnknown`."""
    return sheets.look(house(), actor(), class_id, http.current().id)


def done(act: Callable[[Turn], None]) -> flask.Response:
    """Act once under the caller's key; an empty answer."""

    def acting(turn: Turn) -> str:
        act(turn)
        return "done"

    once(acting)
    return flask.Response(status=204)


def roster_file(class_id: bytes) -> flask.Response:
    """Return the roster of a submitted sheet as a file. Raises `ClassUnknown`, `ClassClosed`."""
    place, own = house(), actor()
    # Before it is read: who leaves at the same time has either left, or stays.
    place.db.write(lambda turn: sheets.take_roster(turn, own, class_id))
    sheet = looked(class_id)
    today = beijing_date(place.clock.now_ms()).isoformat()
    institution = place.institutions.find(sheet.taught.institution)
    name = None if institution is None else institution.name_on(today)
    answer = answers.answer(sheets.roster(sheet, name or "", today))
    answer.headers["Content-Disposition"] = f'attachment; filename="class-{class_id.hex()[:12]}.json"'
    return answer


def told(sheet: Sheet) -> dict[str, Any]:
    """Return a sheet as its form shows it: of numbers the last four characters."""
    with house().db.read() as conn:
        teachers = classes.teachers(conn, sheet.taught.class_id)
    return {
        "taught": {**asdict(sheet.taught), **_sums(len(sheet.seats), len(sheet.days))},
        "teachers": teachers,
        "seats": [_seat(sheet, one) for one in sheet.seats],
        "taught_days": [
            {
                "on": day.on,
                "theory_periods": day.theory_periods,
                "practice_periods": day.practice_periods,
                "present": sorted(day.present),
            }
            for day in sheet.days
        ],
    }


def _seat(sheet: Sheet, seat: sheets.Seat) -> dict[str, Any]:
    theory, practice = sheet.periods(seat.learner_id)
    return {
        "learner_id": seat.learner_id,
        "name": seat.name,
        "number_tail": identifiers.mask(seat.number)[-4:],
        "result": seat.result,
        "score": seat.score,
        "theory_periods": theory,
        "practice_periods": practice,
        "over_planned": sheet.over_planned(seat.learner_id),
    }


def _sums(learners: int, days: int) -> dict[str, int]:
    return {"learners": learners, "days": days}
