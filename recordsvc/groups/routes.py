"""Doors of departments (残联、退役军人、农业农村部门): their groups, and trainings of who belongs to them."""

from collections.abc import Callable, Mapping
from typing import Any

import flask

from recordsvc.access import looked
from recordsvc.access.case_errors import CaseRefused
from recordsvc.access.entrance import actor
from recordsvc.access.policy import door
from recordsvc.access.services import house, once
from recordsvc.archive.errors import ArchiveRestricted, Busy
from recordsvc.ground import answers, http
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import Forbidden
from recordsvc.ground.two_person import AlreadyClosed, NotTheProposer, SamePerson, StaleProposal
from recordsvc.groups import departments, reading, statements, waiting
from recordsvc.groups.departments import Department
from recordsvc.groups.errors import (
    AlreadyStated,
    MemberUnknown,
    StatementOver,
    StatementRefused,
    StatementUnknown,
    WaitingUnknown,
)
from recordsvc.groups.forms import (
    CorrectStatementForm,
    DecideWaitingForm,
    EndStatementForm,
    GroupMembersForm,
    MembersQuery,
    NewStatementForm,
    TakeBackWaitingForm,
    TrainingsForm,
    TrainingsQuery,
    WaitingListForm,
    WaitingRefForm,
    WithdrawStatementForm,
)
from recordsvc.groups.reading import Member
from recordsvc.groups.statements import Held

bp = flask.Blueprint("groups", __name__)
_ON_ONE = (StatementUnknown, CaseRefused, StatementOver, StatementRefused, ArchiveRestricted, Busy)
_ON_WAITING = (
    *(WaitingUnknown, CaseRefused, AlreadyClosed),
    *(AlreadyStated, StatementOver, StatementRefused, ArchiveRestricted, Busy),
)


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
    step_up=True,
    answer={202: WaitingRefForm},
    problems=(MemberUnknown, CaseRefused, StatementRefused, AlreadyStated, ArchiveRestricted),
    idempotent=True,
    summary="提出认定人员类别 / Propose that somebody belongs to a group; a second officer decides",
)
def state_membership(form: dict[str, Any]) -> flask.Response:
    """Propose it; once another officer approves, the worker is told, and may contest it."""
    return answers.answer({"proposal_id": stated(form)}, 202, form=WaitingRefForm)


@door(
    bp,
    "GET",
    "/v1/centre/groups/waiting",
    policy="group.keep",
    query=TrainingsQuery,
    answer=WaitingListForm,
    summary="待复核的认定 / What waits for a second officer of the department, for a case",
)
def list_waiting(query: dict[str, Any]) -> flask.Response:
    """List it; everybody shown sees that they were."""
    found = waiting.listed(house(), actor(), query["case_ref"], http.current().id)
    return answers.answer({"items": found}, form=WaitingListForm)


@door(
    bp,
    "POST",
    "/v1/centre/groups/waiting/<id:proposal_id>/decide",
    policy="group.keep",
    body=DecideWaitingForm,
    step_up=True,
    answer={204: None},
    problems=(*_ON_WAITING, SamePerson, StaleProposal, Forbidden),
    idempotent=True,
    summary="复核认定 / Decide, as the second officer, what another proposed",
)
def decide_waiting(proposal_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Approve, which enters it, or refuse."""
    return decided(proposal_id, form)


@door(
    bp,
    "POST",
    "/v1/centre/groups/waiting/<id:proposal_id>/withdraw",
    policy="group.keep",
    body=TakeBackWaitingForm,
    answer={204: None},
    problems=(WaitingUnknown, AlreadyClosed, NotTheProposer, StatementRefused),
    idempotent=True,
    summary="撤回待复核的认定 / Take back what one proposed oneself",
)
def take_back_waiting(proposal_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take it back; nothing was entered."""
    return taken_back(proposal_id, form["reason"])


@door(
    bp,
    "POST",
    "/v1/centre/groups/<id:record_id>/correct",
    policy="group.keep",
    body=CorrectStatementForm,
    step_up=True,
    answer={202: WaitingRefForm},
    problems=_ON_ONE,
    idempotent=True,
    summary="提出更正认定 / Propose to correct days or source of an own statement",
)
def correct_membership(record_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose to correct what the department stated; a second officer decides."""
    return answers.answer({"proposal_id": corrected(record_id, form)}, 202, form=WaitingRefForm)


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
    """Give a statement an earlier last day."""
    return ended(record_id, form)


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
    return withdrawn(record_id, form)


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
    """Propose a membership; the proposal's id as text. Raises as the door says."""
    place, who, request_id = house(), actor(), http.current().id
    worker_id = statements.find(place, who, form, request_id)
    return once(lambda turn: uuid_text(waiting.propose(turn, place, who, worker_id, form, request_id)))


def corrected(record_id: bytes, form: Mapping[str, Any]) -> str:
    """Propose to correct an own statement; the proposal's id as text."""
    place, who, reason = house(), actor(), form["reason"]
    held, look = statements.for_case(place, who, record_id, form["case_ref"], http.current().id)
    changed = {name: value for name, value in form.items() if name not in ("reason", "case_ref")}
    return once(
        lambda turn: uuid_text(waiting.propose_correction(turn, place, who, held, changed, reason, look))
    )


def ended(record_id: bytes, form: Mapping[str, Any]) -> flask.Response:
    """End an own statement; an empty answer."""
    return _acted(
        record_id,
        form,
        lambda turn, held: statements.end(turn, house(), actor(), held, form["valid_to"], form["reason"]),
    )


def withdrawn(record_id: bytes, form: Mapping[str, Any]) -> flask.Response:
    """Withdraw an own statement; an empty answer."""
    return _acted(
        record_id, form, lambda turn, held: statements.withdraw(turn, house(), actor(), held, form["reason"])
    )


def _acted(record_id: bytes, form: Mapping[str, Any], act: Callable[[Turn, Held], None]) -> flask.Response:
    place, who = house(), actor()
    _held, look = statements.for_case(place, who, record_id, form["case_ref"], http.current().id)

    def acting(turn: Turn) -> None:
        looked.note(turn, place, look)
        act(turn, statements.one(place, turn.conn, who, record_id))

    return done(acting)


def decided(proposal_id: bytes, form: Mapping[str, Any]) -> flask.Response:
    """Decide what waits; an empty answer."""
    place, who = house(), actor()
    look = waiting.for_case(place, who, proposal_id, form["case_ref"], http.current().id)
    said = {"approve": form["approve"], "reason": form["reason"]}
    return done(lambda turn: waiting.decide(turn, place, who, proposal_id, look, **said))


def taken_back(proposal_id: bytes, reason: str) -> flask.Response:
    """Take back what one proposed; an empty answer."""
    place, who = house(), actor()
    return done(lambda turn: waiting.withdraw(turn, place, who, proposal_id, reason))


def done(act: Callable[[Turn], None]) -> flask.Response:
    """Act once under the caller's key; an empty answer."""

    def acting(turn: Turn) -> str:
        act(turn)
        return "done"

    once(acting)
    return flask.Response(status=204)
