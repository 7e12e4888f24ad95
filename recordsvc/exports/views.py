"""What a receiver may see of a chain now (可见内容): record by record, and why it does not see another one.

    content = what the receiver is told of a record as it stands: type, state, trust, chosen fields
    salt    = first 16 bytes of HMAC-SHA-256(s, "export/v1" ‖ 0 ‖ receiver ‖ 0 ‖ ref ‖ u32 version)
    digest  = SHA-256(salt ‖ canonical content)

The secret s lies in the record's ciphertext: with the record it is gone, and no digest confirms a guess.
Only what counts leaves: records in force, confirmed where the rule asks for it, not contested, not stated
better elsewhere in the chain.
"""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive import extracts, facts
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.states import Confirmation, Life, RecordState
from recordsvc.archive.tables import entry as entry_table
from recordsvc.exports.granting import Grant, Granting
from recordsvc.exports.receivers import Receiver, learner, ref
from recordsvc.ground.readers import Cursor
from recordsvc.ground.strictjson import canonical
from recordsvc.people import tables as people_tables

if TYPE_CHECKING:
    from recordsvc.house import House

Pair = tuple[Receiver, bytes]
Basis = tuple[object, ...]
ERASED: Final = "erased"
ENDED: Final = "access-ended"
_LIVES: Final = {Life.ERASED: ERASED, Life.RESTRICTED: "restricted", Life.REVOKED: "revoked"}
_SAID: Final = {Confirmation.NOT_NEEDED, Confirmation.CONFIRMED}
_ACTS: Final = frozenset({Kind.CORRECT, Kind.REVOKE, Kind.RESTORE})
MERGES: Final = frozenset({Kind.MERGE, Kind.UNMERGE})


@dataclass(frozen=True, slots=True)
class Fact:
    """What a receiver is told of one record, by which grants; the secret makes its salts."""

    receiver: str
    ref: bytes
    content: bytes
    secret: bytes
    grants: tuple[Grant, ...]
    acted: int
    """Log index of the newest act on the record's content; -1 without one."""
    merged: int
    """Log index of the newest merge or undoing of one that moved its chain; -1 without one."""

    def salt(self, version: int) -> bytes:
        """Return the salt of one version, 16 bytes."""
        said = b"\0".join((b"export/v1", self.receiver.encode(), self.ref)) + version.to_bytes(4)
        return hmac.digest(self.secret, said, "sha256")[:16]

    def digest(self, version: int) -> bytes:
        """Return what an item of this version commits to."""
        return hashlib.sha256(self.salt(version) + self.content).digest()


@dataclass(frozen=True, slots=True)
class View:
    """What one receiver sees of one chain, and on what that rests."""

    receiver: Receiver
    worker_id: bytes
    basis: Basis
    facts: Mapping[bytes, Fact]
    gone: Mapping[bytes, str] = field(default_factory=dict)
    """ref -> why a record is not seen; what is not named here is `otherwise`."""
    otherwise: str = ENDED

    def why(self, name: bytes) -> str:
        """Return why a record is not seen."""
        return self.gone.get(name, self.otherwise)


def bases(conn: Connection, sources: Sequence[Granting], workers: Collection[bytes]) -> dict[bytes, Basis]:
    """Return, by chain, what its views rest on: entries, standing of all it is read as, grants."""
    if not workers:
        return {}
    ids, entries = list(workers), entry_table.c
    ways = _ways(conn, workers)
    newest = sa.select(entries.worker_id, sa.func.max(entries.seq)).where(entries.worker_id.in_(ids))
    seqs = {bytes(one): seq for one, seq in conn.execute(newest.group_by(entries.worker_id))}
    granted = [source.basis(conn, workers) for source in sources]
    found: dict[bytes, Basis] = {}
    for worker_id in workers:
        grants = tuple(one.get(worker_id, ()) for one in granted)
        found[worker_id] = (tuple(ways[worker_id].values()), seqs.get(worker_id), grants)
    return found


def _ways(conn: Connection, workers: Collection[bytes]) -> dict[bytes, dict[bytes, Basis]]:
    """Return, by chain, how it stands, then the one it was merged into, and so on to the person."""
    own, rows, wanted = people_tables.worker.c, dict[bytes, Any](), set(workers)
    while wanted:
        query = sa.select(own.worker_id, own.version, own.state, own.merged_into)
        new = {bytes(row.worker_id): row for row in conn.execute(query.where(own.worker_id.in_(wanted)))}
        rows |= new
        wanted = {bytes(row.merged_into) for row in new.values() if row.merged_into is not None} - {*rows}
    found: dict[bytes, dict[bytes, Basis]] = {}
    for worker_id in workers:
        way = found[worker_id] = {}
        at: bytes | None = worker_id
        while at in rows and at not in way:
            row = rows[at]
            way[at] = (row.version, row.state, row.merged_into)
            at = None if row.merged_into is None else bytes(row.merged_into)
    return found


def _newest_merge(conn: Connection, workers: Collection[bytes]) -> int:
    """Return the log index of the newest merge, or undoing of one, in these chains; -1 without one."""
    own, kinds = entry_table.c, [bytes([kind]) for kind in sorted(MERGES)]
    # The second byte of a leaf is its kind (formats.py).
    where = (own.worker_id.in_(list(workers)), sa.func.substr(own.leaf, 2, 1).in_(kinds))
    newest: int | None = conn.scalar(sa.select(sa.func.max(own.idx)).where(*where))
    return -1 if newest is None else newest


class Viewer:
    """Makes views; each chain is read and opened once for all its receivers."""

    def __init__(self, house: "House", sources: Sequence[Granting]) -> None:
        """Look by the grants of these sources."""
        self._house = house
        self._sources = sources
        self._reader = Reader(house)

    def views(self, pairs: Iterable[Pair]) -> list[View]:
        """Return what is seen now: chains are read no older than what the views say they rest on."""
        wanted = list(pairs)
        with self._house.db.read() as conn:
            resting = bases(conn, self._sources, {worker_id for _one, worker_id in wanted})
            with self._house.db.read_raw() as cursor:
                return self.within(conn, cursor, wanted, resting)

    def within(
        self, conn: Connection, cursor: Cursor, pairs: Sequence[Pair], resting: Mapping[bytes, Basis]
    ) -> list[View]:
        """Return the same on a connection and cursor that are there already."""
        now_ms = self._house.clock.now_ms()
        by_receiver = defaultdict[Receiver, list[bytes]](list)
        for one, worker_id in pairs:
            by_receiver[one].append(worker_id)
        grants = defaultdict[tuple[str, bytes], list[Grant]](list)
        for one, workers in by_receiver.items():
            for source in self._sources:
                for grant in source.of(conn, one, workers, now_ms):
                    grants[one.client_id, grant.worker_id].append(grant)
        read: dict[bytes, _Chain] = {}
        made = []
        for one, worker_id in pairs:
            if worker_id not in read:
                read[worker_id] = self._chain(conn, cursor, worker_id)
            seen = read[worker_id].view(self._house, one, grants[one.client_id, worker_id])
            made.append(View(one, worker_id, resting[worker_id], *seen))
        return made

    def _chain(self, conn: Connection, cursor: Cursor, worker_id: bytes) -> "_Chain":
        worker = self._house.people.load(cursor, worker_id)
        if worker is None:
            return _Chain(worker_id, None, worker_id, ERASED)
        person = self._house.people.person(cursor, worker).worker_id
        try:
            archive = self._reader.archive(worker_id, cursor)
        except ArchiveRestricted:
            return _Chain(worker_id, None, person, "restricted")
        if worker.merged_into is None:
            return _Chain(worker_id, archive, person, ERASED)
        above = _newest_merge(conn, _ways(conn, [worker_id])[worker_id])
        return _Chain(worker_id, archive, person, ERASED, above)


@dataclass(frozen=True, slots=True)
class _Chain:
    """One chain as it was read; `nothing` says why there is nothing to read."""

    worker_id: bytes
    archive: Archive | None
    person: bytes
    nothing: str
    above: int = -1
    """Log index of the newest merge, or undoing of one, of the chains that it is read as; -1 without one."""

    def view(
        self, house: "House", receiver: Receiver, grants: Sequence[Grant]
    ) -> tuple[dict[bytes, Fact], dict[bytes, str], str]:
        """Return facts, why others are not seen, and why what is not even named is not."""
        archive = self.archive
        if archive is None:
            return {}, {}, self.nothing
        seen: dict[bytes, Fact] = {}
        gone: dict[bytes, str] = {}
        called = learner(house.keys, receiver.client_id, self.person)
        moved = max([self.above, *(one.stored.idx for one in archive.entries if one.kind in MERGES)])
        for state in archive.state.records:
            name = ref(house.keys, receiver.client_id, self.worker_id, state.seq)
            why = _withheld(archive, state)
            record_id = archive.entries[state.seq].stored.record_id
            mine = tuple(one for one in grants if record_id in one.records)
            opened = archive.entries[state.seq].opened
            if why or not mine or opened is None:
                gone[name] = why or ENDED
                continue
            acts = [archive.entries[one.seq].stored.idx for one in state.history if one.kind in _ACTS]
            content = canonical(_content(archive, state, called, mine))
            seen[name] = Fact(
                receiver.client_id, name, content, opened.secret, mine, max(acts, default=-1), moved
            )
        return seen, gone, ENDED


def _withheld(archive: Archive, state: RecordState) -> str:
    """Return why nobody is told of a record; empty: nothing is against it."""
    if state.life in _LIVES:
        return "revoked" if state.moved else _LIVES[state.life]
    if state.confirmation not in _SAID:
        return "contested" if state.confirmation is Confirmation.CONTESTED else "unconfirmed"
    if state.needs_reconfirmation:
        return "key-suspected"
    if state.seq in archive.superseded:
        return "better-record"
    return "" if state.record is not None and not facts.is_private(state.record) else ENDED


def _content(archive: Archive, state: RecordState, called: str, grants: Sequence[Grant]) -> dict[str, Any]:
    record: Mapping[str, Any] = state.record or {}
    members = frozenset[str]().union(*(one.members for one in grants))
    return {
        "confirmation": str(state.confirmation),
        "corrected": state.corrected,
        "index": archive.entries[state.seq].stored.idx,
        "learner": called,
        "state": str(state.life),
        "trust": archive.trust(state),
        "type": str(record["type"]),
        "values": extracts.values_of(record, state, sorted(members)),
    }
