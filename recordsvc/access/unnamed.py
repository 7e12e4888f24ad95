"""Words that stay in the open (留存的说明): of proposals and decisions, which outlive whom they are about.

A proposal is kept for good, also when the archive that it was about is erased, and most of its words stand in
the open. So they hold no number of a person, wherever they are kept. Names have no check by which they would
be told from other words.
"""

from typing import Any, Final

from marshmallow import ValidationError, fields, validate

from recordsvc.people.spotting import number_in

REFUSED: Final = "不能写证件号码、卡号或电话号码，这些文字长期留存"


def unnamed(most: int, **kwargs: Any) -> fields.String:
    """Return a string field of 1 to `most` characters that holds no number of a person."""
    length = validate.Length(1, most, error="长度应为 {min}–{max} 个字符")
    return fields.String(validate=[length, _names_nobody], **kwargs)


def _names_nobody(value: str) -> None:
    if number_in(value) is not None:
        raise ValidationError(REFUSED)
