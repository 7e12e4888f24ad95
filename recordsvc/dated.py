"""Dated data: code lists and rules that change by decree, not by release, from `recordsvc/data/*.json`.

A file is one table: {name, kind, title_zh, title_en, source, complete, rows}. Each row has `code`,
`valid_from` and `valid_to` (YYYY-MM-DD, both days included; `null` = open) and whatever else the table needs.
Two kinds:

- `codes`: a published list. `complete: false` means the official list could not be established (domain note,
  section 13): a code outside it may be real, so callers warn and never refuse.
- `rules`: limits and decisions. Where no row is in force the answer is `NoRuleInForce`, never an old value:
  an expired rule fails closed.

Dates are compared as text, which for this form equals comparing days.
"""

import datetime as dt
import json
from bisect import bisect_right
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

Row = Mapping[str, Any]
Kind = Literal["codes", "rules"]

_DATA: Final = Path(__file__).resolve().parent / "data"
_FIRST_DAY: Final = "0000-00-00"  # sorts before every date: an open beginning
OPEN_END: Final = "9999-12-31"  # asks for what holds until further notice
_PUBLIC_KINDS: Final = ("codes", "rules")


class UnknownTable(LookupError):
    """No file of that name in `recordsvc/data`, or the file there is no dated table."""


class NoRuleInForce(LookupError):
    """No such rule holds on that day; the caller must refuse or hold, never go on with an old value."""

    def __init__(self, table: str, code: str, on: str) -> None:
        super().__init__(f"{table}: no rule {code!r} in force on {on}")
        self.table, self.code, self.on = table, code, on


class View:
    """The rows of one table that are in force on a day; shared between all days of the same stretch."""

    __slots__ = ("by_code", "complete", "rows", "table")

    def __init__(self, table: str, rows: tuple[Row, ...], *, complete: bool) -> None:
        self.table, self.rows, self.complete = table, rows, complete
        self.by_code: Mapping[str, Row] = MappingProxyType({str(row["code"]): row for row in rows})

    def __contains__(self, code: object) -> bool:
        return code in self.by_code

    def get(self, code: str) -> Row | None:
        """The row of `code`, or None when no such row is in force."""
        return self.by_code.get(code)


class Table:
    """One dated table, its rows cut into stretches of days between which nothing changes."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.name = str(document["name"])
        self.kind: Kind = document["kind"]
        self.title_zh, self.title_en = str(document["title_zh"]), str(document["title_en"])
        self.source, self.complete = str(document["source"]), bool(document["complete"])
        self.rows: tuple[Row, ...] = tuple(MappingProxyType(row) for row in document["rows"])
        self._starts = sorted({_FIRST_DAY, *(day for row in self.rows for day in _edges(row))})
        self._views = [self._cut(day) for day in self._starts]

    def on(self, day: str) -> View:
        """The rows in force on `day` (YYYY-MM-DD)."""
        return self._views[bisect_right(self._starts, day) - 1]

    def rule(self, code: str, day: str) -> Row:
        """The one row `code` in force on `day`. Raises `NoRuleInForce`."""
        row = self.on(day).by_code.get(code)
        if row is None:
            raise NoRuleInForce(self.name, code, day)
        return row

    def _cut(self, day: str) -> View:
        rows = tuple(row for row in self.rows if _holds(row, day))
        seen: set[object] = set()
        for row in rows:
            if row["code"] in seen:
                raise ValueError(f"{self.name}: two rows {row['code']!r} in force on {day}")
            seen.add(row["code"])
        return View(self.name, rows, complete=self.complete)


def _edges(row: Row) -> list[str]:
    """Days on which this row begins to hold, and the first on which it no longer does."""
    edges = [str(row["valid_from"])] if row["valid_from"] else []
    if row["valid_to"]:
        last = dt.date.fromisoformat(str(row["valid_to"]))
        edges.append((last + dt.timedelta(days=1)).isoformat())
    return edges


def _holds(row: Row, day: str) -> bool:
    return (not row["valid_from"] or str(row["valid_from"]) <= day) and (
        not row["valid_to"] or day <= str(row["valid_to"])
    )


@cache
def table(name: str) -> Table:
    """A table by name, read once per process. Raises `UnknownTable`."""
    if name not in _tables():
        raise UnknownTable(f"no dated table {name!r}")
    return Table(_tables()[name])


@lru_cache(maxsize=16384)
def on(name: str, day: str) -> View:
    """The rows of a table in force on a day, remembered: the hot path's look-up. Raises `UnknownTable`."""
    return table(name).on(day)


@lru_cache(maxsize=16384)
def rule(name: str, code: str, day: str) -> Row:
    """One rule in force on a day, remembered. Raises `UnknownTable`, `NoRuleInForce`."""
    return table(name).rule(code, day)


def names(kind: Kind) -> tuple[str, ...]:
    """Names of all tables of a kind, in order."""
    return tuple(name for name, document in _tables().items() if document["kind"] == kind)


@cache
def _tables() -> Mapping[str, dict[str, Any]]:
    """Every dated table of the data folder; data files without `kind` are left to their owners."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(_DATA.glob("*.json")):
        document = json.loads(path.read_bytes())
        if isinstance(document, dict) and document.get("kind") in _PUBLIC_KINDS:
            found[path.stem] = document
    return MappingProxyType(found)
