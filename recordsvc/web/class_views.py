"""What the page of a class shows (班级页面): the sheet with its seats, and what was typed and refused."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import flask

from recordsvc.access import staff
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Position, can
from recordsvc.archive.services import own_institution
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import Problem
from recordsvc.training import classes, sheets
from recordsvc.training import routes as training
from recordsvc.web import words
from recordsvc.web.centre_routes import tabs
from recordsvc.web.class_forms import ASSIGN, DAY, LEARNERS, LEAVING, NOTE, faults_of
from recordsvc.web.render import page
from recordsvc.web.services import house

STATES: Final = {
    "open": ("填写中", "wait"),
    "submitted": ("等待签发", "info"),
    "signed": ("已签发报送", "good"),
    "void": ("已作废", "mute"),
}
"""State of a sheet -> word and tone; a test holds it complete."""


def sheet_page(
    class_id: bytes, act: str = "", form: Mapping[str, Any] | None = None, problem: Problem | None = None
) -> flask.Response:
    """Show the sheet, once the looks are noted; after an act that was refused, as it was typed."""
    told = training.told(training.looked(class_id))
    taught, typed = told["taught"], form or {}
    shown = {"learners": (LEARNERS,), "leaving": LEAVING, "teachers": ASSIGN, "day": DAY}
    shown |= {"return": NOTE, "void": NOTE}
    wrong, trouble = ({}, None) if problem is None else faults_of(problem, shown.get(act, ()))
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
        drafts=may("class.draft") and state == "open" and _has(told["teachers"]),
        keeps=may("class.keep") and state in ("open", "submitted"),
        signs=may("class.sign") and state == "submitted",
        assign=ASSIGN,
        choices=_teachers() if may("class.keep") else [],
        day=DAY,
        learners=LEARNERS,
        leaving=LEAVING[0],
        seated=[
            (uuid_text(one["learner_id"]), f"{one['name']} …{one['number_tail']}") for one in told["seats"]
        ],
        note=NOTE,
        act=act,
        typed=typed if act else {"on": _today()},
        wrong=wrong,
        trouble=trouble,
    )


def may(policy: str) -> bool:
    """Tell whether whoever asks may, at their own institution."""
    own = actor()
    return can(own, policy, own)


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


def _has(teachers: Sequence[classes.Assigned]) -> bool:
    """Tell whether whoever asks has the class today."""
    return any(one.staff_id == actor().id and one.on(_today()) for one in teachers)


def _today() -> str:
    """Return the Beijing day."""
    return beijing_date(house().clock.now_ms()).isoformat()
