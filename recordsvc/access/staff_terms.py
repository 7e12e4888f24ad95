"""Positions that end (岗位到期): the institution is told before, and whoever holds one on their own pages.

    ahead-days ── staff-ending ──> again-days ── staff-ending ──> until_ms: gone at the next request

People of institutions have no address here: what concerns them stands on their first page and in `ending` of
`GET /v1/centre`. Who answers for the institution reads the notice, once a stage.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access.tables import staff, staff_role
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date

if TYPE_CHECKING:
    from recordsvc.house import House

TERMS: Final = "staff_terms"
ENDING: Final = "staff-ending"
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Ending:
    """A position that ends soon and that nothing follows; `until_ms` is UTC."""

    staff_id: str
    institution: str
    position: str
    until_ms: int

    @property
    def last_on(self) -> str:
        """The last Beijing day on which it is held."""
        return beijing_date(self.until_ms - 1).isoformat()


def listed(conn: Connection, now_ms: int, staff_id: str | None = None) -> list[Ending]:
    """Return what ends within `ahead-days`, the earliest first; of one person, or of everybody.

    A position that the same account also holds for longer does not end.
    """
    own, longer = staff_role.c, staff_role.alias()
    ahead_ms = now_ms + _days("ahead-days", now_ms) * DAY_MS
    same = (longer.c.staff_id == own.staff_id, longer.c.position == own.position)
    follows = sa.or_(longer.c.until_ms.is_(None), longer.c.until_ms > own.until_ms)
    query = (
        sa.select(own.staff_id, staff.c.institution, own.position, own.until_ms)
        .join_from(staff_role, staff, staff.c.staff_id == own.staff_id)
        .where(own.until_ms > now_ms, own.until_ms <= ahead_ms, own.revoked_by.is_(None))
        .where(staff.c.closed_ms.is_(None), ~sa.select(longer.c.n).where(*same, follows).exists())
        .order_by(own.until_ms, own.staff_id)
    )
    if staff_id is not None:
        query = query.where(own.staff_id == staff_id)
    return [Ending(*row) for row in conn.execute(query)]


def run(house: "House") -> int:
    """Tell institutions what ends and was not told for its stage yet; how much ends. A job of `work`."""
    now_ms = house.clock.now_ms()
    with house.db.read() as conn:
        found = listed(conn, now_ms)
    if found:
        again_ms = now_ms + _days("again-days", now_ms) * DAY_MS
        house.db.write(lambda turn: _tell(turn, house, found, again_ms))
    return len(found)


def _tell(turn: Turn, house: "House", found: Iterable[Ending], again_ms: int) -> None:
    for one in found:
        stage = "again" if one.until_ms <= again_ms else "ahead"
        # One key a stage: told by a run of before, it is the same notice.
        key = f"{stage}/{one.staff_id}/{one.position}/{one.until_ms}"
        told = {"staff_id": one.staff_id, "due_on": one.last_on}
        house.tell_institution(turn, one.institution, ENDING, told, key)


def _days(code: str, now_ms: int) -> int:
    return int(dated.rule(TERMS, code, beijing_date(now_ms).isoformat())["value"])
