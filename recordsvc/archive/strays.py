"""Records under a person's number in another person's chain (误入他档的记录), left there by merges undone.

While two archives are read as one, records for either number go into the chain that is read. Undoing the
merge moves nothing, so that what was entered meanwhile stands where the person's number no longer leads.
Officials move it (`moving.py`); an erasure of the person takes it along.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recordsvc.archive import restricted
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import Archive, OpenEntry, Reader
from recordsvc.archive.states import RecordState
from recordsvc.ground.readers import Cursor
from recordsvc.people.resolve import CARD

if TYPE_CHECKING:
    from recordsvc.house import House


@dataclass(frozen=True, slots=True)
class Stray:
    """An entry in the chain of `worker_id`, though its number is another's; `state` None: it acts on one."""

    worker_id: bytes
    seq: int
    record_id: bytes
    issuer: str
    state: RecordState | None


def entered_meanwhile(house: "House", cursor: Cursor, worker_id: bytes) -> list[Stray]:
    """Return the records, erased ones apart, that were entered elsewhere under a number of this worker.

    Those in restricted archives are left out. Raises `ArchiveRestricted`.
    """
    restricted.refuse(house, cursor, worker_id)
    found = [one for one in left_elsewhere(house, cursor, [worker_id]) if one.state is not None]
    sealed = restricted.among(house, cursor, (one.worker_id for one in found))
    return [one for one in found if one.worker_id not in sealed]


def left_elsewhere(house: "House", cursor: Cursor, own: Collection[bytes]) -> list[Stray]:
    """Return what can be read in other chains under numbers of the archives `own`, which are one person's."""
    return [
        Stray(
            archive.worker_id, seq, entry.stored.record_id, str(entry.record["issuer"]), archive.state.of(seq)
        )
        for archive in _once_read_as_one(Reader(house, sealed=True), cursor, own)
        if archive.worker_id not in own
        for entry in _under_numbers_of(house, cursor, archive, own)
        for seq in [entry.stored.seq]
        if entry.record is not None and entry.stored.record_id is not None
    ]


def linked(records: Iterable[Mapping[str, Any]]) -> set[bytes]:
    """Return the archives that a chain's records say it is, or was for a time, read as one with."""
    bodies = [record["body"] for record in records if record["type"] == "merge"]
    return {uuid.UUID(body[part]).bytes for body in bodies for part in ("from", "into")}


def number_in(record: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return kind and value of the number that a record is entered under; None: it names the archive."""
    said = record["worker"]
    if "worker_id" in said:
        return None
    number = said.get("number")
    return (CARD, said["card"]["number"]) if number is None else (said["document"], number)


def _once_read_as_one(reader: Reader, cursor: Cursor, own: Collection[bytes]) -> Iterator[Archive]:
    """Yield the archives that these are, or ever were, read as one with, over any number of merges."""
    wanted = list(own)
    for worker_id in wanted:  # grows by what each chain names
        archive = reader.archive(worker_id, cursor)
        if archive is not None:
            yield archive
            merges = (one.record for one in archive.entries if one.kind is Kind.MERGE)
            others = linked(record for record in merges if record is not None)
            wanted += sorted(others.difference(wanted))


def _under_numbers_of(
    house: "House", cursor: Cursor, archive: Archive, own: Collection[bytes]
) -> Iterator[OpenEntry]:
    """Yield the readable entries of a chain whose number belongs to one of `own`."""
    named = [(entry, number_in(entry.record)) for entry in archive.entries if entry.record is not None]
    holders = house.people.holders(cursor, {number for _entry, number in named if number is not None})
    for entry, number in named:
        if number is not None and holders.get(number) in own:
            yield entry
