"""Who an official is as a worker (本人档案), as of now: the parties whose affairs are the official's own.

`worker:<uuid>` for each archive that the confirmed number leads to, and those that are read as the same
person; likewise for archives that a recusal with ground `self` names. `number:<uuid>` stands for the kept
number itself, so that what waits under it is the official's own before there is an archive.
"""

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.own_tables import own_archive
from recordsvc.access.tables import recusal
from recordsvc.people import kept_numbers, merges

if TYPE_CHECKING:
    from recordsvc.access.grants import Actor

SELF = "self"
"""`recusals.Ground.SELF`."""


def named(conn: Connection) -> frozenset[str]:
    """Return the officials of whom anything is known."""
    own = own_archive.c
    by_number = sa.select(own.official_id).where(own.confirmed_ms.is_not(None), own.number_id.is_not(None))
    by_recusal = sa.select(recusal.c.official_id).where(recusal.c.ground == SELF)
    return frozenset(conn.scalars(sa.union(by_number, by_recusal)))


def of(conn: Connection, official_id: str) -> frozenset[str]:
    """Return the parties that are an official's own now."""
    kept = numbers(conn, official_id)
    return frozenset(
        {f"number:{uuid.UUID(bytes=one)}" for one in kept}
        | {f"worker:{uuid.UUID(bytes=one)}" for one in archives(conn, official_id, kept)}
    )


def archives(conn: Connection, official_id: str, kept: Iterable[bytes] | None = None) -> frozenset[bytes]:
    """Return the worker ids that are an official's own now, merges followed in both directions."""
    own = recusal.c
    stated = conn.scalars(sa.select(own.party).where(own.official_id == official_id, own.ground == SELF))
    workers = [uuid.UUID(one.partition(":")[2]).bytes for one in stated if one.startswith("worker:")]
    found = kept_numbers.archives(conn, numbers(conn, official_id) if kept is None else kept)
    return merges.together(conn, [*workers, *sorted(found)])


def numbers(conn: Connection, official_id: str) -> list[bytes]:
    """Return the kept number of an official's confirmed statement: one or none."""
    own = own_archive.c
    mine = (own.official_id == official_id, own.confirmed_ms.is_not(None), own.number_id.is_not(None))
    return [bytes(one) for one in conn.scalars(sa.select(own.number_id).where(*mine))]


def named_by(conn: Connection, who: "Actor", tags: Iterable[bytes]) -> frozenset[str]:
    """Return which of the official's own parties the numbers with these blind-index tags are."""
    mine = [uuid.UUID(one.partition(":")[2]).bytes for one in who.own if one.startswith("number:")]
    found = kept_numbers.named_by(conn, mine, tags) if mine else ()
    return frozenset(f"number:{uuid.UUID(bytes=one)}" for one in found)
