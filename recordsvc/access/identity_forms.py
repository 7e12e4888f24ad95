"""What comes in and goes out at the doors of the identity provider."""

from marshmallow import fields, validate

from recordsvc.access.unnamed import unnamed
from recordsvc.ground.forms import Form, Identifier, text


class ProviderAnswerQuery(Form):
    """What the provider's redirect carries (RFC 6749 section 4.1.2, RFC 9207); judged by its adapter."""

    code = text(0, 2_000, load_default="")
    state = text(0, 200, load_default="")
    iss = text(0, 300)
    error = text(0, 200)
    error_description = text(0, 2_000)
    error_uri = text(0, 2_000)
    session_state = text(0, 2_000)


class MismatchForm(Form):
    """An account whose number leads elsewhere; `worker_id` is who it is linked to, or whose number it has."""

    mismatch_id = Identifier(required=True)
    worker_id = Identifier(required=True)
    found_id = Identifier(required=True, allow_none=True)
    """Where the number leads now; null: to nobody, or (`second`) to `worker_id` itself."""
    issuer = fields.String(required=True)
    kind = fields.String(required=True)
    """`differs` or `second`."""
    state = fields.String(required=True)
    """`open` or `kept`."""
    opened_ms = fields.Integer(required=True)
    seen_ms = fields.Integer(required=True)


class MismatchesForm(Form):
    """Open ones first, the oldest first; 100 at most."""

    items = fields.List(fields.Nested(MismatchForm), required=True)


class MismatchDecisionForm(Form):
    """What one official proposes: `keep` the link as it is, or `move` the account to whose number it has."""

    decision = fields.String(required=True, validate=validate.OneOf(("keep", "move")))
    reason = unnamed(400, required=True)
