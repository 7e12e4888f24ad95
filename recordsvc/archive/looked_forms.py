"""What comes in and goes out at the doors on looks: questions of workers, alarms on looks that stand out."""

from marshmallow import fields, validate

from recordsvc.ground.forms import Form, Identifier, Whole, WholeText, text


class ReplyForm(Form):
    """An answer in words."""

    text = text(1, 1_000, required=True)


class LookQuestionForm(Form):
    """A question that waits; `due_on` is a Beijing date, empty where no calendar gives one."""

    look_id = Identifier(required=True)
    asked_ms = Whole(required=True)
    due_on = fields.String(required=True)
    owner = fields.String(required=True)
    state = fields.String(required=True)


class LookQuestionsForm(Form):
    """Questions that wait, the most urgent first."""

    items = fields.List(fields.Nested(LookQuestionForm), required=True)


class LookAlarmForm(Form):
    """An open alarm; `looks` counted when it was raised, `idx` is where in the log.

    -1: nowhere, since it was refused, or is about a machine's units (`volume-rise`, `volume-fall`: `looks`).
    """

    id = Identifier(required=True, attribute="key")
    kind = fields.String(required=True)
    actor_kind = fields.String(required=True)
    actor_id = fields.String(required=True)
    worker_id = Identifier(required=True, allow_none=True)
    idx = Whole(required=True)
    looks = Whole(required=True)
    raised_ms = Whole(required=True)
    owner = fields.String(required=True)
    state = fields.String(required=True)


class LookAlarmsForm(Form):
    """Open alarms, the oldest first."""

    items = fields.List(fields.Nested(LookAlarmForm), required=True)


class OutsideCasesQuery(Form):
    """From before which place of the who-looked log."""

    before = WholeText(load_default=None, validate=validate.Range(0, 2**52))
    limit = WholeText(load_default=100, validate=validate.Range(1, 500))


class OutsideLookForm(Form):
    """A look of an official that rests on an outside reference; `idx` is its place in the who-looked log."""

    idx = Whole(required=True)
    at_ms = Whole(required=True)
    actor_id = fields.String(required=True)
    role = fields.String(required=True)
    purpose = fields.String(required=True)
    worker_id = Identifier(required=True)
    case_ref = fields.String(required=True)
    groups = fields.String(required=True, data_key="fields", attribute="fields")


class OutsideCasesForm(Form):
    """Such looks, the newest first; `next`: `before` of the next page, null at the end."""

    items = fields.List(fields.Nested(OutsideLookForm), required=True)
    next = Whole(required=True, allow_none=True)
