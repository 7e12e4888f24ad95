"""Files and manifest of a pack at rest (审计材料包的清单): fixed when the last archive is done.

    packs/<pack id>/<worker id>.sealed      an archive
                    <worker id>.withdrawn   in its stead, once the archive was restricted or erased
                    manifest                what the region signed: files with SHA-256 and size

Each is sealed under the pack's key and bound to its place. What is handed out is what the manifest names,
byte for byte, less what was withdrawn: a file that is gone or another one is refused, never left out.
"""

import hashlib
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from recordsvc.archive.errors import PackDamaged
from recordsvc.archive.statements import Region, RegionKey
from recordsvc.archive.verify_pack import FORMAT, TYP
from recordsvc.ground.base64strict import unb64u
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.strictjson import canonical, loads
from recordsvc.ground.two_person import Proposal
from recordsvc.vault import signatures
from recordsvc.vault.envelope import DataKey, SealError, field_aad, unwrap

if TYPE_CHECKING:
    from collections.abc import Collection

    from recordsvc.house import House

HOLDING: Final = "holding"
"""The master key under which keys of packs lie."""
_MOST: Final = 4 * 1024 * 1024
_GONE: Final = b"withdrawn/1"


class Files:
    """The folder of one pack whose key still is."""

    def __init__(self, house: "House", pack_id: bytes, wrapped: bytes) -> None:
        self.folder = folder(house, pack_id)
        self._pack_id = pack_id
        self._key: DataKey = unwrap(house.keys, pack_id, wrapped, HOLDING, house.random.bytes)

    def keep(self, worker_id: bytes, content: bytes) -> None:
        """Seal an archive's file, whole or not at all."""
        self._keep(self.folder / f"{worker_id.hex()}.sealed", "file", worker_id, content)

    def workers(self) -> set[bytes]:
        """Return whose files lie here, whatever they hold."""
        return {bytes.fromhex(one.stem) for one in self.folder.glob("*.sealed")}

    def withdraw(self, worker_id: bytes) -> None:
        """Put a mark in the file's stead: first the mark, so that no file is gone without one."""
        self._keep(self.folder / f"{worker_id.hex()}.withdrawn", "withdrawn", worker_id, _GONE)
        (self.folder / f"{worker_id.hex()}.sealed").unlink(missing_ok=True)

    def withdrawn(self, worker_id: bytes) -> bool:
        """Whether this service took the file away. Raises `PackDamaged` for a mark that is not its own."""
        path = self.folder / f"{worker_id.hex()}.withdrawn"
        return path.exists() and self._open(path, "withdrawn", worker_id) == _GONE

    def content(self, worker_id: bytes) -> bytes:
        """Return an archive's file. Raises `PackDamaged` where it is gone or another's."""
        return self._open(self.folder / f"{worker_id.hex()}.sealed", "file", worker_id)

    def fix(self, signed: str) -> None:
        """Keep the signed manifest."""
        self._keep(self.folder / "manifest", "manifest", b"", signed.encode("ascii"))

    def manifest(self) -> tuple[str, dict[str, Any]]:
        """Return the signed manifest and what it says. Raises `PackDamaged`."""
        signed = self._open(self.folder / "manifest", "manifest", b"").decode("ascii")
        told: dict[str, Any] = loads(unb64u(signed.split(".")[1]), _MOST)  # type: ignore[assignment]  # sealed
        return signed, told

    def _keep(self, path: Path, column: str, row: bytes, content: bytes) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(self._key.seal(content, self._aad(column, row)))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)

    def _open(self, path: Path, column: str, row: bytes) -> bytes:
        try:
            return self._key.open(path.read_bytes(), self._aad(column, row))
        except (FileNotFoundError, SealError):
            raise PackDamaged from None

    def _aad(self, column: str, row: bytes) -> bytes:
        return field_aad("audit_pack", column, self._pack_id, row, 1)


def folder(house: "House", pack_id: bytes) -> Path:
    """Return where a pack's files lie."""
    return house.settings.data_dir / "packs" / pack_id.hex()


def fix(house: "House", files: Files, pack: Any, proposal: Proposal, omitted: int) -> None:
    """Sign what the pack holds now that it is complete, and keep that beside it.

    Raises `PackDamaged` when a file is missing that nobody withdrew, `RegionKeyNotInForce`.
    """
    workers = [uuid.UUID(one).bytes for one in proposal.payload["workers"]]
    gone = {one for one in workers if files.withdrawn(one)}
    there = [one for one in workers if one in files.workers() - gone]
    if len(there) + len(gone) + omitted != len(workers):
        raise PackDamaged
    suffix = "bundle.json" if proposal.payload["whole"] else "ndjson"
    listed = [_listed(f"{uuid_text(one)}.{suffix}", files.content(one)) for one in sorted(there)]
    with house.db.read() as conn:
        size = house.log.newest(conn).size
    told = {
        "auditor": pack.auditor,
        "case_ref": pack.case_ref,
        "count": len(listed),
        "files": listed,
        "format": FORMAT,
        "log_size": size,
        "made_ms": house.clock.now_ms(),
        "omitted": len(workers) - len(listed),
        "origin": house.settings.log_origin,
        "proposal": uuid_text(pack.pack_id),
        "region": house.settings.region,
        "selection": proposal.payload["selection"],
        "withdrawn": 0,
    }
    files.fix(_signed(house, told))


def held(files: Files, allowed: "Collection[bytes]") -> tuple[dict[str, Any], str, dict[bytes, bytes]]:
    """Return what the manifest says, as it was signed, and by worker the files that may be handed out.

    Raises `PackDamaged` when a file is not what the manifest says.
    """
    signed, told = files.manifest()
    found = {}
    for one in told["files"]:
        worker_id = uuid.UUID(str(one["name"]).partition(".")[0]).bytes
        if worker_id not in allowed or files.withdrawn(worker_id):
            continue
        content = files.content(worker_id)
        if _listed(one["name"], content) != one:
            raise PackDamaged
        found[worker_id] = content
    return told, signed, found


def narrowed(
    house: "House", told: dict[str, Any], signed: str, left: "Collection[bytes]"
) -> tuple[list[dict[str, Any]], str]:
    """Return the files of a manifest that are left, and the manifest of these.

    The fixed one where all are left; else one that says how many were withdrawn, with the others as they were
    fixed. Raises `RegionKeyNotInForce`.
    """
    files = [one for one in told["files"] if uuid.UUID(one["name"].partition(".")[0]).bytes in left]
    if len(files) == len(told["files"]):
        return files, signed
    gone = len(told["files"]) - len(files)
    return files, _signed(house, told | {"count": len(files), "files": files, "withdrawn": gone})


def _listed(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def _signed(house: "House", told: dict[str, Any]) -> str:
    with house.db.read() as conn, house.db.read_raw() as cursor:
        size = house.log.newest(conn).size
        Region(house).check_key(cursor, house.clock.now_ms(), size)
    return signatures.sign_attached(RegionKey(house), TYP, canonical(told))
