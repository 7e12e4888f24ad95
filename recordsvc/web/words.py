"""Signed content in plain Chinese (中文字段名): labels, code words and dates, from schemas and dated tables.

Nothing here knows a record type. A label is the title of its property in `schemas/`; a code's word stands in
the dated table that the property's description names (代码表 …); the word of a fixed value stands in that
description itself ("passed 合格、failed 不合格"). A test walks every schema and fails where one is missing.
"""

import datetime as dt
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from recordsvc import dated, published
from recordsvc.ground.ports import BEIJING

Node = Mapping[str, Any]

_ENVELOPE: Final = "envelope.v1.json"
_TABLE: Final = re.compile(r"代码表 (\w+)")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TABLE_BY_NAME: Final = {
    "level": "levels",
    "edition": "occupation_editions",
    "province": "certificate_provinces",
}
"""Codes whose descriptions do not name their table."""
_LABEL_BY_NAME: Final = {"province": "省份", "issued_on": "签发日期"}
"""What a code is called where its word is shown, and a member whose schema gives it no title."""
_WORD_BY_NAME: Final = {("country", "CHN"): "中国"}
"""Words of codes that have no table here: of other countries the code stays."""


@dataclass(frozen=True, slots=True)
class Line:
    """One member in words: its label, and its value or the lines inside it."""

    label: str
    value: str = ""
    inner: tuple["Line", ...] = ()


def type_title(record_type: str, version: int = 1) -> str:
    """Return what a record type is called; the bare name of a type that is not published."""
    try:
        return _chinese(_schema(record_type, version)["title"])
    except KeyError:
        return record_type


def lines(record_type: str, version: int, body: Mapping[str, Any]) -> tuple[Line, ...]:
    """Return a body in words, in the order of its schema."""
    return _object(_body(record_type, version), body)


def changed(
    record_type: str, version: int, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[tuple[str, str, str], ...]:
    """Return what differs between two bodies as (label, old, new); "" where there was or is nothing."""
    old = dict(_leaves(lines(record_type, version, before)))
    new = dict(_leaves(lines(record_type, version, after)))
    places = [*old, *(place for place in new if place not in old)]
    return tuple(
        (place, old.get(place, ""), new.get(place, ""))
        for place in places
        if old.get(place) != new.get(place)
    )


def code(table: str, value: str, otherwise: str | None = None) -> str:
    """Return the Chinese word of a code, whenever it held; without one `otherwise` or the code itself."""
    found = next((row for row in reversed(dated.table(table).rows) if row["code"] == value), None)
    if found is None:
        return value if otherwise is None else otherwise
    return str(found["zh"])


def day(value: str) -> str:
    """Write YYYY-MM-DD as 2024年6月3日; anything else stays as it is."""
    if not _DATE.fullmatch(value):
        return value
    year, month, of_month = value.split("-")
    return f"{year}年{int(month)}月{int(of_month)}日"


def instant(ms: int) -> str:
    """Write a UTC instant (ms) as Beijing time to the minute: 2024年6月3日 14:05."""
    at = dt.datetime.fromtimestamp(ms / 1000, BEIJING)
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


def yuan(fen: int) -> str:
    """Return an amount of fen as people read it: ``1,234.50 元``; exact, without floating point."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'−' if fen < 0 else ''}{whole:,}.{rest:02} 元"


def duration(minutes: int) -> str:
    """Write minutes as hours: 45 小时 15 分."""
    hours, rest = divmod(minutes, 60)
    return " ".join(
        part for part in (f"{hours} 小时" if hours else "", f"{rest} 分" if rest or not hours else "") if part
    )


def masked(number: str) -> str:
    """Return the last four characters of a number: more would tell region and birth date."""
    return "尾号 " + number[-4:] if len(number) > 6 else "••••"


# -- schemas


@cache
def _schema(record_type: str, version: int) -> Node:
    return published.schema(f"records/{record_type}.v{version}.json")


def _body(record_type: str, version: int) -> Node:
    try:
        found: Node = _schema(record_type, version)["properties"]["body"]
    except KeyError:
        return {}
    return found


def _resolve(node: Node) -> Node:
    """Follow a reference into the envelope; what stands beside it says it more exactly and wins."""
    name = str(node.get("$ref", "")).rpartition("/$defs/")[2]
    if not name:
        return node
    target = _resolve(published.schema(_ENVELOPE)["$defs"][name])
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def _chinese(title: str) -> str:
    return title.partition(" / ")[0]


def _label(name: str, node: Node) -> str:
    label = _LABEL_BY_NAME.get(name) or _chinese(str(node.get("title", name)))
    # Minutes are shown as hours and minutes.
    return label.removesuffix("分钟") if name.endswith("_minutes") else label


# -- values


def _object(node: Node, value: Mapping[str, Any]) -> tuple[Line, ...]:
    known: Mapping[str, Node] = node.get("properties", {})
    names = [name for name in known if name in value] + [name for name in value if name not in known]
    return tuple(_member(name, _resolve(known.get(name, {})), value[name]) for name in names)


def _member(name: str, node: Node, value: Any) -> Line:
    label = _label(name, node)
    if isinstance(value, Mapping):
        return Line(label, inner=_object(node, value))
    if isinstance(value, list):
        return _list(label, _resolve(node.get("items", {})), value)
    return Line(label, _scalar(name, node, value))


def _list(label: str, item: Node, values: list[Any]) -> Line:
    if all(isinstance(one, Mapping) for one in values):
        inner = (
            Line(f"{_label('', item)} {at}", inner=_object(item, one)) for at, one in enumerate(values, 1)
        )
        return Line(label, inner=tuple(inner))
    return Line(label, "、".join(_scalar("", item, one) for one in values) + f"（共 {len(values)} 项）")


def _scalar(name: str, node: Node, value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int):
        return duration(value) if name.endswith("_minutes") else str(value)
    text = str(value)
    if (name, text) in _WORD_BY_NAME:
        return _WORD_BY_NAME[name, text]
    about = _chinese(str(node.get("description", "")))
    table = _TABLE_BY_NAME.get(name) or (found[1] if (found := _TABLE.search(about)) else None)
    if table is not None:
        return code(table, text)
    if "enum" in node:
        return word_in(about, text)
    return day(text)


def word_in(description: str, value: str) -> str:
    """Return the word that a description gives for one of its fixed values; without one the value itself."""
    found = re.search(rf"(?<![\w-]){re.escape(value)} ([^\s、，；：。（）]+)", description)
    return found[1] if found else value


def _leaves(found: tuple[Line, ...], above: str = "") -> Iterator[tuple[str, str]]:
    for line in found:
        place = f"{above} · {line.label}" if above else line.label
        if line.inner:
            yield from _leaves(line.inner, place)
        else:
            yield place, line.value


def uuid_text(value: bytes) -> str:
    """Write 16 bytes as a UUID."""
    return str(uuid.UUID(bytes=value))
