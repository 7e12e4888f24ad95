"""Working days: held day by day against a library that others keep, and closed where a year is not there."""

import datetime as dt

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc import dated
from recordsvc.workdays import due_on, is_working_day

FIRST, LAST = dt.date(2021, 1, 1), dt.date(2026, 12, 31)
DAYS = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


def test_every_day_of_the_table_is_what_the_kept_library_says() -> None:
    differing = [day for day in DAYS if is_working_day(day) != chinese_calendar.is_workday(day)]

    assert differing == []


def test_each_year_names_its_notice() -> None:
    rows = dated.table("working_days").rows

    assert [row["valid_from"][:4] for row in rows] == ["2021", "2022", "2023", "2024", "2025", "2026"]
    assert all(f"〔{int(row['valid_from'][:4]) - 1}〕" in row["notice"] for row in rows)


def test_the_day_it_starts_on_is_not_counted() -> None:
    assert due_on(dt.date(2026, 3, 2), 1) == dt.date(2026, 3, 3)


def test_holidays_are_passed_over_and_make_up_days_count() -> None:
    # National day 2026: 1 to 7 October free, Saturday the 10th worked.
    assert due_on(dt.date(2026, 9, 30), 3) == dt.date(2026, 10, 10)


def test_it_may_start_on_a_free_day() -> None:
    assert due_on(dt.date(2026, 2, 15), 1) == dt.date(2026, 2, 24)


@pytest.mark.parametrize("year", [2020, 2027])
def test_a_year_that_is_not_there_is_closed(year: int) -> None:
    with pytest.raises(dated.NoRuleInForce):
        is_working_day(dt.date(year, 6, 1))


def test_a_term_that_runs_into_such_a_year_is_closed() -> None:
    with pytest.raises(dated.NoRuleInForce):
        due_on(dt.date(2026, 12, 30), 5)


def test_a_term_has_a_day() -> None:
    with pytest.raises(ValueError, match="at least one"):
        due_on(FIRST, 0)


@given(st.sampled_from(DAYS[:-90]), st.integers(1, 40))
def test_a_term_is_as_many_working_days_as_it_says(start: dt.date, count: int) -> None:
    due = due_on(start, count)
    between = [start + dt.timedelta(days=n) for n in range(1, (due - start).days + 1)]

    assert sum(map(chinese_calendar.is_workday, between)) == count
    assert chinese_calendar.is_workday(due)
