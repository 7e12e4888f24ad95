"""Draws in plain words (双随机抽查): one line of the list, one draw as everybody or the desk sees it."""

from typing import Any, Final

from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.ground.ports import uuid_text
from recordsvc.oversight import documents, draws, views
from recordsvc.oversight.draws import Draw
from recordsvc.oversight.subjects import RESULTS
from recordsvc.people.divisions import division
from recordsvc.web import words
from recordsvc.web.desk_forms import codes
from recordsvc.web.services import house

STATES: Final = {
    "committed": ("已承诺，等待揭示", "wait"),
    "revealed": ("已揭示，等待派发", "info"),
    "assigned": ("检查中", "info"),
    "reported": ("检查完毕，等待公布", "info"),
    "published": ("已公布", "good"),
    "failed": ("失败：逾期未揭示", "bad"),
}
"""What each state is called, and how its badge looks; a test holds it complete."""
STEPS: Final = (
    (documents.COMMIT, "承诺"),
    (documents.REVEAL, "揭示"),
    (documents.ASSIGN, "派发"),
    (documents.RESULT, "结果"),
)


def line(found: Draw) -> dict[str, Any]:
    """Return what a list tells of a draw."""
    return {
        "id": uuid_text(found.draw_id),
        "state": STATES[found.state],
        "title": f"{house().draw_subjects[found.subject].title_zh}抽查",
        "area": _area(found.area),
        "form": words.code("draw_events", found.source),
        "event": f"{words.code('draw_events', found.source).partition('（')[0]}　第 {found.issue} 期",
        "at": words.instant(found.event_ms),
        "reveal_by": words.instant(found.reveal_by_ms),
        "committed": words.instant(found.committed_ms),
        "size": found.size,
        "number": found.number,
        "inspectors": found.inspectors,
    }


def _area(digits: str) -> str:
    known = division(digits.ljust(6, "0"))
    return f"区划 {digits}" if known is None else known.name


def whole(conn: Connection, found: Draw, *, within: bool) -> dict[str, Any]:
    """Return a draw with its lists, as far as they are public, or all of it to officials (`within`)."""
    ended = found.state == draws.PUBLISHED
    said = documents.of(conn, found.draw_id)
    shown = within or found.opened
    return line(found) | {
        "strata": [
            (house().draw_subjects[found.subject].stratum_zh(one.stratum), one.size, one.least, one.number)
            for one in found.strata
        ],
        "steps": [(name, said[step].sha256, said[step].idx) for step, name in STEPS if step in said],
        "opened": shown,
        "opens_on": words.day(found.opens_on),
        "due_on": words.day(found.due_on) if found.due_on else "",
        "drawn": [_drawn(one, told=within or ended) for one in views.drawn(house(), conn, found)]
        if shown
        else [],
        "value": said[documents.REVEAL].said["value"] if shown and documents.REVEAL in said else "",
    }


def _drawn(one: views.Drawn, *, told: bool) -> dict[str, Any]:
    report = one.report if told else None
    return {
        "id": one.object_id,
        "name": one.name,
        "inspectors": [seat.code for seat in one.inspectors] if told else [],
        "people": [seat.official_id for seat in one.inspectors] if told else [],
        "result": words.code(RESULTS, report.result) if report else "",
        "bad": report is not None and _fault(report.result),
        "summary": report.summary if report else "",
        "confirmed": report is not None and report.confirmed_by is not None,
    }


def _fault(result: str) -> bool:
    return any(row["code"] == result and row["fault"] for row in dated.table(RESULTS).rows)


def events() -> list[tuple[str, str]]:
    """Return the public events that a draw may be bound to today."""
    return codes("draw_events")
