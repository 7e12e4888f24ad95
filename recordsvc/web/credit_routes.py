"""The worker's page of credits (学分): the account at the credit bank, reference credits of trainings."""

from typing import Any, Final

import flask

from recordsvc.access.errors import LoginPaced
from recordsvc.access.in_place_errors import OwnProofTyped
from recordsvc.access.policy import Surface, door
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.services import own_worker
from recordsvc.credits import own
from recordsvc.credits.forms import NewCreditAccountForm
from recordsvc.credits.routes import enter_own
from recordsvc.ground.forms import text
from recordsvc.ground.problems import Problem
from recordsvc.ground.reading import Fields
from recordsvc.people.credit_accounts import CreditAccountRefused, CreditAccountTaken
from recordsvc.web.desk_forms import Field, faults, judged
from recordsvc.web.forms import TypedProofForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

PLACE: Final = "/me/credits"
FIELDS: Final = (
    Field(
        "number", "学分银行账户号", hint="照学分银行账户页面上所示的填写。不是身份证号码，也不是银行卡号。"
    ),
)
ROUNDINGS: Final = {"half-up": "四舍五入", "half-even": "四舍六入五成双", "down": "舍去尾数"}


class CreditAccountPageForm(TypedProofForm):
    """An account number as typed."""

    number = text(0, 100, load_default="")


@door(
    bp,
    "GET",
    PLACE,
    policy="own.credit.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(ArchiveRestricted,),
    summary="学分（网页） / Account at the credit bank, and reference credits",
)
def credits_page() -> flask.Response:
    """Show both, and the form."""
    return _page({}, None)


@door(
    bp,
    "POST",
    PLACE,
    policy="own.credit.set",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(CreditAccountPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(CreditAccountRefused, LoginPaced, ArchiveRestricted),
    summary="填写学分银行账户号（网页） / Enter the account number, from the page",
)
def credit_account_button(form: dict[str, Any]) -> flask.Response:
    """Enter it, or say what is wrong beside what was typed."""
    try:
        enter_own(judged(NewCreditAccountForm, form))
    except (OwnProofTyped, CreditAccountRefused, CreditAccountTaken) as problem:
        return _page(form, problem)
    return go(PLACE)


def _page(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    wrong, trouble = ({}, None) if problem is None else faults(problem, FIELDS)
    return page(
        "credits.html",
        200 if problem is None else problem.status,
        credits=own.of_worker(house(), own_worker()),
        roundings=ROUNDINGS,
        fields=FIELDS,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
        slips=None,
    )
