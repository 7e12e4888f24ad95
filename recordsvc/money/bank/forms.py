"""What comes in and goes out at the doors of the bank's room. No form shows a payee's name or number."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from recordsvc.ground.forms import Form, Identifier, Truth, Whole, WholeText, text

_CODE = validate.Regexp(r"[a-z0-9][a-z0-9-]{1,39}\Z", error="应为 2–40 个小写字母、数字或短横")
_PAYEE = validate.Regexp(
    r"(worker:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|institution:[0-9A-Z]{18})\Z",
    error="应为 worker:编号 或 institution:统一社会信用代码",
)


class NewPayingAccountForm(Form):
    """An account of the region that payments leave from."""

    code = fields.String(required=True, validate=_CODE)
    fund = text(1, 40, required=True)
    number = text(8, 32, required=True)
    name = text(1, 70, required=True)
    bank = text(12, 12, required=True)
    adapter = text(1, 40, load_default="iso20022")


class PayingAccountForm(Form):
    """A paying account, and what the books say it holds."""

    code = fields.String(required=True)
    fund = fields.String(required=True)
    number = fields.String(required=True)
    name = fields.String(required=True)
    bank = fields.String(required=True)
    adapter = fields.String(required=True)
    opened_by = fields.String(required=True)
    decided_by = fields.String(required=True)
    opened_ms = Whole(required=True)
    balance_fen = Whole(required=True)
    suspense_fen = Whole(required=True)
    waiting = Whole(required=True)
    collecting = Whole(required=True)


class PayingAccountsForm(Form):
    """All paying accounts."""

    items = fields.List(fields.Nested(PayingAccountForm), required=True)


class NewPayeeAccountForm(Form):
    """A payee's account as the payee states it; a worker's with purpose and case."""

    payee = fields.String(required=True, validate=_PAYEE)
    number = text(8, 32, required=True)
    name = text(1, 70, required=True)
    bank = text(12, 12, required=True)
    purpose = text(1, 40, load_default="")
    case_ref = text(1, 80, load_default="")

    @validates_schema
    def _why(self, data: dict[str, Any], **_: Any) -> None:
        of_worker = str(data.get("payee", "")).startswith("worker:")
        for name in ("purpose", "case_ref"):
            if bool(data.get(name)) != of_worker:
                raise ValidationError("劳动者的账户应写明；单位的账户不写", name)


class PayeeAccountForm(Form):
    """A version of a payee's account, without number and name."""

    account_id = Identifier(required=True)
    payee = fields.String(required=True)
    version = Whole(required=True)
    state = fields.String(required=True)
    checked = fields.String(required=True, allow_none=True)
    entered_ms = Whole(required=True)
    verified_ms = Whole(required=True, allow_none=True)


class PayeeAccountsForm(Form):
    """Accounts of which the newest version is not verified."""

    items = fields.List(fields.Nested(PayeeAccountForm), required=True)


class CheckedPayeeAccountForm(PayeeAccountForm):
    """A version as its verifier sees it; `shared`: another payee named the same account, too."""

    shared = fields.Boolean(required=True)


class BatchSealForm(Form):
    """On which account a batch is sealed: of payments, or of collections."""

    account = text(1, 40, required=True)
    collect = Truth(load_default=False)


class BatchForm(Form):
    """A batch; `proposal_id`: what waits for the second payer."""

    batch_id = Identifier(required=True)
    message_id = fields.String(required=True)
    account = fields.String(required=True)
    execution_on = fields.String(required=True)
    count = Whole(required=True)
    total_fen = Whole(required=True)
    file_name = fields.String(required=True)
    sha256 = fields.String(required=True)
    state = fields.String(required=True)
    sealed_by = fields.String(required=True)
    sealed_ms = Whole(required=True)
    released_by = fields.String(required=True, allow_none=True)
    released_ms = Whole(required=True, allow_none=True)
    sent_ms = Whole(required=True, allow_none=True)
    proposal_id = Identifier(required=True, allow_none=True)


class BatchesForm(Form):
    """Batches, the newest first."""

    items = fields.List(fields.Nested(BatchForm), required=True)


class BatchReleaseForm(Form):
    """Why the second payer lets a batch go."""

    reason = text(1, 400, required=True)


class PayersWordForm(Form):
    """The second payer's word."""

    approve = Truth(required=True)
    reason = text(1, 400, required=True)


class PayersProposalForm(Form):
    """What one payer proposed; the subject names no payee."""

    proposal_id = Identifier(required=True)
    kind = fields.String(required=True)
    subject = fields.String(required=True)
    proposed_by = fields.String(required=True)
    proposed_ms = Whole(required=True)
    expires_ms = Whole(required=True)


class PayersProposalsForm(Form):
    """What waits for a second payer, oldest first."""

    items = fields.List(fields.Nested(PayersProposalForm), required=True)


class PaymentForm(Form):
    """An attempt to pay a claim."""

    payment_id = Identifier(required=True)
    claim_ref = fields.String(required=True)
    attempt = Whole(required=True)
    end_to_end_id = fields.String(required=True)
    account = fields.String(required=True)
    amount_fen = Whole(required=True)
    purpose = fields.String(required=True)
    state = fields.String(required=True)
    said = fields.String(required=True)
    reason = fields.String(required=True)
    batch_id = Identifier(required=True, allow_none=True)
    queued_ms = Whole(required=True)
    changed_ms = Whole(required=True)


class PaymentsQuery(Form):
    """Which payments are listed."""

    state = text(1, 10, load_default=None)
    account = text(1, 40, load_default=None)


class PaymentsForm(Form):
    """Payments, the newest first."""

    items = fields.List(fields.Nested(PaymentForm), required=True)


class PaymentStepForm(Form):
    """A step of a payment, and by what it came."""

    n = Whole(required=True)
    state = fields.String(required=True)
    said = fields.String(required=True)
    reason = fields.String(required=True)
    cause = fields.String(required=True)
    at_ms = Whole(required=True)


class PaymentDetailForm(PaymentForm):
    """A payment and its steps."""

    steps = fields.List(fields.Nested(PaymentStepForm), required=True)


class BreaksQuery(Form):
    """Which differences are listed: open ones unless told otherwise, of at least so many days."""

    state = fields.String(load_default="open", validate=validate.OneOf(["open", "resolved"]))
    min_age = WholeText(load_default=0, validate=validate.Range(0, 10_000))


class BreakForm(Form):
    """A difference between the bank and us; `candidates`: payments that a line may be of.

    `repayments`: cases of recovery that a credit may be a repayment of.
    """

    break_id = Identifier(required=True)
    account = fields.String(required=True)
    kind = fields.String(required=True)
    zh = fields.String(required=True)
    subject = fields.String(required=True)
    amount_fen = Whole(required=True)
    payment_id = Identifier(required=True, allow_none=True)
    opened_ms = Whole(required=True)
    age_days = Whole(required=True)
    due_on = fields.String(required=True)
    owner = fields.String(required=True)
    state = fields.String(required=True)
    resolution = fields.String(required=True)
    note = fields.String(required=True)
    resolved_by = fields.String(required=True, allow_none=True)
    resolutions = fields.List(fields.String(), required=True)
    candidates = fields.List(Identifier(), required=True)
    repayments = fields.List(Identifier(), required=True)


class BreaksForm(Form):
    """Differences, those due first."""

    items = fields.List(fields.Nested(BreakForm), required=True)


class ResolveForm(Form):
    """How a difference ends."""

    resolution = text(1, 16, required=True)
    note = text(1, 400, required=True)
    payment_id = Identifier(load_default=None, allow_none=True)
    recovery_id = Identifier(load_default=None, allow_none=True)


class BankFileForm(Form):
    """A file of the bank that a payer brings: of which account, and under which name the bank made it."""

    account = text(1, 40, required=True)
    name = fields.String(
        required=True,
        validate=validate.Regexp(r"[A-Za-z0-9][A-Za-z0-9._-]{0,118}\Z", error="应为文件名，不含路径"),
    )


class BankFileToldForm(Form):
    """What became of a file: applied, waiting, quarantined."""

    state = fields.String(required=True)
