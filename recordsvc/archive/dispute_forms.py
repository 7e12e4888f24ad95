"""What comes in and goes out at the doors of cases."""

from typing import Any, Final

from marshmallow import ValidationError, fields, validate, validates_schema

from recordsvc.ground.forms import Form, Identifier, Truth, Whole, WholeText, text


class DisputesQuery(Form):
    """Where to go on: behind which case, and how many at most."""

    after = Identifier(load_default=None)
    limit = WholeText(load_default=100, validate=validate.Range(1, 500, error="应在 {min}–{max} 之间"))


class DisputeForm(Form):
    """How a case stands; `due_on` is a Beijing date, null where no calendar gives one."""

    dispute_id = Identifier(required=True)
    record_id = Identifier(required=True, allow_none=True)
    issuer = fields.String(required=True)
    state = fields.String(required=True)
    owner = fields.String(required=True)
    opened_ms = Whole(required=True)
    due_on = fields.String(required=True, allow_none=True)
    overdue = Truth(required=True)
    answer = fields.String(required=True, allow_none=True)
    answer_id = Identifier(required=True, allow_none=True)
    closed_ms = Whole(required=True, allow_none=True)
    outcome_index = Whole(required=True, allow_none=True)


class DisputesForm(Form):
    """Cases; `next` goes on behind the last, null at the end."""

    items = fields.List(fields.Nested(DisputeForm), required=True)
    next = Identifier(required=True, allow_none=True)


class ObjectionSaidForm(Form):
    """The worker's own words: reason code and text of a contest."""

    reason = fields.String(required=True)
    at_ms = Whole(required=True)
    text = fields.String(required=True)


class MessageForm(Form):
    """What somebody said in a case: worker, issuer or official; `name` of the issuer's person, else null."""

    at_ms = Whole(required=True)
    who = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    text = fields.String(required=True)


class OutcomeForm(Form):
    """The entry that ended a case."""

    type = fields.String(required=True)
    body = fields.Dict(required=True)


class DisputeDetailForm(DisputeForm):
    """A case with what was said in it."""

    type = fields.String(required=True, allow_none=True)
    said = fields.List(fields.Nested(ObjectionSaidForm), required=True)
    messages = fields.List(fields.Nested(MessageForm), required=True)
    outcome = fields.Nested(OutcomeForm, required=True, allow_none=True)


class DisputeDetailsForm(Form):
    """All cases of one person."""

    items = fields.List(fields.Nested(DisputeDetailForm), required=True)


class ProposedOutcomeForm(Form):
    """A decision that waits for the second official."""

    proposal_id = Identifier(required=True)
    proposed_by = fields.String(required=True)
    type = fields.String(required=True)
    body = fields.Dict(required=True)


class DeskDisputeForm(DisputeDetailForm):
    """A case as the desk reads it."""

    worker_id = Identifier(required=True)
    proposed = fields.List(fields.Nested(ProposedOutcomeForm), required=True)


class SayForm(Form):
    """A message."""

    text = text(1, 1_000, required=True)


class AnswerForm(Form):
    """An issuer's answer: upheld, naming its correction or revocation, or rejected with reasons."""

    outcome = fields.String(required=True, validate=validate.OneOf(("upheld", "rejected")))
    record_id = Identifier(load_default=None)
    text = text(0, 1_000, load_default="")

    @validates_schema
    def _whole(self, data: dict[str, Any], **_: Any) -> None:
        if data["outcome"] == "upheld" and data["record_id"] is None:
            raise ValidationError("异议成立的，须写明更正或撤销记录的编号", "record_id")
        if data["outcome"] == "rejected" and (data["record_id"] is not None or not data["text"].strip()):
            raise ValidationError("异议不成立的，只写理由", "text")


_WAYS: Final = ("correct", "revoke", "restrict", "ground")


class DecideForm(Form):
    """`correct` (pointers to new values) or one code: `revoke`, `restrict`, `ground` (of a rejection)."""

    revoke = text(1, 40, load_default=None)
    restrict = text(1, 40, load_default=None)
    ground = text(1, 40, load_default=None)
    text = text(1, 1_000, required=True)
    correct = fields.Dict(keys=fields.String(), load_default=None)

    @validates_schema
    def _one(self, data: dict[str, Any], **_: Any) -> None:
        if sum(data[name] is not None for name in _WAYS) != 1:
            raise ValidationError(
                "更正（correct）、撤销（revoke）、限制处理（restrict）、不成立（ground）只写一项"
            )
