"""Checking a certificate against the archive of now (纸质证明核验): state, reason, date, never just "valid".

Whoever holds a certificate may ask: its signed content is the permission. Who is asked about reads that
somebody did, as of every look, before anything is answered.
"""

import base64
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from recordsvc.access import looked
from recordsvc.access.grants import ANYONE
from recordsvc.access.looked import Look
from recordsvc.archive import store
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.states import Life, RecordState
from recordsvc.archive.store import StoredEntry
from recordsvc.archive.tables import place
from recordsvc.exports.printed import content
from recordsvc.exports.printed.content import ArchiveFacts, Content, RecordFacts
from recordsvc.web import printed_views as views
from recordsvc.web.services import dealer, house
from recordsvc.web.sharing_routes import CERTIFICATES

PURPOSE: Final = CERTIFICATES
WITHHELD: Final = "withheld"
"""The archive or record is restricted: nothing of it is said, nor why."""
GONE: Final = "gone"
"""The archive or record was erased."""
UNKNOWN: Final = "unknown"
"""Another entry stands at that place, or none: the log was restored to before the certificate."""
NO_ENTRY: Final = "empty"
"""The archive had no entry when the certificate was made: there is nothing to ask about."""


@dataclass(frozen=True, slots=True)
class Now:
    """How it stands now: `state` is a `Life` or one of the words above; facts where they may be said."""

    state: str
    facts: RecordFacts | ArchiveFacts | None = None
    moved_on: bool = False
    """Of an archive: entries came after the certificate was made."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A content whose signature holds, and how what it is about stands now."""

    content: Content
    now: Now
    at_ms: int

    @property
    def unchanged(self) -> bool:
        """Whether the archive says now what the certificate says."""
        return self.now.facts == self.content.facts and not self.now.moved_on


def check(text: str, request_id: str) -> Checked:
    """Judge a content and ask the archive. Raises `ContentUnreadable`, `LookNotWritten`."""
    found = content.read(text, content.known_keys(house().keys))
    index = found.head.index
    now = Now(NO_ENTRY) if index is None else _now(found, index, request_id)
    return Checked(found, now, house().clock.now_ms())


def _now(found: Content, index: int, request_id: str) -> Now:
    entry = _entry(index)
    # Compared before anything is said: the place may be somebody else's by now.
    if entry is None or content.leaf_id(entry.leaf) != found.head.leaf:
        return Now(UNKNOWN)
    look = Look(entry.worker_id, ANYONE, PURPOSE, "records", "", request_id)
    try:
        archive = Reader(house()).archive(entry.worker_id)
    except ArchiveRestricted:
        looked.record(house(), [look])
        return Now(WITHHELD)
    if archive is None:
        return Now(GONE)
    looked.record(house(), [look])
    if isinstance(found.facts, ArchiveFacts):
        return _archive_now(archive, found.facts, index)
    state = archive.state.of(entry.seq)
    return Now(GONE) if state is None else _record_now(archive, state)


def _entry(index: int) -> StoredEntry | None:
    at = sa.select(place.c.worker_id, place.c.seq).where(place.c.idx == index)
    with house().db.read() as conn, house().db.read_raw() as cursor:
        row = conn.execute(at).one_or_none()
        return None if row is None else store.one(house().db, cursor, bytes(row.worker_id), row.seq)


def _record_now(archive: Archive, state: RecordState) -> Now:
    if state.life is Life.RESTRICTED:
        return Now(WITHHELD)
    if state.record is None:
        return Now(GONE)
    return Now(str(state.life), views.record_facts(archive, state, dealer()))


def _archive_now(archive: Archive, printed: ArchiveFacts, index: int) -> Now:
    """Tell how many records of the whole archive stand now; which ones were printed the paper alone knows."""
    states = views.chosen(archive, None)
    moved_on = archive.entries[-1].stored.idx != index
    facts = printed if not moved_on else views.archive_facts(states, "")
    return Now(str(Life.ACTIVE), facts, moved_on)


def coordinates(raw: bytes) -> tuple[str, str]:
    """Return x and y of an uncompressed P-256 point as a JWK has them (base64url)."""
    return _b64(raw[1:33]), _b64(raw[33:])


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
