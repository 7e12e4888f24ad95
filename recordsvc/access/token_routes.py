"""Doors for machines: the token endpoint, its metadata and its key (RFC 6749, 7523, 8414)."""

import functools
from typing import Final
from urllib.parse import parse_qsl

import flask

from recordsvc.access.errors import OAuthRefused
from recordsvc.access.grants import Scope
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.access.services import access, bp, house
from recordsvc.ground import answers, observe
from recordsvc.ground.http import FORM, current
from recordsvc.ground.reading import Bytes

MOST_FIELDS: Final = 20
_METADATA_SECONDS: Final = "public, max-age=300"


@door(
    bp,
    "POST",
    "/oauth/token",
    policy="token.issue",
    body=Bytes(limit=16 * 1024, media=(FORM,)),
    answer={200: Sends(), 400: Sends(), 401: Sends()},
    summary="换取访问令牌 / Obtain an access token",
    description="client_credentials with private_key_jwt (ES256 or EdDSA). Errors have the form of RFC 6749.",
)
def token(data: bytes) -> flask.Response:
    """Answer a token request; a refusal has the form the RFC wants, its reason stands only in our log."""
    try:
        offered = functools.partial(access().bindings.offered, current())
        return answers.answer(access().endpoint.grant(_fields(data), offered))
    except OAuthRefused as refused:
        observe.note(refused=refused.why)
        headers = {"WWW-Authenticate": 'Bearer realm="recordsvc"'} if refused.status == 401 else {}
        return answers.answer(refused.members(), refused.status, headers | refused.headers)


def _fields(data: bytes) -> dict[str, str]:
    """The request's parameters; each at most once (RFC 6749 section 3.2). Unknown ones are not looked at."""
    try:
        pairs = parse_qsl(
            data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise OAuthRefused("invalid_request", "the parameters cannot be read") from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise OAuthRefused("invalid_request", "a parameter is repeated")
    return found


@door(
    bp,
    "GET",
    "/.well-known/oauth-authorization-server",
    policy="public",
    surface=Surface.OPEN,
    cache=_METADATA_SECONDS,
    answer=Sends(),
    summary="令牌服务说明 / Authorization server metadata (RFC 8414)",
)
def metadata() -> flask.Response:
    """Say where tokens are made and how a client proves itself."""
    settings = house().settings
    base = settings.public_url.rstrip("/")
    return answers.answer(
        {
            "issuer": settings.issuer_url,
            "token_endpoint": f"{base}/oauth/token",
            "jwks_uri": f"{base}/oauth/jwks.json",
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["EdDSA", "ES256"],
            "dpop_signing_alg_values_supported": ["EdDSA", "ES256"],
            "tls_client_certificate_bound_access_tokens": True,
            "scopes_supported": sorted(Scope),
        }
    )


@door(
    bp,
    "GET",
    "/oauth/jwks.json",
    policy="public",
    surface=Surface.OPEN,
    cache=_METADATA_SECONDS,
    answer=Sends(),
    summary="令牌签名公钥 / Public key of access tokens",
)
def jwks() -> flask.Response:
    """Show the key under which tokens are signed."""
    return answers.answer(access().tokens.jwks())
