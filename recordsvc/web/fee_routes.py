"""Pages of fees: what institutions charge, for everybody; the worker's own orders, and a receipt to print."""

from typing import Any

import flask

from recordsvc.access.errors import LoginPaced
from recordsvc.access.in_place_errors import OwnProofTyped
from recordsvc.access.policy import Surface, door
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import Problem
from recordsvc.ground.reading import Fields
from recordsvc.money.bank.formats import yuan
from recordsvc.money.fees import errors as problems
from recordsvc.money.fees import transitions, views
from recordsvc.money.fees.forms import FeeMandateNewForm, FeeOfferingsQuery
from recordsvc.money.fees.routes import (
    charged_for,
    debit_own,
    end_own,
    own_detail,
    own_mandate,
    own_orders,
    pay_own,
    payable_at_once,
    place_own,
    sign_own,
    step_own,
)
from recordsvc.web import words
from recordsvc.web.desk_forms import Field, faults, judged
from recordsvc.web.desk_routes import FAILED, institution_name
from recordsvc.web.forms import FeeDisputePageForm, FeeMandatePageForm, NoFieldsForm, TypedProofForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp

TONES = {
    "NEW": "wait",
    "PENDING": "wait",
    "UNKNOWN": "warn",
    "PAID": "good",
    "PART_REFUNDED": "info",
    "REFUNDED": "mute",
    "FAILED": "bad",
    "CANCELLED": "mute",
}


MANDATE = (
    Field("most", "每笔最多（元）", hint="超过的不能代扣。", most=20),
    Field("until_on", "有效至", "day", hint="填写的当天仍然有效；随时可以终止。"),
)


def offering_card(one: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an offering as pages show it."""
    return one | {"id": uuid_text(one["offering_id"]), "name": name}


def order_card(one: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an order as pages show it."""
    number = f"{one['number'][:4]}-{one['number'][4:7]}-{one['number'][7:]}"
    return one | {
        "id": uuid_text(one["order_id"]),
        "offering": uuid_text(one["offering_id"]),
        "shown": number,
        "name": name,
        "tone": TONES[one["state"]],
        "ordered": words.instant(one["ordered_ms"]),
        "disputed_for": views.DISPUTES_ZH[one["disputed"]],
    }


def detail_card(told: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an order with its payments, refunds and steps as pages show it."""
    return order_card(told, name) | {
        "payments": [
            it | {"id": uuid_text(it["payment_id"]), "at": words.instant(it["booked_ms"] or it["taken_ms"])}
            for it in told["payments"]
        ],
        "refunds": [
            it | {"id": uuid_text(it["refund_id"]), "at": words.instant(it["done_ms"] or it["decided_ms"])}
            for it in told["refunds"]
        ],
        "events": [it | {"at": words.instant(it["at_ms"])} for it in told["events"]],
    }


def said(problem: Problem) -> list[str]:
    """Return what is wrong, and what to do about it."""
    return [str(one["detail"]) for one in problem.errors] or [problem.title_zh, problem.remedy_zh]


# -- everybody


@door(
    bp,
    "GET",
    "/fees",
    policy="public",
    surface=Surface.PAGE,
    query=FeeOfferingsQuery,
    answer=HTML,
    summary="收费公示（网页） / What institutions charge",
)
def offerings_page(query: dict[str, Any]) -> flask.Response:
    """List what is charged; a worker orders from here."""
    return _offerings(query["institution"], None)


def _offerings(institution: str | None, problem: Problem | None) -> flask.Response:
    called = institution_name()
    return page(
        "fee_offerings.html",
        200 if problem is None else problem.status,
        items=[offering_card(one, called(one["institution"])) for one in charged_for(institution)],
        institution=institution or "",
        trouble=None if problem is None else said(problem),
    )


# -- the worker


@door(
    bp,
    "GET",
    "/me/fees",
    policy="own.fee.read",
    surface=Surface.PAGE,
    answer={200: HTML, 423: HTML},
    summary="我的缴费（网页） / My fee orders",
)
def fees_page() -> flask.Response:
    """List them, the newest first, with the mandate to be debited.

    Of a restricted archive the mandate alone, which its worker may end.
    """
    try:
        return _fees({}, None)
    except ArchiveRestricted as problem:
        nothing: dict[str, Any] = {"wrong": {}, "trouble": None}
        return page(
            "fees.html", problem.status, restricted=problem.title_zh, mandate=own_mandate(), **nothing
        )


def _fees(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    called = institution_name()
    for one in () if problem is None else problem.errors:
        one["pointer"] = str(one.get("pointer", "")).replace("/most_fen", "/most")
    wrong, trouble = ({}, None) if problem is None else faults(problem, MANDATE)
    return page(
        "fees.html",
        200 if problem is None else problem.status,
        restricted="",
        items=[order_card(views.brief(one), called(one.institution)) for one in own_orders()],
        mandate=own_mandate(),
        slips=None,
        fields=MANDATE,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )


@door(
    bp,
    "GET",
    "/me/fees/<id:order_id>",
    policy="own.fee.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(problems.FeeUnknown, ArchiveRestricted),
    summary="我的一张缴费单（网页） / One of my fee orders",
)
def fee_page(order_id: bytes) -> flask.Response:
    """Show how to pay, what came and what goes back."""
    return _detail(order_id, None)


@door(
    bp,
    "GET",
    "/me/fees/<id:order_id>/receipt",
    policy="own.fee.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(problems.FeeUnknown, ArchiveRestricted),
    summary="缴费凭条（网页） / A receipt to print",
)
def fee_receipt_page(order_id: bytes) -> flask.Response:
    """Show it."""
    told = own_detail(order_id)
    return page("fee_receipt.html", one=detail_card(told, institution_name()(told["institution"])))


@door(
    bp,
    "POST",
    "/me/fees/<id:offering_id>/order",
    policy="own.fee.order",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer={303: None, 409: HTML},
    problems=(problems.OfferingUnknown, problems.OfferingOver, problems.FeeStands, ArchiveRestricted),
    summary="下单（网页） / Order, from the page",
)
def fee_order_button(offering_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button
    """Order it and show how to pay."""
    try:
        return go(f"/me/fees/{uuid_text(place_own(offering_id))}")
    except (problems.OfferingOver, problems.FeeStands) as problem:
        return _offerings(None, problem)


@door(
    bp,
    "POST",
    "/me/fees/mandate",
    policy="own.fee.mandate",
    surface=Surface.PAGE,
    body=Fields(FeeMandatePageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(problems.FeeNotDebitable, problems.MandateStands, LoginPaced, ArchiveRestricted),
    step_up=True,
    summary="签订委托代扣（网页） / Consent to be debited, from the page",
)
def mandate_button(form: dict[str, Any]) -> flask.Response:
    """Sign it."""
    try:
        sign_own(_mandate(form))
    except OwnProofTyped as unproven:
        return _fees(form, unproven)
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _fees(form, problem)
    return go("/me/fees")


def _mandate(typed: dict[str, Any]) -> dict[str, Any]:
    """Return a mandate as the API's form reads it. Raises `FormRefused`."""
    try:
        most = yuan.fen(typed["most"].strip())
    except ValueError:
        most = 0
    said = {name: value for name, value in typed.items() if name != "most"}
    return judged(FeeMandateNewForm, {**said, "most_fen": most})


@door(
    bp,
    "POST",
    "/me/fees/mandate/end",
    policy="own.fee.order",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer={303: None},
    summary="终止委托代扣（网页） / End the consent to be debited, from the page",
)
def mandate_end_button(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button
    """End it at once."""
    end_own()
    return go("/me/fees")


@door(
    bp,
    "POST",
    "/me/fees/<id:order_id>/debit",
    policy="own.fee.order",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer={303: None, 409: HTML},
    problems=(problems.FeeUnknown, problems.FeeStep, problems.FeeNotDebitable, ArchiveRestricted),
    summary="社保卡账户代扣（网页） / Have an order debited, from the page",
)
def fee_debit_button(order_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button
    """Ask the bank for it."""
    try:
        debit_own(order_id)
    except (problems.FeeStep, problems.FeeNotDebitable) as problem:
        return _detail(order_id, problem)
    return go(f"/me/fees/{uuid_text(order_id)}")


@door(
    bp,
    "POST",
    "/me/fees/<id:order_id>/pay",
    policy="own.fee.pay",
    surface=Surface.PAGE,
    body=Fields(TypedProofForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(
        problems.FeeUnknown,
        problems.FeeStep,
        problems.FeeNotDebitable,
        LoginPaced,
        ArchiveRestricted,
    ),
    step_up=True,
    summary="即时支付（网页） / Pay an order at once, from the page",
)
def fee_pay_button(order_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Ask the bank."""
    try:
        pay_own(order_id, form)
    except OwnProofTyped as unproven:
        return _detail(order_id, unproven)
    except (problems.FeeStep, problems.FeeNotDebitable) as problem:
        return _detail(order_id, problem)
    return go(f"/me/fees/{uuid_text(order_id)}")


@door(
    bp,
    "POST",
    "/me/fees/<id:order_id>/cancel",
    policy="own.fee.order",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer={303: None, 409: HTML},
    problems=(problems.FeeUnknown, problems.FeeStep, ArchiveRestricted),
    summary="取消缴费单（网页） / Give an order up, from the page",
)
def fee_cancel_button(order_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button
    """Give it up."""
    return _step(order_id, "")


@door(
    bp,
    "POST",
    "/me/fees/<id:order_id>/dispute",
    policy="own.fee.order",
    surface=Surface.PAGE,
    body=Fields(FeeDisputePageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(problems.FeeUnknown, problems.FeeStep, problems.FeeDisputed, ArchiveRestricted),
    summary="提出收费争议（网页） / Dispute a fee, from the page",
)
def fee_dispute_button(order_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Dispute it."""
    return _step(order_id, form["ground"])


def _step(order_id: bytes, ground: str) -> flask.Response:
    try:
        step_own(order_id, ground)
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _detail(order_id, problem)
    return go(f"/me/fees/{uuid_text(order_id)}")


def _detail(order_id: bytes, problem: Problem | None) -> flask.Response:
    told = own_detail(order_id)
    return page(
        "fee.html",
        200 if problem is None else problem.status,
        one=detail_card(told, institution_name()(told["institution"])),
        cancels=told["state"] == "NEW",
        pays=told["state"] in transitions.WAITING,
        at_once=told["state"] == "NEW" and payable_at_once(),
        slips=None,
        debits=told["state"] == "NEW" and own_mandate() is not None,
        disputes=told["state"] in transitions.PAID and not told["disputed"],
        grounds=[(code, word) for code, word in views.DISPUTES_ZH.items() if code],
        trouble=None if problem is None else said(problem),
    )
