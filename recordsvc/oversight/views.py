"""Draws in the form in which doors and pages show them to officials."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from recordsvc.ground.ports import beijing_date
from recordsvc.oversight import documents, draws, inspecting
from recordsvc.oversight.draws import Draw, Report

if TYPE_CHECKING:
    from recordsvc.house import House


@dataclass(frozen=True, slots=True)
class Seat:
    """An inspector of an object."""

    code: str
    official_id: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """An object that was drawn, who inspects it, what was found."""

    object_id: str
    name: str
    inspectors: tuple[Seat, ...]
    report: Report | None


def drawn(house: "House", conn: Connection, found: Draw) -> list[Drawn]:
    """Return what was drawn, in the order of the tickets; nothing before the reveal."""
    revealed = documents.of(conn, found.draw_id).get(documents.REVEAL)
    if revealed is None:
        return []
    seats, who = draws.seats(conn, found.draw_id), draws.people(conn, found.draw_id)
    told = draws.reports(conn, found.draw_id)
    return [
        Drawn(
            one,
            name(house, conn, found, one),
            tuple(Seat(code, who[code]) for code in seats.get(one, ())),
            told.get(one),
        )
        for one in revealed.said["drawn"]
    ]


def name(house: "House", conn: Connection, found: Draw, object_id: str) -> str:
    """Return what an object was called when the draw was committed."""
    day = beijing_date(found.committed_ms).isoformat()
    return house.draw_subjects[found.subject].name(conn, object_id, day)


def seen(house: "House", conn: Connection, found: Draw) -> dict[str, object]:
    """Return a draw as officials of its area see it (`DrawSeenForm`)."""
    told = {field: getattr(found, field) for field in Draw.__slots__}
    return told | {
        "publish_due_on": inspecting.publish_due(found),
        "drawn": drawn(house, conn, found),
    }
