"""What comes in and goes out at the doors of classes; periods are class hours (课时), days Beijing days."""

from marshmallow import ValidationError, fields, validate

from recordsvc.ground.forms import Form, Identifier, Whole, text
from recordsvc.people.spotting import number_in
from recordsvc.training.sheets import RESULTS

_PERIODS = validate.Range(0, 10_000)
_DAY_PERIODS = validate.Range(0, 16)


def _words(most: int) -> fields.String:
    """Return a text that stands in the open, and so holds no number of a person."""
    length = validate.Length(1, most, error="长度应为 {min}–{max} 个字符")
    return fields.String(required=True, validate=[length, _names_nobody])


def _names_nobody(value: str) -> None:
    if number_in(value) is not None:
        raise ValidationError("不能写证件号码、卡号或电话号码")


class LearnerForm(Form):
    """A learner of the roster: name and document as on the document."""

    name = text(1, 80, required=True)
    document = text(1, 40, load_default="resident-id")
    number = text(1, 40, required=True)


class NewClassForm(Form):
    """A class with its roster, as its clerk opens it."""

    code = _words(60)
    name = _words(80)
    training_type = text(1, 40, required=True)
    occupation = _words(80)
    occupation_code = text(0, 20, load_default="")
    level = text(1, 20, required=True)
    started_on = text(10, 10, required=True)
    ended_on = text(10, 10, required=True)
    theory_periods = Whole(required=True, validate=_PERIODS)
    practice_periods = Whole(required=True, validate=_PERIODS)
    learners = fields.List(fields.Nested(LearnerForm), required=True, validate=validate.Length(1, 200))


class LearnersForm(Form):
    """Latecomers of a class."""

    learners = fields.List(fields.Nested(LearnerForm), required=True, validate=validate.Length(1, 200))


class RemoveLearnerForm(Form):
    """Who leaves the roster."""

    learner_id = Identifier(required=True)


class AssignForm(Form):
    """A teacher and the days for which they have the class."""

    staff_id = text(1, 40, required=True)
    from_on = text(10, 10, required=True)
    until_on = text(10, 10, required=True)


class UnassignForm(Form):
    """A teacher whose time with the class ends now."""

    staff_id = text(1, 40, required=True)


class DayForm(Form):
    """A day of attendance: class hours taught, and who was there."""

    on = text(10, 10, required=True)
    theory_periods = Whole(required=True, validate=_DAY_PERIODS)
    practice_periods = Whole(required=True, validate=_DAY_PERIODS)
    present = fields.List(Identifier(), required=True, validate=validate.Length(0, 200))


class MarkForm(Form):
    """Result of one learner; a score out of 100 only where the test was taken."""

    learner_id = Identifier(required=True)
    result = fields.String(required=True, validate=validate.OneOf(tuple(RESULTS)))
    score = text(1, 6, load_default=None, allow_none=True)


class MarksForm(Form):
    """Results of learners; those that are not named keep theirs."""

    marks = fields.List(fields.Nested(MarkForm), required=True, validate=validate.Length(1, 200))


class NoteForm(Form):
    """Why a sheet goes back, or a class ends."""

    note = _words(400)


class ClassRefForm(Form):
    """A class that was opened."""

    class_id = fields.String(required=True)


class TaughtForm(Form):
    """A class without its learners."""

    class_id = Identifier(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    training_type = fields.String(required=True)
    occupation = fields.String(required=True)
    occupation_code = fields.String(required=True)
    level = fields.String(required=True)
    started_on = fields.String(required=True)
    ended_on = fields.String(required=True)
    theory_periods = fields.Integer(required=True)
    practice_periods = fields.Integer(required=True)
    state = fields.String(required=True)
    note = fields.String(required=True)
    learners = fields.Integer(required=True)
    days = fields.Integer(required=True)


class ClassesForm(Form):
    """Classes that whoever asks sees, the newest first."""

    items = fields.List(fields.Nested(TaughtForm), required=True)


class AssignedForm(Form):
    """A teacher's time with the class."""

    staff_id = fields.String(required=True)
    name = fields.String(required=True)
    from_on = fields.String(required=True)
    until_on = fields.String(required=True)
    ended = fields.Boolean(required=True)


class ClassSeatForm(Form):
    """A learner of the sheet, as the institution typed them; of the number the last characters."""

    learner_id = Identifier(required=True)
    name = fields.String(required=True)
    number_tail = fields.String(required=True)
    result = fields.String(required=True)
    score = fields.String(required=True)
    theory_periods = fields.Integer(required=True)
    practice_periods = fields.Integer(required=True)
    over_planned = fields.Boolean(required=True)


class ClassDayForm(Form):
    """A day that was taught."""

    on = fields.String(required=True)
    theory_periods = fields.Integer(required=True)
    practice_periods = fields.Integer(required=True)
    present = fields.List(Identifier(), required=True)


class ClassSheetForm(Form):
    """A class with its teachers, learners and days."""

    taught = fields.Nested(TaughtForm, required=True)
    teachers = fields.List(fields.Nested(AssignedForm), required=True)
    seats = fields.List(fields.Nested(ClassSeatForm), required=True)
    taught_days = fields.List(fields.Nested(ClassDayForm), required=True)
