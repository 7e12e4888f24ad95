"""Pages of fees for officials: what institutions of their area charge, orders by number, disputes to end."""

from typing import Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.errors import StepUpRequired
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.money.bank.formats import yuan
from recordsvc.money.fees import desk_routes as fees
from recordsvc.money.fees import errors as problems
from recordsvc.money.fees.forms import FeeDisputeEndForm
from recordsvc.web.desk_forms import MOST, Field, faults, judged
from recordsvc.web.desk_routes import FAILED, institution_name, tabs
from recordsvc.web.fee_routes import detail_card, offering_card
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp

_END: Final = (
    Field("refund", "应退金额（元）", hint="不退的填 0；与此前的退费合计不超过实缴。", most=20),
    Field("reason", "处理结论和理由", "area", hint="缴费人会看到，最多 200 字，不要写姓名和号码。"),
)


class FeeDisputeEndPageForm(Form):
    """How a dispute ends, as typed."""

    refund = text(0, 40, load_default="")
    reason = text(0, MOST, load_default="")


@door(
    bp,
    "GET",
    "/desk/fees",
    policy="fee.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="收费监管（网页） / What institutions of the area charge, and disputes",
)
def desk_fees_page() -> flask.Response:
    """List offerings, and disputes that wait."""
    return _list(b"", {}, None)


@door(
    bp,
    "GET",
    "/desk/fees/<id:offering_id>",
    policy="fee.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(problems.OfferingUnknown,),
    summary="一个收费项目（网页） / One offering with its orders by number",
)
def desk_fee_page(offering_id: bytes) -> flask.Response:
    """Show it."""
    told, called = fees.whole(offering_id), institution_name()
    return page(
        "desk_fee.html",
        tabs=tabs(),
        one=offering_card(told, called(told["institution"])),
        orders=[detail_card(it, "") for it in told["orders"]],
    )


@door(
    bp,
    "POST",
    "/desk/fees/disputes/<id:order_id>",
    policy="fee.dispute",
    surface=Surface.PAGE,
    body=Fields(FeeDisputeEndPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(problems.FeeUnknown, StepUpRequired),
    step_up=True,
    summary="处理收费争议（网页） / End a dispute, from the page",
)
def end_dispute_button(order_id: bytes, form: dict[str, Any]) -> flask.Response:
    """End it."""
    try:
        asked = _read(form)
        fees.end_dispute(order_id, asked["refund_fen"], asked["reason"])
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _list(order_id, form, problem)
    return go("/desk/fees")


def _read(typed: dict[str, Any]) -> dict[str, Any]:
    wrong: list[Any] = []
    refund = typed["refund"].strip()
    given: dict[str, Any] = {"reason": typed["reason"], "refund_fen": 0}
    if refund not in ("0", "0.00"):
        try:
            given["refund_fen"] = yuan.fen(refund)
        except ValueError:
            wrong.append({"pointer": "/refund", "code": "value", "detail": "请填金额，单位元；不退的填 0"})
    try:
        asked = judged(FeeDisputeEndForm, given)
    except FormRefused as refused:
        raise FormRefused(errors=wrong + refused.errors) from None
    if wrong:
        raise FormRefused(errors=wrong)
    return asked


def _list(which: bytes, typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    for one in () if problem is None else problem.errors:
        one["pointer"] = str(one.get("pointer", "")).replace("/amount_fen", "/refund")
    wrong, trouble = ({}, None) if problem is None else faults(problem, _END)
    called = institution_name()
    ends = can(actor(), "fee.dispute")
    return page(
        "desk_fees.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        items=[offering_card(one, called(one["institution"])) for one in fees.offerings_of_area()],
        disputes=[detail_card(it, called(it["institution"])) for it in fees.disputes()] if ends else [],
        fields=_END,
        which=uuid_text(which) if which else "",
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )
