"""What a person would call a record, and when it was (名称与日期): by its type and body. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from recordsvc import dated

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
        return _group(str(body["group"]))
    for name in ("project", "title"):
        if name in body:
            return str(body[name])
    if isinstance(occupation, Mapping):
        return " · ".join(str(occupation[name]) for name in ("name", "work_type") if name in occupation)
    return ""


def event_day(body: Body) -> str:
    """Return the day that dates the event (YYYY-MM-DD), "" when the body names none."""
    certificate = body.get("certificate")
    printed = certificate.get("issued_on", "") if isinstance(certificate, Mapping) else ""
    return next((str(body[name]) for name in _ENDS if name in body), str(printed))


def span(body: Body) -> tuple[str, str]:
    """Return the first and the last day (YYYY-MM-DD), each "" where the body names none."""
    first = body.get("started_on") or body.get("valid_from")
    last = body.get("ended_on") or body.get("valid_to")
    return str(first or ""), str(last or "")


def _group(value: str) -> str:
    rows = reversed(dated.table("worker_groups").rows)
    return next((str(row["zh"]) for row in rows if row["code"] == value), value)
