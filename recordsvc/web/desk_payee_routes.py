"""Pages of payees' accounts at the desk (收款账户登记): what is not verified yet, entering one for a payee.

Of an account that was entered nothing is shown here: its number and name are the payee's and the verifier's.
"""

import uuid
from typing import Any, Final

import flask
from marshmallow import fields, validate

from recordsvc import dated
from recordsvc.access.entrance import actor
from recordsvc.access.errors import Recused
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.looking import Looker
from recordsvc.ground import http
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused, NotFound, Problem
from recordsvc.ground.reading import Fields
from recordsvc.money.bank import own_accounts, payee_accounts
from recordsvc.money.bank.errors import AccountRefused
from recordsvc.money.bank.forms import NewPayeeAccountForm
from recordsvc.money.bank.payee_account_routes import entered
from recordsvc.money.bank.payee_accounts import PayeeAccount
from recordsvc.web import words
from recordsvc.web.desk_forms import GATE, Field, faults, found_person, judged, missing_person, numbers
from recordsvc.web.desk_routes import FAILED, institution_name, name_of, tabs
from recordsvc.web.payee_account_routes import TONES
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

PLACE: Final = "/desk/payee-accounts"
STANDING_ZH: Final = {
    "checking": "正在与银行核对",
    "checked": "银行核对一致，等复核人核实",
    "unavailable": "银行暂时无法核对，等复核人核实",
    "mismatch": "银行核对不一致，请收款人重新提供",
    "refused": "复核人未予核实",
    "failed": "银行因账户退回过款项，请收款人重新提供",
    "ended": "档案合并撤回而终止，请收款人重新提供",
}
PERSON: Final = (
    Field("kind", "号码种类", "choice"),
    Field("number", "本人的号码", hint="按这个号码找到收款的劳动者。", most=40),
)
UNIT: Final = (Field("uscc", "统一社会信用代码", hint="收款单位的十八位代码。", most=18),)
ACCOUNT: Final = (
    Field("account", "银行账号", hint="收款人提供的账号；社会保障卡的银行账户就是银行卡号。", most=40),
    Field("name", "户名", hint="与银行登记的一字不差；劳动者的只能是本人的账户。", most=70),
    Field("bank", "开户银行", "choice", table=own_accounts.BANKS),
)
OF: Final = {"worker": ("劳动者", (*PERSON, *ACCOUNT, *GATE)), "institution": ("单位", (*UNIT, *ACCOUNT))}
"""Sort of payee -> word and fields."""


class PayeePageQuery(Form):
    """Whose account."""

    of = fields.String(load_default="worker", validate=validate.OneOf(tuple(OF)))


class PayeePageForm(PayeePageQuery):
    """An account as an official types it."""

    kind = text(0, 24, load_default="")
    number = text(0, 80, load_default="")
    uscc = text(0, 40, load_default="")
    account = text(0, 80, load_default="")
    name = text(0, 200, load_default="")
    bank = text(0, 40, load_default="")
    purpose = text(0, 40, load_default="")
    case_ref = text(0, 200, load_default="")


@door(
    bp,
    "GET",
    PLACE,
    policy="payee-account.list",
    surface=Surface.PAGE,
    answer=HTML,
    summary="收款账户（网页） / Payees' accounts that are not verified yet",
)
def payee_accounts_page() -> flask.Response:
    """List what waits for the bank, for a verifier, or for the payee."""
    with house().db.read() as conn:
        found = payee_accounts.unverified(conn, actor())
    called = institution_name()
    return page(
        "desk_payees.html",
        tabs=tabs(),
        items=[_shown(one, called) for one in found],
        enters=can(actor(), "payee-account.enter"),
    )


def _shown(one: PayeeAccount, called: Any) -> dict[str, Any]:
    sort, _, name = one.payee.partition(":")
    standing = own_accounts.standing(one, newest=True)
    return {
        "payee": called(name) if sort == "institution" else f"劳动者 …{name[-6:]}",
        "version": one.version,
        "standing": STANDING_ZH[standing],
        "tone": TONES.get(standing, "wait"),
        "by": "本人" if one.entered_by.startswith("worker:") else name_of(one.entered_by),
        "at": words.instant(one.entered_ms),
    }


@door(
    bp,
    "GET",
    f"{PLACE}/new",
    policy="payee-account.enter",
    surface=Surface.PAGE,
    query=PayeePageQuery,
    answer=HTML,
    summary="登记收款账户（网页） / The form to enter an account for a worker or an institution",
)
def new_payee_page(query: dict[str, Any]) -> flask.Response:
    """Ask whose, and which."""
    return _new({"of": query["of"]}, None)


@door(
    bp,
    "POST",
    f"{PLACE}/new",
    policy="payee-account.enter",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(PayeePageForm),
    answer={303: None, 422: HTML, 423: HTML},
    problems=(AccountRefused, Recused, ArchiveRestricted),
    summary="登记收款账户（网页） / Enter an account; the bank is asked, a reviewer verifies it",
)
def new_payee_button(form: dict[str, Any]) -> flask.Response:
    """Find whose it is, and enter it; the payee is told. What is wrong is said beside its field."""
    try:
        payee = _payee(form)
    except FormRefused as problem:
        return _new(form, problem)
    try:
        entered(judged(NewPayeeAccountForm, _given(form, payee)))
    except NotFound:
        pointer = "/number" if form["of"] == "worker" else "/uscc"
        detail = "您的辖区内没有这个收款人，请核对号码。"
        return _new(form, FormRefused(errors=[{"pointer": pointer, "code": "value", "detail": detail}]))
    except FormRefused as problem:
        return _new(form, _under_own_names(problem))
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _new(form, problem)
    return go(PLACE)


def _payee(form: dict[str, Any]) -> str:
    """Return who is paid; whom a number leads to is looked for with a purpose. Raises `FormRefused`."""
    if form["of"] == "institution":
        return f"institution:{form['uscc'].strip().upper()}"
    if wrong := missing_person(form):
        raise FormRefused(errors=wrong)
    looker = Looker(actor(), form["purpose"], " ".join(form["case_ref"].split()), http.current().id)
    return f"worker:{uuid.UUID(bytes=found_person(looker, form))}"


def _given(form: dict[str, Any], payee: str) -> dict[str, str]:
    """Return what the interface's form takes; its `number` is the account's."""
    why = ("purpose", "case_ref") if form["of"] == "worker" else ()
    names = ("name", "bank", *why)
    return {
        "payee": payee,
        "number": "".join(form["account"].split()),
        **{name: form[name] for name in names},
    }


def _new(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    title, own = OF[typed["of"]]
    wrong, trouble = ({}, None) if problem is None else faults(problem, own)
    today = beijing_date(house().clock.now_ms()).isoformat()
    banks = [(str(row["code"]), str(row["zh"])) for row in dated.table(own_accounts.BANKS).on(today).rows]
    return page(
        "desk_payee_new.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        of=typed["of"],
        title=title,
        person=PERSON,
        kinds=numbers(),
        unit=UNIT,
        account=ACCOUNT,
        gate=GATE,
        banks=banks,
        # An account's number is typed anew, as everywhere.
        typed=typed | {"account": ""},
        wrong=wrong,
        trouble=trouble,
    )


def _under_own_names(problem: FormRefused) -> FormRefused:
    """Return a problem of the interface's form under the names that the page's fields have."""
    names = {"/number": "/account", "/payee": "/uscc"}
    told = [(one, str(one.get("pointer"))) for one in problem.errors]
    return FormRefused(errors=[dict(one) | {"pointer": names.get(at, at)} for one, at in told])
