"""Passes over old rows after a change of key (换钥遍历): portion by portion, killed anywhere and gone on.

How far a pass is stands in a row that moves in the transaction of each portion. A pass has stages, one for
each kind of rows; a stage walks its rows in the order of their key.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.missing import insert_missing
from recordsvc.vault.tables import key_work

PORTION: Final = 200
"""Rows of one transaction: some 20 ms in which nobody else writes."""

Stage = Callable[[Turn, bytes], tuple[int, bytes | None]]
"""Handle the rows behind a key: how many, and the key of the last; None: there are no more."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pass is: to which version, rows done, UTC ms of its end or None."""

    target: int
    done: int
    ended_ms: int | None

    def over(self, target: int) -> bool:
        """Whether it reached its end, and for this version."""
        return self.target == target and self.ended_ms is not None


def progress(conn: Connection, name: str) -> Progress:
    """Return how far a pass is; one that never began is for version 0."""
    own = key_work.c
    row = conn.execute(sa.select(own.target, own.done, own.ended_ms).where(own.name == name)).one_or_none()
    return Progress(0, 0, None) if row is None else Progress(*row)


def advance(db: Database, name: str, target: int, stages: Sequence[Stage]) -> bool:
    """Handle one portion of a pass to version `target`; whether there is more to do."""

    def act(turn: Turn) -> bool:
        row = _locked(turn, name, target)
        if row.ended_ms is not None:
            return False
        count, after = stages[row.stage](turn, bytes(row.after))
        stage = row.stage + (after is None)
        over = stage == len(stages)
        values = {"stage": stage, "after": after or b"", "done": row.done + count, "moved_ms": turn.now_ms}
        own = key_work.update().where(key_work.c.name == name)
        turn.conn.execute(own.values(**values, ended_ms=turn.now_ms if over else None))
        return not over

    return db.write(act)


def note(turn: Turn, name: str, target: int, act: Callable[[], object]) -> None:
    """Act once for a version, in the transaction that notes it."""
    row = _locked(turn, name, target)
    if row.ended_ms is None:
        act()
        own = key_work.update().where(key_work.c.name == name)
        turn.conn.execute(own.values(done=1, moved_ms=turn.now_ms, ended_ms=turn.now_ms))


def _locked(turn: Turn, name: str, target: int) -> Any:
    """Return the row of a pass, locked; begun anew when it was for another version."""
    fresh: dict[str, Any] = {"target": target, "stage": 0, "after": b"", "done": 0, "moved_ms": turn.now_ms}
    insert_missing(turn.conn, key_work, [{"name": name, **fresh, "ended_ms": None}])
    own = key_work.c
    turn.conn.execute(
        key_work.update().where(own.name == name, own.target != target).values(**fresh, ended_ms=None)
    )
    return turn.conn.execute(sa.select(key_work).where(own.name == name).with_for_update()).one()
