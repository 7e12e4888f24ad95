"""Notices in words (通知用语): the dated text of a kind, with the few things filled in that it may name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from recordsvc import dated, published
from recordsvc.archive.noticeboard import Notice
from recordsvc.archive.notices import text_of
from recordsvc.ground.ports import beijing_date

if TYPE_CHECKING:
    from recordsvc.house import House

_REASONS: Final = ("revocation_reasons", "contest_reasons")


@dataclass(frozen=True, slots=True)
class Worded:
    """A notice in both languages."""

    title_zh: str
    text_zh: str
    title_en: str
    text_en: str


def worded(house: "House", audience: str, notice: Notice) -> Worded:
    """Put a notice in the words that were in force when it was given. Raises `NoRuleInForce`."""
    text = text_of(audience, notice.kind, notice.at_ms)
    day = beijing_date(notice.at_ms).isoformat()
    zh, en = (_filled(house, notice.params, day, language) for language in ("zh", "en"))
    return Worded(text["title_zh"], text["zh"].format_map(zh), text["title_en"], text["en"].format_map(en))


def _filled(house: "House", params: Mapping[str, Any], day: str, language: str) -> dict[str, str]:
    chinese = language == "zh"
    due = str(params.get("due_on", ""))
    return {
        "count": str(params.get("count", 1)),
        "issuer": _institution(house, str(params.get("issuer", "")), day, chinese=chinese),
        "type": _type(str(params.get("type", "")), chinese=chinese),
        "reason": _reason(str(params.get("reason", "")), language),
        "staff_id": str(params.get("staff_id", "")),
        "case_id": str(params.get("case_id", "")),
        "worker_id": str(params.get("worker_id", "")),
        "articles": str(params.get("articles", ""))
        or ("申领页面写明的理由" if chinese else "the reason told with the claim"),
        "due_on": (_day(due) if chinese else due) or ("规定期限" if chinese else "the legal date"),
    }


def _institution(house: "House", uscc: str, day: str, *, chinese: bool) -> str:
    found = house.institutions.find(uscc) if uscc else None
    name = found.name_on(day) if found is not None else None
    if name:
        return name
    if uscc == house.settings.region:
        return "人社部门" if chinese else "the bureau"
    return "有关单位" if chinese else "an institution"


def _type(name: str, *, chinese: bool) -> str:
    try:
        titles = str(published.schema(f"records/{name}.v1.json")["title"]).partition(" / ")
    except KeyError:
        return "记录" if chinese else "record"
    if not chinese:
        return titles[2].lower()
    return titles[0] if titles[0].endswith("记录") else f"“{titles[0]}”记录"


def _reason(code: str, language: str) -> str:
    rows = (row for table in _REASONS for row in reversed(dated.table(table).rows))
    found = next((row for row in rows if row["code"] == code), None)
    if found is None:
        return "未注明" if language == "zh" else "not given"
    return str(found[language])


def _day(day: str) -> str:
    if not day:
        return ""
    year, month, of_month = day.split("-")
    return f"{year}年{int(month)}月{int(of_month)}日"
