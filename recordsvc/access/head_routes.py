"""Doors of the desk about heads of institutions: who they are, entering one, letting one in again."""

from collections.abc import Callable
from typing import Any

import flask

from recordsvc.access import acts, heads, staff
from recordsvc.access.acts import Done
from recordsvc.access.entrance import actor
from recordsvc.access.errors import StaffRefused, StaffUnknown
from recordsvc.access.forms import (
    EmptyForm,
    OfficialActsForm,
    OfficialActsQuery,
    ProposedForm,
    ReasonForm,
)
from recordsvc.access.grants import reach
from recordsvc.access.head_errors import CodeUndecided, HeadMakesCodes
from recordsvc.access.heads import Head
from recordsvc.access.policy import door
from recordsvc.access.services import bp, house, once, reference
from recordsvc.access.staff_forms import HeadForm, HeadsForm, OneTimeCodeForm
from recordsvc.ground import answers, two_person
from recordsvc.ground.commit import Turn


@door(
    bp,
    "GET",
    "/v1/desk/institutions/<uscc>/staff",
    policy="staff.propose",
    answer=HeadsForm,
    summary="单位的经办负责人 / Heads of an institution",
)
def list_heads(uscc: str) -> flask.Response:
    """List its heads, and for which of them who asks may make a login code now."""
    return answers.answer({"items": seen(uscc)}, form=HeadsForm)


def seen(uscc: str) -> list[Head]:
    """Return the heads of an institution as whoever asks sees them."""
    with house().db.read() as conn:
        return heads.of_institution(conn, uscc, reference(), house().clock.now_ms())


def institution_of(staff_id: str) -> str:
    """Return the institution of a person. Raises `StaffUnknown`."""
    with house().db.read() as conn:
        return staff.known(conn, staff_id).institution


@door(
    bp,
    "POST",
    "/v1/desk/staff",
    policy="staff.propose",
    body=HeadForm,
    answer={202: ProposedForm},
    problems=(StaffRefused,),
    idempotent=True,
    summary="提出登记单位经办负责人 / Propose the first person of an institution, who invites the others",
)
def propose_head(form: dict[str, Any]) -> flask.Response:
    """Propose; a second registrar approves, and one of the two makes the first login code."""
    return _proposed(once(asked_head(form)))


def asked_head(form: dict[str, Any]) -> Callable[[Turn], str]:
    """Return what proposes the head of a `HeadForm`; the proposal's id in hex."""
    by, random = reference(), house().random
    return lambda turn: heads.propose(turn, **form, by=by, random=random).hex()


@door(
    bp,
    "POST",
    "/v1/desk/staff/<staff_id>/codes",
    policy="staff.propose",
    body=ReasonForm,
    answer={202: ProposedForm},
    problems=(StaffUnknown, HeadMakesCodes),
    idempotent=True,
    summary="提出为经办负责人生成登录码 / Propose a login code for a head who has no way in",
)
def propose_code(staff_id: str, form: dict[str, Any]) -> flask.Response:
    """Propose; once a second registrar approves, one of the two may make one code."""
    return _proposed(once(asked_code(staff_id, form["reason"])))


def asked_code(staff_id: str, reason: str) -> Callable[[Turn], str]:
    """Return what proposes a code; the proposal's id in hex."""
    by, random = reference(), house().random
    return lambda turn: heads.propose_code(turn, staff_id, reason, by=by, random=random).hex()


@door(
    bp,
    "POST",
    "/v1/desk/staff/<staff_id>/code",
    policy="staff.propose",
    body=EmptyForm,
    answer=OneTimeCodeForm,
    problems=(StaffUnknown, CodeUndecided),
    summary="生成两人决定的登录码 / Make the login code that two officials decided",
)
def code_at_desk(staff_id: str, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - empty
    """Make the code that is handed to the person, once; the institution is told."""
    return answers.answer({"code": heads.draw(house(), staff_id, actor())}, form=OneTimeCodeForm)


@door(
    bp,
    "GET",
    "/v1/desk/staff/acts",
    policy="act.staff.read",
    query=OfficialActsQuery,
    answer=OfficialActsForm,
    summary="单位人员变动 / Who let whom in, and out, at institutions",
)
def list_staff_acts(query: dict[str, Any]) -> flask.Response:
    """List it for the area of who asks, newest first."""
    found = staff_acts(query["before"], query["limit"])
    following = found[-1].id if len(found) == query["limit"] else None
    return answers.answer({"items": found, "next": following}, form=OfficialActsForm)


def staff_acts(before: bytes | None, limit: int) -> list[Done]:
    """Return what people of institutions, and the desk, did to accounts there, newest first."""
    with house().db.read() as conn:
        where = reach(actor(), "act.staff.read")
        return acts.of_staff(conn, where, before=before or b"\xff" * 16, limit=limit)


def _proposed(proposal_hex: str) -> flask.Response:
    proposal_id = bytes.fromhex(proposal_hex)
    with house().db.read() as conn:
        found = two_person.read(conn, proposal_id, house().clock.now_ms())
    return answers.answer({"proposal_id": proposal_id, "subject": found.subject}, 202, form=ProposedForm)
