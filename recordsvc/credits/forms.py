"""What comes in and goes out at the doors of credits; numbers of credits and hours are decimal strings."""

from marshmallow import fields

from recordsvc.archive.notice_forms import OwnProofForm
from recordsvc.ground.forms import Form, Whole, text


class NewCreditAccountForm(OwnProofForm):
    """An account number at the credit bank, as the bank shows it."""

    number = text(1, 64, required=True)


class CreditAccountForm(Form):
    """The present account number, whole to its owner."""

    number = fields.String(required=True)
    entered_ms = Whole(required=True)
    own = fields.Boolean(required=True)


class ReferenceCreditForm(Form):
    """Reference credits of one training: value, class hours, formula and its version, day of the formula."""

    record_id = fields.String(required=True)
    title = fields.String(required=True)
    institution = fields.String(required=True)
    ended_on = fields.String(required=True)
    hours = fields.String(required=True)
    value = fields.String(required=True)
    formula = fields.String(required=True)
    version = Whole(required=True)
    hours_per_credit = fields.String(required=True)
    digits = Whole(required=True)
    rounding = fields.String(required=True)


class OwnCreditsForm(Form):
    """The account, reference credits of trainings that count, and what the formula rests on."""

    account = fields.Nested(CreditAccountForm, required=True, allow_none=True)
    items = fields.List(fields.Nested(ReferenceCreditForm), required=True)
    source = fields.String(required=True)
