"""What comes in and goes out at the doors of sharing."""

from marshmallow import fields, validate

from recordsvc.access.consents import Event
from recordsvc.ground.forms import Form, Identifier, Truth, Whole, text


class NewConsentForm(Form):
    """A consent to give: `receiver` is `link`, `client:<id>` or `institution:<USCC>`.

    `records` names records of the chain; without it all that stand now are meant, and none that come later.
    `fields` are codes of `extract_fields`; without them the least are given. `whole` gives the records as
    they were signed instead. The last four are the worker's own proof at the window (`own_proof.py`).
    """

    receiver = text(4, 80, required=True)
    records = fields.List(Identifier(), load_default=None, validate=validate.Length(1, 1_000))
    fields_ = fields.List(
        fields.String(validate=validate.Length(1, 40)),
        data_key="fields",
        load_default=None,
        validate=validate.Length(1, 100),
    )
    whole = Truth(load_default=False)
    archive = Identifier(load_default=None)
    purpose = text(1, 40, required=True)
    text_code = text(1, 40, required=True)
    until_ms = Whole(required=True, validate=validate.Range(0, 2**52))
    max_uses = Whole(load_default=None, validate=validate.Range(1, 100_000))
    with_code = Truth(load_default=False)
    own_pin = text(0, 40, load_default="")
    own_code = text(0, 40, load_default="")
    own_totp = text(0, 20, load_default="")
    slip = Identifier(load_default=None)


class GivenForm(Form):
    """A new consent. `link` and `code` are told this once; null where there is none, or when told before."""

    consent_id = Identifier(required=True)
    link = fields.String(required=True, allow_none=True)
    code = fields.String(required=True, allow_none=True)


class ConsentForm(Form):
    """A consent as its worker sees it; instants are UTC ms. `given_in`: the session, or `window`."""

    consent_id = Identifier(required=True)
    receiver = fields.String(required=True)
    records = fields.List(Identifier(), required=True)
    purpose = fields.String(required=True)
    begun_ms = fields.Integer(required=True)
    until_ms = fields.Integer(required=True)
    max_uses = fields.Integer(required=True, allow_none=True)
    uses = fields.Integer(required=True)
    used_ms = fields.Integer(required=True, allow_none=True)
    ended_ms = fields.Integer(required=True, allow_none=True)
    ended_by = fields.String(required=True, allow_none=True)
    has_code = fields.Boolean(required=True)
    given_in = fields.String(required=True)
    proof = fields.String(required=True, allow_none=True)
    fields_ = fields.List(
        fields.String(), data_key="fields", attribute="fields", required=True, allow_none=True
    )


class ConsentsForm(Form):
    """A worker's consents, the newest first."""

    items = fields.List(fields.Nested(ConsentForm), required=True)


class SharingEndedForm(Form):
    """How many consents ended."""

    ended = fields.Integer(required=True)


class SharedForm(Form):
    """What was given to a client, without whose it is until it is opened."""

    consent_id = Identifier(required=True)
    purpose = fields.String(required=True)
    begun_ms = fields.Integer(required=True)
    until_ms = fields.Integer(required=True)
    max_uses = fields.Integer(required=True, allow_none=True)
    uses = fields.Integer(required=True)
    has_code = fields.Boolean(required=True)
    fields_ = fields.List(
        fields.String(), data_key="fields", attribute="fields", required=True, allow_none=True
    )


class SharedListForm(Form):
    """What runs for a client, the oldest first."""

    items = fields.List(fields.Nested(SharedForm), required=True)


class SharedEventForm(Form):
    """What happened to a consent: `n` counts one receiver's events from 1 without a gap.

    It stands behind the log's entries below `log_size` and before the others. Why it ended is not told.
    `restricted`: a record that it names is, another is not; an opening tells which. `lifted`: given again.
    """

    receiver = fields.String(required=True)
    n = fields.Integer(required=True)
    consent_id = Identifier(required=True)
    event = fields.String(required=True, validate=validate.OneOf(tuple(Event)))
    log_size = fields.Integer(required=True)
    at_ms = fields.Integer(required=True)


class SharedEventsForm(Form):
    """Events behind the cursor, the oldest first. `next` goes on from here, also where nothing is newer."""

    items = fields.List(fields.Nested(SharedEventForm), required=True)
    next = fields.String(required=True)


class OpenForm(Form):
    """The one-time code, where the consent has one."""

    code = text(0, 20, load_default="")
