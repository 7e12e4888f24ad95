"""What comes in at the doors of the pages."""

from recordsvc.ground.forms import Form, Identifier, text


class ButtonForm(Form):
    """A button was pressed; nothing but what proves on which page."""


class ObjectionForm(Form):
    """An objection as typed. Empty is read, too, so that the page itself can say what is missing."""

    reason = text(0, 40, load_default="")
    text = text(0, 2_000, load_default="")


class LookedPageQuery(Form):
    """From before which row."""

    before = Identifier(load_default=None)
