"""Doors of the payers' desk (支付岗): accounts, batches and their release, files, payments, differences."""

import uuid
from collections.abc import Callable
from typing import Any

import flask

from recordsvc.access import acts, deciding, looked
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.entrance import actor
from recordsvc.access.errors import LookNotWritten, Recused, StandsTogether
from recordsvc.access.looked import Look
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.access.services import house, once, reference
from recordsvc.archive.life_forms import DecidedLaterForm
from recordsvc.ground import answers, http
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import Forbidden, Internal, NotFound
from recordsvc.ground.reading import Upload
from recordsvc.ground.two_person import AlreadyClosed, SamePerson, StaleProposal, UnknownProposal
from recordsvc.money.bank import (
    batches,
    breaks,
    inbox,
    payee_accounts,
    paying,
    payments,
    resolving,
    views,
)
from recordsvc.money.bank.errors import (
    AbsenceUnproven,
    AccountRefused,
    BatchRefusedByCheck,
    BatchState,
    BreakClosed,
    BreakUnknown,
    NothingToPay,
    PayeeAccountChanged,
    PayeeAccountState,
    PayingAccountUnknown,
    PaymentBatchUnknown,
    PaymentLive,
    PaymentState,
    PaymentUnknown,
    ResolutionRefused,
)
from recordsvc.money.bank.formats.model import Account
from recordsvc.money.bank.forms import (
    BankFileForm,
    BankFileToldForm,
    BatchesForm,
    BatchForm,
    BatchReleaseForm,
    BreakForm,
    BreaksForm,
    BreaksQuery,
    NewPayeeAccountForm,
    NewPayingAccountForm,
    PayeeAccountForm,
    PayersProposalsForm,
    PayersWordForm,
    PayingAccountsForm,
    PaymentDetailForm,
    PaymentsForm,
    PaymentsQuery,
    ResolveForm,
    SealForm,
)
from recordsvc.money.bank.services import bp
from recordsvc.money.bank.tables import payment, recon_break
from recordsvc.vault.envelope import SealError

__all__ = ["bp"]

PURPOSE = "claim-review"
"""Why a payer who takes a batch's file looks at those it pays (code of `lookup_purposes`)."""
MOST_FILE = 16 * 1024 * 1024
DAY_MS = 86_400_000
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
    with house().db.read() as conn:
        return answers.answer({"items": views.accounts(house(), conn)}, form=PayingAccountsForm)


@door(
    bp,
    "POST",
    "/v1/desk/bank/accounts",
    policy="bank.pay",
    body=NewPayingAccountForm,
    answer={202: DecidedLaterForm},
    problems=(AccountRefused,),
    idempotent=True,
    summary="提出付款账户 / Propose a paying account; another payer decides",
)
def propose_paying_account(form: dict[str, Any]) -> flask.Response:
    """Propose an account of the region."""
    by = reference()
    return _proposed(once(lambda turn: _text(paying.propose(turn, form, by))))


@door(
    bp,
    "POST",
    "/v1/desk/payee-accounts",
    policy="payee-account.enter",
    body=NewPayeeAccountForm,
    answer={201: PayeeAccountForm},
    problems=(AccountRefused, Recused, NotFound),
    idempotent=True,
    summary="登记收款账户 / Enter a payee's account, to be checked and verified by a second person",
)
def enter_payee_account(form: dict[str, Any]) -> flask.Response:
    """Enter the newest version of a payee's account."""
    account = Account(form["number"], form["name"], form["bank"])

    def act(turn: Turn) -> str:
        return _text(payee_accounts.enter_for(turn, house(), actor(), form["payee"], account))

    account_id = uuid.UUID(once(act)).bytes
    with house().db.read() as conn:
        found = payee_accounts.find(conn, account_id)
        shared = len(payee_accounts.shared_with(conn, found))
    said = {name: getattr(found, name) for name in payee_accounts.PayeeAccount.__slots__}
    return answers.answer(said | {"shared_with": shared}, 201, form=PayeeAccountForm)


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
    with house().db.read() as conn:
        items = views.proposals(house(), conn)
    return answers.answer({"items": items}, form=PayersProposalsForm)


@door(
    bp,
    "POST",
    "/v1/desk/bank/proposals/<id:payers_proposal>/decide",
    policy="bank.pay",
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
    with house().db.read() as conn:
        items = [views.batch(conn, one) for one in batches.listed(conn)]
    return answers.answer({"items": items}, form=BatchesForm)


@door(
    bp,
    "POST",
    "/v1/desk/bank/batches",
    policy="bank.pay",
    body=SealForm,
    answer={201: BatchForm},
    problems=(PayingAccountUnknown, NothingToPay, BatchRefusedByCheck),
    idempotent=True,
    summary="组批封存 / Seal what waits on an account into a batch; another payer releases it",
)
def seal_batch(form: dict[str, Any]) -> flask.Response:
    """Seal a batch and propose its release."""
    return _batch(uuid.UUID(once(sealing(form["account"], reference()))).bytes, 201)


def sealing(account: str, by: str) -> Callable[[Turn], str]:
    """Return what seals a batch in a turn (gives its id)."""
    return lambda turn: _text(batches.seal(turn, house(), account, by))


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
    summary="取报盘文件 / The sealed file of a batch: every worker it pays can read who took it",
)
def batch_file(batch_id: bytes) -> flask.Response:
    """Hand out a batch's file once it is written who took it."""
    who = actor()
    with house().db.read() as conn:
        found = batches.find(conn, batch_id)
        paid = payments.of_batch(conn, batch_id)
        try:
            content = batches.content(house(), conn, found)
        except (SealError, ValueError):
            raise Internal from None
    workers = sorted({one.payee.removeprefix("worker:") for one in paid if one.payee.startswith("worker:")})
    request_id = http.current().id
    looks = [
        Look(uuid.UUID(one).bytes, who, PURPOSE, "account", found.message_id, request_id) for one in workers
    ]
    looked.record(house().db, house().random, looks)
    acts.record(
        house().db,
        house().random,
        OfficialAct(who, Act.BANK_FILE, found.message_id, found.sha256.hex()),
    )
    name = f'attachment; filename="{found.file_name}"'
    return flask.Response(
        content, content_type="application/octet-stream", headers={"Content-Disposition": name}
    )


# -- files from a bank


@door(
    bp,
    "POST",
    "/v1/desk/bank/files",
    policy="bank.pay",
    body=Upload(BankFileForm, ("file",), MOST_FILE),
    answer={201: BankFileToldForm},
    problems=(PayingAccountUnknown,),
    summary="上传银行文件 / Bring in a bank's file by hand; the same bytes again change nothing",
)
def bring_file(form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """Take in a file as if it lay in the folder."""
    return answers.answer({"state": brought(form, files["file"])}, 201, form=BankFileToldForm)


def brought(form: dict[str, Any], content: bytes) -> str:
    """Take in a bank's file; what became of it. Raises `PayingAccountUnknown`."""
    with house().db.read() as conn:
        source = paying.find(conn, form["account"])
    return inbox.receive(house(), source, form["name"], content, reference())


# -- payments


@door(
    bp,
    "GET",
    "/v1/desk/bank/payments",
    policy="bank.read",
    query=PaymentsQuery,
    answer=PaymentsForm,
    summary="支付 / Payments, the newest first",
)
def list_payments(query: dict[str, Any]) -> flask.Response:
    """List payments, perhaps of one state or account."""
    own = payment.c
    where = [own[name] == value for name, value in query.items() if value is not None]
    with house().db.read() as conn:
        items = [views.shown(one) for one in payments.listed(conn, *where)]
    return answers.answer({"items": items}, form=PaymentsForm)


@door(
    bp,
    "GET",
    "/v1/desk/bank/payments/<id:payment_id>",
    policy="bank.read",
    answer=PaymentDetailForm,
    problems=(PaymentUnknown, Recused),
    summary="一笔支付及其经过 / One payment, step by step",
)
def read_payment(payment_id: bytes) -> flask.Response:
    """Show a payment."""
    return _payment(payment_id)


@door(
    bp,
    "POST",
    "/v1/desk/bank/payments/<id:payment_id>/readdress",
    policy="bank.pay",
    answer=PaymentDetailForm,
    problems=(PaymentUnknown, PaymentState, PayeeAccountState, Recused),
    idempotent=True,
    summary="改付新核实的账户 / Let a waiting payment go to its payee's newest, verified account",
)
def readdress_payment(payment_id: bytes) -> flask.Response:
    """Follow a change of account that a second person verified."""
    by = reference()

    def act(turn: Turn) -> str:
        payments.readdress(turn, house(), payment_id, by)
        return _text(payment_id)

    once(act)
    return _payment(payment_id)


# -- differences


@door(
    bp,
    "GET",
    "/v1/desk/bank/breaks",
    policy="bank.read",
    query=BreaksQuery,
    answer=BreaksForm,
    summary="对账差异 / Differences with the bank, those due first",
)
def list_breaks(query: dict[str, Any]) -> flask.Response:
    """List differences of a state and age."""
    own, now_ms = recon_break.c, house().clock.now_ms()
    where = [own.state == query["state"], own.opened_ms <= now_ms - query["min_age"] * DAY_MS]
    with house().db.read() as conn:
        items = [views.difference(house(), conn, one) for one in breaks.listed(conn, *where)]
    return answers.answer({"items": items}, form=BreaksForm)


@door(
    bp,
    "POST",
    "/v1/desk/bank/breaks/<id:break_id>/take",
    policy="bank.pay",
    answer=BreakForm,
    problems=(BreakUnknown, BreakClosed, Recused),
    idempotent=True,
    summary="认领差异 / Become the owner of a difference",
)
def take_break(break_id: bytes) -> flask.Response:
    """Take a difference on."""
    once(taking(break_id, reference()))
    return _break(break_id)


def taking(break_id: bytes, by: str) -> Callable[[Turn], str]:
    """Return what makes somebody the owner of a difference in a turn."""

    def act(turn: Turn) -> str:
        breaks.take(turn, break_id, by)
        return _text(break_id)

    return act


@door(
    bp,
    "POST",
    "/v1/desk/bank/breaks/<id:break_id>/resolve",
    policy="bank.pay",
    body=ResolveForm,
    answer={200: BreakForm, 202: DecidedLaterForm},
    problems=(BreakUnknown, BreakClosed, ResolutionRefused, Recused),
    idempotent=True,
    summary="处理差异 / End a difference, or propose what moves money to a second payer",
)
def resolve_break(break_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Explain a difference, or propose to match it or to call a payment not executed."""
    done = once(ending(break_id, form, reference()))
    return _proposed(done) if form["resolution"] in resolving.TWO else _break(break_id)


def ending(break_id: bytes, form: dict[str, Any], by: str) -> Callable[[Turn], str]:
    """Return what ends a difference, or proposes to, in a turn (gives its id, or the proposal's)."""

    def act(turn: Turn) -> str:
        kind, note = form["resolution"], form["note"]
        if kind in resolving.TWO:
            return _text(resolving.propose(turn, break_id, kind, form["payment_id"], note, by))
        resolving.resolve(turn, house(), break_id, kind, note, by)
        return _text(break_id)

    return act


# -- answers


def _text(value: bytes) -> str:
    return str(uuid.UUID(bytes=value))


def _proposed(proposal: str) -> flask.Response:
    return answers.answer({"proposal_id": uuid.UUID(proposal).bytes}, 202, form=DecidedLaterForm)


def _batch(batch_id: bytes, status: int) -> flask.Response:
    with house().db.read() as conn:
        said = views.batch(conn, batches.find(conn, batch_id))
    return answers.answer(said, status, form=BatchForm)


def _payment(payment_id: bytes) -> flask.Response:
    with house().db.read() as conn:
        said = views.one_payment(conn, payments.find(conn, payment_id))
    return answers.answer(said, form=PaymentDetailForm)


def _break(break_id: bytes) -> flask.Response:
    with house().db.read() as conn:
        said = views.difference(house(), conn, breaks.find(conn, break_id))
    return answers.answer(said, form=BreakForm)
