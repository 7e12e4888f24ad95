"""Doors of the payers' desk (支付岗): accounts, batches and their release, files, payments, differences."""

import uuid
from collections.abc import Callable
from typing import Any

import flask

from recordsvc.access import acts, deciding, looked
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.entrance import actor
from recordsvc.access.errors import LookNotWritten, Recused, StandsTogether
from recordsvc.access.grants import Actor
from recordsvc.access.looked import Look
from recordsvc.access.objects import whole
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.access.services import house, once, reference
from recordsvc.archive.life_forms import DecidedLaterForm
from recordsvc.ground import answers, http
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import Forbidden, Internal
from recordsvc.ground.two_person import AlreadyClosed, SamePerson, StaleProposal, UnknownProposal
from recordsvc.money.bank import (
    batches,
    collecting,
    own_account_routes,
    payee_account_routes,
    paying,
    payments,
    recon_routes,
    views,
)
from recordsvc.money.bank.errors import (
    AbsenceUnproven,
    AccountRefused,
    BatchRefusedByCheck,
    BatchState,
    BreakClosed,
    NothingToPay,
    PayeeAccountChanged,
    PayingAccountUnknown,
    PaymentBatchUnknown,
    PaymentLive,
    PaymentState,
    ResolutionRefused,
)
from recordsvc.money.bank.forms import (
    BatchesForm,
    BatchForm,
    BatchReleaseForm,
    BatchSealForm,
    NewPayingAccountForm,
    PayersProposalsForm,
    PayersWordForm,
    PayingAccountsForm,
)
from recordsvc.money.bank.services import bp
from recordsvc.vault.envelope import SealError

__all__ = ["bp", "own_account_routes", "payee_account_routes", "recon_routes"]

PURPOSE = "payment"
"""Why a payer who takes a batch's file looks at those it pays (code of `lookup_purposes`)."""
DECIDING = (
    UnknownProposal,
    SamePerson,
    AlreadyClosed,
    StaleProposal,
    StandsTogether,
    Recused,
    Forbidden,
    AbsenceUnproven,
    AccountRefused,
    BatchState,
    BreakClosed,
    PayeeAccountChanged,
    PaymentLive,
    PaymentState,
    ResolutionRefused,
)
"""What may stand against a second payer's word."""


# -- accounts


@door(
    bp,
    "GET",
    "/v1/desk/bank/accounts",
    policy="bank.read",
    answer=PayingAccountsForm,
    summary="付款账户 / The accounts that payments leave from, and what the books say they hold",
)
def paying_accounts() -> flask.Response:
    """List the paying accounts."""
    whole("bank.read")
    with house().db.read() as conn:
        return answers.answer({"items": views.accounts(house(), conn)}, form=PayingAccountsForm)


@door(
    bp,
    "POST",
    "/v1/desk/bank/accounts",
    policy="bank.pay",
    step_up=True,
    body=NewPayingAccountForm,
    answer={202: DecidedLaterForm},
    problems=(AccountRefused,),
    idempotent=True,
    summary="提出付款账户 / Propose a paying account; another payer decides",
)
def propose_paying_account(form: dict[str, Any]) -> flask.Response:
    """Propose an account of the region."""
    whole("bank.pay")
    by = reference()
    return _proposed(once(lambda turn: _text(paying.propose(turn, form, by))))


# -- what payers decide for one another


@door(
    bp,
    "GET",
    "/v1/desk/bank/proposals",
    policy="bank.read",
    answer=PayersProposalsForm,
    summary="待复核的支付事项 / What waits for a second payer",
)
def payers_proposals() -> flask.Response:
    """List the open proposals of payers."""
    whole("bank.read")
    with house().db.read() as conn:
        items = views.proposals(house(), conn, actor())
    return answers.answer({"items": items}, form=PayersProposalsForm)


@door(
    bp,
    "POST",
    "/v1/desk/bank/proposals/<id:payers_proposal>/decide",
    policy="bank.pay",
    step_up=True,
    body=PayersWordForm,
    answer={204: None},
    problems=DECIDING,
    idempotent=True,
    summary="复核支付事项 / Decide as the second payer",
)
def decide_payers(payers_proposal: bytes, form: dict[str, Any]) -> flask.Response:
    """Approve, which acts at once, or refuse."""
    once(deciding_on(payers_proposal, form))
    return flask.Response(status=204)


def deciding_on(proposal_id: bytes, form: dict[str, Any]) -> Callable[[Turn], str]:
    """Return what decides a proposal in a turn."""
    who, place = actor(), house()

    def act(turn: Turn) -> str:
        word = {"approve": form["approve"], "reason": form["reason"]}
        deciding.decide_in(turn, place, proposal_id, who, **word)
        return _text(proposal_id)

    return act


# -- batches


@door(
    bp,
    "GET",
    "/v1/desk/bank/batches",
    policy="bank.read",
    answer=BatchesForm,
    summary="支付批次 / Batches of payments, the newest first",
)
def list_batches() -> flask.Response:
    """List batches."""
    whole("bank.read")
    with house().db.read() as conn:
        items = [views.batch(conn, one) for one in batches.listed(conn)]
    return answers.answer({"items": items}, form=BatchesForm)


@door(
    bp,
    "POST",
    "/v1/desk/bank/batches",
    policy="bank.pay",
    step_up=True,
    body=BatchSealForm,
    answer={201: BatchForm},
    problems=(PayingAccountUnknown, NothingToPay, BatchRefusedByCheck, Recused),
    idempotent=True,
    summary="组批封存 / Seal what waits on an account into a batch; another payer releases it",
)
def seal_batch(form: dict[str, Any]) -> flask.Response:
    """Seal a batch and propose its release."""
    return _batch(uuid.UUID(once(sealing(form["account"], actor(), collect=form["collect"]))).bytes, 201)


def sealing(account: str, who: Actor, *, collect: bool = False) -> Callable[[Turn], str]:
    """Return what seals a batch, or one of collections, in a turn (gives its id). Raises `Forbidden`."""
    whole("bank.pay")
    seal = collecting.seal if collect else batches.seal
    return lambda turn: _text(seal(turn, house(), account, reference(who), who.recused))


@door(
    bp,
    "GET",
    "/v1/desk/bank/batches/<id:batch_id>",
    policy="bank.read",
    answer=BatchForm,
    problems=(PaymentBatchUnknown,),
    summary="一个支付批次 / One batch",
)
def read_batch(batch_id: bytes) -> flask.Response:
    """Show a batch."""
    return _batch(batch_id, 200)


@door(
    bp,
    "POST",
    "/v1/desk/bank/batches/<id:batch_id>/release",
    policy="bank.pay",
    step_up=True,
    body=BatchReleaseForm,
    answer=BatchForm,
    problems=(PaymentBatchUnknown, *DECIDING),
    idempotent=True,
    summary="复核放行 / Release a batch as the second payer; it is sent with the bytes that were sealed",
)
def release_batch(batch_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Decide the open proposal of a batch."""
    who = actor()

    def act(turn: Turn) -> str:
        proposal = batches.proposal_of(turn.conn, batch_id)
        if proposal is None:
            raise BatchState
        deciding.decide_in(turn, house(), proposal, who, approve=True, reason=form["reason"])
        return _text(batch_id)

    once(act)
    return _batch(batch_id, 200)


@door(
    bp,
    "POST",
    "/v1/desk/bank/batches/<id:batch_id>/cancel",
    policy="bank.pay",
    step_up=True,
    answer=BatchForm,
    problems=(PaymentBatchUnknown, BatchState),
    idempotent=True,
    summary="作废未放行的批次 / Give up a batch that was not released: its payments wait again",
)
def cancel_batch(batch_id: bytes) -> flask.Response:
    """Cancel a sealed batch."""
    once(cancelling(batch_id, reference()))
    return _batch(batch_id, 200)


def cancelling(batch_id: bytes, by: str) -> Callable[[Turn], str]:
    """Return what cancels a batch in a turn."""

    def act(turn: Turn) -> str:
        if batches.find(turn.conn, batch_id).collects:
            collecting.cancel(turn, house(), batch_id)
        else:
            batches.cancel(turn, house(), batch_id, by)
        return _text(batch_id)

    return act


@door(
    bp,
    "GET",
    "/v1/desk/bank/batches/<id:batch_id>/file",
    policy="bank.pay",
    surface=Surface.FILE,
    answer=Sends("application/octet-stream"),
    problems=(PaymentBatchUnknown, LookNotWritten, Internal),
    summary="取报盘文件 / The sealed file of a batch: every worker it pays or debits can read who took it",
)
def batch_file(batch_id: bytes) -> flask.Response:
    """Hand out a batch's file once it is written who took it."""
    who = actor()
    with house().db.read() as conn:
        found = batches.find(conn, batch_id)
        named = [one.payee for one in payments.of_batch(conn, batch_id)]
        named += [one.payer for one in collecting.of_batch(conn, batch_id)]
        try:
            content = batches.content(house(), conn, found)
        except (SealError, ValueError):
            raise Internal from None
    workers = sorted({one.removeprefix("worker:") for one in named if one.startswith("worker:")})
    request_id = http.current().id
    looks = [
        Look(uuid.UUID(one).bytes, who, PURPOSE, "account", found.message_id, request_id) for one in workers
    ]
    looked.record(house(), looks)
    acts.record(
        house().db,
        house().random,
        OfficialAct(who, Act.BANK_FILE, found.message_id, found.sha256.hex()),
    )
    name = f'attachment; filename="{found.file_name}"'
    return flask.Response(
        content, content_type="application/octet-stream", headers={"Content-Disposition": name}
    )


# -- answers


def _text(value: bytes) -> str:
    return str(uuid.UUID(bytes=value))


def _proposed(proposal: str) -> flask.Response:
    return answers.answer({"proposal_id": uuid.UUID(proposal).bytes}, 202, form=DecidedLaterForm)


def _batch(batch_id: bytes, status: int) -> flask.Response:
    with house().db.read() as conn:
        said = views.batch(conn, batches.find(conn, batch_id))
    return answers.answer(said, status, form=BatchForm)
