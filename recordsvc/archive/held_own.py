"""Held records that are the official's own (本人的暂存记录): known by the numbers that their content names.

What waits stands in no archive, and a row names no worker: only the sealed content tells. It is opened for
officials alone who named their own archive, and compared by tags; nothing of it leaves here.
"""

import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import own_parties
from recordsvc.access.grants import Actor
from recordsvc.archive import tables
from recordsvc.people.resolve import CARD, CHIP, NAME
from recordsvc.people.tables import blind_index
from recordsvc.vault.envelope import SealError

if TYPE_CHECKING:
    from recordsvc.house import House

_PORTION: Final = 500


def parties(house: "House", conn: Connection, who: Actor, held_ids: Sequence[bytes]) -> frozenset[str]:
    """Return which of the official's own parties these held records name."""
    found: frozenset[str] = frozenset()
    if not who.own:
        return found
    own = tables.held.c
    for start in range(0, len(held_ids), _PORTION):
        some = own.held_id.in_(held_ids[start : start + _PORTION])
        rows = conn.execute(sa.select(own.held_id, own.sealed).where(some, own.sealed.is_not(None))).all()
        tags = [tag for row in rows for tag in tags_of(house, bytes(row.held_id), bytes(row.sealed))]
        for at in range(0, len(tags), _PORTION):
            found |= _own(conn, who, tags[at : at + _PORTION])
    return found


def workers_of(house: "House", conn: Connection, held_id: bytes, sealed: bytes) -> frozenset[bytes]:
    """Return the archives that the numbers of a held record lead to."""
    wanted = blind_index.c.tag.in_(list(tags_of(house, held_id, sealed)))
    return frozenset(bytes(one) for one in conn.scalars(sa.select(blind_index.c.worker_id).where(wanted)))


def _own(conn: Connection, who: Actor, tags: Sequence[bytes]) -> frozenset[str]:
    index = blind_index.c
    workers = conn.scalars(sa.select(index.worker_id).where(index.tag.in_(tags)))
    archives = frozenset(f"worker:{uuid.UUID(bytes=bytes(one))}" for one in workers)
    return own_parties.named_by(conn, who, tags) | (archives & who.own)


def tags_of(house: "House", held_id: bytes, sealed: bytes) -> Iterable[bytes]:
    """Yield the tags of the numbers that a held record names its person by."""
    for kind, value in person_of(house, held_id, sealed):
        if kind != NAME:
            yield from house.people.tags(kind, value)


def person_of(house: "House", held_id: bytes, sealed: bytes) -> Iterable[tuple[str, str]]:
    """Yield what a held record names its person by: kind and value of name and numbers."""
    try:
        record = orjson.loads(house.admission.sealer.unhold(held_id, sealed)[0])
    except SealError:
        # It cannot be released either: whoever opens it is told.
        return
    person: dict[str, Any] = record.get("worker") or {}
    card = person.get("card") or {}
    said = (
        (NAME, person.get("name")),
        (person.get("document"), person.get("number")),
        (CARD, card.get("number")),
        (CHIP, card.get("chip")),
    )
    for kind, value in said:
        if isinstance(kind, str) and isinstance(value, str):
            yield kind, value
