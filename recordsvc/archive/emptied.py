"""Notices of records that were erased before notices went with them (已删除记录的旧通知): emptied late.

A follower of the erasures, in log order. Each erasure takes its notices itself; what was erased by an earlier
version, and left them, is met here once, and what is emptied already stays as it is.
"""

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from recordsvc.archive import notices, tables
from recordsvc.archive.going import WHOLE
from recordsvc.ground.commit import Turn
from recordsvc.ground.follower import Follower, Portion
from recordsvc.people.tables import erasure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recordsvc.house import House

NAME: Final = "erased-notices"
Erased = tuple[bytes, int]
"""Worker and seq of an entry that was erased."""


def emptier(house: "House") -> Follower[Erased]:
    """Return the follower."""

    def empty(turn: Turn, erased: "Sequence[Erased]") -> None:
        for worker_id, seq in erased:
            notices.empty(turn, house, worker_id, seq)

    return Follower(house.db, NAME, lambda after, limit: _erased(house, after, limit), empty)


def _erased(house: "House", after: int, limit: int) -> Portion[Erased]:
    own, place = erasure.c, tables.place.c
    query = sa.select(own.idx, own.worker_id, own.seq).where(own.idx > after, own.seq != WHOLE)
    with house.db.read() as conn:
        end = conn.scalar(sa.select(sa.func.max(place.idx)))
        rows = conn.execute(query.order_by(own.idx).limit(limit)).all()
    found = [(int(idx), (bytes(worker_id), int(seq))) for idx, worker_id, seq in rows]
    if len(found) == limit or end is None:
        return Portion(found, found[-1][0] if found else after)
    return Portion(found, max(int(end), after))
