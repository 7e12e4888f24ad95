"""Doors of payees' accounts at the desk (收款账户): what is not verified, entering, what a verifier sees."""

import uuid
from typing import Any

import flask

from recordsvc.access.case_errors import CaseRefused
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused, Recused
from recordsvc.access.policy import door
from recordsvc.access.services import house, once
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.ground import answers, http
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import NotFound
from recordsvc.money.bank import payee_accounts
from recordsvc.money.bank.errors import AccountRefused, PayeeAccountUnknown
from recordsvc.money.bank.formats.model import Account
from recordsvc.money.bank.forms import (
    CheckedPayeeAccountForm,
    NewPayeeAccountForm,
    PayeeAccountForm,
    PayeeAccountsForm,
)
from recordsvc.money.bank.services import bp


@door(
    bp,
    "GET",
    "/v1/desk/payee-accounts",
    policy="payee-account.list",
    answer=PayeeAccountsForm,
    summary="未核实的收款账户 / Payees' accounts of one's area that are not verified, the newest first",
)
def list_payee_accounts() -> flask.Response:
    """List them without numbers and names."""
    with house().db.read() as conn:
        found = payee_accounts.unverified(conn, actor())
    return answers.answer({"items": found}, form=PayeeAccountsForm)


@door(
    bp,
    "POST",
    "/v1/desk/payee-accounts",
    policy="payee-account.enter",
    step_up=True,
    body=NewPayeeAccountForm,
    answer={201: PayeeAccountForm},
    problems=(AccountRefused, Recused, NotFound, PurposeRefused, CaseRefused, ArchiveRestricted),
    idempotent=True,
    summary="登记收款账户 / Enter a payee's account, to be checked and verified by a second person",
)
def enter_payee_account(form: dict[str, Any]) -> flask.Response:
    """Enter the newest version of a payee's account; whether others named it is the verifier's to see."""
    account_id = entered(form)
    with house().db.read() as conn:
        return answers.answer(payee_accounts.find(conn, account_id), 201, form=PayeeAccountForm)


def entered(form: dict[str, Any]) -> bytes:
    """Enter what an official says, once the case is judged; its id.

    Raises `AccountRefused`, `Recused`, `NotFound`, `PurposeRefused`, `CaseRefused`, `ArchiveRestricted`.
    """
    account = Account(form["number"], form["name"], form["bank"])
    why = payee_accounts.Why(form["purpose"], form["case_ref"], http.current().id)
    payee_accounts.check_case(house(), actor(), form["payee"], why)

    def act(turn: Turn) -> str:
        return uuid_text(payee_accounts.enter_for(turn, house(), actor(), form["payee"], account, why))

    return uuid.UUID(once(act)).bytes


@door(
    bp,
    "GET",
    "/v1/desk/payee-accounts/<id:payee_account_id>",
    policy="payee-account.read",
    answer=CheckedPayeeAccountForm,
    problems=(PayeeAccountUnknown, Recused),
    summary="待核实的收款账户 / A payee's account for its verifier: state, and whether others named it",
)
def read_payee_account(payee_account_id: bytes) -> flask.Response:
    """Show a version without number and name."""
    with house().db.read() as conn:
        found = payee_accounts.find(conn, payee_account_id)
        shared = bool(payee_accounts.shared_with(conn, found))
    said = {name: getattr(found, name) for name in payee_accounts.PayeeAccount.__slots__}
    return answers.answer(said | {"shared": shared}, form=CheckedPayeeAccountForm)
