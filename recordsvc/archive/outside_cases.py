"""Looks that rest on an outside reference (外部案号查阅清单): what no row of ours can confirm, for auditors.

A case of ours was asked after when the look was written; a reference of a court, another office or the window
was only judged by its form. Whoever inspects takes a sample of these and asks to see the file.
"""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import cases
from recordsvc.access.grants import Kind
from recordsvc.access.looked_tables import looked, looked_detail, looked_place

NEWEST: Final = 2**53
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class OutsideLook:
    """A look at its place in the log; `worker_id` is a held record's id where `fields` is `held`."""

    idx: int
    at_ms: int
    actor_id: str
    role: str
    purpose: str
    worker_id: bytes
    fields: str
    case_ref: str


def listed(conn: Connection, *, before: int = NEWEST, limit: int = 100) -> list[OutsideLook]:
    """Return officials' looks that name no case of ours, newest first, from before a place of the log."""
    place, own, detail = looked_place.c, looked.c, looked_detail.c
    source = looked_place.join(looked, sa.and_(own.worker_id == place.worker_id, own.id == place.id))
    # What an erasure took has no case any more.
    source = source.join(looked_detail, sa.and_(detail.worker_id == own.worker_id, detail.id == own.id))
    names = [own[name] for name in OutsideLook.__slots__ if name not in ("idx", "case_ref")]
    wanted = sa.select(place.idx, *names, detail.case_ref).select_from(source)
    wanted = wanted.where(own.actor_kind == Kind.OFFICIAL).order_by(place.idx.desc()).limit(_AT_ONCE)
    found: list[OutsideLook] = []
    while len(found) < limit:
        rows = conn.execute(wanted.where(place.idx < before)).all()
        looks = [OutsideLook(**row._mapping) for row in rows]  # noqa: SLF001 - documented name
        found += [one for one in looks if cases.ours(one.case_ref) is None]
        if len(rows) < _AT_ONCE:
            break
        before = rows[-1].idx
    return found[:limit]
