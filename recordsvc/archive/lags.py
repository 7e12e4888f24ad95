"""How far behind the background work is (积压): figures for the operator, read from the database."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from recordsvc.access import emergencies
from recordsvc.access.looked_tables import looked_place
from recordsvc.archive import looked_alarms, slip_checks, tables
from recordsvc.ground import follower, outbox
from recordsvc.ground.observe import Gauge

if TYPE_CHECKING:
    from recordsvc.house import House

_OPEN: Final[tuple[str, ...]] = ("waiting", "dead", "print")


def lags(house: "House") -> Iterator[Gauge]:
    """Read them."""
    now_ms = house.clock.now_ms()
    with house.db.read() as conn:
        end = conn.scalar(sa.select(sa.func.max(tables.place.c.idx)))
        places = follower.places(conn)
        looks = conn.scalar(sa.select(sa.func.max(looked_place.c.idx)))
        alarms = looked_alarms.count(conn)
        waiting = outbox.counts(conn)
        cases = emergencies.count(conn, now_ms)
        slips = slip_checks.count(conn, now_ms)
    ends = {one.name: looks if one.name in looked_alarms.NAMES else end for one in places}
    behind = {one.name: float(max(0, _last(ends[one.name]) - one.position)) for one in places}
    failed = {one.name: float(one.attempts) for one in places}
    count = {state: float(waiting.get(state, (0, 0))[0]) for state in _OPEN}
    age = {state: max(0, now_ms - waiting[state][1]) / 1000 for state in _OPEN if state in waiting}
    reviews = {state: float(many) for state, many in cases.items()}
    yield Gauge("follower_lag", "Log indexes a follower is behind", "follower", behind)
    yield Gauge("follower_failures", "Failed attempts in front of a follower", "follower", failed)
    yield Gauge("outbox_messages", "Messages that have not left", "state", count)
    yield Gauge("outbox_oldest_seconds", "Age of the oldest message that has not left", "state", age)
    yield Gauge("look_alarms_open", "Alarms on look-ups that nobody answered", "kind", alarms)
    yield Gauge("emergencies_open", "Cases of emergency that wait for review", "state", reviews)
    yield Gauge("slips_open", "Signed slips that wait for a second look", "state", slips)


def _last(idx: int | None) -> int:
    """Return the last index of a log; an empty one ends before its start."""
    return -1 if idx is None else idx
