"""An archive as it is answered: each record with its state in words, R spliced in as stored."""

from typing import Any

import orjson

from recordsvc.archive import facts
from recordsvc.archive.persons import PersonArchives
from recordsvc.archive.reading import Archive, OpenEntry
from recordsvc.archive.status import Entry, RecordState
from recordsvc.ground.ports import uuid_text
from recordsvc.people import identifiers


def record_id(entry: OpenEntry) -> str | None:
    """Return an entry's record id as text, as the record itself spells it; None once it was erased."""
    return None if entry.stored.record_id is None else uuid_text(entry.stored.record_id)


def person_json(person: PersonArchives) -> bytes:
    """Return a person's archives as JSON: the own one, and under `merged` those that are read as it."""
    told = _archive(person.own)
    told["elsewhere"] = facts.seen_elsewhere(person.own.state)._asdict()
    if len(person.archives) > 1:
        told["merged"] = [_archive(one) for one in person.archives[1:]]
    return orjson.dumps(told)


def for_officials(person: PersonArchives) -> PersonArchives:
    """Return a person's archives without what only the worker, the stating department and rules see."""
    return PersonArchives(tuple(one.without(facts.PRIVATE) for one in person.archives))


def masked(value: Any, *, person: bool = False) -> Any:
    """Return an archive as told with the numbers of persons and cards cut to what pages show."""
    if isinstance(value, list):
        return [masked(one, person=person) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: identifiers.mask(one)
        if person and name == "number" and isinstance(one, str)
        else masked(one, person=person or name == "worker")
        for name, one in value.items()
    }


def archive_json(archive: Archive) -> bytes:
    """Return one archive as JSON: records in order, each with state, history and R."""
    return orjson.dumps(_archive(archive))


def _archive(archive: Archive) -> dict[str, Any]:
    records = [_with_record(archive, state) for state in archive.state.records]
    return {"worker_id": uuid_text(archive.worker_id), "entries": len(archive.entries), "records": records}


def _with_record(archive: Archive, state: RecordState) -> dict[str, Any]:
    """Return what is said of one record, with R, which orjson takes over byte for byte."""
    told, opened = described(archive, state), archive.entries[state.seq].opened
    if opened is not None:
        told["record"] = orjson.Fragment(opened.raw)
    return told


def described(archive: Archive, state: RecordState) -> dict[str, Any]:
    """Return what all entries together say of one record, without R itself."""
    entry = archive.entries[state.seq]
    told: dict[str, Any] = {
        "id": record_id(entry),
        "index": entry.stored.idx,
        "entered_ms": state.ms,
        "life": state.life,
        "trust": archive.trust(state),
        "superseded_by": _superseded_by(archive, state),
        "confirmation": state.confirmation,
        "corrected": state.corrected,
        "corrected_since_said": state.corrected_since_said,
        "needs_reconfirmation": state.needs_reconfirmation,
        "seen": archive.seen(state),
        "history": [_act(archive, act) for act in state.history],
    }
    if state.corrected:
        told["body"] = state.body
    if state.revocation is not None and state.revocation.record is not None:
        told["revocation"] = state.revocation.record["body"]
    if state.seq in archive.twins:
        told["twin_of"] = record_id(archive.entries[archive.twins[state.seq]])
    return told


def _superseded_by(archive: Archive, state: RecordState) -> str | None:
    better = archive.superseded.get(state.seq)
    return None if better is None else record_id(archive.entries[better])


def _act(archive: Archive, act: Entry) -> dict[str, Any]:
    entry, record = archive.entries[act.seq], act.record
    return {
        "id": record_id(entry),
        "kind": act.kind.name.lower(),
        "type": None if record is None else record["type"],
        "issuer": None if record is None else record["issuer"],
        "body": None if record is None else record["body"],
        "entered_ms": act.ms,
        "index": entry.stored.idx,
    }
