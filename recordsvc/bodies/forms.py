"""What comes in and goes out at the doors of bodies."""

from marshmallow import fields, validate

from recordsvc.bodies.institutions import FactKind
from recordsvc.ground.forms import Form, text


class NewInstitutionForm(Form):
    """An institution to be entered; days are YYYY-MM-DD, `valid_to` null: without end."""

    uscc = text(18, 18, required=True)
    name = text(1, 200, required=True)
    kind = text(1, 40, required=True)
    valid_from = text(10, 10, required=True)
    valid_to = text(10, 10, load_default=None, allow_none=True)
    source = text(1, 200, required=True)


class NewFactForm(Form):
    """A fact to be stated about a known institution."""

    fact = fields.String(required=True, validate=validate.OneOf([kind.value for kind in FactKind]))
    on = text(10, 10, required=True)
    value = text(0, 200, required=True)
    source = text(1, 200, required=True)


class FactForm(Form):
    """A fact as it stands."""

    fact = fields.String(required=True)
    on = fields.String(required=True)
    value = fields.String(required=True)
    source = fields.String(required=True)
    stated_by = fields.String(required=True)
    stated_ms = fields.Integer(required=True)


class InstitutionForm(Form):
    """An institution as of today, with all its facts."""

    uscc = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)
    in_force = fields.Boolean(required=True)
    closed_on = fields.String(required=True, allow_none=True)
    facts = fields.List(fields.Nested(FactForm), required=True)


class InstitutionsForm(Form):
    """All institutions."""

    items = fields.List(fields.Nested(InstitutionForm), required=True)
