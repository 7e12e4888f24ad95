"""Which worker is read as which (合并): links between workers, set and taken back under the writer's lock.

Identifiers, names and index rows stay where they are: whoever resolves a number follows the link
(`resolve.People`). Each change moves the versions of both workers, so that whatever was judged before is
judged anew.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import Conflict
from recordsvc.people import standing, tables
from recordsvc.people.workers import MERGED, MOST_MERGES

OPEN = "open"


class NotMergeable(Conflict):
    """The two workers are not open, or of somebody who died, are one already, or are not merged."""

    code = "not-mergeable"
    title_zh = "两份档案的现状不允许合并或撤回合并"
    title_en = "The state of the two archives does not allow this"
    remedy_zh = "请重新查看两份档案：须是两份不同的、正常状态的档案，或并入死者已关闭的档案；撤回的须已合并。"
    remedy_en = (
        "Look at both archives again: two different ones, both open, or into the closed one of somebody who"
        " died; to undo, they must be merged."
    )


def link(turn: Turn, worker_id: bytes, into: bytes) -> str:
    """Read one worker as another from now on; how that one stands: open, or closed after a death.

    Into an archive that is closed goes another of the person who died, closed or not yet; into one that is
    open only an open one. Raises `NotMergeable`.
    """
    stands = next(
        (one for one in (OPEN, standing.CLOSED) if worker_id != into and _touch(turn, into, one)), ""
    )
    before = {OPEN: (OPEN,), standing.CLOSED: (OPEN, standing.CLOSED)}.get(stands, ())
    if not any(_set(turn, worker_id, one, MERGED, into) for one in before):
        raise NotMergeable
    return stands


def unlink(turn: Turn, worker_id: bytes, into: bytes, after: str = OPEN) -> None:
    """Let a merged worker stand alone again, also from one who died. Raises `NotMergeable`.

    `after`: how it stands then, `CLOSED` where its own person's death closed it before.
    """
    if person_id(turn.conn, into) != into or not _set(turn, worker_id, MERGED, after, None, into):
        raise NotMergeable
    _touch(turn, into, OPEN, standing.CLOSED)


def person_id(conn: Connection, worker_id: bytes) -> bytes:
    """Return the worker that this one is read as: itself unless it was merged."""
    worker = tables.worker
    for _merge in range(MOST_MERGES):
        into = conn.execute(sa.select(worker.c.merged_into).where(worker.c.worker_id == worker_id)).scalar()
        if into is None:
            return worker_id
        worker_id = bytes(into)
    raise RuntimeError("merges form a ring")


def held(turn: Turn, worker_id: bytes) -> tuple[bytes, str]:
    """Return as whom a worker is read, and how that archive stands; neither changes while the turn runs."""
    worker = tables.worker
    for _merge in range(MOST_MERGES):
        wanted = sa.select(worker.c.merged_into, worker.c.state).where(worker.c.worker_id == worker_id)
        found = turn.conn.execute(wanted.with_for_update(read=True)).one_or_none()
        if found is None or found.merged_into is None:
            return worker_id, "" if found is None else str(found.state)
        worker_id = bytes(found.merged_into)
    raise RuntimeError("merges form a ring")


def together(conn: Connection, workers: Iterable[bytes]) -> frozenset[bytes]:
    """Return these workers with all that are read as the same persons, whichever way they were merged."""
    return beneath(conn, [person_id(conn, one) for one in workers])


def beneath(conn: Connection, workers: Iterable[bytes]) -> frozenset[bytes]:
    """Return these workers with all that are read as one of them, at whatever remove."""
    worker, known = tables.worker, [*dict.fromkeys(workers)]
    for one in known:
        known += [
            bytes(it) for it in conn.scalars(sa.select(worker.c.worker_id).where(worker.c.merged_into == one))
        ]
    return frozenset(known)


def versions(conn: Connection, *workers: bytes) -> str:
    """Return what a proposal about these workers rests on: that nobody changed any of them since."""
    worker = tables.worker
    rows = conn.execute(
        sa.select(worker.c.worker_id, worker.c.version).where(worker.c.worker_id.in_(workers))
    )
    known = {row.worker_id: row.version for row in rows}
    return "/".join(str(known.get(one, 0)) for one in workers)


def _touch(turn: Turn, worker_id: bytes, *states: str) -> bool:
    """Move the version of a worker who is in one of these states; False if in none."""
    worker = tables.worker
    found = worker.update().where(worker.c.worker_id == worker_id, worker.c.state.in_(states))
    return turn.conn.execute(found.values(version=worker.c.version + 1)).rowcount == 1


def _set(
    turn: Turn, worker_id: bytes, before: str, after: str, into: bytes | None, was: bytes | None = None
) -> bool:
    worker = tables.worker
    found = worker.c.merged_into.is_(None) if was is None else worker.c.merged_into == was
    changing = worker.update().where(worker.c.worker_id == worker_id, worker.c.state == before, found)
    values = {"state": after, "merged_into": into, "version": worker.c.version + 1}
    return turn.conn.execute(changing.values(**values)).rowcount == 1
