"""What comes in and goes out at the archive's doors; signed documents have their law in `schemas/`."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from recordsvc.access.cases import CaseRefForm
from recordsvc.access.unnamed import unnamed
from recordsvc.archive.paperrefs import REFERENCE
from recordsvc.ground.forms import Form, Identifier, Whole, WholeText, text


class RecordStatusForm(Form):
    """What became of a record its issuer asks for."""

    id = Identifier(required=True)
    status = fields.String(required=True)
    note = fields.String(allow_none=True)
    receipt = fields.String()


class BundleQuery(Form):
    """Which records to open in a bundle: ids separated by commas; all without it."""

    records = text(36, 3_700, load_default="")
    archive = Identifier(load_default=None)
    """The chain meant, where other archives are read as the own one since a merge."""


class RecordQuery(Form):
    """Whose record is meant (USCC), where records of several issuers in the archive bear the same id."""

    issuer = text(18, 18, load_default=None)


class ConfirmForm(Form):
    """What the worker was shown: `seen` of the record's state, the log index of the newest entry on it."""

    seen = Whole(required=True, validate=validate.Range(0, 2**52))


class ContestForm(ConfirmForm):
    """Why a record is contested: a code of `contest_reasons`, and the worker's own words."""

    reason = text(1, 40, required=True)
    text = text(0, 1_000, load_default="")


class SaidForm(Form):
    """A confirmation or contest as it was entered."""

    id = Identifier(required=True)
    index = fields.Integer(required=True)


class StatementForm(Form):
    """What the worker states: a code of `statement_matters`, one line, the own words, from when to when."""

    matter = text(1, 40, required=True)
    title = text(1, 200, required=True)
    started_on = text(10, 10, load_default=None)
    ended_on = text(10, 10, load_default=None)
    text = text(1, 4_000, required=True)  # last: it hides the function that makes fields


class ForeignForm(Form):
    """Evidence from elsewhere as its holder states it; `papers` are ids or SHA-256 of what was shown."""

    evidence_kind = text(1, 40, required=True)
    number = text(1, 80, load_default=None)
    country = text(3, 3, load_default="CHN")
    province = text(2, 2, load_default=None)
    issued_by = text(1, 120, required=True)
    level = text(1, 12, load_default=None)
    started_on = text(10, 10, load_default=None)
    ended_on = text(10, 10, load_default=None)
    awarded_on = text(10, 10, load_default=None)
    papers = fields.List(
        fields.String(validate=REFERENCE), load_default=list, validate=validate.Length(0, 20)
    )
    title = text(1, 120, required=True)


class FeedQuery(Form):
    """Where to go on in the feed, and how many entries at most."""

    cursor = text(1, 200, load_default=None)
    limit = WholeText(load_default=500, validate=validate.Range(1, 2_000, error="应在 {min}–{max} 之间"))


class HeldQuery(Form):
    """Which held records: of one issuer, for one reason, behind an id."""

    issuer = text(18, 18, load_default=None)
    reason = text(1, 40, load_default=None)
    after = Identifier(load_default=None)
    limit = WholeText(load_default=100, validate=validate.Range(1, 1_000, error="应在 {min}–{max} 之间"))


class HeldForm(Form):
    """A held record without its content."""

    held_id = Identifier(required=True)
    issuer = fields.String(required=True)
    reason = fields.String(required=True)
    owner = fields.String(required=True)
    state = fields.String(required=True)
    received_ms = fields.Integer(required=True)
    note = fields.String(allow_none=True)


class HeldListForm(Form):
    """Held records, oldest first."""

    items = fields.List(fields.Nested(HeldForm), required=True)


class SelectForm(Form):
    """All waiting records of an issuer, for a reason, or both."""

    issuer = text(18, 18, load_default=None)
    reason = text(1, 40, load_default=None)

    @validates_schema
    def _not_everything(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data.get("issuer") is None and data.get("reason") is None:
            raise ValidationError("issuer、reason 至少填一项")


class ReleaseForm(Form):
    """Which held records to release (named, or a selection), to whom if the record cannot say, and why.

    One of `held` and `select`; `worker_id` with exactly one named record.
    """

    held = fields.List(Identifier(), load_default=list, validate=validate.Length(0, 5_000))
    select = fields.Nested(SelectForm, load_default=None)
    worker_id = Identifier(load_default=None)
    reason = unnamed(400, required=True)

    @validates_schema
    def _one_way(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if bool(data.get("held")) == (data.get("select") is not None):
            raise ValidationError("held（至少一条）与 select 应当只填一项")
        if data.get("worker_id") is not None and len(set(data.get("held", ()))) != 1:
            raise ValidationError("worker_id 只能与一条指明的记录同用", "worker_id")


class ReleaseProposedForm(Form):
    """The proposal of a release and how many records it covers."""

    proposal_id = Identifier(required=True)
    count = fields.Integer(required=True)


class ReturnForm(Form):
    """Which held record goes back to its issuer, and why."""

    held_id = Identifier(required=True)
    reason = unnamed(200, required=True)


class NewIssuerKeyForm(Form):
    """A key to be registered: public JWK; dates as UTC ms, without them from now on, without end."""

    jwk = fields.Dict(required=True)
    not_before_ms = Whole(load_default=None, validate=validate.Range(0, 2**52))
    not_after_ms = Whole(load_default=None, validate=validate.Range(0, 2**52))


class KeyActForm(Form):
    """Which key of the issuer, and why."""

    kid = text(1, 255, required=True)
    reason = text(1, 400, required=True)


class SuspectForm(KeyActForm):
    """Since when (UTC ms) the key may have been in other hands."""

    since_ms = Whole(required=True, validate=validate.Range(1, 2**52))


class IssuerKeyForm(Form):
    """A key as the log's events make it."""

    kid = fields.String(required=True)
    alg = fields.String(required=True)
    state = fields.String(required=True)
    not_before_ms = fields.Integer(required=True)
    not_after_ms = fields.Integer(required=True, allow_none=True)
    suspected_since_ms = fields.Integer(required=True, allow_none=True)


class IssuerKeysForm(Form):
    """An issuer's keys."""

    items = fields.List(fields.Nested(IssuerKeyForm), required=True)


class KeyActedForm(Form):
    """The log index of a key event."""

    index = fields.Integer(required=True)


class FindForm(CaseRefForm):
    """Whom an official looks for: kind of number (a document's, `card`, `chip`), number, purpose, case."""

    kind = text(1, 24, required=True)
    number = text(1, 40, required=True)
    purpose = text(1, 40, required=True)


class CardForm(CaseRefForm):
    """A card that was seen beside its holder's document, purpose and case.

    `number` (社会保障卡卡号) stands on the card; kind, number and name on the document. `normal_since` must
    be stated: from which day the social function was found normal, or null if nobody looked; then the card
    finds, and does not select alone.
    """

    number = text(9, 9, required=True)
    document = text(1, 24, required=True)
    document_number = text(1, 40, required=True)
    name = text(1, 60, required=True)
    normal_since = fields.Date(required=True, allow_none=True)
    purpose = text(1, 40, required=True)


class FoundForm(Form):
    """The archive a number belongs to."""

    worker_id = Identifier(required=True)


class RetireKeysForm(Form):
    """On what the closure of an institution rests."""

    reason = text(1, 200, required=True)


class LookQuery(CaseRefForm):
    """Why an official looks, and for which case."""

    purpose = text(1, 40, required=True)


class PaperForm(Form):
    """What a paper is: a code of `paper_kinds`, and what it is called."""

    kind = text(1, 40, required=True)
    title = text(0, 100, load_default="")


class PaperToldForm(Form):
    """A paper without its file; `sha256` is that of the file."""

    paper_id = Identifier(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True)
    media = fields.String(required=True)
    size = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    filed_ms = fields.Integer(required=True)
    filed_by = fields.String(required=True)


class RestingPaperForm(Form):
    """A paper that a proposal rests on: its place from 1, and whether its file is kept here."""

    n = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    filed = fields.Boolean(required=True)


class RestingPapersForm(Form):
    """The papers that a proposal rests on."""

    items = fields.List(fields.Nested(RestingPaperForm), required=True)


class ConcernedForm(Form):
    """A record that a proposal is about; `along`: it tells the same as the one asked for, and goes with it.

    Days are Beijing days, "" where the record names none; `trust` "" where nothing says how far.
    """

    worker_id = Identifier(required=True)
    record_id = Identifier(required=True, allow_none=True)
    type = fields.String(required=True)
    title = fields.String(required=True)
    from_on = fields.String(required=True)
    until_on = fields.String(required=True)
    entered_ms = fields.Integer(required=True)
    life = fields.String(required=True)
    trust = fields.String(required=True)
    along = fields.Boolean(required=True)


class ConcernedListForm(Form):
    """The record that a proposal is about, and what goes along with it."""

    items = fields.List(fields.Nested(ConcernedForm), required=True)


class PaperListForm(Form):
    """Papers of one owner, oldest first."""

    items = fields.List(fields.Nested(PaperToldForm), required=True)


class WorkerPaperListForm(PaperListForm):
    """Papers of one worker; `sealed` more are left out with the restricted records that rest on them."""

    sealed = fields.Integer(required=True)
