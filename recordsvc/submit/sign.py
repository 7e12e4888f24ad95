"""What a centre signs: records, batches and token requests. Pure: bytes in, bytes out, no files, no network.

Byte layouts (frozen):
  R             canonical JSON of audience, body, environment, id, issued_on, issuer, salt, type, version,
                worker
  detached JWS  `protected..signature` over ASCII(protected) "." base64url(R)
  batch leaf    SHA-256(0x00 ‖ R), tree of RFC 6962
  batch JWS     `protected.payload.signature`, the payload canonical JSON of audience, batch_id, environment,
                issuer, root, size and type (always "batch/1")
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recordsvc.ground.base64strict import b64u
from recordsvc.ground.ports import Clock, Random, uuid7
from recordsvc.ground.strictjson import canonical
from recordsvc.submit.keys import SigningKey, key_from_jwk, key_from_secret, new_private_jwk
from recordsvc.translog import tree

__all__ = [
    "Batch",
    "Destination",
    "SigningKey",
    "client_assertion",
    "detached_jws",
    "each_ndjson",
    "key_from_jwk",
    "key_from_secret",
    "make_batch",
    "make_record",
    "new_private_jwk",
    "new_record_id",
    "new_salt",
    "single_body",
]

RECORD_TYP = "recordsvc+jws"
BATCH_TYP = "recordsvc-batch+jws"
ASSERTION_SECONDS = 60  # longest life of a client assertion the service accepts


@dataclass(frozen=True, slots=True)
class Destination:
    """Whose records, for which deployment: these three stand inside every signature."""

    audience: str
    environment: str
    issuer: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Records under one signature; `levels` is the tree over their leaves, so any record's proof is cheap."""

    batch_id: str
    jws: str
    records: tuple[bytes, ...]
    levels: tree.Levels

    @property
    def root(self) -> bytes:
        """The tree's root, the one thing that is signed."""
        return self.levels[-1][0]

    def ndjson(self, *, all_or_nothing: bool = False) -> bytes:
        """The request body: a header line with the batch JWS, then one R a line."""
        header = canonical(
            {"all_or_nothing": True, "batch": self.jws} if all_or_nothing else {"batch": self.jws}
        )
        return b"\n".join((header, *self.records)) + b"\n"

    def evidence(self, index: int) -> bytes:
        """What makes record `index` verifiable alone: batch JWS, index, path, size (canonical JSON)."""
        size = len(self.records)
        path = [b64u(self.levels[level][node]) for level, node in tree.path_nodes(index, size)]
        return canonical({"batch": self.jws, "index": index, "path": path, "size": size})


def new_salt(randomness: Random) -> str:
    """128 random bits for one record, without which anybody could test guesses against its signature."""
    return b64u(randomness.bytes(16))


def new_record_id(clock: Clock, randomness: Random) -> str:
    """A fresh record id (UUIDv7, lower case)."""
    return str(uuid.UUID(bytes=uuid7(clock, randomness)))


def make_record(
    to: Destination,
    record_type: str,
    worker: Mapping[str, Any],
    body: Mapping[str, Any],
    *,
    record_id: str,
    salt: str,
    issued_on: dt.date,
    version: int = 1,
) -> bytes:
    """R: the canonical bytes of one record. Raises `StrictJsonError` for text that may not be signed."""
    return canonical(
        {
            "audience": to.audience,
            "body": dict(body),
            "environment": to.environment,
            "id": record_id,
            "issued_on": issued_on.isoformat(),
            "issuer": to.issuer,
            "salt": salt,
            "type": record_type,
            "version": version,
            "worker": dict(worker),
        }
    )


def detached_jws(key: SigningKey, record: bytes) -> str:
    """The issuer's signature over one R: compact JWS with the payload left out."""
    protected = _protected(key, RECORD_TYP)
    signature = key.sign(f"{protected}.{b64u(record)}".encode("ascii"))
    return f"{protected}..{b64u(signature)}"


def single_body(key: SigningKey, record: bytes) -> bytes:
    """The body of POST /v1/records: canonical {"jws", "record"}, with R spliced in as it is."""
    return b'{"jws":"' + detached_jws(key, record).encode("ascii") + b'","record":' + record + b"}"


def each_ndjson(key: SigningKey, records: Sequence[bytes]) -> bytes:
    """A batch body in which every record carries its own signature."""
    return b"\n".join((b'{"mode":"each"}', *(single_body(key, record) for record in records))) + b"\n"


def make_batch(key: SigningKey, to: Destination, records: Sequence[bytes], *, batch_id: str) -> Batch:
    """One signature over the RFC 6962 root of the records, in the order given (at least one)."""
    if not records:
        raise ValueError("a batch holds at least one record")
    levels = tree.levels([tree.leaf_hash(record) for record in records])
    payload = canonical(
        {
            "audience": to.audience,
            "batch_id": batch_id,
            "environment": to.environment,
            "issuer": to.issuer,
            "root": b64u(levels[-1][0]),
            "size": len(records),
            "type": "batch/1",
        }
    )
    return Batch(batch_id, _compact(key, BATCH_TYP, payload), tuple(records), levels)


def client_assertion(key: SigningKey, client_id: str, token_issuer: str, *, now_s: int, jti: str) -> str:
    """A private_key_jwt for the token endpoint (RFC 7523); `aud` is the issuer identifier, a plain string."""
    claims = {
        "aud": token_issuer,
        "exp": now_s + ASSERTION_SECONDS,
        "iat": now_s,
        "iss": client_id,
        "jti": jti,
        "sub": client_id,
    }
    return _compact(key, "JWT", canonical(claims))


def dpop_proof(
    key: SigningKey, method: str, url: str, *, now_s: int, jti: str, token: str = "", nonce: str = ""
) -> str:
    """A DPoP proof (RFC 9449) for one request: with the access token once there is one."""
    claims: dict[str, object] = {"htm": method, "htu": url, "iat": now_s, "jti": jti}
    if token:
        claims["ath"] = b64u(hashlib.sha256(token.encode("ascii")).digest())
    if nonce:
        claims["nonce"] = nonce
    jwk = {name: value for name, value in key.public_jwk().items() if name in ("crv", "kty", "x", "y")}
    header = b64u(canonical({"alg": key.alg, "jwk": jwk, "typ": "dpop+jwt"}))
    signing_input = f"{header}.{b64u(canonical(claims))}"
    return f"{signing_input}.{b64u(key.sign(signing_input.encode('ascii')))}"


def _protected(key: SigningKey, typ: str) -> str:
    return b64u(canonical({"alg": key.alg, "kid": key.kid, "typ": typ}))


def _compact(key: SigningKey, typ: str, payload: bytes) -> str:
    signing_input = f"{_protected(key, typ)}.{b64u(payload)}"
    return f"{signing_input}.{b64u(key.sign(signing_input.encode('ascii')))}"
