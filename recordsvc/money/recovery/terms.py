"""Terms of recovery (追回期限), from dated data; what is not laid down is refused."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from recordsvc import dated, workdays
from recordsvc.dated import NoRuleInForce

TABLE: Final = "recovery_terms"
GROUNDS: Final = "recovery_grounds"
WRITE_OFF: Final = "write_off_grounds"
MOST_PCT: Final = 99


@dataclass(frozen=True, slots=True)
class Offset:
    """How much of a later subsidy may be kept back, and of which kinds only with the worker's consent."""

    share_pct: int
    protected: frozenset[str]


def offset(day: str) -> Offset | None:
    """Return how a debt may be kept back from later subsidies; None: the law does not allow it.

    Something of each subsidy is always paid. Raises `NoRuleInForce`.
    """
    row = dated.rule(TABLE, "offset", day)
    share_pct = int(row["share_pct"])
    if not row["allowed"] or not 1 <= share_pct <= MOST_PCT:
        return None
    return Offset(share_pct, frozenset(row["protected"]))


def days(code: str, day: str) -> int:
    """Return a number of days. Raises `NoRuleInForce`."""
    return int(dated.rule(TABLE, code, day)["days"])


def hear_until(day: dt.date) -> dt.date:
    """Return the last day on which a worker who is told today is heard. Raises `NoRuleInForce`."""
    count = days("hear-days", day.isoformat())
    try:
        return workdays.due_on(day, count)
    except NoRuleInForce:
        # Before the next year's calendar is out: never shorter than working days would be.
        return day + dt.timedelta(days=2 * count + 9)


def decide_by(day: dt.date) -> str | None:
    """Return until when officials should decide; None where no calendar says."""
    try:
        return workdays.due_on(day, days("decide-days", day.isoformat())).isoformat()
    except NoRuleInForce:
        return None


def pay_until(day: dt.date, instalments: int) -> dt.date:
    """Return until when the last instalment is to be paid. Raises `NoRuleInForce`."""
    return day + dt.timedelta(days=days("pay-days", day.isoformat()) * instalments)


def most_instalments(day: str) -> int:
    """Return how many instalments there may be. Raises `NoRuleInForce`."""
    return int(dated.rule(TABLE, "instalments", day)["most"])


def ground(code: str, day: str) -> dated.Row | None:
    """Return a ground in force; None: there is no such."""
    return dated.table(GROUNDS).on(day).get(code)


def write_off_ground(code: str, day: str) -> dated.Row | None:
    """Return a ground of writing off in force; None: there is no such."""
    return dated.table(WRITE_OFF).on(day).get(code)


def review_until(day: dt.date) -> dict[str, Any]:
    """Return until when and with whom a decision can be contested. Raises `NoRuleInForce`."""
    row = dated.rule(TABLE, "review-days", day.isoformat())
    return {"until": (day + dt.timedelta(days=int(row["days"]))).isoformat(), "to": str(row["to"])}
