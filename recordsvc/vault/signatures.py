"""Issuers' signatures (签名) in JOSE forms: over one record (detached JWS), over a batch root (compact JWS).

Keys arrive raw, as the log carries them; nothing is ever fetched, and no header chooses its own algorithm:
each key has exactly one, and a header that names another is refused. There is no `none`, no shared-secret
algorithm, no `crit`, no `jku`, no embedded key. A protected header is canonical JSON of exactly `alg`, `kid`,
`typ`. A signature text has one spelling, because evidence is committed byte for byte.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from recordsvc.ground.base64strict import b64u, b64u_bytes, unb64u
from recordsvc.ground.strictjson import StrictJsonError, canonical, is_canonical
from recordsvc.vault.jwk import KID, public_from_jwk, public_to_jwk
from recordsvc.vault.signers import PublicKey
from recordsvc.vault.verifiers import (
    ALGORITHM_NUMBERS,
    AlgorithmUnavailable,
    BadSignature,
    check_public,
    verify,
)

__all__ = [
    "ALGORITHM_NUMBERS",
    "BATCH_TYP",
    "RECORD_TYP",
    "AlgorithmUnavailable",
    "BadSignature",
    "Protected",
    "PublicKey",
    "check_public",
    "detached_jws",
    "parse_protected",
    "public_from_jwk",
    "public_to_jwk",
    "sign_attached",
    "verify",
    "verify_attached",
    "verify_detached",
]

RECORD_TYP: Final = "recordsvc+jws"
BATCH_TYP: Final = "recordsvc-batch+jws"

_MAX_HEADER = 1024
_MAX_SIGNATURE = 86  # base64url of 64 bytes; every algorithm here


class SigningKey(Protocol):
    """What signs: the name of a key, its JOSE algorithm, and a function from bytes to 64 bytes."""

    @property
    def kid(self) -> str:
        """Name under which the key is registered."""

    @property
    def alg(self) -> str:
        """JOSE name of its one algorithm."""

    @property
    def sign(self) -> Callable[[bytes], bytes]:
        """Message to signature."""


@dataclass(frozen=True, slots=True)
class Protected:
    """A protected header, checked in form only: nothing of it is proven before the signature is."""

    alg: str
    kid: str
    typ: str


Lookup = Callable[[str], PublicKey | None]
"""From a kid to the one key it may name; None when it names none (then the signature does not hold)."""


def detached_jws(key: SigningKey, record: bytes) -> str:
    """Compact JWS `protected..signature` over exactly these record bytes R."""
    protected = _protected_segment(key, RECORD_TYP)
    return f"{protected}..{b64u(key.sign(f'{protected}.{b64u(record)}'.encode('ascii')))}"


def sign_attached(key: SigningKey, typ: str, payload: bytes) -> str:
    """Compact JWS `protected.payload.signature` (batches)."""
    signing_input = f"{_protected_segment(key, typ)}.{b64u(payload)}"
    return f"{signing_input}.{b64u(key.sign(signing_input.encode('ascii')))}"


def verify_detached(record: bytes, jws: str, lookup: Lookup) -> Protected:
    """The header under which `jws` signs these record bytes; BadSignature if it does not."""
    segments = jws.split(".")
    if len(segments) != 3 or segments[1]:
        raise BadSignature("form", "not a detached compact JWS")
    header = parse_protected(segments[0], RECORD_TYP)
    _check(header, lookup, b"%b.%b" % (segments[0].encode("ascii"), b64u_bytes(record)), segments[2])
    return header


def verify_attached(jws: str, typ: str, lookup: Lookup, max_payload: int = 4096) -> tuple[Protected, bytes]:
    """Header and payload (at most `max_payload` bytes) of a compact JWS of type `typ`, or BadSignature."""
    segments = jws.split(".")
    if len(segments) != 3 or len(segments[1]) > max_payload * 4 // 3 + 4:
        raise BadSignature("form", "not a compact JWS, or its payload is too large")
    header = parse_protected(segments[0], typ)
    try:
        payload = unb64u(segments[1])
    except ValueError:
        raise BadSignature("form", "the payload is not base64url") from None
    _check(header, lookup, f"{segments[0]}.{segments[1]}".encode("ascii"), segments[2])
    return header, payload


@lru_cache(maxsize=4096)
def parse_protected(segment: str, typ: str) -> Protected:
    """Read the first segment of a JWS that must be of type `typ`. Cached: a key's headers are alike."""
    try:
        header = is_canonical(unb64u(segment), 2) if len(segment) <= _MAX_HEADER else None
    except StrictJsonError:
        raise BadSignature("header", "the protected header is not canonical JSON") from None
    except ValueError:
        raise BadSignature("header", "the protected header is not base64url") from None
    if not isinstance(header, dict) or header.keys() != {"alg", "kid", "typ"} or header["typ"] != typ:
        raise BadSignature("header", f"the header has to hold alg, kid and typ {typ}, and nothing else")
    alg, kid = header["alg"], header["kid"]
    if not isinstance(alg, str) or alg not in ALGORITHM_NUMBERS:
        raise BadSignature("header", "the protected header names no known algorithm")
    if not isinstance(kid, str) or KID.fullmatch(kid) is None:
        raise BadSignature("header", "the protected header names no key")
    return Protected(alg, kid, typ)


def _check(header: Protected, lookup: Lookup, signing_input: bytes, segment: str) -> None:
    key = lookup(header.kid)
    if key is None:
        raise BadSignature("key-unknown", "the key named in the header is not known")
    if key.alg != header.alg:
        raise BadSignature("algorithm", "the header names another algorithm than the key has")
    try:
        signature = unb64u(segment) if len(segment) <= _MAX_SIGNATURE else b""
    except ValueError:
        raise BadSignature("form", "the signature is not base64url") from None
    if not verify(key, signing_input, signature):
        raise BadSignature("signature", "the signature does not hold")


def _protected_segment(key: SigningKey, typ: str) -> str:
    return b64u(canonical({"alg": key.alg, "kid": key.kid, "typ": typ}))
