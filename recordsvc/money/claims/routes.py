"""Doors of claims (申领): the worker's own, the desk's, the public lists.

An official sees and signs claims of their area, never those of whom they are recused from. Looking at one
leaves a row of who looked.
"""

from typing import TYPE_CHECKING, Any

import flask
from sqlalchemy.engine import Connection

from recordsvc.access.policy import door
from recordsvc.access.services import house, once
from recordsvc.archive import persons
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.services import own_worker
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.money.claims import (
    agency_routes,
    apprentice_routes,
    bank,
    desk_routes,
    filing,
    notices,
    steps,
    views,
)
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims.filing import Ask
from recordsvc.money.claims.forms import (
    ClaimDetailForm,
    ClaimFileForm,
    ClaimNoticeForm,
    ClaimNoticesForm,
    ClaimOwnStepForm,
    ClaimsForm,
)
from recordsvc.money.claims.tables import claim_state
from recordsvc.money.claims.values import Claim, find, listed
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House

from recordsvc.money.claims.services import bp, who

__all__ = ["agency_routes", "apprentice_routes", "bp", "desk_routes"]


def setup(_app: flask.Flask, place: "House") -> None:
    """Have the bank's room tell claims what becomes of payments."""
    bank.connect(place)


# -- the worker


def own_claims() -> list[Claim]:
    """Return the claims of the worker who asks, the newest first. Raises `ArchiveRestricted`."""
    persons.read(house(), own_worker())
    with house().db.read() as conn:
        mine = sorted(merges.together(conn, [own_worker()]))
        return listed(conn, claim_state.c.worker_id.in_(mine), newest=True)


def own_claim(conn: Connection, claim_id: bytes) -> Claim:
    """Return a claim of the worker who asks. Raises `ClaimUnknown`."""
    one = find(conn, claim_id)
    if one.worker_id not in merges.together(conn, [own_worker()]):
        raise problems.ClaimUnknown
    return one


def file_own(kind: str, record_id: bytes, fee_fen: int | None = None) -> bytes:
    """File a claim for the worker who asks, with the fee where the kind goes by it; its id."""
    worker_id, by = own_worker(), who()
    ask = Ask(kind, record_id, {} if fee_fen is None else {"fee_fen": fee_fen})
    made = once(lambda turn: filing.file(turn, house(), worker_id, ask, by).claim_id.hex())
    return bytes.fromhex(made)


def step_own(claim_id: bytes, event: str, reason: str) -> None:
    """Let the worker who asks supplement or withdraw a claim. Raises `ClaimUnknown`, `ClaimStep`."""
    by = who()

    def act(turn: Turn) -> str:
        one = own_claim(turn.conn, claim_id)
        if event == "supplement":
            return filing.supplement(turn, house(), one, by, reason).state
        return steps.step(turn, house(), one, event, by, reason).outcome

    once(act)


@door(
    bp,
    "GET",
    "/v1/me/claims",
    policy="own.claim.read",
    answer=ClaimsForm,
    problems=(ArchiveRestricted,),
    summary="我的补贴 / My claims, the newest first",
)
def my_claims() -> flask.Response:
    """Send all."""
    return answers.answer({"items": [views.brief(one) for one in own_claims()]}, form=ClaimsForm)


@door(
    bp,
    "POST",
    "/v1/me/claims",
    policy="own.claim.file",
    body=ClaimFileForm,
    answer={201: ClaimDetailForm},
    problems=(problems.ClaimRefused, problems.ClaimStands),
    idempotent=True,
    summary="申领补贴 / Claim a subsidy on one of my records; it is decided at once",
)
def file_claim(form: dict[str, Any]) -> flask.Response:
    """File a claim and say what the rule says of it."""
    return _own_answer(file_own(form["kind"], form["record_id"], form["fee_fen"]), 201)


@door(
    bp,
    "GET",
    "/v1/me/claims/<id:claim_id>",
    policy="own.claim.read",
    answer=ClaimDetailForm,
    problems=(problems.ClaimUnknown, ArchiveRestricted),
    summary="我的一项补贴 / One of my claims: why, which article, where it stands",
)
def my_claim(claim_id: bytes) -> flask.Response:
    """Send one."""
    return _own_answer(claim_id, 200)


@door(
    bp,
    "POST",
    "/v1/me/claims/<id:claim_id>/steps",
    policy="own.claim.file",
    body=ClaimOwnStepForm,
    answer=ClaimDetailForm,
    problems=(problems.ClaimUnknown, problems.ClaimStep, problems.ClaimChanged, problems.ClaimStands),
    idempotent=True,
    summary="补充或撤回申领 / Supplement or withdraw a claim of mine",
)
def step_my_claim(claim_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Supplement or withdraw."""
    step_own(claim_id, form["event"], form["reason"])
    return _own_answer(claim_id, 200)


def _own_answer(claim_id: bytes, status: int) -> flask.Response:
    persons.read(house(), own_worker())
    with house().db.read() as conn:
        told = views.detailed(house(), conn, own_claim(conn, claim_id))
    return answers.answer(told, status, form=ClaimDetailForm)


# -- everybody


@door(
    bp,
    "GET",
    "/v1/claim-notices",
    policy="public",
    answer=ClaimNoticesForm,
    summary="补贴公示 / Public lists, masked, the newest first",
)
def list_notices() -> flask.Response:
    """List those whose term runs."""
    with house().db.read() as conn:
        told = {"items": notices.public(house(), conn)}
        return answers.answer(told, headers=answers.NOT_LISTED, form=ClaimNoticesForm)


@door(
    bp,
    "GET",
    "/v1/claim-notices/<id:notice_id>",
    policy="public",
    answer=ClaimNoticeForm,
    problems=(problems.ClaimNoticeUnknown,),
    summary="一份公示 / One public list with its SHA-256",
)
def read_notice(notice_id: bytes) -> flask.Response:
    """Show one."""
    with house().db.read() as conn:
        found = notices.public_one(house(), conn, notice_id)
        return answers.answer(found, headers=answers.NOT_LISTED, form=ClaimNoticeForm)
