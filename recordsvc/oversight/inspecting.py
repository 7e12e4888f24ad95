"""After the draw: inspectors are assigned (派发), two report (检查报告), results are published (公布).

Assignment follows the seats. Whoever has lost the role or must keep out since the commitment is passed over,
with the reason in the document, and the next seat steps in: nobody is chosen.
"""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated, workdays
from recordsvc.access import recusals
from recordsvc.access.grants import Actor
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.oversight import documents, drawing, draws, roster
from recordsvc.oversight.documents import ASSIGN, COMMIT, RESULT, REVEAL, ROSTER
from recordsvc.oversight.draws import Draw
from recordsvc.oversight.errors import (
    DrawNotThere,
    DrawUnknown,
    NotDrawn,
    ReportSamePerson,
    TooFewInspectors,
)
from recordsvc.oversight.events import refused
from recordsvc.oversight.subjects import RESULTS, rule
from recordsvc.oversight.tables import draw, draw_report, draw_seat

if TYPE_CHECKING:
    from recordsvc.house import House

LEFT: Final = "left"
"""Why an inspector was passed over: no longer one in the whole area."""
RECUSED: Final = "recused"


def assign(house: "House", turn: Turn, draw_id: bytes, by: str) -> None:
    """Give each drawn object its inspectors. Raises `DrawUnknown`, `DrawNotThere`, `TooFewInspectors`."""
    found = draws.one(turn.conn, draw_id, turn.now_ms)
    values = {
        "state": "assigned",
        "assigned_by": by,
        "assigned_ms": turn.now_ms,
        "due_on": _working(beijing_date(turn.now_ms).isoformat(), "inspect-days"),
    }
    _move(turn, draw_id, "revealed", values)
    said = documents.of(turn.conn, draw_id)
    committed, revealed = said[COMMIT].said, said[REVEAL].said
    seed = drawing.seed(committed["roster"]["root"], revealed["salt"], revealed["value"])
    lines = drawing.inspectors(documents.lines(turn.conn, draw_id, ROSTER))
    able = roster.able(house, turn.conn, found.area, turn.now_ms)
    who, subjects = draws.people(turn.conn, draw_id), house.draw_subjects[found.subject]
    parties = subjects.parties(turn.conn, revealed["drawn"])
    seats, passed = [], []
    for object_id in revealed["drawn"]:
        taken: list[str] = []
        for code in drawing.order(lines, seed, object_id):
            why = _keeps_away(able.get(who[code]), parties[object_id])
            if why:
                passed.append({"inspector": code, "object": object_id, "why": why})
            else:
                taken.append(code)
            if len(taken) == found.inspectors:
                break
        if len(taken) < found.inspectors:
            raise TooFewInspectors
        seats.append({"inspectors": taken, "object": object_id})
    rows = [
        {"draw_id": draw_id, "object_id": one["object"], "code": code, "seat": n}
        for one in seats
        for n, code in enumerate(one["inspectors"])
    ]
    turn.conn.execute(draw_seat.insert(), rows)
    bound.wrote(turn, draw_seat, *rows)
    content = {
        "assigned_ms": turn.now_ms,
        "passed_over": passed,
        "reveal_sha256": said[REVEAL].sha256,
        "seats": seats,
    }
    documents.say(turn, house, draw_id, ASSIGN, content)


def report(
    house: "House",
    turn: Turn,
    draw_id: bytes,
    object_id: str,
    who: Actor,
    said: tuple[str, str, Sequence[str]],
) -> None:
    """Say what was found: a result, a summary without personal data, SHA-256 (hex) of papers.

    Until another of the object's inspectors has confirmed it, either may say it anew. Raises `DrawUnknown`,
    `DrawNotThere`, `NotDrawn`, `Recused`, `DrawRefused`.
    """
    result, summary, papers = said
    code = _seat(house, turn, draw_id, object_id, who)
    if result not in dated.on(RESULTS, beijing_date(turn.now_ms).isoformat()):
        raise refused("/result", "没有这种抽查结果")
    values = {
        "result": result, "summary": summary, "papers": " ".join(papers), "reported_by": code,
        "reported_ms": turn.now_ms,
    }  # fmt: skip
    own, key = draw_report.c, {"draw_id": draw_id, "object_id": object_id}
    anew = draw_report.update().where(own.draw_id == draw_id, own.object_id == object_id)
    if turn.conn.execute(anew.where(own.confirmed_by.is_(None)).values(**values)).rowcount != 1:
        if draws.reports(turn.conn, draw_id).get(object_id) is not None:
            raise DrawNotThere
        turn.conn.execute(draw_report.insert().values(**key, **values))
    bound.touch(turn, draw_report, (draw_id, object_id))


def confirm(house: "House", turn: Turn, draw_id: bytes, object_id: str, who: Actor, reported_ms: int) -> None:
    """Confirm the report that was written at an instant; with the last one the draw is reported.

    Raises `DrawUnknown`, `DrawNotThere` where the report has changed since, `NotDrawn`, `Recused`,
    `ReportSamePerson`.
    """
    code = _seat(house, turn, draw_id, object_id, who)
    own = draw_report.c
    there = draws.reports(turn.conn, draw_id).get(object_id)
    if there is not None and there.reported_by == code:
        raise ReportSamePerson
    confirming = draw_report.update().where(
        own.draw_id == draw_id,
        own.object_id == object_id,
        own.reported_ms == reported_ms,
        own.reported_by != code,
        own.confirmed_by.is_(None),
    )
    done = confirming.values(confirmed_by=code, confirmed_ms=turn.now_ms)
    if turn.conn.execute(done).rowcount != 1:
        raise DrawNotThere
    bound.touch(turn, draw_report, (draw_id, object_id))
    confirmed = [one for one in draws.reports(turn.conn, draw_id).values() if one.confirmed_by]
    if len(confirmed) == len(draws.seats(turn.conn, draw_id)):
        _move(turn, draw_id, "assigned", {"state": "reported", "reported_ms": turn.now_ms})


def publish(house: "House", turn: Turn, draw_id: bytes, by: str) -> None:
    """Publish what was found; with it lists, reveal and assignment. Raises `DrawUnknown`, `DrawNotThere`."""
    draws.one(turn.conn, draw_id, turn.now_ms)
    values = {"state": draws.PUBLISHED, "published_by": by, "published_ms": turn.now_ms}
    _move(turn, draw_id, "reported", values)
    said = documents.of(turn.conn, draw_id)
    results = [
        {
            "inspectors": [one.reported_by, one.confirmed_by],
            "object": one.object_id,
            "papers": list(one.papers),
            "result": one.result,
            "summary": one.summary,
        }
        for one in draws.reports(turn.conn, draw_id).values()
    ]
    content = {
        "assign_sha256": said[ASSIGN].sha256,
        "published_ms": turn.now_ms,
        "results": results,
    }
    documents.say(turn, house, draw_id, RESULT, content)


def publish_due(found: Draw) -> str | None:
    """Return the Beijing date by which results are published; None before the last report."""
    if found.reported_ms is None:
        return None
    return _working(beijing_date(found.reported_ms).isoformat(), "publish-days")


def seat_of(conn: Connection, draw_id: bytes, object_id: str, official_id: str) -> str:
    """Return the code under which an official inspects an object. Raises `DrawUnknown`, `NotDrawn`."""
    seats = draws.seats(conn, draw_id).get(object_id)
    if seats is None:
        raise DrawUnknown
    who = draws.people(conn, draw_id)
    mine = [code for code in seats if who[code] == official_id]
    if not mine:
        raise NotDrawn
    return mine[0]


def inspected(house: "House", conn: Connection, draw_id: bytes, object_id: str, who: Actor) -> str | None:
    """Return under which institution papers on an object are kept, to whoever inspects it; None: none are.

    Raises `DrawUnknown`, `DrawNotThere`, `NotDrawn`, `Recused`.
    """
    row = conn.execute(sa.select(draw.c.state, draw.c.subject).where(draw.c.draw_id == draw_id)).one_or_none()
    if row is None:
        raise DrawUnknown
    _judge(house, conn, row, draw_id, object_id, who)
    return house.draw_subjects[row.subject].owner(conn, object_id)


def _seat(house: "House", turn: Turn, draw_id: bytes, object_id: str, who: Actor) -> str:
    """Return the code of whoever reports; locks the draw, so that the last report sees all others."""
    wanted = sa.select(draw.c.state, draw.c.subject).where(draw.c.draw_id == draw_id).with_for_update()
    row = turn.conn.execute(wanted).one_or_none()
    if row is None:
        raise DrawUnknown
    return _judge(house, turn.conn, row, draw_id, object_id, who)


def _judge(house: "House", conn: Connection, row: Any, draw_id: bytes, object_id: str, who: Actor) -> str:
    code = seat_of(conn, draw_id, object_id, who.id)
    recusals.check(who, house.draw_subjects[row.subject].parties(conn, [object_id])[object_id])
    if row.state != "assigned":
        raise DrawNotThere
    return code


def _keeps_away(one: roster.Able | None, parties: frozenset[str]) -> str:
    if one is None:
        return LEFT
    return RECUSED if one.keeps_out & parties else ""


def _move(turn: Turn, draw_id: bytes, state: str, values: dict[str, Any]) -> None:
    own = draw.c
    moved = draw.update().where(own.draw_id == draw_id, own.state == state)
    if turn.conn.execute(moved.values(**values)).rowcount != 1:
        raise DrawNotThere
    bound.touch(turn, draw, (draw_id,))


def _working(day: str, term: str) -> str | None:
    """Return the last day of a term of working days; None where the year's calendar is not there yet."""
    try:
        return workdays.due_on(dt.date.fromisoformat(day), rule(term, day)).isoformat()
    except dated.NoRuleInForce:
        return None
