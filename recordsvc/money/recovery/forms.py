"""What comes in and goes out at the doors of recovery; amounts are whole fen."""

from marshmallow import fields, validate

from recordsvc.archive.forms import LookQuery
from recordsvc.archive.notice_forms import OwnProofForm
from recordsvc.ground.forms import Form, Identifier, Truth, Whole, text
from recordsvc.money.recovery.tables import STATES


class RecoveryOpenForm(Form):
    """A paid claim that an official asks back, on a ground of `recovery_grounds`."""

    claim_id = Identifier(required=True)
    ground = text(1, 24, required=True)
    amount_fen = Whole(required=True)
    words = text(1, 400, required=True)


class RecoverySayForm(Form):
    """What the worker says against it."""

    words = text(1, 400, required=True)


class RecoveryDecisionForm(Form):
    """How much is asked back, and in how many monthly instalments."""

    asked_fen = Whole(required=True)
    instalments = Whole(load_default=1)
    by_offset = Truth(load_default=False)
    """Whether it may be kept back from later subsidies, where the law allows it (`recovery_terms`)."""
    reason = text(1, 400, required=True)


class RecoveryOffsetForm(OwnProofForm):
    """Whether the worker agrees that protected subsidies (生活费) are kept back; a proof if they do."""

    agrees = Truth(required=True)


class RecoveryDropForm(Form):
    """Why nothing is asked back."""

    reason = text(1, 400, required=True)


class RecoveryWriteOffForm(Form):
    """Why what is still owed is written off: a ground of `write_off_grounds`, and how it was looked into."""

    ground = text(1, 24, required=True)
    reason = text(1, 400, required=True)


class RecoveriesQuery(Form):
    """Which cases: in a state, or all that are not over."""

    state = fields.String(load_default=None, validate=validate.OneOf(STATES))


class RecoveryQuery(LookQuery):
    """Why an official looks at a case."""


class RecoveryForm(Form):
    """A case as lists show it."""

    recovery_id = Identifier(required=True)
    claim_id = Identifier(required=True)
    kind = fields.String(required=True)
    kind_name = fields.String(required=True)
    ground = fields.String(required=True)
    ground_name = fields.String(required=True)
    words = fields.String(required=True)
    state = fields.String(required=True)
    state_name = fields.String(required=True)
    owner = fields.String(required=True)
    owner_name = fields.String(required=True)
    paid_fen = Whole(required=True)
    proposed_fen = Whole(required=True)
    asked_fen = Whole(required=True, allow_none=True)
    recovered_fen = Whole(required=True)
    owed_fen = Whole(required=True)
    hear_until = fields.String(required=True)
    pay_until = fields.String(required=True, allow_none=True)
    due_on = fields.String(required=True, allow_none=True)
    opened_ms = Whole(required=True)
    version = Whole(required=True)


class RecoveriesForm(Form):
    """Cases."""

    items = fields.List(fields.Nested(RecoveryForm), required=True)


class RecoveryEventForm(Form):
    """One step of a case."""

    event = fields.String(required=True)
    event_name = fields.String(required=True)
    state = fields.String(required=True)
    role = fields.String(required=True)
    amount_fen = Whole(required=True, allow_none=True)
    reason = fields.String(required=True)
    at_ms = Whole(required=True)


class RecoveryInstalmentForm(Form):
    """One instalment, and how much of it is paid."""

    n = Whole(required=True)
    due_on = fields.String(required=True)
    amount_fen = Whole(required=True)
    paid_fen = Whole(required=True)


class RecoveryReviewForm(Form):
    """Until when and with whom a decision can be contested."""

    until = fields.String(required=True)
    to = fields.String(required=True)


class RecoveryAccountForm(Form):
    """An account of the region into which money is paid back."""

    name = fields.String(required=True)
    number = fields.String(required=True)
    bank = fields.String(required=True)


class RecoveryOffsetLawForm(Form):
    """How it may be kept back from later subsidies; `protected` are kinds that take the worker's consent."""

    share_pct = Whole(required=True)
    protected = fields.List(fields.String(), required=True)
    protected_names = fields.List(fields.String(), required=True)
    agreed = fields.Boolean(required=True)


class RecoveryDetailForm(RecoveryForm):
    """A case with its steps; `reference` is what a transfer into `pay_to` should name (附言)."""

    cause = fields.String(required=True)
    reference = fields.String(required=True, allow_none=True)
    pay_to = fields.List(fields.Nested(RecoveryAccountForm), required=True)
    says = fields.Boolean(required=True)
    plan = fields.List(fields.Nested(RecoveryInstalmentForm), required=True)
    review = fields.Nested(RecoveryReviewForm, required=True, allow_none=True)
    offset = fields.Nested(RecoveryOffsetLawForm, required=True, allow_none=True)
    """None: it is not kept back from later subsidies."""
    events = fields.List(fields.Nested(RecoveryEventForm), required=True)


class RecoveryProposalForm(Form):
    """What waits for a second official."""

    proposal_id = Identifier(required=True)
    kind = fields.String(required=True)
    proposed_by = fields.String(required=True)


class RecoveryReceiptForm(Form):
    """What came back of the claim, over all its cases."""

    n = Whole(required=True)
    way = fields.String(required=True)
    other_claim = Identifier(required=True, allow_none=True)
    """The later claim that it was kept back from."""
    amount_fen = Whole(required=True)
    after_fen = Whole(required=True)
    at_ms = Whole(required=True)


class DeskRecoveryForm(RecoveryDetailForm):
    """A case as officials see it; `due_now_fen`: what would be due on the archive as it is now."""

    opened_by = fields.String(required=True)
    proposed_by = fields.String(required=True, allow_none=True)
    decided_by = fields.String(required=True, allow_none=True)
    due_now_fen = Whole(required=True, allow_none=True)
    recovered_of_claim_fen = Whole(required=True)
    ways = fields.List(fields.String(), required=True)
    proposals = fields.List(fields.Nested(RecoveryProposalForm), required=True)
    receipts = fields.List(fields.Nested(RecoveryReceiptForm), required=True)
