"""What is restricted (限制处理), archives and single records: kept, neither read nor used, by whatever door.

`Reader` and papers judge by themselves; what shows anything else of a person asks here first. An archive is
restricted with the one that it is read as. Of one restricted record, what opens entries without deriving
their states (feed, notices) learns here which of them it may not tell.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.restriction_errors import RecordRestricted
from recordsvc.ground.readers import Cursor
from recordsvc.people.standing import RESTRICTED

if TYPE_CHECKING:
    from recordsvc.house import House


def refuse(house: "House", cursor: Cursor, *workers: bytes) -> None:
    """Raise `ArchiveRestricted` where one of these archives is; nobody's is not."""
    if among(house, cursor, workers):
        raise ArchiveRestricted


def among(house: "House", cursor: Cursor, workers: Iterable[bytes]) -> frozenset[bytes]:
    """Return which of these archives are restricted."""
    return frozenset(one for one in set(workers) if _is(house, cursor, one))


def _is(house: "House", cursor: Cursor, worker_id: bytes) -> bool:
    worker = house.people.load(cursor, worker_id)
    return worker is not None and house.people.person(cursor, worker).state == RESTRICTED


def entries_of(house: "House", cursor: Cursor, workers: Iterable[bytes]) -> frozenset[tuple[bytes, int]]:
    """Return which entries (worker_id, seq) of these chains are sealed, one record being restricted."""
    wanted = list(set(workers))
    if not wanted:
        return frozenset()
    cursor.execute(*house.db.by_keys(_ENTRIES, wanted))
    return frozenset((bytes(worker_id), seq) for worker_id, seq in cursor.fetchall())


_ENTRIES: Final = "SELECT r.worker_id, r.seq FROM {wanted} JOIN restricted_entry r ON r.worker_id = wanted.k"


def moments_of(house: "House", cursor: Cursor, workers: Iterable[bytes]) -> frozenset[tuple[bytes, int]]:
    """Return when (worker_id, UTC ms) the sealed entries of these chains were entered; erased ones too."""
    wanted = list(set(workers))
    if not wanted:
        return frozenset()
    cursor.execute(*house.db.by_keys(_MOMENTS, wanted))
    return frozenset(
        (bytes(worker_id), int.from_bytes(bytes(leaf)[2:10])) for worker_id, leaf in cursor.fetchall()
    )


_MOMENTS: Final = (
    "SELECT r.worker_id, e.leaf FROM {wanted} JOIN restricted_entry r ON r.worker_id = wanted.k"
    " JOIN entry e ON e.worker_id = r.worker_id AND e.seq = r.seq"
)


def refuse_record(house: "House", cursor: Cursor, worker_id: bytes, seq: int) -> None:
    """Raise `RecordRestricted` where this entry is sealed."""
    if (worker_id, seq) in entries_of(house, cursor, [worker_id]):
        raise RecordRestricted
