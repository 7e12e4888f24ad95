"""What comes in and goes out at the doors of the window."""

from marshmallow import fields, validate

from recordsvc.access.cases import CaseRefForm, case_ref
from recordsvc.ground.forms import Form, Identifier, text

CASE: str = r"[!-~]+\Z"
"""Cases stand in signed records: printable ASCII without spaces (`schemas/envelope.v1.json`)."""


class OpenServiceForm(CaseRefForm):
    """Document and card that lie on the counter, purpose and case."""

    document = text(1, 24, required=True)
    number = text(1, 40, required=True)
    card = text(1, 9, required=True)
    purpose = text(1, 40, required=True)
    case_ref = case_ref(validate.Regexp(CASE))


class ServiceOpenedForm(Form):
    """The service that began."""

    service_id = Identifier(required=True)


class ServiceActForm(Form):
    """One act: its door's rule, how it ended (open: not known), the entry it made, the receipt's number.

    `proof`: by what the worker proved it (`pin`, `totp`, `slip:<paper>`); null where it asks for none.
    """

    act_id = Identifier(required=True)
    door = fields.String(required=True)
    at_ms = fields.Integer(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(("open", "done", "refused")))
    log_index = fields.Integer(required=True, allow_none=True)
    receipt = fields.String(required=True)
    proof = fields.String(required=True, allow_none=True)


class ServiceForm(Form):
    """A service in the worker's place; instants are UTC ms. Who it was stays with the office."""

    service_id = Identifier(required=True)
    way = fields.String(required=True)
    purpose = fields.String(required=True)
    case_ref = fields.String(required=True)
    begun_ms = fields.Integer(required=True)
    ends_ms = fields.Integer(required=True)
    acts = fields.List(fields.Nested(ServiceActForm), required=True)


class ServicesForm(Form):
    """Services, newest first."""

    items = fields.List(fields.Nested(ServiceForm), required=True)
