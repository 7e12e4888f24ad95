"""What a card says of a record in words (卡片用语): level, when, the facts worth a line. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from recordsvc.archive import headings
from recordsvc.web import words

Body = Mapping[str, Any]


def level(body: Body) -> str:
    """Return the level in words, "" where there is none."""
    found = body.get("level")
    return "" if found in (None, "0") else words.code("levels", str(found))


_SHOWN: Final = (
    "class",
    "result",
    "outcome",
    "score",
    "certificate",
    "prize",
    "place",
    "scheme",
    "review_due_on",
    "matter",
)
"""Members worth showing on a card; the detail page has them all."""


def details(record_type: str, version: int, body: Body) -> Iterable[tuple[str, str]]:
    """Return label and value of what is worth showing at a glance."""
    shown = {name: body[name] for name in _SHOWN if name in body}
    for name, inside, label in (("class", "name", "班级"), ("certificate", "number", "证书编号")):
        found = shown.pop(name, None)
        if isinstance(found, Mapping):
            yield label, str(found.get(inside) or found.get("code", ""))
    for line in words.lines(record_type, version, shown):
        yield line.label, line.value
    hours = body.get("attended") or body.get("hours") or body.get("planned")
    if isinstance(hours, Mapping):
        label = "实际学时" if "attended" in body else "学时" if "hours" in body else "计划学时"
        yield label, _periods(sum(hours.values()), body.get("minutes_per_period"))


def _periods(minutes: int, per_period: Any) -> str:
    time = words.duration(minutes)
    if isinstance(per_period, int) and per_period and minutes % per_period == 0:
        return f"{time}（{minutes // per_period} 课时）"
    return time


def period(body: Body) -> str:
    """When it happened: one day, or from – to."""
    first, last = headings.span(body)
    if first and last:
        return f"{words.day(first)} – {words.day(last)}"
    if first:
        return f"{words.day(first)} 起"
    return words.day(headings.event_day(body))
