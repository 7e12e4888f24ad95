"""Courses (training-completion, enrolment, enrolment-outcome): time against days, time against the plan.

Minutes and days are checked in integers; the day's maximum and the conventions are dated rules.
"""

from collections.abc import Mapping
from itertools import pairwise

from recordsvc.archive.checks_case import Case, day_number, hundredths, limit

_LIMITS = "plausibility_limits"


def check_course(case: Case) -> None:
    """Everything a course must satisfy beyond its schema. Expects `starts_on` and `ends_on`."""
    _length(case)
    _days(case)
    _attended(case)
    _planned(case)
    if "assessed_on" in case.body and case.body["assessed_on"] < case.starts_on:
        case.add("assessed-before-start", "/body/assessed_on")


def check_completion(case: Case) -> None:
    """Score and result should agree; the centre's own pass mark may differ, so it is only a remark.

    Who completed a course whose attended time is not stated was there for the plan: it must fit too.
    """
    if "attended" not in case.body:
        _fits(case, "planned", _calendar_days(case))
    score, result = case.body.get("score"), case.body["result"]
    if score is None or result == "not-assessed":
        return
    mark = limit(_LIMITS, "pass-mark", case.ends_on)
    if (hundredths(score) >= mark * 100) != (result == "passed"):
        case.add("score-against-result", "/body/score", mark)


def check_enrolment(case: Case) -> None:
    """The planned end lies behind the start, and not too far."""
    if case.body["ends_on"] < case.starts_on:
        case.add("ends-before-start", "/body/ends_on")
        return
    most = limit(_LIMITS, "course-days", case.starts_on)
    if day_number(case.body["ends_on"]) - day_number(case.starts_on) >= most:
        case.add("course-too-long", "/body/ends_on", most)


def check_outcome(case: Case) -> None:
    """Whoever is transferred goes somewhere else."""
    to = case.body.get("transferred_to")
    if to and (to["institution"]["uscc"], to["class"]["code"]) == (
        case.body["institution"]["uscc"],
        case.body["class"]["code"],
    ):
        case.add("transfer-to-itself", "/body/transferred_to/class/code")


def total(hours: Mapping[str, int]) -> int:
    """Theory, practice and online minutes together."""
    return hours["theory_minutes"] + hours["practice_minutes"] + hours["online_minutes"]


def _length(case: Case) -> None:
    most = limit(_LIMITS, "course-days", case.ends_on)
    if day_number(case.ends_on) - day_number(case.starts_on) >= most:
        case.add("course-too-long", "/body/ended_on", most)


def _days(case: Case) -> None:
    """Attended days: within the course, in order, each once. Text order of dates is their order."""
    days = case.body.get("attended_on")
    if not days:
        return
    for index, (earlier, later) in enumerate(pairwise(days), start=1):
        if earlier >= later:
            case.add("attended-days-order", f"/body/attended_on/{index}")
            return
    if days[0] < case.starts_on:
        case.add("attended-day-outside", "/body/attended_on/0")
    if days[-1] > case.ends_on:
        case.add("attended-day-outside", f"/body/attended_on/{len(days) - 1}")


def _attended(case: Case) -> None:
    """Attended minutes must fit into the attended days, or into the course's days where none are listed."""
    hours, days = case.body.get("attended"), case.body.get("attended_on")
    if hours is None:
        case.add("attendance-not-stated", "/body/attended")
        return
    room = _calendar_days(case) if days is None else len(days)
    if _fits(case, "attended", room) and days and not total(hours):
        case.add("days-without-minutes", "/body/attended")


def _calendar_days(case: Case) -> int:
    return max(day_number(case.ends_on) - day_number(case.starts_on) + 1, 0)


def _fits(case: Case, member: str, room: int) -> bool:
    """Minutes with a teacher must fit into `room` days, all together with online ones into the calendar's."""
    hours = case.body.get(member)
    if hours is None:
        return True
    present = hours["theory_minutes"] + hours["practice_minutes"]
    a_day = limit(_LIMITS, "minutes-a-day", case.ends_on)
    if present > room * a_day:
        case.add("too-many-minutes-a-day", f"/body/{member}", a_day)
        return False
    everything = present + hours["online_minutes"]
    online_a_day = limit(_LIMITS, "online-minutes-a-day", case.ends_on)
    if everything > _calendar_days(case) * online_a_day:
        case.add("too-many-minutes-a-day", f"/body/{member}/online_minutes", online_a_day)
        return False
    return True


def _planned(case: Case) -> None:
    body = case.body
    if "planned" not in body:
        return
    planned = total(body["planned"])
    if not planned:
        case.add("no-planned-time", "/body/planned")
        return
    if "attended" in body and total(body["attended"]) > planned:
        case.add("attended-over-planned", "/body/attended")
    if "minutes_per_period" not in body:
        return
    usual = limit("hours_conventions", "minutes-per-period", case.starts_on)
    if body["minutes_per_period"] != usual:
        case.add("period-unusual", "/body/minutes_per_period", usual)
    if body.get("declared_periods", 0) * body["minutes_per_period"] not in (0, planned):
        case.add("hours-mismatch", "/body/declared_periods")
