"""Somebody who walks through numbers that lead to nobody is noticed, as is who looks at many."""

import pytest
import sqlalchemy as sa

from recordsvc.access import acts
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.looked_tables import looked_alarm
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, SeededRandom

MANY = 20
MINUTE_MS = 60_000


def ask(database: Database, randomness: SeededRandom, who: str, act: Act, times: int = 1) -> None:
    actor = Actor(Kind.OFFICIAL, who, roles=frozenset({"handler"}))
    for _ in range(times):
        acts.record(
            database, randomness, OfficialAct(actor, act, "resident-id", "service-window", "K-2026-1")
        )


def alarms(database: Database) -> list[tuple[str, str, int]]:
    own = looked_alarm.c
    with database.read() as conn:
        rows = conn.execute(sa.select(own.kind, own.actor_id, own.looks).order_by(own.raised_ms))
        return [tuple(row) for row in rows]  # type: ignore[misc]


@pytest.mark.parametrize("act", acts.MISSES)
def test_many_misses_of_one_actor_raise_one_alarm(
    database: Database, randomness: SeededRandom, act: Act
) -> None:
    ask(database, randomness, "a", act, MANY - 1)
    ask(database, randomness, "b", act)
    ask(database, randomness, "a", Act.WORKER_PLACED)
    assert alarms(database) == []
    ask(database, randomness, "a", act)
    ask(database, randomness, "a", act)
    assert alarms(database) == [("many-misses", "a", MANY)]


def test_what_was_missed_before_the_window_does_not_count(
    database: Database, randomness: SeededRandom, clock: FixedClock
) -> None:
    ask(database, randomness, "a", Act.FIND_NOTHING, MANY - 1)
    clock.advance(61 * MINUTE_MS)
    ask(database, randomness, "a", Act.WINDOW_REFUSED, MANY - 1)
    assert alarms(database) == []
    ask(database, randomness, "a", Act.FIND_NOTHING)
    clock.advance(24 * 60 * MINUTE_MS)
    ask(database, randomness, "a", Act.FIND_NOTHING, MANY)
    assert [kind for kind, _who, _looks in alarms(database)] == ["many-misses"] * 2, "one a day"
