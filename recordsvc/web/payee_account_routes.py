"""The worker's page of the account that subsidies are paid to (收款账户): what stands, entering another."""

from typing import Any, Final

import flask

from recordsvc import dated
from recordsvc.access.errors import LoginPaced
from recordsvc.access.in_place_errors import OwnProofTyped
from recordsvc.access.policy import Surface, door
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.ground.forms import text
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused
from recordsvc.ground.reading import Fields
from recordsvc.money.bank import own_accounts
from recordsvc.money.bank.errors import AccountRefused
from recordsvc.money.bank.own_account_forms import NewOwnAccountForm
from recordsvc.money.bank.own_account_routes import enter_own, own_listed
from recordsvc.web.desk_forms import Field, faults, judged
from recordsvc.web.forms import TypedProofForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

PLACE: Final = "/me/account"
TONES: Final = {
    "verified": "good",
    **dict.fromkeys(("mismatch", "refused", "ended", "failed"), "bad"),
    "replaced": "mute",
}
FIELDS: Final = (
    Field("number", "银行卡号", most=40),
    Field("name", "户名", hint="开户人的姓名，与银行登记的一字不差。只能是本人的账户。", most=80),
    Field("bank", "开户银行", "choice", table=own_accounts.BANKS),
)


class AccountPageForm(TypedProofForm):
    """An account as typed."""

    number = text(0, 80, load_default="")
    name = text(0, 200, load_default="")
    bank = text(0, 40, load_default="")


@door(
    bp,
    "GET",
    PLACE,
    policy="own.account.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(ArchiveRestricted,),
    summary="收款账户（网页） / The account that subsidies are paid to",
)
def account_page() -> flask.Response:
    """Show what stands, and the form."""
    return _page({}, None)


@door(
    bp,
    "POST",
    PLACE,
    policy="own.account.set",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(AccountPageForm),
    answer={303: None, 422: HTML},
    problems=(AccountRefused, LoginPaced, ArchiveRestricted),
    summary="填写收款账户（网页） / Enter the account, from the page",
)
def account_button(form: dict[str, Any]) -> flask.Response:
    """Enter it, or say what is wrong; the number is typed anew."""
    number = "".join(form["number"].split())
    try:
        enter_own(judged(NewOwnAccountForm, form | {"number": number}))
    except OwnProofTyped as unproven:
        return _page(form | {"number": ""}, unproven)
    except FormRefused as problem:
        return _page(form | {"number": ""}, problem)
    return go(PLACE)


def _page(typed: dict[str, Any], problem: FormRefused | None) -> flask.Response:
    wrong, trouble = ({}, None) if problem is None else faults(problem, FIELDS)
    today = beijing_date(house().clock.now_ms()).isoformat()
    banks = [(str(row["code"]), str(row["zh"])) for row in dated.table(own_accounts.BANKS).on(today).rows]
    return page(
        "payee_account.html",
        200 if problem is None else problem.status,
        items=[one | {"tone": TONES.get(one["standing"], "wait")} for one in own_listed()],
        fields=FIELDS,
        banks=banks,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
        slips=None,
    )
