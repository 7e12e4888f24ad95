"""What comes in and goes out at the doors of fees; amounts are whole fen, days Beijing dates."""

from marshmallow import ValidationError, fields, validate

from recordsvc.archive.notice_forms import OwnProofForm
from recordsvc.ground.forms import Form, Identifier, Truth, Whole, text
from recordsvc.money.fees.tables import DISPUTED_FOR
from recordsvc.money.ledger.tables import MOST_FEN
from recordsvc.people.spotting import number_in

_LEAVING = ("left", "not-admitted")


def _fen(least: int) -> Whole:
    bounds = validate.Range(least, MOST_FEN, error="金额应在 {min}–{max} 分之间")
    return Whole(required=True, validate=bounds)


def _words(most: int) -> fields.String:
    """Return a text that stays and names nobody."""
    length = validate.Length(1, most, error="长度应为 {min}–{max} 个字符")
    return fields.String(required=True, validate=[length, _names_nobody])


def _names_nobody(value: str) -> None:
    if number_in(value) is not None:
        raise ValidationError("不能写证件号码、卡号或电话号码，缴费人会看到")


class FeePriceForm(Form):
    """A price from a day on, and where it was made public."""

    amount_fen = _fen(1)
    from_on = text(10, 10, required=True)
    basis = text(1, 200, required=True)
    published_on = text(10, 10, required=True)


class FeeOfferingNewForm(FeePriceForm):
    """What is charged for, with its first price."""

    kind = fields.String(required=True, validate=validate.OneOf(("class", "exam")))
    course = text(1, 60, required=True)
    title = text(1, 100, required=True)
    units = Whole(required=True, validate=validate.Range(1, 10_000, error="应在 {min}–{max} 之间"))
    until_on = text(10, 10, required=True)


class FeeProgressForm(Form):
    """How many units have been held by now."""

    units = Whole(required=True, validate=validate.Range(1, 10_000, error="应在 {min}–{max} 之间"))


class FeeReasonForm(Form):
    """Why an offering is called off."""

    reason = _words(200)


class FeeOrderForm(Form):
    """What is ordered."""

    offering_id = Identifier(required=True)


class FeeDisputeForm(Form):
    """Why a fee is disputed."""

    ground = fields.String(required=True, validate=validate.OneOf(DISPUTED_FOR))


class FeeDisputeEndForm(Form):
    """How a dispute ends: so much goes back (0: nothing), and why."""

    refund_fen = _fen(0)
    reason = _words(200)


class FeeTakeForm(Form):
    """Money taken at the counter: the order's number, and that of the receipt that was made out."""

    number = text(10, 20, required=True)
    receipt = text(1, 40, required=True)


class FeeCheckForm(Form):
    """Whether what another person recorded is right."""

    right = Truth(required=True)


class FeeLeaveForm(Form):
    """A learner who leaves: the order's number, the units they attended, why."""

    number = text(10, 20, required=True)
    ground = fields.String(required=True, validate=validate.OneOf(_LEAVING))
    attended = Whole(required=True, validate=validate.Range(0, 10_000, error="应在 {min}–{max} 之间"))
    reason = _words(200)


class FeeMandateNewForm(OwnProofForm):
    """A consent to be debited: at most so much at a time, until a day."""

    most_fen = _fen(1)
    until_on = text(10, 10, required=True)


class FeeMandateForm(Form):
    """A consent to be debited as it stands; `number` is what the bank reads."""

    mandate_id = Identifier(required=True)
    number = fields.String(required=True)
    most_fen = fields.Integer(required=True)
    until_on = fields.String(required=True)
    signed_on = fields.String(required=True)


class FeeMandateNowForm(Form):
    """The consent that stands, or null."""

    mandate = fields.Nested(FeeMandateForm, required=True, allow_none=True)


class FeeReceiptForm(Form):
    """The number of the receipt that was signed when money was given back."""

    receipt = text(1, 40, required=True)


class FeeOfferingsQuery(Form):
    """Which offerings: of an institution, by its code, or the newest of all."""

    institution = text(18, 18, load_default=None)


# -- out


class FeePriceToldForm(Form):
    """A price from a day on."""

    from_on = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    basis = fields.String(required=True)
    published_on = fields.String(required=True)


class FeeOfferingForm(Form):
    """What an institution charges for; `held` of `units` have been held."""

    offering_id = Identifier(required=True)
    institution = fields.String(required=True)
    kind = fields.String(required=True)
    kind_name = fields.String(required=True)
    course = fields.String(required=True)
    title = fields.String(required=True)
    units = fields.Integer(required=True)
    held = fields.Integer(required=True)
    until_on = fields.String(required=True)
    cancelled = fields.String(required=True, allow_none=True)
    amount_fen = fields.Integer(required=True, allow_none=True)
    open = fields.Boolean(required=True)
    prices = fields.List(fields.Nested(FeePriceToldForm), required=True)


class FeeOfferingsForm(Form):
    """Offerings, the newest first."""

    items = fields.List(fields.Nested(FeeOfferingForm), required=True)


class FeeForm(Form):
    """An order as lists show it."""

    order_id = Identifier(required=True)
    number = fields.String(required=True)
    offering_id = Identifier(required=True)
    institution = fields.String(required=True)
    kind = fields.String(required=True)
    kind_name = fields.String(required=True)
    course = fields.String(required=True)
    title = fields.String(required=True)
    state = fields.String(required=True)
    state_name = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    paid_fen = fields.Integer(required=True)
    refunded_fen = fields.Integer(required=True)
    disputed = fields.String(required=True)
    ordered_ms = fields.Integer(required=True)
    version = fields.Integer(required=True)


class FeesForm(Form):
    """Orders, the newest first."""

    items = fields.List(fields.Nested(FeeForm), required=True)


class FeePaymentForm(Form):
    """Money for an order; `reference` is the receipt's or the bank's."""

    payment_id = Identifier(required=True)
    way = fields.String(required=True)
    way_name = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    reference = fields.String(required=True)
    state = fields.String(required=True)
    state_name = fields.String(required=True)
    taken_ms = fields.Integer(required=True)
    booked_ms = fields.Integer(required=True, allow_none=True)


class FeeRefundForm(Form):
    """What goes back; `at_counter`: the institution gives it back itself."""

    refund_id = Identifier(required=True)
    amount_fen = fields.Integer(required=True)
    ground = fields.String(required=True)
    ground_name = fields.String(required=True)
    reason = fields.String(required=True)
    at_counter = fields.Boolean(required=True)
    reference = fields.String(required=True)
    state = fields.String(required=True)
    state_name = fields.String(required=True)
    decided_ms = fields.Integer(required=True)
    done_ms = fields.Integer(required=True, allow_none=True)


class FeeEventForm(Form):
    """What happened to an order."""

    event = fields.String(required=True)
    event_name = fields.String(required=True)
    state = fields.String(required=True)
    at_ms = fields.Integer(required=True)


class FeeDetailForm(FeeForm):
    """An order with its steps; it admits nobody."""

    price_from = fields.String(required=True)
    basis = fields.String(required=True)
    payments = fields.List(fields.Nested(FeePaymentForm), required=True)
    refunds = fields.List(fields.Nested(FeeRefundForm), required=True)
    events = fields.List(fields.Nested(FeeEventForm), required=True)


class FeeWholeForm(FeeOfferingForm):
    """An offering with its orders by number, and what they come to."""

    orders = fields.List(fields.Nested(FeeDetailForm), required=True)
    paid = fields.Integer(required=True)
    collected_fen = fields.Integer(required=True)
    refunded_fen = fields.Integer(required=True)


class FeeCalledOffForm(Form):
    """How many learners are paid back."""

    count = fields.Integer(required=True)
