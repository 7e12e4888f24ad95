"""What comes in and goes out at the doors of staff."""

from marshmallow import fields, validate

from recordsvc.access.grants import Position
from recordsvc.ground.forms import Form, Identifier, Truth, Whole, text

POSITIONS = validate.OneOf([one.value for one in Position])


class HeadForm(Form):
    """The first person of an institution, as a registrar proposes them."""

    institution = text(18, 18, required=True)
    name = text(1, 80, required=True)
    reason = text(1, 400, required=True)


class SeenHeadForm(Form):
    """A head of an institution as the desk sees them; `draws`: who asks may make a login code now."""

    staff_id = fields.String(required=True)
    name = fields.String(required=True)
    since_ms = fields.Integer(required=True)
    draws = fields.Boolean(required=True)


class HeadsForm(Form):
    """The heads of an institution, the oldest account first."""

    items = fields.List(fields.Nested(SeenHeadForm), required=True)


class NewCodeForm(Form):
    """`lost`: the person lost every device; all ways in and sign-ins end before the code is made."""

    lost = Truth(load_default=False)


class InviteForm(Form):
    """Whom a head invites, to which position; `until_ms` null: without end."""

    name = text(1, 80, required=True)
    position = fields.String(required=True, validate=POSITIONS)
    until_ms = Whole(load_default=None, allow_none=True, validate=validate.Range(0, 2**52))


class InvitedForm(Form):
    """The code of an invitation; it is shown once."""

    code = fields.String(required=True)
    expires_ms = fields.Integer(required=True)


class AcceptForm(Form):
    """The code that an invited person has."""

    code = text(1, 40, required=True)


class StaffLoginForm(Form):
    """A person's account and one-time code."""

    staff_id = text(1, 40, required=True)
    code = text(1, 40, required=True)


class PositionForm(Form):
    """A position that ends, or is given."""

    position = fields.String(required=True, validate=POSITIONS)


class PostForm(Form):
    """One dated position."""

    position = fields.String(required=True)
    from_ms = fields.Integer(required=True)
    until_ms = fields.Integer(required=True, allow_none=True)
    granted_by = fields.String(required=True)
    revoked_by = fields.String(required=True, allow_none=True)


class MemberForm(Form):
    """One person of an institution."""

    staff_id = fields.String(required=True)
    name = fields.String(required=True)
    invited_by = fields.String(required=True)
    added_ms = fields.Integer(required=True)
    closed_ms = fields.Integer(required=True, allow_none=True)
    posts = fields.List(fields.Nested(PostForm), required=True)


class InvitationForm(Form):
    """An invitation that can still be used, without its code."""

    invitation_id = Identifier(required=True)
    name = fields.String(required=True)
    position = fields.String(required=True)
    until_ms = fields.Integer(required=True, allow_none=True)
    invited_by = fields.String(required=True)
    invited_ms = fields.Integer(required=True)
    expires_ms = fields.Integer(required=True)


class PeopleForm(Form):
    """The people of one's own institution, and who is invited."""

    items = fields.List(fields.Nested(MemberForm), required=True)
    invitations = fields.List(fields.Nested(InvitationForm), required=True)


class OneTimeCodeForm(Form):
    """A one-time login code, good for ten minutes; it is shown once."""

    code = fields.String(required=True)
