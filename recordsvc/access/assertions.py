"""How a client proves itself for a token: `private_key_jwt` (RFC 7523, with its revision's audience rule).

The assertion's audience is our issuer identifier, as one string: never the endpoint's address, never a list,
so that no other server can have one made that is good here. It lives 60 s at most and works once, whichever
process or machine it meets. Unknown clients, unknown keys and wrong signatures get one answer after the same
work.
"""

import hashlib
from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from recordsvc.access import jose
from recordsvc.access.binding import BOUND_SCOPES, DPOP, Confirmation
from recordsvc.access.clients import Client, ClientKey, Clients
from recordsvc.access.dpop import NonceWanted
from recordsvc.access.errors import OAuthRefused
from recordsvc.access.jose import Header, JwtRefused
from recordsvc.access.tables import assertion_seen
from recordsvc.access.tokens import Tokens
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.vault.signers import ed25519, es256

MAX_LIFE_MS: Final = 60_000
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TYPES: Final = (None, "JWT", "client-authentication+jwt")
_SEEN = sa.text(
    "INSERT INTO assertion_seen (client_id, jti, exp_ms) VALUES (:client_id, :jti, :exp_ms) "
    "ON CONFLICT (client_id, jti) DO NOTHING"
)
# Keys whose secrets nobody needs to keep: what an unknown client's signature is compared with.
_DECOYS: Final = {"EdDSA": ed25519(b"\x01" * 32)[1], "ES256": es256(b"\x01" * 32)[1]}


class TokenEndpoint:
    """Client credentials in, access token out."""

    def __init__(self, db: Database, clients: Clients, tokens: Tokens, issuer: str) -> None:
        self._db = db
        self._clients = clients
        self._tokens = tokens
        self._issuer = issuer

    def grant(
        self, form: dict[str, str], offered: Callable[[], Confirmation | None] = lambda: None
    ) -> dict[str, object]:
        """Answer a token request (RFC 6749 section 4.4). Raises `OAuthRefused`.

        `offered` reads what the request offers to bind the token to; asked once the client is known.
        """
        if form.get("grant_type") != "client_credentials":
            present = "grant_type" in form
            raise OAuthRefused(
                "unsupported_grant_type" if present else "invalid_request",
                "grant_type must be client_credentials",
            )
        if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
            raise OAuthRefused("invalid_request", "a client_assertion by private_key_jwt is needed")
        try:
            client = self._authenticate(form["client_assertion"], form.get("client_id"))
        except JwtRefused as refused:
            raise OAuthRefused("invalid_client", "client authentication failed", 401, refused.code) from None
        bound = _bound(offered)
        scopes = _scopes(client, form.get("scope"))
        if bound is None:
            scopes = _unbound_part(scopes, asked="scope" in form)
        return {
            "access_token": self._tokens.issue(client, scopes, bound),
            "token_type": "DPoP" if bound is not None and bound.member == DPOP else "Bearer",
            "expires_in": self._tokens.seconds,
            "scope": " ".join(sorted(scopes)),
        }

    def _authenticate(self, assertion: str, named: str | None) -> Client:
        now = self._db.clock.now_ms()
        header = jose.read_header(assertion)
        if header.typ not in _TYPES or header.alg not in _DECOYS:
            raise JwtRefused("header")
        client_id = jose.claimed_subject(assertion)
        client = self._clients.find(client_id)
        key = _key(client, header, now)
        # With a decoy the signature fails like any wrong one, after the same work.
        public = key.public if key is not None else _DECOYS[header.alg]
        claims = jose.read_claims(assertion, header, public, issuer=client_id, audience=self._issuer)
        if client is None or key is None or not client.active:
            raise JwtRefused("client")
        if jose.text(claims, "sub") != client_id or named not in (None, client_id):
            raise JwtRefused("sub")
        expires = jose.instant_ms(claims, "exp") or 0
        issued = jose.instant_ms(claims, "iat", required=False)
        latest = now + jose.SKEW_MS if issued is None else issued
        if expires <= now or expires > latest + MAX_LIFE_MS:
            raise JwtRefused("life")
        jose.check_not_before(claims, now)
        self._use_once(client_id, jose.text(claims, "jti"), expires)
        return client

    def _use_once(self, client_id: str, jti: str, expires_ms: int) -> None:
        digest = hashlib.sha256(jti.encode()).digest()

        def spend(turn: Turn) -> bool:
            # Judged by the turn's own time: what sweeps the row away must not let its assertion in again.
            if expires_ms <= turn.now_ms:
                return False
            turn.conn.execute(assertion_seen.delete().where(assertion_seen.c.exp_ms <= turn.now_ms))
            row = {"client_id": client_id, "jti": digest, "exp_ms": expires_ms}
            return turn.conn.execute(_SEEN, row).rowcount == 1

        if not self._db.write(spend):
            raise JwtRefused("replay")


def _bound(offered: Callable[[], Confirmation | None]) -> Confirmation | None:
    try:
        return offered()
    except NonceWanted as wanted:
        raise OAuthRefused(
            "use_dpop_nonce", "the proof needs a nonce", why=wanted.code, headers={"DPoP-Nonce": wanted.nonce}
        ) from None
    except JwtRefused as refused:
        raise OAuthRefused("invalid_dpop_proof", "the proof is not good", why=refused.code) from None


def _unbound_part(scopes: frozenset[str], *, asked: bool) -> frozenset[str]:
    """What of these an unbound token may carry. Raises `OAuthRefused` when that is not what was asked for."""
    left = scopes - BOUND_SCOPES
    if (asked and left != scopes) or not left:
        raise OAuthRefused(
            "invalid_dpop_proof", "this scope needs a token bound by DPoP or mutual TLS", why="unbound"
        )
    return left


def _key(client: Client | None, header: Header, now: int) -> ClientKey | None:
    """The key that the kid names among this client's own, if it is in force and of that algorithm."""
    key = None if client is None else client.keys.get(header.kid)
    return key if key is not None and key.in_force(now) and key.public.alg == header.alg else None


def _scopes(client: Client, asked: str | None) -> frozenset[str]:
    """What the token is for: all the client has, or the part it asks for, word by word."""
    if asked is None:
        return client.scopes
    words = frozenset(asked.split(" "))
    if not words <= client.scopes:
        raise OAuthRefused("invalid_scope", "the scope goes beyond what this client was given")
    return words
