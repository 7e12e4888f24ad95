"""The desk's pages of draws (双随机抽查): commit, reveal, assign, publish."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.grants import can, reach
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once, reference
from recordsvc.ground.commit import Turn
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.oversight import committing, draws, errors, inspecting
from recordsvc.oversight.draws import Draw
from recordsvc.oversight.forms import DrawForm, DrawsQuery, RevealForm
from recordsvc.oversight.routes import committed, step
from recordsvc.web import draw_views
from recordsvc.web.desk_act_routes import plain_form
from recordsvc.web.desk_forms import Field, faults, judged
from recordsvc.web.desk_routes import FAILED, name_of, tabs
from recordsvc.web.draw_routes import FIRST, PAGE
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

DESK: Final = "/desk/draws/<id:draw_id>"


class SubjectField(Field):
    """The choice of what is drawn: the sorts of objects that rooms registered."""

    def choices(self) -> Sequence[tuple[str, str]]:
        """Return each sort with what it is called."""
        return [(kind, one.title_zh) for kind, one in house().draw_subjects.items()]


_NUMBERS: Final = ("percent", "inspectors")
_FIELDS: Final = (
    SubjectField("subject", "抽查对象", "choice"),
    Field("area", "区划代码", hint="2 位为全区，4 位为市，6 位为县区。", most=6),
    Field("source", "公共事件", "choice", table="draw_events"),
    Field("issue", "期号", hint="承诺之后才开奖的一期，例如 2026141。", most=20),
    Field("event_on", "开奖日期", "day"),
    Field("percent", "抽取比例（%）", hint="不填为规定的最低比例。", most=3),
    Field("inspectors", "每个对象几名检查人员", hint="不填为规定的最少人数。", most=2),
    Field("opens_on", "名单公开日期", "day", hint="不填为揭示当日；不事先通知的检查可以晚些公开。"),
)
_VALUE: Final = (Field("value", "开奖结果", hint="按公布的号码填写。", most=80),)


class DrawPageForm(Form):
    """A draw as typed."""

    subject = text(0, 20, load_default="")
    area = text(0, 20, load_default="")
    source = text(0, 40, load_default="")
    issue = text(0, 40, load_default="")
    event_on = text(0, 20, load_default="")
    opens_on = text(0, 20, load_default="")
    percent = text(0, 20, load_default="")
    inspectors = text(0, 20, load_default="")


class RevealPageForm(Form):
    """What came out of the event, as typed."""

    value = text(0, 200, load_default="")


class StepPageForm(Form):
    """A button."""


@door(
    bp,
    "GET",
    "/desk/draws",
    policy="draw.read",
    surface=Surface.PAGE,
    query=DrawsQuery,
    answer=HTML,
    summary="双随机抽查（网页） / Draws of one's area",
)
def desk_draws_page(query: dict[str, Any]) -> flask.Response:
    """List draws of the official's area, the newest first."""
    now_ms, where = house().clock.now_ms(), reach(actor(), "draw.read")
    with house().db.read() as conn:
        found = draws.newest(conn, now_ms, where, query["before"] or FIRST, PAGE)
        years = draws.years(conn, now_ms)
    return page(
        "desk_draws.html",
        tabs=tabs(),
        draws=[draw_views.line(one) for one in found],
        years=years,
        older=uuid_text(found[-1].draw_id) if len(found) == PAGE else "",
        commits=can(actor(), "draw.commit"),
    )


@door(
    bp,
    "GET",
    "/desk/draws/new",
    policy="draw.commit",
    surface=Surface.PAGE,
    answer=HTML,
    summary="承诺一次抽查（网页） / The form to commit to a draw",
)
def draw_new_page() -> flask.Response:
    """Ask for the area and the public event."""
    return _new({"subject": "institution"}, None)


@door(
    bp,
    "POST",
    "/desk/draws/new",
    policy="draw.commit",
    surface=Surface.PAGE,
    body=Fields(DrawPageForm),
    answer={303: None, 422: HTML},
    problems=(errors.DrawRefused, errors.DrawKnown, errors.TooFewInspectors),
    summary="承诺一次抽查（网页） / Commit to a draw",
)
def draw_new_button(form: dict[str, Any]) -> flask.Response:
    """Commit, and show the draw."""
    try:
        made = once(committed(_asked(form)))
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _new(form, problem)
    return go(f"/desk/draws/{uuid_text(bytes.fromhex(made))}")


def _asked(typed: dict[str, Any]) -> dict[str, Any]:
    """Return what was typed as the API's form reads it. Raises `FormRefused` naming all fields at fault."""
    wrong: list[Any] = []
    given: dict[str, Any] = dict(typed)
    for name in _NUMBERS:
        value = typed[name].strip()
        given[name] = int(value) if value.isascii() and value.isdigit() and len(value) < 4 else ""
        if value and given[name] == "":
            wrong.append({"pointer": f"/{name}", "code": "value", "detail": "请填一个整数"})
    try:
        said = judged(DrawForm, given)
    except FormRefused as refused:
        raise FormRefused(errors=[*wrong, *refused.errors]) from None
    if wrong:
        raise FormRefused(errors=wrong)
    return said


def _new(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    wrong, trouble = _told(problem, _FIELDS)
    return plain_form(
        "承诺一次抽查",
        "提交后立即写入公开日志，不能修改：名单、比例、人数和盐值的摘要，以及由哪一期开奖揭示。开奖后须由另一人揭示。",
        "/desk/draws/new",
        _FIELDS,
        (typed, wrong, trouble, problem),
        allowed=True,
        two=False,
        worker="",
        back="/desk/draws",
        look="",
    )


def _told(problem: Problem | None, fields: tuple[Field, ...]) -> tuple[dict[str, str], Problem | None]:
    """Return what is wrong by field; a room's own refusal names fields like a form's."""
    if isinstance(problem, errors.DrawRefused):
        return faults(FormRefused(errors=problem.errors), fields)
    return ({}, None) if problem is None else faults(problem, fields)


# -- one draw


@door(
    bp,
    "GET",
    DESK,
    policy="draw.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(errors.DrawUnknown,),
    summary="一次抽查（工作台网页） / One draw with what waits to be done",
)
def desk_draw_page(draw_id: bytes) -> flask.Response:
    """Show a draw, and the button of its next step to whom it is due."""
    return _draw(draw_id)


@door(
    bp,
    "POST",
    f"{DESK}/reveal",
    policy="draw.reveal",
    surface=Surface.PAGE,
    body=Fields(RevealPageForm),
    answer={303: None, 422: HTML},
    problems=(errors.DrawUnknown,),
    summary="揭示（网页） / Reveal a draw",
)
def reveal_button(draw_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Add what came out of the event, and draw."""

    def act() -> Callable[..., None]:
        return partial(committing.reveal, value=judged(RevealForm, form)["value"])

    return _stepped(draw_id, act, form)


@door(
    bp,
    "POST",
    f"{DESK}/assign",
    policy="draw.assign",
    surface=Surface.PAGE,
    body=Fields(StepPageForm),
    answer={303: None, 422: HTML},
    problems=(errors.DrawUnknown,),
    summary="派发（网页） / Assign the inspectors that were drawn",
)
def assign_button(draw_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Give each drawn object its inspectors."""
    return _stepped(draw_id, lambda: inspecting.assign, form)


@door(
    bp,
    "POST",
    f"{DESK}/publish",
    policy="draw.publish",
    surface=Surface.PAGE,
    body=Fields(StepPageForm),
    answer={303: None, 422: HTML},
    problems=(errors.DrawUnknown,),
    summary="公布（网页） / Publish what was found",
)
def publish_button(draw_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Publish results, lists, reveal and assignment."""
    return _stepped(draw_id, lambda: inspecting.publish, form)


def _stepped(draw_id: bytes, act: Callable[[], Callable[..., None]], form: dict[str, Any]) -> flask.Response:
    try:
        run: Callable[[Turn], str] = step(draw_id, act())
        once(run)
    except errors.DrawUnknown:
        raise
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _draw(draw_id, form, problem)
    return go(f"/desk/draws/{uuid_text(draw_id)}")


def _draw(
    draw_id: bytes, typed: dict[str, Any] | None = None, problem: Problem | None = None
) -> flask.Response:
    wrong, trouble = _told(problem, _VALUE)
    with house().db.read() as conn:
        found = draws.one(conn, draw_id, house().clock.now_ms())
        shown = draw_views.whole(conn, found, within=True)
    return page(
        "desk_draw.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        draw=shown,
        next=_next(found),
        acts=[(name, name_of(by)) for name, by in _acts(found) if by],
        fields=_VALUE,
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
        mine=actor().id,
    )


def _next(found: Draw) -> str:
    """Return the step that whoever asks may take now; else nothing."""
    due = {"committed": "reveal", "revealed": "assign", "reported": "publish"}.get(found.state, "")
    if due == "reveal" and found.event_ms > house().clock.now_ms():
        return ""
    if due == "reveal" and found.committed_by == reference():
        return ""
    return due if due and can(actor(), f"draw.{due}") else ""


def _acts(found: Draw) -> tuple[tuple[str, str | None], ...]:
    return (
        ("承诺", found.committed_by),
        ("揭示", found.revealed_by),
        ("派发", found.assigned_by),
        ("公布", found.published_by),
    )
