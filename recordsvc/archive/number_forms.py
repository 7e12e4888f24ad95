"""What comes in and goes out at the doors of numbers, names and cards (号码、姓名与卡)."""

from marshmallow import fields, validate

from recordsvc.access.unnamed import unnamed
from recordsvc.archive.paperrefs import REFERENCE
from recordsvc.ground.forms import Form, Identifier, Whole, text
from recordsvc.people.numbers import STANDINGS


class GroundForm(Form):
    """On what a change rests: a code of `number_grounds`, words, and at least one paper (id or SHA-256)."""

    ground = text(1, 40, required=True)
    text = unnamed(400, required=True)
    papers = fields.List(
        fields.String(validate=REFERENCE),
        required=True,
        validate=validate.Length(1, 20, error="至少一份材料"),
    )


class AddNumberForm(GroundForm):
    """One more number: kind of the document (`identity_documents`), number, and how it stands."""

    kind = fields.String(required=True, validate=validate.Length(1, 24))
    number = fields.String(required=True, validate=validate.Length(1, 40))
    standing = fields.String(load_default="verified", validate=validate.OneOf(("verified", "disputed")))


class StandingForm(GroundForm):
    """How a number stands from now on: verified, superseded (an old one), disputed (two people had it)."""

    identifier_id = Identifier(required=True)
    standing = fields.String(required=True, validate=validate.OneOf(STANDINGS))


class NameForm(GroundForm):
    """One more name, as on the new document."""

    name = fields.String(required=True, validate=validate.Length(1, 60))


class WithdrawalForm(GroundForm):
    """Which event of which card does not count."""

    identifier_id = Identifier(required=True)
    n = Whole(required=True, validate=validate.Range(0, 10_000))


class ReassignForm(GroundForm):
    """Which card is another person's: `to` is the archive it goes to, null while that is not known."""

    identifier_id = Identifier(required=True)
    to = Identifier(load_default=None, allow_none=True)


class EventForm(Form):
    """One event of a card: day, code of `card_events`, who said so; `withdrawn` says what does not count."""

    n = fields.Integer(required=True)
    on = fields.String(required=True)
    what = fields.String(required=True)
    source = fields.String(required=True)
    withdrawn = fields.Boolean(required=True)


class StateForm(Form):
    """A card today, by function; `replaced_on` is empty while it is the one in use."""

    social = fields.String(required=True)
    bank = fields.String(required=True)
    replaced_on = fields.String(required=True)


class CardStateForm(Form):
    """A card: its number (masked for officials), standing, area of issue, state today, events."""

    identifier_id = Identifier(required=True)
    number = fields.String(required=True)
    standing = fields.String(required=True)
    area = fields.String(required=True)
    source = fields.String(required=True)
    today = fields.Nested(StateForm, required=True)
    events = fields.List(fields.Nested(EventForm), required=True)


class NumberForm(Form):
    """A number or name: kind, value (numbers masked for officials), standing, since when, source."""

    identifier_id = Identifier(required=True)
    kind = fields.String(required=True)
    value = fields.String(required=True)
    standing = fields.String(required=True)
    asserted_ms = fields.Integer(required=True)
    source = fields.String(required=True)


class AskedForm(Form):
    """A change that waits for a second person; `value` is what it would add, masked."""

    proposal_id = Identifier(required=True)
    act = fields.String(required=True)
    kind = fields.String(required=True)
    value = fields.String(required=True)
    ground = fields.String(required=True)
    text = fields.String(required=True)
    proposed_by = fields.String(required=True)


class NumbersForm(Form):
    """All numbers, names and cards of a person, and what is proposed about them."""

    names = fields.List(fields.Nested(NumberForm), required=True)
    numbers = fields.List(fields.Nested(NumberForm), required=True)
    cards = fields.List(fields.Nested(CardStateForm), required=True)
    asked = fields.List(fields.Nested(AskedForm))


class NumberProposedForm(Form):
    """A change that now waits for a second person."""

    proposal_id = Identifier(required=True)


class DisputedForm(Form):
    """A disputed number or card, without its value."""

    worker_id = Identifier(required=True)
    identifier_id = Identifier(required=True)
    kind = fields.String(required=True)
    asserted_ms = fields.Integer(required=True)
    source = fields.String(required=True)


class DisputedListForm(Form):
    """Disputed numbers and cards, the newest first."""

    items = fields.List(fields.Nested(DisputedForm), required=True)
