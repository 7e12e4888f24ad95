"""The key folder (密钥目录): made at the first run, read with every check, changed one step at a time.

Its file `keys` is the manifest: which keys there are, where each is held, how to know it again, which signing
keys were retired. It is replaced in one step and comes last when a key is added, first when one is dropped: a
process that was killed left either the old store or the new one, and the same call goes on from there.

    recordsvc-keys/2
    epoch: <how often keys were added or dropped since the first run>
    <id> <algorithm> <check> <file|pkcs11> <UTC ms of its making, 0: first run>
    retired: <id> <alg> <public key, base64> <UTC ms of its end>
    sha256: <over everything above>

Once it stands, a key that is missing or is another service's key is refused, and never quietly replaced.
"""

import base64
import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from recordsvc.vault import keyfile
from recordsvc.vault.filekeys import Entropy, FileKeys
from recordsvc.vault.keyfile import KeyFileError
from recordsvc.vault.keystore import (
    FIRST_KEYS,
    LATER,
    ROTATING,
    KeyRing,
    Part,
    Retired,
    id_of,
    is_id,
    name_of,
    version_of,
)
from recordsvc.vault.signers import Algorithm, PublicKey

MANIFEST: Final = "keys"
FILE: Final = "file"
MODULE: Final = "pkcs11"
IN_FILES: Final = frozenset({"log"})
"""Keys that stay in files beside a token: checkpoints are Ed25519 by their specification (docs/keys.md)."""


class Holder(Protocol):
    """Where secrets are held: key files, or a PKCS#11 token."""

    def make(self, key_id: str, algorithm: Algorithm) -> str:
        """Make a key unless a call that was killed made it; what to know it again by (no spaces)."""
        ...

    def load(self, key_id: str, algorithm: Algorithm, check: str) -> Part:
        """A key, ready for use. Raises `KeyFileError` when it is missing or another's."""
        ...

    def destroy(self, key_id: str) -> None:
        """Destroy a key; none there is fine."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A live key as the manifest tells of it."""

    algorithm: Algorithm
    check: str
    held: str = FILE
    made_ms: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the manifest says."""

    live: dict[str, Entry]
    epoch: int = 0
    retired: tuple[Retired, ...] = field(default=())

    def versions(self, name: str) -> list[str]:
        """Live ids of a key, oldest first."""
        return sorted((key_id for key_id in self.live if name_of(key_id) == name), key=version_of)

    def lines(self) -> list[str]:
        """The manifest as it is written."""
        keys = [f"{k} {one.algorithm} {one.check} {one.held} {one.made_ms}" for k, one in self.live.items()]
        retired = [
            f"retired: {key_id} {public.alg} {base64.b64encode(public.raw).decode()} {ended_ms}"
            for key_id, public, ended_ms in self.retired
        ]
        return ["recordsvc-keys/2", f"epoch: {self.epoch}", *keys, *retired]


def create_keys(folder: Path, entropy: Entropy = secrets.token_bytes, token: Holder | None = None) -> bool:
    """Make the keys of a first run; True if this call completed the store. Never overwrites, may be repeated.

    With a `token` all keys but those of `IN_FILES` are made in it. Several processes may call this at once:
    each key is made by whoever comes first, and all use that one.
    """
    keyfile.make_folder(folder)
    with _changing(folder) as fd:
        if keyfile.exists(fd, MANIFEST):
            return False
        made = {key_id: _make(fd, key_id, token, entropy) for key_id in FIRST_KEYS}
        return keyfile.write_new(fd, MANIFEST, Manifest(made).lines())


def open_keys(folder: Path, token: Holder | None = None) -> KeyRing:
    """The ring, after every check of folder, files, names, check values. Raises `KeyFileError`."""
    with keyfile.key_folder(folder) as fd:
        return _ring(fd, _read(fd), token)


def read_manifest(folder: Path) -> Manifest:
    """What keys there are; opens none."""
    with keyfile.key_folder(folder) as fd:
        return _read(fd)


def add_version(
    folder: Path,
    *names: str,
    token: Holder | None = None,
    now_ms: int = 0,
    entropy: Entropy = secrets.token_bytes,
) -> list[str]:
    """Make the next version of each named key and set all live in one step; their ids."""
    with _changing(folder) as fd:
        manifest = _read(fd)
        live, added = dict(manifest.live), []
        for name in names:
            if name not in ROTATING:
                raise KeyFileError(f"{name} does not rotate")
            ended = [one.key_id for one in manifest.retired if name_of(one.key_id) == name]
            key_id = id_of(name, 1 + max(map(version_of, manifest.versions(name) + ended), default=0))
            # Killed after this line, it leaves a key that no manifest names: unused, adopted by the next
            # call.
            live[key_id] = replace(_make(fd, key_id, token, entropy), made_ms=now_ms)
            added.append(key_id)
        keyfile.replace(fd, MANIFEST, Manifest(live, manifest.epoch + 1, manifest.retired).lines())
    return added


def drop_version(folder: Path, *key_ids: str, token: Holder | None = None, now_ms: int = 0) -> None:
    """Take older versions out of use, then destroy them; of signing keys the public half stays known.

    Whoever calls has made sure that nothing needs them any more. The newest version is never dropped.
    """
    with _changing(folder) as fd:
        manifest = _read(fd)
        retired = list(manifest.retired)
        for key_id in key_ids:
            if key_id not in manifest.live or key_id == manifest.versions(name_of(key_id))[-1]:
                raise KeyFileError(f"{key_id} is not an older live version: nothing was dropped")
        for key_id in key_ids:
            entry = manifest.live[key_id]
            if entry.algorithm in (Algorithm.ED25519, Algorithm.ES256):
                public = _ring(fd, manifest, token).public(key_id)
                retired.append(Retired(key_id, public, now_ms))
        live = {key_id: one for key_id, one in manifest.live.items() if key_id not in key_ids}
        keyfile.replace(fd, MANIFEST, Manifest(live, manifest.epoch + 1, tuple(retired)).lines())
        for key_id in key_ids:
            _holder(fd, manifest.live[key_id].held, token).destroy(key_id)


def destroy_dropped(folder: Path, token: Holder | None = None) -> None:
    """Destroy what a call that was killed left of dropped versions; repeats without effect."""
    with _changing(folder) as fd:
        manifest = _read(fd)
        for name in ROTATING:
            versions = manifest.versions(name)
            for version in range(1, version_of(versions[-1]) if versions else 1):
                if id_of(name, version) not in manifest.live:
                    _holder(fd, manifest.live[versions[-1]].held, token).destroy(id_of(name, version))


@contextmanager
def _changing(folder: Path) -> Iterator[int]:
    """The folder's descriptor, while no other process changes the store."""
    with keyfile.key_folder(folder) as fd:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield fd


def _make(fd: int, key_id: str, token: Holder | None, entropy: Entropy) -> Entry:
    algorithm = FIRST_KEYS[id_of(name_of(key_id), 1)]
    if token is None or name_of(key_id) in IN_FILES:
        return Entry(algorithm, FileKeys(fd, entropy).make(key_id, algorithm))
    if algorithm is Algorithm.ED25519:
        algorithm = Algorithm.ES256
    return Entry(algorithm, token.make(key_id, algorithm), MODULE)


def _ring(fd: int, manifest: Manifest, token: Holder | None) -> KeyRing:
    parts = {
        key_id: _holder(fd, one.held, token).load(key_id, one.algorithm, one.check)
        for key_id, one in manifest.live.items()
    }
    made = {key_id: one.made_ms for key_id, one in manifest.live.items()}
    return KeyRing(parts, made=made, retired=manifest.retired, epoch=manifest.epoch)


def _holder(fd: int, held: str, token: Holder | None) -> Holder:
    if held == FILE:
        return FileKeys(fd, secrets.token_bytes)
    if token is None:
        raise KeyFileError("keys of this service are held in a token: set keystore = pkcs11")
    return token


def _read(fd: int) -> Manifest:
    try:
        manifest = _parsed(keyfile.read(fd, MANIFEST))
    except (ValueError, IndexError):
        raise KeyFileError(
            f"key file {MANIFEST} is of another format or version: restore the key folder"
        ) from None
    wanted = {name_of(key_id) for key_id in FIRST_KEYS} - LATER
    missing = wanted - {name_of(key_id) for key_id in manifest.live}
    if missing:
        raise KeyFileError(
            f"key file {MANIFEST} names no {', '.join(sorted(missing))}: restore the key folder"
        )
    return manifest


def _parsed(lines: list[str]) -> Manifest:
    """Read the manifest, also that of the first format: `<id> <algorithm> <check>`. Raises ValueError."""
    head, *rows = [line.split(" ") for line in lines]
    if head not in (["recordsvc-keys/1"], ["recordsvc-keys/2"]):
        raise ValueError
    live: dict[str, Entry] = {}
    epoch, retired = 0, []
    for row in rows:
        if row[0] == "epoch:":
            (epoch,) = map(int, row[1:])
        elif row[0] == "retired:":
            key_id, alg, public, ended = row[1:]
            retired.append(Retired(key_id, PublicKey(alg, base64.b64decode(public)), int(ended)))
        else:
            key_id, algorithm, check, *more = row
            held, made_ms = more or (FILE, "0")
            if not is_id(key_id) or held not in (FILE, MODULE):
                raise ValueError
            live[key_id] = Entry(Algorithm(algorithm), check, held, int(made_ms))
    return Manifest(live, epoch, tuple(retired))
