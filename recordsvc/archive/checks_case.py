"""What a check is given and what it leaves behind: a case, and findings.

A finding's severity and words stand in the dated table `findings`, so that a decree can turn a warning into a
refusal without a release. Texts never repeat a value of the record: values are personal data.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from recordsvc import dated


class Severity(StrEnum):
    """What follows: the record is refused, waits for an official, or stands with a remark."""

    REJECT = "reject"
    HOLD = "hold"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark: stable `code`, JSON pointer into the record, words and remedy in two languages."""

    code: str
    severity: Severity
    pointer: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


@dataclass(frozen=True, slots=True)
class InstitutionFacts:
    """What the register (`bodies`) knows of an institution (机构名录).

    `periods`: (first day, last day or None) in which it was in force, Beijing dates, both days included.
    `programmes`: filed scope as occupation key (`2022:6-18-02-04` or a local catalogue key) → highest level
    code; None when no scope is filed, which is not judged.
    """

    uscc: str
    periods: tuple[tuple[str, str | None], ...]
    programmes: Mapping[str, str] | None = None

    def in_force(self, first: str, last: str) -> bool:
        """Whether one period covers both days and all between."""
        return any(start <= first and (end is None or last <= end) for start, end in self.periods)


@dataclass(frozen=True, slots=True)
class Context:
    """What the record itself does not say.

    `received_on`: Beijing date of the log time. `institution`: facts about the record's issuer; None when the
    register has none. `born_on` and `sex` ("male", "female"): from the document number or the civil record,
    where known.
    """

    received_on: str
    institution: InstitutionFacts | None = None
    born_on: str | None = None
    sex: str | None = None


@dataclass(slots=True)
class Case:
    """One record under examination.

    `starts_on` to `ends_on`: the days on which what it records happened, empty for types that record no
    event; `starts_at` and `ends_at` point at the members that say so.
    """

    record: Mapping[str, Any]
    context: Context
    starts_on: str = ""
    ends_on: str = ""
    starts_at: str = "/body"
    ends_at: str = "/body"
    findings: list[Finding] = field(default_factory=list)

    @property
    def body(self) -> Mapping[str, Any]:
        """The part that depends on the type."""
        body: Mapping[str, Any] = self.record["body"]
        return body

    @property
    def stated_by_region(self) -> bool:
        """Whether an official of the region states it, instead of an issuer signing it."""
        return "actor" in self.record

    def add(self, code: str, pointer: str, limit: object = None) -> None:
        """Note a finding with the words and severity in force on the day of receipt."""
        self.findings.append(finding(code, pointer, self.context.received_on, limit))

    def code_in(self, table: str, code: str | None, pointer: str) -> None:
        """Hold a code against its table on the day it was used; a table known to be incomplete only warns."""
        if code is None:
            return
        view = dated.on(table, self.starts_on or self.context.received_on)
        if code not in view.by_code:
            self.add("code-unknown" if view.complete else "code-unlisted", pointer)


def finding(code: str, pointer: str, received_on: str, limit: object = None) -> Finding:
    """Return a finding with the words and severity in force on the day of receipt."""
    row = dated.rule("findings", code, received_on)
    return Finding(
        code=code,
        severity=Severity(str(row["severity"])),
        pointer=pointer,
        zh=str(row["zh"]).format(limit=limit),
        en=str(row["en"]).format(limit=limit),
        remedy_zh=str(row["remedy_zh"]).format(limit=limit),
        remedy_en=str(row["remedy_en"]).format(limit=limit),
    )


@lru_cache(maxsize=4096)
def limit(table: str, code: str, day: str) -> int:
    """The `value` of a rule in force on a day. Raises `dated.NoRuleInForce`."""
    value = dated.rule(table, code, day)["value"]
    if not isinstance(value, int):
        raise TypeError(f"{table}: {code} must be an integer")
    return value


@lru_cache(maxsize=8192)
def day_number(day: str) -> int:
    """A calendar day as a running number, so that differences are days."""
    return dt.date.fromisoformat(day).toordinal()


def hundredths(percent: str) -> int:
    """A score such as 92.5 as an integer of hundredths, so that no score is ever a float."""
    whole, _, fraction = percent.partition(".")
    return int(whole) * 100 + int(fraction.ljust(2, "0") or 0)
