"""What comes in and goes out at the doors of claims on somebody's behalf."""

from marshmallow import fields, validate

from recordsvc.archive.notice_forms import OwnProofForm
from recordsvc.ground.forms import Form, Identifier, Whole, text
from recordsvc.money.claims.forms import AgencyForm, ClaimForm

MOST_LINES = 500
"""More no sheet has, whatever the dated limit says."""
DAY = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z"


class NewAgencyForm(OwnProofForm):
    """Whom a worker lets claim for them, which kinds, and until which Beijing day."""

    institution = text(18, 18, required=True)
    kinds = fields.List(text(1, 40), required=True, validate=validate.Length(1, 20))
    until_on = fields.String(required=True, validate=validate.Regexp(DAY))


class EndAgencyForm(Form):
    """How a worker ends a contract: from now on, or because it was never agreed to; in words."""

    how = fields.String(required=True, validate=validate.OneOf(("ended", "denied")))
    reason = text(0, 400, load_default="")


class AgenciesForm(Form):
    """Contracts, the newest first."""

    items = fields.List(fields.Nested(AgencyForm), required=True)


class AgencyMadeForm(Form):
    """The contract that was made."""

    agency_id = Identifier(required=True)


class BundleLineForm(Form):
    """A worker of a sheet, and the record by its id or the number on the certificate."""

    document = text(1, 24, load_default="resident-id")
    number = text(1, 40, required=True)
    name = text(1, 80, required=True)
    record_id = Identifier(load_default=None)
    certificate = text(0, 60, load_default="")
    fee_fen = Whole(load_default=None)


class BundleContractForm(Form):
    """The contracts of a sheet as one paper of the institution: signed and until when, and the paper's id."""

    signed_on = fields.String(required=True, validate=validate.Regexp(DAY))
    until_on = fields.String(required=True, validate=validate.Regexp(DAY))
    paper_id = Identifier(required=True)


class NewBundleForm(Form):
    """A sheet of claims: kind, who is paid, lines, and the contracts of workers who gave none themselves."""

    kind = text(1, 40, required=True)
    paid_to = fields.String(required=True, validate=validate.OneOf(("worker", "institution")))
    lines = fields.List(fields.Nested(BundleLineForm), required=True, validate=validate.Length(1, MOST_LINES))
    contract = fields.Nested(BundleContractForm, load_default=None)


class BundleOutcomeForm(Form):
    """What became of a line: a claim, or why not."""

    n = fields.Integer(required=True)
    claim = fields.Nested(ClaimForm, required=True, allow_none=True)
    code = fields.String(required=True)
    detail = fields.String(required=True)


class BundleForm(Form):
    """A sheet without its lines."""

    bundle_id = Identifier(required=True)
    kind = fields.String(required=True)
    kind_name = fields.String(required=True)
    paid_to = fields.String(required=True)
    lines = fields.Integer(required=True)
    filed_ms = fields.Integer(required=True)


class BundleToldForm(BundleForm):
    """A sheet with what became of each line; fewer outcomes than lines: it broke off, send it again."""

    filed = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    outcomes = fields.List(fields.Nested(BundleOutcomeForm), required=True)


class BundlesForm(Form):
    """Sheets, the newest first."""

    items = fields.List(fields.Nested(BundleForm), required=True)
