"""Dated parameters (标准、限额): what holds on a day, with where it is laid down.

A parameter is a list of rows that follow one another day by day. A row holds one of

    value: 12                                   a whole number
    codes: ["3", "2"]                           a list of codes
    tiers: [[10, 15000], [15, 10000]]           up to 10: 15000 each; up to 15: 10000 each; nothing beyond
    by: {level: {"5": 100000, "4": 150000}}     looked up by one fact
    table: [{level: "5", group: x, value: 1}]   looked up by several; at most one line may fit (UNIQUE)

and `with: {name: number}` for numbers that belong to it (`p.per_year_max.shortage_plus`). The last row says
`until` or `open_ended: true`: a day after `until` has no value, never the last one.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from recordsvc.money.rules.decision import Param
from recordsvc.money.rules.errors import Fault
from recordsvc.money.rules.facts import MAX_INT, is_day, vocabulary

Values = Mapping[str, Any]
FOREVER: Final = "9999-12-31"
_FORMS: Final = ("value", "codes", "tiers", "by", "table")
_ROW_KEYS: Final = frozenset((*_FORMS, "from", "until", "open_ended", "ref", "with"))


class Missing(Exception):
    """A fact that an amount needs was not brought."""

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


class NoStandard(Exception):
    """The standard has no line for this case: an official decides."""

    def __init__(self, param: str) -> None:
        super().__init__(param)
        self.param = param


@dataclass(frozen=True, slots=True)
class ParamRow:
    """One row of one parameter: first and last day, what it holds, and where it is laid down."""

    name: str
    first: str
    last: str
    """Last day; `FOREVER` when open-ended."""
    form: str
    held: Any
    extra: Mapping[str, int]
    ref: str

    def used(self) -> Param:
        """Return it as a decision tells it."""
        value = {"value": self.held, **self.extra} if self.extra else self.held
        return Param(self.name, value, self.first, None if self.last == FOREVER else self.last, self.ref)

    def look_up(self) -> Callable[[Values], Any]:
        """Return what finds the value for the facts of a case. Raises `Missing`, `NoStandard` when called."""
        name, held = self.name, self.held
        if self.form == "by":
            ((fact, lines),) = held.items()

            def by(facts: Values) -> Any:
                key = facts.get(fact)
                if key is None:
                    raise Missing(fact)
                found = lines.get(key)
                if found is None:
                    raise NoStandard(name)
                return found

            return by
        if self.form == "table":
            return _in_table(name, held)
        return lambda _facts: held


def _in_table(name: str, lines: list[dict[str, Any]]) -> Callable[[Values], Any]:
    """Return a look-up over lines of which at most one fits a case."""
    by_keys: dict[tuple[str, ...], dict[tuple[Any, ...], int]] = {}
    for line in lines:
        keys = tuple(sorted(line.keys() - {"value"}))
        by_keys.setdefault(keys, {})[tuple([line[key] for key in keys])] = line["value"]

    def in_table(facts: Values) -> Any:
        get = facts.get
        for keys, values in by_keys.items():
            found = values.get(tuple([get(key) for key in keys]))
            if found is not None:
                return found
        for line in lines:
            wanted = [(key, code) for key, code in line.items() if key != "value"]
            if all(get(key) in (None, code) for key, code in wanted):
                raise Missing(next(key for key, _ in wanted if get(key) is None))
        raise NoStandard(name)

    return in_table


class Params:
    """All parameters of a rule."""

    def __init__(self, given: object, faults: list[Fault]) -> None:
        """Read the section `params`; what is wrong goes into `faults`."""
        self.rows: dict[str, tuple[ParamRow, ...]] = {}
        if not isinstance(given, dict):
            faults.append(Fault("/params", "mapping", "params 应为一组参数", "params is a mapping"))
            return
        for name, rows in given.items():
            pointer = f"/params/{name}"
            if not name.isidentifier() or not name.islower():
                faults.append(Fault(pointer, "name", "参数名应为小写英文标识", "not a name of a parameter"))
                continue
            before = len(faults)
            read = _rows(name, rows, pointer, faults)
            if len(faults) == before:
                _follow(read, pointer, faults)
            self.rows[name] = tuple(read)

    def on(self, day: str) -> dict[str, ParamRow]:
        """Return the row of each parameter that has one on a day."""
        return {name: row for name, rows in self.rows.items() for row in rows if row.first <= day <= row.last}

    def edges(self) -> set[str]:
        """Days on which something begins to hold or no longer does."""
        found = {row.first for rows in self.rows.values() for row in rows}
        return found | {
            next_day(row.last) for rows in self.rows.values() for row in rows if row.last != FOREVER
        }

    def ending(self, after: str, until: str) -> list[ParamRow]:
        """Rows that are the last of their parameter and end within these days."""
        return [rows[-1] for rows in self.rows.values() if rows and after <= rows[-1].last <= until]


def _rows(name: str, rows: object, pointer: str, faults: list[Fault]) -> list[ParamRow]:
    if not isinstance(rows, list) or not rows:
        faults.append(Fault(pointer, "rows", "参数应为至少一行的列表", "a parameter is a list of rows"))
        return []
    read = [_row(name, row, f"{pointer}/{n}", faults) for n, row in enumerate(rows)]
    return [row for row in read if row is not None]


def _row(name: str, row: object, pointer: str, faults: list[Fault]) -> ParamRow | None:
    if not isinstance(row, dict):
        faults.append(Fault(pointer, "mapping", "参数行应为一组键和值", "a row is a mapping"))
        return None
    before = len(faults)
    unknown_keys(row, _ROW_KEYS, pointer, faults)
    forms = [form for form in _FORMS if form in row]
    if len(forms) != 1:
        faults.append(
            Fault(pointer, "form", "应写 value、codes、tiers、by、table 之一", "exactly one form of value")
        )
        return None
    ref = row.get("ref")
    if not isinstance(ref, str) or not ref.strip():
        faults.append(Fault(f"{pointer}/ref", "ref", "应注明依据", "a row names where it is laid down"))
    first, last = period(row, pointer, faults)
    _held(forms[0], row[forms[0]], f"{pointer}/{forms[0]}", faults)
    extra = row.get("with", {})
    if not isinstance(extra, dict) or not all(_amount(value) for value in extra.values()):
        faults.append(Fault(f"{pointer}/with", "with", "with 应为一组整数", "with holds whole numbers"))
    if len(faults) > before:
        return None
    return ParamRow(name, first, last, forms[0], row[forms[0]], extra, str(ref))


def period(row: Mapping[str, Any], pointer: str, faults: list[Fault]) -> tuple[str, str]:
    """Return first and last day of a row; it must say `until` or `open_ended: true`."""
    first, until, is_open = row.get("from"), row.get("until"), row.get("open_ended")
    if not is_day(first):
        faults.append(Fault(f"{pointer}/from", "day", "应为日期（YYYY-MM-DD）", "not a day"))
    if is_open is not None and is_open is not True:
        faults.append(Fault(f"{pointer}/open_ended", "open", "只能写 true", "only true may be written"))
    if (until is None) == (is_open is None):
        faults.append(
            Fault(
                pointer,
                "open",
                "应写明 until，或写明 open_ended: true",
                "say until, or open_ended: true, and not both",
            )
        )
    if until is not None and not is_day(until):
        faults.append(Fault(f"{pointer}/until", "day", "应为日期（YYYY-MM-DD）", "not a day"))
    elif until is not None and is_day(first) and str(until) < str(first):
        faults.append(Fault(f"{pointer}/until", "order", "截止日早于起始日", "ends before it begins"))
    return str(first), FOREVER if until is None else str(until)


def unknown_keys(given: Mapping[str, Any], known: frozenset[str], pointer: str, faults: list[Fault]) -> None:
    """Refuse keys that nobody reads: one would silently leave something as it was."""
    faults.extend(
        Fault(f"{pointer}/{key}", "unknown", f"没有 {key} 这个键", f"no key {key}")
        for key in sorted(given.keys() - known)
    )


def _held(form: str, held: Any, pointer: str, faults: list[Fault]) -> None:
    def fault(code: str, zh: str, en: str) -> None:
        faults.append(Fault(pointer, code, zh, en))

    if form == "value" and not _amount(held):
        fault("number", "应为不小于 0 的整数", "a whole number, not below 0")
    elif form == "codes" and not (
        isinstance(held, list) and held and all(isinstance(one, str) and one for one in held)
    ):
        fault("codes", "应为代码列表（数字代码加引号）", "a list of codes, numbers in quotes")
    elif form == "tiers" and not _tiers(held):
        fault("tiers", "应为 [[上限, 单价], …]，上限递增", "a list of [up to, each], rising")
    elif form == "by" and not _by(held):
        fault("by", "应为 {事实: {代码: 整数}}", "a mapping of one fact to {code: number}")
    elif form == "table":
        _table(held, pointer, faults)


def _amount(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INT


def _tiers(held: object) -> bool:
    if not isinstance(held, list) or not held:
        return False
    if not all(isinstance(one, list) and len(one) == 2 and all(map(_amount, one)) for one in held):
        return False
    bounds = [one[0] for one in held]
    return all(one < other for one, other in zip([0, *bounds], bounds, strict=False))


def _by(held: object) -> bool:
    if not isinstance(held, dict) or len(held) != 1:
        return False
    ((fact, lines),) = held.items()
    own = vocabulary().get(fact)
    return (
        own is not None
        and own.type == "code"
        and isinstance(lines, dict)
        and bool(lines)
        and all(map(_amount, lines.values()))
    )


def _table(held: object, pointer: str, faults: list[Fault]) -> None:
    if not isinstance(held, list) or not held:
        faults.append(Fault(pointer, "table", "应为至少一行的列表", "a list of lines"))
        return
    for n, line in enumerate(held):
        if not (
            isinstance(line, dict)
            and _amount(line.get("value"))
            and len(line) > 1
            and all(
                key == "value"
                or (key in vocabulary() and vocabulary()[key].type == "code" and isinstance(wanted, str))
                for key, wanted in line.items()
            )
        ):
            faults.append(Fault(f"{pointer}/{n}", "table", "应为 {事实: 代码, value: 整数}", "not a line"))
            return
    for n, line in enumerate(held):
        for m in range(n):
            other = held[m]
            if all(line[key] == other[key] for key in line.keys() & other.keys() - {"value"}):
                faults.append(
                    Fault(f"{pointer}/{n}", "unique", f"与第 {m + 1} 行可能同时命中", "two lines may fit")
                )


def _follow(rows: list[ParamRow], pointer: str, faults: list[Fault]) -> None:
    """Rows must follow one another: no day twice, no day left out, the same numbers beside each."""
    for n, (row, after) in enumerate(itertools.pairwise(rows), 1):
        if after.first <= row.last:
            faults.append(Fault(f"{pointer}/{n}/from", "overlap", "与上一行日期重叠", "overlaps another"))
        elif after.first != next_day(row.last):
            faults.append(Fault(f"{pointer}/{n}/from", "gap", "与上一行之间有空档", "days are left out"))
        if after.extra.keys() != row.extra.keys() or after.form != row.form:
            faults.append(Fault(f"{pointer}/{n}", "form", "各行写法应相同", "rows must have one form"))


def next_day(day: str) -> str:
    """Return the day after."""
    return (dt.date.fromisoformat(day) + dt.timedelta(days=1)).isoformat()
