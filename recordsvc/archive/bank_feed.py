"""The feed of a credit bank (学分银行的数据流): what workers agreed to, under a name of its own.

The whole feed names people; a credit bank needs outcomes. It is told an entry only where a consent for
`credit-recognition` that names it as the receiver covers the record, without a code to ask the worker for;
of the record the fields that are both in the consent and in the dated `credit_bank_fields`, as the record
stands now. The worker is `learner`: a pseudonym made for this bank, of which no other receiver has the like.
Every other position of the log is told as withheld, with nothing of why: not agreed to, restricted, erased
and no record look alike, and a gap that is not told is a loss on the way.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from recordsvc import dated
from recordsvc.access import consents
from recordsvc.access.consents import Consent
from recordsvc.access.grants import Actor
from recordsvc.archive import extracts, sharing, store
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.facts import trust_in
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.states import Life, RecordState
from recordsvc.archive.status import is_restriction
from recordsvc.archive.store import StoredEntry
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.readers import Cursor
from recordsvc.vault.keystore import KeyStore

if TYPE_CHECKING:
    from recordsvc.house import House

FIELDS: Final = "credit_bank_fields"
PURPOSE: Final = "credit-recognition"
_KINDS: Final = {kind.value: kind.name.lower() for kind in Kind}


@dataclass(frozen=True, slots=True)
class Told:
    """One position of the log, and the consent that its content rests on, None where it is withheld."""

    item: Mapping[str, Any]
    consent: Consent | None = None


def learner(keys: KeyStore, client_id: str, worker_id: bytes) -> str:
    """Return a worker's pseudonym for one client: the same each time, and no other client's."""
    made = keys.hmac("login", b"pairwise/1\0" + client_id.encode() + b"\0" + worker_id)
    return uuid.UUID(bytes=made[:16], version=4).urn


def entries(house: "House", who: Actor, after: int, limit: int) -> tuple[list[Told], int]:
    """Return every position behind log index `after` up to the `limit`th entry, and where to go on from."""
    today = beijing_date(house.clock.now_ms()).isoformat()
    with house.db.read() as conn, house.db.read_raw() as cursor:
        stored = store.in_log_order(house.db, cursor, after, limit)
        given = consents.of_receivers(conn, sharing.receivers_of(who), house.clock.now_ms())
        workers = {one.worker_id for one in stored}
        reader = _Reading(house, cursor, today)
        covered: dict[int, tuple[Consent, Archive, RecordState]] = {}
        for found in given:
            if found.worker_id in workers and found.purpose == PURPOSE and not found.has_code:
                covered |= reader.covered(found)
    told = {one.idx: _item(house, who, one, covered[one.idx], today) for one in stored if one.idx in covered}
    last = stored[-1].idx if stored else after
    withheld = (Told({"index": index, "withheld": True}) for index in range(after + 1, last + 1))
    return [told.get(one.item["index"], one) for one in withheld], last


def opened(house: "House", who: Actor, told: Iterable[Told], request_id: str) -> list[Mapping[str, Any]]:
    """Use each consent once for this page; the items that may leave now.

    Uses, rows of who looked and notices are durable before this returns. What ended meanwhile is withheld.
    """
    page = list(told)
    used = {one.consent.consent_id: one.consent for one in page if one.consent is not None}
    good = sharing.use_all(house, list(used.values()), who, request_id)
    return [
        one.item
        if one.consent is None or one.consent.consent_id in good
        else {"index": one.item["index"], "withheld": True}
        for one in page
    ]


class _Reading:
    """Archives of one snapshot, each read once."""

    def __init__(self, house: "House", cursor: Cursor, today: str) -> None:
        self._house, self._cursor, self._today = house, cursor, today
        self._read: dict[bytes, Archive | None] = {}

    def covered(self, found: Consent) -> dict[int, tuple[Consent, Archive, RecordState]]:
        """Return by log index what a consent covers: its records, and what corrects, revokes, seals them."""
        archive = self._archive(found.worker_id)
        if archive is None:
            return {}
        by_seq: dict[int, RecordState] = {}
        roots = {
            one.seq: one
            for one in archive.state.records
            if one.life is not Life.ERASED and archive.entries[one.seq].stored.record_id in found.records
        }
        for entry in archive.entries:
            stored = entry.stored
            acts = entry.kind in sharing.ACTS or is_restriction(entry.record)
            state = roots.get(stored.seq) or (by_seq.get(stored.target) if acts else None)
            if state is not None and stored.sealed is not None:
                by_seq[stored.seq] = state
        return {archive.entries[seq].stored.idx: (found, archive, state) for seq, state in by_seq.items()}

    def _archive(self, worker_id: bytes) -> Archive | None:
        if worker_id not in self._read:
            try:
                self._read[worker_id] = Reader(self._house).archive(worker_id, self._cursor)
            except ArchiveRestricted:
                self._read[worker_id] = None
        return self._read[worker_id]


def _item(
    house: "House", who: Actor, stored: StoredEntry, of: tuple[Consent, Archive, RecordState], today: str
) -> Told:
    found, archive, state = of
    root = archive.entries[state.seq]
    record = root.record or {}
    target = archive.entries[stored.target].stored.idx if stored.target >= 0 else None
    told = {
        "index": stored.idx,
        "withheld": False,
        "kind": _KINDS[stored.leaf[1]],
        "entered_ms": int.from_bytes(stored.leaf[2:10]),
        "learner": learner(house.keys, who.id, stored.worker_id),
        "target": target,
        "type": str(record.get("type", "")),
        "state": str(state.life),
        "confirmation": str(state.confirmation),
        "trust": trust_in(record, record["body"], house.settings.region) if record else None,
        "values": extracts.values_of(root.record, state, _members(found, today)),
    }
    return Told(told, found)


def _members(found: Consent, today: str) -> list[str]:
    """Return what both the bank may have and the worker gave."""
    rows = dated.table(FIELDS).on(today).rows
    may = [member for row in rows for member in row["members"]]
    if found.fields is None:
        return may
    given = set(extracts.members_of(found.fields, today))
    return [member for member in may if member in given]
