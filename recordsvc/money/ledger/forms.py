"""What comes in and goes out at the doors of the ledger."""

import datetime as dt

from marshmallow import ValidationError, fields, validate

from recordsvc.ground.forms import Form


def _day(value: str) -> None:
    try:
        good = dt.date.fromisoformat(value).isoformat() == value
    except ValueError:
        good = False
    if not good:
        raise ValidationError("应为日期（YYYY-MM-DD）")


class BookQuery(Form):
    """Of which days, both included, and in which form of file."""

    first = fields.String(required=True, validate=_day)
    last = fields.String(required=True, validate=_day)
    format = fields.String(load_default="csv", validate=validate.OneOf(("csv", "xlsx")))


class ClosedDayForm(Form):
    """A closed day: its transfers [start, size), hashes in hexadecimal, the entry of the archive's log."""

    day = fields.String(required=True)
    start = fields.Integer(required=True)
    size = fields.Integer(required=True)
    root = fields.String(required=True)
    balance = fields.String(required=True)
    previous = fields.String(required=True)
    closed_ms = fields.Integer(required=True)
    log_index = fields.Integer(required=True)


class ClosedDaysForm(Form):
    """Closed days, newest first, and how many transfers stand behind the last of them."""

    items = fields.List(fields.Nested(ClosedDayForm), required=True)
    open_transfers = fields.Integer(required=True)


class SealForm(ClosedDayForm):
    """A closed day with its signed note, and what came of sealing it anew from the journal."""

    note = fields.String(required=True)
    matches = fields.Boolean(required=True)
    altered = fields.List(fields.Integer(), required=True)
    """Places of the journal that are not what was booked."""
