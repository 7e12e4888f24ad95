"""An issuer answers a case (发证机构答复): upheld, with its entry, or rejected, with reasons."""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recordsvc.archive import disputes, notices, restricted, store
from recordsvc.archive.disputes import Dispute
from recordsvc.archive.errors import ArchiveRestricted, DisputeRefused, TargetUnfit
from recordsvc.archive.formats import Kind
from recordsvc.archive.sealing import dedupe_key
from recordsvc.archive.store import StoredEntry
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import NotFound
from recordsvc.ground.readers import Cursor
from recordsvc.people import merges, standing

if TYPE_CHECKING:
    from recordsvc.house import House


@dataclass(frozen=True, slots=True)
class Answer:
    """What an issuer answers: `upheld` with the id of its correction or revocation, or `rejected`."""

    outcome: str
    text: str
    record_id: bytes | None = None


def answer(turn: Turn, house: "House", dispute_id: bytes, issuer: str, by: str, said: Answer) -> Dispute:
    """Take an issuer's answer. Raises `NotFound`, `DisputeRefused`, `TargetUnfit`, `ArchiveRestricted`.

    An upheld case ends with the issuer's entry, whether that stands already or is still to come; a rejected
    one becomes the region's.
    """
    dispute = disputes.locked(turn, dispute_id)
    if dispute.issuer != issuer or not dispute.issuer_told:
        raise NotFound
    if dispute.closed or dispute.owner != disputes.ISSUER:
        raise DisputeRefused
    # What nobody reads nobody judges: the case waits until the restriction is lifted.
    if merges.held(turn, dispute.worker_id)[1] == standing.RESTRICTED:
        raise ArchiveRestricted
    restricted.refuse_record(house, house.db.cursor(turn.conn), dispute.worker_id, dispute.seq)
    # Closed, or without a key: the case is the region's, whether or not it was passed on yet.
    if not disputes.answers(turn.conn, house, issuer, turn.now_ms):
        raise DisputeRefused
    if said.text:
        dispute = disputes.said_by(turn, house, dispute, "issuer", by, said.text)
    dispute = disputes.change(turn, dispute, state="answered", answer=said.outcome, answer_id=said.record_id)
    notices.tell_worker(
        turn,
        house,
        dispute.worker_id,
        "objection-answered",
        disputes.about(dispute),
        f"{dispute.name}/answer",
    )
    if said.record_id is None:
        return disputes.pass_on(turn, house, dispute)
    idx = _standing(turn, house, dispute, said.record_id)
    if idx is not None:
        disputes.end(turn, house, dispute, "upheld", idx)
    return dispute


def _standing(turn: Turn, house: "House", dispute: Dispute, record_id: bytes) -> int | None:
    """Return the log index of the entry that an issuer names; None: it is still to come."""
    cursor = house.db.cursor(turn.conn)
    key = dedupe_key(dispute.issuer, str(uuid.UUID(bytes=record_id)))
    place = store.known(house.db, cursor, [key]).get(key)
    if place is None:
        return None
    entry = store.one(house.db, cursor, place[0], place[1])
    if (
        entry is None
        or entry.sealed is None  # erased with its record
        or place[0] != dispute.worker_id
        or Kind(entry.leaf[1]) not in (Kind.CORRECT, Kind.REVOKE)
        or root(house, cursor, place[0], entry.target) != dispute.seq
        or place[1] < dispute.contest_seq
        or undone(house, cursor, entry)
    ):
        raise TargetUnfit("所指的更正或撤销不是针对这条记录的，早于异议，或已被撤回")
    return entry.idx


def undone(house: "House", cursor: Cursor, entry: StoredEntry) -> bool:
    """Tell whether a correction was revoked since, or what a revocation revoked is in force again."""
    corrects = Kind(entry.leaf[1]) is Kind.CORRECT
    place = entry.seq if corrects else entry.target
    later = [
        Kind(one.leaf[1])
        for one in store.archive(house.db, cursor, entry.worker_id)
        if one.seq > entry.seq and one.target == place and Kind(one.leaf[1]) in (Kind.REVOKE, Kind.RESTORE)
    ]
    return bool(later) and later[-1] is (Kind.REVOKE if corrects else Kind.RESTORE)


def offered(house: "House", cursor: Cursor, dispute: Dispute, before: int) -> int | None:
    """Return the log index of the issuer's entry that the worker could agree to when `before` was entered.

    None: there is none, or it came later. What an issuer named beforehand may stand already and not be
    followed yet: a word said before it was not said of it.
    """
    if dispute.owner != disputes.ISSUER or dispute.state != "answered" or dispute.answer_id is None:
        return None
    key = dedupe_key(dispute.issuer, str(uuid.UUID(bytes=dispute.answer_id)))
    place = store.known(house.db, cursor, [key]).get(key)
    entry = None if place is None else store.one(house.db, cursor, place[0], place[1])
    return None if entry is None or entry.idx >= before else entry.idx


def root(house: "House", cursor: Cursor, worker_id: bytes, seq: int) -> int:
    """Return the record on which an act lands that names it, or a correction of it."""
    while (entry := store.one(house.db, cursor, worker_id, seq)) is not None:
        if Kind(entry.leaf[1]) is not Kind.CORRECT:
            break
        seq = entry.target
    return seq
