"""What tells the same as a record (同一事实的其他记录): sealed with it, shown again with it, erased with it.

A certificate that was known from paper and is signed later stands twice, and so may a class. Who asks that a
record is sealed asks that nobody reads what it says: sealed alone, its twin would count in its place and be
read. So whatever tells the same class or certificate of the same person (`retold.facts_of`) is named in the
proposal (`also`) and gets an entry of its own by the same decision. What came, went or was sealed
between proposal and decision makes the proposal stale.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy.engine import Connection

from recordsvc.archive import persons, retold
from recordsvc.archive.errors import ErasureBlocked
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import Archive
from recordsvc.archive.retention import longest, record_blockers
from recordsvc.archive.states import Life, RecordState
from recordsvc.ground.commit import Turn
from recordsvc.ground.two_person import StaleProposal
from recordsvc.people import merges, standing

if TYPE_CHECKING:
    from recordsvc.house import House

_REPEATING: Final = frozenset({Kind.CORRECT, Kind.REVOKE, Kind.RESTORE})
"""Acts that are erased with the record: signed by issuers, each with the person's number and reasons."""
ALSO: Final = "also"
"""Member of a payload: the records that go along, each by `worker_id`, `record_id` and `seq`."""


class Alike(NamedTuple):
    """A record that tells the same, in whichever chain of its person."""

    archive: Archive
    state: RecordState


def of(
    house: "House", conn: Connection, archive: Archive, state: RecordState, lives: Collection[Life]
) -> list[Alike]:
    """Return what tells the same as a record and stands in one of these ways; restricted or not.

    What was moved away tells of somebody else: it goes along with nothing, and nothing with it.
    """
    if state.moved:
        return []
    told, cursor = retold.of_state(state), house.db.cursor(conn)
    first = merges.person_id(conn, archive.worker_id)
    own = frozenset([first, *house.people.read_as(cursor, first)])
    if not told or not retold.is_of(house, cursor, own, state.record or {}):
        return []
    person = persons.read(house, first, cursor, sealed=True)
    return [
        Alike(chain, one)
        for chain in (() if person is None else person.archives)
        for one in chain.state.records
        if one.life in lives
        and not one.moved
        and (chain.worker_id, one.seq) != (archive.worker_id, state.seq)
        and not told.isdisjoint(retold.of_state(one))
        and retold.is_of(house, cursor, own, one.record or {})
    ]


def repeated(one: Alike) -> list[int]:
    """Return the seqs of what is erased of a record: itself, and what repeats it and can be read."""
    acts = (act.seq for act in one.state.history if act.kind in _REPEATING and act.record)
    return [one.state.seq, *acts]


def named(found: Sequence[Alike]) -> dict[str, Any]:
    """Return the member of a payload that names these; none without any."""
    return {ALSO: [_name(one) for one in found]} if found else {}


def judged(payload: dict[str, Any], found: Sequence[Alike]) -> None:
    """Refuse a decision by which others go along than were named. Raises `StaleProposal`."""
    if payload.get(ALSO, []) != named(found).get(ALSO, []):
        raise StaleProposal


def refuse_read(turn: Turn, found: Iterable[Alike]) -> None:
    """Refuse to erase with a record what is still read. Raises `StandingRefused`."""
    for one in found:
        alone = one.state.life is Life.RESTRICTED
        if not alone and merges.held(turn, one.archive.worker_id)[1] != standing.RESTRICTED:
            raise standing.StandingRefused(
                "说同一事实的另一条记录还没有限制处理：请先限制那一条，再提出删除",
                detail_en="another record tells the same and is not restricted: restrict that first",
            )


def refuse_kept(house: "House", turn: Turn, found: Iterable[Alike], ground: str) -> None:
    """Refuse to erase what law or open money keeps. Raises `ErasureBlocked`."""
    kept = [
        blocker
        for one in found
        for blocker in record_blockers(house, turn.conn, one.archive.worker_id, one.state, ground)
    ]
    if kept:
        raise ErasureBlocked.by(longest(kept))


def part(label: str, one: Alike) -> bytes:
    """Return what tells the entry on one of these from the others of its decision."""
    return label.encode() + one.archive.worker_id + one.state.seq.to_bytes(4)


def _name(one: Alike) -> dict[str, Any]:
    record_id = one.archive.entries[one.state.seq].stored.record_id or b""
    return {
        "worker_id": str(uuid.UUID(bytes=one.archive.worker_id)),
        "record_id": str(uuid.UUID(bytes=record_id)),
        "seq": one.state.seq,
    }
