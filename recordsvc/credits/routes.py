"""Doors of credits: a worker's account at the credit bank, and reference credits."""

from typing import Any

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.errors import LoginPaced
from recordsvc.access.in_place_errors import OwnProofTyped
from recordsvc.access.policy import door
from recordsvc.access.services import house, once
from recordsvc.archive import own_proof, persons
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.services import own_worker
from recordsvc.credits import own
from recordsvc.credits.forms import NewCreditAccountForm, OwnCreditsForm
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.people.credit_accounts import CreditAccountRefused, CreditAccountTaken

bp = flask.Blueprint("credits", __name__)


@door(
    bp,
    "GET",
    "/v1/me/credits",
    policy="own.credit.read",
    answer=OwnCreditsForm,
    problems=(ArchiveRestricted,),
    summary="我的学分 / My account at the credit bank, and reference credits of my trainings",
)
def my_credits() -> flask.Response:
    """Send both; reference credits are no credits of any bank."""
    return answers.answer(own.of_worker(house(), own_worker()), form=OwnCreditsForm)


@door(
    bp,
    "POST",
    "/v1/me/credits/account",
    policy="own.credit.set",
    step_up=True,
    body=NewCreditAccountForm,
    answer={201: OwnCreditsForm},
    problems=(CreditAccountRefused, CreditAccountTaken, ArchiveRestricted, OwnProofTyped, LoginPaced),
    idempotent=True,
    summary="填写学分银行账户号 / Enter my account number at the credit bank",
)
def enter_my_account(form: dict[str, Any]) -> flask.Response:
    """Enter it in place of an earlier one."""
    enter_own(form)
    return answers.answer(own.of_worker(house(), own_worker()), 201, form=OwnCreditsForm)


def enter_own(form: dict[str, Any]) -> None:
    """Enter the account of the worker who asks; shared with the page.

    Raises `CreditAccountRefused`, `CreditAccountTaken`, `ArchiveRestricted`; at the window `OwnProofTyped`,
    `LoginPaced`.
    """
    persons.read(house(), own_worker())
    worker_id, who = own_worker(), actor()
    settle = own_proof.typed(house(), who, form)

    def act(turn: Turn) -> str:
        settle(turn)
        return own.enter_account(turn, house(), who, worker_id, form["number"]).hex()

    once(act)
