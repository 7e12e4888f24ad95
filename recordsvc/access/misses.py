"""Numbers that lead to nobody, one after another (反复查无此人): whoever walks through numbers is noticed.

A look that finds somebody is a row of `looked`, and alarms count those. What finds nobody, or is refused
because what was shown does not fit, is an act of its own; so many of them within the window as the dated
`lookup_alarms` say (`many-misses`) raise an alarm in the turn of the last.
"""

from collections.abc import Collection
from typing import Final

import sqlalchemy as sa

from recordsvc import dated
from recordsvc.access import alarms
from recordsvc.access.looked_tables import looked_alarm
from recordsvc.access.tables import official_act
from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.ports import beijing_date

RULES: Final = "lookup_alarms"
KIND: Final = "many-misses"
_MINUTE_MS: Final = 60_000


def judge(turn: Turn, who: tuple[str, str], acts: Collection[str]) -> None:
    """Raise an alarm where an actor (kind, id) made too many of these acts; one a Beijing date."""
    day, own = beijing_date(turn.now_ms).isoformat(), official_act.c
    window_ms = int(dated.rule(RULES, "window-minutes", day)["value"]) * _MINUTE_MS
    # Ids begin with their instant (UUIDv7): the key alone finds those of the window.
    since = max(turn.now_ms - window_ms, 0).to_bytes(6) + bytes(10)
    mine = (own.id >= since, own.actor == ":".join(who), own.act.in_(acts))
    tries = turn.conn.scalar(sa.select(sa.func.count()).where(*mine)) or 0
    if tries >= int(dated.rule(RULES, KIND, day)["value"]):
        key = alarms.daily(KIND, day, ":".join(who))
        insert_missing(turn.conn, looked_alarm, [alarms.row(turn, KIND, who, tries, key)])
