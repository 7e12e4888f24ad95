"""Pages of funded projects (项目制培训): what was approved, and proposing one by a handler."""

import uuid
from typing import Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.ground.forms import Form, text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.money.bank.formats import yuan
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims import project_routes as projects
from recordsvc.money.claims.project_forms import NewProjectForm
from recordsvc.web.desk_forms import MOST, Field, faults, judged
from recordsvc.web.desk_routes import FAILED, tabs
from recordsvc.web.fund_routes import WHERE
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp

PLACE: Final = "/desk/projects"
_FIELDS: Final = (
    Field("institution", "培训机构统一社会信用代码", most=18),
    Field("course", "班级编号", hint="机构自己的编号，与结业记录上的一致。", most=80),
    Field("title", "项目名称", most=80),
    Field("doc", "批复文号", most=100),
    WHERE,
    Field("places", "批复人数", most=3),
    Field("price", "人均中标价（元）", hint="例如 2400 或 2400.50；最多到分。", most=20),
)


class NewProjectPageForm(Form):
    """A project, as typed."""

    institution = text(0, 40, load_default="")
    course = text(0, MOST, load_default="")
    title = text(0, MOST, load_default="")
    doc = text(0, MOST, load_default="")
    region = text(0, 40, load_default="")
    places = text(0, 40, load_default="")
    price = text(0, 40, load_default="")


@door(
    bp,
    "GET",
    PLACE,
    policy="fund.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="项目制培训（网页） / Funded projects",
)
def projects_page() -> flask.Response:
    """List the projects of the official's area, with the form for a handler."""
    return _page({}, None)


@door(
    bp,
    "POST",
    PLACE,
    policy="fund.propose",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(NewProjectPageForm),
    answer={303: None, 422: HTML},
    problems=(problems.ProjectRefused,),
    summary="提出登记项目批复（网页） / Propose a funded project",
)
def new_project_button(form: dict[str, Any]) -> flask.Response:
    """Propose it, and lead to the proposal."""
    try:
        return go(f"/desk/proposals/{uuid.UUID(bytes=projects.propose(_asked(form)))}")
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _page(form, problem)


def _asked(typed: dict[str, Any]) -> dict[str, Any]:
    """Return what was typed as the interface takes it. Raises `FormRefused` naming the fields at fault."""
    given = {name: value.strip() for name, value in typed.items() if name != "price"}
    wrong: list[dict[str, Any]] = []
    places = given["places"]
    given["places"] = int(places) if places.isascii() and places.isdigit() else 0
    try:
        given["price_fen"] = yuan.fen(typed["price"].strip())
    except ValueError:
        wrong.append({"pointer": "/price", "code": "value", "detail": "请填金额，单位元，最多两位小数"})
        # What is right stands in for it, so that the other fields are judged as well.
        given["price_fen"] = 1
    try:
        asked = judged(NewProjectForm, given)
    except FormRefused as refused:
        raise FormRefused(errors=wrong + refused.errors) from None
    if wrong:
        raise FormRefused(errors=wrong)
    return asked


def _page(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    for one in problem.errors if problem is not None else ():
        one["pointer"] = str(one.get("pointer", "")).replace("/price_fen", "/price")
    wrong, trouble = ({}, None) if problem is None else faults(problem, _FIELDS)
    return page(
        "desk_projects.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        projects=projects.seen(),
        proposes=can(actor(), "fund.propose"),
        fields=_FIELDS,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )
