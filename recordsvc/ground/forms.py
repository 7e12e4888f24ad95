"""What a form is made of: marshmallow with the lenient readings taken out (security.md, rows 38 and 39).

Unknown fields are refused, `"5"`, `5.0` and `true` are not 5, and a form answers in Chinese. Fields for JSON
bodies and for query strings differ, since a query string knows only text.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from recordsvc.ground.naming import repeated

_DIGITS = re.compile(r"[0-9]{1,16}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

# marshmallow's own sentences, with the stable code and the Chinese text that go out instead of them.
_SENTENCES = {
    "Missing data for required field.": ("required", "必填"),
    "Unknown field.": ("unknown", "没有这个字段"),
    "Field may not be null.": ("null", "不能为 null"),
    "Invalid input type.": ("type", "类型不正确"),
    "Not a valid string.": ("type", "应为字符串"),
    "Not a valid integer.": ("type", "应为整数"),
    "Not a valid boolean.": ("type", "应为 true 或 false"),
    "Not a valid list.": ("type", "应为数组"),
    "Not a valid mapping type.": ("type", "应为对象"),
    "Not a valid date.": ("value", "应为日期（YYYY-MM-DD）"),
    "Field cannot be blank.": ("value", "不能为空"),
}


class Form(Schema):
    """Base of every form. Fields it does not name are refused, never dropped."""

    class Meta:
        """Refuse unknown fields."""

        unknown = RAISE


class Whole(fields.Integer):
    """An integer of a JSON body."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)


class Truth(fields.Boolean):
    """`true` or `false` of a JSON body; 1, "yes" and the like are refused."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class WholeText(fields.Integer):
    """An integer of a query string or HTML form: 1-16 ASCII digits, no sign, no space."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if not isinstance(value, str) or not _DIGITS.fullmatch(value):
            raise self.make_error("invalid", input=value)
        return int(value)


class Identifier(fields.Field):  # type: ignore[type-arg]  # marshmallow's generic parameter is the inner type
    """A UUID as lower-case text outside and 16 bytes inside."""

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        return None if value is None else str(uuid.UUID(bytes=value))

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bytes:
        if not isinstance(value, str) or not _UUID.fullmatch(value):
            raise ValidationError("应为小写 UUID")
        return uuid.UUID(value).bytes


def text(least: int, most: int, **kwargs: Any) -> fields.String:
    """Return a string field of `least` to `most` characters."""
    return fields.String(
        validate=validate.Length(min=least, max=most, error="长度应为 {min}–{max} 个字符"), **kwargs
    )


def faults(messages: Mapping[Any, Any] | list[Any], place: str = "") -> Iterator[dict[str, str]]:
    """Flatten marshmallow's nested messages to `pointer` (RFC 6901), `code` and `detail` each."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            step = "" if key == "_schema" else "/" + repeated(key)
            yield from faults(inner, place + step)
        return
    for message in messages:
        if isinstance(message, Mapping | list):
            yield from faults(message, place)
        else:
            code, detail = _SENTENCES.get(str(message), ("value", str(message)))
            yield {"pointer": place, "code": code, "detail": detail}
