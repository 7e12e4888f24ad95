"""Training days in Beijing dates: no Sundays, no public holidays, no classes in the spring of 2020."""

import datetime as dt
from collections.abc import Iterator

_SPRING_FESTIVAL = {
    2019: "02-05", 2020: "01-25", 2021: "02-12", 2022: "02-01", 2023: "01-22", 2024: "02-10", 2025: "01-29",
    2026: "02-17", 2027: "02-06", 2028: "01-26", 2029: "02-13", 2030: "02-03",
}  # fmt: skip
"""First day of the first lunar month (春节)."""
_FIXED = {(1, 1), (4, 4), (4, 5), (5, 1), (5, 2), (5, 3), *((10, day) for day in range(1, 8))}
_EPIDEMIC = (dt.date(2020, 1, 24), dt.date(2020, 4, 20))
_SUNDAY = 6


def is_training_day(day: dt.date, *, online: bool = False) -> bool:
    """Say whether a class may meet; online classes also met in the spring of 2020."""
    if day.weekday() == _SUNDAY or (day.month, day.day) in _FIXED:
        return False
    festival = _SPRING_FESTIVAL.get(day.year)
    if festival is not None:
        first = dt.date.fromisoformat(f"{day.year}-{festival}")
        if -1 <= (day - first).days <= 14:  # migrant workers are home, schools are shut
            return False
    return online or not _EPIDEMIC[0] <= day <= _EPIDEMIC[1]


def training_days(start: dt.date, count: int, *, online: bool = False) -> tuple[dt.date, ...]:
    """Return the first `count` training days from `start` on."""
    days: list[dt.date] = []
    day = start
    while len(days) < count:
        if is_training_day(day, online=online):
            days.append(day)
        day += dt.timedelta(1)
    return tuple(days)


def next_training_day(day: dt.date) -> dt.date:
    """Return that day, or the next one on which a class may meet."""
    return training_days(day, 1)[0]


def quarters(first_year: int, today: dt.date) -> Iterator[dt.date]:
    """Yield the first day of each quarter up to today's."""
    for year in range(first_year, today.year + 1):
        for month in (1, 4, 7, 10):
            if (day := dt.date(year, month, 1)) <= today:
                yield day


def quarter_of(day: dt.date) -> dt.date:
    """Return the first day of the quarter a day lies in."""
    return dt.date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
