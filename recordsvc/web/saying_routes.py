"""Pages on which the worker speaks (确认、异议): a button, a form, and what then stands in the archive."""

from typing import Any, Final
from urllib.parse import urlencode

import flask

from recordsvc import dated
from recordsvc.access.policy import Surface, door
from recordsvc.archive.confirm import Shown, confirm, contest
from recordsvc.archive.contest_again import NothingNew
from recordsvc.archive.forms import RecordQuery
from recordsvc.archive.me_routes import TO_CONTEST, TO_SAY, check_contest_reason, own_channel, own_stater
from recordsvc.archive.services import entered, own_worker
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.forms import ButtonForm, ObjectionForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, dealer, house
from recordsvc.web.worker_routes import card_of, cards_of, own_record, waiting

CHANNEL: Final = "page"
MAX_TEXT: Final = 1_000


@door(
    bp,
    "POST",
    "/me/records/<id:record_id>/confirm",
    policy="own.record.decide",
    surface=Surface.PAGE,
    query=RecordQuery,
    body=Fields(ButtonForm),
    answer={303: None},
    problems=TO_SAY,
    summary="确认一条记录（网页） / Confirm a record from its page",
)
def confirm_button(record_id: bytes, query: dict[str, Any], form: dict[str, Any]) -> flask.Response:
    """Enter the worker's confirmation."""
    shown = Shown(record_id, form["seen"], query["issuer"])
    entered(confirm(house(), own_worker(), shown, own_channel(CHANNEL), own_stater()))
    return _to_said(shown)


@door(
    bp,
    "GET",
    "/me/records/<id:record_id>/contest",
    policy="own.record.decide",
    surface=Surface.PAGE,
    query=RecordQuery,
    answer=HTML,
    summary="提出异议（网页） / The form of an objection",
)
def contest_page(record_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Ask for the reason."""
    return _contest_form(record_id, query, {"reason": "", "text": "", "seen": None})


@door(
    bp,
    "POST",
    "/me/records/<id:record_id>/contest",
    policy="own.record.decide",
    surface=Surface.PAGE,
    query=RecordQuery,
    body=Fields(ObjectionForm),
    answer={303: None, 422: HTML},
    problems=TO_CONTEST,
    summary="提交异议（网页） / Contest a record from its page",
)
def contest_button(record_id: bytes, query: dict[str, Any], form: dict[str, Any]) -> flask.Response:
    """Enter the worker's objection, or show the form again with what is wrong."""
    # A signed text is one line: line breaks of the text field become spaces.
    form["text"] = " ".join(form["text"].split())
    try:
        check_contest_reason(form["reason"])
    except FormRefused:
        return _contest_form(record_id, query, form, ("reason", "请选择一个原因"))
    if len(form["text"]) > MAX_TEXT:
        return _contest_form(record_id, query, form, ("text", f"说明最多 {MAX_TEXT} 字，请缩短"))
    shown = Shown(record_id, form["seen"], query["issuer"])
    channel, stater = own_channel(CHANNEL), own_stater()
    try:
        index = contest(house(), own_worker(), shown, channel, stater, form["reason"], form["text"])
    except NothingNew as problem:
        told = ("text", f"{problem.title_zh}。{problem.remedy_zh}")
        return _contest_form(record_id, query, form, told)
    entered(index)
    return _to_said(shown)


def _to_said(shown: Shown) -> flask.Response:
    issuer = "" if shown.issuer is None else "?" + urlencode({"issuer": shown.issuer})
    return go(f"/me/records/{words.uuid_text(shown.record_id)}/said{issuer}")


def _contest_form(
    record_id: bytes, query: dict[str, Any], form: dict[str, Any], error: tuple[str, str] | None = None
) -> flask.Response:
    archive, _entry, state = own_record(record_id, query)
    card = card_of(archive, state, dealer())
    if not card.may_contest:
        return go(f"/me/records/{card.record_id}{card.query}")
    today = beijing_date(house().clock.now_ms()).isoformat()
    reasons = dated.table("contest_reasons").on(today).rows
    return page(
        "contest.html",
        422 if error else 200,
        card=card,
        reasons=reasons,
        form=form,
        error=error,
        most=MAX_TEXT,
    )


@door(
    bp,
    "GET",
    "/me/records/<id:record_id>/said",
    policy="own.archive.read",
    surface=Surface.PAGE,
    query=RecordQuery,
    answer={200: HTML, 303: None},
    summary="已提交（网页） / What I said of a record, after saying it",
)
def said_page(record_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Show the worker's word as it now stands in the archive, and what still waits."""
    archive, _entry, state = own_record(record_id, query)
    cards = cards_of(archive, dealer())
    card = next(one for one in cards if one.seq == state.seq)
    if state.said is None:
        return go(f"/me/records/{card.record_id}{card.query}")
    said = archive.entries[state.said.seq]
    return page(
        "said.html",
        card=card,
        contested=state.said.record is not None and state.said.record["type"] == "contest",
        at=said.ms,
        index=said.stored.idx,
        waiting=waiting(cards),
    )
