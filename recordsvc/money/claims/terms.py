"""Who signs and how long things take (环节与期限), from dated data; what is not laid down is refused."""

import datetime as dt
from typing import Any, Final

from recordsvc import dated, workdays
from recordsvc.dated import NoRuleInForce
from recordsvc.money.rules.entitlements import KINDS

TABLE: Final = "claim_terms"
LEAST: Final = 2
"""Fewer people than these never sign."""


def steps(day: str, amount_fen: int) -> tuple[str, ...]:
    """Return the events that are signatures, in order, for an amount. Raises `NoRuleInForce`."""
    rows = dated.rule(TABLE, "steps", day)["steps"]
    found = tuple(str(one["event"]) for one in rows if amount_fen > one["over_fen"])
    if len(found) < LEAST or found[:LEAST] != ("accept", "review"):
        raise NoRuleInForce(TABLE, "steps", day)
    return found


def kind(code: str, day: str) -> dated.Row:
    """Return a kind that can be claimed on a day. Raises `NoRuleInForce`."""
    return dated.rule(KINDS, code, day)


def kinds(day: str) -> dict[str, dated.Row]:
    """Return every kind that can be claimed on a day, by code."""
    return dict(dated.on(KINDS, day).by_code)


def event_of(code: str, record_type: str) -> str:
    """Return which amount of its rule a kind asks for on a record of a type; empty: the rule has one only."""
    row = dated.table(KINDS).on(dated.OPEN_END).get(code)
    return "" if row is None else str(row.get("events", {}).get(record_type, ""))


def count(code: str, day: str) -> int:
    """Return a number of things. Raises `NoRuleInForce`."""
    return int(dated.rule(TABLE, code, day)["count"])


def days(code: str, day: str) -> int:
    """Return a number of days. Raises `NoRuleInForce`."""
    return int(dated.rule(TABLE, code, day)["days"])


def due(day: dt.date, state: str) -> str | None:
    """Return until when a claim should leave a state; None where no calendar says (never a guess)."""
    on = day.isoformat()
    try:
        given = dated.rule(TABLE, "state-days", on)["by_state"].get(state)
        return workdays.due_on(day, int(given or days("work-days", on))).isoformat()
    except NoRuleInForce:
        return None


def raised_to(owner: str, day: str) -> str:
    """Return to which role an overdue step is reported; empty: to nobody. Raises `NoRuleInForce`."""
    return str(dated.rule(TABLE, "escalation", day)["to"].get(owner, ""))


def again_on(day: dt.date) -> str:
    """Return after which Beijing day a report of `day` goes one further. Raises `NoRuleInForce`."""
    given = int(dated.rule(TABLE, "escalation", day.isoformat())["again_days"])
    return workdays.due_on(day, given).isoformat()


def review_until(day: dt.date) -> dict[str, Any]:
    """Return until when and with whom a refusal can be contested. Raises `NoRuleInForce`."""
    row = dated.rule(TABLE, "review-days", day.isoformat())
    return {"until": (day + dt.timedelta(days=int(row["days"]))).isoformat(), "to": str(row["to"])}
