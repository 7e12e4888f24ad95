"""Proof of possession (持有证明, DPoP, RFC 9449): a request shows that its sender holds the token's key.

A proof is a small JWT that the client signs afresh for every request, over method, address and the token's
hash. It works once, whichever process or machine it meets: the table of proofs seen is shared. A client whose
clock is wrong may show a nonce of ours instead of a credible time; the nonce is a MAC over our own minute, so
nothing need be kept for it.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import sqlalchemy as sa

from recordsvc.access import jose
from recordsvc.access.jose import JwtRefused
from recordsvc.access.tables import proof_seen
from recordsvc.ground.base64strict import b64u
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.vault.jwk import thumbprint
from recordsvc.vault.signatures import BadSignature, public_from_jwk

TYPE: Final = "dpop+jwt"
LATE_MS: Final = 60_000
"""How old a proof may be."""
NONCE_MS: Final = 300_000
"""How long a nonce of ours is good; it changes at every whole interval."""
_JWK_MEMBERS: Final = frozenset({"kty", "crv", "x", "y", "alg", "use", "kid"})
_SEEN: Final = sa.text(
    "INSERT INTO proof_seen (digest, until_ms) VALUES (:digest, :until_ms) ON CONFLICT (digest) DO NOTHING"
)


class NonceWanted(JwtRefused):
    """The proof's time is not credible; with our nonce in it the client may try again."""

    def __init__(self, nonce: str) -> None:
        super().__init__("dpop-time")
        self.nonce = nonce


@dataclass(frozen=True, slots=True)
class Sent:
    """The request that a proof must speak of; `url` without query and fragment."""

    method: str
    url: str


class Proofs:
    """Checks proofs and remembers them."""

    def __init__(self, db: Database, mac: Callable[[bytes], bytes]) -> None:
        self._db = db
        self._mac = mac

    def check(self, proof: str, sent: Sent, access_token: str | None = None) -> str:
        """Return the thumbprint (RFC 7638) of the key that made this proof.

        With `access_token` the proof must be bound to it (`ath`). Raises `JwtRefused`; `NonceWanted` when
        only its time is wrong. The proof is spent when this returns.
        """
        now = self._db.clock.now_ms()
        jwk, claims = _read(proof)
        if claims.get("htm") != sent.method:
            raise JwtRefused("dpop-htm")
        if _bare(jose.text(claims, "htu", 2048)) != sent.url:
            raise JwtRefused("dpop-htu")
        if access_token is not None:
            wanted = b64u(hashlib.sha256(access_token.encode("ascii")).digest())
            if not hmac.compare_digest(jose.text(claims, "ath").encode(), wanted.encode()):
                raise JwtRefused("dpop-ath")
        until_ms = self._credible_until(claims, now)
        key = thumbprint(jwk)
        self._spend(key, jose.text(claims, "jti"), until_ms)
        return key

    def nonce(self) -> str:
        """Return the nonce that is good now."""
        return self._nonce(self._db.clock.now_ms() // NONCE_MS)

    def _credible_until(self, claims: dict[str, Any], now: int) -> int:
        """Return until when this proof must be remembered; raise where its time cannot be believed."""
        if "nonce" in claims:
            sent, interval = jose.text(claims, "nonce"), now // NONCE_MS
            good = (self._nonce(interval), self._nonce(interval - 1))
            if not any(hmac.compare_digest(sent.encode(), one.encode()) for one in good):
                raise NonceWanted(good[0])
            return (interval + 2) * NONCE_MS
        issued = jose.instant_ms(claims, "iat") or 0
        if not now - LATE_MS <= issued <= now + jose.SKEW_MS:
            raise NonceWanted(self.nonce())
        return issued + LATE_MS

    def _nonce(self, interval: int) -> str:
        return b64u(self._mac(b"dpop-nonce/v1\0%d" % interval)[:18])

    def _spend(self, key: str, jti: str, until_ms: int) -> None:
        digest = hashlib.sha256(f"{key}\0{jti}".encode()).digest()
        if not self._db.write_grouped(_spend_all, (digest, until_ms)):
            raise JwtRefused("dpop-replay")


def _spend_all(turn: Turn, proofs: Sequence[tuple[bytes, int]]) -> list[bool]:
    turn.conn.execute(proof_seen.delete().where(proof_seen.c.until_ms < turn.now_ms))
    # Judged by the turn's own time: what sweeps the row away must not let its proof in again.
    return [
        until_ms >= turn.now_ms
        and turn.conn.execute(_SEEN, {"digest": digest, "until_ms": until_ms}).rowcount == 1
        for digest, until_ms in proofs
    ]


def _read(proof: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the public key a proof brings along and its claims, once that key's signature over it holds."""
    members = jose.read_members(proof)
    if members.keys() != {"alg", "jwk", "typ"} or members["typ"] != TYPE:
        raise JwtRefused("dpop-header")
    jwk = members["jwk"]
    if not isinstance(jwk, dict) or not jwk.keys() <= _JWK_MEMBERS:
        # Above all no private member: who sends those has given the key away.
        raise JwtRefused("dpop-jwk")
    try:
        public, _ = public_from_jwk({"kid": "proof", **jwk})
    except BadSignature:
        raise JwtRefused("dpop-jwk") from None
    if members["alg"] != public.alg:
        raise JwtRefused("dpop-alg")
    return jwk, jose.read_unaddressed(proof, public)


def _bare(url: str) -> str:
    """Return an address without query and fragment, its scheme and host in small letters (RFC 9449, 4.3)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise JwtRefused("dpop-htu") from None
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{parts.path}"
