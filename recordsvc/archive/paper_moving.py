"""A paper that lies with the wrong person (材料移档), sealed anew under the key of whose it is."""

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import sqlalchemy as sa

from recordsvc.archive.paper_rows import Row, object_aad, row_aad
from recordsvc.archive.papers import enter_row, still_there
from recordsvc.archive.tables import paper
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, uuid7
from recordsvc.ground.privileges import erasing
from recordsvc.ground.problems import NotFound, Unavailable
from recordsvc.people import tables as people_tables
from recordsvc.vault.envelope import DataKeys
from recordsvc.vault.objects import StoreUnavailable

if TYPE_CHECKING:
    from recordsvc.house import House


def move(turn: Turn, house: "House", row: Row, to: bytes) -> None:
    """Let a paper be another worker's: file and row sealed anew, as filed when and by whom it was.

    The file that stays behind is a leftover, which `sweep` removes. Raises `NotFound`, `PaperDamaged`,
    `TooManyPapers`, `Unavailable`.
    """
    own, keys, store = row.owner, DataKeys(house.keys, house.random.bytes), house.papers
    if not isinstance(own, bytes):
        raise TypeError("not a worker's paper")
    workers = sorted((own, to))
    if len([one for one in workers if still_there(turn, one)]) < 2:
        raise NotFound
    wrapped = people_tables.worker_key.c
    query = sa.select(wrapped.worker_id, wrapped.wrapped).where(wrapped.worker_id.in_(workers))
    opening = {bytes(one): keys.get(bytes(one), bytes(sealed)) for one, sealed in turn.conn.execute(query)}
    told = store.opened_row(opening[own], row)
    data = store.opened_file(opening[own], row, told.sha256)
    name = uuid7(FixedClock(turn.now_ms), house.random).hex()
    tag = store.tag(to, bytes.fromhex(told.sha256))
    moved = Row(to, tag, row.paper_id, row.kind, row.media, row.filed_ms, row.filed_by, name, b"")
    said = orjson.dumps({"sha256": told.sha256, "size": told.size, "title": told.title})
    moved = replace(moved, sealed=opening[to].seal(said, row_aad(moved)))
    try:
        house.objects.put(name, opening[to].seal(data, object_aad(to, row.paper_id)))
    except StoreUnavailable:
        raise Unavailable from None
    enter_row(turn, house, moved, told=False)
    with erasing(turn.conn):
        turn.conn.execute(paper.delete().where(paper.c.worker_id == own, paper.c.tag == row.tag))
