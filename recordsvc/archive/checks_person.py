"""Plausible age: from working age to statutory retirement, a function of birth and day and never a constant.

国务院关于渐进式延迟法定退休年龄的办法 (from 2025-01-01): men 60 → 63, women 55 → 58 and 50 → 55, one
month at a time by month of birth. The parameters are the dated table `retirement_age`.
"""

from functools import lru_cache
from types import MappingProxyType
from typing import Final

from recordsvc import dated
from recordsvc.archive.checks_case import Case

# Which of the two women's ages holds depends on the post, which no record says: the later one is used.
_LATEST: Final = MappingProxyType({"male": "male", "female": "female-55"})
_GENERAL: Final = "default"


def check_age(case: Case, *, working_life: bool) -> None:
    """The worker's age on the first day. `working_life` adds the remark about retirement (courses only)."""
    born, first = case.context.born_on, case.starts_on
    if born is None or not first:
        return
    window = _window(case.body.get("training_type", _GENERAL), first)
    years = full_months(born, first) // 12
    if years < window["reject_below_years"]:
        case.add("too-young", case.starts_at, window["reject_below_years"])
    elif years < window["usual_from_years"]:
        case.add("young", case.starts_at, window["usual_from_years"])
    elif years > window["reject_above_years"]:
        case.add("too-old", case.starts_at, window["reject_above_years"])
    elif working_life and case.context.sex and retired(_LATEST[case.context.sex], born, first):
        case.add("past-retirement", case.starts_at)


def retirement_months(category: str, born_on: str, on: str) -> int:
    """Statutory retirement age in full months under the rule in force on a day.

    `category`: male, female-55 or female-50. Raises `dated.NoRuleInForce`.
    """
    rule = dated.rule("retirement_age", category, on)
    base: int = rule["base_months"]
    most: int = rule["most_months"]
    if rule["first_birth"] is None:
        return base
    first_year, first_month = map(int, str(rule["first_birth"]).split("-"))
    after = (int(born_on[:4]) - first_year) * 12 + int(born_on[5:7]) - first_month
    return base if after < 0 else min(base + after // rule["births_per_month"] + 1, most)


def retired(category: str, born_on: str, on: str) -> bool:
    """Whether somebody born then has reached the retirement age of that category by the day."""
    return full_months(born_on, on) >= retirement_months(category, born_on, on)


def full_months(born_on: str, on: str) -> int:
    """Completed months of life; dates as YYYY-MM-DD."""
    months = (int(on[:4]) - int(born_on[:4])) * 12 + int(on[5:7]) - int(born_on[5:7])
    return months - (on[8:] < born_on[8:])


@lru_cache(maxsize=4096)
def _window(training_type: str, day: str) -> dated.Row:
    """The age window of a training type, or the general one."""
    view = dated.on("age_window", day)
    return view.get(training_type) or dated.rule("age_window", _GENERAL, day)
