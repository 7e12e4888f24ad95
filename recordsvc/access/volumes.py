"""What a machine used day by day (接入方每日用量): kept beyond the windows of its limits, to compare with.

`request_usage` forgets after two days; what stood there of whole Beijing days is kept here. A portion that a
process took and did not use is counted as used (`limits.py`), at most 64 units a process and window.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.grants import Kind
from recordsvc.access.tables import client_volume, request_usage
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date

_CLIENT: Final = f"{Kind.CLIENT}:"
_PORTION: Final = 300
_KEEP: Final = sa.text(
    "INSERT INTO client_volume (client_id, day, units) VALUES (:client_id, :day, :units) "
    "ON CONFLICT (client_id, day) DO UPDATE SET units = excluded.units "
    "WHERE client_volume.units < excluded.units"
)


@dataclass(frozen=True, slots=True)
class Volume:
    """Units of one client on the days up to one, by Beijing date; a day without a row is none."""

    client_id: str
    days: dict[dt.date, int]

    def on(self, day: dt.date) -> int:
        """Return the units of a day."""
        return self.days.get(day, 0)

    def most(self, first: dt.date, last: dt.date) -> int:
        """Return the units of the busiest day from one to another, both included."""
        return max((units for day, units in self.days.items() if first <= day <= last), default=0)

    def together(self, first: dt.date, last: dt.date) -> int:
        """Return the units of all days from one to another, both included."""
        return sum(units for day, units in self.days.items() if first <= day <= last)


def keep(turn: Turn, client_ids: Iterable[str], oldest: dt.date) -> None:
    """Carry over what windows of limits hold of today and yesterday, and forget the days before `oldest`."""
    units: dict[tuple[str, str], int] = {}
    subjects = [_CLIENT + one for one in client_ids]
    for start in range(0, len(subjects), _PORTION):
        own = request_usage.c.subject.in_(subjects[start : start + _PORTION])
        for row in turn.conn.execute(sa.select(request_usage).where(own)):
            key = (row.subject.removeprefix(_CLIENT), beijing_date(row.window_ms).isoformat())
            units[key] = units.get(key, 0) + row.used
    for (client_id, day), used in sorted(units.items()):
        turn.conn.execute(_KEEP, {"client_id": client_id, "day": day, "units": used})
    turn.conn.execute(client_volume.delete().where(client_volume.c.day < oldest.isoformat()))


def known(conn: Connection) -> list[Volume]:
    """Return what is kept of each client, by id."""
    found: dict[str, dict[dt.date, int]] = {}
    for row in conn.execute(sa.select(client_volume).order_by(client_volume.c.client_id)):
        found.setdefault(row.client_id, {})[dt.date.fromisoformat(row.day)] = row.units
    return [Volume(client_id, days) for client_id, days in found.items()]
