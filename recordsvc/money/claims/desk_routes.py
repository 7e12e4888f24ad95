"""Doors of the desk about claims: lists, one claim with its trace, steps, signing many; who pays."""

from typing import Any

import flask
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access import looked
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused, StandsTogether
from recordsvc.access.looked import Look
from recordsvc.access.policy import door, prove
from recordsvc.access.services import house, once, reference
from recordsvc.archive import persons
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.ground import answers, http
from recordsvc.ground.commit import Turn
from recordsvc.ground.idempotency import Refused
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims import filing, notices, signing, steps, transitions, views
from recordsvc.money.claims.forms import (
    ClaimForm,
    ClaimListForm,
    ClaimObjectionForm,
    ClaimPublishedForm,
    ClaimPublishForm,
    ClaimQuery,
    ClaimsForm,
    ClaimSheetForm,
    ClaimSignedForm,
    ClaimsQuery,
    ClaimStepForm,
    DeskClaimForm,
    ListQuery,
)
from recordsvc.money.claims.refusing import Grounds
from recordsvc.money.claims.services import bp, signer, within_reach
from recordsvc.money.claims.steps import DIVERTED, DONE, Done
from recordsvc.money.claims.tables import claim_state
from recordsvc.money.claims.values import Claim, find, listed, queue, tally

STEPPING = (
    problems.ClaimUnknown,
    problems.ClaimStep,
    problems.ClaimRefused,
    problems.ClaimChanged,
    problems.ClaimStands,
    problems.ClaimWaits,
    problems.ClaimDiverted,
    problems.ClaimSignedBefore,
    StandsTogether,
    problems.ClaimNoticeOpen,
)


def seen(state: str | None = None, *, late: bool = False) -> list[Claim]:
    """Return the claims that the official who asks sees: in a state, or all that are not over, oldest first.

    `late`: those whose step is overdue alone, the most urgent first.
    """
    over = ("CLOSED", "REFUSED", "WITHDRAWN", "RECOVERED")
    where = [claim_state.c.state == state if state else claim_state.c.state.not_in(over)]
    where += within_reach("claim.read")
    today = beijing_date(house().clock.now_ms()).isoformat()
    with house().db.read() as conn:
        if late:
            return queue(conn, claim_state.c.due_on < today, *where, limit=1_000)
        return listed(conn, *where)


def due_counts(policy: str = "claim.read") -> tuple[int, int]:
    """Return how many claims wait for a role of the official who asks, and how many of the area are late."""
    today = beijing_date(house().clock.now_ms()).isoformat()
    with house().db.read() as conn:
        rows = tally(conn, today, *within_reach(policy))
    mine = sum(row.n for row in rows if row.owner in actor().roles)
    return mine, sum(row.n for row in rows if row.late)


def sheet(event: str, policy: str) -> tuple[list[Claim], str, list[Claim]]:
    """Return what waits for a signature: the clean ones, the hash of their list, the flagged ones."""
    with house().db.read() as conn:
        clean, flagged = _parted(conn, event, policy)
    return clean, signing.sheet(clean), flagged


def _parted(conn: Connection, event: str, policy: str) -> tuple[list[Claim], list[Claim]]:
    """Return what whoever asks may sign: what goes by list, and what is looked at singly."""
    today = beijing_date(house().clock.now_ms()).isoformat()
    waiting = signing.due(conn, event, reference(), today, *within_reach(policy))
    flagged = [one for one in waiting if signing.flags(house(), conn, one)]
    return [one for one in waiting if one not in flagged], flagged


def came_back(conn: Connection, policy: str) -> list[Claim]:
    """Return the claims whose money came back, of the area of whoever asks, the most urgent first."""
    return queue(conn, claim_state.c.state == "RETURNED", *within_reach(policy), limit=1_000)


def looked_at(claim_id: bytes, purpose: str, case_ref: str) -> dict[str, Any]:
    """Return a claim for the official who asks, once the look is noted.

    Raises `PurposeRefused`, `ArchiveRestricted`.
    """
    looked.judge(house().db, actor(), purpose, case_ref)
    with house().db.read() as conn:
        one = find(conn, claim_id)
    persons.read(house(), one.worker_id)
    look = Look(one.worker_id, actor(), purpose, "claim", case_ref, http.current().id)
    looked.record(house(), [look])
    with house().db.read() as conn:
        return views.for_desk(house(), conn, one, actor().roles)


def step_desk(
    policy: str,
    claim_id: bytes,
    event: str,
    version: int,
    reason: str,
    article: str = "",
    found_on: str = "",
    evidence: str = "",
) -> Claim:
    """Take a step as the official who asks.

    Raises as `signer`, as `steps.step`, `ClaimWaits`, `ClaimDiverted`, `StepUpRequired`.
    """
    if transitions.moves_money(event):
        prove()

    def act(turn: Turn) -> str:
        one = find(turn.conn, claim_id)
        by = signer(turn, policy, [one])
        if one.version != version:
            raise problems.ClaimChanged
        if event == "supplement":
            filing.supplement(turn, house(), one, by, reason)
            return DONE
        if event == "return-to-check":
            back = steps.step(turn, house(), one, event, by, reason).claim
            steps.check(turn, house(), back)
            return DONE
        grounds = Grounds(article, found_on, evidence)
        outcome = steps.step(turn, house(), one, event, by, reason, grounds=grounds).outcome
        return outcome if outcome == DONE else Refused(outcome)

    outcome = once(act)
    with house().db.read() as conn:
        one = find(conn, claim_id)
    if outcome == steps.WAITS:
        raise problems.ClaimWaits(views.WAITS_ZH[one.waits], waits=one.waits, owner=one.owner)
    if outcome == DIVERTED:
        raise problems.ClaimDiverted
    return one


@door(
    bp,
    "GET",
    "/v1/desk/claims",
    policy="claim.read",
    query=ClaimsQuery,
    answer=ClaimsForm,
    summary="补贴申领 / Claims of the official's area, oldest first",
)
def list_claims(query: dict[str, Any]) -> flask.Response:
    """List claims without anything of the person."""
    found = seen(query["state"], late=query["late"] == "yes")
    return answers.answer({"items": [views.brief(one) for one in found]}, form=ClaimsForm)


@door(
    bp,
    "GET",
    "/v1/desk/claims/<id:claim_id>",
    policy="claim.read",
    query=ClaimQuery,
    answer=DeskClaimForm,
    problems=(problems.ClaimUnknown, PurposeRefused, ArchiveRestricted),
    summary="一项申领及审核依据 / One claim with trace and signatures; the worker sees that it was read",
)
def read_claim(claim_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Show one."""
    return answers.answer(looked_at(claim_id, query["purpose"], query["case_ref"]), form=DeskClaimForm)


@door(
    bp,
    "POST",
    "/v1/desk/claims/<id:claim_id>/steps",
    policy="claim.sign",
    body=ClaimStepForm,
    answer=ClaimForm,
    problems=STEPPING,
    idempotent=True,
    summary="办理一项申领 / Take a step with a claim: accept, review, approve, finance, refuse, send back …",
)
def step_claim(claim_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take a step."""
    return answers.answer(views.brief(step_desk("claim.sign", claim_id, **form)), form=ClaimForm)


@door(
    bp,
    "POST",
    "/v1/desk/claims/<id:claim_id>/objections",
    policy="claim.publish",
    body=ClaimObjectionForm,
    answer=ClaimForm,
    problems=(problems.ClaimUnknown, problems.ClaimStep, problems.ClaimChanged),
    idempotent=True,
    summary="登记公示异议 / Take an objection to a public line down",
)
def object_to_claim(claim_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take an objection down; the claim waits, no other does."""
    take_objection(claim_id, form["text"])
    with house().db.read() as conn:
        return answers.answer(views.brief(find(conn, claim_id)), form=ClaimForm)


def take_objection(claim_id: bytes, text: str) -> None:
    """Take an objection down as the official who asks. Raises as `signer`, `ClaimStep`, `ClaimChanged`."""

    def act(turn: Turn) -> str:
        one = find(turn.conn, claim_id)
        by = signer(turn, "claim.publish", [one])
        return notices.object_to(turn, house(), one, text, by).outcome

    once(act)


@door(
    bp,
    "GET",
    "/v1/desk/claim-list",
    policy="claim.sign",
    query=ListQuery,
    answer=ClaimSheetForm,
    summary="待签清单 / What waits for a signature: clean ones as one list, flagged ones apart",
)
def read_list(query: dict[str, Any]) -> flask.Response:
    """Show the list with its hash."""
    return _sheet(query["event"], "claim.sign")


def _sheet(event: str, policy: str) -> flask.Response:
    clean, sha256, flagged = sheet(event, policy)
    back: list[Claim] = []
    if event == "finance":
        with house().db.read() as conn:
            back = came_back(conn, policy)
    told = {
        "clean": [views.brief(one) for one in clean],
        "list_sha256": sha256,
        "flagged": [views.brief(one) for one in flagged],
        "returned": [views.brief(one) for one in back],
    }
    return answers.answer(told, form=ClaimSheetForm)


@door(
    bp,
    "POST",
    "/v1/desk/claim-list",
    policy="claim.sign",
    step_up=True,
    body=ClaimListForm,
    answer=ClaimSignedForm,
    problems=(problems.ClaimListChanged, *STEPPING),
    idempotent=True,
    summary="整单签批 / Sign a list of clean claims, all or none",
)
def sign_list(form: dict[str, Any]) -> flask.Response:
    """Sign a list as it was seen."""
    return _sign("claim.sign", form)


def _sign(policy: str, form: dict[str, Any]) -> flask.Response:
    sign_seen(policy, **form)
    with house().db.read() as conn:
        others = [one for one in (find(conn, it) for it in form["claims"]) if not _signed(one, form["event"])]
    told = {"signed": len(form["claims"]) - len(others), "others": [views.brief(one) for one in others]}
    return answers.answer(told, form=ClaimSignedForm)


def sign_seen(policy: str, event: str, claims: list[bytes], list_sha256: str) -> None:
    """Sign a list as it was seen. Raises as `signer`, `ClaimListChanged` and what keeps one back."""

    def act(turn: Turn) -> str:
        by = signer(turn, policy, [find(turn.conn, one) for one in claims])
        done: list[Done] = signing.sign_all(turn, house(), event, claims, list_sha256, by)
        return str(sum(one.outcome == DONE for one in done))

    once(act)


def sign_sheet(policy: str, event: str, list_sha256: str) -> tuple[int, int]:
    """Sign one's own clean list, if it still has the hash that was seen; how many were signed, of how many.

    Raises as `sign_seen`.
    """

    def act(turn: Turn) -> str:
        clean, _ = _parted(turn.conn, event, policy)
        by = signer(turn, policy, clean)
        ids = [one.claim_id for one in clean]
        done = signing.sign_all(turn, house(), event, ids, list_sha256, by)
        return f"{sum(one.outcome == DONE for one in done)}/{len(done)}"

    signed, _, all_of = once(act).partition("/")
    return int(signed), int(all_of)


def _signed(one: Claim, event: str) -> bool:
    return not one.waits and one.signed is not None and one.signed > signing.EVENTS.index(event)


@door(
    bp,
    "POST",
    "/v1/desk/claim-notices",
    policy="claim.publish",
    body=ClaimPublishForm,
    answer={201: ClaimPublishedForm},
    problems=(problems.ClaimUnknown, problems.ClaimStep, problems.ClaimChanged),
    idempotent=True,
    summary="公示 / Make reviewed claims public as one masked list",
)
def publish(form: dict[str, Any]) -> flask.Response:
    """Publish a list; its working days begin with the next."""
    return answers.answer({"notice_id": publish_chosen(**form)}, 201, form=ClaimPublishedForm)


def reviewed() -> dict[str, list[Claim]]:
    """Return what whoever asks may make public now, by division."""
    with house().db.read() as conn:
        return _reviewed(conn)


def _reviewed(conn: Connection) -> dict[str, list[Claim]]:
    found: dict[str, list[Claim]] = {}
    for one in notices.publishable(conn, *within_reach("claim.publish")):
        found.setdefault(one.region, []).append(one)
    return found


def publish_sheet(region: str, list_sha256: str) -> bytes:
    """Publish what is reviewed of a division, if it is still the list that was seen; the public list's id.

    Raises as `publish_chosen`, `ClaimListChanged`.
    """

    def act(turn: Turn) -> str:
        chosen = _reviewed(turn.conn).get(region, [])
        if signing.sheet(chosen) != list_sha256:
            raise problems.ClaimListChanged
        by = signer(turn, "claim.publish", chosen)
        home = str(dated.rule("home_province", "home", beijing_date(turn.now_ms).isoformat())["value"])
        # Of workers without a division the list is one of the whole region.
        return notices.publish(turn, house(), chosen, region or f"{home}0000", by).hex()

    return bytes.fromhex(once(act))


def publish_chosen(claims: list[bytes], region: str) -> bytes:
    """Publish reviewed claims; the list's id. Raises as `signer`."""

    def act(turn: Turn) -> str:
        chosen = [find(turn.conn, one) for one in claims]
        by = signer(turn, "claim.publish", chosen)
        return notices.publish(turn, house(), chosen, region, by).hex()

    return bytes.fromhex(once(act))


# -- who pays


@door(
    bp,
    "GET",
    "/v1/desk/payables",
    policy="claim.pay",
    answer=ClaimSheetForm,
    summary="待拨付清单 / Approved claims that wait for the payer, clean ones as one list",
)
def list_payables() -> flask.Response:
    """Show the list with its hash."""
    return _sheet("finance", "claim.pay")


@door(
    bp,
    "GET",
    "/v1/desk/payables/<id:claim_id>",
    policy="claim.pay",
    query=ClaimQuery,
    answer=DeskClaimForm,
    problems=(problems.ClaimUnknown, PurposeRefused, ArchiveRestricted),
    summary="一项待拨付申领及依据 / One claim to be paid, with its trace; the worker sees that it was read",
)
def read_payable(claim_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Show one."""
    return answers.answer(looked_at(claim_id, query["purpose"], query["case_ref"]), form=DeskClaimForm)


@door(
    bp,
    "POST",
    "/v1/desk/payables",
    policy="claim.pay",
    step_up=True,
    body=ClaimListForm,
    answer=ClaimSignedForm,
    problems=(problems.ClaimListChanged, *STEPPING),
    idempotent=True,
    summary="整单签拨付 / Sign a list of approved claims for payment, all or none",
)
def sign_payables(form: dict[str, Any]) -> flask.Response:
    """Sign a list as it was seen."""
    return _sign("claim.pay", form)


@door(
    bp,
    "POST",
    "/v1/desk/payables/<id:claim_id>/steps",
    policy="claim.pay",
    step_up=True,
    body=ClaimStepForm,
    answer=ClaimForm,
    problems=STEPPING,
    idempotent=True,
    summary="拨付一项申领 / Sign one claim for payment, pay one anew that came back, send one back",
)
def step_payable(claim_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take a step."""
    return answers.answer(views.brief(step_desk("claim.pay", claim_id, **form)), form=ClaimForm)
