"""An official reached for what is their own (本人事项): refused as every recusal, and an alarm for each time.

The alarm stands beside those on looks (`looked_alarm`, kind `own`); nothing was shown, hence no place in the
who-looked log: `idx` is -1, and `looks` 0.
"""

import uuid
from typing import TYPE_CHECKING, Final

from recordsvc.access import alarms
from recordsvc.access.errors import Recused
from recordsvc.access.grants import Actor
from recordsvc.access.looked_tables import looked_alarm
from recordsvc.ground.commit import Turn

if TYPE_CHECKING:
    from recordsvc.house import House

KIND: Final = "own"


def check(house: "House", who: Actor, parties: frozenset[str]) -> None:
    """Refuse an official who keeps out of it, outside every turn. Raises `Recused`."""
    tell(house, who, parties)
    if not who.recused.isdisjoint(parties):
        raise Recused


def tell(house: "House", who: Actor, parties: frozenset[str]) -> None:
    """Raise an alarm, durable on return, where somebody concerned is the official themself."""
    if hit := who.own & parties:
        house.db.write(lambda turn: _raise(turn, house, who, hit))


def _raise(turn: Turn, house: "House", who: Actor, hit: frozenset[str]) -> None:
    workers = sorted(one.partition(":")[2] for one in hit if one.startswith("worker:"))
    row = alarms.row(turn, KIND, (str(who.kind), who.id), 0, house.random.bytes(16))
    row["worker_id"] = uuid.UUID(workers[0]).bytes if workers else None
    turn.conn.execute(looked_alarm.insert().values(**row))
