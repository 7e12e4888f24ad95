"""Plausible age and the retirement ages that move from 2025 on (国务院关于渐进式延迟法定退休年龄的办法)."""

import pytest

from recordsvc.archive.checks import Context, InstitutionFacts, check
from recordsvc.archive.checks_person import full_months, retirement_months
from tests.archive.test_checks import example


@pytest.mark.parametrize(
    ("category", "born_on", "years", "months"),
    [
        ("male", "1964-12-31", 60, 0),
        ("male", "1965-01-01", 60, 1),
        ("male", "1965-04-30", 60, 1),
        ("male", "1965-05-01", 60, 2),
        ("male", "1976-08-31", 62, 11),
        ("male", "1976-09-01", 63, 0),
        ("male", "1999-01-01", 63, 0),
        ("female-55", "1970-01-01", 55, 1),
        ("female-55", "1981-09-01", 58, 0),
        ("female-50", "1975-03-01", 50, 2),
        ("female-50", "1984-11-01", 55, 0),
    ],
)
def test_retirement_age_by_month_of_birth(category: str, born_on: str, years: int, months: int) -> None:
    assert divmod(retirement_months(category, born_on, "2026-01-01"), 12) == (years, months)


def test_before_2025_the_old_ages_hold_for_everybody() -> None:
    ages = [
        retirement_months(category, "1976-09-01", "2024-12-31")
        for category in ("male", "female-55", "female-50")
    ]

    assert ages == [60 * 12, 55 * 12, 50 * 12]


@pytest.mark.parametrize(
    ("born_on", "on", "months"),
    [("1990-02-15", "1990-03-14", 0), ("1990-02-15", "1990-03-15", 1), ("2004-02-29", "2005-02-28", 11)],
)
def test_months_of_life_are_completed_months(born_on: str, on: str, months: int) -> None:
    assert full_months(born_on, on) == months


def codes(born_on: str, sex: str = "male", training_type: str = "employment-skill") -> list[str]:
    record = example()
    record["body"]["training_type"] = training_type
    institution = InstitutionFacts(record["issuer"], (("2015-01-01", None),))
    return [one.code for one in check(record, Context("2024-06-10", institution, born_on, sex))]


@pytest.mark.parametrize(
    ("born_on", "expected"),
    [
        ("2012-05-11", ["too-young"]),
        ("2012-05-10", ["young"]),
        ("2008-05-11", ["young"]),
        ("2008-05-10", []),
        ("1964-05-11", []),
        ("1964-05-10", ["past-retirement"]),
        ("1923-05-11", ["past-retirement"]),
        ("1923-05-10", ["too-old"]),
    ],
)
def test_age_on_the_first_day_of_the_course(born_on: str, expected: list[str]) -> None:
    assert codes(born_on) == expected


def test_school_leavers_may_be_fifteen_in_labour_preparation() -> None:
    assert codes("2009-05-10", training_type="labour-prep") == []
    assert codes("2009-05-11", training_type="labour-prep") == ["young"]


def test_a_woman_is_remarked_only_past_the_later_of_her_two_ages() -> None:
    assert codes("1974-05-10", "female") == []
    assert codes("1969-05-10", "female") == ["past-retirement"]


def test_without_a_birth_date_nothing_is_said_about_age() -> None:
    record = example()
    institution = InstitutionFacts(record["issuer"], (("2015-01-01", None),))

    assert check(record, Context("2024-06-10", institution)) == []
