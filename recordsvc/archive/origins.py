"""Where moved records came from (移动记录的来处): what is struck in others' chains.

A move leaves its record sealed in the chain that it was struck from. Erased with the person, or the record,
that it was moved to, it must be readable nowhere: whoever erases what was moved here follows each move back,
over any number of moves, to what it struck, and destroys that too. The record moved here names its
decision; the decision names the place that it struck.

Of what was struck the law keeps what it keeps here: the term of its type, and the vouchers of a claim that
rests on it. That the archive around it is restricted, or has other money open, is the other person's matter
and keeps nothing of this one's.
"""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive.alike import Alike
from recordsvc.archive.decided import case_of, worker_of
from recordsvc.archive.errors import ErasureBlocked
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.retention import Blocker, longest, record_blockers
from recordsvc.archive.states import RecordState
from recordsvc.ground.two_person import proposal

if TYPE_CHECKING:
    from recordsvc.house import House

MOVED_HERE: Final = "moved"
"""Source of what a move put in (`provenance_sources`)."""


def struck(house: "House", conn: Connection, found: Iterable[Alike]) -> list[Alike]:
    """Return what moves struck elsewhere of these records, as far as it can be read; the nearest first."""
    reader, cursor, places = (
        Reader(house, sealed=True),
        house.db.cursor(conn),
        dict[tuple[bytes, int], Alike](),
    )
    waiting = list(found)
    for one in waiting:  # grows by what each move came from
        place = _from(conn, one.state)
        archive = None if place is None else reader.archive(place[0], cursor)
        state = None if archive is None or place is None else archive.state.of(place[1])
        if archive is None or place is None or state is None or state.record is None or place in places:
            continue
        places[place] = Alike(archive, state)
        waiting.append(places[place])
    return list(places.values())


def of_archives(house: "House", conn: Connection, archives: Iterable[Archive]) -> list[Alike]:
    """Return what moves struck elsewhere of all that these archives, which are one person's, hold."""
    own = list(archives)
    ids = {archive.worker_id for archive in own}
    found = struck(house, conn, (Alike(one, state) for one in own for state in one.state.records))
    return [one for one in found if one.archive.worker_id not in ids]


def kept(house: "House", conn: Connection, found: Iterable[Alike], ground: str) -> Iterator[Blocker]:
    """Yield what law keeps of what was struck: its term, and what rests on the record itself."""
    for one in found:
        for blocker in record_blockers(house, conn, one.archive.worker_id, one.state, ground):
            if blocker.code.startswith("retention/") or blocker.places is not None:
                yield blocker


def refuse_kept(house: "House", conn: Connection, found: Iterable[Alike], ground: str) -> None:
    """Refuse to erase what was struck while law keeps it. Raises `ErasureBlocked`."""
    if by := longest(kept(house, conn, found, ground)):
        raise ErasureBlocked.by(by)


def _from(conn: Connection, state: RecordState) -> tuple[bytes, int] | None:
    """Return the place (worker_id, seq) that the move of a record struck; None: it was not moved here."""
    record: Any = state.record or {}
    if record.get("provenance", {}).get("source") != MOVED_HERE:
        return None
    decision = case_of(record)
    query = sa.select(proposal.c.payload).where(proposal.c.id == decision, proposal.c.state == "done")
    said = None if decision is None else conn.execute(query).scalar()
    if said is None:
        return None
    payload = json.loads(said)
    return worker_of(payload, "worker_id"), int(payload["seq"])
