"""Doors of departments (残联、退役军人、农业农村部门): their groups, and trainings of who belongs to them."""

from collections.abc import Callable, Mapping
from typing import Any

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.policy import door
from recordsvc.access.services import house, once
from recordsvc.archive.errors import ArchiveRestricted, Busy
from recordsvc.ground import answers, http
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import uuid_text
from recordsvc.groups import departments, reading, statements
from recordsvc.groups.departments import Department
from recordsvc.groups.errors import (
    AlreadyStated,
    MemberUnknown,
    StatementOver,
    StatementRefused,
    StatementUnknown,
)
from recordsvc.groups.forms import (
    CorrectStatementForm,
    EndStatementForm,
    GroupMembersForm,
    MembersQuery,
    NewStatementForm,
    StatementRefForm,
    TrainingsForm,
    TrainingsQuery,
    WithdrawStatementForm,
)
from recordsvc.groups.reading import Member

bp = flask.Blueprint("groups", __name__)
_ON_ONE = (StatementUnknown, StatementOver, StatementRefused, ArchiveRestricted, Busy)


@door(
    bp,
    "GET",
    "/v1/centre/groups",
    policy="group.keep",
    query=MembersQuery,
    answer=GroupMembersForm,
    summary="本部门认定的人员 / People of the department's groups with totals of their trainings, for a case",
)
def list_members(query: dict[str, Any]) -> flask.Response:
    """List the department's own statements; everybody shown sees that they were."""
    department, items, more = listed(query["group"], query["before"], query["case_ref"])
    told = {"department": department.name, "groups": sorted(department.groups), "items": items, "next": more}
    return answers.answer(told, form=GroupMembersForm)


@door(
    bp,
    "POST",
    "/v1/centre/groups",
    policy="group.keep",
    body=NewStatementForm,
    answer={201: StatementRefForm},
    problems=(MemberUnknown, StatementRefused, AlreadyStated, ArchiveRestricted, Busy),
    idempotent=True,
    summary="认定人员类别 / State that somebody belongs to a group of the department's",
)
def state_membership(form: dict[str, Any]) -> flask.Response:
    """State it; the worker is told, and may contest it."""
    return answers.answer({"record_id": stated(form)}, 201, form=StatementRefForm)


@door(
    bp,
    "POST",
    "/v1/centre/groups/<id:record_id>/correct",
    policy="group.keep",
    body=CorrectStatementForm,
    answer={204: None},
    problems=_ON_ONE,
    idempotent=True,
    summary="更正认定 / Correct days or source of an own statement",
)
def correct_membership(record_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Correct what the department stated itself."""
    return corrected(record_id, form)


@door(
    bp,
    "POST",
    "/v1/centre/groups/<id:record_id>/end",
    policy="group.keep",
    body=EndStatementForm,
    answer={204: None},
    problems=_ON_ONE,
    idempotent=True,
    summary="终止认定 / End an own statement with a last day",
)
def end_membership(record_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Give a statement a last day."""
    place, who = house(), actor()
    return done(lambda turn: statements.end(turn, place, who, record_id, form["valid_to"], form["reason"]))


@door(
    bp,
    "POST",
    "/v1/centre/groups/<id:record_id>/withdraw",
    policy="group.keep",
    body=WithdrawStatementForm,
    answer={204: None},
    problems=_ON_ONE,
    idempotent=True,
    summary="撤回认定 / Withdraw an own statement that was made in error",
)
def withdraw_membership(record_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Withdraw what was stated in error."""
    place, who = house(), actor()
    return done(lambda turn: statements.withdraw(turn, place, who, record_id, form["reason"]))


@door(
    bp,
    "GET",
    "/v1/centre/groups/<id:record_id>/trainings",
    policy="group.keep",
    query=TrainingsQuery,
    answer=TrainingsForm,
    problems=(StatementUnknown, StatementOver, ArchiveRestricted),
    summary="查阅其培训情况 / Trainings of somebody of the group, for a case",
)
def read_trainings(record_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Show the trainings of somebody whom a statement in force is about."""
    found = reading.trainings(house(), actor(), record_id, query["case_ref"], http.current().id)
    return answers.answer({"items": found}, form=TrainingsForm)


# -- shared with the pages


def listed(
    group: str | None, before: bytes | None, case_ref: str
) -> tuple[Department, list[Member], bytes | None]:
    """Return the department of whoever asks and a page of its statements, once the looks are noted."""
    place, who = house(), actor()
    with place.db.read() as conn:
        department = departments.of(place, conn, who)
    asked = (case_ref, http.current().id)
    items, more = reading.listed(place, who, *asked, group=group, before=before or b"")
    return department, items, more


def stated(form: Mapping[str, Any]) -> str:
    """State a membership; its record id as text. Raises as the door says."""
    place, who, request_id = house(), actor(), http.current().id
    worker_id = statements.find(place, who, form, request_id)
    return once(lambda turn: uuid_text(statements.state(turn, place, who, worker_id, form, request_id)))


def corrected(record_id: bytes, form: Mapping[str, Any]) -> flask.Response:
    """Correct an own statement; an empty answer."""
    place, who, reason = house(), actor(), form["reason"]
    changed = {name: value for name, value in form.items() if name != "reason"}
    return done(lambda turn: statements.correct(turn, place, who, record_id, changed, reason))


def done(act: Callable[[Turn], None]) -> flask.Response:
    """Act once under the caller's key; an empty answer."""

    def acting(turn: Turn) -> str:
        act(turn)
        return "done"

    once(acting)
    return flask.Response(status=204)
