"""Doors on auditors' packs (审计材料包): proposed, decided by another official, fetched by the auditor."""

import uuid
from collections.abc import Callable
from typing import Any, Final

import flask
import sqlalchemy as sa

from recordsvc.access import cases, looked, own_attempts, recusals
from recordsvc.access.case_errors import CaseRefused
from recordsvc.access.entrance import actor
from recordsvc.access.errors import LookNotWritten, Recused
from recordsvc.access.grants import Actor, Role
from recordsvc.access.policy import Sends, door
from recordsvc.access.services import once, reference
from recordsvc.archive import audit_packs, pack_making
from recordsvc.archive.audit_packs import Selection
from recordsvc.archive.errors import PackDamaged, RegionKeyNotInForce
from recordsvc.archive.life_forms import DecidedLaterForm
from recordsvc.archive.pack_forms import PackForm, PacksForm
from recordsvc.archive.services import bp, house
from recordsvc.ground import answers, http, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import FormRefused, NotFound

PURPOSE: Final = "audit"


@door(
    bp,
    "POST",
    "/v1/desk/audit-packs",
    policy="audit-pack.propose",
    body=PackForm,
    answer={202: DecidedLaterForm},
    problems=(CaseRefused, FormRefused, Recused),
    idempotent=True,
    summary="提出审计材料包 / Propose a pack of archives for an auditor",
)
def propose_pack(form: dict[str, Any]) -> flask.Response:
    """Choose the archives and propose the pack; it is made once another official approves."""
    proposal = once(proposing(form, reference()))
    return answers.answer({"proposal_id": uuid.UUID(proposal).bytes}, 202, form=DecidedLaterForm)


def proposing(form: dict[str, Any], by: str) -> Callable[[Turn], str]:
    """Choose the archives that a `PackForm` names; what proposes the pack in a turn (gives the id).

    Raises `FormRefused` where nothing fits, `CaseUnknown`, `CaseNames`, `Recused` where the official keeps
    out of somebody among them.
    """
    given, case_ref = form["selection"], form["case_ref"]
    with house().db.read() as conn:
        cases.check(conn, PURPOSE, case_ref, by, beijing_date(house().clock.now_ms()).isoformat())
    days = {name: given[name].isoformat() if given[name] else None for name in ("since", "until")}
    wanted = Selection(**(given | days | {"workers": tuple(given["workers"])}))
    workers = audit_packs.choose(house(), wanted)
    concerned = audit_packs.parties({"workers": [uuid_text(one) for one in workers]})
    own_attempts.check(house(), actor(), concerned)
    with house().db.read() as conn:
        looked.refuse_named(house(), conn, case_ref, workers)
    said = {
        name: value for name, value in (given | days).items() if name != "workers" and value is not None
    } or {"named": len(workers)}

    def act(turn: Turn) -> str:
        proposal = audit_packs.propose(
            turn, form["auditor"], case_ref, workers, said, form["reason"], by, whole=form["whole"]
        )
        return str(uuid.UUID(bytes=proposal))

    return act


@door(
    bp,
    "GET",
    "/v1/desk/audit-packs",
    policy="audit-pack.read",
    answer=PacksForm,
    summary="审计材料包 / Auditors' packs, the newest first",
)
def list_packs() -> flask.Response:
    """List packs; an auditor sees those that are theirs."""
    who = actor()
    own = who.id if Role.AUDITOR in who.roles else None
    with house().db.read() as conn:
        found = audit_packs.listed(conn, *seen(who), auditor=own)
    return answers.answer({"items": found}, form=PacksForm)


def seen(who: Actor) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of the packs in which nobody is whom the official keeps out of."""
    return recusals.outside(who, two_person.proposal.c.parties)


@door(
    bp,
    "GET",
    "/v1/desk/audit-packs/<id:pack_id>/file",
    policy="audit-pack.file.read",
    answer=Sends("application/zip"),
    problems=(NotFound, LookNotWritten, PackDamaged, RegionKeyNotInForce),
    summary="取审计材料包 / Fetch a pack: files and the signed manifest",
)
def fetch_pack(pack_id: bytes) -> flask.Response:
    """Send the zip; the row of who looked is durable for each worker before."""
    made = pack_making.fetch(house(), pack_id, actor(), http.current().id)
    name = f'attachment; filename="audit-pack-{pack_id.hex()[-8:]}.zip"'
    return flask.Response(made, content_type="application/zip", headers={"Content-Disposition": name})
