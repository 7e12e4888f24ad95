"""Where workers are registered (所在区划), as cards and records tell it; who may see them follows.

The card registry's word takes the place of what was known; what an institution wrote beside a card counts
only while nothing else is known. Which of them comes first, worker or card, makes no difference.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing
from recordsvc.people.tables import worker, worker_area

DIVISION: Final = re.compile(r"[1-9][0-9]{5}")


class Told(NamedTuple):
    """A division that somebody told of a worker."""

    worker_id: bytes
    division: str
    source: str


def place(turn: Turn, told: Told) -> None:
    """State where a worker is registered, in the place of what was stated before; not a code: nothing."""
    if not DIVISION.fullmatch(told.division):
        return
    turn.conn.execute(worker_area.delete().where(worker_area.c.worker_id == told.worker_id))
    turn.conn.execute(worker_area.insert().values(**told._asdict(), stated_ms=turn.now_ms))


def place_missing(turn: Turn, told: Iterable[Told]) -> None:
    """State it of those of whom nothing is known; the first of several counts."""
    known = {one.worker_id: one for one in reversed(list(told)) if DIVISION.fullmatch(one.division)}
    rows = [one._asdict() | {"stated_ms": turn.now_ms} for one in known.values()]
    insert_missing(turn.conn, worker_area, rows)


def unplaced(conn: Connection, most: int) -> int:
    """Count the open archives whose worker's division is not known, up to `most`."""
    there = sa.exists().where(worker_area.c.worker_id == worker.c.worker_id)
    some = sa.select(sa.literal(1)).select_from(worker).where(worker.c.state == "open", ~there).limit(most)
    return int(conn.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one())
