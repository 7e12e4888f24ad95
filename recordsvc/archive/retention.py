"""How long the law keeps what should be erased (法定保存期), and how what stands against erasing is told."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.archive.facts import day_of
from recordsvc.archive.states import Life, RecordState
from recordsvc.archive.tables import entry
from recordsvc.ground.ports import beijing_date
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why something may not be erased yet: a rule's code, until when (Beijing date; None: unknown), words."""

    code: str
    until: str | None
    zh: str
    en: str
    places: frozenset[int] | None = None
    """The log positions that it rests on, which alone it keeps; None: whatever the worker has."""


Blocking = Callable[["House", Connection, bytes], Iterable[Blocker]]
"""What a later room registers: the open claims and payments of a worker that must be settled first."""


RETENTION_ENDED: Final = "retention-ended"
"""The ground of `erasure_grounds` that says a term of `retention_terms` has run out."""
_NO_TERM: Final = Blocker(
    "retention/no-term",
    None,
    "这类记录没有核定保存期，不能以保存期届满为依据；请另选依据",
    "no term is laid down for records of this type, so none has ended: choose another ground",
)


def kept_by_law(house: "House", state: RecordState, ground: str) -> Blocker | None:
    """Return the retention rule that still holds a record; one of a type without a rule is held by none.

    But a term that nobody laid down cannot have ended (`_NO_TERM`).
    """
    day = day_of(state)
    if state.record is None or state.life is Life.ERASED or day is None:
        return None
    today = beijing_date(house.clock.now_ms())
    rule = dated.on("retention_terms", today.isoformat()).get(str(state.record["type"]))
    if rule is None:
        return _NO_TERM if ground == RETENTION_ENDED else None
    if ground in rule["waived_for"]:
        return None
    until = _years_later(dt.date.fromisoformat(day), int(rule["years"]))
    if until <= today:
        return None
    return Blocker(f"retention/{rule['code']}", until.isoformat(), str(rule["zh"]), str(rule["en"]))


def longest(found: Iterable[Blocker]) -> list[Blocker]:
    """Return of each code what lasts longest, the longest first."""
    last = {one.code: one for one in sorted(found, key=lambda one: one.until or "9999")}
    return sorted(last.values(), key=lambda one: one.until or "9999", reverse=True)


def record_blockers(
    house: "House", conn: Connection, worker_id: bytes, state: RecordState, ground: str
) -> list[Blocker]:
    """Return what keeps one record from being erased: the law, open money of its person, what rests on it."""
    own, seqs = entry.c, [state.seq, *(one.seq for one in state.history)]
    places = set(conn.scalars(sa.select(own.idx).where(own.worker_id == worker_id, own.seq.in_(seqs))))
    found = [kept] if (kept := kept_by_law(house, state, ground)) is not None else []
    for person in sorted(merges.together(conn, [worker_id])):
        asked = [one for blocking in house.erasure_blockers for one in blocking(house, conn, person)]
        found += [one for one in asked if one.places is None or not one.places.isdisjoint(places)]
    return longest(found)


def _years_later(day: dt.date, years: int) -> dt.date:
    """The corresponding day, or the month's last where there is none (民法典第二百零二条)."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
