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


class NoFieldsForm(Form):
    """A button that says everything by itself."""


class PhoneForm(Form):
    """A phone number as typed; what is wrong with it the page says."""

    phone = text(0, 40, load_default="")


class PrintedButtonForm(Form):
    """The letters of a page, ids separated by commas."""

    ids = text(36, 8_000, required=True)


class NoticePageQuery(Form):
    """From behind which notice."""

    cursor = text(1, 200, load_default=None)


class LookedPageQuery(Form):
    """From before which row."""

    before = Identifier(load_default=None)


class PaperPageForm(Form):
    """A paper as uploaded from its page. Empty is read, too, so that the page can say what is missing."""

    kind = text(0, 40, load_default="")
    title = text(0, 2_000, load_default="")
