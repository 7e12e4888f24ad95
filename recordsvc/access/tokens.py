"""Access tokens (访问令牌): `at+jwt` (RFC 9068), ES256, 300 s, made and checked here.

A good token says only that a registered client asked a moment ago. Whether that client may still ask is read
from the register at every use, so a suspension holds from the next request on. Every failure gives the same
401.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from recordsvc.access import jose
from recordsvc.access.binding import BOUND_SCOPES, KNOWN, Confirmation
from recordsvc.access.clients import Client, Clients
from recordsvc.access.dpop import NonceWanted
from recordsvc.access.errors import TokenRefused
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.jose import JwtRefused
from recordsvc.ground.base64strict import b64u
from recordsvc.ground.ports import Clock, Random
from recordsvc.ground.strictjson import canonical
from recordsvc.vault.jwk import thumbprint
from recordsvc.vault.keystore import KeyStore
from recordsvc.vault.signatures import public_to_jwk
from recordsvc.vault.signers import PublicKey

TYPE: Final = "at+jwt"
KEY: Final = "token"
"""Name of the signing key: its newest version signs, all live ones verify."""
MAX_LIFE_MS: Final = 600_000
"""Longer-lived tokens are refused even if we signed them."""
_CACHE_MS: Final = 60_000
_CACHE_SIZE: Final = 4096


@dataclass(frozen=True, slots=True)
class Checked:
    """What a good token says; `until_ms` is when it must be checked again."""

    client_id: str
    scopes: frozenset[str]
    until_ms: int
    bound: Confirmation | None


def _unbound(bound: Confirmation | None) -> None:
    if bound is not None:
        raise JwtRefused("cnf")


class Tokens:
    """Makes and checks the access tokens of this service."""

    def __init__(
        self,
        keys: KeyStore,
        clients: Clients,
        clock: Clock,
        random: Random,
        *,
        issuer: str,
        audience: str,
        seconds: int,
    ) -> None:
        self._keys = keys
        self._clients = clients
        self._clock = clock
        self._random = random
        self._issuer = issuer
        self._audience = audience
        self.seconds = seconds
        self._kids: dict[str, str] = {}
        self._checked: dict[bytes, Checked] = {}
        self._ring = keys.now()

    def issue(self, client: Client, scopes: frozenset[str], bound: Confirmation | None = None) -> str:
        """A new token for a client that has just proved itself, bound to what it offered."""
        now = self._clock.now_ms() // 1000
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": client.client_id,
            "client_id": client.client_id,
            "iat": now,
            "exp": now + self.seconds,
            "jti": b64u(self._random.bytes(16)),
            "scope": " ".join(sorted(scopes)),
        }
        if bound is not None:
            claims["cnf"] = {bound.member: bound.thumbprint}
        return self.sign(TYPE, claims)

    def sign(self, typ: str, claims: dict[str, Any]) -> str:
        """A compact JWT under the newest key; its type keeps it from being taken for another kind."""
        ring = self._keys.now()
        key_id = ring.versions(KEY)[-1]
        header = b64u(canonical({"alg": "ES256", "kid": self._kid(ring, key_id), "typ": typ}))
        signing_input = f"{header}.{b64u(canonical(claims))}"
        return f"{signing_input}.{b64u(ring.sign(key_id, signing_input.encode()))}"

    def verify(self, token: str, held: Callable[[Confirmation | None], None] = _unbound) -> Actor:
        """The client that a token (without its scheme) stands for.

        `held` refuses (`JwtRefused`) whoever does not hold what the token is bound to; without it only
        unbound tokens are good. Raises `TokenRefused`, `NonceWanted`.
        """
        now = self._clock.now_ms()
        ring = self._keys.now()
        if ring is not self._ring:
            # A dropped key's tokens are refused at the next request, and nothing remembered outlives it.
            self._ring, self._checked = ring, {}
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        checked = self._checked.get(digest)
        if checked is None or checked.until_ms <= now:
            try:
                checked = self._check(token, now)
            except JwtRefused as refused:
                raise TokenRefused(f"{refused.code} {digest[:4].hex()}") from None
            if ring is self._ring:
                self._keep(digest, checked)
        client = self._clients.find(checked.client_id)
        if client is None or not client.active:
            raise TokenRefused(f"client-state {digest[:4].hex()}")
        try:
            held(checked.bound)
        except NonceWanted:
            raise
        except JwtRefused as refused:
            raise TokenRefused(f"{refused.code} {digest[:4].hex()}") from None
        # A scope taken from the client is gone from its tokens too.
        scopes = checked.scopes & client.scopes
        if checked.bound is None:
            scopes -= BOUND_SCOPES
        return Actor(Kind.CLIENT, client.client_id, institution=client.institution, scopes=scopes)

    def jwks(self) -> dict[str, Any]:
        """The public keys under which good tokens may be signed, the newest last (RFC 7517)."""
        ring = self._keys.now()
        live = ring.versions(KEY)
        return {"keys": [public_to_jwk(ring.public(key_id), self._kid(ring, key_id)) for key_id in live]}

    @property
    def kid(self) -> str:
        """The `kid` that new tokens carry."""
        ring = self._keys.now()
        return self._kid(ring, ring.versions(KEY)[-1])

    def _kid(self, ring: KeyStore, key_id: str) -> str:
        kid = self._kids.get(key_id)
        if kid is None:
            kid = self._kids[key_id] = thumbprint(public_to_jwk(ring.public(key_id), ""))
        return kid

    def _public(self, kid: str | None) -> PublicKey:
        """The live key of a `kid`: a dropped one is refused, one made a moment ago is known."""
        ring = self._keys.now()
        for key_id in ring.versions(KEY):
            if self._kid(ring, key_id) == kid:
                return ring.public(key_id)
        raise JwtRefused("kid")

    def _check(self, token: str, now: int) -> Checked:
        header = jose.read_header(token)
        if header.typ != TYPE:
            raise JwtRefused("typ")
        public = self._public(header.kid)
        claims = jose.read_claims(token, header, public, issuer=self._issuer, audience=self._audience)
        bound = _confirmation(claims)
        expires, issued = jose.instant_ms(claims, "exp"), jose.instant_ms(claims, "iat")
        if expires is None or issued is None or not 0 < expires - issued <= MAX_LIFE_MS:
            raise JwtRefused("life")
        if expires <= now:
            raise JwtRefused("expired")
        jose.check_not_before(claims, now)
        jose.text(claims, "jti")
        client_id = jose.text(claims, "client_id")
        if jose.text(claims, "sub") != client_id:
            raise JwtRefused("sub")
        scopes = frozenset(jose.text(claims, "scope", 400).split(" "))
        return Checked(client_id, scopes, min(expires, now + _CACHE_MS), bound)

    def _keep(self, digest: bytes, checked: Checked) -> None:
        if len(self._checked) >= _CACHE_SIZE:
            # The oldest half goes: a dict keeps the order it was filled in. A copy, since threads share it.
            for old in list(self._checked)[: _CACHE_SIZE // 2]:
                self._checked.pop(old, None)
        self._checked[digest] = checked


def _confirmation(claims: dict[str, Any]) -> Confirmation | None:
    """What the token is bound to. One binding that we can ask for, or none: anything else is refused."""
    if "cnf" not in claims:
        return None
    cnf = claims["cnf"]
    if not isinstance(cnf, dict) or len(cnf) != 1:
        raise JwtRefused("cnf")
    ((member, value),) = cnf.items()
    if member not in KNOWN or not isinstance(value, str) or len(value) != 43:
        raise JwtRefused("cnf")
    return Confirmation(member, value)
