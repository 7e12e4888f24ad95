"""What comes in and goes out at the doors of access."""

import dataclasses
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from recordsvc.access.unnamed import unnamed
from recordsvc.ground.forms import Form, Identifier, Truth, Whole, WholeText, text
from recordsvc.ground.http import FORM, JSON, Request
from recordsvc.ground.reading import Json, load, single_fields


@dataclasses.dataclass(frozen=True)
class JsonOrFields(Json):
    """The same form as strict JSON or as an HTML form; the view receives `form`."""

    media: tuple[str, ...] = (JSON, FORM)

    def read(self, request: Request) -> dict[str, Any]:
        """Read, check and load what the media type says it is."""
        if from_page(request):
            return {"form": load(self.schema, single_fields(request))}
        return super().read(request)


def from_page(request: Request) -> bool:
    """Tell whether an HTML form was sent, which is answered with a page to go to."""
    return request.mimetype == FORM


class DemoLoginForm(Form):
    """Which persona to become; with kind `worker` and a document, any worker of the demo region."""

    kind = text(1, 40, required=True)
    document = text(1, 24, load_default=None)
    number = text(1, 40, load_default=None)
    name = text(1, 80, load_default=None)

    @validates_schema
    def _all_or_none(self, data: dict[str, str | None], **_kwargs: Any) -> None:
        given = [data.get(field) is not None for field in ("document", "number", "name")]
        if any(given) and (not all(given) or data.get("kind") != "worker"):
            raise ValidationError("document、number、name 应同时填写，且 kind 为 worker")


class CodeLoginForm(Form):
    """An official's account and one-time code."""

    official_id = text(1, 40, required=True)
    code = text(1, 40, required=True)


class EmptyForm(Form):
    """Nothing but what proves where it came from (the CSRF field)."""


class SessionForm(Form):
    """Who is signed in. `csrf_token` goes into forms and the header `X-CSRF-Token`."""

    kind = fields.String(required=True)
    id = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    csrf_token = fields.String(required=True)


class PersonaForm(Form):
    """One demo login."""

    kind = fields.String(required=True)
    label = fields.String(required=True)
    label_en = fields.String(required=True)
    actor_kind = fields.String(required=True)


class PersonasForm(Form):
    """All demo logins."""

    items = fields.List(fields.Nested(PersonaForm), required=True)


class JwkForm(Form):
    """A public JSON Web Key (RFC 7517): Ed25519 or P-256."""

    kty = fields.String(required=True, validate=validate.OneOf(("OKP", "EC")))
    crv = fields.String(required=True, validate=validate.OneOf(("Ed25519", "P-256")))
    x = text(43, 43, required=True)
    y = text(43, 43)
    kid = text(1, 255, required=True)
    alg = fields.String(validate=validate.OneOf(("EdDSA", "ES256")))
    use = fields.String(validate=validate.Equal("sig"))


class NewKeyForm(Form):
    """A key with its dates, UTC milliseconds; without dates: from now on, without end."""

    jwk = fields.Nested(JwkForm, required=True)
    not_before_ms = Whole(load_default=None, validate=validate.Range(0, 2**52))
    not_after_ms = Whole(load_default=None, validate=validate.Range(0, 2**52))


class NewClientForm(Form):
    """A client to be registered."""

    kind = text(1, 20, required=True)
    name = text(1, 200, required=True)
    institution = text(18, 18, load_default=None)
    scopes = fields.List(text(1, 40), required=True)
    keys = fields.List(fields.Nested(NewKeyForm), required=True, validate=validate.Length(1, 8))
    units_a_day = Whole(load_default=None, validate=validate.Range(1, 2**31 - 1))
    at_once = Whole(load_default=None, validate=validate.Range(1, 1000))


class ClientTermsForm(Form):
    """Other scopes and ceilings of a client, whole: null is the ceiling of its kind.

    `from_ms`, UTC: when they begin; null: with the second person's word.
    """

    scopes = fields.List(text(1, 40), required=True)
    units_a_day = Whole(required=True, allow_none=True, validate=validate.Range(1, 2**31 - 1))
    at_once = Whole(required=True, allow_none=True, validate=validate.Range(1, 1000))
    from_ms = Whole(load_default=None, allow_none=True, validate=validate.Range(0, 2**52))
    reason = text(1, 400, required=True)


class ReasonForm(Form):
    """Why."""

    reason = unnamed(400, required=True)


class RevokeKeyForm(Form):
    """Which key, and why."""

    kid = text(1, 255, required=True)
    reason = text(1, 400, required=True)


class ClientKeyForm(Form):
    """A key of a client, without the key itself."""

    kid = fields.String(required=True)
    alg = fields.String(required=True)
    not_before_ms = fields.Integer(required=True)
    not_after_ms = fields.Integer(required=True, allow_none=True)
    revoked_ms = fields.Integer(required=True, allow_none=True)


class ClientForm(Form):
    """A registered client."""

    client_id = fields.String(required=True)
    kind = fields.String(required=True)
    name = fields.String(required=True)
    institution = fields.String(required=True, allow_none=True)
    scopes = fields.List(fields.String(), required=True)
    state = fields.String(required=True)
    registered_ms = fields.Integer(required=True)
    units_a_day = fields.Integer(required=True, allow_none=True)
    at_once = fields.Integer(required=True, allow_none=True)
    keys = fields.List(fields.Nested(ClientKeyForm), required=True)


class ClientEventForm(Form):
    """What was done to a client; `proposal` where two officials did it."""

    event = fields.String(required=True)
    stated_by = fields.String(required=True)
    reason = fields.String(required=True)
    proposal = Identifier(required=True, allow_none=True)
    at_ms = fields.Integer(required=True)


class TermsForm(Form):
    """Terms that are decided and have not begun."""

    scopes = fields.List(fields.String(), required=True)
    units_a_day = fields.Integer(required=True, allow_none=True)
    at_once = fields.Integer(required=True, allow_none=True)
    from_ms = fields.Integer(required=True)


class ClientDetailForm(ClientForm):
    """A client with terms to come, and its history, oldest first."""

    coming = fields.List(fields.Nested(TermsForm), required=True)
    events = fields.List(fields.Nested(ClientEventForm), required=True)


class ClientsForm(Form):
    """All clients."""

    items = fields.List(fields.Nested(ClientForm), required=True)


class ProposedForm(Form):
    """A proposal that now waits for a second person."""

    proposal_id = Identifier(required=True)
    subject = fields.String(required=True)


class DecisionForm(Form):
    """The second person's word."""

    approve = Truth(required=True)
    reason = unnamed(400, required=True)


class ProposalForm(Form):
    """A proposal as it stands."""

    id = Identifier(required=True)
    kind = fields.String(required=True)
    subject = fields.String(required=True)
    payload = fields.Dict(required=True)
    proposed_by = fields.String(required=True)
    proposed_ms = fields.Integer(required=True)
    expires_ms = fields.Integer(required=True)
    state = fields.String(required=True)
    decided_by = fields.String(required=True, allow_none=True)
    decided_role = fields.String(required=True, allow_none=True)
    closed_ms = fields.Integer(required=True, allow_none=True)
    reason = fields.String(required=True)
    may_decide = fields.Boolean()
    """Whether the one who asks could be its second person."""


class ProposalsForm(Form):
    """Proposals, oldest first while open, newest first when closed; `next` goes on, null at the end."""

    items = fields.List(fields.Nested(ProposalForm), required=True)
    next = Identifier(required=True, allow_none=True)


class ProposalsQuery(Form):
    """Which proposals: `open` (default) or `closed`, behind `cursor` (`next` of the page before)."""

    state = fields.String(load_default="open", validate=validate.OneOf(("open", "closed")))
    cursor = Identifier(load_default=None)
    limit = WholeText(load_default=100, validate=validate.Range(1, 100, error="应在 {min}–{max} 之间"))


class OfficialActForm(Form):
    """One act of one official; `reason` of a reading is its purpose."""

    id = Identifier(required=True)
    at_ms = fields.Integer(required=True)
    actor = fields.String(required=True)
    role = fields.String(required=True)
    act = fields.String(required=True)
    subject = fields.String(required=True)
    reason = fields.String(required=True)
    case_ref = fields.String(required=True)


class OfficialActsForm(Form):
    """Acts, newest first; `next` is the id to pass as `before`, null at the end."""

    items = fields.List(fields.Nested(OfficialActForm), required=True)
    next = Identifier(required=True, allow_none=True)


class OfficialActsQuery(Form):
    """From before which act, and how many at most."""

    before = Identifier(load_default=None)
    limit = WholeText(load_default=100, validate=validate.Range(1, 1_000, error="应在 {min}–{max} 之间"))


class SeenForm(Form):
    """One look at the worker's archive by somebody else; `actor_id` names a machine, never a person.

    `institution` (USCC, with its name on the day of the look) is whose person it was, `role` their position;
    both are empty for others.
    """

    id = Identifier(required=True)
    at_ms = fields.Integer(required=True)
    actor_kind = fields.String(required=True)
    actor_id = fields.String(required=True)
    role = fields.String(required=True)
    institution = fields.String(required=True)
    institution_zh = fields.String(required=True)
    purpose = fields.String(required=True)
    fields_seen = fields.String(required=True, attribute="fields")
    case_ref = fields.String(required=True)
    purpose_zh = fields.String(required=True)
    basis_zh = fields.String(required=True)
    question = fields.String(required=True, allow_none=True)
    """`open`, `answered`, or null where nobody asked."""
    answer = fields.String(required=True, allow_none=True)


class LookedForm(Form):
    """Who looked, newest first; `next` is the id to pass as `before`, null at the end."""

    items = fields.List(fields.Nested(SeenForm), required=True)
    next = Identifier(required=True, allow_none=True)


class LookedQuery(Form):
    """From before which row, and for which purpose alone."""

    before = Identifier(load_default=None)
    purpose = text(0, 40, load_default="")
