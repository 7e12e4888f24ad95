"""Doors of fees for officials: what institutions of their area charge, orders by number, disputes to end."""

from typing import Any

import flask

from recordsvc.access import deciding, recusals
from recordsvc.access.entrance import actor
from recordsvc.access.grants import can
from recordsvc.access.objects import of_institutions, of_workers
from recordsvc.access.policy import door
from recordsvc.access.services import house, once, reference
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Forbidden
from recordsvc.money.fees import disputing, offerings, services, values, views
from recordsvc.money.fees import errors as problems
from recordsvc.money.fees.forms import (
    FeeDetailForm,
    FeeDisputeEndForm,
    FeeOfferingsForm,
    FeesForm,
    FeeWholeForm,
)
from recordsvc.money.fees.services import bp
from recordsvc.money.fees.tables import fee_offering, fee_order, fee_state


def offerings_of_area() -> list[dict[str, Any]]:
    """Return what institutions of the official's area charge for."""
    where = of_institutions(actor(), "fee.read", fee_offering.c.institution)
    today = beijing_date(house().clock.now_ms())
    with house().db.read() as conn:
        return [views.offered(conn, one, today) for one in offerings.listed(conn, *where)]


def whole(offering_id: bytes) -> dict[str, Any]:
    """Return an offering with its orders. Raises `OfferingUnknown`."""
    with house().db.read() as conn:
        return views.whole(conn, offerings.find(conn, offering_id), beijing_date(house().clock.now_ms()))


def disputes() -> list[dict[str, Any]]:
    """Return the disputed orders of the official's area, recused ones not."""
    where = of_institutions(actor(), "fee.dispute", fee_order.c.institution)
    where += of_workers(actor(), "fee.dispute", fee_order.c.worker_id)[1:]
    with house().db.read() as conn:
        return [views.detailed(conn, one) for one in values.listed(conn, *where, fee_state.c.disputed != "")]


def end_dispute(order_id: bytes, refund_fen: int, reason: str) -> None:
    """End a dispute, judged by the register as it stands in this turn.

    Raises `Forbidden`, `Recused`, `FeeUnknown`, `FeeStep`, `RefundRefused`.
    """
    by, asks = reference(), actor()

    def act(turn: Turn) -> str:
        now = deciding.as_of_now(turn, asks, house().settings.region)
        thing = services.order(turn.conn, order_id)
        if not can(now, "fee.dispute", thing):
            raise Forbidden
        if thing is not None:
            recusals.check(now, thing.parties)
        return disputing.end(turn, house(), order_id, refund_fen, reason, by).state

    once(act)


@door(
    bp,
    "GET",
    "/v1/desk/fees",
    policy="fee.read",
    answer=FeeOfferingsForm,
    summary="收费项目 / What institutions of the official's area charge for",
)
def list_desk_offerings() -> flask.Response:
    """List the newest."""
    return answers.answer({"items": offerings_of_area()}, form=FeeOfferingsForm)


@door(
    bp,
    "GET",
    "/v1/desk/fees/<id:offering_id>",
    policy="fee.read",
    answer=FeeWholeForm,
    problems=(problems.OfferingUnknown,),
    summary="一个收费项目 / One offering with its orders by number: what came, what went back",
)
def read_desk_offering(offering_id: bytes) -> flask.Response:
    """Show it."""
    return answers.answer(whole(offering_id), form=FeeWholeForm)


@door(
    bp,
    "GET",
    "/v1/desk/fee-disputes",
    policy="fee.dispute",
    answer=FeesForm,
    summary="收费争议 / Disputed orders, by number",
)
def list_disputes() -> flask.Response:
    """List them."""
    return answers.answer({"items": disputes()}, form=FeesForm)


@door(
    bp,
    "POST",
    "/v1/desk/fee-disputes/<id:order_id>",
    policy="fee.dispute",
    body=FeeDisputeEndForm,
    answer=FeeDetailForm,
    problems=(problems.FeeUnknown, problems.FeeStep, problems.RefundRefused, Forbidden),
    idempotent=True,
    step_up=True,
    summary="处理收费争议 / End a dispute: so much goes back, or nothing",
)
def end_fee_dispute(order_id: bytes, form: dict[str, Any]) -> flask.Response:
    """End it."""
    end_dispute(order_id, form["refund_fen"], form["reason"])
    with house().db.read() as conn:
        told = views.detailed(conn, values.find(conn, order_id))
    return answers.answer(told, form=FeeDetailForm)
