"""Rows of imports that wait (待导入的行): sealed under a key of their run, settled once, gone when erased."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive import tables
from recordsvc.archive.import_persons import WAITS
from recordsvc.ground.commit import Turn
from recordsvc.vault.envelope import field_aad

HOLDING: Final = "holding"
PENDING: Final = ("loading", "proposed", "approved")
"""States of a run whose rows wait."""


def row_aad(wanted: bytes, number: int) -> bytes:
    """Return what a row's content is bound to."""
    return field_aad("import_row", "sealed", wanted, number.to_bytes(4), 1)


def settled(turn: Turn, wanted: bytes, good: Sequence[int], bad: Sequence[tuple[int, str]]) -> None:
    """Mark rows as entered or refused; their content goes."""
    row, run = tables.import_row, tables.import_run
    waiting = row.update().where(row.c.run_id == wanted, row.c.state == "ready")
    entered = 0
    if good:
        done = turn.conn.execute(waiting.where(row.c.row.in_(good)).values(state="entered", sealed=None))
        entered = done.rowcount
    refused_now = 0
    for number, code in bad:
        done = turn.conn.execute(
            waiting.where(row.c.row == number).values(state="refused", code=code, sealed=None)
        )
        refused_now += done.rowcount
    turn.conn.execute(
        run.update()
        .where(run.c.run_id == wanted)
        .values(entered=run.c.entered + entered, refused=run.c.refused + refused_now)
    )


def still_ready(turn: Turn, wanted: bytes, numbers: Sequence[int]) -> bool:
    """Tell whether all these rows wait still, and keep an erasure from taking one before the turn ends."""
    row = tables.import_row.c
    query = sa.select(row.row).where(row.run_id == wanted, row.row.in_(numbers), row.state == "ready")
    return len(turn.conn.execute(query.with_for_update()).all()) == len(numbers)


def gone(conn: Connection, wanted: bytes) -> int:
    """Return how many rows of a run went with an erasure, before its approval; then others wait, too."""
    row = tables.import_row.c
    query = sa.select(sa.func.count()).where(row.run_id == wanted, row.code == WAITS)
    return int(conn.scalar(query) or 0)
