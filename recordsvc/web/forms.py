"""What comes in at the doors of the pages."""

from marshmallow import validate

from recordsvc.ground.forms import Form, Identifier, WholeText, text


class ButtonForm(Form):
    """A button was pressed, on a page that showed a record up to the entry with log index `seen`."""

    seen = WholeText(required=True, validate=validate.Range(0, 2**52))


class ObjectionForm(ButtonForm):
    """An objection as typed. Empty is read, too, so that the page itself can say what is missing."""

    reason = text(0, 40, load_default="")
    text = text(0, 2_000, load_default="")


class ForeignPageForm(Form):
    """Evidence as typed. Empty is read, too, so that the page itself can say what is missing."""

    evidence_kind = text(0, 40, load_default="")
    number = text(0, 80, load_default="")
    province = text(0, 2, load_default="")
    issued_by = text(0, 120, load_default="")
    level = text(0, 12, load_default="")
    awarded_on = text(0, 10, load_default="")
    title = text(0, 120, load_default="")


class LookedPageQuery(Form):
    """From before which row."""

    before = Identifier(load_default=None)
