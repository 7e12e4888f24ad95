"""What comes in at the doors of the exchange with credit banks (`credit-outcome/1`)."""

from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from recordsvc.ground.forms import Form, Identifier, Whole, WholeText, text
from recordsvc.people.spotting import number_in

MOST: int = 500
"""Answers of one request at most."""


def _name() -> fields.String:
    return fields.String(
        required=True,
        validate=validate.Regexp(r"\A[A-Za-z0-9._:-]{8,64}\Z", error="8 至 64 位字母、数字或 . _ : -"),
    )


def _hex(digits: int, **kwargs: Any) -> fields.String:
    form = validate.Regexp(rf"\A[0-9a-f]{{{digits}}}\Z", error=f"应为 {digits} 位小写十六进制")
    return fields.String(validate=form, **kwargs)


def _credits(**kwargs: Any) -> fields.String:
    form = validate.Regexp(r"\A(0|[1-9][0-9]{0,3})(\.[0-9]{1,2})?\Z", error="应为十进制数，例如 3.5")
    return fields.String(validate=form, **kwargs)


def _names_nobody(value: str) -> None:
    if number_in(value) is not None:
        raise ValidationError("不能写证件号码、卡号或电话号码")


class BatchesQuery(Form):
    """Behind which batch; 0 is the start."""

    after = WholeText(load_default=0, validate=validate.Range(0, 2**52))


class ReceiptForm(Form):
    """That a batch came: its id, hash and count as its header says them."""

    answer_id = _name()
    batch_id = Identifier(required=True)
    sha256 = _hex(64, required=True)
    count = Whole(required=True, validate=validate.Range(1, 2**31))


class _LineForm(Form):
    answer_id = _name()
    outcome_id = _hex(32, required=True)
    version = Whole(required=True, validate=validate.Range(1, 2**31 - 1))

    @post_load
    def _bytes(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return data | {"outcome_id": bytes.fromhex(data["outcome_id"])}


class ResultForm(_LineForm):
    """What became of a line; a rejection has a code."""

    status = fields.String(
        required=True, validate=validate.OneOf(("accepted", "rejected", "pending", "duplicate"))
    )
    code = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"\A[A-Z][A-Z_]{1,39}\Z", error="大写代码"),
    )

    @post_load
    def _coded(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        if (data["status"] == "rejected") != (data["code"] is not None):
            raise ValidationError("退回须有代码，其他结果没有代码", "code")
        return data


class CreditDecisionForm(_LineForm):
    """What the receiver decided of an outcome; `answer_id` names the decision, `replaces` the one before."""

    decision = fields.String(
        required=True, validate=validate.OneOf(("recognised", "partly", "refused", "withdrawn"))
    )
    credits = _credits(load_default=None, allow_none=True)
    replaces = text(8, 64, load_default=None, allow_none=True)
    scheme = text(1, 80, load_default=None, allow_none=True)
    rule = text(1, 80, load_default=None, allow_none=True)
    course = text(1, 120, load_default=None, allow_none=True)
    valid_until = text(10, 10, load_default=None, allow_none=True)
    reason = fields.String(
        load_default=None, allow_none=True, validate=[validate.Length(1, 400), _names_nobody]
    )
    decided_by = text(1, 80, required=True)
    decided_on = text(10, 10, required=True)
    appeal_until = text(10, 10, load_default=None, allow_none=True)

    @post_load
    def _earning(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        earning = data["decision"] in ("recognised", "partly")
        if earning != (data["credits"] is not None) or (earning and Decimal(data["credits"]) <= 0):
            raise ValidationError("认定须有大于零的学分，其他结论没有学分", "credits")
        return data


class RedemptionForm(_LineForm):
    """That earned credits were redeemed: all of them, once."""

    credits = _credits(required=True)


def _some(form: type[Form]) -> fields.List:
    return fields.List(fields.Nested(form), required=True, validate=validate.Length(1, MOST))


class ReceiptsForm(Form):
    """Receipts, each by itself."""

    answers = _some(ReceiptForm)


class ResultsForm(Form):
    """Results, each by itself."""

    answers = _some(ResultForm)


class CreditDecisionsForm(Form):
    """Decisions, each by itself."""

    answers = _some(CreditDecisionForm)


class RedemptionsForm(Form):
    """Redemptions, each by itself."""

    answers = _some(RedemptionForm)


class StandingsForm(Form):
    """How each answer stands, in the order of the request: taken, stale, orphan, contradicts or locked."""

    standings = fields.List(fields.String(), required=True)


class TotalsQuery(Form):
    """The first digits of `outcome_id` that name the range."""

    prefix = fields.String(
        load_default="", validate=validate.Regexp(r"\A[0-9a-f]{0,32}\Z", error="应为十六进制")
    )


class HeldOutcomeForm(Form):
    """How one outcome stands with the receiver."""

    outcome_id = _hex(32, required=True)
    version = Whole(required=True, validate=validate.Range(1, 2**31 - 1))
    state = fields.String(
        required=True, validate=validate.OneOf(("pending", "accepted", "rejected", "withdrawn"))
    )
    credits = _credits(load_default=None, allow_none=True)


class CreditReconcileForm(TotalsQuery):
    """Every outcome that the receiver holds in a range."""

    lines = fields.List(fields.Nested(HeldOutcomeForm), required=True, validate=validate.Length(0, 1_000))
