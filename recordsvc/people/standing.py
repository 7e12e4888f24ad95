"""How a worker's archive stands (档案状态): open, restricted, closed, erased; changed under the lock.

`merged` is set in `merges.py`. Each change moves the version, so that what was judged before is judged anew.
"""

import sqlalchemy as sa

from recordsvc.ground.commit import Turn
from recordsvc.ground.privileges import erasing
from recordsvc.ground.problems import Conflict
from recordsvc.people import tables
from recordsvc.vault import fence

OPEN = "open"
RESTRICTED = "restricted"
CLOSED = "closed"
ERASED = "erased"

_ERASED = (tables.worker_key, tables.identifier, tables.card, tables.card_event, tables.blind_index)


class StandingRefused(Conflict):
    """The archive's present state does not allow this."""

    code = "standing"
    title_zh = "档案的现状不允许此操作"
    title_en = "The state of the archive does not allow this"
    remedy_zh = "请重新查看档案的状态（正常、限制、关闭、合并、删除）后再办。"
    remedy_en = "Look at the archive's state again: open, restricted, closed, merged or erased."


def change(turn: Turn, worker_id: bytes, before: str, after: str) -> None:
    """Bring a worker from one state to another. Raises `StandingRefused`."""
    worker = tables.worker
    found = worker.update().where(worker.c.worker_id == worker_id, worker.c.state == before)
    values = {"state": after, "version": worker.c.version + 1}
    if turn.conn.execute(found.values(**values)).rowcount != 1:
        raise StandingRefused


def erase(turn: Turn, worker_id: bytes) -> None:
    """Destroy a worker's key and all by which the person is found; the row stays, without a name.

    What the key had sealed is unreadable from then on, wherever copies of it lie.
    """
    # A re-index that is under way neither misses this nor puts anything back behind it.
    fence.share(turn)
    worker = tables.worker
    turn.conn.execute(
        worker.update()
        .where(worker.c.worker_id == worker_id)
        .values(state=ERASED, merged_into=None, names=b"", version=worker.c.version + 1)
    )
    mine = sa.select(tables.blind_index.c.tag).where(tables.blind_index.c.worker_id == worker_id)
    turn.conn.execute(tables.card_fact.delete().where(tables.card_fact.c.tag.in_(mine)))
    with erasing(turn.conn):
        for table in _ERASED:
            turn.conn.execute(sa.delete(table).where(table.c.worker_id == worker_id))
