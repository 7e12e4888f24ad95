"""What comes in and goes out at the doors on looks: questions of workers, alarms on looks that stand out."""

from marshmallow import fields

from recordsvc.ground.forms import Form, Identifier, Whole, text


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
