"""The page that restricts an archive at once (立即限制处理): the one act that takes one person."""

from typing import Any

import flask

from recordsvc.access.policy import Surface, door, prove
from recordsvc.access.services import once
from recordsvc.archive import errors, life_asks, looking
from recordsvc.archive.life_asks import NO_RECORD
from recordsvc.archive.life_forms import CaseForm
from recordsvc.archive.looking import Looker
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import Problem
from recordsvc.ground.reading import Fields
from recordsvc.people.standing import CLOSED, OPEN, StandingRefused
from recordsvc.web import desk_looks
from recordsvc.web.desk_act_routes import plain_form
from recordsvc.web.desk_acts import RESTRICT_FIELDS
from recordsvc.web.desk_forms import ActPageForm, ActPageQuery, faults, judged
from recordsvc.web.desk_renewals import renewed
from recordsvc.web.desk_routes import FAILED
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go
from recordsvc.web.services import bp, house


@door(
    bp,
    "GET",
    "/desk/workers/<id:worker_id>/restrict",
    policy="archive.restrict",
    surface=Surface.PAGE,
    query=ActPageQuery,
    answer={200: HTML, 303: None},
    summary="限制处理（网页） / The form of a restriction",
)
def restrict_page(worker_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Ask for ground and words."""
    looker = desk_looks.opened(worker_id, query["look"])
    return go(_archive(worker_id)) if looker is None else _restrict_form(worker_id, looker, {})


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>/restrict",
    policy="archive.restrict",
    surface=Surface.PAGE,
    body=Fields(ActPageForm),
    answer={200: HTML, 303: None, 422: HTML},
    problems=(errors.TargetUnknown, StandingRefused),
    summary="立即限制处理（网页） / Restrict an archive at once from its page",
)
def restrict_button(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Seal the archive and show it sealed."""
    looker = desk_looks.opened(worker_id, form["look"])
    if looker is None:
        again = renewed(form, f"{_archive(worker_id)}/restrict", _archive(worker_id))
        return again if isinstance(again, flask.Response) else _restrict_form(worker_id, again, form)
    # Only now: what was typed for a look that is over comes back first.
    prove()
    try:
        given = judged(CaseForm, {one.name: form[one.name] for one in RESTRICT_FIELDS})
        enters = life_asks.restrict(worker_id, NO_RECORD, given)
        once(lambda turn: str(enters(turn)))
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _restrict_form(worker_id, looker, form, problem)
    look = desk_looks.seal(worker_id, looker.purpose, looker.case_ref)
    return go(f"{_archive(worker_id)}?look={look}")


def _restrict_form(
    worker_id: bytes, looker: Looker, typed: dict[str, Any], problem: Problem | None = None
) -> flask.Response:
    with house().db.read_raw() as cursor:
        worker = house().people.load(cursor, worker_id)
    if worker is None:
        raise looking.nobody(house(), looker, worker_id)
    wrong, trouble = faults(problem, RESTRICT_FIELDS) if problem is not None else ({}, None)
    address = _archive(worker_id)
    return plain_form(
        "立即限制处理",
        "提交后立即生效：内容保存但不显示、不提供；解除或删除须两人办理。",
        f"{address}/restrict",
        RESTRICT_FIELDS,
        (typed, wrong, trouble, problem),
        allowed=worker.state in (OPEN, CLOSED),
        two=False,
        worker=uuid_text(worker_id),
        back=f"{address}?look={desk_looks.seal(worker_id, looker.purpose, looker.case_ref)}",
        look=desk_looks.seal(worker_id, looker.purpose, looker.case_ref),
    )


def _archive(worker_id: bytes) -> str:
    return f"/desk/workers/{uuid_text(worker_id)}"
