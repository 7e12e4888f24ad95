"""All archives of one person (本人全部档案): the own one, and those that are read as it since a merge.

Each is a chain of its own, with its own entries, states and proofs: a merge moves nothing. What acts on a
record goes into the chain in which that record stands.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recordsvc.archive.errors import RecordAmbiguous
from recordsvc.archive.reading import Archive, OpenEntry, Reader
from recordsvc.archive.states import RecordState
from recordsvc.ground.commit import Turn
from recordsvc.ground.readers import Cursor
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House


@dataclass(frozen=True, slots=True)
class Place:
    """An entry, the archive it stands in, and its state if it is a record."""

    archive: Archive
    entry: OpenEntry
    state: RecordState | None


@dataclass(frozen=True, slots=True)
class PersonArchives:
    """One person's archives as of one snapshot, the own one first."""

    archives: tuple[Archive, ...]

    @property
    def own(self) -> Archive:
        """The archive that the others are read as."""
        return self.archives[0]

    def find(self, record_id: bytes, issuer: str | None = None) -> Place | None:
        """Return an entry by its record id, in whichever archive; None: none. Raises `RecordAmbiguous`."""
        places = [
            Place(archive, *found)
            for archive in self.archives
            if (found := archive.by_record_id(record_id, issuer)) is not None
        ]
        if len(places) > 1:
            raise RecordAmbiguous
        return places[0] if places else None


def chains(turn: Turn, house: "House", worker_id: bytes) -> list[bytes]:
    """Return the ids of all archives of the person whose one of these is, the one they are read as first."""
    person = merges.person_id(turn.conn, worker_id)
    return [person, *house.people.read_as(house.db.cursor(turn.conn), person)]


def read(
    house: "House", worker_id: bytes, cursor: Cursor | None = None, *, sealed: bool = False
) -> PersonArchives | None:
    """Return the archives of a worker; None when there is no such worker, or the person was erased.

    `sealed`: restricted ones too, to judge by. Raises `ArchiveRestricted`.
    """
    if cursor is None:
        with house.db.read_raw() as own:
            return read(house, worker_id, own, sealed=sealed)
    reader, wanted = Reader(house, sealed=sealed), [worker_id]
    found: list[Archive] = []
    for one in wanted:  # grows by what was merged into each
        archive = reader.archive(one, cursor)
        if archive is not None:
            found.append(archive)
            wanted += archive.read_as
    return PersonArchives(tuple(found)) if found and found[0].worker_id == worker_id else None
