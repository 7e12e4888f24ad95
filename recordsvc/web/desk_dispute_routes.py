"""One contested record at the desk (异议办理): the case for a purpose, a message, a decision to propose."""

from typing import Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.policy import Surface, door
from recordsvc.archive import disputes, errors, looking
from recordsvc.archive.act_errors import ChangesNothing
from recordsvc.archive.dispute_forms import DecideForm, SayForm
from recordsvc.archive.dispute_routes import propose_shown, say_from_desk, seen_at_desk
from recordsvc.archive.forms import LookQuery
from recordsvc.archive.looking import Looker
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import FormRefused, NotFound, Problem
from recordsvc.ground.reading import Fields
from recordsvc.web import desk_looks, words
from recordsvc.web.cases import case_of
from recordsvc.web.desk_forms import (
    GATE,
    DecidePageForm,
    Field,
    GatePageForm,
    LookPageQuery,
    SayPageForm,
    faults,
    judged,
)
from recordsvc.web.desk_renewals import renewed
from recordsvc.web.desk_routes import FAILED, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, dealer, house
from recordsvc.web.worker_routes import card_of

_MESSAGE: Final = (Field("text", "内容", "area", hint="本人会看到，最多 1000 字。不要写号码。"),)
_HOW: Final = (
    ("correct", "成立：更正记录"),
    ("revoke", "成立：撤销记录"),
    ("restrict", "成立：限制处理记录"),
    ("ground", "不成立"),
)
_DECISION: Final = (
    Field("how", "决定", "choice", rows=_HOW),
    Field("pointer", "更正哪一项", "choice", hint="只在更正时填写。"),
    Field("value", "更正为", hint="只在更正时填写，照原格式写。"),
    Field("revoke", "撤销原因", "choice", hint="只在撤销时选择。", table="revocation_reasons"),
    Field(
        "restrict",
        "限制处理的依据",
        "choice",
        hint="只在限制处理时选择；须由个人信息保护负责人复核。",
        table="restriction_grounds",
        act="restrict",
    ),
    Field("ground", "不成立的依据", "choice", hint="只在不成立时选择。", table="dispute_grounds"),
    Field("text", "理由", "area", hint="本人会看到，写清依据，最多 1000 字。"),
)


@door(
    bp,
    "GET",
    "/desk/disputes/<id:dispute_id>",
    policy="dispute.handle",
    surface=Surface.PAGE,
    query=LookPageQuery,
    answer=HTML,
    problems=(PurposeRefused, errors.ArchiveRestricted),
    summary="一件异议（网页） / One objection, for a purpose and a case",
)
def desk_dispute_page(dispute_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Show the case; without a reason that is still good, ask for one."""
    looker = desk_looks.opened(dispute_id, query["look"])
    if looker is None:
        return _gate(dispute_id, {}, {}, late=bool(query["look"]))
    return _case(dispute_id, looker)


@door(
    bp,
    "POST",
    "/desk/disputes/<id:dispute_id>",
    policy="dispute.handle",
    surface=Surface.PAGE,
    body=Fields(GatePageForm),
    answer={303: None, 422: HTML},
    problems=(PurposeRefused,),
    summary="说明查阅异议的依据（网页） / Say why one looks at an objection",
)
def desk_dispute_look_button(dispute_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take the reason along to the case."""
    try:
        given = judged(LookQuery, form)
        looking.note(house(), Looker(actor(), **given), [], "records")
    except FormRefused as problem:
        return _gate(dispute_id, form, faults(problem, GATE)[0], late=False)
    return _to_case(dispute_id, Looker(actor(), **given))


@door(
    bp,
    "POST",
    "/desk/disputes/<id:dispute_id>/messages",
    policy="dispute.handle",
    surface=Surface.PAGE,
    body=Fields(SayPageForm),
    answer={200: HTML, 303: None, 422: HTML},
    problems=(PurposeRefused, errors.DisputeRefused, errors.ArchiveRestricted),
    summary="向本人说明或询问（网页） / Say or ask something in a case from its page",
)
def desk_say_button(dispute_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Add a message, or say what is wrong with it."""
    looker = desk_looks.opened(dispute_id, form["look"])
    if looker is None:
        return _again(dispute_id, "messages", form, prefix="m")
    try:
        say_from_desk(dispute_id, judged(SayForm, {"text": form["text"]})["text"])
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _case(dispute_id, looker, form, problem, prefix="m")
    return _to_case(dispute_id, looker)


@door(
    bp,
    "POST",
    "/desk/disputes/<id:dispute_id>/decide",
    policy="dispute.handle",
    surface=Surface.PAGE,
    body=Fields(DecidePageForm),
    answer={200: HTML, 303: None, 422: HTML},
    problems=(
        PurposeRefused,
        errors.DisputeRefused,
        errors.TargetUnfit,
        ChangesNothing,
        errors.SchemaRefused,
        errors.ArchiveRestricted,
    ),
    summary="提出异议决定（网页） / Propose a decision from the page of a case",
)
def desk_decide_button(dispute_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose, and show the proposal."""
    looker = desk_looks.opened(dispute_id, form["look"])
    if looker is None:
        return _again(dispute_id, "decide", form)
    try:
        proposal = propose_shown(dispute_id, judged(DecideForm, _decision(dispute_id, looker, form)))
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _case(dispute_id, looker, form, problem)
    return go(f"/desk/proposals/{uuid_text(proposal)}")


def _again(dispute_id: bytes, act: str, form: dict[str, Any], *, prefix: str = "f") -> flask.Response:
    """Ask anew why one looks; then show the case with what was typed."""
    address = f"/desk/disputes/{uuid_text(dispute_id)}"
    given = renewed(form, f"{address}/{act}", address)
    return given if isinstance(given, flask.Response) else _case(dispute_id, given, form, prefix=prefix)


def _decision(dispute_id: bytes, looker: Looker, form: dict[str, Any]) -> dict[str, Any]:
    """Return what was typed as members of `DecideForm`. Raises `FormRefused`."""
    if form["how"] not in dict(_HOW):
        raise FormRefused(errors=[{"pointer": "/how", "code": "required", "detail": "请选择一种决定"}])
    if form["how"] != "correct":
        if not form[form["how"]]:
            raise FormRefused(errors=[{"pointer": f"/{form['how']}", "code": "required", "detail": "请选择"}])
        return {form["how"]: form[form["how"]], "text": form["text"]}
    dispute, archive, _waiting = seen_at_desk(dispute_id, looker.purpose, looker.case_ref)
    state = archive.state.of(dispute.seq)
    before = {} if state is None or state.body is None else dict(_scalars(state.body))
    value = " ".join(form["value"].split())
    if form["pointer"] not in before:
        raise FormRefused(errors=[{"pointer": "/pointer", "code": "required", "detail": "请选择一项"}])
    if not value:
        raise FormRefused(errors=[{"pointer": "/value", "code": "required", "detail": "必填"}])
    whole = isinstance(before[form["pointer"]], int) and value.isascii() and value.isdigit()
    return {"correct": {f"/body{form['pointer']}": int(value) if whole else value}, "text": form["text"]}


def _scalars(body: Any, above: str = "") -> list[tuple[str, Any]]:
    """Return pointer and value of what is text or a number in a body; lists are corrected elsewhere."""
    found: list[tuple[str, Any]] = []
    for name, value in body.items():
        if isinstance(value, dict):
            found += _scalars(value, f"{above}/{name}")
        elif isinstance(value, str | int) and not isinstance(value, bool):
            found.append((f"{above}/{name}", value))
    return found


def _case(
    dispute_id: bytes,
    looker: Looker,
    typed: dict[str, Any] | None = None,
    problem: Problem | None = None,
    *,
    prefix: str = "f",
) -> flask.Response:
    dispute, archive, waiting = seen_at_desk(dispute_id, looker.purpose, looker.case_ref)
    state = archive.state.of(dispute.seq)
    if state is None:
        raise NotFound
    record = state.record or {}
    lines = words.lines(record["type"], record["version"], state.body or {}) if record else ()
    fields = _MESSAGE if prefix == "m" else _DECISION
    wrong, trouble = faults(problem, fields) if problem is not None else ({}, None)
    leaves = [(pointer, _choice(record, pointer, value)) for pointer, value in _scalars(state.body or {})]
    return page(
        "desk_dispute.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        one=case_of(archive, dispute, card_of(archive, state, dealer())),
        lines=lines,
        worker=uuid_text(dispute.worker_id),
        archive=desk_looks.seal(dispute.worker_id, looker.purpose, looker.case_ref),
        waiting=[uuid_text(each.proposal_id) for each in waiting],
        may_decide=not dispute.closed and dispute.owner == disputes.REGION and bool(record),
        purpose=words.code("lookup_purposes", looker.purpose),
        case_ref=looker.case_ref,
        look=desk_looks.seal(dispute_id, looker.purpose, looker.case_ref),
        message=_MESSAGE,
        decision=_DECISION,
        pointers=leaves,
        prefix=prefix,
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
    )


def _choice(record: dict[str, Any] | Any, pointer: str, value: Any) -> str:
    """Return what a member is called, the titles of its schema from the outside in, and what it says.

    A code and a count of minutes stand beside their words, since a correction writes them.
    """
    inner: Any = value
    for name in reversed(pointer.strip("/").split("/")):
        inner = {name: inner}
    (line,) = words.lines(str(record["type"]), int(record["version"]), inner)
    found = [line.label]
    while line.inner:
        (line,) = line.inner
        found.append(line.label)
    written = "" if line.value == str(value) else f"，写作 {value}"
    return f"{' · '.join(found)}（现为 {line.value}{written}）"


def _gate(dispute_id: bytes, typed: dict[str, Any], wrong: dict[str, str], *, late: bool) -> flask.Response:
    return page(
        "desk_dispute_gate.html",
        422 if wrong else 200,
        dispute=uuid_text(dispute_id),
        late=late,
        fields=GATE,
        typed=typed,
        wrong=wrong,
    )


def _to_case(dispute_id: bytes, looker: Looker) -> flask.Response:
    look = desk_looks.seal(dispute_id, looker.purpose, looker.case_ref)
    return go(f"/desk/disputes/{uuid_text(dispute_id)}?look={look}")
