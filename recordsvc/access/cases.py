"""Case references (案卷号): free text that the worker reads and that stays; it names no person."""

from typing import Any, Final

from marshmallow import ValidationError, fields, validate, validates_schema

from recordsvc.ground.forms import Form
from recordsvc.people.checks import normalise_typed
from recordsvc.people.spotting import number_in

MOST: Final = 80
REFUSED: Final = "不能写姓名、证件号码、卡号或电话号码，本人会看到；请写案卷号，各段用字母或短横隔开"
_PERSONAL: Final = ("name", "number", "document_number", "card")
_LEAST: Final = 2
"""Characters from which what was typed beside a case is looked for in it."""


def _names_nobody(value: str) -> None:
    if number_in(value) is not None:
        raise ValidationError(REFUSED)


def case_ref(*more: validate.Validator) -> fields.String:
    """Return the field of a case reference: 1 to 80 characters, no number of a person."""
    length = validate.Length(1, MOST, error="长度应为 {min}–{max} 个字符")
    return fields.String(required=True, validate=[length, _names_nobody, *more])


class CaseRefForm(Form):
    """A form with a case reference, and perhaps name and number of a person beside it."""

    case_ref = case_ref()

    @validates_schema(skip_on_field_errors=True)
    def _not_the_person(self, data: dict[str, Any], **_kwargs: Any) -> None:
        case = normalise_typed(data["case_ref"])
        typed = (normalise_typed(data[name]) for name in _PERSONAL if data.get(name))
        if any(len(one) >= _LEAST and one in case for one in typed):
            raise ValidationError(REFUSED, "case_ref")
