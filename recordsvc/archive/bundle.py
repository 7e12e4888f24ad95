"""Bundles (档案凭证包): what a stranger needs to verify an archive offline, beside pinned keys."""

import base64
import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

import orjson

from recordsvc.archive import formats
from recordsvc.archive.reading import OpenEntry, Reader
from recordsvc.translog.checkpoint import add_cosignatures

if TYPE_CHECKING:
    from recordsvc.house import House

FORMAT: Final = "recordsvc-bundle/1"


def make(
    house: "House", worker_id: bytes, disclosed: Collection[bytes] | None = None, *, sealed: bool = False
) -> bytes | None:
    """Return the bundle of a worker's archive as JSON, None when there is no such archive.

    `disclosed`: ids (16 bytes) of the records that are opened; None opens all. All entries of the chain are
    there in any case: a record that is not opened shows its kind, time and place, and nothing of what it
    says. `sealed`: of a restricted archive, too: for a legal-hold copy alone. Raises `ArchiveRestricted`.
    """
    with house.db.read() as conn, house.db.read_raw() as cursor:
        archive = Reader(house, sealed=sealed).archive(worker_id, cursor)
        if archive is None or not archive.entries:
            return None
        # Both snapshots are taken one after the other; the checkpoint is chosen to cover all entries read.
        signed, lines = house.log.cosigned(conn, archive.entries[-1].stored.idx + 1)
        if signed.size <= archive.entries[-1].stored.idx:
            return make(house, worker_id, disclosed, sealed=sealed)
        tree = house.log.reader(conn, signed.size)
        # Only of those whose records are opened: key events name their issuer, and so would tell who taught.
        opened = [entry.record for entry in archive.entries if _opens(entry, disclosed)]
        issuers = {str(record["issuer"]) for record in opened if record is not None}
        events = house.issuers.events(conn, issuers | {house.settings.region}, signed.size)
        head = {
            "checkpoint": add_cosignatures(signed.note, lines),
            "format": FORMAT,
            "issued_at": house.clock.now_ms(),
            "issuer_keys": [
                {"entry": _b64(data), "index": idx, "path": [_b64(value) for value in tree.inclusion(idx)]}
                for idx, data in events
            ],
            "origin": house.settings.log_origin,
            "region": house.settings.region,
        }
        entries = [_entry(entry, tree.inclusion(entry.stored.idx), disclosed) for entry in archive.entries]
    # The entries hold the signed bytes R as they are: spliced in, not written again.
    return orjson.dumps(head)[:-1] + b',"entries":[' + b",".join(entries) + b"]}"


def _opens(entry: OpenEntry, disclosed: Collection[bytes] | None) -> bool:
    return entry.opened is not None and (disclosed is None or entry.stored.record_id in disclosed)


def _entry(entry: OpenEntry, path: list[bytes], disclosed: Collection[bytes] | None) -> bytes:
    stored = entry.stored
    told: dict[str, Any] = {
        "index": stored.idx,
        "kind": formats.Kind(stored.leaf[1]).name.lower(),
        "leaf": _b64(stored.leaf),
        "nonce": _b64(stored.nonce),
        "path": [_b64(value) for value in path],
        "seq": stored.seq,
        "target": None if stored.target < 0 else stored.target,
    }
    if entry.opened is None or not _opens(entry, disclosed):
        return orjson.dumps(told)
    told["open"] = _b64(entry.opened.open_key)
    evidence = entry.opened.evidence
    written = evidence if evidence.startswith(b"{") else orjson.dumps(evidence.decode("ascii"))
    return orjson.dumps(told)[:-1] + b',"evidence":' + written + b',"record":' + entry.opened.raw + b"}"


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def file_name(worker_id: bytes) -> str:
    """Return a file name that tells nothing of the person."""
    return f"bundle-{uuid.UUID(bytes=worker_id).hex[-8:]}.json"
