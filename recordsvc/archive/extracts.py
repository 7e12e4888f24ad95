"""Extracts (摘录): chosen fields of chosen records, stated by the region, with each entry's place in the log.

A signature covers a whole record and no part of it. What leaves here instead is the region's own statement:
"as of the log's size N, the record entered at index i says this at these places, and its state is that".
The worker leaves W come along with their proofs, so that place, kind and time of each entry are proved by the
log; for what the fields hold the region vouches. Nothing else of the record is in it, nor how many entries
the archive has.
"""

import base64
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from recordsvc import dated
from recordsvc.archive.reading import Archive, OpenEntry, Reader
from recordsvc.archive.statements import Region, RegionKey
from recordsvc.archive.states import Entry, Life, RecordState
from recordsvc.archive.verify_extract import FORMAT, TYP
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.strictjson import canonical
from recordsvc.translog.checkpoint import add_cosignatures
from recordsvc.vault import signatures

if TYPE_CHECKING:
    from recordsvc.access.consents import Consent
    from recordsvc.house import House

FIELDS: Final = "extract_fields"
PRESETS: Final = "extract_presets"
LEAST: Final = "least"
_TAIL: Final = "number_tail"
_SILENT: Final = frozenset({Life.RESTRICTED, Life.ERASED})
"""What nobody says anything of."""


def least(day: str) -> tuple[str, ...]:
    """Return the fields that are given when none were chosen, as of a day."""
    return tuple(dated.rule(PRESETS, LEAST, day)["fields"])


def make(house: "House", found: "Consent", fields: Sequence[str]) -> bytes | None:
    """Return the extract (JSON) of a consent's records as they stand; None when there is no such archive.

    `fields`: codes of `extract_fields`. Raises `ArchiveRestricted`, `RegionKeyNotInForce`.
    """
    with house.db.read() as conn, house.db.read_raw() as cursor:
        archive = Reader(house).archive(found.worker_id, cursor)
        if archive is None or not archive.entries:
            return None
        signed, lines = house.log.cosigned(conn, archive.entries[-1].stored.idx + 1)
        if signed.size <= archive.entries[-1].stored.idx:  # the checkpoint is younger than the other snapshot
            return make(house, found, fields)
        tree = house.log.reader(conn, signed.size)
        events = house.issuers.events(conn, {house.settings.region}, signed.size)
        now_ms, settings = house.clock.now_ms(), house.settings
        # At the size told, as a verifier judges it, and now: a key suspended since then signs nothing.
        Region(house).check_key(cursor, now_ms, signed.size)
        members = members_of(fields, beijing_date(now_ms).isoformat())
        records = [_record(archive, state, members) for state in _chosen(archive, found.records)]
        statement = {
            "audience": settings.audience,
            "environment": settings.environment,
            "fields": sorted(set(fields)),
            "format": FORMAT,
            "issued_at": now_ms,
            "origin": settings.log_origin,
            "purpose": found.purpose,
            "receiver": found.receiver,
            "records": records,
            "region": settings.region,
            "root": signed.root.hex(),
            "size": signed.size,
        }
        places = sorted({place["index"] for one in records for place in (one, *one["acts"])})
        told = {
            "checkpoint": add_cosignatures(signed.note, lines),
            "format": FORMAT,
            "issuer_keys": [
                {"entry": _b64(data), "index": idx, "path": [_b64(value) for value in tree.inclusion(idx)]}
                for idx, data in events
            ],
            "proofs": [
                {"index": idx, "path": [_b64(value) for value in tree.inclusion(idx)]} for idx in places
            ],
            "signature": _signature(house, canonical(statement)),
            "statement": statement,
        }
    return orjson.dumps(told)


def file_name(found: "Consent") -> str:
    """Return a file name that tells nothing of the person."""
    return f"extract-{found.consent_id.hex()[-8:]}.json"


def _signature(house: "House", raw: bytes) -> str:
    protected, _, signature = signatures.sign_attached(RegionKey(house), TYP, raw).split(".")
    return f"{protected}..{signature}"


def members_of(fields: Iterable[str], day: str) -> tuple[str, ...]:
    """Return the places that fields (codes of `extract_fields`) are read from, as of a day."""
    view = dated.table(FIELDS).on(day)
    # A field that is no longer in force is given to nobody: consents outlive a catalogue.
    return tuple(member for one in fields if (row := view.get(one)) for member in row["members"])


def _chosen(archive: Archive, chosen: Iterable[bytes]) -> list[RecordState]:
    ids = set(chosen)
    return [one for one in archive.state.records if _id(archive, one) in ids]


def _id(archive: Archive, state: RecordState) -> bytes | None:
    """Return a record's id; of an erased one it stands in the erasure alone."""
    said = state.erasure.record if state.erasure is not None else None
    if said is not None and "erases" in said["body"]:
        return uuid.UUID(said["body"]["erases"]).bytes
    return archive.entries[state.seq].stored.record_id


def _record(archive: Archive, state: RecordState, members: Sequence[str]) -> dict[str, Any]:
    entry = archive.entries[state.seq]
    sealed = state.restriction if state.life is Life.RESTRICTED else None
    acts = [one for one in (*state.corrections, state.revocation, sealed, state.erasure) if one is not None]
    told = {
        "acts": [_place(archive.entries[one.seq]) for one in sorted(acts, key=_seq)],
        "confirmation": str(state.confirmation),
        "needs_reconfirmation": state.needs_reconfirmation,
        "state": str(state.life),
        "type": "" if entry.record is None or state.life in _SILENT else str(entry.record["type"]),
        "values": values_of(entry.record, state, members),
    }
    return told | _place(entry)


def _seq(one: Entry) -> int:
    return one.seq


def _place(entry: OpenEntry) -> dict[str, Any]:
    return {"index": entry.stored.idx, "leaf": _b64(entry.stored.leaf)}


def values_of(record: Mapping[str, Any] | None, state: RecordState, members: Iterable[str]) -> dict[str, Any]:
    """Return what the record says at these places: as corrected; nothing of what is sealed or was erased."""
    if record is None or state.life in _SILENT:
        return {}
    said = {"body": state.body or {}, "worker": record["worker"], **_envelope(record)}
    told = {member: value for member in members if (value := _at(said, member)) is not None}
    number = record["worker"].get("number")
    if _TAIL in members and number is not None:
        told[_TAIL] = str(number)[-4:]
    return told


def _envelope(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in ("issued_on", "issuer")}


def _at(said: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        said = said.get(step) if isinstance(said, Mapping) else None
    return None if pointer == _TAIL else said


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
