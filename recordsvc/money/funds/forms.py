"""What comes in and goes out at the doors of funds; amounts are whole fen."""

from marshmallow import fields, validate

from recordsvc.ground.forms import Form, Whole, text
from recordsvc.ground.paging import PageQuery
from recordsvc.money.funds.moves import ACTS
from recordsvc.money.ledger.tables import MOST_FEN


class NewBudgetMoveForm(Form):
    """A move of a budget: allot, shift within fund and year, or recall."""

    act = fields.String(required=True, validate=validate.OneOf(tuple(ACTS)))
    fund = text(1, 40, required=True)
    year = Whole(required=True)
    region = text(6, 6, required=True)
    kind = text(1, 40, required=True)
    amount_fen = Whole(
        required=True, validate=validate.Range(1, MOST_FEN, error="金额应在 {min}–{max} 分之间")
    )
    doc = text(1, 100, required=True)
    reason = text(1, 400, required=True)
    to_region = text(6, 6, load_default=None, allow_none=True)
    to_kind = text(1, 40, load_default=None, allow_none=True)


class LinesQuery(Form):
    """Which lines: of a budget year and fund, or all."""

    year = fields.String(load_default=None, validate=validate.Regexp(r"[0-9]{4}\Z", error="应为四位年份"))
    fund = text(1, 40, load_default=None)


class LineForm(Form):
    """A budget line with what it has: budget = available + held + spent."""

    line = fields.String(required=True)
    fund = fields.String(required=True)
    fund_name = fields.String(required=True)
    year = fields.Integer(required=True)
    region = fields.String(required=True)
    region_name = fields.String(required=True)
    kind = fields.String(required=True)
    kind_name = fields.String(required=True)
    budget_fen = fields.Integer(required=True)
    held_fen = fields.Integer(required=True)
    spent_fen = fields.Integer(required=True)
    available_fen = fields.Integer(required=True)


class LinesForm(Form):
    """Budget lines of the official's area."""

    items = fields.List(fields.Nested(LineForm), required=True)


class ForecastForm(Form):
    """What was held or spent in the last days, and when nothing is left at that pace."""

    days = fields.Integer(required=True)
    used_fen = fields.Integer(required=True)
    exhausted_on = fields.String(required=True, allow_none=True)


class BudgetMoveForm(Form):
    """How a budget moved."""

    proposal = fields.String(required=True)
    act = fields.String(required=True)
    line = fields.String(required=True)
    other = fields.String(required=True, allow_none=True)
    amount_fen = fields.Integer(required=True)
    doc = fields.String(required=True)
    reason = fields.String(required=True)
    proposed_by = fields.String(required=True)
    decided_by = fields.String(required=True)
    at_ms = fields.Integer(required=True)


class LinePositionForm(LineForm):
    """A line with its forecast and how its budget moved."""

    forecast = fields.Nested(ForecastForm, required=True)
    moves = fields.List(fields.Nested(BudgetMoveForm), required=True)


class JournalQuery(PageQuery):
    """Where a page of a line's journal goes on; newest first."""


class TransferForm(Form):
    """A transfer in a line's journal; `way`, seen from the line: in, out, hold, settle or release."""

    idx = fields.Integer(required=True)
    id = fields.String(required=True)
    way = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    code = fields.String(required=True)
    doc = fields.String(required=True)
    value_date = fields.String(required=True)
    period = fields.String(required=True)
    adjusts_period = fields.String(required=True, allow_none=True)
    actor = fields.String(required=True)
    at_ms = fields.Integer(required=True)
