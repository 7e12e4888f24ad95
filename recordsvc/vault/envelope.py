"""One data key for each worker, and what is encrypted under it (信封加密).

A worker's data key (32 random bytes) is kept wrapped under the master key and bound to the worker. Destroying
the wrapped key is erasure: nothing under it can be read again, not even by whoever holds the master key.

    wrapped key = key id (4) ‖ KeyStore.wrap(data key, aad = "data-key/1" ‖ worker_id ‖ key id)
    sealed      = format 0x01 ‖ algorithm 0x01 ‖ key id (4) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag (16)

The header is authenticated together with the caller's `aad`, which must say where the value stands:
`field_aad` for a column, `rec/v1 ‖ worker_id ‖ record_id ‖ D` for a record. A value moved to another worker,
row, column or version then does not open. Nonces are random: 2^32 values a key stay far below the bound of
96-bit nonces.
"""

import secrets
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from recordsvc.vault.keystore import KeyStore, KeyUseError

FORMAT: Final = 1
AES_256_GCM: Final = 1
_HEADER: Final = 6
_BODY: Final = _HEADER + 12
_TAG: Final = 16


class SealError(Exception):
    """A sealed value or wrapped key does not open: other key, other place, or changed bytes."""


class DataKey:
    """One worker's key, ready for use. Keep it for one request or batch: erasure must take effect."""

    __slots__ = ("_aead", "_entropy", "_header", "key_id")

    def __init__(self, key_id: bytes, secret: bytes, entropy: Callable[[int], bytes]) -> None:
        self.key_id = key_id
        self._header = bytes((FORMAT, AES_256_GCM)) + key_id
        self._aead = AESGCM(secret)
        self._entropy = entropy

    def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """Encrypt; the result is 34 bytes longer."""
        nonce = self._entropy(12)
        return self._header + nonce + self._aead.encrypt(nonce, plaintext, self._header + aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """The plaintext of `seal` with the same `aad`. Raises `SealError`."""
        if sealed[:_HEADER] != self._header:
            raise SealError(_why_not(sealed, self.key_id))
        try:
            return self._aead.decrypt(sealed[_HEADER:_BODY], sealed[_BODY:], self._header + aad)
        except (InvalidTag, ValueError):
            raise SealError(
                "a sealed value does not open: it was changed, or it stands in another place"
            ) from None


class DataKeys:
    """The data keys met in one request or batch: each is unwrapped once. Not for sharing between requests."""

    def __init__(self, keys: KeyStore, entropy: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._keys = keys
        self._entropy = entropy
        self._open: dict[bytes, DataKey] = {}

    def new(self, owner: bytes, master: str = "master") -> tuple[bytes, DataKey]:
        """A new key for `owner` (worker_id, or the id of a held record under `holding`): (wrapped, ready)."""
        key_id, secret = self._entropy(4), self._entropy(32)
        wrapped = key_id + self._keys.wrap(secret, _key_aad(owner, key_id), master)
        ready = self._open[owner + wrapped] = DataKey(key_id, secret, self._entropy)
        return wrapped, ready

    def get(self, owner: bytes, wrapped: bytes, master: str = "master") -> DataKey:
        """`owner`'s key from its wrapped form. Raises `SealError`."""
        ready = self._open.get(owner + wrapped)
        if ready is None:
            ready = self._open[owner + wrapped] = unwrap(self._keys, owner, wrapped, master, self._entropy)
        return ready


def unwrap(
    keys: KeyStore,
    owner: bytes,
    wrapped: bytes,
    master: str = "master",
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> DataKey:
    """`owner`'s key from its wrapped form, without a cache (about 2 µs). Raises `SealError`."""
    key_id = wrapped[:4]
    try:
        secret = keys.unwrap(wrapped[4:], _key_aad(owner, key_id), master)
    except KeyUseError:
        raise SealError(
            "a data key does not open: it belongs to another owner, master key or was changed"
        ) from None
    return DataKey(key_id, secret, entropy)


def rewrap(keys: KeyStore, owner: bytes, wrapped: bytes, master: str = "master") -> bytes:
    """The same data key of `owner` under the newest version of `master`. Raises `SealError`."""
    key_id, aad = wrapped[:4], _key_aad(owner, wrapped[:4])
    try:
        return key_id + keys.wrap(keys.unwrap(wrapped[4:], aad, master), aad, master)
    except KeyUseError:
        raise SealError("a data key does not open: it was changed, or is another owner's") from None


def field_aad(table: str, column: str, owner: bytes, row: bytes, version: int) -> bytes:
    """Where one encrypted value stands; each part after its length, so that no two places read alike."""
    parts = (b"field/1", table.encode(), column.encode(), owner, row, version.to_bytes(4))
    return b"".join(len(part).to_bytes(2) + part for part in parts)


def _key_aad(owner: bytes, key_id: bytes) -> bytes:
    return b"data-key/1" + owner + key_id


def _why_not(sealed: bytes, key_id: bytes) -> str:
    if len(sealed) < _BODY + _TAG:
        return f"a sealed value is cut short: {len(sealed)} bytes"
    if sealed[:2] != bytes((FORMAT, AES_256_GCM)):
        return f"a sealed value has format {sealed[0]} and algorithm {sealed[1]}: not read by this version"
    return f"a sealed value is under key {sealed[2:_HEADER].hex()}, not {key_id.hex()}"
