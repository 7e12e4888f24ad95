"""Doors of cases: the worker's own, the issuer's machine, the desk."""

import uuid
from typing import Any

import flask

from recordsvc import dated
from recordsvc.access import looked
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.looked import Look
from recordsvc.access.policy import door
from recordsvc.access.services import once, reference
from recordsvc.archive import dispute_answers, dispute_decisions, dispute_views, disputes, errors, grounds
from recordsvc.archive.act_errors import ChangesNothing
from recordsvc.archive.dispute_answers import Answer
from recordsvc.archive.dispute_decisions import Decision, Proposed
from recordsvc.archive.dispute_forms import (
    AnswerForm,
    DecideForm,
    DeskDisputeForm,
    DisputeDetailForm,
    DisputeDetailsForm,
    DisputeForm,
    DisputesForm,
    DisputesQuery,
    SayForm,
)
from recordsvc.archive.disputes import Dispute
from recordsvc.archive.forms import LookQuery
from recordsvc.archive.life_forms import DecidedLaterForm
from recordsvc.archive.me_routes import own_archives
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.restriction_errors import RecordRestricted
from recordsvc.archive.services import bp, house, own_institution
from recordsvc.archive.states import Life
from recordsvc.ground import answers, http
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused, NotFound

# -- the worker


def own_disputes() -> list[tuple[Archive, Dispute]]:
    """Return all cases of the worker who asks, the newest first, each with the archive it stands in."""
    archives = {one.worker_id: one for one in own_archives().archives}
    with house().db.read() as conn:
        found = disputes.of_workers(conn, list(archives))
    # A case of this very moment may be of a newer archive than was read.
    return [
        (archive, one) for one in found if len((archive := archives[one.worker_id]).entries) > one.contest_seq
    ]


def say_own(dispute_id: bytes, text: str) -> None:
    """Add a message of the worker who asks. Raises `NotFound`, `DisputeRefused`."""
    own, line, by = {one.worker_id for one in own_archives().archives}, one_line(text), reference()

    def act(turn: Turn) -> str:
        dispute = disputes.locked(turn, dispute_id)
        if dispute.worker_id not in own:
            raise NotFound
        disputes.say(turn, house(), dispute_id, "worker", by, line)
        return dispute.name

    once(act)


@door(
    bp,
    "GET",
    "/v1/me/disputes",
    policy="own.archive.read",
    answer=DisputeDetailsForm,
    summary="我的异议 / My objections: whose turn, until when, what was said, how they ended",
)
def my_disputes() -> flask.Response:
    """Send all cases, the newest first."""
    found = own_disputes()
    with house().db.read() as conn:
        items = [dispute_views.described(house(), conn, archive, one) for archive, one in found]
    return answers.answer({"items": items}, form=DisputeDetailsForm)


@door(
    bp,
    "POST",
    "/v1/me/disputes/<id:dispute_id>/messages",
    policy="own.record.decide",
    body=SayForm,
    answer={204: None},
    problems=(errors.DisputeRefused, errors.ArchiveRestricted),
    summary="补充说明 / Say more on an objection",
)
def say_as_worker(dispute_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Add a message."""
    say_own(dispute_id, form["text"])
    return flask.Response(status=204)


# -- the issuer


@door(
    bp,
    "GET",
    "/v1/institution/disputes",
    policy="dispute.read",
    query=DisputesQuery,
    answer=DisputesForm,
    summary="涉及本单位记录的异议 / Open objections to own records, the most urgent first",
)
def list_issuer_disputes(query: dict[str, Any]) -> flask.Response:
    """List cases without what was said."""
    return _page(query, own_institution())


@door(
    bp,
    "GET",
    "/v1/institution/disputes/<id:dispute_id>",
    policy="dispute.read",
    answer=DisputeDetailForm,
    problems=(errors.ArchiveRestricted,),
    summary="一件异议 / One objection, with the worker's words; the worker sees that it was read",
)
def read_issuer_dispute(dispute_id: bytes) -> flask.Response:
    """Show a case to the issuer; the row of who looked is durable before the answer leaves."""
    dispute, archive = seen_by_issuer(dispute_id)
    with house().db.read() as conn:
        told = dispute_views.described(house(), conn, archive, dispute)
    return answers.answer(dispute_views.for_issuer(told), form=DisputeDetailForm)


def seen_by_issuer(dispute_id: bytes) -> tuple[Dispute, Archive]:
    """Return a case of the institution that asks and the archive it stands in, once the look is noted.

    Raises `NotFound`, `ArchiveRestricted`, `RecordRestricted`.
    """
    issuer = own_institution()
    with house().db.read() as conn:
        dispute = disputes.find(conn, dispute_id)
    if dispute is None or dispute.issuer != issuer or not dispute.issuer_told:
        raise NotFound
    archive = _archive(dispute)
    _record_look(dispute, disputes.PURPOSE, dispute.name)
    return dispute, archive


@door(
    bp,
    "POST",
    "/v1/institution/disputes/<id:dispute_id>/messages",
    policy="dispute.say",
    body=SayForm,
    answer={204: None},
    problems=(errors.DisputeRefused, errors.ArchiveRestricted),
    summary="签发单位向本人说明或询问 / Say or ask something in a case as its issuer",
)
def say_as_issuer(dispute_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Add a message of the issuer."""
    say_from_issuer(dispute_id, form["text"])
    return flask.Response(status=204)


def say_from_issuer(dispute_id: bytes, text: str) -> None:
    """Add a message of the institution that asks, in its turn. Raises `NotFound`, `DisputeRefused`."""
    line, by, issuer = one_line(text), reference(), own_institution()

    def act(turn: Turn) -> str:
        dispute = disputes.locked(turn, dispute_id)
        if dispute.issuer != issuer or not dispute.issuer_told:
            raise NotFound
        if dispute.owner != disputes.ISSUER:
            raise errors.DisputeRefused
        return disputes.say(turn, house(), dispute_id, "issuer", by, line).name

    once(act)


@door(
    bp,
    "POST",
    "/v1/institution/disputes/<id:dispute_id>/answer",
    policy="dispute.answer",
    body=AnswerForm,
    answer=DisputeForm,
    problems=(errors.DisputeRefused, errors.TargetUnfit, errors.ArchiveRestricted),
    summary="答复异议 / Answer an objection",
    description="`upheld` names the correction or revocation that is sent as any other; the case ends once "
    "that stands. `rejected` gives reasons, and the region decides.",
)
def answer_dispute(dispute_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take the issuer's answer."""
    answer_from_issuer(dispute_id, form)
    with house().db.read() as conn:
        found = disputes.find(conn, dispute_id)
        told = dispute_views.listed(house(), conn, [] if found is None else [found])
    return answers.answer(told[0], form=DisputeForm)


def answer_from_issuer(dispute_id: bytes, form: dict[str, Any]) -> None:
    """Take an answer as `AnswerForm` reads it. Raises `NotFound`, `DisputeRefused`, `TargetUnfit`."""
    issuer, by = own_institution(), reference()
    said = Answer(form["outcome"], " ".join(form["text"].split()), form["record_id"])
    once(lambda turn: dispute_answers.answer(turn, house(), dispute_id, issuer, by, said).name)


# -- the desk


@door(
    bp,
    "GET",
    "/v1/desk/disputes",
    policy="dispute.handle",
    query=DisputesQuery,
    answer=DisputesForm,
    summary="待决定的异议 / Objections that the region decides, overdue ones first",
)
def list_desk_disputes(query: dict[str, Any]) -> flask.Response:
    """List cases without what was said."""
    return _page(query, None)


@door(
    bp,
    "GET",
    "/v1/desk/disputes/<id:dispute_id>",
    policy="dispute.handle",
    query=LookQuery,
    answer=DeskDisputeForm,
    problems=(PurposeRefused, errors.ArchiveRestricted),
    summary="一件异议 / One objection, for a purpose and a case",
)
def read_desk_dispute(dispute_id: bytes, query: dict[str, str]) -> flask.Response:
    """Show a case to an official; the row of who looked is durable before the answer leaves."""
    dispute, archive, proposed = seen_at_desk(dispute_id, query["purpose"], query["case_ref"])
    with house().db.read() as conn:
        told = dispute_views.described(house(), conn, archive, dispute)
    told |= {"worker_id": dispute.worker_id, "proposed": proposed}
    return answers.answer(told, form=DeskDisputeForm)


def seen_at_desk(dispute_id: bytes, purpose: str, case_ref: str) -> tuple[Dispute, Archive, list[Proposed]]:
    """Return a case, the archive it stands in and what is proposed, once the look is noted.

    Raises `NotFound`, `PurposeRefused`, `ArchiveRestricted`, `RecordRestricted`.
    """
    looked.judge(house().db, actor(), purpose, case_ref)
    with house().db.read() as conn:
        dispute = disputes.find(conn, dispute_id)
        if dispute is None:
            raise NotFound
        archive, proposed = _archive(dispute), dispute_decisions.proposed(house(), conn, dispute)
    _record_look(dispute, purpose, case_ref)
    return dispute, archive, proposed


@door(
    bp,
    "POST",
    "/v1/desk/disputes/<id:dispute_id>/messages",
    policy="dispute.handle",
    body=SayForm,
    answer={204: None},
    problems=(errors.DisputeRefused, errors.ArchiveRestricted),
    summary="向本人说明或询问 / Say or ask something in a case",
)
def say_as_official(dispute_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Add a message of the desk."""
    say_from_desk(dispute_id, form["text"])
    return flask.Response(status=204)


def say_from_desk(dispute_id: bytes, text: str) -> None:
    """Add a message of the desk. Raises `FormRefused`, `NotFound`, `DisputeRefused`."""
    line, by = one_line(text), reference()

    def act(turn: Turn) -> str:
        disputes.say(turn, house(), dispute_id, "official", by, line)
        return str(uuid.UUID(bytes=dispute_id))

    once(act)


@door(
    bp,
    "POST",
    "/v1/desk/disputes/<id:dispute_id>/decide",
    policy="dispute.handle",
    body=DecideForm,
    answer={202: DecidedLaterForm},
    problems=(
        errors.DisputeRefused,
        errors.TargetUnfit,
        ChangesNothing,
        errors.SchemaRefused,
        errors.ArchiveRestricted,
    ),
    idempotent=True,
    summary="提出异议决定 / Propose a decision: correct, revoke, restrict, or reject with a ground",
)
def propose_decision(dispute_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose; the entry is made once a second official approves."""
    proposal = propose_shown(dispute_id, form)
    return answers.answer({"proposal_id": proposal}, 202, form=DecidedLaterForm)


def propose_shown(dispute_id: bytes, form: dict[str, Any]) -> bytes:
    """Propose what a form of `DecideForm` says; the proposal's id. Raises what its door declares."""
    for member, table in (("revoke", "revocation_reasons"), ("ground", "dispute_grounds")):
        _check_code(member, table, form[member])
    if form["restrict"] is not None:
        _check_restriction(form["restrict"])
    said = (form["correct"], form["revoke"], form["ground"], form["restrict"])
    decision = Decision(one_line(form["text"]), *said)
    by = reference()
    proposal = once(lambda turn: dispute_decisions.propose(turn, house(), dispute_id, decision, by).hex())
    return bytes.fromhex(proposal)


# -- small parts


def one_line(text: str) -> str:
    """Return a text as it is signed or kept: one line, no blanks at its ends. Raises `FormRefused`."""
    line = " ".join(text.split())
    if not line:
        raise FormRefused(errors=[{"pointer": "/text", "code": "value", "detail": "不能为空"}])
    return line


def _check_restriction(ground: str) -> None:
    """Refuse a ground that is none of an objection: of lifting, or one that rests on somebody's order."""
    table = "restriction_grounds"
    _check_code("restrict", table, ground)
    row = dated.table(table).on(beijing_date(house().clock.now_ms()).isoformat()).by_code[ground]
    if not grounds.serves(row, "restrict") or row.get("paper", False):
        detail = "这一依据不能用于异议；凭文书限制的，请在档案页对这条记录提出"
        raise FormRefused(errors=[{"pointer": "/restrict", "code": "value", "detail": detail}])


def _page(query: dict[str, Any], issuer: str | None) -> flask.Response:
    with house().db.read() as conn:
        last = None if query["after"] is None else disputes.find(conn, query["after"])
        if last is not None and issuer is not None and (last.issuer != issuer or not last.issuer_told):
            raise NotFound
        after = disputes.FIRST if last is None else (last.due_on, last.dispute_id)
        limit = query["limit"]
        if issuer is None:
            found = disputes.of_region(conn, *disputes.seen_by(actor()), after=after, limit=limit)
        else:
            found = disputes.of_issuer(conn, issuer, after=after, limit=limit)
        items = dispute_views.listed(house(), conn, found)
    following = found[-1].dispute_id if len(found) == limit else None
    return answers.answer({"items": items, "next": following}, form=DisputesForm)


def _archive(dispute: Dispute) -> Archive:
    archive = Reader(house()).archive(dispute.worker_id)
    if archive is None:
        raise NotFound
    state = archive.state.of(dispute.seq)
    if state is not None and state.life is Life.RESTRICTED:
        raise RecordRestricted
    return archive


def _record_look(dispute: Dispute, purpose: str, case_ref: str) -> None:
    look = Look(dispute.worker_id, actor(), purpose, "records", case_ref, http.current().id)
    looked.record(house(), [look])


def _check_code(member: str, table: str, code: str | None) -> None:
    today = beijing_date(house().clock.now_ms()).isoformat()
    if code is not None and code not in dated.table(table).on(today):
        raise FormRefused(errors=[{"pointer": f"/{member}", "code": "value", "detail": "不在现行代码表内"}])
