"""Pages of the worker: the archive as a timeline, one record with its history, its receipt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import flask
import orjson

from recordsvc.access.grants import Kind, Role
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.archive import disputes, errors, facts, holders, receipts, views
from recordsvc.archive.forms import RecordQuery
from recordsvc.archive.holders import Holder
from recordsvc.archive.me_routes import own_archives, refuse_sealed
from recordsvc.archive.reading import Archive, OpenEntry
from recordsvc.archive.restriction_errors import RecordRestricted
from recordsvc.archive.states import RecordState
from recordsvc.ground import answers
from recordsvc.ground.problems import NotFound
from recordsvc.web import words
from recordsvc.web.cards import Card, Dealer, by_year
from recordsvc.web.cases import Case, case_of
from recordsvc.web.public_routes import HTML, ROLES
from recordsvc.web.render import page
from recordsvc.web.services import bp, dealer, house

_STANDS_IN: Final = {"window": "本人（由窗口代办）", "helper": "本人（由亲友代办）"}
"""Who gave the worker's word, where it was not the worker alone."""


def holder_of(worker_id: bytes) -> Holder:
    """Return whose archive it is, the kind of document in words."""
    with house().db.read_raw() as cursor:
        found = holders.holder(house(), cursor, worker_id)
    return replace(found, document=words.code("identity_documents", found.document))


def cards_of(archive: Archive, made_by: Dealer, origin: str = "") -> list[Card]:
    """Return a card for each record; `origin` says in words which merged archive they come from."""
    return [card_of(archive, state, made_by, origin) for state in archive.state.records]


def person_cards(archives: Sequence[Archive], made_by: Dealer) -> list[Card]:
    """Return the cards of one person; those of archives merged into the first say so."""
    found = cards_of(archives[0], made_by) if archives else []
    several = len(archives) > 2
    for at, archive in enumerate(archives[1:], 1):
        found += cards_of(archive, made_by, f"来自合并的另一份档案{f'（第 {at} 份）' if several else ''}")
    return found


def waiting(cards: Iterable[Card]) -> list[Card]:
    """Return those that want the worker's word, the newest first."""
    return sorted((card for card in cards if card.waits), key=lambda one: (one.day, one.seq), reverse=True)


def card_of(archive: Archive, state: RecordState, made_by: Dealer, origin: str = "") -> Card:
    """Return the card of one record."""
    twin = archive.twins.get(state.seq)
    better = archive.superseded.get(state.seq)
    record_id = views.record_id(archive.entries[state.seq])
    return made_by.card(
        state,
        record_id,
        None if twin is None else _address(archive, twin),
        superseded=better is not None,
        better=None if better is None else _address(archive, better),
        seen=archive.seen(state),
        query=query_of(archive, state.seq),
        origin=origin,
        anchor=archive.entries[state.seq].stored.idx,
    )


def _address(archive: Archive, seq: int) -> str:
    return f"{views.record_id(archive.entries[seq])}{query_of(archive, seq)}"


def query_of(archive: Archive, seq: int) -> str:
    """Return what the address of a record needs besides its id: nothing, unless another issuer uses it."""
    record = archive.entries[seq].record
    return f"?issuer={record['issuer']}" if record is not None and archive.shares_id(seq) else ""


def own_record(record_id: bytes, query: Mapping[str, Any]) -> tuple[Archive, OpenEntry, RecordState]:
    """Return a record of the worker who asks; foreign, missing and erased ones are `NotFound` alike.

    `query` is that of `RecordQuery`. Raises `RecordAmbiguous`, `RecordRestricted`.
    """
    found = own_archives().find(record_id, query["issuer"])
    if found is not None:
        refuse_sealed(found.state)
    if found is None or found.state is None or found.entry.opened is None:
        raise NotFound
    return found.archive, found.entry, found.state


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
    archives, made_by = own_archives().archives, dealer()
    cards = person_cards(archives, made_by)
    return page(
        "me.html",
        holder=holder_of(archives[0].worker_id),
        merged=len(archives) - 1,
        masked=words.masked,
        years=by_year(cards),
        count=len(cards),
        waiting=waiting(cards),
        elsewhere=facts.seen_elsewhere(archives[0].state).zh,
    )


@door(
    bp,
    "GET",
    "/me/records/<id:record_id>",
    policy="own.archive.read",
    surface=Surface.PAGE,
    query=RecordQuery,
    answer=HTML,
    problems=(errors.RecordAmbiguous, RecordRestricted),
    summary="我的一条记录（网页） / One of my records",
)
def record_page(record_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Show everything that is said in and about one record, and its receipt."""
    archive, entry, state = own_record(record_id, query)
    record = state.record or {}
    worker, card = record["worker"], card_of(archive, state, dealer())
    return page(
        "record.html",
        card=card,
        dispute=_newest_case(archive, state, card),
        lines=words.lines(record["type"], record["version"], state.body or {}),
        first=words.lines(record["type"], record["version"], record["body"]) if state.corrected else (),
        record=record,
        stater=_stater(record.get("actor") or {}),
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
    query=RecordQuery,
    answer=Sends("text/plain"),
    problems=(errors.RecordAmbiguous, RecordRestricted),
    summary="下载回执 / Download the receipt of a record (C2SP tlog-proof)",
)
def receipt_file(record_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Send the receipt as a file."""
    _archive, entry, _state = own_record(record_id, query)
    name = f"receipt-{str(views.record_id(entry))[-8:]}.txt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return flask.Response(_receipt(entry), 200, headers, content_type="text/plain; charset=utf-8")


@door(
    bp,
    "GET",
    "/me/records/<id:record_id>/file",
    policy="own.archive.read",
    surface=Surface.PAGE,
    query=RecordQuery,
    answer=Sends("application/json"),
    problems=(errors.RecordAmbiguous, RecordRestricted),
    summary="下载记录文件 / Download a record with its evidence, the companion of its receipt",
)
def record_file(record_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Send `{evidence, record}` as a file: the signed bytes as they are, and what proves who signed them."""
    _archive, entry, _state = own_record(record_id, query)
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


def _stater(actor: Mapping[str, Any]) -> str:
    """Return on whose word the region stated something; what the worker said in a session has no case."""
    role = str(actor.get("role", ""))
    if role == Kind.WORKER:
        return "本人"
    who = _STANDS_IN.get(role) or (ROLES[Role(role)] if role in set(Role) else "工作人员")
    return f"{who}，案卷 {actor['case']}" if role else ""


def _newest_case(archive: Archive, state: RecordState, card: Card) -> Case | None:
    """Return the newest case of a record in words."""
    with house().db.read() as conn:
        cases = disputes.of_workers(conn, [archive.worker_id])
    newest = next(
        (one for one in cases if one.seq == state.seq and one.contest_seq < len(archive.entries)), None
    )
    return None if newest is None else case_of(archive, newest, card)
