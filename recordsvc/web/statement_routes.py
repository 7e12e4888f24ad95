"""The page on which a worker states something of themself (本人陈述)."""

from typing import Any, Final

import flask

from recordsvc.access.policy import Surface, door
from recordsvc.archive import errors
from recordsvc.archive.declare import declare
from recordsvc.archive.forms import StatementForm
from recordsvc.archive.me_routes import own_channel, own_stater
from recordsvc.archive.services import entered, own_worker
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.desk_forms import Field, faults, judged
from recordsvc.web.forms import StatementPageForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

FIELDS: Final = (
    Field("matter", "哪一类经历", "choice", table="statement_matters"),
    Field("title", "名称", hint="例如：某某工地电焊工。最多 200 字。", most=200),
    Field("started_on", "开始日期（可以不填）", "day"),
    Field("ended_on", "结束日期（可以不填）", "day"),
    Field("text", "经过", "area", hint="用自己的话写。登记后不能改，可以再写一条。"),
)
_AT: Final = {"/body/started_on": "/started_on", "/body/ended_on": "/ended_on", "/body/matter": "/matter"}


@door(
    bp,
    "GET",
    "/me/statement",
    policy="own.statement.make",
    surface=Surface.PAGE,
    answer=HTML,
    summary="本人陈述（网页） / The form for something of one's own",
)
def statement_page() -> flask.Response:
    """Ask what it was, when, and for the worker's own words."""
    return _form({}, None)


@door(
    bp,
    "POST",
    "/me/statement",
    policy="own.statement.make",
    surface=Surface.PAGE,
    body=Fields(StatementPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(
        errors.SchemaRefused,
        errors.ContentRefused,
        errors.RecordErased,
        errors.ArchiveRestricted,
        errors.Busy,
    ),
    summary="提交本人陈述（网页） / State an experience of one's own from the page",
)
def statement_button(form: dict[str, Any]) -> flask.Response:
    """Enter it, or show the form again with what is wrong."""
    try:
        said = judged(StatementForm, form)
        record_id, index = declare(
            house(), own_worker(), said | {"channel": own_channel("page")}, own_stater()
        )
        entered(index)
    except (FormRefused, errors.SchemaRefused, errors.ContentRefused, errors.RecordErased) as problem:
        return _form(form, problem)
    return go(f"/me/records/{words.uuid_text(record_id)}")


def _form(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    wrong, trouble = ({}, None) if problem is None else faults(_placed(problem), FIELDS)
    return page(
        "statement.html",
        200 if problem is None else problem.status,
        fields=FIELDS,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )


def _placed(problem: Problem) -> Problem:
    """Let what is wrong with the record point at the field in which it was typed."""
    placed = [
        dict(one, pointer=_AT.get(str(one.get("pointer", "")), one.get("pointer"))) for one in problem.errors
    ]
    if isinstance(problem, FormRefused) or not all(one["pointer"] in _AT.values() for one in placed):
        return problem
    return FormRefused(errors=[{**one, "detail": one.get("zh") or one.get("detail", "")} for one in placed])
