"""Records under a person's number in another person's chain (误入他档的记录), left there by merges undone.

While two archives are read as one, records for either number go into the chain that is read. Undoing the
merge moves nothing, so that what was entered meanwhile stands where the person's number no longer leads.
Officials move it (`moving.py`); an erasure of the person takes it along.

What the region states names the archive that was read, and no number: old papers, the worker's own statements
and evidence, what departments say. Entered meanwhile, it may be either person's. It is listed as undecided
until two officials moved it, or decided that it stays (a move to where it stands); so long neither can be
told apart, the person who was merged is not erased.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from recordsvc.archive import restricted
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import Archive, OpenEntry, Reader
from recordsvc.archive.states import MOVED, Life, RecordState
from recordsvc.ground.readers import Cursor
from recordsvc.people.resolve import CARD

if TYPE_CHECKING:
    from recordsvc.house import House


@dataclass(frozen=True, slots=True)
class Stray:
    """An entry in the chain of `worker_id`, though its number is another's; `state` None: it acts on one.

    `certain`: its number says so, or two officials moved it; else nobody knows yet whose it is.
    """

    worker_id: bytes
    seq: int
    record_id: bytes
    issuer: str
    state: RecordState | None
    certain: bool = True


_STAYED: Final = "SELECT payload FROM proposal WHERE state = 'done' AND kind = 'record.move' AND subject = ?"
_DECIDED: Final = "moved"
"""Source of what the region states on two officials' word of whose it is (`provenance_sources`)."""


def entered_meanwhile(house: "House", cursor: Cursor, worker_id: bytes) -> list[Stray]:
    """Return the records, erased and moved ones apart, that were entered elsewhere and may be this worker's.

    Those in restricted archives are left out. Raises `ArchiveRestricted`.
    """
    restricted.refuse(house, cursor, worker_id)
    found = [one for one in left_elsewhere(house, cursor, [worker_id]) if one.state and not one.state.moved]
    found += undecided(house, cursor, [worker_id])
    sealed = restricted.among(house, cursor, (one.worker_id for one in found))
    return [one for one in found if one.worker_id not in sealed]


def left_elsewhere(house: "House", cursor: Cursor, own: Collection[bytes]) -> list[Stray]:
    """Return what can be read in other chains and is of the archives `own`, which are one person's.

    By its number; and what two officials moved to where it belongs, which can be read here still.
    """
    archives = list(once_read_as_one(Reader(house, sealed=True), cursor, own))
    return [
        one
        for archive in archives
        if archive.worker_id not in own
        for entry in (
            *_under_numbers_of(house, cursor, archive, own),
            *(it for it in _stated_meanwhile(archive, archives, own) if _moved(archive, it)),
        )
        if (one := _stray(archive, entry)) is not None
    ]


def undecided(house: "House", cursor: Cursor, own: Collection[bytes]) -> list[Stray]:
    """Return what the region stated in other chains while `own` was read as they are, whosever it is.

    Without what was moved since, revoked, or left where it stands by two officials.
    """
    archives = list(once_read_as_one(Reader(house, sealed=True), cursor, own))
    return [
        one
        for archive in archives
        if archive.worker_id not in own
        for entry in _stated_meanwhile(archive, archives, own)
        if (one := _stray(archive, entry, certain=False)) is not None
        and one.state is not None
        and one.state.life in (Life.ACTIVE, Life.RESTRICTED)
        and not one.state.moved
        and not _stays(house, cursor, one)
    ]


def undecided_here(house: "House", cursor: Cursor, own: Collection[bytes]) -> list[Stray]:
    """Return what the region stated in `own` while others were read as them, and may be those others'."""
    reader = Reader(house, sealed=True)
    here = [archive for one in own if (archive := reader.archive(one, cursor)) is not None]
    merged = {uuid.UUID(body["from"]).bytes for archive in here for body in _parted(archive)}
    found = (one for other in merged.difference(own) for one in undecided(house, cursor, [other]))
    return [one for one in found if one.worker_id in own]


def may_stay(house: "House", cursor: Cursor, archive: Archive, seq: int) -> bool:
    """Tell whether a record may be anybody's who was read as its chain: two may decide that it stays."""
    merged = [uuid.UUID(body["from"]).bytes for body in _parted(archive)]
    found = (one for other in merged for one in undecided(house, cursor, [other]))
    return any((one.worker_id, one.seq) == (archive.worker_id, seq) for one in found)


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


def _stray(archive: Archive, entry: OpenEntry, *, certain: bool = True) -> Stray | None:
    record, seq = entry.record, entry.stored.seq
    if record is None or entry.stored.record_id is None:
        return None
    state, issuer = archive.state.of(seq), str(record["issuer"])
    return Stray(archive.worker_id, seq, entry.stored.record_id, issuer, state, certain)


def _parted(archive: Archive) -> Iterator[Mapping[str, Any]]:
    """Yield the bodies of the merges into a chain that were undone."""
    mine = str(uuid.UUID(bytes=archive.worker_id))
    for entry in archive.entries:
        record = entry.record
        if record is not None and record["type"] == "unmerge" and record["body"]["into"] == mine:
            yield record["body"]


def _stated_meanwhile(
    archive: Archive, archives: Collection[Archive], own: Collection[bytes]
) -> Iterator[OpenEntry]:
    """Yield the region's records of a chain, without a number, of the time in which `own` led there."""
    mine, led = str(uuid.UUID(bytes=archive.worker_id)), _led(archives, own)
    inside = set[str]()
    for entry in archive.entries:
        record = entry.record
        if record is None:
            continue
        body = record["body"]
        if record["type"] in ("merge", "unmerge"):
            if body["into"] == mine and body["from"] in led:
                (inside.add if record["type"] == "merge" else inside.discard)(body["from"])
        elif inside and number_in(record) is None and archive.state.of(entry.stored.seq) is not None:
            known = record.get("provenance", {}).get("source") == _DECIDED
            yield from () if known else (entry,)


def _led(archives: Collection[Archive], own: Collection[bytes]) -> set[str]:
    """Return the ids of `own` and of the archives that they ever were read as, as chains name them."""
    bodies = [
        one.record["body"]
        for archive in archives
        for one in archive.entries
        if one.record is not None and one.record["type"] == "merge"
    ]
    led = {str(uuid.UUID(bytes=one)) for one in own}
    while more := {body["into"] for body in bodies if body["from"] in led} - led:
        led |= more
    return led


def _moved(archive: Archive, entry: OpenEntry) -> bool:
    state = archive.state.of(entry.stored.seq)
    revoked = None if state is None or state.revocation is None else state.revocation.record
    return revoked is not None and revoked["body"].get("reason") == MOVED


def _stays(house: "House", cursor: Cursor, one: Stray) -> bool:
    """Tell whether two officials decided that a record stays in its chain."""
    cursor.execute(house.db.sql(_STAYED), [str(uuid.UUID(bytes=one.record_id))])
    wanted = str(uuid.UUID(bytes=one.worker_id)), one.seq
    return any(
        (said["to"], said["seq"]) == wanted for (row,) in cursor.fetchall() for said in [json.loads(row)]
    )


def once_read_as_one(reader: Reader, cursor: Cursor, own: Collection[bytes]) -> Iterator[Archive]:
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
