"""Draws as they stand (抽查台账), and what of them is public when.

    committed ─ reveal ─> revealed ─ assign ─> assigned ─ last report ─> reported ─ publish ─> published
        │
        └─ (term passes) ─> failed      seen, not written: it stays in public as a failure, with its date

The commitment is public at once. Lists, value and salt are public from `opens_on` (an unannounced inspection
opens later than it reveals) or when the results are published; who inspects, and what was found, then.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.areas import within
from recordsvc.access.grants import Reach, Thing
from recordsvc.ground.ports import beijing_date, beijing_ms, uuid_text
from recordsvc.oversight import documents
from recordsvc.oversight.errors import DrawUnknown
from recordsvc.oversight.subjects import rule
from recordsvc.oversight.tables import draw, draw_inspector, draw_report, draw_seat, draw_stratum

if TYPE_CHECKING:
    from recordsvc.house import House

FAILED: Final = "failed"
COMMITTED: Final = "committed"
PUBLISHED: Final = "published"
PAGE: Final = 100
"""Draws of one answer."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """One class of objects: how many there are, how many the rules ask for, how many are drawn."""

    stratum: str
    size: int
    least: int
    number: int


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw as of an instant; `*_ms` are UTC, `*_on` Beijing dates."""

    draw_id: bytes
    subject: str
    area: str
    source: str
    issue: str
    event_ms: int
    reveal_by_ms: int
    opens_on: str
    inspectors: int
    committed_by: str
    committed_ms: int
    state: str
    revealed_by: str | None
    revealed_ms: int | None
    assigned_by: str | None
    assigned_ms: int | None
    due_on: str | None
    reported_ms: int | None
    published_by: str | None
    published_ms: int | None
    strata: tuple[Stratum, ...]
    opened: bool
    """Whether lists, value and salt are public."""

    @property
    def size(self) -> int:
        """How many objects there are."""
        return sum(one.size for one in self.strata)

    @property
    def number(self) -> int:
        """How many are drawn."""
        return sum(one.number for one in self.strata)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found at an object; `reported_by` and `confirmed_by` are codes of the draw."""

    object_id: str
    result: str
    summary: str
    papers: tuple[str, ...]
    reported_by: str
    reported_ms: int
    confirmed_by: str | None
    confirmed_ms: int | None


@dataclass(frozen=True, slots=True)
class Task:
    """One object that an inspector was drawn for, with what is reported so far."""

    draw: Draw
    object_id: str
    code: str
    """The inspector's own code in this draw."""
    report: Report | None


@dataclass(frozen=True, slots=True)
class Year:
    """How many draws of a year were revealed, of how many the rules ask for."""

    year: int
    draws: int
    least: int
    failed: int


def one(conn: Connection, draw_id: bytes, now_ms: int) -> Draw:
    """Return a draw. Raises `DrawUnknown`."""
    row = conn.execute(sa.select(draw).where(draw.c.draw_id == draw_id)).one_or_none()
    if row is None:
        raise DrawUnknown
    return _made(conn, [row], now_ms)[0]


def newest(
    conn: Connection, now_ms: int, where: Reach, before: bytes = b"\xff" * 16, limit: int = PAGE
) -> list[Draw]:
    """Return draws that lie in a reach, the newest first, from before an id."""
    own = draw.c
    wanted = sa.select(draw).where(own.draw_id < before, within(where, own.area))
    return _made(conn, conn.execute(wanted.order_by(own.draw_id.desc()).limit(limit)).all(), now_ms)


def thing(conn: Connection, draw_id: bytes) -> Thing | None:
    """Return where a draw lies; it concerns nobody by itself: whom it falls on, chance decides."""
    area = conn.execute(sa.select(draw.c.area).where(draw.c.draw_id == draw_id)).scalar()
    return None if area is None else Thing(area)


def years(conn: Connection, now_ms: int) -> list[Year]:
    """Return the years in which there were draws, and this one, the newest first."""
    own = draw.c
    this = beijing_date(now_ms).year
    made: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    for event_ms, reveal_by_ms, state in conn.execute(sa.select(own.event_ms, own.reveal_by_ms, own.state)):
        year = beijing_date(event_ms).year
        made[year] += state != COMMITTED
        failed[year] += state == COMMITTED and reveal_by_ms <= now_ms
    every = {year for year in made if year <= this} | {this}
    today = beijing_date(now_ms).isoformat()
    return [
        Year(year, made[year], rule("draws-a-year", min(today, f"{year:04d}-12-31")), failed[year])
        for year in sorted(every, reverse=True)
    ]


def seats(conn: Connection, draw_id: bytes) -> dict[str, list[str]]:
    """Return the codes of the inspectors of each drawn object, in the order of their seats."""
    own, found = draw_seat.c, dict[str, list[str]]()
    wanted = sa.select(own.object_id, own.code).where(own.draw_id == draw_id)
    for object_id, code in conn.execute(wanted.order_by(own.object_id, own.seat)):
        found.setdefault(object_id, []).append(code)
    return found


def people(conn: Connection, draw_id: bytes) -> dict[str, str]:
    """Return the official's id behind each code of a draw's roster."""
    own = draw_inspector.c
    rows = conn.execute(sa.select(own.code, own.official_id).where(own.draw_id == draw_id))
    return {row.code: row.official_id for row in rows}


def reports(conn: Connection, draw_id: bytes) -> dict[str, Report]:
    """Return the reports of a draw by object."""
    own = draw_report.c
    found = conn.execute(sa.select(draw_report).where(own.draw_id == draw_id).order_by(own.object_id))
    return {row.object_id: _report(row) for row in found}


def tasks(conn: Connection, official_id: str, now_ms: int, limit: int = PAGE) -> list[Task]:
    """Return what an inspector was drawn for, the newest draw first."""
    person, seat = draw_inspector.c, draw_seat.c
    mine = sa.select(seat.draw_id, seat.object_id, seat.code).join(
        draw_inspector, sa.and_(person.draw_id == seat.draw_id, person.code == seat.code)
    )
    wanted = mine.where(person.official_id == official_id)
    rows = conn.execute(wanted.order_by(seat.draw_id.desc(), seat.object_id).limit(limit)).all()
    draws = {bytes(row.draw_id): one(conn, bytes(row.draw_id), now_ms) for row in rows}
    told = {draw_id: reports(conn, draw_id) for draw_id in draws}
    return [
        Task(draws[row.draw_id], row.object_id, row.code, told[row.draw_id].get(row.object_id))
        for row in rows
    ]


def proof(house: "House", conn: Connection, found: Draw) -> dict[str, Any]:
    """Return everything by which a stranger repeats a draw (`docs/check_draw.py`), as far as it is public."""
    said = documents.of(conn, found.draw_id)
    ended = found.state == PUBLISHED
    shown = {documents.COMMIT: True, documents.REVEAL: found.opened, documents.ASSIGN: ended}
    return {
        "format": "draw-proof/v1",
        "draw": uuid_text(found.draw_id),
        "state": found.state,
        "opens_on": found.opens_on,
        "documents": {
            step: documents.proven(house, conn, one, shown=shown.get(step, ended))
            for step, one in said.items()
        },
        **{
            name: documents.lines(conn, found.draw_id, name).decode() if found.opened else None
            for name in (documents.OBJECTS, documents.ROSTER)
        },
    }


def _made(conn: Connection, rows: Any, now_ms: int) -> list[Draw]:
    own, strata = draw_stratum.c, dict[bytes, list[Stratum]]()
    ids = [row.draw_id for row in rows]
    wanted = sa.select(draw_stratum).where(own.draw_id.in_(ids)).order_by(own.draw_id, own.stratum)
    for row in conn.execute(wanted):
        strata.setdefault(bytes(row.draw_id), []).append(
            Stratum(row.stratum, row.size, row.least, row.number)
        )
    found = []
    for row in rows:
        values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name of a row's mapping
        values["draw_id"] = bytes(values["draw_id"])
        open_ms = beijing_ms(dt.date.fromisoformat(row.opens_on))
        opened = row.state == PUBLISHED or (row.state != COMMITTED and open_ms <= now_ms)
        if row.state == COMMITTED and row.reveal_by_ms <= now_ms:
            values["state"] = FAILED
        found.append(Draw(**values, strata=tuple(strata[values["draw_id"]]), opened=opened))
    return found


def _report(row: Any) -> Report:
    return Report(
        row.object_id,
        row.result,
        row.summary,
        tuple(row.papers.split()),
        row.reported_by,
        row.reported_ms,
        row.confirmed_by,
        row.confirmed_ms,
    )
