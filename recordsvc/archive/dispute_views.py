"""A case as it is told (异议的表述): to the worker, to the issuer whose record it is, to the desk."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive import disputes, tables
from recordsvc.archive.disputes import Dispute, Message
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import Archive, OpenEntry
from recordsvc.archive.states import WISH
from recordsvc.ground.ports import beijing_date

if TYPE_CHECKING:
    from recordsvc.house import House

_ISSUER_READS: Final = ("worker", "issuer")


def listed(house: "House", conn: Connection, found: Iterable[Dispute]) -> list[dict[str, Any]]:
    """Return cases without what anybody said."""
    today = beijing_date(house.clock.now_ms()).isoformat()
    rows = list(found)
    ids = record_ids(conn, rows)
    return [_standing(one, ids.get((one.worker_id, one.seq)), today) for one in rows]


def record_ids(conn: Connection, found: Iterable[Dispute]) -> dict[tuple[bytes, int], bytes]:
    """Return the ids of contested records, by worker and seq; an erased one has none."""
    own = tables.ciphertext.c
    places = [(one.worker_id, one.seq) for one in found]
    if not places:
        return {}
    query = sa.select(own.worker_id, own.seq, own.record_id).where(
        sa.or_(*(sa.and_(own.worker_id == worker, own.seq == seq) for worker, seq in places))
    )
    return {(bytes(row.worker_id), row.seq): bytes(row.record_id) for row in conn.execute(query)}


def described(house: "House", conn: Connection, archive: Archive, dispute: Dispute) -> dict[str, Any]:
    """Return a case with the worker's words, all messages and the entry that ended it."""
    today = beijing_date(house.clock.now_ms()).isoformat()
    contested = archive.entries[dispute.seq]
    outcome = outcome_of(archive, dispute)
    return {
        **_standing(dispute, contested.stored.record_id, today),
        "type": None if contested.record is None else contested.record["type"],
        "said": [
            {"reason": body["reason"], "text": body.get("text", ""), "at_ms": entry.ms}
            for entry, body in contests(archive, dispute)
        ],
        "messages": disputes.messages(house, conn, dispute),
        "outcome": None
        if outcome is None or outcome.record is None
        else {"type": outcome.record["type"], "body": outcome.record["body"]},
    }


def for_issuer(told: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the worker and the desk say to one another once the case is the region's.

    That the worker wishes the record restricted is not told, either.
    """
    said = [one for one in told["said"] if one["reason"] != WISH]
    return told | {"said": said, "messages": heard_by_issuer(told["owner"], told["messages"])}


def heard_by_issuer(owner: str, messages: Iterable[Message]) -> list[Message]:
    """Return what of a case's messages its issuer reads."""
    heard = _ISSUER_READS if owner == disputes.ISSUER else ("issuer",)
    return [one for one in messages if one.who in heard]


def contests(archive: Archive, dispute: Dispute) -> list[tuple[OpenEntry, Mapping[str, Any]]]:
    """Return the contests that belong to a case, with their bodies; erased ones are left out."""
    state = archive.state.of(dispute.seq)
    found = []
    for act in () if state is None else state.history:
        entry = archive.entries[act.seq]
        ended = dispute.outcome_idx is not None and entry.stored.idx > dispute.outcome_idx
        if act.seq < dispute.contest_seq or ended or entry.record is None:
            continue
        if act.kind is Kind.NOTE and entry.record["type"] == "contest":
            found.append((entry, entry.record["body"]))
    return found


def outcome_of(archive: Archive, dispute: Dispute) -> OpenEntry | None:
    """Return the entry that ended a case."""
    if dispute.outcome_idx is None:
        return None
    return next((one for one in archive.entries if one.stored.idx == dispute.outcome_idx), None)


def _standing(dispute: Dispute, record_id: bytes | None, today: str) -> dict[str, Any]:
    return {
        "dispute_id": dispute.dispute_id,
        "record_id": record_id,
        "issuer": dispute.issuer,
        "state": dispute.state,
        "owner": dispute.owner,
        "opened_ms": dispute.opened_ms,
        "due_on": dispute.due_on or None,
        "overdue": not dispute.closed and dispute.due_on < today,
        "answer": dispute.answer,
        "answer_id": dispute.answer_id,
        "closed_ms": dispute.closed_ms,
        "outcome_index": dispute.outcome_idx,
    }
