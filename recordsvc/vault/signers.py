"""What a 32-byte secret does once it is read: sign as Ed25519 or ES256, and show its public half."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

sodium: ModuleType | None
try:
    import nacl.bindings as sodium
except ImportError:  # PyNaCl only makes Ed25519 faster (20 µs a signature against 32); the bytes are the same
    sodium = None

Sign = Callable[[bytes], bytes]
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Algorithm(StrEnum):
    """What a secret is used for; every one of them takes 32 bytes."""

    ED25519 = "Ed25519"
    ES256 = "ES256"
    AES_256 = "AES-256"
    HMAC = "HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key as the log carries it: 32 bytes (`EdDSA`) or the 65-byte uncompressed point (`ES256`)."""

    alg: str
    raw: bytes


def fits(algorithm: Algorithm, secret: bytes) -> bool:
    """Whether `secret` can be a key: a P-256 scalar must lie below the order of the group."""
    return algorithm is not Algorithm.ES256 or 0 < int.from_bytes(secret) < _P256_ORDER


def ed25519(seed: bytes) -> tuple[Sign, PublicKey]:
    """Signer (RFC 8032, 64 bytes) and public key of a seed."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = PublicKey("EdDSA", private.public_key().public_bytes_raw())
    if sodium is None:
        return private.sign, public
    expanded, sign = sodium.crypto_sign_seed_keypair(seed)[1], sodium.crypto_sign
    return lambda data: sign(data, expanded)[:64], public


def es256(secret: bytes) -> tuple[Sign, PublicKey]:
    """Signer (ECDSA on P-256 with SHA-256, r ‖ s as JOSE wants it, 64 bytes) and public key of a scalar."""
    private = ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    algorithm = ec.ECDSA(SHA256())

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(private.sign(data, algorithm))
        return r.to_bytes(32) + s.to_bytes(32)

    return sign, PublicKey("ES256", point)
