"""Departments (部门) and the groups each of them answers for, as dated data (`department_groups`)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access import areas
from recordsvc.access.grants import REGION_DIGITS, Actor, Reach, prefix
from recordsvc.ground.ports import beijing_date

if TYPE_CHECKING:
    from recordsvc.house import House

GROUPS: Final = "department_groups"


@dataclass(frozen=True, slots=True)
class Department:
    """A department as of today: its name, where it answers for people, and which groups it states."""

    uscc: str
    name: str
    reach: Reach
    groups: frozenset[str]
    """Codes of `worker_groups`; empty: it answers for nobody."""


def of(house: "House", conn: Connection, who: Actor) -> Department:
    """Return the department that somebody works at; one that is not in force answers for nobody."""
    return at(house, conn, who.institution or "")


def at(house: "House", conn: Connection, uscc: str) -> Department:
    """Return a department by its code; one that is not in force answers for nobody."""
    today = beijing_date(house.clock.now_ms()).isoformat()
    found = house.institutions.find(uscc)
    area = prefix(areas.institution(conn, uscc).area or "")
    reach = Reach(frozenset({area}), everywhere=len(area) == REGION_DIGITS)
    if found is None or not found.in_force(today):
        return Department(uscc, "", reach, frozenset())
    kind = found.kind_on(today)
    rows = (row for row in dated.on(GROUPS, today).rows if row["department"] == kind)
    return Department(uscc, found.name_on(today), reach, frozenset(str(row["group"]) for row in rows))
