"""Doors of a worker's own account (本人收款账户): what stands, and entering another."""

from typing import Any

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.errors import LoginPaced
from recordsvc.access.grants import second_pair
from recordsvc.access.in_place_errors import OwnProofTyped
from recordsvc.access.policy import door
from recordsvc.access.services import house, once
from recordsvc.archive import own_proof, persons
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.services import own_worker
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.money.bank import own_accounts
from recordsvc.money.bank.errors import AccountRefused
from recordsvc.money.bank.formats.model import Account
from recordsvc.money.bank.own_account_forms import NewOwnAccountForm, OwnAccountsForm
from recordsvc.money.bank.services import bp


def own_listed() -> list[dict[str, Any]]:
    """Return the versions of the account of the worker who asks. Raises `ArchiveRestricted`."""
    persons.read(house(), own_worker())
    with house().db.read() as conn:
        return own_accounts.of_worker(house(), conn, own_worker())


def enter_own(form: dict[str, Any]) -> None:
    """Enter an account of the worker who asks.

    Raises `AccountRefused`, `ArchiveRestricted`; at the window `OwnProofTyped`, `LoginPaced`.
    """
    persons.read(house(), own_worker())
    # Whoever enters it at the window is not who verifies it: two_person compares.
    worker_id, by = own_worker(), second_pair(actor())
    settle = own_proof.typed(house(), actor(), form)
    account = Account(form["number"], form["name"], form["bank"])

    def act(turn: Turn) -> str:
        settle(turn)
        return own_accounts.enter(turn, house(), worker_id, account, by).hex()

    once(act)


@door(
    bp,
    "GET",
    "/v1/me/payee-accounts",
    policy="own.account.read",
    answer=OwnAccountsForm,
    problems=(ArchiveRestricted,),
    summary="我的收款账户 / My accounts for subsidies, that which counts first",
)
def my_accounts() -> flask.Response:
    """Send all versions, of each number its end only."""
    return answers.answer({"items": own_listed()}, form=OwnAccountsForm)


@door(
    bp,
    "POST",
    "/v1/me/payee-accounts",
    policy="own.account.set",
    step_up=True,
    body=NewOwnAccountForm,
    answer={201: OwnAccountsForm},
    problems=(AccountRefused, ArchiveRestricted, OwnProofTyped, LoginPaced),
    idempotent=True,
    summary="填写收款账户 / Enter my account; it is paid to once the bank agrees and an official verified it",
)
def enter_my_account(form: dict[str, Any]) -> flask.Response:
    """Enter the newest version."""
    enter_own(form)
    return answers.answer({"items": own_listed()}, 201, form=OwnAccountsForm)
