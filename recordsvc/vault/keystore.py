"""The keys of the service behind one port (密钥库): callers name a key, they never hold one.

| key | algorithm | for |
|---|---|---|
| `log` | Ed25519 | checkpoints of the log |
| `region` | Ed25519 | records that no issuer signs (the region's own registered issuer key) |
| `token` | ES256 | access tokens |
| `master` | AES-256 | wraps the data key of each worker |
| `holding` | AES-256 | wraps the data keys of held records |
| `pepper-1`, `pepper-2` … | HMAC | blind indexes; several are live while an index is rebuilt |
| `dedupe`, `cursor`, `login` | HMAC | same-record keys, opaque cursors, login codes and CSRF tokens |

`FileKeyStore` keeps them in files (keyfile.py). A PKCS#11 or remote adapter implements the same `KeyStore`
port: nothing in it returns a secret, except a worker's data key on its way to the envelope.

The file `keys` is the store's manifest: which keys belong to it, with a check value each. It is written last,
so a first run that was killed is simply continued; once it stands, a key that is missing or is another
service's key is refused and never quietly replaced.
"""

import base64
import hashlib
import hmac as hmac_module
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from recordsvc.vault import keyfile
from recordsvc.vault.keyfile import KeyFileError
from recordsvc.vault.signers import Algorithm, PublicKey, ed25519, es256, fits

Entropy = Callable[[int], bytes]
MANIFEST: Final = "keys"


FIRST_KEYS: Final = {
    "log": Algorithm.ED25519,
    "region": Algorithm.ED25519,
    "token": Algorithm.ES256,
    "master": Algorithm.AES_256,
    "holding": Algorithm.AES_256,
    "pepper-1": Algorithm.HMAC,
    "dedupe": Algorithm.HMAC,
    "cursor": Algorithm.HMAC,
    "login": Algorithm.HMAC,
}
_PEPPER: Final = re.compile(r"pepper-([1-9][0-9]{0,3})")


class KeyUseError(Exception):
    """A key was asked for what it cannot do, or a wrapped key does not open here."""


class KeyStore(Protocol):
    """What the rooms may ask of the keys. Unknown key ids and wrong uses raise `KeyUseError`."""

    def wrap(self, data_key: bytes, aad: bytes, key_id: str = "master") -> bytes:
        """`data_key` (32 bytes) encrypted under an AES key, bound to `aad`."""
        ...

    def unwrap(self, wrapped: bytes, aad: bytes, key_id: str = "master") -> bytes:
        """The data key again; `KeyUseError` if key, bytes or `aad` are not those of `wrap`."""
        ...

    def hmac(self, key_id: str, data: bytes) -> bytes:
        """HMAC-SHA256, 32 bytes."""
        ...

    def sign(self, key_id: str, data: bytes) -> bytes:
        """64 bytes: Ed25519, or ES256 as r ‖ s."""
        ...

    def public(self, key_id: str) -> PublicKey:
        """The public half of a signing key."""
        ...

    @property
    def peppers(self) -> tuple[str, ...]:
        """Live peppers, oldest first: look up under all of them, write under the last."""
        ...


class FileKeyStore:
    """Keys read once from files, kept as ready key objects: Ed25519 20-32 µs, unwrap 0.6, HMAC 1.7."""

    def __init__(self, secrets_by_id: dict[str, tuple[Algorithm, bytes]]) -> None:
        self._signers: dict[str, Callable[[bytes], bytes]] = {}
        self._publics: dict[str, PublicKey] = {}
        self._wrappers: dict[str, AESGCM] = {}
        self._macs: dict[str, hmac_module.HMAC] = {}
        # Begun once and copied: setting up the key costs more than the digest of a short message.
        for key_id, (algorithm, secret) in secrets_by_id.items():
            if algorithm is Algorithm.HMAC:
                self._macs[key_id] = hmac_module.new(secret, digestmod="sha256")
            elif algorithm is Algorithm.AES_256:
                self._wrappers[key_id] = AESGCM(secret)
            else:
                make = ed25519 if algorithm is Algorithm.ED25519 else es256
                self._signers[key_id], self._publics[key_id] = make(secret)
        found = [key_id for key_id in secrets_by_id if _PEPPER.fullmatch(key_id)]
        self.peppers: tuple[str, ...] = tuple(sorted(found, key=pepper_version))

    def __repr__(self) -> str:
        return f"FileKeyStore({sorted([*self._signers, *self._wrappers, *self._macs])})"

    def wrap(self, data_key: bytes, aad: bytes, key_id: str = "master") -> bytes:
        """Nonce (12) ‖ AES-256-GCM of the data key (48): 60 bytes."""
        nonce = secrets.token_bytes(12)
        return nonce + self._wrapper(key_id).encrypt(nonce, data_key, aad)

    def unwrap(self, wrapped: bytes, aad: bytes, key_id: str = "master") -> bytes:
        """The data key of `wrap`."""
        wrapper = self._wrapper(key_id)
        try:
            return wrapper.decrypt(wrapped[:12], wrapped[12:], aad)
        except (InvalidTag, ValueError):
            raise KeyUseError(
                f"a wrapped key does not open under {key_id!r}: other key, owner or bytes"
            ) from None

    def hmac(self, key_id: str, data: bytes) -> bytes:
        """HMAC-SHA256 under a pepper or another HMAC key."""
        begun = self._macs.get(key_id)
        if begun is None:
            raise KeyUseError(f"no HMAC key {key_id!r}")
        mac = begun.copy()
        mac.update(data)
        return mac.digest()

    def sign(self, key_id: str, data: bytes) -> bytes:
        """Sign `data` itself (no pre-hash)."""
        signer = self._signers.get(key_id)
        if signer is None:
            raise KeyUseError(f"no signing key {key_id!r}")
        return signer(data)

    def public(self, key_id: str) -> PublicKey:
        """The public half of a signing key."""
        public = self._publics.get(key_id)
        if public is None:
            raise KeyUseError(f"no signing key {key_id!r}")
        return public

    def _wrapper(self, key_id: str) -> AESGCM:
        wrapper = self._wrappers.get(key_id)
        if wrapper is None:
            raise KeyUseError(f"no wrapping key {key_id!r}")
        return wrapper


def pepper_version(key_id: str) -> int:
    """2 for `pepper-2`: the number that blind-index rows carry."""
    match = _PEPPER.fullmatch(key_id)
    if match is None:
        raise KeyUseError(f"{key_id!r} is not a pepper")
    return int(match[1])


def create_keys(folder: Path, entropy: Entropy = secrets.token_bytes) -> bool:
    """Make the keys of a first run; True if this call completed the store. Never overwrites, may be repeated.

    Several processes may call it at once: each key is made by whoever links its file first, and all read that
    one.
    """
    keyfile.make_folder(folder)
    with keyfile.key_folder(folder) as fd:
        if keyfile.exists(fd, MANIFEST):
            return False
        for key_id, algorithm in FIRST_KEYS.items():
            _make_key(fd, key_id, algorithm, entropy)
        made = {key_id: _read_key(fd, key_id, algorithm) for key_id, algorithm in FIRST_KEYS.items()}
        return keyfile.write_new(fd, MANIFEST, _manifest({k: (FIRST_KEYS[k], s) for k, s in made.items()}))


def open_keys(folder: Path) -> FileKeyStore:
    """The store, after every check of folder, files, names, check values. Raises `KeyFileError`."""
    with keyfile.key_folder(folder) as fd:
        return FileKeyStore(_read_store(fd))


def add_pepper(folder: Path, entropy: Entropy = secrets.token_bytes) -> str:
    """Make the next pepper and set it live; its id. Running processes see it at their next start."""
    with keyfile.key_folder(folder) as fd:
        store = _read_store(fd)
        key_id = f"pepper-{1 + max(pepper_version(k) for k in store if _PEPPER.fullmatch(k))}"
        # A crash after this line leaves a pepper that no manifest names: unused, and adopted by the next
        # call.
        _make_key(fd, key_id, Algorithm.HMAC, entropy)
        store[key_id] = (Algorithm.HMAC, _read_key(fd, key_id, Algorithm.HMAC))
        keyfile.replace(fd, MANIFEST, _manifest(store))
    return key_id


def retire_pepper(folder: Path, key_id: str) -> None:
    """Take a pepper out of use and destroy it. Call only when no index row of its version is left."""
    with keyfile.key_folder(folder) as fd:
        store = _read_store(fd)
        live = [k for k in store if _PEPPER.fullmatch(k)]
        if key_id not in live or key_id == max(live, key=pepper_version):
            raise KeyFileError(f"{key_id} is not an older live pepper: nothing was retired")
        del store[key_id]
        keyfile.replace(fd, MANIFEST, _manifest(store))
        keyfile.remove(fd, f"{key_id}.key")


def _read_store(fd: int) -> dict[str, tuple[Algorithm, bytes]]:
    head, *rows = [line.split(" ") for line in keyfile.read(fd, MANIFEST)] or [[]]
    if head != ["recordsvc-keys/1"] or any(len(row) != 3 or row[1] not in list(Algorithm) for row in rows):
        raise KeyFileError(f"key file {MANIFEST} is of another format or version: restore the key folder")
    store: dict[str, tuple[Algorithm, bytes]] = {}
    for key_id, name, check in rows:
        algorithm = Algorithm(name)
        secret = _read_key(fd, key_id, algorithm)
        if not hmac_module.compare_digest(_check_value(key_id, secret), check):
            raise KeyFileError(f"key file {key_id}.key is another service's key: restore this service's own")
        store[key_id] = (algorithm, secret)
    missing = FIRST_KEYS.keys() - store.keys()
    if any(_PEPPER.fullmatch(key_id) for key_id in store):
        missing -= {"pepper-1"}
    if missing:
        raise KeyFileError(
            f"key file {MANIFEST} names no {', '.join(sorted(missing))}: restore the key folder"
        )
    return store


def _manifest(store: dict[str, tuple[Algorithm, bytes]]) -> list[str]:
    rows = [f"{k} {algorithm} {_check_value(k, secret)}" for k, (algorithm, secret) in store.items()]
    return ["recordsvc-keys/1", *rows]


def _check_value(key_id: str, secret: bytes) -> str:
    # 128 bits of a hash over 256 random bits: enough to know the key again, nothing to find it by.
    return hashlib.sha256(b"recordsvc key check\0" + key_id.encode() + b"\0" + secret).hexdigest()[:32]


def _make_key(fd: int, key_id: str, algorithm: Algorithm, entropy: Entropy) -> None:
    if keyfile.exists(fd, f"{key_id}.key"):
        return
    secret = entropy(32)
    while not fits(algorithm, secret):
        secret = entropy(32)
    text = base64.b64encode(secret).decode()
    keyfile.write_new(
        fd,
        f"{key_id}.key",
        ["recordsvc-key/1", f"id: {key_id}", f"algorithm: {algorithm}", f"secret: {text}"],
    )


def _read_key(fd: int, key_id: str, algorithm: Algorithm) -> bytes:
    name = f"{key_id}.key"
    lines = keyfile.read(fd, name)
    if lines[:3] != ["recordsvc-key/1", f"id: {key_id}", f"algorithm: {algorithm}"] or len(lines) != 4:
        raise KeyFileError(
            f"key file {name} holds another key or format (swapped?): restore it from the key backup"
        )
    secret = base64.b64decode(lines[3].removeprefix("secret: "))
    if len(secret) != 32 or not fits(algorithm, secret):
        raise KeyFileError(f"key file {name} holds no {algorithm} key: restore it from the key backup")
    return secret
