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


class ExchangedForm(Form):
    """One record at one credit bank: what was sent, how it stands, why not, what was decided and earned."""

    outcome_id = fields.String(required=True)
    record_id = fields.String(required=True, allow_none=True)
    title = fields.String(required=True)
    receiver = fields.String(required=True)
    version = Whole(required=True)
    op = fields.String(required=True)
    state = fields.String(required=True)
    since_ms = Whole(required=True)
    earned = fields.String(required=True, allow_none=True)
    decision = fields.String(required=True, allow_none=True)
    locked = fields.Boolean(required=True)
    course = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    appeal_until = fields.String(required=True, allow_none=True)
    code = fields.String(required=True, allow_none=True)
    why = fields.String(required=True, allow_none=True)
    owner = fields.String(required=True, allow_none=True)
    remedy = fields.String(required=True, allow_none=True)


class OwnCreditsForm(Form):
    """Account, reference credits of what counts and their formula's source, what was sent to credit banks."""

    account = fields.Nested(CreditAccountForm, required=True, allow_none=True)
    items = fields.List(fields.Nested(ReferenceCreditForm), required=True)
    exchange = fields.List(fields.Nested(ExchangedForm), required=True)
    source = fields.String(required=True)
