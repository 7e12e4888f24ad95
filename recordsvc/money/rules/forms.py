"""What comes in and goes out at the doors of rules."""

from marshmallow import fields, validate

from recordsvc.ground.forms import Form, Identifier, Truth, Whole, text
from recordsvc.money.rules.catalogue import MOST_ROWS


class DayQuery(Form):
    """A Beijing day, YYYY-MM-DD; left out: today."""

    on = text(10, 10, load_default=None)


class RuleForm(Form):
    """A rule as it holds: by the hash of its text, which is served with it."""

    rule = fields.String(required=True)
    title = fields.String(required=True)
    document = fields.String(required=True)
    sample = fields.Boolean(required=True)
    sha256 = fields.String(required=True)
    valid_from = fields.String(required=True)
    valid_to = fields.String(required=True, allow_none=True)
    basis = fields.String(required=True)
    payees = fields.List(fields.String(), required=True)
    funds = fields.List(fields.String(), required=True)
    published_ms = fields.Integer(required=True, allow_none=True)


class RulesForm(Form):
    """The rules in force on a day."""

    on = fields.String(required=True)
    items = fields.List(fields.Nested(RuleForm), required=True)


class OneRuleForm(RuleForm):
    """A rule with its text."""

    on = fields.String(required=True)
    text = fields.String(required=True)


class ItemForm(Form):
    """A row of the catalogue: amount in fen, hours of 45 minutes; `group` null: for everybody."""

    occupation = fields.String(required=True)
    level = fields.String(required=True)
    group = fields.String(required=True, allow_none=True)
    title = fields.String(required=True)
    first = fields.String(required=True)
    last = fields.String(required=True, allow_none=True)
    amount_fen = fields.Integer(required=True)
    min_hours = fields.Integer(required=True)
    shortage = fields.Boolean(required=True)
    key_list = fields.Boolean(required=True)
    document = fields.String(required=True)
    sample = fields.Boolean(required=True)


class CatalogueForm(Form):
    """The catalogue on a day."""

    on = fields.String(required=True)
    items = fields.List(fields.Nested(ItemForm), required=True)


class NewRowForm(Form):
    """A row to be published."""

    occupation = text(1, 60, required=True)
    level = text(1, 12, required=True)
    group = text(1, 40, load_default=None, allow_none=True)
    title = text(1, 100, required=True)
    first = text(10, 10, required=True)
    last = text(10, 10, load_default=None, allow_none=True)
    amount_fen = Whole(required=True)
    min_hours = Whole(load_default=0)
    shortage = Truth(load_default=False)
    key_list = Truth(load_default=False)


class NewCatalogueForm(Form):
    """Rows to be published, and the paper that lays them down."""

    document = text(1, 200, required=True)
    rows = fields.List(
        fields.Nested(NewRowForm), required=True, validate=validate.Length(1, MOST_ROWS, error="行数不合")
    )


class VersionForm(Form):
    """A version as it stands."""

    sha256 = fields.String(required=True)
    rule = fields.String(required=True)
    title = fields.String(required=True)
    first = fields.String(required=True)
    last = fields.String(required=True)
    state = fields.String(required=True)
    author = fields.String(required=True)
    drafted_ms = fields.Integer(required=True)
    published_by = fields.String(required=True, allow_none=True)
    published_ms = fields.Integer(required=True, allow_none=True)
    superseded_ms = fields.Integer(required=True, allow_none=True)


class VersionsForm(Form):
    """Versions, the newest first."""

    items = fields.List(fields.Nested(VersionForm), required=True)


class OneVersionForm(VersionForm):
    """A version with its text and its newest simulation."""

    text = fields.String(required=True)
    simulation = fields.Dict(required=True, allow_none=True)


class NewSimulationForm(Form):
    """Which decisions a version is tried on: basis dates, division, and what there was to spend in fen."""

    first = text(10, 10, required=True)
    last = text(10, 10, required=True)
    region = text(0, 6, load_default="")
    budget_fen = Whole(load_default=None, allow_none=True, validate=validate.Range(min=0, error="不能小于 0"))


class SimulationForm(Form):
    """What a version would have changed."""

    result = fields.Dict(required=True)


class ProposeForm(Form):
    """Why a version is to be published."""

    reason = text(1, 400, required=True)


class LaterForm(Form):
    """A proposal that a second official decides."""

    proposal_id = Identifier(required=True)


class ExtractForm(Form):
    """A dated extract of another register."""

    extract_id = Identifier(required=True)
    register = fields.String(required=True)
    as_of = fields.String(required=True)
    source = fields.String(required=True)
    file_sha256 = fields.String(required=True)
    rows = fields.Integer(required=True)
    known = fields.Integer(required=True)
    taken_by = fields.String(required=True)
    taken_ms = fields.Integer(required=True)


class ExtractsForm(Form):
    """Extracts, the newest day first."""

    items = fields.List(fields.Nested(ExtractForm), required=True)


class ComparedForm(Form):
    """What there is, what there should be, who says so and as of when."""

    fact = fields.String(required=True)
    value = fields.String(required=True)
    relation = fields.String(required=True)
    bound = fields.String(required=True)
    met = fields.Boolean(required=True, allow_none=True)
    source = fields.String(required=True)
    on = fields.String(required=True)


class RuleReasonForm(Form):
    """One clause: its article and words, the numbers, and what would change it."""

    clause = fields.String(required=True)
    article = fields.String(required=True)
    text = fields.String(required=True)
    tell = fields.String(required=True)
    would_pass_if = fields.List(fields.String(), required=True)
    compared = fields.List(fields.Nested(ComparedForm), required=True)


class LackingForm(Form):
    """A fact that is missing, and who supplies it."""

    fact = fields.String(required=True)
    zh = fields.String(required=True)
    supplier = fields.String(required=True)
    who = fields.String(required=True)


class EntitlementForm(Form):
    """What a rule says of a certificate, or of a course; nothing is claimed by reading it.

    `certificate_kind` is the type of the record, `issued_on` the last day of a course.
    """

    record_id = fields.String(required=True)
    issued_on = fields.String(required=True)
    certificate_kind = fields.String(required=True)
    occupation = fields.String(required=True)
    rule = fields.String(required=True)
    title = fields.String(required=True)
    sha256 = fields.String(required=True)
    basis_date = fields.String(required=True, allow_none=True)
    verdict = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    headline = fields.String(required=True)
    sample = fields.String(required=True)
    failed = fields.List(fields.Nested(RuleReasonForm), required=True)
    missing = fields.List(fields.Nested(LackingForm), required=True)


class EntitlementsForm(Form):
    """What a worker may get."""

    items = fields.List(fields.Nested(EntitlementForm), required=True)
    elsewhere = fields.String(required=True)
