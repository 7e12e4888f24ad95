"""What an act on a whole archive gives as its ground (办理依据): a code in force, a day that has been."""

import datetime as dt
from typing import TYPE_CHECKING

from recordsvc import dated
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused

if TYPE_CHECKING:
    from recordsvc.house import House


def check(house: "House", table: str, code: str) -> None:
    """Refuse a ground that the dated list does not have today. Raises `FormRefused`."""
    if code not in dated.table(table).on(beijing_date(house.clock.now_ms()).isoformat()):
        raise FormRefused(errors=[{"pointer": "/ground", "code": "value", "detail": "不在现行代码表内"}])


def check_day(house: "House", on: str) -> None:
    """Refuse what is no day, or a day to come. Raises `FormRefused`."""
    today = beijing_date(house.clock.now_ms()).isoformat()
    if not (on <= today and _is_date(on)):
        raise FormRefused(errors=[{"pointer": "/on", "code": "value", "detail": "应为不晚于今天的日期"}])


def _is_date(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
