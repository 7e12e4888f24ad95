"""Reading a JWT without believing it (令牌的严格读取): what PyJWT lets through is refused here.

Order: size, three segments, strict header, algorithm and key from our own register, signature (PyJWT, one
pinned algorithm), strict payload, types of the times. Who may hold which claims is judged by the caller.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import jwt

from recordsvc.ground.base64strict import unb64u
from recordsvc.ground.strictjson import StrictJsonError, loads
from recordsvc.vault.signatures import public_to_jwk
from recordsvc.vault.signers import PublicKey

MAX_TOKEN_BYTES: Final = 8 * 1024
SKEW_MS: Final = 10_000
"""How far a peer's clock may run ahead of ours."""
_HEADER_MEMBERS: Final = frozenset({"alg", "kid", "typ"})


class JwtRefused(ValueError):
    """A token that is not good; `code` is for the log and never for the caller."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Header:
    """A header, read strictly; nothing of it is proven yet."""

    alg: str
    kid: str
    typ: str | None


def read_members(token: str) -> dict[str, Any]:
    """The members of the header of a compact JWT of three segments; nothing of them is judged yet."""
    if len(token) > MAX_TOKEN_BYTES or not token.isascii():
        raise JwtRefused("size")
    if token.count(".") != 2:
        raise JwtRefused("form")
    return _object(token.partition(".")[0])


def read_header(token: str) -> Header:
    """The header of a compact JWT of three segments. Members beyond alg, kid and typ are refused."""
    members = read_members(token)
    if not members.keys() <= _HEADER_MEMBERS or not {"alg", "kid"} <= members.keys():
        # jku, jwk, x5u, x5c, crit, b64: a key is never fetched or brought along, an extension never guessed.
        raise JwtRefused("header-members")
    if not all(isinstance(value, str) for value in members.values()):
        raise JwtRefused("header-types")
    return Header(members["alg"], members["kid"], members.get("typ"))


def read_claims(token: str, header: Header, key: PublicKey, *, issuer: str, audience: str) -> dict[str, Any]:
    """The claims, once the signature holds under `key`; issuer and audience are compared whole."""
    if header.alg != key.alg:
        raise JwtRefused("alg")
    _decode(token, key, {"require": ["iss", "aud"]}, issuer=issuer, audience=audience)
    claims = _object(token.split(".")[1])
    if claims.get("iss") != issuer or claims.get("aud") != audience:
        raise JwtRefused("aud-form")
    return claims


def read_unaddressed(token: str, key: PublicKey) -> dict[str, Any]:
    """The claims of a JWT that names neither issuer nor audience (a DPoP proof), once `key` signed it."""
    _decode(token, key, {"verify_aud": False})
    return _object(token.split(".")[1])


def _decode(
    token: str,
    key: PublicKey,
    options: dict[str, Any],
    issuer: str | None = None,
    audience: str | None = None,
) -> None:
    # The clock is ours (a port); PyJWT would ask the machine's.
    asked: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, **options}
    try:
        jwt.decode(token, _pyjwk(key), algorithms=[key.alg], options=asked, issuer=issuer, audience=audience)
    except Exception as error:  # noqa: BLE001 - whatever it trips over, the token is not good
        raise JwtRefused(f"pyjwt-{type(error).__name__}") from None


def claimed_subject(token: str) -> str:
    """Whom a token claims to be from (`iss`), before anything is proven: this only selects a key."""
    return text(_object(token.split(".")[1]), "iss", 80)


def instant_ms(claims: dict[str, Any], name: str, *, required: bool = True) -> int | None:
    """A time claim in milliseconds: a whole, plausible number of seconds, and neither true nor 1e308."""
    value = claims.get(name)
    if value is None and name not in claims and not required:
        return None
    if type(value) is not int or not 0 < value < 10**11:
        raise JwtRefused(f"{name}-form")
    return value * 1000


def text(claims: dict[str, Any], name: str, most: int = 256) -> str:
    """A claim that must be text of 1 to `most` characters."""
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise JwtRefused(f"{name}-form")
    return value


def check_not_before(claims: dict[str, Any], now_ms: int) -> None:
    """Refuse what is valid only later, by `nbf` or `iat`, beyond the skew."""
    for name in ("nbf", "iat"):
        since = instant_ms(claims, name, required=False)
        if since is not None and since > now_ms + SKEW_MS:
            raise JwtRefused(f"{name}-future")


def _object(segment: str) -> dict[str, Any]:
    try:
        found = loads(unb64u(segment), MAX_TOKEN_BYTES, max_depth=8)
    except (StrictJsonError, ValueError):
        raise JwtRefused("strict-json") from None
    if not isinstance(found, dict):
        raise JwtRefused("not-an-object")
    return found


@lru_cache(maxsize=4096)
def _pyjwk(key: PublicKey) -> jwt.PyJWK:
    return jwt.PyJWK.from_dict(public_to_jwk(key, "k"), algorithm=key.alg)
