"""The desk's page of heads of institutions (单位负责人): entering one, letting in who lost every way in."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import flask

from recordsvc.access import head_routes, heads, objects
from recordsvc.access.entrance import actor
from recordsvc.access.errors import StaffRefused, StaffUnknown
from recordsvc.access.head_errors import CodeUndecided, HeadMakesCodes
from recordsvc.access.heads import Head
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once
from recordsvc.access.staff_forms import HeadForm
from recordsvc.ground.commit import Turn
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import FormRefused, NotFound, Problem
from recordsvc.ground.reading import Fields
from recordsvc.people.checks import IdentifierError
from recordsvc.people.identifiers import uscc
from recordsvc.web import words
from recordsvc.web.desk_forms import MOST, Field, ReasonPageForm, faults, judged, reason_of
from recordsvc.web.desk_routes import FAILED, institution_name, tabs
from recordsvc.web.forms import NoFieldsForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

POLICY: Final = "staff.propose"
FIND: Final = (Field("uscc", "统一社会信用代码", hint="18 位。", most=18),)
ENTER: Final = (
    Field("institution", "统一社会信用代码", hint="18 位。", most=18),
    Field("name", "姓名", hint="经办负责人的姓名，按身份证件填写。", most=80),
    Field("reason", "理由", "area", hint="写清核对了哪些文书，最多 400 字，不要写号码。"),
)
WHY: Final = (
    Field("reason", "理由", "area", hint="写清怎样核对了来人和单位的请求，最多 400 字，不要写号码。"),
)


class HeadsPageQuery(Form):
    """Whose heads, as typed."""

    uscc = text(0, 40, load_default="")


class NewHeadPageForm(Form):
    """A head as typed."""

    institution = text(0, 40, load_default="")
    name = text(0, 200, load_default="")
    reason = text(0, MOST, load_default="")


@door(
    bp,
    "GET",
    "/desk/staff",
    policy=POLICY,
    surface=Surface.PAGE,
    query=HeadsPageQuery,
    answer={200: HTML, 422: HTML},
    summary="单位负责人（网页） / Heads of institutions",
)
def heads_page(query: dict[str, Any]) -> flask.Response:
    """Show the heads of the institution that was asked for, and the form to enter one."""
    typed = query["uscc"].strip().upper()
    if not typed:
        return _page()
    try:
        return _page(_found(typed))
    except FormRefused as problem:
        return _page(which="find", typed={"uscc": typed}, problem=problem)


@door(
    bp,
    "POST",
    "/desk/staff",
    policy=POLICY,
    surface=Surface.PAGE,
    body=Fields(NewHeadPageForm),
    answer={303: None, 422: HTML},
    problems=(StaffRefused,),
    summary="提出登记经办负责人（网页） / Propose the head of an institution",
)
def propose_head_button(form: dict[str, Any]) -> flask.Response:
    """Propose a head; another registrar decides."""
    return _tried("enter", "", form, lambda: head_routes.asked_head(judged(HeadForm, form)))


@door(
    bp,
    "POST",
    "/desk/staff/<staff_id>/codes",
    policy=POLICY,
    surface=Surface.PAGE,
    body=Fields(ReasonPageForm),
    answer={303: None, 422: HTML},
    problems=(StaffUnknown, HeadMakesCodes),
    summary="提出生成登录码（网页） / Propose a login code for a head who has no way in",
)
def propose_code_button(staff_id: str, form: dict[str, Any]) -> flask.Response:
    """Propose a code; another registrar decides."""
    own = head_routes.institution_of(staff_id)
    return _tried(staff_id, own, form, lambda: head_routes.asked_code(staff_id, reason_of(form)))


@door(
    bp,
    "POST",
    "/desk/staff/<staff_id>/code",
    policy=POLICY,
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer=HTML,
    problems=(StaffUnknown, CodeUndecided),
    summary="生成两人决定的登录码（网页） / Make the login code that two officials decided",
)
def code_at_desk_button(staff_id: str, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - empty
    """Make the code, and show it this once."""
    own = head_routes.institution_of(staff_id)
    return _page(own, code=heads.draw(house(), staff_id, actor()), login=staff_id)


def _found(typed: str) -> str:
    """Return the code of an institution of one's area as typed. Raises `FormRefused`."""
    try:
        own = uscc(typed).value
        objects.guard(POLICY, (), {"uscc": own})
    except (IdentifierError, NotFound):
        detail = "没有这个单位，或不在您的区划。请逐位核对。"
        raise FormRefused(errors=[{"pointer": "/uscc", "code": "value", "detail": detail}]) from None
    return own


def _tried(
    which: str, own: str, form: dict[str, Any], asked: Callable[[], Callable[[Turn], str]]
) -> flask.Response:
    try:
        return go(f"/desk/proposals/{uuid_text(bytes.fromhex(once(asked())))}")
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _page(own, which=which, typed=form, problem=problem)


def _page(
    own: str = "",
    *,
    which: str = "",
    typed: dict[str, Any] | None = None,
    problem: Problem | None = None,
    code: str = "",
    login: str = "",
) -> flask.Response:
    fields: Sequence[Field] = {"find": FIND, "enter": ENTER}.get(which, WHY)
    wrong, trouble = ({}, None) if problem is None else faults(problem, fields)
    found: list[Head] = head_routes.seen(own) if own else []
    return page(
        "desk_staff.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        own=own,
        called=institution_name()(own) if own else "",
        heads=[
            {"id": one.staff_id, "name": one.name, "since": words.instant(one.since_ms), "draws": one.draws}
            for one in found
        ],
        lone=len(found) == 1,
        find=FIND,
        enter=ENTER,
        why=WHY,
        which=which,
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
        code=code,
        login=login,
    )
