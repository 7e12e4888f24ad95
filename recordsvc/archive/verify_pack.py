"""Checking an auditor's pack offline: the manifest's signature, and every file against it.

    MANIFEST = compact JWS of type TYP over canonical JSON, signed with the region's key

Stands alone, as `verify.py` does: no web framework, no database, no network.
"""

import hashlib
import io
import zipfile
from typing import Any, Final

from recordsvc.ground.strictjson import StrictJsonError, loads
from recordsvc.vault.signatures import BadSignature, PublicKey, verify_attached

FORMAT: Final = "recordsvc-audit-pack/1"
MANIFEST: Final = "manifest.jws"
TYP: Final = "recordsvc-audit-pack+jws"
_MOST: Final = 4 * 1024 * 1024
_LARGEST: Final = 256 * 1024 * 1024


class BadPack(ValueError):
    """A pack is not what its manifest says, or its manifest is not the region's; the text says what."""


def verify_pack(data: bytes, region_key: PublicKey) -> dict[str, Any]:
    """Return the manifest of a zip that is whole. Raises `BadPack`.

    Proven: the region signed this manifest, and exactly its files are here, byte for byte.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as pack:
            return _checked(pack, region_key)
    except (zipfile.BadZipFile, KeyError, StrictJsonError, BadSignature, ValueError) as error:
        raise BadPack(str(error)) from error


def _checked(pack: zipfile.ZipFile, region_key: PublicKey) -> dict[str, Any]:
    names = pack.namelist()
    if any(one.file_size > _LARGEST for one in pack.infolist()) or len(set(names)) != len(names):
        raise BadPack("a file is too large, or a name stands twice")
    jws = pack.read(MANIFEST).decode("ascii")
    _header, payload = verify_attached(jws, TYP, lambda _kid: region_key, _MOST)
    manifest = loads(payload, _MOST)
    if not isinstance(manifest, dict) or manifest["format"] != FORMAT:
        raise BadPack("another format")
    listed = {str(one["name"]): one for one in manifest["files"]}
    if set(names) != {MANIFEST, *listed} or manifest["count"] != len(listed):
        raise BadPack("files are missing, or more than the manifest names")
    for name, one in listed.items():
        if hashlib.sha256(pack.read(name)).hexdigest() != one["sha256"]:
            raise BadPack(f"{name} was changed")
    return manifest
