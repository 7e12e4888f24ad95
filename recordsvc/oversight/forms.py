"""What comes in and goes out at the doors of draws."""

from marshmallow import fields, validate

from recordsvc.archive.paperrefs import REFERENCE
from recordsvc.ground.forms import Form, Identifier, Truth, Whole, WholeText, text

MOST_PAPERS = 30


class DrawForm(Form):
    """What an inspector commits to; days are Beijing dates, what is left out is as the rules ask at least."""

    subject = text(1, 20, load_default="institution")
    area = fields.String(
        required=True,
        validate=validate.Regexp(r"\A[1-9][0-9](?:[0-9]{2}){0,2}\Z", error="区划代码应为 2、4 或 6 位数字"),
    )
    source = text(1, 20, required=True)
    issue = text(1, 20, required=True)
    event_on = text(10, 10, required=True)
    opens_on = text(10, 10, load_default=None, allow_none=True)
    percent = Whole(load_default=None, allow_none=True, validate=validate.Range(1, 100))
    inspectors = Whole(load_default=None, allow_none=True, validate=validate.Range(1, 10))


class RevealForm(Form):
    """What came out of the event, as the form of its source asks."""

    value = text(1, 80, required=True)


class StepForm(Form):
    """A step that needs no words."""


class ReportForm(Form):
    """What was found; papers by the id of a filed one, or by SHA-256. The summary becomes public."""

    result = text(1, 40, required=True)
    summary = text(1, 400, required=True)
    papers = fields.List(
        fields.String(validate=REFERENCE), load_default=list, validate=validate.Length(0, MOST_PAPERS)
    )


class ConfirmReportForm(Form):
    """Which report is confirmed: the one written at this instant (UTC ms)."""

    reported_ms = Whole(required=True)


class StratumForm(Form):
    """One class of objects."""

    stratum = fields.String(required=True)
    size = fields.Integer(required=True)
    least = fields.Integer(required=True)
    number = fields.Integer(required=True)


class DrawLineForm(Form):
    """A draw as everybody sees it; `state` is `failed` where it was not revealed in time."""

    draw_id = Identifier(required=True)
    subject = fields.String(required=True)
    area = fields.String(required=True)
    source = fields.String(required=True)
    issue = fields.String(required=True)
    event_ms = fields.Integer(required=True)
    reveal_by_ms = fields.Integer(required=True)
    opens_on = fields.String(required=True)
    opened = Truth(required=True)
    inspectors = fields.Integer(required=True)
    state = fields.String(required=True)
    strata = fields.List(fields.Nested(StratumForm), required=True)
    committed_ms = fields.Integer(required=True)
    revealed_ms = fields.Integer(required=True, allow_none=True)
    assigned_ms = fields.Integer(required=True, allow_none=True)
    due_on = fields.String(required=True, allow_none=True)
    reported_ms = fields.Integer(required=True, allow_none=True)
    published_ms = fields.Integer(required=True, allow_none=True)


class YearForm(Form):
    """How many draws of a year were revealed and how many failed, of how many there must be at least."""

    year = fields.Integer(required=True)
    draws = fields.Integer(required=True)
    least = fields.Integer(required=True)
    failed = fields.Integer(required=True)


class DrawsForm(Form):
    """Draws, the newest first, and how the years stand."""

    items = fields.List(fields.Nested(DrawLineForm), required=True)
    years = fields.List(fields.Nested(YearForm), required=True)


class DrawsQuery(Form):
    """Where to go on: before which draw, and how many at most."""

    before = Identifier(load_default=None)
    limit = WholeText(load_default=100, validate=validate.Range(1, 100, error="应在 {min}–{max} 之间"))


class ReportSeenForm(Form):
    """A report; who wrote and confirmed it by the codes of the draw."""

    result = fields.String(required=True)
    summary = fields.String(required=True)
    papers = fields.List(fields.String(), required=True)
    reported_by = fields.String(required=True)
    reported_ms = fields.Integer(required=True)
    confirmed_by = fields.String(required=True, allow_none=True)
    confirmed_ms = fields.Integer(required=True, allow_none=True)


class SeatForm(Form):
    """An inspector of an object: code of the draw, and who it is."""

    code = fields.String(required=True)
    official_id = fields.String(required=True)


class DrawnForm(Form):
    """An object that was drawn."""

    object_id = fields.String(required=True)
    name = fields.String(required=True)
    inspectors = fields.List(fields.Nested(SeatForm), required=True)
    report = fields.Nested(ReportSeenForm, required=True, allow_none=True)


class DrawSeenForm(DrawLineForm):
    """A draw as officials of its area see it."""

    committed_by = fields.String(required=True)
    revealed_by = fields.String(required=True, allow_none=True)
    assigned_by = fields.String(required=True, allow_none=True)
    published_by = fields.String(required=True, allow_none=True)
    publish_due_on = fields.String(required=True, allow_none=True)
    drawn = fields.List(fields.Nested(DrawnForm), required=True)


class TaskForm(Form):
    """One object that an inspector was drawn for."""

    draw_id = Identifier(required=True)
    object_id = fields.String(required=True)
    name = fields.String(required=True)
    code = fields.String(required=True)
    state = fields.String(required=True)
    due_on = fields.String(required=True, allow_none=True)
    report = fields.Nested(ReportSeenForm, required=True, allow_none=True)


class TasksForm(Form):
    """What an inspector was drawn for, the newest draw first."""

    items = fields.List(fields.Nested(TaskForm), required=True)


class StatedForm(Form):
    """A document and its place in the log: index, path (hex) and the checkpoint of its commit, verbatim."""

    sha256 = fields.String(required=True)
    document = fields.String(required=True, allow_none=True)
    index = fields.Integer(required=True)
    path = fields.List(fields.String(), required=True)
    checkpoint = fields.String(required=True)


class DrawProofForm(Form):
    """Everything by which a stranger repeats a draw; null is not public yet."""

    format = fields.String(required=True)
    draw = fields.String(required=True)
    state = fields.String(required=True)
    opens_on = fields.String(required=True)
    documents = fields.Dict(keys=fields.String(), values=fields.Nested(StatedForm), required=True)
    objects = fields.String(required=True, allow_none=True)
    roster = fields.String(required=True, allow_none=True)
