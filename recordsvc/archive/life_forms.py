"""What comes in and goes out at the desk's doors on whole archives: merging, moving, restricting, erasing."""

from typing import Final

from marshmallow import fields, validate

from recordsvc.access.cases import CaseRefForm
from recordsvc.access.unnamed import unnamed
from recordsvc.archive.meanwhile import WHATS
from recordsvc.archive.paperrefs import REFERENCE
from recordsvc.ground.forms import Form, Identifier, Whole, text

NEEDED_PAPERS: Final = validate.Length(1, 20, error="至少一份，最多 20 份")
PAPERS: Final = validate.Length(0, 20, error="最多 20 份")


class CaseForm(Form):
    """A ground (code of the act's own table) and words without personal data."""

    ground = text(1, 40, required=True)
    text = unnamed(400, required=True)


class ProvenForm(CaseForm):
    """A case that at least one paper stands behind."""

    papers = fields.List(fields.String(validate=REFERENCE), required=True, validate=NEEDED_PAPERS)


class RecordCaseForm(CaseForm):
    """A case of one record, with the papers behind it; `issuer` where its id alone does not name it."""

    issuer = text(18, 18, load_default=None)
    papers = fields.List(fields.String(validate=REFERENCE), load_default=list, validate=PAPERS)


class RecordProvenForm(ProvenForm):
    """Such a case of one record; `issuer` where its id alone does not name it."""

    issuer = text(18, 18, load_default=None)


class SupportedForm(CaseForm):
    """A case that papers may stand behind, filed beside a restricted archive."""

    papers = fields.List(fields.String(validate=REFERENCE), load_default=list, validate=PAPERS)


class MergeForm(ProvenForm):
    """Which archive is read as this one's."""

    into = Identifier(required=True)


class MoveForm(Form):
    """To whose archive a record belongs, why and on what; `issuer` where its id alone does not name it."""

    to = Identifier(required=True)
    issuer = text(18, 18, load_default=None)
    text = unnamed(400, required=True)
    papers = fields.List(fields.String(validate=REFERENCE), required=True, validate=NEEDED_PAPERS)


class VerificationForm(Form):
    """How, when (Beijing date), by whom it was verified, and under which number."""

    on = text(10, 10, required=True)
    method = text(1, 120, required=True)
    by = text(1, 120, required=True)
    reference = text(1, 80, load_default=None)


class TrustForm(Form):
    """How far evidence is trusted (code of `trust_levels`), why, and how it was verified."""

    trust = text(1, 40, required=True)
    verification = fields.Nested(VerificationForm, load_default=None, allow_none=True)
    text = unnamed(400, required=True)
    papers = fields.List(fields.String(validate=REFERENCE), load_default=list, validate=PAPERS)


class ClosureForm(CaseForm):
    """When the worker died (Beijing date); the act judges that a paper at least is filed here."""

    papers = fields.List(fields.String(validate=REFERENCE), load_default=list, validate=PAPERS)
    on = text(10, 10, required=True)


class ReopeningForm(Form):
    """Why the closure was wrong."""

    text = unnamed(400, required=True)


class RelativeForm(Form):
    """How the relative is related, in words; nobody's name or number."""

    relation = unnamed(40, required=True)
    text = unnamed(400, required=True)
    papers = fields.List(fields.String(validate=REFERENCE), required=True, validate=NEEDED_PAPERS)


class CopyQuery(CaseRefForm):
    """The decided proposal, purpose and case of a copy."""

    proposal = Identifier(required=True)
    purpose = text(1, 40, required=True)


class DecidedLaterForm(Form):
    """A proposal that a second official decides."""

    proposal_id = Identifier(required=True)


class EnteredForm(Form):
    """Where an act stands in the log."""

    index = Whole(required=True)


class StrayForm(Form):
    """A record in another worker's chain, to be moved; not `certain`: it may be either's."""

    worker_id = Identifier(required=True)
    record_id = Identifier(required=True)
    issuer = fields.String(required=True)
    certain = fields.Boolean(required=True)


class MatterForm(Form):
    """A paper, or a word said on a record (`record_id`), in `worker_id`; it may be of one of `others`."""

    what = fields.String(required=True)
    matter_id = Identifier(required=True)
    worker_id = Identifier(required=True)
    others = fields.List(Identifier(), required=True)
    at_ms = Whole(required=True)
    record_id = Identifier(required=True, allow_none=True)


class StraysForm(Form):
    """What was entered elsewhere while the archive was merged, and what else is to be decided of it."""

    items = fields.List(fields.Nested(StrayForm), required=True)
    matters = fields.List(fields.Nested(MatterForm), required=True)


class StrayDecideForm(Form):
    """To whose archive a paper or a word belongs; `to`: the archive it is in, or one of its `others`."""

    what = fields.String(required=True, validate=validate.OneOf(WHATS))
    matter_id = Identifier(required=True)
    to = Identifier(required=True)
    text = unnamed(400, required=True)
