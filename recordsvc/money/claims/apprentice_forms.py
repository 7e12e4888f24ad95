"""What comes in and goes out at the doors of apprentices' plans."""

from marshmallow import fields, validate

from recordsvc.ground.forms import Form, Identifier, Whole, text
from recordsvc.money.claims.agency_forms import DAY
from recordsvc.money.claims.forms import ClaimForm


class NewPlanForm(Form):
    """A plan: the enterprise's own code of the class, what is aimed at, places, share advanced, days."""

    course = text(1, 40, required=True)
    title = text(1, 80, required=True)
    occupation = text(1, 60, required=True)
    level = text(1, 12, required=True)
    places = Whole(required=True)
    advance_pct = Whole(required=True)
    starts_on = fields.String(required=True, validate=validate.Regexp(DAY))
    ends_on = fields.String(required=True, validate=validate.Regexp(DAY))


class PlanWorkerForm(Form):
    """An apprentice, by document, number and name."""

    document = text(1, 24, load_default="resident-id")
    number = text(1, 40, required=True)
    name = text(1, 80, required=True)


class JoinPlanForm(Form):
    """Who takes a place, on which enrolment; `place`: one that was left (补录)."""

    worker = fields.Nested(PlanWorkerForm, required=True)
    record_id = Identifier(required=True)
    place = Whole(load_default=None)


class LeavePlanForm(Form):
    """A place that was left, and the record of what became of the enrolment."""

    place = Whole(required=True)
    record_id = Identifier(required=True)


class EndPlaceForm(Form):
    """A place that is given up."""

    place = Whole(required=True)


class AskedBackForm(Form):
    """What is asked back of an advance: the reference to pay it under, how much, until when (Beijing)."""

    reference = fields.String(required=True)
    state_name = fields.String(required=True)
    asked_fen = fields.Integer(required=True)
    recovered_fen = fields.Integer(required=True)
    due_on = fields.String(required=True, allow_none=True)


class PlanPlaceForm(Form):
    """One place: whose turn it is, where its advance and settlement stand, what is asked back."""

    place = fields.Integer(required=True)
    turn = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(("there", "left", "settled", "ended")))
    ended = fields.String(required=True)
    ended_name = fields.String(required=True)
    advance = fields.Nested(ClaimForm, required=True, allow_none=True)
    settlement = fields.Nested(ClaimForm, required=True, allow_none=True)
    advanced_fen = fields.Integer(required=True)
    settled_fen = fields.Integer(required=True)
    asked = fields.Nested(AskedBackForm, required=True, allow_none=True)


class PlanForm(Form):
    """A plan without its places."""

    plan_id = Identifier(required=True)
    course = fields.String(required=True)
    title = fields.String(required=True)
    occupation = fields.String(required=True)
    level = fields.String(required=True)
    level_name = fields.String(required=True)
    places = fields.Integer(required=True)
    advance_pct = fields.Integer(required=True)
    starts_on = fields.String(required=True)
    ends_on = fields.String(required=True)
    filed_ms = fields.Integer(required=True)


class PlanWholeForm(PlanForm):
    """A plan with its places, how many left and replaced others, what was paid and came back, in fen."""

    items = fields.List(fields.Nested(PlanPlaceForm), required=True)
    left = fields.Integer(required=True)
    replaced = fields.Integer(required=True)
    advanced_fen = fields.Integer(required=True)
    settled_fen = fields.Integer(required=True)
    recovered_fen = fields.Integer(required=True)


class PlansForm(Form):
    """Plans, the newest first."""

    items = fields.List(fields.Nested(PlanForm), required=True)
