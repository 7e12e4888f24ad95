"""Doors of fees (缴费): what is charged, for everybody; the worker's own orders.

Institutions come in by `centre_routes`, officials by `desk_routes`.
"""

from typing import TYPE_CHECKING, Any

import flask
from sqlalchemy.engine import Connection

from recordsvc.access.entrance import actor
from recordsvc.access.errors import LoginPaced
from recordsvc.access.forms import EmptyForm
from recordsvc.access.in_place_errors import OwnProofTyped
from recordsvc.access.policy import door
from recordsvc.access.services import house, once, reference
from recordsvc.archive import own_proof, persons
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.notice_forms import OwnProofForm
from recordsvc.archive.services import own_worker
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.bank import instant
from recordsvc.money.fees import (
    centre_routes,
    debiting,
    desk_routes,
    disputing,
    keeping,
    mandates,
    offerings,
    orders,
    values,
    views,
)
from recordsvc.money.fees import errors as problems
from recordsvc.money.fees.forms import (
    FeeDetailForm,
    FeeDisputeForm,
    FeeMandateNewForm,
    FeeMandateNowForm,
    FeeOfferingsForm,
    FeeOfferingsQuery,
    FeeOrderForm,
    FeesForm,
)
from recordsvc.money.fees.services import bp
from recordsvc.money.fees.tables import fee_offering, fee_order
from recordsvc.money.fees.values import Order
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House

__all__ = ["bp", "centre_routes", "desk_routes"]


def setup(_app: flask.Flask, place: "House") -> None:
    """Have erasures ask about fees, claims hear what was charged, and the bank tell what became of money."""
    keeping.connect(place)
    debiting.connect(place)


# -- everybody


def charged_for(institution: str | None) -> list[dict[str, Any]]:
    """Return what is charged for: of an institution, or the newest of all."""
    where = [fee_offering.c.institution == institution] if institution else []
    today = beijing_date(house().clock.now_ms())
    with house().db.read() as conn:
        return [views.offered(conn, one, today) for one in offerings.listed(conn, *where)]


@door(
    bp,
    "GET",
    "/v1/fee-offerings",
    policy="public",
    query=FeeOfferingsQuery,
    answer=FeeOfferingsForm,
    summary="收费公示 / What institutions charge for, with prices and where they were made public",
)
def list_offerings(query: dict[str, Any]) -> flask.Response:
    """List the newest."""
    return answers.answer({"items": charged_for(query["institution"])}, form=FeeOfferingsForm)


# -- the worker


def own_orders() -> list[Order]:
    """Return the orders of the worker who asks, the newest first. Raises `ArchiveRestricted`."""
    persons.read(house(), own_worker())
    with house().db.read() as conn:
        mine = sorted(merges.together(conn, [own_worker()]))
        return values.listed(conn, fee_order.c.worker_id.in_(mine), newest=True)


def own_order(conn: Connection, order_id: bytes) -> Order:
    """Return an order of the worker who asks. Raises `FeeUnknown`."""
    mine = sorted(merges.together(conn, [own_worker()]))
    return values.find(conn, order_id, fee_order.c.worker_id.in_(mine))


def place_own(offering_id: bytes) -> bytes:
    """Order an offering for the worker who asks; the order's id."""
    worker_id, by = own_worker(), reference()
    persons.read(house(), worker_id)
    made = once(lambda turn: orders.place(turn, house(), worker_id, offering_id, by).order_id.hex())
    return bytes.fromhex(made)


def _own_now(order_id: bytes) -> None:
    """Let who asks act on an order: theirs, in an archive that is open to them.

    Raises `FeeUnknown`, `ArchiveRestricted`.
    """
    persons.read(house(), own_worker())
    with house().db.read() as conn:
        own_order(conn, order_id)


def step_own(order_id: bytes, ground: str = "") -> None:
    """Give up an order of the worker who asks; with a ground, dispute it. Raises `FeeUnknown`, `FeeStep`."""
    by = reference()
    _own_now(order_id)
    once(
        lambda turn: (
            (
                disputing.dispute(turn, order_id, ground, by) if ground else orders.cancel(turn, order_id, by)
            ).state
        )
    )


def own_detail(order_id: bytes) -> dict[str, Any]:
    """Return an order of the worker who asks. Raises `FeeUnknown`, `ArchiveRestricted`."""
    persons.read(house(), own_worker())
    with house().db.read() as conn:
        return views.detailed(conn, own_order(conn, order_id))


@door(
    bp,
    "GET",
    "/v1/me/fees",
    policy="own.fee.read",
    answer=FeesForm,
    problems=(ArchiveRestricted,),
    summary="我的缴费 / My fee orders, the newest first",
)
def my_fees() -> flask.Response:
    """Send all."""
    return answers.answer({"items": [views.brief(one) for one in own_orders()]}, form=FeesForm)


@door(
    bp,
    "POST",
    "/v1/me/fees",
    policy="own.fee.order",
    body=FeeOrderForm,
    answer={201: FeeDetailForm},
    problems=(problems.OfferingUnknown, problems.OfferingOver, problems.FeeStands, ArchiveRestricted),
    idempotent=True,
    summary="下单 / Order a class or exam at today's price; an order or a paid fee admits nobody",
)
def order_fee(form: dict[str, Any]) -> flask.Response:
    """Order, and say how to pay."""
    return answers.answer(own_detail(place_own(form["offering_id"])), 201, form=FeeDetailForm)


@door(
    bp,
    "GET",
    "/v1/me/fees/<id:order_id>",
    policy="own.fee.read",
    answer=FeeDetailForm,
    problems=(problems.FeeUnknown, ArchiveRestricted),
    summary="我的一张缴费单 / One of my orders: what came, what goes back",
)
def my_fee(order_id: bytes) -> flask.Response:
    """Send one."""
    return answers.answer(own_detail(order_id), form=FeeDetailForm)


@door(
    bp,
    "POST",
    "/v1/me/fees/<id:order_id>/cancel",
    policy="own.fee.order",
    body=EmptyForm,
    answer=FeeDetailForm,
    problems=(problems.FeeUnknown, problems.FeeStep, ArchiveRestricted),
    idempotent=True,
    summary="取消缴费单 / Give up an order that nobody has begun to pay",
)
def cancel_fee(order_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - the form is empty
    """Give it up."""
    step_own(order_id)
    return answers.answer(own_detail(order_id), form=FeeDetailForm)


@door(
    bp,
    "POST",
    "/v1/me/fees/<id:order_id>/dispute",
    policy="own.fee.order",
    body=FeeDisputeForm,
    answer=FeeDetailForm,
    problems=(problems.FeeUnknown, problems.FeeStep, problems.FeeDisputed, ArchiveRestricted),
    idempotent=True,
    summary="提出收费争议 / Dispute a paid order; nothing is decided back until an official ended it",
)
def dispute_fee(order_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Dispute it."""
    step_own(order_id, form["ground"])
    return answers.answer(own_detail(order_id), form=FeeDetailForm)


# -- debits


def own_mandate() -> dict[str, Any] | None:
    """Return the mandate of the worker who asks, or None; of a restricted archive, too.

    A consent is taken back at any time (个人信息保护法第十五条): whoever may end one sees that it stands.
    """
    with house().db.read() as conn:
        found = mandates.standing(conn, own_worker())
    return None if found is None else {name: getattr(found, name) for name in mandates.Mandate.__slots__}


def sign_own(form: dict[str, Any]) -> None:
    """Sign a mandate for the worker who asks.

    Raises as `mandates.sign`; at the window `OwnProofTyped`, `LoginPaced`.
    """
    worker_id, by = own_worker(), reference()
    persons.read(house(), worker_id)
    settle = own_proof.typed(house(), actor(), form)

    def act(turn: Turn) -> str:
        settle(turn)
        return mandates.sign(turn, house(), worker_id, form["most_fen"], form["until_on"], by).number

    once(act)


def end_own() -> None:
    """End the mandate of the worker who asks, if one stands."""
    worker_id, by = own_worker(), reference()
    once(lambda turn: str(mandates.end(turn, house(), worker_id, by)))


def debit_own(order_id: bytes) -> None:
    """Have an order of the worker who asks debited. Raises as `debiting.debit`."""
    by = reference()
    _own_now(order_id)
    once(lambda turn: debiting.debit(turn, house(), order_id, by).state)


@door(
    bp,
    "GET",
    "/v1/me/fee-mandate",
    policy="own.fee.read",
    answer=FeeMandateNowForm,
    summary="我的委托代扣 / My consent to be debited, or null",
)
def my_mandate() -> flask.Response:
    """Send it."""
    return answers.answer({"mandate": own_mandate()}, form=FeeMandateNowForm)


@door(
    bp,
    "POST",
    "/v1/me/fee-mandate",
    policy="own.fee.mandate",
    body=FeeMandateNewForm,
    answer={201: FeeMandateNowForm},
    problems=(
        problems.FeeNotDebitable,
        problems.MandateStands,
        problems.OfferingRefused,
        ArchiveRestricted,
        OwnProofTyped,
        LoginPaced,
    ),
    idempotent=True,
    step_up=True,
    summary="签订委托代扣 / Consent to be debited from my verified account, at most so much, until a day",
)
def sign_mandate(form: dict[str, Any]) -> flask.Response:
    """Sign it."""
    sign_own(form)
    return answers.answer({"mandate": own_mandate()}, 201, form=FeeMandateNowForm)


@door(
    bp,
    "POST",
    "/v1/me/fee-mandate/end",
    policy="own.fee.order",
    body=EmptyForm,
    answer=FeeMandateNowForm,
    idempotent=True,
    summary="终止委托代扣 / End my consent at once; what the bank does not have yet is taken back",
)
def end_mandate(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - the form is empty
    """End it, of a restricted archive, too."""
    end_own()
    return answers.answer({"mandate": own_mandate()}, form=FeeMandateNowForm)


@door(
    bp,
    "POST",
    "/v1/me/fees/<id:order_id>/debit",
    policy="own.fee.order",
    body=EmptyForm,
    answer=FeeDetailForm,
    problems=(problems.FeeUnknown, problems.FeeStep, problems.FeeNotDebitable, ArchiveRestricted),
    idempotent=True,
    summary="社保卡账户代扣 / Have an order debited from my account, by my mandate",
)
def debit_fee(order_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - the form is empty
    """Ask the bank for it."""
    debit_own(order_id)
    return answers.answer(own_detail(order_id), form=FeeDetailForm)


def payable_at_once() -> bool:
    """Whether there is a bank that debits at once, and an account for what comes."""
    with house().db.read() as conn:
        return house().instant_pay is not None and debiting.account(conn) is not None


def pay_own(order_id: bytes, form: dict[str, Any]) -> None:
    """Pay an order of the worker who asks at once: what is asked is stored first.

    Raises as `at_once`; at the window `OwnProofTyped`, `LoginPaced`.
    """
    by = reference()
    _own_now(order_id)
    settle = own_proof.typed(house(), actor(), form)

    def act(turn: Turn) -> str:
        settle(turn)
        return debiting.at_once(turn, house(), order_id, by).instant_id.hex()

    asked = once(act)
    instant.send(house(), bytes.fromhex(asked))


@door(
    bp,
    "POST",
    "/v1/me/fees/<id:order_id>/pay",
    policy="own.fee.pay",
    body=OwnProofForm,
    answer=FeeDetailForm,
    problems=(
        problems.FeeUnknown,
        problems.FeeStep,
        problems.FeeNotDebitable,
        ArchiveRestricted,
        OwnProofTyped,
        LoginPaced,
    ),
    idempotent=True,
    step_up=True,
    summary="即时支付 / Pay an order at once from my verified account; it counts once the bank booked it",
)
def pay_fee(order_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Ask the bank and say where it stands."""
    pay_own(order_id, form)
    return answers.answer(own_detail(order_id), form=FeeDetailForm)
