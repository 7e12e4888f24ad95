"""Working days (工作日): Monday to Friday, less the year's holidays, and the make-up days at weekends.

The State Council's yearly notice is a row of the dated table `working_days`. A year whose notice is not there
has no working days to count: `NoRuleInForce`, never a guess from weekdays.
"""

import datetime as dt
from functools import lru_cache
from typing import Final

from recordsvc import dated

TABLE: Final = "working_days"
_SATURDAY: Final = 5
_DAY: Final = dt.timedelta(days=1)


def is_working_day(day: dt.date) -> bool:
    """Tell whether offices work on a Beijing date. Raises `NoRuleInForce` for a year without its notice."""
    free, made_up = _year(day.year)
    return day in made_up or (day.weekday() < _SATURDAY and day not in free)


def due_on(start_on: dt.date, working_days: int) -> dt.date:
    """Return the last day of a term of `working_days` (1 or more); the day it starts on is not counted.

    Raises `NoRuleInForce` when the term runs into a year without its notice.
    """
    if working_days < 1:
        raise ValueError("a term has at least one working day")
    day, left = start_on, working_days
    while left:
        day += _DAY
        left -= is_working_day(day)
    return day


@lru_cache(maxsize=64)
def _year(year: int) -> tuple[frozenset[dt.date], frozenset[dt.date]]:
    """Return a year's holidays and its make-up days."""
    row = dated.rule(TABLE, "calendar", f"{year:04d}-01-01")
    free: set[dt.date] = set()
    for holiday in row["holidays"]:
        day, last = dt.date.fromisoformat(holiday["first"]), dt.date.fromisoformat(holiday["last"])
        while day <= last:
            free.add(day)
            day += _DAY
    return frozenset(free), frozenset(dt.date.fromisoformat(day) for day in row["make_up"])
