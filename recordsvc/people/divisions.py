"""Division codes (行政区划代码, GB/T 2260) as dated data. They warn and never reject.

An identity number keeps the code that was in force *when the number was assigned*, sometimes years after
birth, and counties were renumbered in 1983-2003. Refusing codes that a current table lacks would refuse a
large part of the people this archive is for.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Division:
    """One code with its name and the years it was in force (None: open or not established)."""

    code: str
    name: str
    since: int | None
    until: int | None


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, Division], frozenset[str], frozenset[str]]:
    """The table by code, the provinces whose table is complete, and every known province prefix."""
    text = (
        resources.files("recordsvc").joinpath("data").joinpath("divisions.json").read_text(encoding="utf-8")
    )
    data = json.loads(text)
    rows = (Division(r["code"], r["name"], r.get("since"), r.get("until")) for r in data["divisions"])
    return {row.code: row for row in rows}, frozenset(data["complete"]), frozenset(data["provinces"])


def division(code: str) -> Division | None:
    """The division of a six-digit code, current or retired; None when this service's table lacks it."""
    return _tables()[0].get(code)


def is_plausible(code: str) -> bool:
    """Whether a six-digit code exists or ever existed, as far as the table can tell.

    Of provinces whose counties are not in the table only the two-digit province is judged.
    """
    known, complete, provinces = _tables()
    if code[:2] in complete:
        return code in known
    return code[:2] in provinces
