"""What a decision rests on (认定事实): values with source and date, in a closed vocabulary.

A fact that nobody brought is missing, never false: a rule then asks for it (`NEED_INFO`). The vocabulary is
dated data (`rule_facts`); a rule that names another fact is refused when it is read, or a slip of the pen
would wait for ever for something that nobody can bring.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from recordsvc import dated

VOCABULARY: Final = "rule_facts"
MAX_INT: Final = 10**15
"""Ten trillion yuan in fen: more is a slip, not a fact."""
MAX_LISTED: Final = 5_000

DAY_FIELDS: Final = MappingProxyType({"on": "date", "attended": "bool", "category_valid": "bool"})
"""Fields of one day of the fact `days`; the flags may be missing."""
PAID_FIELDS: Final = MappingProxyType(
    {
        "claim": "code",
        "kind": "code",
        "basis_date": "date",
        "payee": "code",
        "occupation": "code",
        "level": "code",
        "certificate": "code",
        "training": "code",
        "paid_on": "date",
    }
)
"""Fields of one earlier subsidy of the fact `prior`; all but the first three may be missing."""
_PAID_NEEDS: Final = ("claim", "kind", "basis_date")


class FactRefused(ValueError):
    """A fact that is not in the vocabulary, or not of its type; a fault of whoever brings it."""


class Fact(NamedTuple):
    """A value, who says so, and as of which Beijing day."""

    value: Any
    source: str
    on: str


class Known(NamedTuple):
    """What the vocabulary says of a fact."""

    code: str
    type: str
    zh: str
    unit: str
    supplier: str
    """Who can bring it: archive, claim, claims, catalogue, or a register."""


class Facts:
    """The facts of one case, checked against the vocabulary."""

    __slots__ = ("told", "values")

    def __init__(self, told: Mapping[str, Fact]) -> None:
        """Take facts by name. Raises `FactRefused`."""
        for name, fact in told.items():
            _check(name, fact)
        self.told = dict(told)
        self.values = {name: fact.value for name, fact in told.items()}

    def document(self) -> dict[str, dict[str, Any]]:
        """Return them as they are stored with a decision."""
        return {
            name: {"value": fact.value, "source": fact.source, "on": fact.on}
            for name, fact in self.told.items()
        }

    @classmethod
    def of(cls, document: Mapping[str, Mapping[str, Any]]) -> "Facts":
        """Return facts as they were stored."""
        return cls({name: Fact(one["value"], one["source"], one["on"]) for name, one in document.items()})

    @classmethod
    def plain(cls, values: Mapping[str, Any], source: str, on: str) -> "Facts":
        """Return facts that all have one source and date; None leaves one out."""
        return cls({name: Fact(value, source, on) for name, value in values.items() if value is not None})

    def joined(self, other: "Facts") -> "Facts":
        """Return both; of two of one name the other's counts."""
        return Facts({**self.told, **other.told})


@cache
def vocabulary() -> Mapping[str, Known]:
    """Every fact that a rule may ask for."""
    return MappingProxyType(
        {
            str(row["code"]): Known(row["code"], row["type"], row["zh"], row["unit"], row["supplier"])
            for row in dated.table(VOCABULARY).rows
        }
    )


def known(name: str) -> Known:
    """Return what the vocabulary says of a fact that is in it."""
    return vocabulary()[name]


def is_day(value: object) -> bool:
    """Tell a Beijing date, YYYY-MM-DD."""
    if not isinstance(value, str):
        return False
    try:
        return dt.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def fits(kind: str, value: object) -> bool:
    """Whether a value is of a type of the vocabulary."""
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool) and -MAX_INT <= value <= MAX_INT
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "code":
        return isinstance(value, str) and 0 < len(value) <= 200
    if kind == "date":
        return is_day(value)
    if not isinstance(value, list | tuple) or len(value) > MAX_LISTED:
        return False
    return _rows(value, DAY_FIELDS, ("on",)) if kind == "days" else _rows(value, PAID_FIELDS, _PAID_NEEDS)


def _rows(rows: Iterable[object], fields: Mapping[str, str], needs: Iterable[str]) -> bool:
    return all(
        isinstance(row, dict)
        and row.keys() <= fields.keys()
        and all(name in row for name in needs)
        and all(fits(fields[name], value) for name, value in row.items())
        for row in rows
    )


def _check(name: str, fact: Fact) -> None:
    own = vocabulary().get(name)
    if own is None:
        raise FactRefused(f"no fact {name!r} in the vocabulary")
    if not fits(own.type, fact.value):
        raise FactRefused(f"fact {name!r} is no {own.type}")
    if not fact.source or not is_day(fact.on):
        raise FactRefused(f"fact {name!r} has no source or date")
