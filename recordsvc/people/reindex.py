"""The blind index under a new pepper (重建盲索引): each old row gets its counterpart, in portions.

It begins when the database demands the epoch of the new pepper (vault/fence.py): whoever writes a row from
then on writes it under both, so that only what stands by then has to be walked. A portion keeps all other
writers of the index out: nothing it reads is half changed, and nothing of an erased worker comes back.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.finding import Snapshot, scan
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.privileges import erasing
from recordsvc.people import cardbook, kept_numbers, tables
from recordsvc.people.resolve import CARD, identifier_aad
from recordsvc.vault import fence, passes
from recordsvc.vault.envelope import DataKeys, SealError
from recordsvc.vault.keystore import KeyStore, version_of
from recordsvc.vault.tables import key_work

if TYPE_CHECKING:
    from recordsvc.house import House

NAME: Final = "reindex"


def run(house: "House") -> bool:
    """Handle one portion under the newest pepper, if there is an older one; whether there is more to do."""
    peppers = house.keys.peppers
    if len(peppers) == 1:
        return False
    target = version_of(peppers[-1])
    return passes.advance(house.db, NAME, target, _stages(house, target))


def missing(conn: Connection, target: int) -> int:
    """Return how many index rows, facts and kept numbers have no counterpart under `target`."""
    old, new, fact = tables.blind_index.alias("old"), tables.blind_index.alias("new"), tables.card_fact
    there = sa.exists().where(
        new.c.worker_id == old.c.worker_id,
        new.c.identifier_id == old.c.identifier_id,
        new.c.kind == old.c.kind,
        new.c.pepper == target,
    )
    rows = sa.select(sa.func.count()).select_from(old).where(old.c.pepper < target, ~there)
    facts = sa.select(sa.func.count()).select_from(fact).where(fact.c.pepper < target)
    indexed = int(conn.scalar(rows) or 0) + int(conn.scalar(facts) or 0)
    return indexed + kept_numbers.missing(conn, target)


def unfinished(snapshot: Snapshot, keys: KeyStore) -> frozenset[int]:
    """Return the peppers under which rows may still be missing in this snapshot."""
    peppers = keys.peppers
    newest = version_of(peppers[-1])
    own = key_work.c
    rows = list(scan(snapshot, [own.name, own.target, own.ended_ms], own.name == NAME))
    over = any(target == newest and ended is not None for _name, target, ended in rows)
    return frozenset() if over or len(peppers) == 1 else frozenset({newest})


def sweep(house: "House") -> int:
    """Delete a portion of the rows whose pepper was dropped; how many."""
    oldest = version_of(house.keys.peppers[0])
    index = tables.blind_index

    def act(turn: Turn) -> int:
        dropped = sa.select(index.c.tag).where(index.c.pepper < oldest).limit(passes.PORTION)
        tags = list(turn.conn.execute(dropped).scalars())
        if tags:
            with erasing(turn.conn):
                turn.conn.execute(index.delete().where(index.c.tag.in_(tags)))
        return len(tags) + kept_numbers.sweep(turn, oldest)

    with house.db.read() as conn:
        left = conn.execute(sa.select(index.c.tag).where(index.c.pepper < oldest).limit(1)).first()
        if left is None and not kept_numbers.left(conn, oldest):
            return 0
    return house.db.write(act)


def _stages(house: "House", target: int) -> Sequence[passes.Stage]:
    return (
        lambda turn, after: _index(turn, house, after, target),
        lambda turn, after: _facts(turn, house, after, target),
        lambda turn, after: kept_numbers.reindex(turn, house, after, target),
    )


def _index(turn: Turn, house: "House", after: bytes, target: int) -> tuple[int, bytes | None]:
    fence.exclusive(turn)
    index, own, key = tables.blind_index, tables.identifier, tables.worker_key
    here = sa.and_(own.c.worker_id == index.c.worker_id, own.c.identifier_id == index.c.identifier_id)
    query = (
        sa.select(index, own.c.asserted_ms, own.c.source, own.c.sealed, key.c.wrapped)
        .join_from(index, own, here)
        .join(key, key.c.worker_id == index.c.worker_id)
        .where(index.c.tag > after, index.c.pepper < target)
        .order_by(index.c.tag)
        .limit(passes.PORTION)
    )
    rows = turn.conn.execute(query).all()
    ready, made = DataKeys(house.keys), []
    for row in rows:
        worker_id, identifier_id = bytes(row.worker_id), bytes(row.identifier_id)
        aad = identifier_aad(worker_id, identifier_id, row.kind, row.asserted_ms, row.source)
        try:
            value = ready.get(worker_id, bytes(row.wrapped)).open(bytes(row.sealed), aad).decode()
        except SealError:
            # One damaged row keeps no other waiting; the older pepper stays until somebody looked at it.
            observe.log("reindex-row-damaged")
            continue
        tag = dict(house.people.versioned_tags(row.kind, value))[target]
        made.append(dict(zip(index.columns.keys(), (tag, target, *row[2:6]), strict=True)))
    insert_missing(turn.conn, index, made)
    return len(rows), bytes(rows[-1].tag) if rows else None


def _facts(turn: Turn, house: "House", after: bytes, target: int) -> tuple[int, bytes | None]:
    """Move what waits for a holder under the tag of the new pepper."""
    fence.exclusive(turn)
    own = tables.card_fact
    query = sa.select(own).where(own.c.tag > after, own.c.pepper < target).order_by(own.c.tag)
    rows = turn.conn.execute(query.limit(passes.PORTION)).all()
    for row in rows:
        try:
            fact = cardbook.open_fact(house.keys, bytes(row.tag), bytes(row.sealed))
        except SealError:
            observe.log("reindex-row-damaged")
            continue
        tag = dict(house.people.versioned_tags(CARD, fact.card))[target]
        sealed = cardbook.seal_fact(house.keys, house.random, tag, fact)
        turn.conn.execute(own.delete().where(own.c.tag == row.tag))
        insert_missing(turn.conn, own, [{"tag": tag, "pepper": target, "sealed": sealed}])
    return len(rows), bytes(rows[-1].tag) if rows else None
