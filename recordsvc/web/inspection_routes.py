"""An inspector's pages (检查任务): what one was drawn for, evidence, the report, the other's confirmation."""

from typing import Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.errors import Recused
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once
from recordsvc.archive.paper_routes import TO_FILE
from recordsvc.archive.papers import KINDS, Paper
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields, Upload
from recordsvc.oversight import draws, errors, inspecting, views
from recordsvc.oversight.draws import Report
from recordsvc.oversight.forms import ConfirmReportForm, ReportForm
from recordsvc.oversight.routes import confirming, evidence_owner, reporting
from recordsvc.oversight.subjects import RESULTS
from recordsvc.web import draw_views, words
from recordsvc.web.desk_act_routes import with_paper
from recordsvc.web.desk_forms import MOST, Field, codes, faults, judged
from recordsvc.web.desk_routes import FAILED, tabs
from recordsvc.web.paper_routes import paper_line
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

OBJECT: Final = "/desk/draws/<id:draw_id>/objects/<object_id>"
HERE: Final = (errors.DrawUnknown, errors.NotDrawn, Recused)
_SLOTS: Final = ("papers", "papers_2", "papers_3")
_READ: Final = {"claim": "/desk/claims/{}"}
"""Where an inspector reads an object at the desk, with the draw as the case of the look."""
_FIELDS: Final = (
    Field("result", "检查结果", "choice", table=RESULTS),
    Field("summary", "检查情况", "area", hint="会向社会公布，最多 400 字。不要写个人姓名和号码。"),
)
_TOLD: Final = (*_FIELDS, Field("papers", "材料"), Field("file", "文件"))


class ReportPageForm(Form):
    """A report as typed, with up to three papers chosen and one that is filed beside it."""

    result = text(0, 40, load_default="")
    summary = text(0, MOST, load_default="")
    papers = text(0, 64, load_default="")
    papers_2 = text(0, 64, load_default="")
    papers_3 = text(0, 64, load_default="")
    file = text(0, 1_000, load_default="")
    paper_kind = text(0, 40, load_default="")
    paper_title = text(0, 2_000, load_default="")


class ConfirmFoundPageForm(Form):
    """Which report is confirmed: the instant at which it was written, as the page shows it."""

    reported_ms = text(1, 20, required=True)


@door(
    bp,
    "GET",
    "/desk/inspections",
    policy="draw.report",
    surface=Surface.PAGE,
    answer=HTML,
    summary="我的检查任务（网页） / What I was drawn to inspect",
)
def inspections_page() -> flask.Response:
    """List one's tasks, the newest draw first."""
    with house().db.read() as conn:
        every = draws.tasks(conn, actor().id, house().clock.now_ms())
        found = [(one, views.name(house(), conn, one.draw, one.object_id)) for one in every]
    tasks = [
        {
            "href": f"/desk/draws/{uuid_text(one.draw.draw_id)}/objects/{one.object_id}",
            "name": name,
            "id": one.object_id,
            "due": words.day(one.draw.due_on) if one.draw.due_on else "缺工作日安排",
            "state": _state(one.report),
        }
        for one, name in found
    ]
    return page("desk_inspections.html", tabs=tabs(), tasks=tasks)


@door(
    bp,
    "GET",
    OBJECT,
    policy="draw.report",
    surface=Surface.PAGE,
    answer=HTML,
    problems=HERE,
    summary="检查一个对象（网页） / One object that I inspect",
)
def inspection_page(draw_id: bytes, object_id: str) -> flask.Response:
    """Show what is reported so far, and the form."""
    return _task(draw_id, object_id)


@door(
    bp,
    "POST",
    f"{OBJECT}/papers",
    policy="draw.report",
    surface=Surface.PAGE,
    body=Upload(ReportPageForm, ("file",)),
    answer={200: HTML, 422: HTML},
    problems=(*HERE, errors.DrawNotThere, *TO_FILE),
    summary="收存检查材料（网页） / File evidence beside the report",
)
def inspection_paper_button(
    draw_id: bytes, object_id: str, form: dict[str, Any], files: dict[str, bytes]
) -> flask.Response:
    """File evidence with the inspected institution; what was typed stands again, the paper chosen."""
    owner = evidence_owner(draw_id, object_id)
    if owner is None:
        raise errors.DrawNotThere
    try:
        kept = _file(owner, form, files["file"])
    except Problem as problem:
        if problem.status not in (*FAILED, 413, 415):
            raise
        return _task(draw_id, object_id, form, problem)
    return _task(draw_id, object_id, with_paper(form, kept))


def _file(owner: str, form: dict[str, Any], data: bytes) -> Paper:
    if not data:
        raise FormRefused(errors=[{"pointer": "/file", "code": "required", "detail": "请选择一个文件"}])
    return house().papers.keep(owner, data, form["paper_kind"], form["paper_title"], actor())


@door(
    bp,
    "POST",
    f"{OBJECT}/report",
    policy="draw.report",
    surface=Surface.PAGE,
    body=Fields(ReportPageForm),
    answer={303: None, 422: HTML},
    problems=HERE,
    summary="填写检查报告（网页） / Report what was found",
)
def inspection_button(draw_id: bytes, object_id: str, form: dict[str, Any]) -> flask.Response:
    """Write the report; the other inspector confirms it."""
    try:
        said = {name: form[name] for name in ("result", "summary")}
        given = judged(ReportForm, said | {"papers": list(dict.fromkeys(filter(None, _chosen(form))))})
        once(reporting(draw_id, object_id, given))
    except HERE:
        raise
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _task(draw_id, object_id, form, problem)
    return go(f"/desk/draws/{uuid_text(draw_id)}/objects/{object_id}")


@door(
    bp,
    "POST",
    f"{OBJECT}/confirm",
    policy="draw.report",
    surface=Surface.PAGE,
    body=Fields(ConfirmFoundPageForm),
    answer={303: None, 422: HTML},
    problems=HERE,
    summary="确认检查报告（网页） / Confirm the other inspector's report",
)
def inspection_confirm_button(draw_id: bytes, object_id: str, form: dict[str, Any]) -> flask.Response:
    """Confirm the report as it was shown."""
    shown = form["reported_ms"]
    try:
        if not (shown.isascii() and shown.isdigit()):
            raise FormRefused(errors=[{"pointer": "/reported_ms", "code": "value", "detail": "请从本页确认"}])
        given = judged(ConfirmReportForm, {"reported_ms": int(shown)})
        once(confirming(draw_id, object_id, given["reported_ms"]))
    except HERE:
        raise
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _task(draw_id, object_id, {}, problem)
    return go(f"/desk/draws/{uuid_text(draw_id)}/objects/{object_id}")


def _chosen(form: dict[str, Any]) -> list[str]:
    return [form[name] for name in _SLOTS]


def _typed(report: Report, papers: list[Paper]) -> dict[str, Any]:
    """Return a report as its form takes it, so that saying it anew drops nothing."""
    kept = [uuid_text(one.paper_id) for one in papers if one.sha256 in report.papers]
    return {"result": report.result, "summary": report.summary, **dict(zip(_SLOTS, kept, strict=False))}


def _state(report: Report | None) -> tuple[str, str]:
    if report is None:
        return "等待检查", "wait"
    return ("已确认", "good") if report.confirmed_by else ("等待另一人确认", "info")


def _task(
    draw_id: bytes, object_id: str, typed: dict[str, Any] | None = None, problem: Problem | None = None
) -> flask.Response:
    place, now_ms = house(), house().clock.now_ms()
    if isinstance(problem, errors.DrawRefused):
        problem = FormRefused(errors=problem.errors)
    wrong, trouble = ({}, None) if problem is None else faults(problem, _TOLD)
    with place.db.read() as conn:
        found = draws.one(conn, draw_id, now_ms)
        code = inspecting.seat_of(conn, draw_id, object_id, actor().id)
        report = draws.reports(conn, draw_id).get(object_id)
        name = views.name(place, conn, found, object_id)
    owner = evidence_owner(draw_id, object_id) if found.state == "assigned" else None
    own = report is not None and report.reported_by == code
    papers = place.papers.of(owner) if owner else []
    if typed is None:
        typed = _typed(report, papers) if report is not None and own else {}
    return page(
        "desk_inspection.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        draw=draw_views.line(found),
        object=object_id,
        name=name,
        to_read=_READ.get(found.subject, "").format(object_id),
        keeps=owner is not None,
        code=code,
        due=words.day(found.due_on) if found.due_on else "缺工作日安排",
        state=_state(report),
        report=report and {"result": words.code(RESULTS, report.result), "summary": report.summary,
                           "papers": report.papers, "ms": report.reported_ms},
        open=found.state == "assigned" and (report is None or not report.confirmed_by),
        own=own,
        fields=_FIELDS,
        papers=[paper_line(one) for one in reversed(papers)],
        paper_kinds=codes(KINDS),
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )  # fmt: skip
