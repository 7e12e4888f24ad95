"""What comes in and goes out at the doors of officials' own archives."""

from marshmallow import fields

from recordsvc.ground.forms import Form, Truth, text


class OwnArchiveForm(Form):
    """The official's own document; `has_archive` false: they say that there is no archive here yet."""

    document = text(1, 24, required=True)
    number = text(1, 40, required=True)
    has_archive = Truth(load_default=True)


class OwnStatementForm(Form):
    """What an official said of themself: `unanswered`, `waiting` or `answered`; never a number."""

    official_id = fields.String(required=True)
    state = fields.String(required=True)
    document = fields.String(required=True)
    has_archive = fields.Boolean(required=True)
    stated_ms = fields.Integer(required=True, allow_none=True)
    confirmed_by = fields.String(required=True, allow_none=True)
    confirmed_ms = fields.Integer(required=True, allow_none=True)


class AnsweringForm(Form):
    """Whether an official has answered, and nothing of what."""

    official_id = fields.String(required=True)
    name = fields.String(required=True)
    state = fields.String(required=True)
    stated_ms = fields.Integer(required=True, allow_none=True)


class AnsweringsForm(Form):
    """Open accounts, those who have not answered first."""

    items = fields.List(fields.Nested(AnsweringForm), required=True)
