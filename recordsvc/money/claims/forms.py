"""What comes in and goes out at the doors of claims; amounts are whole fen."""

from marshmallow import fields, validate

from recordsvc.archive.forms import LookQuery
from recordsvc.ground.forms import Form, Identifier, Whole, text
from recordsvc.money.claims.refusing import MOST_ARTICLE, MOST_EVIDENCE
from recordsvc.money.claims.signing import EVENTS, MOST
from recordsvc.money.claims.tables import STATES


class ClaimFileForm(Form):
    """What is claimed: a kind of subsidy on a record of the own archive.

    `fee_fen`: the fee that was charged, where the kind goes by it and it was not paid through this service.
    """

    kind = text(1, 40, required=True)
    record_id = Identifier(required=True)
    fee_fen = Whole(load_default=None)


class ClaimOwnStepForm(Form):
    """What the claimant does with a claim."""

    event = fields.String(required=True, validate=validate.OneOf(("supplement", "withdraw")))
    reason = text(0, 400, load_default="")


class ClaimStepForm(Form):
    """What an official does with a claim, as it was seen (`version`)."""

    event = text(1, 20, required=True)
    version = Whole(required=True)
    reason = text(0, 400, load_default="")
    article = text(0, MOST_ARTICLE, load_default="")
    """Of `propose-refusal`: the article that it rests on, of the rule or as 《…》第…条."""
    found_on = text(0, 10, load_default="")
    """The Beijing day on which what `reason` says was found."""
    evidence = text(0, MOST_EVIDENCE, load_default="")
    """The paper that shows it, by its number."""


class ClaimObjectionForm(Form):
    """An objection to a line of a public list, as it was taken down."""

    text = text(1, 400, required=True)


class ClaimListForm(Form):
    """Claims that are signed as one list, and its hash as it was seen."""

    event = fields.String(required=True, validate=validate.OneOf(EVENTS))
    claims = fields.List(Identifier(), required=True, validate=validate.Length(1, MOST))
    list_sha256 = text(64, 64, required=True)


class ClaimPublishForm(Form):
    """Reviewed claims that become one public list of a division."""

    claims = fields.List(Identifier(), required=True, validate=validate.Length(1, 1_000))
    region = text(6, 6, required=True)


class ClaimsQuery(Form):
    """Which claims: in a state, or all that are not over; with `late` only those whose step is overdue."""

    state = fields.String(load_default=None, validate=validate.OneOf(STATES))
    late = fields.String(load_default="", validate=validate.OneOf(("", "yes")))


class ListQuery(Form):
    """Which signature is asked for."""

    event = fields.String(required=True, validate=validate.OneOf(EVENTS))


class ClaimQuery(LookQuery):
    """Why an official looks at a claim, and for which case."""


class ClaimForm(Form):
    """A claim as lists show it; `status` is one of six for the outside, `state` where it stands."""

    claim_id = Identifier(required=True)
    kind = fields.String(required=True)
    kind_name = fields.String(required=True)
    tops_up = Identifier(required=True, allow_none=True)
    """The claim whose difference (补差) this one is."""
    record_id = Identifier(required=True)
    status = fields.String(required=True)
    status_name = fields.String(required=True)
    state = fields.String(required=True)
    state_name = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    offset_fen = fields.Integer(required=True, allow_none=True)
    """So much of it is kept back (抵扣) for another subsidy that is asked back; the rest is paid."""
    waits = fields.String(required=True)
    waits_for = fields.String(required=True)
    owner = fields.String(required=True)
    owner_name = fields.String(required=True)
    due_on = fields.String(required=True, allow_none=True)
    filed_ms = fields.Integer(required=True)
    version = fields.Integer(required=True)


class ClaimsForm(Form):
    """Claims."""

    items = fields.List(fields.Nested(ClaimForm), required=True)


class ClaimFactForm(Form):
    """A fact, who says so and as of which Beijing day."""

    name = fields.String(required=True)
    zh = fields.String(required=True)
    value = fields.String(required=True)
    source = fields.String(required=True)
    on = fields.String(required=True)


class ClaimReasonForm(Form):
    """A clause with its article, what it says of the case, and what would change it."""

    clause = fields.String(required=True)
    article = fields.String(required=True)
    text = fields.String(required=True)
    tell = fields.String(required=True)
    would_pass_if = fields.List(fields.String(), required=True)


class ClaimLackingForm(Form):
    """A fact that nobody brought, and who can."""

    fact = fields.String(required=True)
    zh = fields.String(required=True)
    supplier = fields.String(required=True)
    who = fields.String(required=True)


class ClaimDecisionForm(Form):
    """A decision in words: which rule, which articles, what is missing."""

    verdict = fields.String(required=True)
    headline = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    rule = fields.String(required=True)
    title = fields.String(required=True)
    document = fields.String()
    sample = fields.String()
    reason = fields.String()
    sha256 = fields.String(required=True)
    basis_date = fields.String(required=True, allow_none=True)
    decided_ms = fields.Integer(required=True)
    facts = fields.List(fields.Nested(ClaimFactForm), required=True)
    failed = fields.List(fields.Nested(ClaimReasonForm), required=True)
    met = fields.List(fields.Nested(ClaimReasonForm), required=True)
    missing = fields.List(fields.Nested(ClaimLackingForm), required=True)
    basis = fields.List(fields.String(), required=True)
    """Where the amount comes from, in Chinese; empty unless granted."""


class ClaimEventForm(Form):
    """What happened to a claim."""

    event = fields.String(required=True)
    event_name = fields.String(required=True)
    state = fields.String(required=True)
    role = fields.String(required=True)
    reason = fields.String(required=True)
    at_ms = fields.Integer(required=True)


class ClaimOnListForm(Form):
    """The public list that a claim is on."""

    notice_id = Identifier(required=True)
    start_on = fields.String(required=True)
    end_on = fields.String(required=True)


class ClaimReviewForm(Form):
    """Until when and with whom a refusal can be contested."""

    until = fields.String(required=True)
    to = fields.String(required=True)


class AgencyKindForm(Form):
    """A kind of subsidy and what it is called."""

    kind = fields.String(required=True)
    kind_name = fields.String(required=True)


class AgencyForm(Form):
    """A contract by which an institution may claim; `how` says how it ended, empty while it runs."""

    agency_id = Identifier(required=True)
    institution = fields.String(required=True)
    institution_name = fields.String(required=True)
    kinds = fields.List(fields.Nested(AgencyKindForm), required=True)
    signed_on = fields.String(required=True)
    until_on = fields.String(required=True)
    source = fields.String(required=True)
    paper_id = Identifier(required=True, allow_none=True)
    how = fields.String(required=True)
    reason = fields.String(required=True)
    in_force = fields.Boolean(required=True)
    made_ms = fields.Integer(required=True)
    ended_ms = fields.Integer(required=True, allow_none=True)


class ClaimChangedForm(Form):
    """A fact in which two decisions differ; empty: not there."""

    name = fields.String(required=True)
    zh = fields.String(required=True)
    was = fields.String(required=True)
    now = fields.String(required=True)


class ClaimDifferenceForm(Form):
    """What a claim tops up (补差): how much was kept before, what is due now, what changed."""

    claim_id = Identifier(required=True)
    was_fen = fields.Integer(required=True)
    recovered_fen = fields.Integer(required=True)
    """All that was paid had been asked back, and is due again: so much; else 0."""
    is_fen = fields.Integer(required=True)
    difference_fen = fields.Integer(required=True)
    changed = fields.List(fields.Nested(ClaimChangedForm), required=True)


class ClaimTopupForm(Form):
    """A claim for the difference to this one."""

    claim_id = Identifier(required=True)
    amount_fen = fields.Integer(required=True)


class ClaimRefusalForm(Form):
    """On what two people refuse what the rule grants; without `decided_ms` the second has not decided yet."""

    article = fields.String(required=True)
    found = fields.String(required=True)
    found_on = fields.String(required=True)
    evidence = fields.String(required=True)
    decided = fields.String(required=True)
    """What the second person says."""
    proposed_by = fields.String()
    """Told at the desk alone, as `decided_by`."""
    decided_by = fields.String()
    proposed_ms = fields.Integer(required=True)
    decided_ms = fields.Integer(required=True, allow_none=True)


class ClaimDetailForm(ClaimForm):
    """A claim with why, which article, and where it stands."""

    sealed = fields.Boolean(required=True)
    """Its record is restricted: what the decision holds is not told meanwhile."""
    decision = fields.Nested(ClaimDecisionForm, required=True, allow_none=True)
    events = fields.List(fields.Nested(ClaimEventForm), required=True)
    notice = fields.Nested(ClaimOnListForm, required=True, allow_none=True)
    account_ready = fields.Boolean(required=True)
    review = fields.Nested(ClaimReviewForm, required=True, allow_none=True)
    refusal = fields.Nested(ClaimRefusalForm, required=True, allow_none=True)
    agent = fields.Nested(AgencyForm, required=True, allow_none=True)
    came_back = fields.String(required=True)
    """Why the bank gave the money back and what to do, in Chinese; empty where it did not."""
    difference = fields.Nested(ClaimDifferenceForm, required=True, allow_none=True)
    topups = fields.List(fields.Nested(ClaimTopupForm), required=True)


class ClaimApprovalForm(Form):
    """A signature; one of an earlier round no longer counts."""

    round = fields.Integer(required=True)
    step = fields.Integer(required=True)
    event = fields.String(required=True)
    actor = fields.String(required=True)
    role = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    list_sha256 = fields.String(required=True, allow_none=True)
    signed_ms = fields.Integer(required=True)
    counts = fields.Boolean(required=True)


class ClaimTakenForm(Form):
    """An objection as it was taken down."""

    text = fields.String(required=True)
    taken_by = fields.String(required=True)
    taken_ms = fields.Integer(required=True)


class DeskClaimForm(ClaimDetailForm):
    """A claim as officials see it."""

    payee = fields.String(required=True)
    filed_by = fields.String(required=True)
    flags = fields.List(fields.String(), required=True)
    ways = fields.List(fields.String(), required=True)
    approvals = fields.List(fields.Nested(ClaimApprovalForm), required=True)
    objections = fields.List(fields.Nested(ClaimTakenForm), required=True)


class ClaimSheetForm(Form):
    """What waits for a signature: clean claims as one list with its hash, flagged ones apart."""

    clean = fields.List(fields.Nested(ClaimForm), required=True)
    list_sha256 = fields.String(required=True)
    flagged = fields.List(fields.Nested(ClaimForm), required=True)
    returned = fields.List(fields.Nested(ClaimForm), required=True)
    """Of who pays: those whose money came back, the most urgent first."""


class ClaimSignedForm(Form):
    """What became of a list: how many were signed, and which were sent back or wait."""

    signed = fields.Integer(required=True)
    others = fields.List(fields.Nested(ClaimForm), required=True)


class ClaimLineForm(Form):
    """A line of a public list, masked."""

    n = fields.Integer(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)
    occupation = fields.String(required=True)
    level = fields.String(required=True)
    part = fields.Integer()
    """Only of what tops an earlier one up (补差): which part of it."""
    amount_fen = fields.Integer(required=True)


class ClaimNoticeForm(Form):
    """A public list with its hash and days; `taken_down`: lines of it that are no longer shown."""

    notice_id = Identifier(required=True)
    region = fields.String(required=True)
    sha256 = fields.String(required=True)
    start_on = fields.String(required=True)
    end_on = fields.String(required=True)
    lines = fields.List(fields.Nested(ClaimLineForm), required=True)
    taken_down = Whole(required=True)


class ClaimNoticesForm(Form):
    """Public lists, the newest first."""

    items = fields.List(fields.Nested(ClaimNoticeForm), required=True)


class ClaimPublishedForm(Form):
    """The public list that was made."""

    notice_id = Identifier(required=True)
