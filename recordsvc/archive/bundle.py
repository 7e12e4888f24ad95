"""Bundles (档案凭证包): what a stranger needs to verify an archive offline, beside pinned keys."""

import base64
import io
import uuid
import zipfile
from collections.abc import Collection, Sequence
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


def packed(house: "House", archives: Sequence[bytes]) -> bytes:
    """Return a zip of the bundles of a person's archives, in this order, and what they are, for people.

    Each is a chain of its own and verifies alone. Raises `ArchiveRestricted`.
    """
    made = ((one, make(house, one)) for one in archives)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as files:
        count = 0
        for one, content in made:
            if content is not None:
                count += 1
                files.writestr(f"{count}-{file_name(one)}", content)
        files.writestr("说明.txt", _EXPLAINED.format(count=count))
    return target.getvalue()


_EXPLAINED: Final = """本压缩包是一位劳动者职业技能培训电子档案的副本，共 {count} 份档案凭证包（JSON 文件）。

同一人曾有几份档案、后来合并的，每份档案各有一个凭证包，合起来才是全部记录；1 号是合并后的档案。
查看和核验：打开本网站的“核验”页，逐个上传凭证包，页面列出其中的记录，并说明哪些得到证明。
凭证包写有完整的个人信息，请妥善保管，不要转发。

This zip is the copy of one worker's training records: {count} bundle(s), one for each archive of the person.
Upload each on the page "verify", or run `recordsvc verify`.
"""
