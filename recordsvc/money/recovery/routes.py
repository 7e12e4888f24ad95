"""Doors of recovery (追回): the worker's own cases, and the desk's; repayments come in at the bank's."""

from typing import TYPE_CHECKING, Any, Final

import flask
from sqlalchemy.engine import Connection

from recordsvc.access import looked
from recordsvc.access.entrance import actor
from recordsvc.access.errors import LoginPaced, PurposeRefused, StepUpRequired
from recordsvc.access.in_place_errors import OwnProofTyped
from recordsvc.access.looked import Look
from recordsvc.access.policy import door, prove
from recordsvc.access.services import house, once
from recordsvc.archive import own_proof, persons
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.life_forms import DecidedLaterForm
from recordsvc.archive.services import own_worker
from recordsvc.ground import answers, http
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import services as claim_services
from recordsvc.money.claims import values as claim_values
from recordsvc.money.claims.errors import ClaimUnknown
from recordsvc.money.recovery import deciding, following, hearing, views
from recordsvc.money.recovery import errors as problems
from recordsvc.money.recovery.forms import (
    DeskRecoveryForm,
    RecoveriesForm,
    RecoveriesQuery,
    RecoveryDecisionForm,
    RecoveryDetailForm,
    RecoveryDropForm,
    RecoveryForm,
    RecoveryOffsetForm,
    RecoveryOpenForm,
    RecoveryQuery,
    RecoverySayForm,
    RecoveryWriteOffForm,
)
from recordsvc.money.recovery.services import bp, reachable, signer
from recordsvc.money.recovery.tables import recovery
from recordsvc.money.recovery.transitions import OPEN
from recordsvc.money.recovery.values import Case, find, listed
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House

PROPOSING: Final = (
    problems.RecoveryUnknown,
    problems.RecoveryRefused,
    problems.RecoveryStep,
    problems.RecoveryChanged,
    problems.RecoveryNotHeard,
)


def setup(_app: flask.Flask, place: "House") -> None:
    """Have the bank's room ask about repayments."""
    following.connect(place)


# -- the worker


def own_cases() -> list[Case]:
    """Return the cases of the worker who asks, the newest first. Raises `ArchiveRestricted`."""
    persons.read(house(), own_worker())
    with house().db.read() as conn:
        mine = sorted(merges.together(conn, [own_worker()]))
        return listed(conn, recovery.c.worker_id.in_(mine), newest=True)


def own_case(conn: Connection, recovery_id: bytes) -> Case:
    """Return a case of the worker who asks. Raises `RecoveryUnknown`."""
    one = find(conn, recovery_id)
    if one.worker_id not in merges.together(conn, [own_worker()]):
        raise problems.RecoveryUnknown
    return one


def own_shown(recovery_id: bytes) -> dict[str, Any]:
    """Return one case of the worker who asks, in words. Raises `RecoveryUnknown`, `ArchiveRestricted`."""
    persons.read(house(), own_worker())
    today = beijing_date(house().clock.now_ms()).isoformat()
    with house().db.read() as conn:
        return views.detailed(conn, own_case(conn, recovery_id), today)


def say_own(recovery_id: bytes, words: str) -> None:
    """Take down what the worker says. Raises `RecoveryUnknown`, `RecoveryStep`."""
    by = claim_services.who()

    def act(turn: Turn) -> str:
        return hearing.say(turn, house(), own_case(turn.conn, recovery_id), words, by).state

    once(act)


def agree_own(recovery_id: bytes, form: dict[str, Any], *, agrees: bool) -> None:
    """Take down the worker's word on keeping back; `form` has their own proof (`own_proof.FIELDS`).

    Raises `RecoveryUnknown`, `RecoveryStep`; who agrees also `StepUpRequired`, at the window `OwnProofTyped`,
    `LoginPaced`.
    """
    by, settle = claim_services.who(), None
    if agrees:  # what is taken back must not wait for a proof
        prove()
        with house().db.read() as conn:
            own_case(conn, recovery_id)
        settle = own_proof.typed(house(), actor(), form)

    def act(turn: Turn) -> str:
        case = own_case(turn.conn, recovery_id)
        if settle is not None:
            settle(turn)
        return hearing.agree(turn, house(), case, by, agrees=agrees).state

    once(act)


@door(
    bp,
    "GET",
    "/v1/me/recoveries",
    policy="own.claim.read",
    answer=RecoveriesForm,
    problems=(ArchiveRestricted,),
    summary="要求我退还的补贴 / Subsidies that are asked back of me, the newest first",
)
def my_recoveries() -> flask.Response:
    """Send all."""
    found = own_cases()
    with house().db.read() as conn:
        return answers.answer({"items": [views.brief(conn, one) for one in found]}, form=RecoveriesForm)


@door(
    bp,
    "GET",
    "/v1/me/recoveries/<id:recovery_id>",
    policy="own.claim.read",
    answer=RecoveryDetailForm,
    problems=(problems.RecoveryUnknown, ArchiveRestricted),
    summary="一件追回事项：退什么、为什么、怎样申辩 / What is asked back, why, and how to object",
)
def my_recovery(recovery_id: bytes) -> flask.Response:
    """Send one."""
    return answers.answer(own_shown(recovery_id), form=RecoveryDetailForm)


@door(
    bp,
    "POST",
    "/v1/me/recoveries/<id:recovery_id>/words",
    policy="own.claim.file",
    body=RecoverySayForm,
    answer=RecoveryDetailForm,
    problems=(problems.RecoveryUnknown, problems.RecoveryStep, problems.RecoveryChanged, ArchiveRestricted),
    idempotent=True,
    summary="陈述申辩 / Say something against it, until it is decided",
)
def say_of_recovery(recovery_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take it down."""
    say_own(recovery_id, form["words"])
    return answers.answer(own_shown(recovery_id), form=RecoveryDetailForm)


@door(
    bp,
    "POST",
    "/v1/me/recoveries/<id:recovery_id>/offset",
    policy="own.recovery.agree",
    body=RecoveryOffsetForm,
    answer=RecoveryDetailForm,
    problems=(
        problems.RecoveryUnknown,
        problems.RecoveryStep,
        problems.RecoveryChanged,
        ArchiveRestricted,
        StepUpRequired,
        OwnProofTyped,
        LoginPaced,
    ),
    idempotent=True,
    summary="生活费补贴是否同意抵扣 / Agree or not that protected subsidies are kept back for it",
)
def agree_to_offset(recovery_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take it down."""
    agree_own(recovery_id, form, agrees=form["agrees"])
    return answers.answer(own_shown(recovery_id), form=RecoveryDetailForm)


# -- the desk


def seen(state: str | None = None) -> list[dict[str, Any]]:
    """Return the cases that the official who asks sees: in a state, or all that are not over."""
    where = recovery.c.state == state if state else recovery.c.state.in_(OPEN)
    with house().db.read() as conn:
        return [views.brief(conn, one) for one in listed(conn, where, *reachable("recovery.read"))]


def looked_at(recovery_id: bytes, purpose: str, case_ref: str) -> dict[str, Any]:
    """Return a case for the official who asks, once the look is noted.

    Raises `PurposeRefused`, `ArchiveRestricted`.
    """
    looked.judge(house().db, actor(), purpose, case_ref)
    with house().db.read() as conn:
        one = find(conn, recovery_id)
    persons.read(house(), one.worker_id)
    look = Look(one.worker_id, actor(), purpose, "claim", case_ref, http.current().id)
    looked.record(house(), [look])
    with house().db.read() as conn:
        return views.for_desk(house(), conn, one, actor().roles)


def open_at_desk(form: dict[str, Any]) -> bytes:
    """Open a case as the official who asks; its id.

    Raises `ClaimUnknown`, `RecoveryRefused`, `RecoveryStands`.
    """

    def act(turn: Turn) -> str:
        one = claim_values.find(turn.conn, form["claim_id"])
        by = claim_services.signer(turn, "recovery.handle", [one])
        made = deciding.open_by_hand(
            turn, house(), one, form["ground"], form["amount_fen"], form["words"], by
        )
        return made.recovery_id.hex()

    return bytes.fromhex(once(act))


def ask(recovery_id: bytes, kind: str, said: dict[str, Any]) -> bytes:
    """Propose a decision as the official who asks; the proposal's id. Raises as `deciding.propose`."""

    def act(turn: Turn) -> str:
        case = find(turn.conn, recovery_id)
        by = signer(turn, "recovery.handle", [deciding.thing(turn.conn, case)])
        return deciding.propose(turn, house(), case, kind, said, by.actor).hex()

    return bytes.fromhex(once(act))


@door(
    bp,
    "GET",
    "/v1/desk/recoveries",
    policy="recovery.read",
    query=RecoveriesQuery,
    answer=RecoveriesForm,
    summary="追回事项 / Cases of recovery in the official's area, oldest first",
)
def list_recoveries(query: dict[str, Any]) -> flask.Response:
    """List cases without anything of the person."""
    return answers.answer({"items": seen(query["state"])}, form=RecoveriesForm)


@door(
    bp,
    "POST",
    "/v1/desk/recoveries",
    policy="recovery.handle",
    body=RecoveryOpenForm,
    answer={201: RecoveryForm},
    problems=(ClaimUnknown, problems.RecoveryRefused, problems.RecoveryStands),
    idempotent=True,
    summary="立案追回 / Ask a paid claim back; the worker is told and heard first",
)
def open_recovery(form: dict[str, Any]) -> flask.Response:
    """Open a case."""
    recovery_id = open_at_desk(form)
    with house().db.read() as conn:
        return answers.answer(views.brief(conn, find(conn, recovery_id)), 201, form=RecoveryForm)


@door(
    bp,
    "GET",
    "/v1/desk/recoveries/<id:recovery_id>",
    policy="recovery.read",
    query=RecoveryQuery,
    answer=DeskRecoveryForm,
    problems=(problems.RecoveryUnknown, PurposeRefused, ArchiveRestricted),
    summary="一件追回事项 / One case with what was said; the worker sees that it was read",
)
def read_recovery(recovery_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Show one."""
    told = looked_at(recovery_id, query["purpose"], query["case_ref"])
    return answers.answer(told, form=DeskRecoveryForm)


@door(
    bp,
    "POST",
    "/v1/desk/recoveries/<id:recovery_id>/decision",
    policy="recovery.handle",
    step_up=True,
    body=RecoveryDecisionForm,
    answer={202: DecidedLaterForm},
    problems=PROPOSING,
    idempotent=True,
    summary="提出追回决定 / Propose how much is asked back; a reviewer decides",
)
def propose_decision(recovery_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose a decision."""
    return _later(ask(recovery_id, deciding.DECIDE, form))


@door(
    bp,
    "POST",
    "/v1/desk/recoveries/<id:recovery_id>/drop",
    policy="recovery.handle",
    step_up=True,
    body=RecoveryDropForm,
    answer={202: DecidedLaterForm},
    problems=PROPOSING,
    idempotent=True,
    summary="提出不予追回 / Propose that nothing is asked back; a reviewer decides",
)
def propose_drop(recovery_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose to drop it."""
    return _later(ask(recovery_id, deciding.DROP, form))


@door(
    bp,
    "POST",
    "/v1/desk/recoveries/<id:recovery_id>/write-off",
    policy="recovery.handle",
    step_up=True,
    body=RecoveryWriteOffForm,
    answer={202: DecidedLaterForm},
    problems=PROPOSING,
    idempotent=True,
    summary="提出核销 / Propose to write off what is still owed; a reviewer decides",
)
def propose_write_off(recovery_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose to write it off."""
    return _later(ask(recovery_id, deciding.WRITE_OFF, form))


def _later(proposal_id: bytes) -> flask.Response:
    return answers.answer({"proposal_id": proposal_id}, 202, form=DecidedLaterForm)
