"""Reading an archive (档案查询): one worker's entries, opened; each record's state derived from all.

One indexed range, one decryption per record, no re-serialisation: the stored bytes R are spliced into the
answer.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from recordsvc.archive import facts, store
from recordsvc.archive.checks_confirmation import needs_confirmation
from recordsvc.archive.errors import ArchiveRestricted, RecordAmbiguous
from recordsvc.archive.evidence import kid_of
from recordsvc.archive.formats import Kind
from recordsvc.archive.issuers import IssuerState
from recordsvc.archive.sealing import Opened
from recordsvc.archive.status import ArchiveState, Entry, RecordState, derive, is_restriction
from recordsvc.archive.store import StoredEntry
from recordsvc.archive.twins import twins
from recordsvc.bodies.institutions import Institution
from recordsvc.ground import versions
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.readers import Cursor
from recordsvc.people.standing import RESTRICTED
from recordsvc.people.workers import Worker

if TYPE_CHECKING:
    from recordsvc.house import House

BEIJING_MS = 8 * 3_600_000
DAY_MS = 24 * 3_600_000
_KINDS = {kind.value: kind for kind in Kind}


class OpenEntry(NamedTuple):
    """An entry with what it says; `opened` and `record` are None when it was erased, or is sealed."""

    stored: StoredEntry
    opened: Opened | None
    record: Mapping[str, Any] | None

    @property
    def kind(self) -> Kind:
        """Return the kind of the entry."""
        return _KINDS[self.stored.leaf[1]]

    @property
    def ms(self) -> int:
        """Return the UTC instant (ms) at which it was entered."""
        return int.from_bytes(self.stored.leaf[2:10])


@dataclass(frozen=True, slots=True)
class Archive:
    """One worker's archive as of one snapshot."""

    worker_id: bytes
    entries: tuple[OpenEntry, ...]
    state: ArchiveState
    twins: Mapping[int, int]
    """seq of a record -> seq of an earlier one of same issuer, class and dates (疑似重复)."""
    superseded: Mapping[int, int] = field(default_factory=dict)
    """seq of a record -> seq of a better trusted one in force that states the same fact."""
    region: str = ""
    """Under which code the region states."""
    read_as: tuple[bytes, ...] = ()
    """Archives that were merged into this one itself, and are read as it."""

    def without(self, types: Collection[str]) -> "Archive":
        """Return the archive for a reader who sees no record of these types."""
        records = self.state.records
        kept = tuple(one for one in records if one.record is None or one.record["type"] not in types)
        return replace(self, state=replace(self.state, records=kept))

    def trust(self, state: RecordState) -> str | None:
        """Return how far a record is trusted (可信等级)."""
        return facts.trust_of(state, self.region)

    def landing(self, seq: int) -> RecordState | None:
        """Return the state of the record that the entry at `seq` is, or acted on."""
        acted = (one for one in self.state.records if any(act.seq == seq for act in one.history))
        return self.state.of(seq) or next(acted, None)

    def by_record_id(
        self, record_id: bytes, issuer: str | None = None
    ) -> tuple[OpenEntry, RecordState | None] | None:
        """Return an entry by its record id, with its state if it is a record; None: there is none.

        Ids are unique for an issuer (USCC), not for an archive. Raises `RecordAmbiguous` when entries of
        several issuers bear this one and none is named.
        """
        found = [entry for entry in self.entries if entry.stored.record_id == record_id]
        if issuer is not None:
            found = [one for one in found if one.record is not None and one.record["issuer"] == issuer]
        if len(found) > 1:
            raise RecordAmbiguous
        return (found[0], self.state.of(found[0].stored.seq)) if found else None

    def shares_id(self, seq: int) -> bool:
        """Whether another issuer's entry bears the same record id, so that the issuer must be named, too."""
        wanted = self.entries[seq].stored.record_id
        return wanted is not None and sum(one.stored.record_id == wanted for one in self.entries) > 1

    def revocation(self, seq: int) -> Entry | None:
        """Return the revocation in force of a record or correction, by its seq."""
        return self.state.revocations.get(seq)

    def seen(self, state: RecordState) -> int:
        """Return the log index of the newest entry that acts on a record, or of the record itself."""
        newest = state.history[-1].seq if state.history else state.seq
        return self.entries[newest].stored.idx


class Reader:
    """Reads archives of one house."""

    def __init__(self, house: "House", *, sealed: bool = False) -> None:
        """Read from `house`; with `sealed`, what is restricted too, archive or record: to judge by."""
        self._house = house
        self._sealed = sealed

    def archive(self, worker_id: bytes, cursor: Cursor | None = None) -> Archive | None:
        """Return a worker's archive; None when there is no such worker, or the person was erased.

        Raises `ArchiveRestricted`.
        """
        if cursor is None:
            with self._house.db.read_raw() as own:
                return self.archive(worker_id, own)
        house = self._house
        found, registers, merged, rows = cursor.ask(
            house.people.asked(worker_id),
            (versions.ALL, ()),
            house.people.asked_read_as(worker_id),
            store.asked_archive(house.db, worker_id),
        )
        worker = house.people.loaded(worker_id, found)
        if worker is None:
            return None
        if not self._sealed and house.people.person(cursor, worker).state == RESTRICTED:
            raise ArchiveRestricted
        seen = dict(registers)
        entries = tuple([self.open(worker, stored) for stored in store.as_entries(rows)])
        issuers = {str(entry.record["issuer"]) for entry in entries if entry.record is not None}
        # Nearly always empty, which spares looking at each entry's signature.
        suspects = house.issuers.suspects(cursor, issuers, seen)
        rule = _ConfirmationRule(house.settings.region, house.institutions.of(seen))
        region = house.settings.region
        derived = derive((_for_status(entry, suspects) for entry in entries), region, rule.needs)
        silent = frozenset() if self._sealed else sealed_in(derived)
        if silent:
            # Derived anew from what may be said, as whoever is given a bundle of it derives it.
            entries = tuple([_silenced(one) if one.stored.seq in silent else one for one in entries])
            derived = derive((_for_status(entry, suspects) for entry in entries), region, rule.needs)
        read_as = tuple([bytes(row[0]) for row in merged])
        better = facts.superseded(derived, region)
        return Archive(worker_id, entries, derived, twins(derived), better, region, read_as)

    def open(self, worker: Worker, stored: StoredEntry) -> OpenEntry:
        """Open one entry under its worker's key."""
        if stored.sealed is None:
            return OpenEntry(stored, None, None)
        opened = self._house.admission.sealer.open(worker.key, stored)
        return OpenEntry(stored, opened, orjson.loads(opened.raw))


def sealed_in(state: ArchiveState) -> frozenset[int]:
    """Return seqs of what nobody is shown, single records of a chain being restricted."""
    return frozenset(seq for one in state.records if one.restriction for seq in sealed_by(one))


def sealed_by(state: RecordState) -> frozenset[int]:
    """Return seqs of what a restriction of this record seals: the record, and what was said and done to it.

    Restrictions and erasures are no part of that: they say why nothing is shown. So does the revocation of a
    record that was moved away. What was said of a record stays sealed when the record is erased.
    """
    acts = (one for one in state.history if one.kind is not Kind.ERASE and not is_restriction(one.record))
    away = state.revocation.seq if state.moved and state.revocation is not None else None
    return frozenset([state.seq, *(act.seq for act in acts if act.seq != away)])


def _silenced(entry: OpenEntry) -> OpenEntry:
    return OpenEntry(entry.stored, None, None)


def _for_status(entry: OpenEntry, suspects: Mapping[str, IssuerState]) -> Entry:
    """Return what the derivation reads of an entry; `suspects` are the issuers with a key under suspicion."""
    (_, seq, _, target, _, leaf, _, _), _, record = entry
    ms = int.from_bytes(leaf[2:10])
    suspect = bool(suspects) and _is_suspect(entry, ms, suspects)
    return Entry(seq, _KINDS[leaf[1]], None if target < 0 else target, ms, record, suspect)


def _is_suspect(entry: OpenEntry, ms: int, suspects: Mapping[str, IssuerState]) -> bool:
    """Whether an entry was made within a suspected compromise of the key that signed it."""
    issuer = suspects.get(str(entry.record["issuer"])) if entry.record is not None else None
    if issuer is None or entry.opened is None:
        return False
    life = issuer.key(kid_of(entry.opened.evidence))
    return life is not None and life.suspect(ms)


class _ConfirmationRule:
    """The dated rule for the records of one archive; each question is looked up once."""

    def __init__(self, region: str, institutions: Mapping[str, Institution]) -> None:
        self._region = region
        self._institutions = institutions
        self._only: dict[str, str | None] = {}
        self._known: dict[tuple[object, ...], bool] = {}

    def needs(self, record: Mapping[str, Any], ms: int) -> bool:
        """Whether a record entered at UTC `ms` counts only once the worker confirmed it."""
        issuer, day = record["issuer"], (ms + BEIJING_MS) // DAY_MS
        if issuer not in self._only:
            self._only[issuer] = self._only_kind(issuer)
        kind = self._only[issuer]
        if kind is None:
            kind = self._institutions[issuer].kind_on(beijing_date(ms).isoformat(), ms)
        question = (record["type"], record["version"], kind, day)
        known = self._known.get(question)
        if known is None:
            known = needs_confirmation(*question[:3], beijing_date(ms).isoformat())
            self._known[question] = known
        return known

    def _only_kind(self, issuer: str) -> str | None:
        """The issuer's kind; None if the register told several.

        Then the one it told at the entry counts: facts dated back later change nothing.
        """
        if issuer == self._region:
            return "region"
        institution = self._institutions.get(issuer)
        return institution.only_kind() if institution else ""
