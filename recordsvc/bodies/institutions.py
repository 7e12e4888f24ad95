"""Institutions (培训机构、评价机构等) by unified social credit code, and what is true of each on a day.

Nothing about an institution is changed: facts are appended, each holding from a day on. Of two facts of one
kind for the same day the newer counts: so a wrong one is put right.

| fact | holds from `on` | `value` |
|---|---|---|
| name | the name (名称) | text |
| kind | the kind (类别), code of `issuer_kinds` | code |
| licence | the right to teach or assess (办学许可、备案) | its last day, or empty: without end |
| closed | closed (注销、停办): no longer in force from this day | reason |

A licence stated after a closure opens the institution again. Days are Beijing dates, YYYY-MM-DD.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access import areas
from recordsvc.access.grants import Reach
from recordsvc.bodies.errors import FactRefused, InstitutionKnown, InstitutionUnknown
from recordsvc.bodies.tables import institution_fact
from recordsvc.ground import versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.readers import Cursor
from recordsvc.people import names
from recordsvc.people.checks import IdentifierError
from recordsvc.people.identifiers import uscc as uscc_of

REGISTER: Final = "institutions"
ENTERED_WITH: Final = 3
"""Facts with which an institution is entered; each later one is a change of the register by itself."""
KINDS: Final = "issuer_kinds"


class FactKind(StrEnum):
    """What a fact is about."""

    NAME = "name"
    KIND = "kind"
    LICENCE = "licence"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Fact:
    """One dated fact; `n` counts the facts of an institution from 0."""

    uscc: str
    n: int
    fact: FactKind
    on: str
    value: str
    source: str
    stated_by: str
    stated_ms: int


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution as all its facts together tell."""

    uscc: str
    facts: tuple[Fact, ...]

    def name_on(self, day: str) -> str:
        """Its name on a day; before the first one stated, that one."""
        return self._value(FactKind.NAME, day)

    def kind_on(self, day: str, stated_before_ms: int | None = None) -> str:
        """Its kind on a day, a code of `issuer_kinds`; as was stated before a UTC instant, or as of now.

        What is judged by the kind an issuer had at an entry must name the entry's instant: a fact that is
        dated back later does not change what stands.
        """
        return self._value(FactKind.KIND, day, stated_before_ms)

    def only_kind(self) -> str | None:
        """Its kind, if no other was ever stated: then that on every day, whenever it is asked."""
        stated = [fact.value for fact in self.facts if fact.fact is FactKind.KIND]
        return stated[0] if len(stated) == 1 else None

    def periods(self) -> tuple[tuple[str, str | None], ...]:
        """First and last days (None: without end) on which it may teach or assess.

        Each licence ends on its last day, or on the day before a closure that was stated after it.
        """
        licences = {fact.on: fact for fact in self.facts if fact.fact is FactKind.LICENCE}
        closures = [fact for fact in self.facts if fact.fact is FactKind.CLOSED]
        found = []
        for licence in licences.values():
            ends = [licence.value] if licence.value else []
            ends += [_day_before(closure.on) for closure in closures if closure.n > licence.n]
            last = min(ends, default=None)
            if last is None or last >= licence.on:
                found.append((licence.on, last))
        return tuple(sorted(found, key=lambda period: period[0]))

    def in_force(self, day: str) -> bool:
        """Whether it may teach or assess on a day."""
        return any(first <= day and (last is None or day <= last) for first, last in self.periods())

    def closed_on(self, day: str) -> str | None:
        """The day since which it is closed, seen from `day`; None: not closed."""
        closures = [fact for fact in self.facts if fact.fact is FactKind.CLOSED and fact.on <= day]
        return None if not closures or self.in_force(day) else closures[-1].on

    def _value(self, kind: FactKind, day: str, before_ms: int | None = None) -> str:
        stated = [fact for fact in self.facts if fact.fact is kind]
        held = [
            fact for fact in stated if fact.on <= day and (before_ms is None or fact.stated_ms < before_ms)
        ]
        return max(held, key=lambda fact: (fact.on, fact.n)).value if held else stated[0].value


class Institutions:
    """The register of institutions, one copy a process."""

    def __init__(self, db: Database) -> None:
        self._register = versions.Register(db, REGISTER, load)

    def find(self, uscc: str, conn: Connection | None = None) -> Institution | None:
        """An institution as of now, or as of a snapshot or writer's turn."""
        return self.all(conn).get(uscc)

    def through(self, cursor: Cursor) -> Mapping[str, Institution]:
        """All institutions by code, checked through an open driver cursor. Not to be changed."""
        return self._register.get(cursor)

    def of(self, seen: Mapping[str, int]) -> Mapping[str, Institution]:
        """All institutions by code, at the register versions that a snapshot saw. Not to be changed."""
        return self._register.of(seen)

    def all(self, conn: Connection | None = None) -> Mapping[str, Institution]:
        """All institutions by code. Not to be changed."""
        return self._register.get() if conn is None else self._register.at(conn)


def load(conn: Connection) -> Mapping[str, Institution]:
    """Read the whole register."""
    found: dict[str, list[Fact]] = defaultdict(list)
    for row in conn.execute(
        sa.select(institution_fact).order_by(institution_fact.c.uscc, institution_fact.c.n)
    ):
        uscc, n, fact, *rest = row
        found[uscc].append(Fact(uscc, n, FactKind(fact), *rest))
    return {uscc: Institution(uscc, tuple(facts)) for uscc, facts in found.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """What entering an institution takes; `valid_to` None: without end."""

    uscc: str
    name: str
    kind: str
    valid_from: str
    valid_to: str | None
    source: str


def enter(turn: Turn, entry: Entry, by: str) -> Institution:
    """Enter a new institution with name, kind and licence. Raises `InstitutionKnown`, `FactRefused`."""
    try:
        uscc = uscc_of(entry.uscc).value
    except IdentifierError as error:
        raise _refused("/uscc", "不是有效的统一社会信用代码", str(error)) from None
    # The version row is locked from here to the commit: two entries of one institution cannot pass the check.
    versions.bump(turn, REGISTER)
    if _next(turn.conn, uscc):
        raise InstitutionKnown
    for kind, value in (
        (FactKind.NAME, entry.name),
        (FactKind.KIND, entry.kind),
        (FactKind.LICENCE, entry.valid_to or ""),
    ):
        _append(turn, uscc, kind, entry.valid_from, value, entry.source, by)
    return load_one(turn.conn, uscc)


def state(turn: Turn, uscc: str, fact: FactKind, on: str, value: str, source: str, by: str) -> Institution:
    """Append one fact about a known institution. Raises `InstitutionUnknown`, `FactRefused`."""
    versions.bump(turn, REGISTER)
    if not _next(turn.conn, uscc):
        raise InstitutionUnknown
    _append(turn, uscc, fact, on, value, source, by)
    return load_one(turn.conn, uscc)


def load_one(conn: Connection, uscc: str) -> Institution:
    """One institution from the database. Raises `InstitutionUnknown`."""
    wanted = sa.select(institution_fact).where(institution_fact.c.uscc == uscc).order_by(institution_fact.c.n)
    facts = tuple(Fact(row[0], row[1], FactKind(row[2]), *row[3:]) for row in conn.execute(wanted))
    if not facts:
        raise InstitutionUnknown
    return Institution(uscc, facts)


def codes_within(conn: Connection, where: Reach) -> list[str]:
    """Return the codes of the institutions that lie in a reach, in their order."""
    uscc = institution_fact.c.uscc
    wanted = sa.select(uscc).where(areas.within(where, areas.of_institution(uscc)))
    return [str(row[0]) for row in conn.execute(wanted.distinct().order_by(uscc))]


def _next(conn: Connection, uscc: str) -> int:
    wanted = sa.select(sa.func.count()).where(institution_fact.c.uscc == uscc)
    return int(conn.execute(wanted).scalar_one())


def _append(turn: Turn, uscc: str, fact: FactKind, on: str, value: str, source: str, by: str) -> None:
    _check(fact, on, value, beijing_date(turn.now_ms).isoformat())
    turn.conn.execute(
        institution_fact.insert().values(
            uscc=uscc,
            n=_next(turn.conn, uscc),
            fact=fact,
            on_date=on,
            value=value,
            source=source,
            stated_by=by,
            stated_ms=turn.now_ms,
        )
    )


def _check(fact: FactKind, on: str, value: str, today: str) -> None:
    _check_day(on, "/on")
    if fact is FactKind.NAME and not value.strip():
        raise _refused("/value", "名称不能为空", "a name is missing")
    if fact is FactKind.NAME and names.hides(value):
        raise _refused("/value", "名称里有看不见的字符", "the name holds characters that nobody sees")
    if fact is FactKind.KIND and value not in dated.table(KINDS).on(today):
        raise _refused("/value", "没有这个机构类别", "no such kind of institution")
    if fact is FactKind.LICENCE and value:
        _check_day(value, "/value")
        if value < on:
            raise _refused("/value", "截止日期早于起始日期", "the last day is before the first")


def _day_before(day: str) -> str:
    return (dt.date.fromisoformat(day) - dt.timedelta(days=1)).isoformat()


def _check_day(day: str, pointer: str) -> None:
    try:
        fits = dt.date.fromisoformat(day).isoformat() == day
    except ValueError:
        fits = False
    if not fits:
        raise _refused(pointer, "应为日期（YYYY-MM-DD）", "not a date")


def _refused(pointer: str, detail: str, detail_en: str) -> FactRefused:
    return FactRefused(
        errors=[{"pointer": pointer, "code": "value", "detail": detail, "detail_en": detail_en}]
    )
