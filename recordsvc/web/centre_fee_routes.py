"""Pages of fees for an institution's people: offerings, counter, refunds, each checked by a second person."""

from collections.abc import Callable
from typing import Any, Final

import flask

from recordsvc.access.errors import StepUpRequired
from recordsvc.access.policy import Surface, door, prove
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.money.bank.formats import yuan
from recordsvc.money.fees import centre_routes as fees
from recordsvc.money.fees import errors as problems
from recordsvc.money.fees import views
from recordsvc.money.fees.forms import (
    FeeLeaveForm,
    FeeOfferingNewForm,
    FeePriceForm,
    FeeProgressForm,
    FeeReasonForm,
    FeeReceiptForm,
    FeeTakeForm,
)
from recordsvc.web.centre_routes import tabs
from recordsvc.web.desk_forms import MOST, Field, faults, judged
from recordsvc.web.desk_routes import FAILED
from recordsvc.web.fee_routes import detail_card, offering_card
from recordsvc.web.forms import NoFieldsForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp

_PRICE: Final = (
    Field("amount", "收费标准（元）", hint="例如 1200 或 1200.50；最多到分。", most=20),
    Field("from_on", "自何日起", "day", hint="最早今天；收费标准不能追溯，也不能修改，只能另定新的。"),
    Field("basis", "公示依据", hint="收费公示的文号或网址。", most=200),
    Field("published_on", "公示日期", "day", hint="须先公示后收费。"),
)
_NEW: Final = (
    Field("kind", "类别", "choice", rows=tuple(views.KINDS_ZH.items())),
    Field("course", "班次或考试编号", hint="与本单位报送记录所用的编号一致。", most=60),
    Field("title", "名称", hint="缴费人看到的名称。", most=100),
    Field("units", "计划课时数", hint="退费按没有上的课时计算；考试填 1。", most=5),
    Field("until_on", "最后缴费日", "day"),
    *_PRICE,
)
_RECEIPT: Final = Field("receipt", "票据号", hint="本次开具的票据号码。", most=40)
_NUMBER: Final = Field("number", "缴费单号", hint="缴费人出示的十位单号。", most=20)
_LEAVE: Final = (
    _NUMBER,
    Field("ground", "原因", "choice", rows=(("left", "中途退出"), ("not-admitted", "未被录取"))),
    Field("attended", "已上课时", hint="不超过已登记的授课进度；未被录取的填 0。", most=5),
    Field("reason", "说明", "area", hint="最多 200 字，不要写姓名和号码。"),
)
ON_ONE: Final[dict[str, tuple[str, tuple[Field, ...], str]]] = {
    "take": ("柜台收费", (_NUMBER, _RECEIPT), "记下收到的钱，由另一位同事复核后入账。"),
    "leave": ("退费", _LEAVE, "应退 = 实缴 − 已上课时的部分；同一缴费单合计不超过实缴。"),
    "progress": ("登记授课进度", (Field("units", "累计已上课时", most=5),), "只能增加。"),
    "prices": ("新的收费标准", _PRICE, "已下的缴费单仍按下单当天的标准。"),
    "call-off": (
        "停办",
        (Field("reason", "停办原因", "area", hint="缴费人会看到，最多 200 字。"),),
        "停办后，每位已缴费的人都按没有上的课时退费。不能撤回。",
    ),
}
"""What may be done with an offering: title, fields, words."""


class FeeOfferingPageForm(Form):
    """An offering, as typed."""

    kind = text(0, 20, load_default="")
    course = text(0, 200, load_default="")
    title = text(0, 200, load_default="")
    units = text(0, 20, load_default="")
    until_on = text(0, 20, load_default="")
    amount = text(0, 40, load_default="")
    from_on = text(0, 20, load_default="")
    basis = text(0, 400, load_default="")
    published_on = text(0, 20, load_default="")


class FeeActPageForm(Form):
    """What is done with an offering, as typed."""

    number = text(0, 40, load_default="")
    receipt = text(0, 80, load_default="")
    ground = text(0, 20, load_default="")
    attended = text(0, 20, load_default="")
    units = text(0, 20, load_default="")
    reason = text(0, MOST, load_default="")
    amount = text(0, 40, load_default="")
    from_on = text(0, 20, load_default="")
    basis = text(0, 400, load_default="")
    published_on = text(0, 20, load_default="")


class FeeCheckPageForm(Form):
    """A button that says whether it is right."""

    word = text(0, 10, load_default="")


class FeeReceiptPageForm(Form):
    """The number of a receipt, as typed."""

    receipt = text(0, 80, load_default="")


@door(
    bp,
    "GET",
    "/centre/fees",
    policy="fee.counter",
    surface=Surface.PAGE,
    answer=HTML,
    summary="本单位收费（网页） / What one's own institution charges for",
)
def centre_fees_page() -> flask.Response:
    """List offerings, with the form for another."""
    return _list({}, None)


@door(
    bp,
    "POST",
    "/centre/fees",
    policy="fee.counter",
    surface=Surface.PAGE,
    body=Fields(FeeOfferingPageForm),
    answer={303: None, 422: HTML},
    problems=(problems.OfferingRefused,),
    summary="登记收费项目（网页） / Register an offering, from the page",
)
def offering_button(form: dict[str, Any]) -> flask.Response:
    """Register it."""
    try:
        return go(f"/centre/fees/{uuid_text(fees.register(_read(FeeOfferingNewForm, form, _NEW)))}")
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _list(form, problem)


@door(
    bp,
    "GET",
    "/centre/fees/<id:offering_id>",
    policy="fee.counter",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(problems.OfferingUnknown,),
    summary="一个收费项目（网页） / One offering, its orders by number, the counter",
)
def centre_fee_page(offering_id: bytes) -> flask.Response:
    """Show it."""
    return _one(offering_id, "", {}, None)


@door(
    bp,
    "POST",
    "/centre/fees/<id:offering_id>/<act>",
    policy="fee.counter",
    surface=Surface.PAGE,
    body=Fields(FeeActPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(problems.OfferingUnknown, problems.OfferingRefused, problems.OfferingOver, StepUpRequired),
    summary="收费、退费、进度、停办（网页） / Take, give back, progress, price, call off, from the page",
)
def centre_fee_button(offering_id: bytes, act: str, form: dict[str, Any]) -> flask.Response:
    """Do it."""
    if act not in ON_ONE:
        raise problems.OfferingUnknown
    return _act(offering_id, act, form, lambda: _do(offering_id, act, form))


@door(
    bp,
    "POST",
    "/centre/fees/<id:offering_id>/payments/<id:fee_payment_id>/check",
    policy="fee.counter",
    surface=Surface.PAGE,
    body=Fields(FeeCheckPageForm),
    answer={303: None, 409: HTML},
    problems=(problems.FeeUnknown, problems.OfferingUnknown),
    summary="复核收费（网页） / Check money taken, from the page",
)
def check_taken_button(offering_id: bytes, fee_payment_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Say whether it is right."""
    right = form["word"] == "right"
    return _act(offering_id, "", form, lambda: fees.check_taken(fee_payment_id, right=right))


@door(
    bp,
    "POST",
    "/centre/fees/<id:offering_id>/refunds/<id:refund_id>/give",
    policy="fee.counter",
    surface=Surface.PAGE,
    body=Fields(FeeReceiptPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(problems.FeeUnknown, problems.OfferingUnknown),
    summary="柜台退付（网页） / Record that a refund was given back, from the page",
)
def give_refund_button(offering_id: bytes, refund_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Record it."""

    def give() -> None:
        fees.give(refund_id, judged(FeeReceiptForm, form)["receipt"])

    return _act(offering_id, "", form, give)


@door(
    bp,
    "POST",
    "/centre/fees/<id:offering_id>/refunds/<id:refund_id>/check",
    policy="fee.counter",
    step_up=True,
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer={303: None, 409: HTML},
    problems=(problems.FeeUnknown, problems.OfferingUnknown),
    summary="复核退付（网页） / Check a refund, from the page",
)
def check_refund_button(offering_id: bytes, refund_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Say that it was given back."""
    return _act(offering_id, "", form, lambda: fees.check_given(refund_id))


def _do(offering_id: bytes, act: str, form: dict[str, Any]) -> None:
    fields = ON_ONE[act][1]
    if act == "take":
        asked = _read(FeeTakeForm, form, fields)
        fees.take(asked["number"], asked["receipt"])
    elif act == "leave":
        prove()
        fees.leave(_read(FeeLeaveForm, form, fields))
    elif act == "progress":
        fees.progress(offering_id, _read(FeeProgressForm, form, fields)["units"])
    elif act == "prices":
        fees.price(offering_id, _read(FeePriceForm, form, fields))
    else:
        prove()
        fees.call_off(offering_id, _read(FeeReasonForm, form, fields)["reason"])


def _act(offering_id: bytes, which: str, form: dict[str, Any], do: Callable[[], None]) -> flask.Response:
    try:
        do()
    except Problem as problem:
        if problem.status not in (*FAILED, 404) or isinstance(problem, problems.OfferingUnknown):
            raise
        return _one(offering_id, which, form, problem)
    return go(f"/centre/fees/{uuid_text(offering_id)}")


def _read(schema: type[Form], typed: dict[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    """Return what was typed as the API's form reads it. Raises `FormRefused` naming the fields at fault."""
    given: dict[str, Any] = {one.name: typed[one.name] for one in fields}
    wrong: list[Any] = []
    for name in ("units", "attended"):
        if given.get(name, "").strip().isascii() and given.get(name, "").strip().isdigit():
            given[name] = int(given[name])
    if "amount" in given:
        try:
            given["amount_fen"] = yuan.fen(given.pop("amount").strip())
        except ValueError:
            wrong.append({"pointer": "/amount", "code": "value", "detail": "请填金额，单位元，最多两位小数"})
            # What is right stands in for it, so that the other fields are judged as well.
            given["amount_fen"] = 1
    try:
        asked = judged(schema, given)
    except FormRefused as refused:
        for one in refused.errors:
            one["pointer"] = str(one.get("pointer", "")).replace("/amount_fen", "/amount")
        raise FormRefused(errors=wrong + refused.errors) from None
    if wrong:
        raise FormRefused(errors=wrong)
    return asked


def _list(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    wrong, trouble = ({}, None) if problem is None else faults(_renamed(problem), _NEW)
    return page(
        "centre_fees.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        items=[offering_card(one, "") for one in fees.own_offerings()],
        fields=_NEW,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )


def _one(offering_id: bytes, which: str, typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    told = fees.own_whole(offering_id)
    fields = ON_ONE[which][1] if which else ()
    wrong, trouble = ({}, None) if problem is None else faults(_renamed(problem), fields)
    return page(
        "centre_fee.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        one=offering_card(told, ""),
        orders=[detail_card(it, "") for it in told["orders"]],
        forms=_forms(told),
        which=which,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )


def _forms(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what may still be done with an offering."""
    over = told["cancelled"] is not None
    keys = ("take", "leave") if over else tuple(ON_ONE)
    if told["held"] == told["units"]:
        keys = tuple(key for key in keys if key not in ("progress", "call-off"))
    return [
        {"key": key, "title": ON_ONE[key][0], "fields": ON_ONE[key][1], "text": ON_ONE[key][2]}
        for key in keys
    ]


def _renamed(problem: Problem) -> Problem:
    """Return a problem whose pointers name the fields of the page."""
    for one in problem.errors:
        one["pointer"] = str(one.get("pointer", "")).replace("/amount_fen", "/amount")
    return problem
