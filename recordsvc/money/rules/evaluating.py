"""Conditions as functions of the facts, built once for each stretch of days. Speed bends the style here.

Three values (PASS, FAIL, UNKNOWN): what misses a fact is unknown, unless it comes out the same whatever the
fact is. Each function returns its result with every comparison it made.
"""

import datetime as dt
import operator
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from recordsvc import dated, workdays
from recordsvc.money.rules.conditions import COMPARE, PRIOR, Condition, Operand
from recordsvc.money.rules.decision import FAIL, PASS, UNKNOWN, Step
from recordsvc.money.rules.params import Missing, NoStandard, ParamRow, Values

Evaluated = tuple[str, tuple[Step, ...]]
Check = Callable[[Values], Evaluated]
Getter = Callable[[Values], Any]
"""A value of a case; None: missing."""

_NO_STEPS: Final[tuple[Step, ...]] = ()
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
}


def build(condition: Condition, params: Mapping[str, ParamRow], basis: str) -> Check:
    """Return a condition as a function; `basis` is the fact whose year `year` means."""
    op = condition.op
    if condition.inner:
        parts = [build(one, params, basis) for one in condition.inner]
        return _negated(parts[0]) if op == "not" else _joined(parts, FAIL if op == "all" else PASS)
    if op in COMPARE:
        return _compare(condition, params)
    if op in PRIOR:
        return _quota(condition, params, basis) if op == "quota" else _none_paid(condition, basis)
    special = {"in": _within, "between_days": _between_days, "within_months": _within_months}
    return special[op](condition, params)


def getter(operand: Operand, params: Mapping[str, ParamRow]) -> Getter:
    """Return what finds an operand's value."""
    if operand.kind == "f":
        return operator.methodcaller("get", operand.name)
    if operand.kind == "is":
        value = operand.value
        return lambda _facts: value
    row = params[operand.name]
    if operand.extra:
        number = row.extra[operand.extra]
        return lambda _facts: number
    if row.form in ("value", "codes"):
        held = row.held
        return lambda _facts: held
    found = row.look_up()

    def looked_up(facts: Values) -> Any:
        try:
            return found(facts)
        except Missing:
            return None

    return looked_up


def _settled(operand: Operand, params: Mapping[str, ParamRow]) -> bool:
    """Whether an operand is the same for every case of the stretch."""
    return operand.kind == "is" or (
        operand.kind == "p" and (bool(operand.extra) or params[operand.name].form in ("value", "codes"))
    )


def _compare(condition: Condition, params: Mapping[str, ParamRow]) -> Check:
    op, test = condition.op, _COMPARE[condition.op]
    left, right = condition.operands
    of_left, of_right = left.label, right.label
    if left.kind == "f" and _settled(right, params):
        name, bound = left.name, getter(right, params)({})

        # Nearly every clause is this: a fact held against a number.
        def against(facts: Values) -> Evaluated:
            value = facts.get(name)
            result = UNKNOWN if value is None else PASS if test(value, bound) else FAIL
            return result, ((op, of_left, value, of_right, bound, result),)

        return against
    first, second = getter(left, params), getter(right, params)

    def compare(facts: Values) -> Evaluated:
        one, other = first(facts), second(facts)
        result = UNKNOWN if one is None or other is None else PASS if test(one, other) else FAIL
        return result, ((op, of_left, one, of_right, other, result),)

    return compare


def _within(condition: Condition, params: Mapping[str, ParamRow]) -> Check:
    left, right = condition.operands
    name, of_right, codes = left.label, right.label, list(getter(right, params)({}))
    value_of, known = getter(left, params), frozenset(codes)

    def within(facts: Values) -> Evaluated:
        value = value_of(facts)
        result = UNKNOWN if value is None else PASS if value in known else FAIL
        return result, (("in", name, value, of_right, codes, result),)

    return within


def _joined(parts: list[Check], decides: str) -> Check:
    """All (`decides` is FAIL) or any (PASS): every part is tried, since every reason is told."""
    otherwise = PASS if decides is FAIL else FAIL

    def joined(facts: Values) -> Evaluated:
        total, steps = otherwise, _NO_STEPS
        for part in parts:
            result, own = part(facts)
            steps += own
            if result is decides:
                total = decides
            elif result is UNKNOWN and total is not decides:
                total = UNKNOWN
        return total, steps

    return joined


def _negated(part: Check) -> Check:
    turned = {PASS: FAIL, FAIL: PASS, UNKNOWN: UNKNOWN}

    def negated(facts: Values) -> Evaluated:
        result, steps = part(facts)
        return turned[result], steps

    return negated


def _between_days(condition: Condition, params: Mapping[str, ParamRow]) -> Check:
    first, last, low, high = (getter(one, params) for one in condition.operands)
    label = f"{condition.operands[1].label} - {condition.operands[0].label}"
    bound = condition.operands[3].label

    def between(facts: Values) -> Evaluated:
        begins, ends, least, most = first(facts), last(facts), low(facts), high(facts)
        if None in (begins, ends, least, most):
            days, result = None, UNKNOWN
        else:
            days = (dt.date.fromisoformat(ends) - dt.date.fromisoformat(begins)).days
            result = PASS if least <= days <= most else FAIL
        return result, (("between_days", label, days, bound, most, result),)

    return between


def _within_months(condition: Condition, params: Mapping[str, ParamRow]) -> Check:
    first, last, months = (getter(one, params) for one in condition.operands)
    label, bound = condition.operands[1].label, condition.operands[2].label

    def within(facts: Values) -> Evaluated:
        begins, ends, number = first(facts), last(facts), months(facts)
        if None in (begins, ends, number):
            due, result = None, UNKNOWN
        else:
            due = months_after(begins, number)
            if ends > due:
                due = _moved(due, ends)
            result = PASS if begins <= ends <= due else FAIL
        return result, (("within_months", label, ends, bound, due, result),)

    return within


def months_after(day: str, months: int) -> str:
    """Return the corresponding day so many months later, or the last of that month (民法典第二百零二条)."""
    begins = dt.date.fromisoformat(day)
    year, month = divmod(begins.year * 12 + begins.month - 1 + months, 12)
    if year > dt.MAXYEAR:
        return dt.date.max.isoformat()
    for last in (begins.day, 30, 29, 28):
        try:
            return dt.date(year, month + 1, last).isoformat()
        except ValueError:
            continue
    raise AssertionError("no month is shorter than 28 days")


def _moved(due: str, ends: str) -> str:
    """Return the working day to which a last day moves (民法典第二百零三条), but none after `ends`."""
    day = dt.date.fromisoformat(due)
    last = dt.date.fromisoformat(ends)
    try:
        while day < last and not workdays.is_working_day(day):
            day += dt.timedelta(days=1)
    except (LookupError, ValueError):
        raise NoStandard("working_days") from None
    return day.isoformat()


# -- what was received before

_OF_CASE: Final = ("occupation", "level", "certificate", "training")
_LOWEST_GRADE: Final = "5"
"""Levels below it are none in which people are assessed."""
_BOTH: Final = 2


def related(condition: Condition, values: Values, basis: str) -> list[dict[str, Any]]:
    """Return the earlier subsidies that a condition on them counts or forbids."""
    found = _Prior(condition, basis).matching(values)
    return found[0] if found is not None else []


class _Prior:
    """Finds earlier subsidies that have something in common with the case."""

    def __init__(self, condition: Condition, basis: str) -> None:
        self._kinds = frozenset(condition.kinds)
        self._basis = basis
        self._year = "year" in condition.same
        self._same = tuple(name for name in condition.same if name in _OF_CASE)
        self._higher = condition.level_higher
        self._plain = not self._same and not self._higher

    def matching(self, facts: Values) -> tuple[list[dict[str, Any]], int] | None:
        """Return those that match, and how many others might; None: nobody said what there is."""
        prior: list[dict[str, Any]] | None = facts.get("prior")
        if prior is None:
            return None
        own = [one for one in prior if one["kind"] in self._kinds]
        if own and self._year:
            year = facts[self._basis][:4]
            own = [one for one in own if one["basis_date"][:4] == year]
        if self._plain or not own:
            return own, 0
        judged = [(one, self._match(one, facts)) for one in own]
        return [one for one, hit in judged if hit], sum([hit is None for _, hit in judged])

    def _match(self, one: dict[str, Any], facts: Values) -> bool | None:
        """Whether an earlier subsidy matches; None: it does if what is missing is the same."""
        unknown = False
        for name in self._same:
            mine, theirs = facts.get(name), one.get(name)
            if mine is not None and theirs is not None:
                if mine != theirs:
                    return False
            elif name == "training" and _of_another_training(one, facts):
                return False
            else:
                unknown = True
        if self._higher:
            mine, theirs = facts.get("level"), one.get("level")
            if mine is None or theirs is None:
                unknown = True
            elif rank(theirs) <= rank(mine):
                return False
        return None if unknown else True


def _of_another_training(one: dict[str, Any], facts: Values) -> bool:
    """Tell what cannot be of one training though nobody says of which: another occupation, another grade."""
    levels = {str(level) for level in (one.get("level"), facts.get("level")) if level is not None}
    occupations = {one.get("occupation"), facts.get("occupation")} - {None}
    graded = {level for level in levels if rank(level) >= rank(_LOWEST_GRADE)}
    return len(occupations) == _BOTH or len(graded) == _BOTH


@cache
def rank(level: str) -> int:
    """Return how high a level is, by the table `levels`; a code outside it is lower than all."""
    row = dated.table("levels").on(dated.OPEN_END).get(level)
    return -1 if row is None else int(row["rank"])


def _none_paid(condition: Condition, basis: str) -> Check:
    prior = _Prior(condition, basis)
    op, label = condition.op, " ".join(condition.same)

    def none_paid(facts: Values) -> Evaluated:
        found = prior.matching(facts)
        if found is None:
            return UNKNOWN, ((op, "f.prior", None, label, 0, UNKNOWN),)
        hits, open_ones = found
        result = FAIL if hits else UNKNOWN if open_ones else PASS
        return result, ((op, "f.prior", [one["claim"] for one in hits], label, 0, result),)

    return none_paid


def _quota(condition: Condition, params: Mapping[str, ParamRow], basis: str) -> Check:
    prior = _Prior(condition, basis)
    most, *plus = (getter(one, params) for one in condition.operands)
    label = condition.operands[0].label

    def quota(facts: Values) -> Evaluated:
        limit = most(facts)
        found = prior.matching(facts)
        if found is None or limit is None:
            return UNKNOWN, (("quota", "f.prior", None, label, limit, UNKNOWN),)
        hits, might = found
        count, least = len(hits), limit
        if plus:
            flag, number = plus[0](facts), plus[1](facts)
            if number is None:
                return UNKNOWN, (("quota", "f.prior", count, label, limit, UNKNOWN),)
            # Without a word on the flag the limit lies somewhere between the two.
            limit += 0 if flag is False else number
            least += number if flag else 0
        result = FAIL if count >= limit else PASS if count + might < least else UNKNOWN
        return result, (("quota", "f.prior", count, label, limit, result),)

    return quota
