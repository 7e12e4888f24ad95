"""What comes in and goes out at the doors of notices."""

from marshmallow import fields, validate

from recordsvc.ground.forms import Form, Identifier, text
from recordsvc.ground.paging import page_form


class NoticeForm(Form):
    """A notice: its kind and particulars for programs, and in words; `read_ms` null while unread."""

    id = Identifier(required=True)
    kind = fields.String(required=True)
    params = fields.Dict(keys=fields.String(), required=True)
    at_ms = fields.Integer(required=True)
    read_ms = fields.Integer(allow_none=True, required=True)
    title_zh = fields.String(required=True)
    text_zh = fields.String(required=True)
    title_en = fields.String(required=True)
    text_en = fields.String(required=True)


class OfficeNoticeForm(NoticeForm):
    """A notice of an institution or of desks; `read_by` is who marked it as read for all of them."""

    read_by = fields.String(allow_none=True, required=True)


NoticePageForm = page_form(NoticeForm)
OfficeNoticePageForm = page_form(OfficeNoticeForm)


class ReadForm(Form):
    """Which notices were read; without `ids` all of them."""

    ids = fields.List(Identifier(), load_default=None, validate=validate.Length(1, 1_000))


class OwnProofForm(Form):
    """The worker's own proof, typed at the window; nothing where the worker acts alone."""

    own_pin = text(0, 40, load_default="")
    own_code = text(0, 40, load_default="")
    own_totp = text(0, 20, load_default="")


class NewPhoneForm(OwnProofForm):
    """A mobile number of the mainland, at which the worker is told from now on."""

    phone = text(1, 40, required=True)


class MarkedForm(Form):
    """How many changed."""

    count = fields.Integer(required=True)


class PrintedForm(Form):
    """Which letters of the list were printed."""

    ids = fields.List(Identifier(), required=True, validate=validate.Length(1, 500))
