"""Pages of the worker: the archive as a timeline, one record, confirm and contest, the bundle, who looked."""

from dataclasses import dataclass
from typing import Any, Final

import flask
import orjson

from recordsvc import dated
from recordsvc.access.grants import Kind, Role
from recordsvc.access.looked import Seen, of_worker
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.access.services import access
from recordsvc.archive import errors, receipts, views
from recordsvc.archive.confirm import confirm, contest
from recordsvc.archive.me_routes import check_contest_reason, own_archive, own_stater
from recordsvc.archive.reading import Archive, OpenEntry
from recordsvc.archive.services import own_worker
from recordsvc.archive.states import RecordState
from recordsvc.ground import answers
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused, NotFound
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.cards import Card, Dealer, by_year
from recordsvc.web.forms import ButtonForm, LookedPageQuery, ObjectionForm
from recordsvc.web.public_routes import HTML, ROLES
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, dealer, house

CHANNEL: Final = "page"
LOOKED_PAGE: Final = 30
MAX_TEXT: Final = 1_000
_TO_DECIDE: Final = (errors.TargetUnknown, errors.TargetUnfit, errors.Busy)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose archive it is, as the newest record of an institution names the person; empty before the first."""

    name: str
    document: str
    number: str


def holder_of(archive: Archive) -> Holder:
    """Return the person as last named."""
    for entry in reversed(archive.entries):
        worker = {} if entry.record is None else entry.record["worker"]
        if "name" in worker:
            return Holder(
                str(worker["name"]), words.code("identity_documents", worker["document"]), str(worker["number"])
            )
    return Holder("", "", "")


def cards_of(archive: Archive, made_by: Dealer) -> list[Card]:
    """Return a card for each record."""
    return [card_of(archive, state, made_by) for state in archive.state.records]


def card_of(archive: Archive, state: RecordState, made_by: Dealer) -> Card:
    """Return the card of one record."""
    twin = archive.twins.get(state.seq)
    twin_of = None if twin is None else views.record_id(archive.entries[twin])
    return made_by.card(state, views.record_id(archive.entries[state.seq]), twin_of)


def own_record(record_id: bytes) -> tuple[Archive, OpenEntry, RecordState]:
    """Return a record of the worker who asks; foreign, missing and erased ones are `NotFound` alike."""
    archive = own_archive()
    found = archive.by_record_id(record_id)
    if found is None or found[1] is None or found[0].opened is None:
        raise NotFound
    return archive, found[0], found[1]


@door(
    bp,
    "GET",
    "/me",
    policy="own.archive.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="我的档案（网页） / My archive as a timeline",
)
def me_page() -> flask.Response:
    """Show all records, newest year first, and what waits for the worker's word."""
    archive = own_archive()
    cards = cards_of(archive, dealer())
    return page(
        "me.html",
        holder=holder_of(archive),
        masked=words.masked,
        years=by_year(cards),
        count=len(cards),
        waiting=[card for card in cards if card.waits],
    )


@door(
    bp,
    "GET",
    "/me/records/<id:record_id>",
    policy="own.archive.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="我的一条记录（网页） / One of my records",
)
def record_page(record_id: bytes) -> flask.Response:
    """Show everything that is said in and about one record, and its receipt."""
    archive, entry, state = own_record(record_id)
    record = state.record or {}
    worker = record["worker"]
    return page(
        "record.html",
        card=card_of(archive, state, dealer()),
        lines=words.lines(record["type"], record["version"], state.body or {}),
        first=words.lines(record["type"], record["version"], record["body"]) if state.corrected else (),
        record=record,
        worker=worker,
        document=words.code("identity_documents", worker.get("document", "")),
        masked=words.masked,
        entry=entry.stored,
        indexes={act.seq: archive.entries[act.seq].stored.idx for act in state.history},
        receipt=_receipt(entry),
    )


@door(
    bp,
    "GET",
    "/me/records/<id:record_id>/receipt",
    policy="own.archive.read",
    surface=Surface.PAGE,
    answer=Sends("text/plain"),
    summary="下载回执 / Download the receipt of a record (C2SP tlog-proof)",
)
def receipt_file(record_id: bytes) -> flask.Response:
    """Send the receipt as a file."""
    _archive, entry, _state = own_record(record_id)
    name = f"receipt-{str(views.record_id(entry))[-8:]}.txt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return flask.Response(_receipt(entry), 200, headers, content_type="text/plain; charset=utf-8")


@door(
    bp,
    "GET",
    "/me/records/<id:record_id>/file",
    policy="own.archive.read",
    surface=Surface.PAGE,
    answer=Sends("application/json"),
    summary="下载记录文件 / Download a record with its evidence, the companion of its receipt",
)
def record_file(record_id: bytes) -> flask.Response:
    """Send `{evidence, record}` as a file: the signed bytes as they are, and what proves who signed them."""
    _archive, entry, _state = own_record(record_id)
    if entry.opened is None:
        raise NotFound
    evidence = orjson.dumps(entry.opened.evidence.decode("ascii"))
    data = b'{"evidence":' + evidence + b',"record":' + entry.opened.raw + b"}"
    name = f"record-{str(views.record_id(entry))[-8:]}.json"
    return answers.answer(data, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _receipt(entry: OpenEntry) -> str:
    if entry.opened is None:
        raise NotFound
    with house().db.read() as conn:
        extra = entry.stored.leaf + entry.opened.open_key
        return str(receipts.at_commit(house(), conn, entry.stored.idx, extra))


# -- the worker's word


@door(
    bp,
    "POST",
    "/me/records/<id:record_id>/confirm",
    policy="own.record.decide",
    surface=Surface.PAGE,
    body=Fields(ButtonForm),
    answer={303: None},
    problems=_TO_DECIDE,
    summary="确认一条记录（网页） / Confirm a record from its page",
)
def confirm_button(record_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button says nothing
    """Enter the worker's confirmation."""
    confirm(house(), own_worker(), record_id, CHANNEL, own_stater())
    return go(f"{flask.request.path.rpartition('/')[0]}/said")


@door(
    bp,
    "GET",
    "/me/records/<id:record_id>/contest",
    policy="own.record.decide",
    surface=Surface.PAGE,
    answer=HTML,
    summary="提出异议（网页） / The form of an objection",
)
def contest_page(record_id: bytes) -> flask.Response:
    """Ask for the reason."""
    return _contest_form(record_id, {"reason": "", "text": ""})


@door(
    bp,
    "POST",
    "/me/records/<id:record_id>/contest",
    policy="own.record.decide",
    surface=Surface.PAGE,
    body=Fields(ObjectionForm),
    answer={303: None, 422: HTML},
    problems=_TO_DECIDE,
    summary="提交异议（网页） / Contest a record from its page",
)
def contest_button(record_id: bytes, form: dict[str, str]) -> flask.Response:
    """Enter the worker's objection, or show the form again with what is wrong."""
    # A signed text is one line: line breaks of the text field become spaces.
    form["text"] = " ".join(form["text"].split())
    try:
        check_contest_reason(form["reason"])
    except FormRefused:
        return _contest_form(record_id, form, ("reason", "请选择一个原因"))
    if len(form["text"]) > MAX_TEXT:
        return _contest_form(record_id, form, ("text", f"说明最多 {MAX_TEXT} 字，请缩短"))
    contest(house(), own_worker(), record_id, CHANNEL, own_stater(), form["reason"], form["text"])
    return go(f"{flask.request.path.rpartition('/')[0]}/said")


def _contest_form(record_id: bytes, form: dict[str, str], error: tuple[str, str] | None = None) -> flask.Response:
    archive, _entry, state = own_record(record_id)
    card = card_of(archive, state, dealer())
    if not card.may_contest:
        return go(f"/me/records/{card.record_id}")
    today = beijing_date(house().clock.now_ms()).isoformat()
    reasons = dated.table("contest_reasons").on(today).rows
    return page("contest.html", 422 if error else 200, card=card, reasons=reasons, form=form, error=error, most=MAX_TEXT)


@door(
    bp,
    "GET",
    "/me/records/<id:record_id>/said",
    policy="own.archive.read",
    surface=Surface.PAGE,
    answer={200: HTML, 303: None},
    summary="已提交（网页） / What I said of a record, after saying it",
)
def said_page(record_id: bytes) -> flask.Response:
    """Show the worker's word as it now stands in the archive, and what still waits."""
    archive, _entry, state = own_record(record_id)
    cards = cards_of(archive, dealer())
    card = next(one for one in cards if one.seq == state.seq)
    if state.said is None:
        return go(f"/me/records/{card.record_id}")
    said = archive.entries[state.said.seq]
    return page(
        "said.html",
        card=card,
        contested=state.said.record is not None and state.said.record["type"] == "contest",
        at=said.ms,
        index=said.stored.idx,
        waiting=[one for one in cards if one.waits],
    )


# -- bundle, who looked


@door(
    bp,
    "GET",
    "/me/bundle",
    policy="own.bundle.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="下载档案凭证包（网页） / What a bundle is, and its download",
)
def bundle_page() -> flask.Response:
    """Explain the bundle before it is downloaded."""
    archive = own_archive()
    return page("bundle.html", count=len(archive.state.records), entries=len(archive.entries))


@dataclass(frozen=True, slots=True)
class SeenLine:
    """One look in plain words."""

    at: str
    who: str
    purpose: str
    what: str
    case_ref: str


_GROUPS: Final = {"identity": "身份信息", "records": "档案记录"}


def seen_line(seen: Seen) -> SeenLine:
    """Say who looked, at what and why."""
    client = access().clients.find(seen.actor_id) if seen.actor_kind == Kind.CLIENT else None
    roles = [ROLES[Role(role)] for role in seen.role.split() if role in set(Role)]
    if client is not None:
        who = f"接入系统：{client.name}"
    else:
        who = f"人社部门工作人员（{'、'.join(roles) or '未注明岗位'}，账号 {seen.actor_id}）"
    what = "、".join(_GROUPS.get(group, group) for group in seen.fields.split())
    return SeenLine(words.instant(seen.at_ms), who, words.code("lookup_purposes", seen.purpose), what, seen.case_ref)


@door(
    bp,
    "GET",
    "/me/looked",
    policy="own.looked.read",
    surface=Surface.PAGE,
    query=LookedPageQuery,
    answer=HTML,
    summary="谁查过我的档案（网页） / Who looked at my archive",
)
def looked_page(query: dict[str, Any]) -> flask.Response:
    """List who looked, newest first."""
    with house().db.read() as conn:
        rows = of_worker(conn, own_worker(), before=query["before"] or b"\xff" * 16, limit=LOOKED_PAGE + 1)
    following = rows[LOOKED_PAGE - 1].id if len(rows) > LOOKED_PAGE else None
    return page(
        "looked.html",
        seen=[seen_line(row) for row in rows[:LOOKED_PAGE]],
        older=None if following is None else words.uuid_text(following),
        first=query["before"] is None,
    )
