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


class LookedPageQuery(Form):
    """From before which row."""

    before = Identifier(load_default=None)


class MessagePageForm(Form):
    """More to say on an objection. Empty is read, too, so that the page itself can say what is missing."""

    text = text(0, 2_000, load_default="")
