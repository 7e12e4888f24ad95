"""What comes in and goes out at the doors of feeds."""

from marshmallow import fields, validate

from recordsvc.exports.files import FORMATS
from recordsvc.ground.forms import Form, Whole, WholeText, text

MOST_ITEMS = 5_000_000


class ItemsQuery(Form):
    """From where, and how many at most; a page holds 1,000, a stream all there is unless told otherwise."""

    after = text(1, 200, load_default=None)
    limit = WholeText(
        load_default=None, validate=validate.Range(1, MOST_ITEMS, error="应在 {min}–{max} 之间")
    )


class FilesQuery(ItemsQuery):
    """And as what."""

    format = fields.String(
        required=True, validate=validate.OneOf(list(FORMATS), error="应为 csv、csv-gb18030、xlsx 或 parquet")
    )


class AckForm(Form):
    """A batch that was kept: `from`, `to`, `count` and `root` as its manifest says them."""

    ack_id = fields.String(
        required=True,
        validate=validate.Regexp(r"\A[A-Za-z0-9._:-]{8,64}\Z", error="8 至 64 位字母、数字或 . _ : -"),
    )
    start = text(1, 200, data_key="from", required=True)
    to = text(1, 200, required=True)
    count = Whole(required=True, validate=validate.Range(0, 2**53))
    root = fields.String(
        required=True, validate=validate.Regexp(r"\A[0-9a-f]{64}\Z", error="应为 64 位小写十六进制")
    )


class TotalsQuery(Form):
    """As of which cursor, and the first digits of `ref` that name the range."""

    at = text(1, 200, load_default=None)
    prefix = fields.String(
        load_default="", validate=validate.Regexp(r"\A[0-9a-f]{0,32}\Z", error="应为十六进制")
    )


class HeldLineForm(Form):
    """How one record stands with the receiver."""

    ref = fields.String(
        required=True, validate=validate.Regexp(r"\A[0-9a-f]{32}\Z", error="应为 32 位十六进制")
    )
    version = Whole(required=True, validate=validate.Range(1, 2**31))
    state = fields.String(
        required=True, validate=validate.OneOf(["live", "withdrawn"], error="应为 live 或 withdrawn")
    )


class ReconcileForm(Form):
    """Every line that the receiver holds in a range, as of a cursor."""

    at = text(1, 200, required=True)
    prefix = fields.String(
        load_default="", validate=validate.Regexp(r"\A[0-9a-f]{0,32}\Z", error="应为十六进制")
    )
    lines = fields.List(fields.Nested(HeldLineForm), required=True, validate=validate.Length(0, 1_000))


class AckedForm(Form):
    """Up to where everything is acknowledged."""

    acknowledged = fields.String(required=True)
