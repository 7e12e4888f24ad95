"""From a validator's error to words: where a record breaks its schema, in Chinese and English, with a remedy.

Texts come from the table `schema_faults` and the titles in the schemas. They never repeat a value of the
record: values are personal data.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import jsonschema_rs

from recordsvc import dated, published


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """One place where a record breaks its schema; `pointer` is a JSON pointer ("" = all of it)."""

    pointer: str
    code: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


def unknown_type() -> SchemaFault:
    """The fault of a record whose type and version are not published."""
    return _fault("type-unknown", "/type", ("记录类型", "record type"))


_CODES: Final = MappingProxyType(
    {
        "required": "member-missing",
        "additionalProperties": "member-unknown",
        "unevaluatedProperties": "member-unknown",
        "propertyNames": "member-unknown",
        "type": "type",
        "enum": "value",
        "const": "value",
        "pattern": "form",
        "format": "form",
        "minLength": "length",
        "maxLength": "length",
        "minimum": "range",
        "maximum": "range",
        "minItems": "count",
        "maxItems": "count",
        "minProperties": "count",
        "maxProperties": "count",
    }
)
_PLAIN_KEY: Final = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")  # no digits: they may be somebody's number


def list_faults(
    validator: jsonschema_rs.Draft202012Validator, schema: dict[str, Any], value: object, prefix: str
) -> list[SchemaFault]:
    """All faults of `value`, one for each place and code; `prefix` is the pointer of `value` itself."""
    found: dict[tuple[str, str], SchemaFault] = {}
    for error in validator.iter_errors(value):
        for path in _places(error):
            fault = _fault(
                _CODES.get(error.kind.name, "choice"), prefix + _pointer(path), _title(schema, path)
            )
            found.setdefault((fault.pointer, fault.code), fault)
    return list(found.values())


def _places(error: jsonschema_rs.ValidationError) -> list[list[str | int]]:
    """Where the fault is: at the member that is missing or too many, else at the value itself."""
    path = list(error.instance_path)
    if error.kind.name == "required":
        return [[*path, error.kind.as_dict()["property"]]]
    if error.kind.name == "additionalProperties":
        plain = [key for key in error.kind.as_dict()["unexpected"] if _PLAIN_KEY.fullmatch(key)]
        return [[*path, key] for key in plain] or [path]
    return [path]


def _pointer(path: Sequence[str | int]) -> str:
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in path)


def _title(schema: dict[str, Any], path: Sequence[str | int]) -> tuple[str, str]:
    """The field's name in Chinese and English: the title nearest to the end of `path`."""
    title, node = str(schema.get("title", " / ")), [schema]
    for token in path:
        node = _step(node, token)
        title = next((str(one["title"]) for one in node if "title" in one), title)
    zh, _, en = title.partition(" / ")
    return zh, en


def _step(nodes: list[dict[str, Any]], token: str | int) -> list[dict[str, Any]]:
    """The schemas that speak about a child: what stands beside a `$ref` comes before what it points to."""
    found: list[dict[str, Any]] = []
    for node in nodes:
        child = node.get("items") if isinstance(token, int) else node.get("properties", {}).get(token)
        while isinstance(child, dict):
            found.append(child)
            child = _resolve(child["$ref"]) if "$ref" in child else None
    return found


def _resolve(reference: str) -> dict[str, Any]:
    """A `$ref` into the envelope's `$defs`; all references of the record schemas have that form."""
    found: dict[str, Any] = published.schema("envelope.v1.json")["$defs"][reference.rpartition("/")[2]]
    return found


def _fault(code: str, pointer: str, title: tuple[str, str]) -> SchemaFault:
    row = dated.rule("schema_faults", code, dated.OPEN_END)
    return SchemaFault(
        pointer=pointer,
        code=code,
        zh=f"{title[0]}：{row['zh']}",
        en=f"{title[1]}: {row['en']}",
        remedy_zh=str(row["remedy_zh"]),
        remedy_en=str(row["remedy_en"]),
    )
