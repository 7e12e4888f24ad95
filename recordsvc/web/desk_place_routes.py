"""Pages of the desk on where a worker lies: the division."""

from typing import Any, Final
from urllib.parse import urlencode

import flask

from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.archive import errors
from recordsvc.archive.area_routes import DivisionForm, state_division
from recordsvc.archive.looking import Looker
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import Problem
from recordsvc.ground.reading import Fields
from recordsvc.web import desk_looks
from recordsvc.web.desk_act_routes import plain_form
from recordsvc.web.desk_forms import ActPageQuery, DivisionPageForm, Field, faults, judged
from recordsvc.web.desk_renewals import renewed
from recordsvc.web.desk_routes import FAILED
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go
from recordsvc.web.services import bp

_FIELDS: Final = (
    Field("division", "区划代码", hint="六位数字（GB/T 2260），例如兴庆区 640104。", most=6),
    Field("reason", "依据", hint="例如：户口簿、居住证，最多 200 字，不要写姓名和号码。", most=200),
)


@door(
    bp,
    "GET",
    "/desk/workers/<id:worker_id>/division",
    policy="worker.place",
    surface=Surface.PAGE,
    query=ActPageQuery,
    answer={200: HTML, 303: None},
    summary="登记所在区划（网页） / The form that states a worker's division",
)
def division_page(worker_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Ask for the division, and what it is known from."""
    looker = desk_looks.opened(worker_id, query["look"])
    return go("/desk/numbers") if looker is None else _form(worker_id, looker, {})


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>/division",
    policy="worker.place",
    surface=Surface.PAGE,
    body=Fields(DivisionPageForm),
    answer={200: HTML, 303: None, 422: HTML},
    problems=(errors.TargetUnknown,),
    summary="登记所在区划（网页） / State a worker's division from the page",
)
def division_button(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """State it, and go back to where the worker was found."""
    looker = desk_looks.opened(worker_id, form["look"])
    if looker is None:
        again = renewed(form, f"/desk/workers/{uuid_text(worker_id)}/division", "/desk/numbers")
        return again if isinstance(again, flask.Response) else _form(worker_id, again, form)
    try:
        state_division(worker_id, judged(DivisionForm, {one.name: form[one.name] for one in _FIELDS}))
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _form(worker_id, looker, form, problem)
    return go(back_to(worker_id, looker))


def division_of(worker_id: bytes, looker: Looker) -> str:
    """Return the address of the form for the same purpose and case; empty for who may not state it."""
    if not can(looker.actor, "worker.place"):
        return ""
    look = desk_looks.seal(worker_id, looker.purpose, looker.case_ref)
    return f"/desk/workers/{uuid_text(worker_id)}/division?look={look}"


def back_to(worker_id: bytes, looker: Looker) -> str:
    """Return the archive to who reads it, else the numbers."""
    address = f"/desk/workers/{uuid_text(worker_id)}"
    if can(looker.actor, "worker.archive.read"):
        return f"{address}?look={desk_looks.seal(worker_id, looker.purpose, looker.case_ref)}"
    return f"{address}/numbers?{urlencode({'purpose': looker.purpose, 'case_ref': looker.case_ref})}"


def _form(
    worker_id: bytes, looker: Looker, typed: dict[str, Any], problem: Problem | None = None
) -> flask.Response:
    wrong, trouble = faults(problem, _FIELDS) if problem is not None else ({}, None)
    return plain_form(
        "登记所在区划",
        "登记后立即生效，由该区划的工作人员办理；这一登记留有经办记录。",
        f"/desk/workers/{uuid_text(worker_id)}/division",
        _FIELDS,
        (typed, wrong, trouble, problem),
        allowed=True,
        two=False,
        worker=uuid_text(worker_id),
        back=back_to(worker_id, looker),
        look=desk_looks.seal(worker_id, looker.purpose, looker.case_ref),
    )
