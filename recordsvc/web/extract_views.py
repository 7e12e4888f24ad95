"""An extract in plain Chinese (摘录的显示): what it says of each record, with the labels of the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from recordsvc import dated
from recordsvc.archive import extracts
from recordsvc.archive.formats import Kind
from recordsvc.archive.verify_extract import Extract, Told
from recordsvc.archive.verify_words import LIVES
from recordsvc.web import words
from recordsvc.web.words import Line

_ACTS: Final = {Kind.CORRECT: "更正", Kind.REVOKE: "撤销", Kind.NOTE: "限制处理", Kind.ERASE: "删除"}
_SILENT: Final = {"restricted": "已限制处理的记录", "erased": "已删除的记录"}
"""What a record is called of which nothing may be said."""
_TAIL: Final = "number_tail"


@dataclass(frozen=True, slots=True)
class Shown:
    """One record of an extract: what it is called, its state, when it was entered, and what was chosen."""

    title: str
    state: str
    active: bool
    entered: str
    acts: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A field that may be given, or a preset of them."""

    code: str
    zh: str
    fields: str = ""
    """Of a preset: its fields in words."""


def shown(extract: Extract) -> list[Shown]:
    """Return the records of an extract as they are shown."""
    return [_shown(told) for told in extract.records]


def fields_on(day: str) -> list[Choice]:
    """Return the fields that may be chosen on a day."""
    view = dated.table(extracts.FIELDS).on(day)
    return [Choice(str(row["code"]), str(row["zh"])) for row in view.rows]


def presets_on(day: str) -> list[Choice]:
    """Return the presets of a day, the least first."""
    view = dated.table(extracts.PRESETS).on(day)
    return [Choice(str(row["code"]), str(row["zh"]), named(row["fields"])) for row in view.rows]


def named(fields: tuple[str, ...] | list[str] | None) -> str:
    """Return fields in words; what is given where a consent names none."""
    if fields is None:
        return "整份记录（签名原文）"
    return "、".join(words.code(extracts.FIELDS, one) for one in fields)


def _shown(told: Told) -> Shown:
    said = told.said
    marks = [LIVES.get(said["state"], (said["state"],))[0]]
    if said["confirmation"] in ("confirmed", "contested"):
        marks.append(LIVES[said["confirmation"]][0])
    if said["needs_reconfirmation"]:
        marks.append(LIVES["needs-reconfirmation"][0])
    return Shown(
        _SILENT.get(said["state"]) or (words.type_title(said["type"]) if said["type"] else "未公开的记录"),
        "、".join(marks),
        said["state"] == "active",
        words.instant(told.entry.leaf.ms),
        tuple(f"{_ACTS[act.leaf.kind]}：{words.instant(act.leaf.ms)}" for act in told.acts),
        (
            *_envelope(said["values"]),
            *(words.lines(said["type"], 1, body) if (body := _body(said["values"])) else ()),
        ),
    )


def _envelope(values: Mapping[str, Any]) -> tuple[Line, ...]:
    labels = {
        "/worker/name": "姓名",
        "/worker/document": "证件类型",
        "/worker/number": "证件号码",
        _TAIL: "证件号码后四位",
        "/issuer": "签发单位代码",
        "/issued_on": "签发日期",
    }
    return tuple(
        Line(zh, _value(member, values[member])) for member, zh in labels.items() if member in values
    )


def _value(member: str, value: Any) -> str:
    if member == "/worker/document":
        return words.code("identity_documents", str(value))
    return words.day(str(value)) if member == "/issued_on" else str(value)


def _body(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of the body that these pointers name."""
    body: dict[str, Any] = {}
    for member, value in values.items():
        steps = member.split("/")[1:]
        if not steps or steps[0] != "body":
            continue
        at = body
        for step in steps[1:-1]:
            at = at.setdefault(step, {})
        at[steps[-1]] = value
    return body
