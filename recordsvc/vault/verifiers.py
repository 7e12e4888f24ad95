"""Whether a signature holds: Ed25519 (`EdDSA`) and ECDSA P-256 with SHA-256 (`ES256`), 64 raw bytes each.

The counterpart of `signers`. SM2 (国密, GB/T 32918) has its number and name here, so that registers and files
can hold such keys; checking with one raises `AlgorithmUnavailable`.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from recordsvc.vault.signers import PublicKey

try:
    from nacl.bindings import crypto_sign_open
    from nacl.exceptions import BadSignatureError
except ImportError:  # PyNaCl only makes checking faster; the answers are the same
    _WITH_SODIUM = False
else:
    _WITH_SODIUM = True

Check = Callable[[bytes, bytes], bool]
"""Message and signature of 64 bytes to whether it holds."""

ALGORITHM_NUMBERS: Final = {"EdDSA": 1, "ES256": 2, "SM2": 3}  # the byte in an issuer-key event

_P = 2**255 - 19  # the field of Curve25519
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # the order of P-256


class BadSignature(ValueError):
    """A signature, or what stands around it, does not hold. `code` says how; the text is safe to show."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class AlgorithmUnavailable(BadSignature):
    """The algorithm is registered, but this installation cannot compute it."""

    def __init__(self, alg: str) -> None:
        super().__init__("algorithm-unavailable", f"{alg} is registered, but this installation lacks it")


def verify(key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) over `message` holds under `key`.

    Raises AlgorithmUnavailable for SM2, BadSignature for a key that cannot be one. Both libraries give one
    answer: points of small order, on which they differ, are refused before either is asked.
    """
    return len(signature) == 64 and _verifier(key.alg, key.raw)(message, signature)


def check_public(key: PublicKey) -> None:
    """Raise BadSignature unless `key` can be a key of its algorithm (call before registering one)."""
    if key.alg not in ALGORITHM_NUMBERS:
        raise BadSignature("algorithm", "unknown signature algorithm")
    if key.alg != "SM2":
        _verifier(key.alg, key.raw)
    elif len(key.raw) != 65 or key.raw[0] != 4:
        raise BadSignature("key", "an SM2 public key is an uncompressed point of 65 bytes")


@lru_cache(maxsize=4096)
def _verifier(alg: str, raw: bytes) -> Check:
    if alg == "EdDSA":
        return _ed25519(raw)
    if alg == "ES256":
        return _es256(raw)
    if alg in ALGORITHM_NUMBERS:
        raise AlgorithmUnavailable(alg)
    raise BadSignature("algorithm", "unknown signature algorithm")


# The y of the points of small order, non-canonical twins included: a signature under such a key, or with such
# an R, is good for many messages. libsodium refuses them, OpenSSL does not.
_SMALL_ORDER = frozenset(
    y.to_bytes(32, "little")
    for y in (
        0,
        1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
        _P - 1,
        _P,
        _P + 1,
    )
)


def _small_order(point: bytes) -> bool:
    return point[:31] + bytes([point[31] & 0x7F]) in _SMALL_ORDER


def _ed25519(raw: bytes) -> Check:
    if len(raw) != 32 or _small_order(raw) or (int.from_bytes(raw, "little") & (2**255 - 1)) >= _P:
        raise BadSignature("key", "not an Ed25519 public key of 32 bytes")
    try:
        openssl = Ed25519PublicKey.from_public_bytes(raw).verify
    except ValueError:
        raise BadSignature("key", "not an Ed25519 public key") from None

    def with_sodium(message: bytes, signature: bytes) -> bool:
        try:
            crypto_sign_open(signature + message, raw)
        except BadSignatureError:
            return False
        return True

    def with_openssl(message: bytes, signature: bytes) -> bool:
        if _small_order(signature[:32]):
            return False
        try:
            openssl(signature, message)
        except InvalidSignature:
            return False
        return True

    return with_sodium if _WITH_SODIUM else with_openssl


def _es256(raw: bytes) -> Check:
    if len(raw) != 65 or raw[0] != 4:
        raise BadSignature("key", "not an uncompressed P-256 point of 65 bytes")
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError:
        raise BadSignature("key", "not a point of P-256") from None
    algorithm = ec.ECDSA(SHA256())

    def check(message: bytes, signature: bytes) -> bool:
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        if not (0 < r < _N and 0 < s < _N):
            return False
        try:
            public.verify(encode_dss_signature(r, s), message, algorithm)
        except InvalidSignature:
            return False
        return True

    return check
