"""Alarms on what machines use (用量预警): a client whose volume is no longer like its own past weeks.

    volume-rise  today it used many times what it used on its busiest day of the past weeks
    volume-fall  in the seven whole days before today it used a small part of its usual week

A stolen key shows by the first, a machine that stands still, or sends elsewhere, by the second. Thresholds
are dated data (`volume_alarms`); a client registered a short while ago has no past to compare with. An alarm
stands beside those on look-ups, once a day or week; registrars, who may suspend, are told.
"""

import datetime as dt
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from recordsvc import dated
from recordsvc.access import clients, volumes
from recordsvc.access.clients import Client
from recordsvc.access.volumes import Volume
from recordsvc.archive import looked_alarms, notices
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date

if TYPE_CHECKING:
    from recordsvc.house import House

RULES: Final = "volume_alarms"
RISE, FALL = "volume-rise", "volume-fall"
KINDS: Final = (RISE, FALL)
_WEEK: Final = dt.timedelta(days=7)
_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """A client that stands out: how many units, on which day or in the week of which Monday."""

    kind: str
    client: Client
    units: int
    day: dt.date


def keep(house: "House") -> None:
    """Keep what machines used, and raise what stands out; nothing is raised twice."""
    today = beijing_date(house.clock.now_ms())
    oldest = today - dt.timedelta(days=_rule(today, "past-days"))
    with house.db.read() as conn:
        registered = clients.load(conn)
    house.db.write(lambda turn: volumes.keep(turn, registered, oldest))
    with house.db.read() as conn:
        known = [one for one in volumes.known(conn) if one.client_id in registered]
    if found := [change for one in known for change in judged(one, registered[one.client_id], today)]:
        house.db.write(lambda turn: _raise(turn, found))


def judged(one: Volume, client: Client, today: dt.date) -> Iterator[Change]:
    """Compare a client's volume with its own past."""
    if not client.active or beijing_date(client.registered_ms) > today - _days(today, "young-days"):
        return
    used, usual = one.on(today), one.most(today - _days(today, "past-days"), today - _DAY)
    if used >= _rule(today, "rise-least") and used > usual * _rule(today, "rise-times"):
        yield Change(RISE, client, used, today)
    used, usual = one.together(today - _WEEK, today - _DAY), _usual_week(one, client, today)
    if usual >= _rule(today, "fall-least") and used * 100 < usual * _rule(today, "fall-percent"):
        # The silence goes on, the alarm stands: once in a calendar week.
        yield Change(FALL, client, used, today - dt.timedelta(days=today.weekday()))


def _usual_week(one: Volume, client: Client, today: dt.date) -> int:
    """Return the median of the weeks before the one that ended yesterday, of those the client was there."""
    begun, weeks = beijing_date(client.registered_ms), []
    for n in range(2, _rule(today, "past-days") // 7 + 1):
        first = today - n * _WEEK
        if first >= begun:
            weeks.append(one.together(first, first + _WEEK - _DAY))
    return int(statistics.median(weeks)) if weeks else 0


def _raise(turn: Turn, found: Iterable[Change]) -> None:
    for one in found:
        client_id, day = one.client.client_id, one.day.isoformat()
        if looked_alarms.raise_of_client(turn, one.kind, client_id, one.units, day):
            params: dict[str, Any] = {"count": one.units}
            if one.client.institution:
                params |= {"issuer": one.client.institution}
            notices.tell_desk(turn, "desk:registrar", one.kind, params, f"{client_id}/{day}")


def _days(today: dt.date, code: str) -> dt.timedelta:
    return dt.timedelta(days=_rule(today, code))


def _rule(today: dt.date, code: str) -> int:
    return int(dated.rule(RULES, code, today.isoformat())["value"])
