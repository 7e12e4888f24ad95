"""Who looked (谁查过我的档案): a row for every look at a worker's archive by somebody else, written before.

The row is durable before the first byte of the answer leaves; if it cannot be written, the reading fails.
Rows of many readers share a commit. A worker's own reading leaves none. Purposes come from the dated list
`lookup_purposes`; one that is not in force is refused (PIPL arts 6, 35).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.grants import Actor, roles_told
from recordsvc.access.tables import looked
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, Random, beijing_date, uuid7

PURPOSES: Final = "lookup_purposes"


@dataclass(frozen=True, slots=True)
class Look:
    """One look: who, as what, why, at what of whom. `fields` names groups (identity, records), no values."""

    worker_id: bytes
    actor: Actor
    purpose: str
    fields: str
    case_ref: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A look as the worker is shown it."""

    id: bytes
    at_ms: int
    actor_kind: str
    actor_id: str
    role: str
    purpose: str
    fields: str
    case_ref: str


def record(db: Database, random: Random, looks: Sequence[Look]) -> None:
    """Write the rows and return when they are durable. Raises `PurposeRefused` before anything is written."""
    for purpose in {look.purpose for look in looks}:
        check_purpose(db, purpose)
    if looks:
        db.write_grouped(_insert, (db, random, looks), weight=len(looks))


def check_purpose(db: Database, purpose: str) -> None:
    """Raise `PurposeRefused` for a purpose that the dated list does not have today."""
    if purpose not in dated.table(PURPOSES).on(beijing_date(db.clock.now_ms()).isoformat()):
        raise PurposeRefused(
            errors=[{"pointer": "/purpose", "code": "value", "detail": "查阅目的不在现行目录内"}]
        )


def note(turn: Turn, random: Random, look: Look) -> None:
    """Write one row in the turn of an act that itself shows a worker's data to somebody."""
    turn.conn.execute(looked.insert().values(_row(look, uuid7(FixedClock(turn.now_ms), random), turn.now_ms)))


def of_worker(
    conn: Connection, worker_id: bytes, *, before: bytes = b"\xff" * 16, limit: int = 50
) -> list[Seen]:
    """Who looked at this worker's archive, newest first, from before the row id `before`."""
    names = [looked.c[name] for name in Seen.__slots__]
    wanted = sa.select(*names).where(looked.c.worker_id == worker_id, looked.c.id < before)
    return [Seen(*row) for row in conn.execute(wanted.order_by(looked.c.id.desc()).limit(limit))]


def _insert(turn: Turn, groups: Sequence[tuple[Database, Random, Sequence[Look]]]) -> list[None]:
    clock = FixedClock(turn.now_ms)
    rows = [_row(look, uuid7(clock, random), turn.now_ms) for _, random, looks in groups for look in looks]
    # In bulk: a page of the feed leaves a hundred rows, which an insert of Core's makes half its cost.
    groups[0][0].bulk(turn.conn, looked, rows)
    return [None] * len(groups)


def _row(look: Look, row_id: bytes, now_ms: int) -> tuple[Any, ...]:
    """Return a row in the table's order."""
    actor = look.actor
    return (
        look.worker_id,
        row_id,
        now_ms,
        str(actor.kind),
        actor.id,
        roles_told(actor),
        look.purpose,
        look.fields,
        look.case_ref,
        look.request_id,
    )
