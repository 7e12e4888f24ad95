"""Doors of fees for an institution's people: offerings, the counter, what goes back.

An order is named by its number, which the payer shows: an institution reads no name here.
"""

from typing import Any

import flask
from sqlalchemy.engine import Connection

from recordsvc.access.forms import EmptyForm
from recordsvc.access.policy import door
from recordsvc.access.services import house, once, reference
from recordsvc.archive.services import own_institution
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.fees import errors as problems
from recordsvc.money.fees import offerings, refunding, taking, values, views
from recordsvc.money.fees.forms import (
    FeeCalledOffForm,
    FeeCheckForm,
    FeeLeaveForm,
    FeeOfferingForm,
    FeeOfferingNewForm,
    FeeOfferingsForm,
    FeePaymentForm,
    FeePriceForm,
    FeeProgressForm,
    FeeReasonForm,
    FeeReceiptForm,
    FeeRefundForm,
    FeeTakeForm,
    FeeWholeForm,
)
from recordsvc.money.fees.offerings import Offering
from recordsvc.money.fees.services import bp
from recordsvc.money.fees.tables import fee_offering

# -- what institutions do, for the pages as well


def own_offerings() -> list[dict[str, Any]]:
    """Return what one's own institution charges for."""
    today = beijing_date(house().clock.now_ms())
    with house().db.read() as conn:
        found = offerings.listed(conn, fee_offering.c.institution == own_institution())
        return [views.offered(conn, one, today) for one in found]


def own_whole(offering_id: bytes) -> dict[str, Any]:
    """Return one of them with its orders. Raises `OfferingUnknown`."""
    with house().db.read() as conn:
        return views.whole(conn, _own(conn, offering_id), beijing_date(house().clock.now_ms()))


def register(form: dict[str, Any]) -> bytes:
    """Register an offering; its id. Raises `OfferingRefused`."""
    own, by = own_institution(), reference()
    return bytes.fromhex(once(lambda turn: offerings.register(turn, house(), own, form, by).hex()))


def price(offering_id: bytes, form: dict[str, Any]) -> None:
    """Enter a price. Raises `OfferingUnknown`, `OfferingRefused`, `OfferingOver`."""
    _change(offering_id, lambda turn, one, by: offerings.price(turn, one, form, by))


def progress(offering_id: bytes, units: int) -> None:
    """State how far it has been held. Raises `OfferingUnknown`, `OfferingRefused`, `OfferingOver`."""
    _change(offering_id, lambda turn, one, by: offerings.progress(turn, one, units, by))


def call_off(offering_id: bytes, reason: str) -> int:
    """Call it off; how many are paid back. Raises `OfferingUnknown`, `OfferingOver`."""
    by = reference()
    with house().db.read() as conn:
        _own(conn, offering_id)
    return int(once(lambda turn: str(refunding.call_off(turn, house(), offering_id, reason, by))))


def take(number: str, receipt: str) -> bytes:
    """Record money at the counter; the payment's id. Raises `FeeUnknown`, `ReceiptUsed`."""
    own, by = own_institution(), reference()
    made = once(lambda turn: taking.record(turn, house(), own, number, receipt, by).payment_id.hex())
    return bytes.fromhex(made)


def check_taken(payment_id: bytes, *, right: bool) -> None:
    """Check it as the second person. Raises `FeeUnknown`, `FeeSecondPerson`, `FeeStep`."""
    own, by = own_institution(), reference()
    once(lambda turn: taking.check(turn, house(), own, payment_id, by, right=right).state)


def leave(form: dict[str, Any]) -> bytes:
    """Decide what a learner gets back; the refund's id. Raises as `refunding.leave`."""
    own, by = own_institution(), reference()

    def act(turn: Turn) -> str:
        one = values.by_number(turn.conn, form["number"], own)
        said = (form["ground"], form["attended"], form["reason"])
        return refunding.leave(turn, house(), one, *said, by)[0].refund_id.hex()

    return bytes.fromhex(once(act))


def give(refund_id: bytes, receipt: str) -> None:
    """Record that it was given back. Raises `FeeUnknown`, `FeeStep`, `FeeDisputed`, `ReceiptUsed`."""
    own, by = own_institution(), reference()
    once(lambda turn: refunding.give(turn, own, refund_id, receipt, by).state)


def check_given(refund_id: bytes) -> None:
    """Check it as the second person. Raises `FeeUnknown`, `FeeSecondPerson`, `FeeStep`."""
    own, by = own_institution(), reference()
    once(lambda turn: refunding.check(turn, house(), own, refund_id, by).state)


def _own(conn: Connection, offering_id: bytes) -> Offering:
    one = offerings.find(conn, offering_id)
    if one.institution != own_institution():
        raise problems.OfferingUnknown
    return one


def _change(offering_id: bytes, act: Any) -> None:
    by = reference()

    def run(turn: Turn) -> str:
        act(turn, _own(turn.conn, offering_id), by)
        return offering_id.hex()

    once(run)


# -- doors


@door(
    bp,
    "GET",
    "/v1/centre/fees",
    policy="fee.counter",
    answer=FeeOfferingsForm,
    summary="本单位收费项目 / What one's own institution charges for",
)
def list_own_offerings() -> flask.Response:
    """List them."""
    return answers.answer({"items": own_offerings()}, form=FeeOfferingsForm)


@door(
    bp,
    "POST",
    "/v1/centre/fees",
    policy="fee.counter",
    body=FeeOfferingNewForm,
    answer={201: FeeOfferingForm},
    problems=(problems.OfferingRefused,),
    idempotent=True,
    summary="登记收费项目 / Register an offering with its first price",
)
def register_offering(form: dict[str, Any]) -> flask.Response:
    """Register it."""
    return answers.answer(own_whole(register(form)), 201, form=FeeOfferingForm)


@door(
    bp,
    "GET",
    "/v1/centre/fees/<id:offering_id>",
    policy="fee.counter",
    answer=FeeWholeForm,
    problems=(problems.OfferingUnknown,),
    summary="一个收费项目 / One offering with its orders by number",
)
def read_own_offering(offering_id: bytes) -> flask.Response:
    """Show it."""
    return answers.answer(own_whole(offering_id), form=FeeWholeForm)


@door(
    bp,
    "POST",
    "/v1/centre/fees/<id:offering_id>/prices",
    policy="fee.counter",
    body=FeePriceForm,
    answer=FeeOfferingForm,
    problems=(problems.OfferingUnknown, problems.OfferingRefused, problems.OfferingOver),
    idempotent=True,
    summary="登记新的收费标准 / Enter a price that begins today or later",
)
def enter_price(offering_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Enter it."""
    price(offering_id, form)
    return answers.answer(own_whole(offering_id), form=FeeOfferingForm)


@door(
    bp,
    "POST",
    "/v1/centre/fees/<id:offering_id>/progress",
    policy="fee.counter",
    body=FeeProgressForm,
    answer=FeeOfferingForm,
    problems=(problems.OfferingUnknown, problems.OfferingRefused, problems.OfferingOver),
    idempotent=True,
    summary="登记授课进度 / State how many units have been held by now",
)
def enter_progress(offering_id: bytes, form: dict[str, Any]) -> flask.Response:
    """State it."""
    progress(offering_id, form["units"])
    return answers.answer(own_whole(offering_id), form=FeeOfferingForm)


@door(
    bp,
    "POST",
    "/v1/centre/fees/<id:offering_id>/call-off",
    policy="fee.counter",
    body=FeeReasonForm,
    answer=FeeCalledOffForm,
    problems=(problems.OfferingUnknown, problems.OfferingOver),
    idempotent=True,
    step_up=True,
    summary="停办 / Call an offering off: every learner is paid back what was not held",
)
def call_offering_off(offering_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Call it off."""
    return answers.answer({"count": call_off(offering_id, form["reason"])}, form=FeeCalledOffForm)


@door(
    bp,
    "POST",
    "/v1/centre/fee-payments",
    policy="fee.counter",
    body=FeeTakeForm,
    answer={201: FeePaymentForm},
    problems=(problems.FeeUnknown, problems.ReceiptUsed),
    idempotent=True,
    summary="柜台收费 / Record money taken at the counter, to be checked by another person",
)
def take_payment(form: dict[str, Any]) -> flask.Response:
    """Record it."""
    return _payment(take(form["number"], form["receipt"]), 201)


@door(
    bp,
    "POST",
    "/v1/centre/fee-payments/<id:fee_payment_id>/check",
    policy="fee.counter",
    body=FeeCheckForm,
    answer=FeePaymentForm,
    problems=(problems.FeeUnknown, problems.FeeSecondPerson, problems.FeeStep),
    idempotent=True,
    summary="复核收费 / Say as the second person whether it is right",
)
def check_payment(fee_payment_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Check it."""
    check_taken(fee_payment_id, right=form["right"])
    return _payment(fee_payment_id, 200)


@door(
    bp,
    "POST",
    "/v1/centre/fee-refunds",
    policy="fee.counter",
    step_up=True,
    body=FeeLeaveForm,
    answer={201: FeeRefundForm},
    problems=(problems.FeeUnknown, problems.FeeStep, problems.FeeDisputed, problems.RefundRefused),
    idempotent=True,
    summary="退费 / Decide what a learner who leaves, or is not admitted, gets back",
)
def decide_refund(form: dict[str, Any]) -> flask.Response:
    """Decide it."""
    return _refund(leave(form), 201)


@door(
    bp,
    "POST",
    "/v1/centre/fee-refunds/<id:refund_id>/give",
    policy="fee.counter",
    body=FeeReceiptForm,
    answer=FeeRefundForm,
    problems=(problems.FeeUnknown, problems.FeeStep, problems.FeeDisputed, problems.ReceiptUsed),
    idempotent=True,
    summary="柜台退付 / Record that it was given back, to be checked by another person",
)
def give_refund(refund_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Record it."""
    give(refund_id, form["receipt"])
    return _refund(refund_id, 200)


@door(
    bp,
    "POST",
    "/v1/centre/fee-refunds/<id:refund_id>/check",
    policy="fee.counter",
    step_up=True,
    body=EmptyForm,
    answer=FeeRefundForm,
    problems=(problems.FeeUnknown, problems.FeeSecondPerson, problems.FeeStep),
    idempotent=True,
    summary="复核退付 / Say as the second person that it was given back",
)
def check_refund(refund_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - the form is empty
    """Check it."""
    check_given(refund_id)
    return _refund(refund_id, 200)


def _payment(payment_id: bytes, status: int) -> flask.Response:
    with house().db.read() as conn:
        told = views.payment(values.payment(conn, payment_id))
    return answers.answer(told, status, form=FeePaymentForm)


def _refund(refund_id: bytes, status: int) -> flask.Response:
    with house().db.read() as conn:
        told = views.refund(values.refund(conn, refund_id))
    return answers.answer(told, status, form=FeeRefundForm)
