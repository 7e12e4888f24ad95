"""What comes in and goes out at the doors of the register of officials."""

from marshmallow import fields, validate

from recordsvc.access.grants import Role
from recordsvc.access.recusals import Ground
from recordsvc.ground.forms import Form, Identifier, Whole, text

ROLE = validate.OneOf([one.value for one in Role])


class NewOfficialForm(Form):
    """An account without any role."""

    official_id = text(1, 40, required=True)
    name = text(1, 80, required=True)


class RoleForm(Form):
    """A role in an area (2, 4 or 6 digits) that is proposed for somebody; `until_ms` null: without end."""

    role = fields.String(required=True, validate=ROLE)
    area = text(2, 6, required=True)
    until_ms = Whole(load_default=None, allow_none=True, validate=validate.Range(0, 2**52))
    reason = text(1, 400, required=True)


class EndRoleForm(Form):
    """A role that ends at once."""

    role = fields.String(required=True, validate=ROLE)


class DeputyForm(Form):
    """Who is to stand in for an official, in which role, until when."""

    deputy = text(1, 40, required=True)
    role = fields.String(required=True, validate=ROLE)
    until_ms = Whole(required=True, validate=validate.Range(0, 2**52))
    reason = text(1, 400, required=True)


class RecusalForm(Form):
    """Whose affairs an official keeps out of: `worker:<id>` or `institution:<USCC>`, and why."""

    party = text(1, 60, required=True)
    ground = fields.String(required=True, validate=validate.OneOf([one.value for one in Ground]))


class RecusedForm(Form):
    """A recusal that was declared."""

    recusal_id = Identifier(required=True)


class GrantForm(Form):
    """One dated grant: who gave it, when, until when, who took it away."""

    role = fields.String(required=True)
    area = fields.String(required=True)
    from_ms = fields.Integer(required=True)
    until_ms = fields.Integer(required=True, allow_none=True)
    granted_by = fields.String(required=True)
    revoked_by = fields.String(required=True, allow_none=True)


class StandingInForm(Form):
    """For whom an official stands in, in which role, until when."""

    principal = fields.String(required=True)
    role = fields.String(required=True)
    from_ms = fields.Integer(required=True)
    until_ms = fields.Integer(required=True)


class OfficialForm(Form):
    """An official with all grants; `expiring` tells that one of them ends within 30 days."""

    official_id = fields.String(required=True)
    name = fields.String(required=True)
    closed_ms = fields.Integer(required=True, allow_none=True)
    grants = fields.List(fields.Nested(GrantForm), required=True)
    standing_in = fields.List(fields.Nested(StandingInForm), required=True)
    recusals = fields.Integer(required=True)
    expiring = fields.Boolean(required=True)


class OfficialsForm(Form):
    """Officials with a grant in the area of who asks, and those with none at all."""

    items = fields.List(fields.Nested(OfficialForm), required=True)


class EmergencyForm(Form):
    """A role that an official takes alone, for hours, and why."""

    role = fields.String(required=True, validate=ROLE)
    area = text(2, 6, required=True)
    hours = Whole(required=True, validate=validate.Range(1, 4))
    reason = text(1, 400, required=True)


class EmergencyCaseForm(Form):
    """A case of emergency as it stands."""

    case_id = Identifier(required=True)
    official_id = fields.String(required=True)
    role = fields.String(required=True)
    area = fields.String(required=True)
    reason = fields.String(required=True)
    from_ms = fields.Integer(required=True)
    until_ms = fields.Integer(required=True)
    closed_ms = fields.Integer(required=True, allow_none=True)
    closed_by = fields.String(required=True, allow_none=True)
    finding = fields.String(required=True)
    due_on = fields.String(required=True)


class DoingForm(Form):
    """One thing done in the hours of a case."""

    at_ms = fields.Integer(required=True)
    what = fields.String(required=True)
    subject = fields.String(required=True)


class EmergencyDetailForm(EmergencyCaseForm):
    """A case with everything that was done in its hours."""

    done = fields.List(fields.Nested(DoingForm), required=True)


class EmergenciesForm(Form):
    """Cases, open ones first."""

    items = fields.List(fields.Nested(EmergencyCaseForm), required=True)


class OpenedForm(Form):
    """A case that was opened."""

    case_id = Identifier(required=True)


class FindingForm(Form):
    """What a second person found."""

    finding = text(1, 400, required=True)
