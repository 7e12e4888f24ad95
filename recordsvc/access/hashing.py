"""PINs and passwords at rest (口令存储): Argon2id over an HMAC under a key of the vault (pepper).

Who reads the table alone can try nothing. 19 MiB and two passes (OWASP's figures): about 25 ms here, outside
every turn of the writer. Verifying for nobody costs the same.
"""

import base64
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from recordsvc.ground.ports import Random
from recordsvc.vault.keystore import KeyStore

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16)
_NOBODY: Final = (
    f"$argon2id$v=19$m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}$"
    + base64.b64encode(bytes(16)).decode().rstrip("=")
    + "$"
    + base64.b64encode(bytes(32)).decode().rstrip("=")
)
"""A hash that nothing verifies against, of the same cost."""


def made(keys: KeyStore, random: Random, owner: str, secret: str) -> bytes:
    """Return what is kept of a secret; `owner` binds it to a person and a kind."""
    return _HASHER.hash(_peppered(keys, owner, secret), salt=random.bytes(16)).encode()


def verifies(keys: KeyStore, owner: str, kept: bytes | None, secret: str) -> bool:
    """Tell whether this is the secret; None (nobody's) takes as long and is a no."""
    try:
        _HASHER.verify(_NOBODY if kept is None else kept.decode(), _peppered(keys, owner, secret))
    except VerificationError:
        return False
    return kept is not None


def _peppered(keys: KeyStore, owner: str, secret: str) -> bytes:
    return keys.hmac("login", b"secret/1\0" + owner.encode() + b"\0" + secret.encode())
