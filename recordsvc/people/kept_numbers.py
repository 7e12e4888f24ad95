"""Kept numbers (留存的号码): sealed here and found by tags, for rooms that have no archive to keep them in.

Officials' own numbers are kept for comparing alone and shown to nobody in full; those of a class's roster
go back to the institution that brought them, to be signed. Whoever keeps one holds an opaque id. The number
itself stands sealed under a data key of its own, so that a new pepper can be taken on; beside it stand its
tags under every live pepper, which say at any time, and without opening it, whose archive it leads to: one
that comes later, too.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.ports import FixedClock, Random, uuid7
from recordsvc.people import identifiers
from recordsvc.people.tables import blind_index, kept_number, kept_tag
from recordsvc.vault import fence, passes
from recordsvc.vault.envelope import DataKeys, SealError
from recordsvc.vault.keystore import KeyStore

if TYPE_CHECKING:
    from recordsvc.house import House

_LABEL: Final = b"kept-number/v1"


def keep(turn: Turn, house: "House", kind: str, value: str) -> bytes:
    """Keep a normalised number; its opaque id. Nobody is looked for. Raises `KeysMoved`."""
    fence.hold(turn, house.db, house.keys.epoch)
    number_id = uuid7(FixedClock(turn.now_ms), house.random)
    sealed = seal(house.keys, house.random, number_id, kind, value)
    turn.conn.execute(kept_number.insert().values(number_id=number_id, sealed=sealed))
    tags = house.people.versioned_tags(kind, value)
    rows = [{"number_id": number_id, "pepper": pepper, "tag": tag} for pepper, tag in tags]
    turn.conn.execute(kept_tag.insert(), rows)
    return number_id


def forget(turn: Turn, number_ids: Iterable[bytes]) -> None:
    """Destroy kept numbers with their tags."""
    wanted = list(number_ids)
    turn.conn.execute(kept_tag.delete().where(kept_tag.c.number_id.in_(wanted)))
    turn.conn.execute(kept_number.delete().where(kept_number.c.number_id.in_(wanted)))


def archives(conn: Connection, number_ids: Iterable[bytes]) -> frozenset[bytes]:
    """Return the workers that these numbers lead to now, merges not followed.

    A number that two people had leads to the one in whose archive it was entered first.
    """
    same = kept_tag.join(blind_index, blind_index.c.tag == kept_tag.c.tag)
    query = sa.select(blind_index.c.worker_id).select_from(same).distinct()
    found = conn.scalars(query.where(kept_tag.c.number_id.in_(list(number_ids))))
    return frozenset(bytes(one) for one in found)


def of_archive(conn: Connection, worker_id: bytes) -> list[bytes]:
    """Return the kept numbers that lead to an archive now, whoever keeps them; merges not followed."""
    same = kept_tag.join(blind_index, blind_index.c.tag == kept_tag.c.tag)
    query = sa.select(kept_tag.c.number_id).select_from(same).distinct()
    return [bytes(one) for one in conn.scalars(query.where(blind_index.c.worker_id == worker_id))]


def named_by(conn: Connection, number_ids: Iterable[bytes], tags: Iterable[bytes]) -> frozenset[bytes]:
    """Return which of these kept numbers are among the numbers with these tags."""
    own = kept_tag.c
    query = sa.select(own.number_id).where(own.number_id.in_(list(number_ids)), own.tag.in_(list(tags)))
    return frozenset(bytes(one) for one in conn.scalars(query))


def masked(keys: KeyStore, conn: Connection, number_id: bytes) -> str | None:
    """Return a kept number with its last characters only; None once it is gone. Raises `SealError`."""
    own = kept_number.c
    sealed = conn.scalar(sa.select(own.sealed).where(own.number_id == number_id))
    return None if sealed is None else identifiers.mask(opened(keys, number_id, bytes(sealed))[1])


def said(keys: KeyStore, conn: Connection, number_ids: Iterable[bytes]) -> dict[bytes, tuple[str, str]]:
    """Return kind and number of those that are still kept, by id. Raises `SealError`."""
    own = kept_number.c
    rows = conn.execute(sa.select(own.number_id, own.sealed).where(own.number_id.in_(list(number_ids))))
    return {bytes(row.number_id): opened(keys, bytes(row.number_id), bytes(row.sealed)) for row in rows}


def seal(keys: KeyStore, random: Random, number_id: bytes, kind: str, value: str) -> bytes:
    """Seal a number under a data key of its own."""
    wrapped, key = DataKeys(keys, random.bytes).new(number_id, "holding")
    said = f"{kind}\0{value}".encode()
    return bytes([len(wrapped)]) + wrapped + key.seal(said, _LABEL + number_id)


def opened(keys: KeyStore, number_id: bytes, sealed: bytes) -> tuple[str, str]:
    """Return kind and number. Raises `SealError`."""
    size = 1 + sealed[0]
    key = DataKeys(keys).get(number_id, sealed[1:size], "holding")
    kind, _, value = key.open(sealed[size:], _LABEL + number_id).decode().partition("\0")
    return kind, value


def reindex(turn: Turn, house: "House", after: bytes, target: int) -> tuple[int, bytes | None]:
    """Give a portion of kept numbers their tags under a new pepper: a stage of `people/reindex.py`."""
    fence.exclusive(turn)
    own = kept_number.c
    query = sa.select(kept_number).where(own.number_id > after).order_by(own.number_id)
    rows = turn.conn.execute(query.limit(passes.PORTION)).all()
    made = []
    for row in rows:
        number_id = bytes(row.number_id)
        try:
            kind, value = opened(house.keys, number_id, bytes(row.sealed))
        except SealError:
            # One damaged row keeps no other waiting; the older pepper stays until somebody looked at it.
            observe.log("reindex-row-damaged")
            continue
        tag = dict(house.people.versioned_tags(kind, value))[target]
        made.append({"number_id": number_id, "pepper": target, "tag": tag})
    insert_missing(turn.conn, kept_tag, made)
    return len(rows), bytes(rows[-1].number_id) if rows else None


def missing(conn: Connection, target: int) -> int:
    """Return how many kept numbers have no tag under a pepper."""
    there = sa.exists().where(kept_tag.c.number_id == kept_number.c.number_id, kept_tag.c.pepper == target)
    return int(conn.scalar(sa.select(sa.func.count()).select_from(kept_number).where(~there)) or 0)


def left(conn: Connection, oldest: int) -> bool:
    """Tell whether there are tags whose pepper was dropped."""
    return (
        conn.execute(sa.select(kept_tag.c.tag).where(kept_tag.c.pepper < oldest).limit(1)).first() is not None
    )


def sweep(turn: Turn, oldest: int) -> int:
    """Delete the tags whose pepper was dropped; how many."""
    return turn.conn.execute(kept_tag.delete().where(kept_tag.c.pepper < oldest)).rowcount
