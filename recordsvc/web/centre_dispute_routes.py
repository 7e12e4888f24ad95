"""Objections as an institution's people handle them (本单位办理异议): what was said, a message, the answer.

A correction is signed and sent as any other record; here the answer names it. Each look at a case is noted.
"""

from collections.abc import Iterator
from typing import Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.archive import disputes, errors
from recordsvc.archive.dispute_forms import AnswerForm, SayForm
from recordsvc.archive.dispute_routes import answer_from_issuer, say_from_issuer, seen_by_issuer
from recordsvc.archive.disputes import Dispute
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import Archive
from recordsvc.archive.services import own_institution
from recordsvc.archive.states import RecordState
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import FormRefused, NotFound, Problem
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.cases import case_of
from recordsvc.web.centre_routes import SHOWN, tabs
from recordsvc.web.desk_forms import Field, faults, judged
from recordsvc.web.desk_routes import FAILED
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, dealer, house
from recordsvc.web.worker_routes import card_of

_MESSAGE: Final = (
    Field("text", "内容", "area", hint="本人会看到，也会看到您的姓名，最多 1000 字。不要写号码。"),
)
_OUTCOMES: Final = (("upheld", "成立：以更正或撤销记录改正"), ("rejected", "不成立：由登记机关决定"))
_ANSWER: Final = (
    Field("outcome", "答复", "choice", rows=_OUTCOMES),
    Field("record_id", "改正用的记录", "choice", hint="只在成立时选择：异议提出后本单位已报送的更正或撤销。"),
    Field("coming", "将要报送的更正、撤销记录编号", hint="只在成立且尚未报送时填写，36 位。", most=36),
    Field("text", "理由", "area", hint="本人会看到，也会看到您的姓名，写清依据，最多 1000 字。"),
)


class CaseSayForm(Form):
    """A message as typed."""

    text = text(0, 4_000, load_default="")


class CaseAnswerForm(Form):
    """An answer as typed; of the two places for a record one counts."""

    outcome = text(0, 10, load_default="")
    record_id = text(0, 64, load_default="")
    coming = text(0, 64, load_default="")
    text = text(0, 4_000, load_default="")  # last: it hides the function that makes fields


@door(
    bp,
    "GET",
    "/centre/disputes",
    policy="dispute.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="涉及本单位的异议（网页） / Objections to own records",
)
def centre_disputes_page() -> flask.Response:
    """List open cases without what was said; the most urgent first."""
    today = beijing_date(house().clock.now_ms()).isoformat()
    with house().db.read() as conn:
        found = disputes.of_issuer(conn, own_institution(), limit=SHOWN)
    rows = [
        {
            "id": one.name,
            "opened": words.instant(one.opened_ms),
            "due": words.day(one.due_on) if one.due_on else "待定",
            "mine": one.owner == disputes.ISSUER,
            "late": bool(one.due_on) and one.due_on < today,
        }
        for one in found
    ]
    return page("centre_disputes.html", tabs=tabs(), rows=rows)


@door(
    bp,
    "GET",
    "/centre/disputes/<id:dispute_id>",
    policy="dispute.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(errors.ArchiveRestricted,),
    summary="一件异议（网页） / One objection to an own record; the worker sees that it was read",
)
def centre_dispute_page(dispute_id: bytes) -> flask.Response:
    """Show the case, once the look is noted."""
    return _case(dispute_id)


@door(
    bp,
    "POST",
    "/centre/disputes/<id:dispute_id>/messages",
    policy="dispute.say",
    surface=Surface.PAGE,
    body=Fields(CaseSayForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(errors.DisputeRefused, errors.ArchiveRestricted),
    summary="签发单位向本人说明或询问（网页） / Say or ask something in a case from its page, as its issuer",
)
def centre_say_button(dispute_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Add a message, or say what is wrong with it."""
    try:
        say_from_issuer(dispute_id, judged(SayForm, form)["text"])
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _case(dispute_id, form, problem, prefix="m")
    return go(f"/centre/disputes/{uuid_text(dispute_id)}")


@door(
    bp,
    "POST",
    "/centre/disputes/<id:dispute_id>/answer",
    policy="dispute.answer",
    surface=Surface.PAGE,
    body=Fields(CaseAnswerForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(errors.DisputeRefused, errors.TargetUnfit, errors.ArchiveRestricted),
    summary="签发单位答复异议（网页） / Answer an objection from its page",
)
def centre_answer_button(dispute_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Answer, or say what is wrong with the answer."""
    try:
        answer_from_issuer(dispute_id, judged(AnswerForm, _answer(form)))
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        if form["coming"].strip() and isinstance(problem, FormRefused):
            for one in problem.errors:
                one["pointer"] = str(one["pointer"]).replace("/record_id", "/coming")
        return _case(dispute_id, form, problem)
    return go(f"/centre/disputes/{uuid_text(dispute_id)}")


def _answer(form: dict[str, Any]) -> dict[str, str]:
    """Return what was typed as members of `AnswerForm`. Raises `FormRefused` naming all that is wrong.

    A reason is asked of people in both cases: it is what tells the worker who answered.
    """
    coming = form["coming"].strip()
    wrong = {}
    if form["outcome"] not in dict(_OUTCOMES):
        wrong["outcome"] = "请选择"
    elif form["outcome"] == "upheld" and bool(form["record_id"]) == bool(coming):
        wrong["record_id"] = "请选择已报送的一条，或者填写将要报送的编号，只用一种"
    elif form["outcome"] == "rejected" and (form["record_id"] or coming):
        wrong["record_id"] = "不成立的，不选改正用的记录"
    if not form["text"].strip():
        wrong["text"] = "必填"
    if wrong:
        raise FormRefused(
            errors=[
                {"pointer": f"/{name}", "code": "value", "detail": detail} for name, detail in wrong.items()
            ]
        )
    return {"outcome": form["outcome"], "record_id": form["record_id"] or coming, "text": form["text"]}


def _case(
    dispute_id: bytes,
    typed: dict[str, Any] | None = None,
    problem: Problem | None = None,
    *,
    prefix: str = "f",
) -> flask.Response:
    dispute, archive = seen_by_issuer(dispute_id)
    state, who = archive.state.of(dispute.seq), actor()
    if state is None:
        raise NotFound
    record = state.record or {}
    open_here = not dispute.closed and dispute.owner == disputes.ISSUER
    wrong, trouble = faults(problem, _MESSAGE if prefix == "m" else _ANSWER) if problem else ({}, None)
    return page(
        "centre_dispute.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        one=case_of(archive, dispute, card_of(archive, state, dealer()), for_issuer=True),
        lines=words.lines(record["type"], record["version"], state.body or {}) if record else (),
        may_say=open_here and can(who, "dispute.say", who),
        may_answer=open_here and can(who, "dispute.answer", who),
        ours=open_here,
        message=_MESSAGE,
        answer=_ANSWER,
        acts=list(_acts(archive, state, dispute)),
        prefix=prefix,
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
    )


def _acts(archive: Archive, state: RecordState, dispute: Dispute) -> Iterator[tuple[str, str]]:
    """Yield id and words of what the issuer entered on the record since the objection."""
    for act in state.history:
        entry = archive.entries[act.seq]
        if entry.record is None or act.seq < dispute.contest_seq:
            continue
        if act.kind in (Kind.CORRECT, Kind.REVOKE) and entry.record["issuer"] == dispute.issuer:
            word = "更正" if act.kind is Kind.CORRECT else "撤销"
            yield str(entry.record["id"]), f"{word}，{words.instant(entry.ms)}入档"
