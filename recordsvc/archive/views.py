"""An archive as it is answered: each record with its state in words, R spliced in as stored."""

from collections.abc import Iterable
from typing import Any

import orjson

from recordsvc.archive.reading import Archive, OpenEntry
from recordsvc.archive.status import Entry, RecordState
from recordsvc.ground.ports import uuid_text


def record_id(entry: OpenEntry) -> str | None:
    """Return an entry's record id as text; None once it was erased."""
    return None if entry.stored.record_id is None else uuid_text(entry.stored.record_id)


def archive_json(archive: Archive) -> bytes:
    """Return the whole archive as JSON: records in order, each with state, history and R."""
    head = orjson.dumps(
        {"worker_id": uuid_text(archive.worker_id), "entries": len(archive.entries)}
    )
    records = (record_json(archive, state) for state in archive.state.records)
    return head[:-1] + b',"records":[' + b",".join(records) + b"]}"


def record_json(archive: Archive, state: RecordState) -> bytes:
    """Return one record as JSON."""
    entry = archive.entries[state.seq]
    told = orjson.dumps(described(archive, state))
    return told if entry.opened is None else told[:-1] + b',"record":' + entry.opened.raw + b"}"


def described(archive: Archive, state: RecordState) -> dict[str, Any]:
    """Return what all entries together say of one record, without R itself."""
    entry = archive.entries[state.seq]
    told: dict[str, Any] = {
        "id": record_id(entry),
        "index": entry.stored.idx,
        "entered_ms": state.ms,
        "life": state.life.value,
        "confirmation": state.confirmation.value,
        "corrected": state.corrected,
        "needs_reconfirmation": state.needs_reconfirmation,
        "history": list(_history(archive, state.history)),
    }
    if state.corrected:
        told["body"] = state.body
    if state.revocation is not None and state.revocation.record is not None:
        told["revocation"] = state.revocation.record["body"]
    if state.seq in archive.twins:
        told["twin_of"] = record_id(archive.entries[archive.twins[state.seq]])
    return told


def _history(archive: Archive, acts: Iterable[Entry]) -> Iterable[dict[str, Any]]:
    for act in acts:
        entry = archive.entries[act.seq]
        record = act.record
        yield {
            "id": record_id(entry),
            "kind": act.kind.name.lower(),
            "type": None if record is None else record["type"],
            "issuer": None if record is None else record["issuer"],
            "body": None if record is None else record["body"],
            "entered_ms": act.ms,
            "index": entry.stored.idx,
        }
