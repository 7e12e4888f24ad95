"""What comes in and goes out at the doors on auditors' packs."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from recordsvc.access.cases import CaseRefForm
from recordsvc.ground.forms import Form, Identifier, Truth, Whole, text


class SelectionForm(Form):
    """Named workers, or log indexes [first, last] with what else must fit; Beijing dates of issue."""

    workers = fields.List(Identifier(), load_default=list, validate=validate.Length(0, 5_000))
    first = Whole(load_default=None)
    last = Whole(load_default=None)
    institution = text(18, 18, load_default=None)
    type = text(1, 40, load_default=None)
    since = fields.Date(load_default=None)
    until = fields.Date(load_default=None)

    @validates_schema
    def _one_way(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if bool(data.get("workers")) == (data.get("first") is not None):
            raise ValidationError("workers 与日志范围应当只填一项")


class PackForm(CaseRefForm):
    """A pack to be proposed; `whole`: bundles with full numbers, where the case needs them."""

    auditor = text(1, 40, required=True)
    reason = text(1, 400, required=True)
    selection = fields.Nested(SelectionForm, required=True)
    whole = Truth(load_default=False)


class PackLineForm(Form):
    """A pack and how far it is made."""

    pack_id = Identifier(required=True)
    auditor = fields.String(required=True)
    case_ref = fields.String(required=True)
    state = fields.String(required=True)
    workers = Whole(required=True)
    done = Whole(required=True)
    omitted = Whole(required=True)
    approved_ms = Whole(required=True)
    expires_ms = Whole(required=True)
    fetched = Whole(required=True)


class PacksForm(Form):
    """Packs, the newest first."""

    items = fields.List(fields.Nested(PackLineForm), required=True)
