"""What a person would call a record (标题): title, level, when, the facts worth a line on a card. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from recordsvc.web import words

Body = Mapping[str, Any]

_ENDS: Final = (
    "ended_on",
    "assessed_on",
    "awarded_on",
    "granted_on",
    "valid_from",
    "started_on",
    "checked_on",
)
"""Members that date the event itself, the most telling first."""


def title(record_type: str, body: Body) -> str:
    """What a person would call it."""
    occupation = body.get("occupation")
    if record_type == "safety-permit":
        return " · ".join(str(body[name]) for name in ("category", "item") if name in body)
    if record_type == "award":
        return " · ".join(str(body[name]) for name in ("competition", "event") if name in body)
    if record_type == "group-membership" and "group" in body:
        return words.code("worker_groups", str(body["group"]))
    for name in ("project", "title"):
        if name in body:
            return str(body[name])
    if isinstance(occupation, Mapping):
        return " · ".join(str(occupation[name]) for name in ("name", "work_type") if name in occupation)
    return ""


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
    first = body.get("started_on") or body.get("valid_from")
    last = body.get("ended_on") or body.get("valid_to")
    if first and last:
        return f"{words.day(str(first))} – {words.day(str(last))}"
    if first:
        return f"{words.day(str(first))} 起"
    return words.day(event_day(body))


def event_day(body: Body) -> str:
    """Return the day that dates the event (YYYY-MM-DD), "" when the body names none."""
    certificate = body.get("certificate")
    printed = certificate.get("issued_on", "") if isinstance(certificate, Mapping) else ""
    return next((str(body[name]) for name in _ENDS if name in body), str(printed))
