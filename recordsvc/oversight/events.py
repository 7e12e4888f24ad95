"""Public events that nobody here decides (公共随机源): a lottery's issue, its hour, its result's form."""

import datetime as dt
import itertools
import re
from dataclasses import dataclass
from typing import Any, Final

from recordsvc import dated
from recordsvc.ground.ports import beijing_date, beijing_ms
from recordsvc.oversight.errors import DrawRefused
from recordsvc.oversight.subjects import rule

EVENTS: Final = "draw_events"
_DAY: Final = dt.timedelta(days=1)
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Event:
    """An event that has not happened when it is named: source, issue, UTC instant; and the terms after it."""

    source: str
    issue: str
    at_ms: int
    reveal_by_ms: int
    opens_on: str


def named(source: str, issue: str, on: str, opens_on: str | None, now_ms: int) -> Event:
    """Return a future event with its terms. Raises `DrawRefused`, `NoRuleInForce`."""
    today = beijing_date(now_ms)
    row = dated.on(EVENTS, today.isoformat()).get(source)
    if row is None:
        raise refused("/source", "没有这种公共事件")
    if not re.fullmatch(row["issue"], issue):
        raise refused("/issue", "期号格式不对，例如 2026140")
    day = _day(on, "/event_on")
    if day.weekday() not in row["weekdays"]:
        raise refused("/event_on", "这一天不开奖")
    hour, minute = map(int, row["at"].split(":"))
    at_ms = beijing_ms(day) + (hour * 60 + minute) * _MINUTE_MS
    if at_ms < now_ms + rule("lead-minutes", today.isoformat()) * _MINUTE_MS:
        raise refused("/event_on", "公共事件须在承诺之后：离开奖不足规定的时间，或已经开奖")
    if day > today + _DAY * rule("ahead-days", today.isoformat()):
        raise refused("/event_on", "公共事件太远")
    opens = day if opens_on is None else _day(opens_on, "/opens_on")
    if not day <= opens <= day + _DAY * rule("open-days", today.isoformat()):
        raise refused("/opens_on", "公开日应在公共事件当日或之后、规定的天数之内")
    reveal_by = day + _DAY * (rule("reveal-days", today.isoformat()) + 1)
    return Event(source, issue, at_ms, beijing_ms(reveal_by), opens.isoformat())


def result(source: str, value: str, day: str) -> str:
    """Return an event's result as it enters the seed: single spaces, nothing else changed.

    Raises `DrawRefused` where it cannot be a result of this event.
    """
    row = _known(source, day)
    found = " ".join(value.split())
    if not re.fullmatch(row["value"], found):
        raise refused("/value", f"结果的写法应如 {row['example']}")
    numbers = found.partition("+")[0].split()
    if row["ascending"] and any(a >= b for a, b in itertools.pairwise(numbers)):
        raise refused("/value", f"号码应从小到大、互不相同，例如 {row['example']}")
    return found


def name(source: str) -> str:
    """Return what an event is called in Chinese, also of a source no longer offered."""
    found = [str(row["zh"]) for row in dated.table(EVENTS).rows if row["code"] == source]
    return found[-1] if found else source


def refused(pointer: str, detail: str) -> DrawRefused:
    """Return the problem of one field."""
    return DrawRefused(errors=[{"pointer": pointer, "code": "value", "detail": detail}])


def _known(source: str, day: str) -> Any:
    """Return a source as it was when the draw was committed."""
    row = dated.on(EVENTS, day).get(source)
    if row is None:
        raise dated.NoRuleInForce(EVENTS, source, day)
    return row


def _day(text: str, pointer: str) -> dt.date:
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        raise refused(pointer, "应为日期（YYYY-MM-DD）") from None
    if found.isoformat() != text:
        raise refused(pointer, "应为日期（YYYY-MM-DD）")
    return found
