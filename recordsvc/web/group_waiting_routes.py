"""Pages of what waits for a second officer of a department (认定复核): the list, deciding, taking back."""

from collections.abc import Callable, Mapping
from typing import Any

import flask

from recordsvc.access import staff
from recordsvc.access.entrance import actor
from recordsvc.access.policy import Surface, door
from recordsvc.archive.errors import ArchiveRestricted, Busy
from recordsvc.ground import http
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import Forbidden, FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.ground.two_person import AlreadyClosed, NotTheProposer, SamePerson, StaleProposal
from recordsvc.groups import routes as groups
from recordsvc.groups import waiting
from recordsvc.groups.errors import AlreadyStated, StatementOver, StatementRefused, WaitingUnknown
from recordsvc.groups.forms import DecideWaitingForm, TakeBackWaitingForm
from recordsvc.groups.waiting import Waiting
from recordsvc.web import words
from recordsvc.web.centre_routes import tabs
from recordsvc.web.desk_forms import Field, faults, judged
from recordsvc.web.desk_routes import FAILED
from recordsvc.web.group_forms import DECIDE, MEMBERS, SOURCES, TAKE_BACK, StatementPageQuery, WaitingPageForm
from recordsvc.web.group_routes import WAITING, gate, looker_of
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

_WORDS = {"approve": True, "refuse": False}


@door(
    bp,
    "GET",
    "/centre/groups/waiting",
    policy="group.keep",
    surface=Surface.PAGE,
    query=StatementPageQuery,
    answer=HTML,
    summary="待复核的认定（网页） / What waits for a second officer of the department",
)
def groups_waiting_page(query: dict[str, Any]) -> flask.Response:
    """List it; everybody shown sees that they were. Without a case, ask for one."""
    return _listed(query["look"])


@door(
    bp,
    "POST",
    "/centre/groups/waiting/<id:proposal_id>/decide",
    policy="group.keep",
    surface=Surface.PAGE,
    body=Fields(WaitingPageForm),
    step_up=True,
    answer={303: None, 403: HTML, 409: HTML, 422: HTML},
    problems=(
        *(WaitingUnknown, AlreadyClosed, SamePerson, StaleProposal, Forbidden),
        *(AlreadyStated, StatementOver, StatementRefused, ArchiveRestricted, Busy),
    ),
    summary="复核认定（网页） / Decide what another officer proposed",
)
def groups_decide_button(proposal_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Approve, which enters it, or refuse."""

    def act(case_ref: str) -> None:
        if form["how"] not in _WORDS:
            raise FormRefused(errors=[{"pointer": "/how", "code": "required", "detail": "请选择同意或退回"}])
        said = {"approve": _WORDS[form["how"]], "reason": form["reason"], "case_ref": case_ref}
        groups.decided(proposal_id, judged(DecideWaitingForm, said))

    return _acted(proposal_id, form, DECIDE, act)


@door(
    bp,
    "POST",
    "/centre/groups/waiting/<id:proposal_id>/withdraw",
    policy="group.keep",
    surface=Surface.PAGE,
    body=Fields(WaitingPageForm),
    answer={303: None, 403: HTML, 409: HTML, 422: HTML},
    problems=(WaitingUnknown, AlreadyClosed, NotTheProposer, StatementRefused),
    summary="撤回待复核的认定（网页） / Take back what one proposed oneself",
)
def groups_take_back_button(proposal_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take it back; nothing was entered."""

    def act(_case_ref: str) -> None:
        groups.taken_back(proposal_id, judged(TakeBackWaitingForm, {"reason": form["reason"]})["reason"])

    return _acted(proposal_id, form, TAKE_BACK, act)


def _acted(
    proposal_id: bytes, form: Mapping[str, Any], fields: tuple[Field, ...], make: Callable[[str], None]
) -> flask.Response:
    looker = looker_of(form["look"])
    if looker is None:
        return gate({}, None, late=True, waits=True, status=422)
    try:
        make(looker.case_ref)
    except Problem as problem:
        if problem.status not in FAILED and not isinstance(problem, SamePerson | NotTheProposer):
            raise
        return _listed(form["look"], proposal_id, form, (problem, fields))
    return go(f"{WAITING}?look={form['look']}")


def _listed(
    look: str,
    proposal_id: bytes = b"",
    form: Mapping[str, Any] | None = None,
    failed: tuple[Problem, tuple[Field, ...]] | None = None,
) -> flask.Response:
    looker = looker_of(look)
    if looker is None:
        return gate({}, None, late=bool(look), waits=True)
    found = waiting.listed(house(), actor(), looker.case_ref, http.current().id)
    with house().db.read() as conn:
        named = {one.staff_id: one.name for one in staff.of_institution(conn, actor().institution or "")}
    wrong, trouble = ({}, None) if failed is None else faults(*failed)
    return page(
        "centre_groups_waiting.html",
        200 if failed is None else failed[0].status,
        tabs=tabs(),
        rows=[_line(one, named) for one in found],
        look=look,
        decide=DECIDE,
        take_back=TAKE_BACK,
        tried=uuid_text(proposal_id) if proposal_id else "",
        typed=form or {},
        wrong=wrong,
        trouble=trouble,
    )


def _line(one: Waiting, named: Mapping[str, str]) -> dict[str, Any]:
    body, before = one.body, one.before or {}
    return {
        "id": uuid_text(one.proposal_id),
        "own": one.own,
        "at": words.instant(one.proposed_ms),
        "by": named.get(one.proposed_by.removeprefix("staff:"), ""),
        "sealed": body is None,
        "corrects": one.before is not None,
        "name": one.name,
        "tail": one.number_tail,
        "group": "" if body is None else words.code("worker_groups", str(body["group"])),
        "facts": []
        if body is None
        else [
            (
                word,
                _said(name, body),
                _said(name, before) if before and body.get(name) != before.get(name) else "",
            )
            for name, word in MEMBERS
            if name in body or name in before
        ],
        "reason": one.reason,
    }


def _facts(body: Mapping[str, Any], before: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return member by member what would stand, and what stands where that differs."""
    named = [(name, word) for name, word in MEMBERS if name in body or name in before]
    changed = {name for name, _ in named if before and body.get(name) != before.get(name)}
    return [(word, _said(name, body), _said(name, before) if name in changed else "") for name, word in named]


def _said(name: str, body: Mapping[str, Any]) -> str:
    value = body.get(name)
    if value is None:
        return "无"
    if name == "source":
        return dict(SOURCES).get(str(value), str(value))
    return words.day(str(value)) if name.endswith(("_from", "_to", "_on")) else str(value)
