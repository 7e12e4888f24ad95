"""Doors of the worker: the own archive, one record with its receipt, the bundle, confirm and contest."""

import uuid
from typing import Any, Final

import flask
import orjson

from recordsvc import dated
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Way, author
from recordsvc.access.policy import Sends, door
from recordsvc.archive import bundle, contest_again, errors, paperrefs, persons, receipts, views
from recordsvc.archive.confirm import Shown, confirm, contest
from recordsvc.archive.declare import declare
from recordsvc.archive.foreign import state_evidence
from recordsvc.archive.forms import (
    BundleQuery,
    ConfirmForm,
    ContestForm,
    ForeignForm,
    RecordQuery,
    SaidForm,
    StatementForm,
)
from recordsvc.archive.persons import PersonArchives
from recordsvc.archive.restriction_errors import RecordRestricted
from recordsvc.archive.services import bp, entered, house, own_worker
from recordsvc.archive.statements import Stater
from recordsvc.archive.states import Life, RecordState
from recordsvc.ground import answers
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused, NotFound, ParameterInvalid

TO_SAY: Final = (
    errors.TargetUnknown,
    errors.TargetUnfit,
    errors.RecordAmbiguous,
    errors.ChangedSinceSeen,
    RecordRestricted,
    errors.Busy,
)
"""What keeps a worker's word from being entered."""
TO_CONTEST: Final = (*TO_SAY, *contest_again.PROBLEMS)


def own_archives() -> PersonArchives:
    """Return the archives of the worker who asks."""
    found = persons.read(house(), own_worker())
    if found is None:
        raise NotFound
    return found


def refuse_sealed(state: RecordState | None) -> None:
    """Raise `RecordRestricted` where a record is restricted."""
    if state is not None and state.life is Life.RESTRICTED:
        raise RecordRestricted


def own_chain(worker_id: bytes | None) -> bytes:
    """Return the chain meant: the own one, or one that is read as it; of another's there is none."""
    own = own_worker()
    if worker_id in (None, own):
        return own
    with house().db.read_raw() as cursor:
        if worker_id not in house().people.read_as(cursor, own):
            raise NotFound
    return bytes(worker_id)


def own_stater() -> Stater:
    """Return the worker who asks as the one on whose word the region states something; or who stands in."""
    through = actor().through
    if through is not None:
        return Stater(author(actor()), through.way.value, through.case_ref)
    return Stater(str(uuid.UUID(bytes=own_worker())), "worker", f"session-{actor().session_id[:8] or 'none'}")


def own_channel(usual: str) -> str:
    """Return by which channel the worker speaks: the window, where a clerk stands in."""
    through = actor().through
    return "window" if through is not None and through.way is Way.WINDOW else usual


@door(
    bp,
    "GET",
    "/v1/me/archive",
    policy="own.archive.read",
    answer=Sends(),
    summary="我的档案 / My archive, in order, with the state of each record",
)
def my_archive() -> flask.Response:
    """Send all records; each state is derived from all entries. A helper reads no whole number in it."""
    told, through = views.person_json(own_archives()), actor().through
    if through is not None and through.way is Way.HELPER:
        told = orjson.dumps(views.masked(orjson.loads(told)))
    return answers.answer(told)


@door(
    bp,
    "GET",
    "/v1/me/records/<id:record_id>",
    policy="own.archive.read",
    query=RecordQuery,
    answer=Sends(),
    problems=(errors.RecordAmbiguous, RecordRestricted),
    summary="我的一条记录 / One of my records, with its receipt",
)
def my_record(record_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Send one record, its state, its evidence and its receipt."""
    found = own_archives().find(record_id, query["issuer"])
    opened = None if found is None else found.entry.opened
    if found is not None:
        refuse_sealed(found.state)
    if found is None or opened is None:
        raise NotFound
    stored = found.entry.stored
    with house().db.read() as conn:
        proof = receipts.at_commit(house(), conn, stored.idx, stored.leaf + opened.open_key)
    told = {
        "receipt": str(proof),
        "evidence": opened.evidence.decode("ascii"),
        "state": None if found.state is None else views.described(found.archive, found.state),
    }
    return answers.answer(orjson.dumps(told)[:-1] + b',"record":' + opened.raw + b"}")


@door(
    bp,
    "GET",
    "/v1/me/bundle",
    policy="own.bundle.read",
    query=BundleQuery,
    answer=Sends("application/json", "bundle.v1.json"),
    problems=(NotFound,),
    summary="档案凭证包 / A bundle that anyone can verify offline",
)
def my_bundle(query: dict[str, Any]) -> flask.Response:
    """Send the bundle of a chain; `records` names those that are opened, all without it."""
    disclosed = None
    if query["records"]:
        disclosed = {_record_id(value) for value in query["records"].split(",")}
    chain = own_chain(query["archive"])
    made = bundle.make(house(), chain, disclosed)
    if made is None:
        raise NotFound
    disposition = f'attachment; filename="{bundle.file_name(chain)}"'
    return answers.answer(made, headers={"Content-Disposition": disposition})


@door(
    bp,
    "POST",
    "/v1/me/records/<id:record_id>/confirm",
    policy="own.record.decide",
    query=RecordQuery,
    body=ConfirmForm,
    answer={201: SaidForm},
    problems=TO_SAY,
    summary="确认一条记录 / Confirm that a record is true",
)
def confirm_record(record_id: bytes, query: dict[str, Any], form: dict[str, Any]) -> flask.Response:
    """Enter the worker's confirmation of the record as it was shown; again makes no second entry."""
    shown = Shown(record_id, form["seen"], query["issuer"])
    index = entered(confirm(house(), own_worker(), shown, own_channel("api"), own_stater()))
    return answers.answer({"id": record_id, "index": index}, 201, form=SaidForm)


@door(
    bp,
    "POST",
    "/v1/me/records/<id:record_id>/contest",
    policy="own.record.decide",
    query=RecordQuery,
    body=ContestForm,
    answer={201: SaidForm},
    problems=TO_CONTEST,
    summary="对一条记录提出异议 / Contest a record",
)
def contest_record(record_id: bytes, query: dict[str, Any], form: dict[str, Any]) -> flask.Response:
    """Enter the worker's objection to the record as it was shown, with its reason."""
    check_contest_reason(form["reason"])
    shown = Shown(record_id, form["seen"], query["issuer"])
    text = one_line(form["text"])
    channel, stater = own_channel("api"), own_stater()
    index = entered(contest(house(), own_worker(), shown, channel, stater, form["reason"], text))
    return answers.answer({"id": record_id, "index": index}, 201, form=SaidForm)


@door(
    bp,
    "POST",
    "/v1/me/statements",
    policy="own.statement.make",
    body=StatementForm,
    answer={201: SaidForm},
    problems=(
        errors.SchemaRefused,
        errors.ContentRefused,
        errors.RecordErased,
        errors.ArchiveRestricted,
        errors.Busy,
    ),
    summary="本人陈述 / State an experience of one's own, unverified, as a record",
)
def make_statement(form: dict[str, Any]) -> flask.Response:
    """Enter what the worker states; the same words again make no second entry."""
    said = {name: one_line(value) if isinstance(value, str) else value for name, value in form.items()}
    record_id, index = declare(house(), own_worker(), {**said, "channel": own_channel("api")}, own_stater())
    entered(index)
    return answers.answer({"id": record_id, "index": index}, 201, form=SaidForm)


@door(
    bp,
    "POST",
    "/v1/me/foreign-evidence",
    policy="own.statement.make",
    body=ForeignForm,
    answer={201: SaidForm},
    problems=(
        errors.SchemaRefused,
        errors.ContentRefused,
        errors.RecordErased,
        errors.ArchiveRestricted,
        errors.Busy,
        *paperrefs.PROBLEMS,
    ),
    summary="登记外省材料 / State evidence from another province, unverified, as a record",
)
def make_foreign_evidence(form: dict[str, Any]) -> flask.Response:
    """Enter evidence on the worker's word; the same again makes no second entry."""
    papers = paperrefs.resolved(house(), [own_worker()], form["papers"])
    record_id, index = state_evidence(house(), own_worker(), foreign_body(form), papers, own_stater())
    entered(index)
    return answers.answer({"id": record_id, "index": index}, 201, form=SaidForm)


def foreign_body(form: dict[str, Any]) -> dict[str, Any]:
    """Return the body that a form of evidence states; what is None or empty is left out."""
    origin = {name: form[name] for name in ("country", "issued_by", "province") if form[name]}
    members = ("awarded_on", "ended_on", "evidence_kind", "level", "number", "started_on", "title")
    return {"origin": origin, **{name: form[name] for name in members if form[name]}}


def one_line(text: str) -> str:
    """Return words as they are signed: one line, no blanks at its ends; what was only blanks is empty."""
    return " ".join(text.split())


def check_contest_reason(reason: str) -> None:
    """Refuse a reason that the dated list does not have."""
    if reason not in dated.table("contest_reasons").on(beijing_date(house().clock.now_ms()).isoformat()):
        raise FormRefused(errors=[{"pointer": "/reason", "code": "value", "detail": "没有这种异议原因"}])


def _record_id(value: str) -> bytes:
    try:
        return uuid.UUID(value).bytes
    except ValueError:
        wrong = {"parameter": "records", "code": "value", "detail": "应为 UUID"}
        raise ParameterInvalid(errors=[wrong]) from None
