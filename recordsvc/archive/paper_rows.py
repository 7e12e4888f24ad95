"""Rows of the evidence store (材料的行): whose, of which file, and what their sealed parts are bound to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive.tables import institution_paper, paper
from recordsvc.ground.commit import Turn
from recordsvc.ground.privileges import erasing
from recordsvc.vault.envelope import field_aad

Owner = bytes | str
"""A worker (worker_id) or an institution (unified social credit code)."""


@dataclass(frozen=True, slots=True)
class Row:
    """A paper's row as it lies there."""

    owner: Owner
    tag: bytes
    paper_id: bytes
    kind: str
    media: str
    filed_ms: int
    filed_by: str
    object: str
    sealed: bytes


def owner_bytes(owner: Owner) -> bytes:
    """Return what an owner is called in keys and places; the two kinds differ in length."""
    return owner if isinstance(owner, bytes) else owner.encode()


def object_aad(owner: Owner, paper_id: bytes) -> bytes:
    """Return what a file's ciphertext is bound to."""
    return field_aad(table_of(owner).name, "object", owner_bytes(owner), paper_id, 1)


def row_aad(row: Row) -> bytes:
    """Return what a row's sealed part is bound to: every other column of it."""
    said = (row.tag.hex(), row.kind, row.media, str(row.filed_ms), row.filed_by, row.object)
    place = row.paper_id + b"\0".join(part.encode("utf-8", "surrogateescape") for part in said)
    return field_aad(table_of(row.owner).name, "sealed", owner_bytes(row.owner), place, 1)


def table_of(owner: Owner) -> sa.Table:
    """Return the table of an owner's kind."""
    return paper if isinstance(owner, bytes) else institution_paper


def begun_ms(name: str) -> int:
    """Return when an object was begun: its name is a UUIDv7."""
    return int(name[:12], 16)


def rows(conn: Connection, owner: Owner, paper_id: bytes | None = None) -> list[Row]:
    """Return the rows of an owner, or the one of a paper."""
    table = table_of(owner)
    wanted = sa.select(table).where(next(iter(table.c)) == owner)
    if paper_id is not None:
        wanted = wanted.where(table.c.paper_id == paper_id)
    return [_row(found) for found in conn.execute(wanted)]


def by_tag(conn: Connection, owner: Owner, tag: bytes) -> Row | None:
    """Return the row of the file that an owner has under a tag."""
    table = table_of(owner)
    found = conn.execute(sa.select(table).where(next(iter(table.c)) == owner, table.c.tag == tag)).first()
    return None if found is None else _row(found)


def _row(found: Sequence[Any]) -> Row:
    values: list[Any] = [bytes(value) if isinstance(value, memoryview) else value for value in found]
    return Row(*values)


def erase(turn: Turn, worker_id: bytes) -> list[str]:
    """Delete all rows of a worker in the turn; returns their objects, which `Papers.sweep` removes, too."""
    named = sa.select(paper.c.object).where(paper.c.worker_id == worker_id)
    names = [str(name) for name in turn.conn.execute(named).scalars()]
    with erasing(turn.conn):
        turn.conn.execute(paper.delete().where(paper.c.worker_id == worker_id))
    return names
