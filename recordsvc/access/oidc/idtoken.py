"""Reading an ID token without believing it (身份令牌): every claim that binds it to this sign-in.

The order is that of `jose.py`; what the specification leaves open is narrow here: one algorithm, one
audience, a key from the provider's own set by its id, a nonce, a time of authentication.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from recordsvc.access import jose
from recordsvc.access.identity import Attempt
from recordsvc.access.jose import JwtRefused
from recordsvc.vault.signers import PublicKey

SKEW_MS: Final = 60_000
"""How far behind ours a provider's clock may be; ahead of ours it may be `jose.SKEW_MS`."""
MOST_LIFE_MS: Final = 24 * 3_600_000
_TYPES: Final = (None, "JWT")


@dataclass(frozen=True, slots=True)
class Expected:
    """What a provider's tokens must say; `max_age_ms`: how long ago the person may have signed in there."""

    issuer: str
    audience: str
    alg: str
    claim: str
    max_age_ms: int


@dataclass(frozen=True, slots=True)
class Said:
    """What a good token says."""

    subject: str = field(repr=False)
    number: str = field(repr=False)
    authenticated_ms: int


def read(
    token: str, expected: Expected, key_of: Callable[[str], PublicKey | None], attempt: Attempt, now_ms: int
) -> Said:
    """Return what a token says. Raises `JwtRefused`, and what `key_of` raises."""
    header = jose.read_header(token)
    if header.typ not in _TYPES:
        raise JwtRefused("typ")
    if header.alg != expected.alg:
        raise JwtRefused("alg")
    key = key_of(header.kid)
    if key is None:
        raise JwtRefused("kid")
    claims = jose.read_unaddressed(token, key)
    if claims.get("iss") != expected.issuer:
        raise JwtRefused("iss")
    # A list of one is the same as one; a list of more is for others, too.
    if claims.get("aud") not in (expected.audience, [expected.audience]):
        raise JwtRefused("aud")
    if claims.get("azp", expected.audience) != expected.audience:
        raise JwtRefused("azp")
    if not hmac.compare_digest(jose.text(claims, "nonce").encode(), attempt.nonce.encode()):
        raise JwtRefused("nonce")
    _check_times(claims, attempt, now_ms)
    authenticated_ms = _authenticated(claims, expected, attempt, now_ms)
    return Said(jose.text(claims, "sub", 255), jose.text(claims, expected.claim, 100), authenticated_ms)


def _check_times(claims: dict[str, Any], attempt: Attempt, now_ms: int) -> None:
    expires, issued = jose.instant_ms(claims, "exp") or 0, jose.instant_ms(claims, "iat") or 0
    if expires <= now_ms:
        raise JwtRefused("expired")
    if not 0 < expires - issued <= MOST_LIFE_MS:
        raise JwtRefused("life")
    jose.check_not_before(claims, now_ms)
    # Made for an earlier sign-in; its nonce would say so, too.
    if issued < attempt.begun_ms - SKEW_MS:
        raise JwtRefused("iat-past")


def _authenticated(claims: dict[str, Any], expected: Expected, attempt: Attempt, now_ms: int) -> int:
    """Return when the person signed in at the provider; refuse a proof that is older than was asked for."""
    at = jose.instant_ms(claims, "auth_time") or 0
    if at > now_ms + jose.SKEW_MS:
        raise JwtRefused("auth_time-future")
    oldest = attempt.begun_ms if attempt.again else now_ms - expected.max_age_ms
    if at < oldest - SKEW_MS:
        raise JwtRefused("auth_time-past")
    return min(at, now_ms)
