"""What comes in and goes out at the doors of groups; days are Beijing days."""

from marshmallow import fields, validate

from recordsvc.access.cases import CaseRefForm, case_ref
from recordsvc.ground.forms import Form, Identifier, Truth, text

SOURCES = ("certificate", "shared-database", "commitment")
"""How the department knows it: a certificate, its own or a shared database, a letter of commitment."""


class NewStatementForm(CaseRefForm):
    """Somebody, by name and number, and the group the department states."""

    name = text(1, 80, required=True)
    document = text(1, 40, load_default="resident-id")
    number = text(1, 40, required=True)
    group = text(1, 40, required=True)
    valid_from = text(10, 10, required=True)
    valid_to = text(10, 10, load_default=None, allow_none=True)
    source = fields.String(required=True, validate=validate.OneOf(SOURCES))
    source_reference = text(1, 80, load_default=None, allow_none=True)
    checked_on = text(10, 10, required=True)


class CorrectStatementForm(CaseRefForm):
    """What changes, and for which case; members that are left out stay, null takes one away."""

    valid_from = text(10, 10)
    valid_to = text(10, 10, allow_none=True)
    source = fields.String(validate=validate.OneOf(SOURCES))
    source_reference = text(1, 80, allow_none=True)
    checked_on = text(10, 10)
    reason = text(1, 400, required=True)


class EndStatementForm(CaseRefForm):
    """The last day, why, and for which case."""

    valid_to = text(10, 10, required=True)
    reason = text(1, 400, required=True)


class WithdrawStatementForm(CaseRefForm):
    """Why it was stated in error, and for which case."""

    reason = text(1, 400, required=True)


class DecideWaitingForm(CaseRefForm):
    """The second officer's word."""

    approve = Truth(required=True)
    reason = text(1, 400, required=True)


class TakeBackWaitingForm(Form):
    """Why one's own proposal is taken back."""

    reason = text(1, 400, required=True)


class MembersQuery(Form):
    """For which case, which group, and where the list goes on."""

    case_ref = case_ref()
    group = text(1, 40, load_default=None)
    before = Identifier(load_default=None)


class TrainingsQuery(Form):
    """For which case."""

    case_ref = case_ref()


class WaitingRefForm(Form):
    """What was proposed and waits for the second officer."""

    proposal_id = fields.String(required=True)


class WaitingForm(Form):
    """What waits: what would be entered, what stands; without both where the archive is restricted."""

    proposal_id = Identifier(required=True)
    kind = fields.String(required=True)
    proposed_ms = fields.Integer(required=True)
    own = fields.Boolean(required=True)
    record_id = Identifier(required=True, allow_none=True)
    body = fields.Dict(required=True, allow_none=True)
    before = fields.Dict(required=True, allow_none=True)
    reason = fields.String(required=True)
    name = fields.String(required=True)
    number_tail = fields.String(required=True)


class WaitingListForm(Form):
    """What waits in the department, the oldest first."""

    items = fields.List(fields.Nested(WaitingForm), required=True)


class GroupMemberForm(Form):
    """A person of the department's list; without body, name and number where the archive is restricted."""

    record_id = Identifier(required=True)
    body = fields.Dict(required=True, allow_none=True)
    name = fields.String(required=True)
    number_tail = fields.String(required=True)
    life = fields.String(required=True)
    contested = fields.Boolean(required=True)
    holds = fields.Boolean(required=True)
    trainings = fields.Integer(required=True)
    certificates = fields.Integer(required=True)
    last_on = fields.String(required=True)
    stated_ms = fields.Integer(required=True)


class GroupMembersForm(Form):
    """The department, the groups it answers for, and a page of its statements, the newest first."""

    department = fields.String(required=True)
    groups = fields.List(fields.String(), required=True)
    items = fields.List(fields.Nested(GroupMemberForm), required=True)
    next = Identifier(required=True, allow_none=True)


class TrainingForm(Form):
    """A training, or what came of one."""

    type = fields.String(required=True)
    issuer = fields.String(required=True)
    issued_on = fields.String(required=True)
    life = fields.String(required=True)
    confirmation = fields.String(required=True)
    body = fields.Dict(required=True)


class TrainingsForm(Form):
    """Trainings of somebody of the group, the newest first."""

    items = fields.List(fields.Nested(TrainingForm), required=True)
