"""What comes in and goes out at the doors on signed slips."""

from marshmallow import fields, validate

from recordsvc.archive.slip_checks import AGREES, DIFFERS
from recordsvc.ground.forms import Form, Identifier, Whole, text


class SignedSlipForm(Form):
    """A slip to compare; `due_on` is a Beijing date, empty where no calendar gives one."""

    worker_id = Identifier(required=True)
    paper_id = Identifier(required=True)
    used_by = fields.String(required=True)
    used_ms = Whole(required=True)
    due_on = fields.String(required=True)
    owner = fields.String(required=True)


class SignedSlipsForm(Form):
    """Slips to compare, the most urgent first."""

    items = fields.List(fields.Nested(SignedSlipForm), required=True)


class SlipFoundForm(Form):
    """What the comparison found, in a word and in words."""

    result = fields.String(required=True, validate=validate.OneOf((AGREES, DIFFERS)))
    finding = text(1, 400, required=True)
