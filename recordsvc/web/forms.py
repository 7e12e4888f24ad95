"""What comes in at the doors of the pages."""

from typing import ClassVar

from marshmallow import fields, validate

from recordsvc import dated
from recordsvc.archive.sharing_forms import OpenForm
from recordsvc.ground.forms import Form, Identifier, WholeText, text
from recordsvc.money.fees.tables import DISPUTED_FOR

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class ButtonForm(Form):
    """A button was pressed, on a page that showed a record up to the entry with log index `seen`."""

    seen = WholeText(required=True, validate=validate.Range(0, 2**52))


class ObjectionForm(ButtonForm):
    """An objection as typed. Empty is read, too, so that the page itself can say what is missing."""

    reason = text(0, 40, load_default="")
    text = text(0, 2_000, load_default="")


class TypedProofForm(Form):
    """The worker's own proof, typed at the window (`own_proof.html`); empty where the worker acts alone."""

    own_pin = text(0, 40, load_default="")
    own_code = text(0, 40, load_default="")
    own_totp = text(0, 20, load_default="")


class FeeMandatePageForm(TypedProofForm):
    """A consent to be debited, as typed."""

    most = text(0, 40, load_default="")
    until_on = text(0, 20, load_default="")


class FeeDisputePageForm(Form):
    """Why a fee is disputed."""

    ground = fields.String(required=True, validate=validate.OneOf(DISPUTED_FOR))


class NoFieldsForm(Form):
    """A button that says everything by itself."""


class ClaimButtonForm(Form):
    """The button that claims a subsidy; the fee in yuan where the kind goes by one, as typed."""

    fee = text(0, 20, load_default="")


class PhoneForm(TypedProofForm):
    """A phone number as typed; what is wrong with it the page says."""

    phone = text(0, 40, load_default="")


class PrintedButtonForm(Form):
    """The letters of a page, ids separated by commas."""

    ids = text(36, 8_000, required=True)


class NoticePageQuery(Form):
    """From behind which notice."""

    cursor = text(1, 200, load_default=None)


class ForeignPageForm(Form):
    """Evidence as typed. Empty is read, too, so that the page itself can say what is missing."""

    evidence_kind = text(0, 40, load_default="")
    number = text(0, 80, load_default="")
    province = text(0, 2, load_default="")
    issued_by = text(0, 120, load_default="")
    level = text(0, 12, load_default="")
    awarded_on = text(0, 10, load_default="")
    kept = fields.String(load_default="", validate=validate.Regexp(rf"\A({_UUID})?\Z"))
    title = text(0, 120, load_default="")


class StatementPageForm(Form):
    """What the worker states as typed; empty is read, too: the page itself says what is missing."""

    matter = text(0, 40, load_default="")
    title = text(0, 1_000, load_default="")
    started_on = text(0, 40, load_default="")
    ended_on = text(0, 40, load_default="")
    text = text(0, 8_000, load_default="")  # last: it hides the function that makes fields


class LookedPageQuery(Form):
    """From before which row, and for which purpose alone."""

    before = Identifier(load_default=None)
    purpose = text(0, 40, load_default="")


class PaperPageForm(Form):
    """A paper as uploaded from its page. Empty is read, too, so that the page can say what is missing."""

    kind = text(0, 40, load_default="")
    title = text(0, 2_000, load_default="")


class ConfirmPageForm(Form):
    """A card that lies beside its holder's document; whether its function was found normal, and since when.

    Empty is read, too, so that the page itself can say what is missing.
    """

    number = text(0, 40, load_default="")
    document = text(0, 24, load_default="")
    document_number = text(0, 100, load_default="")
    name = text(0, 200, load_default="")
    social = text(0, 12, load_default="")
    normal_since = text(0, 40, load_default="")
    purpose = text(0, 40, load_default="")
    case_ref = text(0, 200, load_default="")


class MessagePageForm(Form):
    """More to say on an objection. Empty is read, too, so that the page itself can say what is missing."""

    text = text(0, 2_000, load_default="")


_SLIP = rf"\A({_UUID})?\Z"


def _chosen() -> fields.String:
    return fields.String(load_default="", validate=validate.OneOf(("", "yes")))


class ShareFieldsForm(Form):
    """Which fields are ticked: one member for each field that an extract ever could hold."""

    class Meta:
        """One box for each code of the catalogue."""

        include: ClassVar = {
            f"field_{row['code']}": fields.String(load_default="", validate=validate.OneOf(("", "yes")))
            for row in dated.table("extract_fields").rows
        }


class SharePageForm(ShareFieldsForm):
    """What to share as chosen on the page; an empty `uses` sets no limit.

    `which` is all records or those ticked. `part` is a preset of fields, `chosen` for those ticked, `whole`
    for the records as they were signed.
    """

    to = fields.String(required=True, validate=validate.OneOf(("link", "institution")))
    uscc = text(0, 40, load_default="")
    which = fields.String(required=True, validate=validate.OneOf(("all", "chosen")))
    records = fields.List(Identifier(), load_default=list, validate=validate.Length(0, 1_000))
    purpose = text(0, 40, load_default="")
    part = fields.String(load_default="least", validate=validate.Regexp(r"\A[a-z][a-z-]{0,39}\Z"))
    days = fields.String(required=True, validate=validate.OneOf(("1", "7", "30", "90", "365")))
    uses = fields.String(load_default="", validate=validate.Regexp(r"\A[0-9]{0,6}\Z"))
    code = fields.String(load_default="", validate=validate.OneOf(("", "yes")))
    own_pin = text(0, 40, load_default="")
    own_code = text(0, 40, load_default="")
    own_totp = text(0, 20, load_default="")
    slip = fields.String(load_default="", validate=validate.Regexp(_SLIP))


class NewHelperPageForm(Form):
    """Whom to name, as typed and chosen on the page; each group of verbs is a box of its own."""

    name = text(0, 80, load_default="")
    archive = _chosen()
    bundle = _chosen()
    decide = _chosen()
    state = _chosen()
    notices = _chosen()
    papers = _chosen()
    looked = _chosen()
    purpose = text(0, 40, load_default="")
    days = fields.String(required=True, validate=validate.OneOf(("1", "7", "30", "90", "365")))
    own_pin = text(0, 40, load_default="")
    own_code = text(0, 40, load_default="")
    own_totp = text(0, 20, load_default="")
    slip = fields.String(load_default="", validate=validate.Regexp(_SLIP))


class HelperPageForm(Form):
    """Which relation is meant."""

    helper_id = Identifier(required=True)


class HelperCodePageForm(TypedProofForm):
    """The code as typed."""

    code = text(0, 40, load_default="")


class OpenPageForm(OpenForm):
    """Opening a link on its page: with `show` the extract is shown, else it is downloaded."""

    show = fields.String(load_default="", validate=validate.OneOf(("", "yes")))


class EndSharePageForm(Form):
    """Which consent to end; all without it."""

    consent_id = Identifier(load_default=None)
