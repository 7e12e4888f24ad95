"""Which archives are restricted (限制处理): kept, and neither read nor used, by whatever door.

`Reader` and papers judge by themselves; what shows anything else of a person asks here first. An archive is
restricted with the one that it is read as.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from recordsvc.archive.errors import ArchiveRestricted
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
