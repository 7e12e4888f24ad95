"""How long the law keeps what should be erased (法定保存期), and how what stands against erasing is told."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.archive.facts import day_of
from recordsvc.archive.states import Life, RecordState
from recordsvc.ground.ports import beijing_date

if TYPE_CHECKING:
    from recordsvc.house import House


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why something may not be erased yet: a rule's code, until when (Beijing date; None: unknown), words."""

    code: str
    until: str | None
    zh: str
    en: str


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


def _years_later(day: dt.date, years: int) -> dt.date:
    """The corresponding day, or the month's last where there is none (民法典第二百零二条)."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
