"""Doors on what banks say (对账): files brought by hand, payments step by step, differences and their end."""

import uuid
from collections.abc import Callable
from typing import Any

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.errors import Recused
from recordsvc.access.objects import whole
from recordsvc.access.policy import door
from recordsvc.access.services import house, once, reference
from recordsvc.archive.life_forms import DecidedLaterForm
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.reading import Upload
from recordsvc.money.bank import (
    breaks,
    inbox,
    paying,
    payments,
    recusing,
    resolving,
    views,
)
from recordsvc.money.bank.errors import (
    BreakClosed,
    BreakUnknown,
    PayeeAccountState,
    PayingAccountUnknown,
    PaymentState,
    PaymentUnknown,
    ResolutionRefused,
)
from recordsvc.money.bank.forms import (
    BankFileForm,
    BankFileToldForm,
    BreakForm,
    BreaksForm,
    BreaksQuery,
    PaymentDetailForm,
    PaymentsForm,
    PaymentsQuery,
    ResolveForm,
)
from recordsvc.money.bank.services import bp
from recordsvc.money.bank.tables import payment, recon_break

MOST_FILE = 16 * 1024 * 1024
DAY_MS = 86_400_000


# -- files from a bank


@door(
    bp,
    "POST",
    "/v1/desk/bank/files",
    policy="bank.pay",
    step_up=True,
    body=Upload(BankFileForm, ("file",), MOST_FILE),
    answer={201: BankFileToldForm},
    problems=(PayingAccountUnknown,),
    summary="上传银行文件 / Bring in a bank's file by hand; the same bytes again change nothing",
)
def bring_file(form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """Take in a file as if it lay in the folder."""
    return answers.answer({"state": brought(form, files["file"])}, 201, form=BankFileToldForm)


def brought(form: dict[str, Any], content: bytes) -> str:
    """Take in a bank's file; what became of it. Raises `Forbidden`, `PayingAccountUnknown`."""
    whole("bank.pay")
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
    """List payments, perhaps of one state or account; those to whom the payer keeps out of not."""
    whole("bank.read")
    own = payment.c
    where = [own[name] == value for name, value in query.items() if value is not None]
    with house().db.read() as conn:
        where.append(own.payee.not_in(recusing.kept_out(conn, actor().recused)))
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
    step_up=True,
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
    """List differences of a state and age; those of payments that the payer keeps out of not."""
    whole("bank.read")
    own, now_ms = recon_break.c, house().clock.now_ms()
    where = [own.state == query["state"], own.opened_ms <= now_ms - query["min_age"] * DAY_MS]
    with house().db.read() as conn:
        where.append(recusing.breaks_of_others(recusing.kept_out(conn, actor().recused)))
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
    step_up=True,
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
        if kind == "repaid":
            asked = resolving.propose_repaid(turn, house(), break_id, form["recovery_id"], note, by)
            return _text(asked)
        if kind in resolving.TWO:
            return _text(resolving.propose(turn, break_id, kind, form["payment_id"], note, by))
        resolving.resolve(turn, house(), break_id, kind, note, by)
        return _text(break_id)

    return act


def _payment(payment_id: bytes) -> flask.Response:
    with house().db.read() as conn:
        said = views.one_payment(conn, payments.find(conn, payment_id))
    return answers.answer(said, form=PaymentDetailForm)


def _break(break_id: bytes) -> flask.Response:
    with house().db.read() as conn:
        said = views.difference(house(), conn, breaks.find(conn, break_id))
    return answers.answer(said, form=BreakForm)


def _text(value: bytes) -> str:
    return str(uuid.UUID(bytes=value))


def _proposed(proposal: str) -> flask.Response:
    return answers.answer({"proposal_id": uuid.UUID(proposal).bytes}, 202, form=DecidedLaterForm)
