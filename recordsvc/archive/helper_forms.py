"""What comes in and goes out at the doors of helpers."""

from marshmallow import fields, validate

from recordsvc.archive.notice_forms import OwnProofForm
from recordsvc.ground.forms import Form, Identifier, Whole, text


class NewHelperForm(Form):
    """Whom to name: full name, what they may do (policies), purpose, until when (UTC ms).

    The last four are the worker's own proof at the window (`archive/own_proof.py`).
    """

    name = text(1, 80, required=True)
    verbs = fields.List(text(1, 40), required=True, validate=validate.Length(1, 40))
    purpose = text(1, 40, required=True)
    until_ms = Whole(required=True, validate=validate.Range(0, 2**52))
    own_pin = text(0, 40, load_default="")
    own_code = text(0, 40, load_default="")
    own_totp = text(0, 20, load_default="")
    slip = Identifier(load_default=None)


class HelperNamedForm(Form):
    """The new relation, and the code to hand over; told this once."""

    helper_id = Identifier(required=True)
    code = fields.String(required=True)


class HelperForm(Form):
    """A relation as either side sees it; instants are UTC ms.

    `name`: of the helper to the worker, of the worker to the helper; null until it is accepted, once the
    person is erased, and while they are restricted.
    """

    helper_id = Identifier(required=True)
    name = fields.String(required=True, allow_none=True)
    verbs = fields.List(fields.String(), required=True)
    purpose = fields.String(required=True)
    until_ms = fields.Integer(required=True)
    named_ms = fields.Integer(required=True)
    accepted_ms = fields.Integer(required=True, allow_none=True)
    ended_ms = fields.Integer(required=True, allow_none=True)
    ended_by = fields.String(required=True, allow_none=True)


class HelpersForm(Form):
    """Relations, the newest first."""

    items = fields.List(fields.Nested(HelperForm), required=True)


class HelperCodeForm(OwnProofForm):
    """The code that the worker handed over."""

    code = text(1, 40, required=True)


class HelperAcceptedForm(Form):
    """The relation that was taken on."""

    helper_id = Identifier(required=True)


class HelperEndedForm(Form):
    """Whether something ended."""

    ended = fields.Boolean(required=True)
