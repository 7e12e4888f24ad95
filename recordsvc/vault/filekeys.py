"""Keys whose secrets lie in files (文件密钥), as ready key objects: Ed25519 20-32 µs, unwrap 0.6, HMAC 1.7.

Each key has a file of its own (keyfile.py) and, in the manifest, a check value that tells it from another
service's key of the same name.
"""

import base64
import hashlib
import hmac as hmac_module
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from recordsvc.vault import keyfile
from recordsvc.vault.keyfile import KeyFileError
from recordsvc.vault.keystore import KeyUseError, Mac, Part, Signing
from recordsvc.vault.signers import Algorithm, ed25519, es256, fits

Entropy = Callable[[int], bytes]


class FileKeys:
    """Makes, loads and destroys key files in the folder `fd`."""

    def __init__(self, fd: int, entropy: Entropy) -> None:
        """Work in an open key folder."""
        self._fd = fd
        self._entropy = entropy

    def make(self, key_id: str, algorithm: Algorithm) -> str:
        """Make a key unless its file is there already; its check value (32 hex digits)."""
        if not keyfile.exists(self._fd, f"{key_id}.key"):
            secret = self._entropy(32)
            while not fits(algorithm, secret):
                secret = self._entropy(32)
            text = base64.b64encode(secret).decode()
            head = ["recordsvc-key/1", f"id: {key_id}", f"algorithm: {algorithm}"]
            keyfile.write_new(self._fd, f"{key_id}.key", [*head, f"secret: {text}"])
        return _check_value(key_id, self._read(key_id, algorithm))

    def load(self, key_id: str, algorithm: Algorithm, check: str) -> Part:
        """A key, ready for use. Raises `KeyFileError`, also for another service's key."""
        secret = self._read(key_id, algorithm)
        if not hmac_module.compare_digest(_check_value(key_id, secret), check):
            raise KeyFileError(f"key file {key_id}.key is another service's key: restore this service's own")
        return _part(algorithm, secret)

    def destroy(self, key_id: str) -> None:
        """Remove a key's file; none there is fine."""
        if keyfile.exists(self._fd, f"{key_id}.key"):
            keyfile.remove(self._fd, f"{key_id}.key")

    def _read(self, key_id: str, algorithm: Algorithm) -> bytes:
        name = f"{key_id}.key"
        lines = keyfile.read(self._fd, name)
        if lines[:3] != ["recordsvc-key/1", f"id: {key_id}", f"algorithm: {algorithm}"] or len(lines) != 4:
            raise KeyFileError(
                f"key file {name} holds another key or format (swapped?): restore it from the key backup"
            )
        secret = base64.b64decode(lines[3].removeprefix("secret: "))
        if len(secret) != 32 or not fits(algorithm, secret):
            raise KeyFileError(f"key file {name} holds no {algorithm} key: restore it from the key backup")
        return secret


class _Wrapping:
    """AES-256-GCM in this process."""

    __slots__ = ("_aead", "encrypt")

    def __init__(self, secret: bytes) -> None:
        self._aead = AESGCM(secret)
        self.encrypt = self._aead.encrypt

    def decrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        """The plaintext; `KeyUseError` when it does not open."""
        try:
            return self._aead.decrypt(nonce, data, aad)
        except (InvalidTag, ValueError):
            raise KeyUseError("a wrapped key does not open: other key, owner or bytes") from None


def _macs_of(secret: bytes) -> Callable[[bytes], bytes]:
    # Begun once and copied: setting up the key costs more than the digest of a short message.
    begun = hmac_module.new(secret, digestmod="sha256")

    def digest(data: bytes) -> bytes:
        made = begun.copy()
        made.update(data)
        return made.digest()

    return digest


def _part(algorithm: Algorithm, secret: bytes) -> Part:
    if algorithm is Algorithm.HMAC:
        return Mac(_macs_of(secret))
    if algorithm is Algorithm.AES_256:
        return _Wrapping(secret)
    return Signing(*(ed25519 if algorithm is Algorithm.ED25519 else es256)(secret))


def _check_value(key_id: str, secret: bytes) -> str:
    # 128 bits of a hash over 256 random bits: enough to know the key again, nothing to find it by.
    return hashlib.sha256(b"recordsvc key check\0" + key_id.encode() + b"\0" + secret).hexdigest()[:32]
