"""Doors of the desk on whole archives: merging, moving a record, restricting, erasing, closing."""

from collections.abc import Callable
from typing import Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.policy import Sends, door
from recordsvc.access.services import once
from recordsvc.archive import (
    bundle,
    copies,
    errors,
    life_asks,
    life_errors,
    looking,
    meanwhile,
    paperrefs,
    strays,
)
from recordsvc.archive.act_errors import ChangesNothing
from recordsvc.archive.copies import Sort
from recordsvc.archive.life_asks import NO_RECORD
from recordsvc.archive.life_forms import (
    CaseForm,
    ClosureForm,
    CopyQuery,
    DecidedLaterForm,
    EnteredForm,
    MergeForm,
    MoveForm,
    ProvenForm,
    RecordCaseForm,
    RecordProvenForm,
    RelativeForm,
    ReopeningForm,
    StrayDecideForm,
    StraysForm,
    SupportedForm,
    TrustForm,
)
from recordsvc.archive.looking import Looker
from recordsvc.archive.services import bp, house
from recordsvc.ground import answers, http
from recordsvc.ground.commit import Turn
from recordsvc.people.merges import NotMergeable
from recordsvc.people.standing import StandingRefused

OF_RESTRICTING: Final = (
    errors.TargetUnknown,
    errors.TargetUnfit,
    errors.RecordAmbiguous,
    StandingRefused,
    life_errors.GroundOfAnotherAct,
    life_errors.OrderNeeded,
    *paperrefs.PROBLEMS,
)
"""What keeps a record from being restricted, or lifted."""


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/merge",
    policy="archive.change",
    body=MergeForm,
    answer={202: DecidedLaterForm},
    problems=(errors.TargetUnknown, NotMergeable, life_errors.GroundOfAnotherAct, *paperrefs.PROBLEMS),
    idempotent=True,
    summary="提出合并档案 / Propose that an archive is read as another",
)
def propose_merge(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose a merge; both chains get an entry once a second official approves."""
    return _proposed(life_asks.merge(worker_id, NO_RECORD, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/unmerge",
    policy="archive.change",
    body=ProvenForm,
    answer={202: DecidedLaterForm},
    problems=(errors.TargetUnknown, NotMergeable, life_errors.GroundOfAnotherAct, *paperrefs.PROBLEMS),
    idempotent=True,
    summary="提出撤回合并 / Propose that a merged archive stands alone again",
)
def propose_unmerge(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose to undo a merge."""
    return _proposed(life_asks.unmerge(worker_id, NO_RECORD, form))


@door(
    bp,
    "GET",
    "/v1/desk/workers/<id:worker_id>/strays",
    policy="archive.change",
    answer=StraysForm,
    problems=(errors.ArchiveRestricted,),
    summary="合并期间误入他处的记录 / What was entered elsewhere while the archive was merged",
)
def list_strays(worker_id: bytes) -> flask.Response:
    """List records, papers and words by id alone, without what they say."""
    with house().db.read_raw() as cursor:
        found = strays.entered_meanwhile(house(), cursor, worker_id)
        matters = meanwhile.listed(house(), cursor, worker_id)
    return answers.answer({"items": found, "matters": matters}, form=StraysForm)


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/strays",
    policy="archive.change",
    body=StrayDecideForm,
    answer={202: DecidedLaterForm},
    problems=(errors.TargetUnknown, errors.TargetUnfit, *paperrefs.PROBLEMS),
    idempotent=True,
    summary="提出合并期间的材料或表态归谁 / Propose whose a paper or word of a merge undone is",
)
def propose_stray(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose that a paper moves to the other archive, or that it, or a word, stays in this one."""
    return _proposed(life_asks.decide_stray(worker_id, NO_RECORD, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/records/<id:record_id>/move",
    policy="archive.change",
    body=MoveForm,
    answer={202: DecidedLaterForm},
    problems=(errors.TargetUnknown, errors.TargetUnfit, errors.RecordAmbiguous, errors.ArchiveRestricted),
    idempotent=True,
    summary="提出移动记录 / Propose to move a record to the person it is about",
)
def propose_move(worker_id: bytes, record_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose a move: revoked there, stated here, in one act."""
    return _proposed(life_asks.move(worker_id, record_id, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/restrict",
    policy="archive.restrict",
    body=CaseForm,
    step_up=True,
    answer={201: EnteredForm},
    problems=(errors.TargetUnknown, StandingRefused, life_errors.GroundOfAnotherAct),
    summary="立即限制处理 / Restrict an archive at once",
)
def restrict_archive(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Seal an archive on one data officer's word; lifting takes two."""
    index = int(house().db.write(life_asks.restrict(worker_id, NO_RECORD, form)))
    return answers.answer({"index": index}, 201, form=EnteredForm)


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/unrestrict",
    policy="archive.erase",
    body=SupportedForm,
    answer={202: DecidedLaterForm},
    problems=(errors.TargetUnknown, StandingRefused, life_errors.GroundOfAnotherAct, *paperrefs.PROBLEMS),
    idempotent=True,
    summary="提出解除限制 / Propose to lift a restriction",
)
def propose_unrestriction(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose that a restricted archive may be read again."""
    return _proposed(life_asks.unrestrict(worker_id, NO_RECORD, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/erase",
    policy="archive.erase",
    body=SupportedForm,
    answer={202: DecidedLaterForm},
    problems=(errors.TargetUnknown, errors.ErasureBlocked, StandingRefused, *paperrefs.PROBLEMS),
    idempotent=True,
    summary="提出删除档案 / Propose to erase a restricted archive",
)
def propose_erasure(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose an erasure; what law or open money keeps is named."""
    return _proposed(life_asks.erase(worker_id, NO_RECORD, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/records/<id:record_id>/erase",
    policy="archive.erase",
    body=RecordCaseForm,
    answer={202: DecidedLaterForm},
    problems=(
        errors.TargetUnknown,
        errors.TargetUnfit,
        errors.RecordAmbiguous,
        errors.ErasureBlocked,
        StandingRefused,
        *paperrefs.PROBLEMS,
    ),
    idempotent=True,
    summary="提出删除一条记录 / Propose to erase one record",
)
def propose_record_erasure(worker_id: bytes, record_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose the erasure of one record's content."""
    return _proposed(life_asks.erase_record(worker_id, record_id, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/records/<id:record_id>/restrict",
    policy="archive.erase",
    body=RecordCaseForm,
    answer={202: DecidedLaterForm},
    problems=OF_RESTRICTING,
    idempotent=True,
    summary="提出限制处理一条记录 / Propose to restrict one record",
)
def propose_record_restriction(worker_id: bytes, record_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose that a record is sealed; the rest of the archive stays as it is."""
    return _proposed(life_asks.restrict_record(worker_id, record_id, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/records/<id:record_id>/unrestrict",
    policy="archive.erase",
    body=RecordCaseForm,
    answer={202: DecidedLaterForm},
    problems=OF_RESTRICTING,
    idempotent=True,
    summary="提出解除一条记录的限制 / Propose to lift the restriction of one record",
)
def propose_record_lifting(worker_id: bytes, record_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose that a restricted record may be read again."""
    return _proposed(life_asks.lift_record(worker_id, record_id, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/close",
    policy="archive.change",
    body=ClosureForm,
    answer={202: DecidedLaterForm},
    problems=(
        errors.TargetUnknown,
        StandingRefused,
        life_errors.GroundOfAnotherAct,
        life_errors.EvidenceNeeded,
        life_errors.DeathBeforeBirth,
        *paperrefs.PROBLEMS,
    ),
    idempotent=True,
    summary="提出关闭档案 / Propose to close the archive of a worker who died",
)
def propose_closure(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose a closure; a closed archive takes nothing new."""
    return _proposed(life_asks.close(worker_id, NO_RECORD, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/reopen",
    policy="archive.change",
    body=ReopeningForm,
    answer={202: DecidedLaterForm},
    problems=(errors.TargetUnknown, StandingRefused),
    idempotent=True,
    summary="提出恢复误关的档案 / Propose to reopen an archive closed in error",
)
def propose_reopening(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose a reopening."""
    return _proposed(life_asks.reopen(worker_id, NO_RECORD, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/relatives",
    policy="archive.change",
    body=RelativeForm,
    answer={202: DecidedLaterForm},
    problems=(errors.TargetUnknown, StandingRefused, *paperrefs.PROBLEMS),
    idempotent=True,
    summary="提出向近亲属提供副本 / Propose a copy for a close relative of a worker who died",
)
def propose_copy(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose a copy (个人信息保护法第四十九条)."""
    return _proposed(life_asks.copy(worker_id, NO_RECORD, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/hold",
    policy="archive.hold",
    body=ProvenForm,
    answer={202: DecidedLaterForm},
    problems=(errors.TargetUnknown, StandingRefused, *paperrefs.PROBLEMS),
    idempotent=True,
    summary="提出依法调取 / Propose a legal-hold copy of a restricted archive, on an order",
)
def propose_hold_copy(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose a copy; the archive stays restricted."""
    return _proposed(life_asks.hold(worker_id, NO_RECORD, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/records/<id:record_id>/hold",
    policy="archive.hold",
    body=RecordProvenForm,
    answer={202: DecidedLaterForm},
    problems=(
        errors.TargetUnknown,
        errors.TargetUnfit,
        errors.RecordAmbiguous,
        StandingRefused,
        *paperrefs.PROBLEMS,
    ),
    idempotent=True,
    summary="提出依法调取一条记录 / Propose a legal-hold copy of one restricted record, on an order",
)
def propose_record_hold_copy(worker_id: bytes, record_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose a copy; the record stays restricted."""
    return _proposed(life_asks.hold_record(worker_id, record_id, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/hold-copy",
    policy="archive.hold.make",
    body=CopyQuery,
    answer=Sends("application/json", "bundle.v1.json"),
    problems=(errors.TargetUnknown, errors.CopyNotDecided, StandingRefused, PurposeRefused),
    summary="制作依法调取的副本 / Make the legal-hold copy that two officials decided, once",
)
def hold_copy(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Send the bundle of what is restricted; the decision is used up, and the rows are durable, before."""
    return copied(hold_sort(form["proposal"]), worker_id, form)


def hold_sort(proposal_id: bytes) -> Sort:
    """Return whether a decided legal-hold copy is of an archive or of one record."""
    with house().db.read() as conn:
        return copies.hold_of(conn, proposal_id, house().clock.now_ms())


@door(
    bp,
    "GET",
    "/v1/desk/workers/<id:worker_id>/copy",
    policy="archive.change",
    query=CopyQuery,
    answer=Sends("application/zip"),
    problems=(errors.CopyNotDecided, errors.ArchiveRestricted, PurposeRefused),
    summary="制作近亲属副本 / Make the copy that two officials decided",
)
def relative_copy(worker_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Send a zip of the bundles of all archives of the person; the rows of who looked are durable before."""
    return copied(copies.RELATIVE, worker_id, query)


def copied(sort: Sort, worker_id: bytes, given: dict[str, Any]) -> flask.Response:
    """Send a decided copy, for the proposal, purpose and case given. Raises as `looking.copied`."""
    looker = Looker(actor(), given["purpose"], given["case_ref"], http.current().id)
    made = looking.copied(house(), looker, sort, worker_id, given["proposal"])
    name = bundle.file_name(worker_id)
    if sort.whole:
        headers = {"Content-Disposition": f'attachment; filename="{name.removesuffix(".json")}.zip"'}
        return flask.Response(made, content_type="application/zip", headers=headers)
    return answers.answer(made, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/records/<id:record_id>/trust",
    policy="archive.change",
    body=TrustForm,
    answer={202: DecidedLaterForm},
    problems=(
        errors.TargetUnknown,
        errors.TargetUnfit,
        ChangesNothing,
        life_errors.EvidenceNeeded,
        *paperrefs.PROBLEMS,
        errors.RecordAmbiguous,
        errors.ContentRefused,
        errors.SchemaRefused,
        errors.ArchiveRestricted,
    ),
    idempotent=True,
    summary="提出外省材料的可信等级 / Propose how far evidence from elsewhere is trusted",
)
def propose_trust(worker_id: bytes, record_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose a trust level with its verification; a second official decides."""
    return _proposed(life_asks.trust(worker_id, record_id, form))


def _proposed(act: Callable[[Turn], bytes]) -> flask.Response:
    proposal_id = bytes.fromhex(once(lambda turn: act(turn).hex()))
    return answers.answer({"proposal_id": proposal_id}, 202, form=DecidedLaterForm)
