"""OpenID Connect (OpenID Connect Core 1.0): code flow with PKCE S256, state, nonce and `iss`.

The request is pushed where the provider offers it (RFC 9126). The service proves itself by private_key_jwt
with its token key, under the type `client-authentication+jwt` and the provider's issuer identifier as only
audience: neither can be taken for an access token of this service. The tokens that come back are read once
and forgotten: nothing is asked with them, they are not stored, and none reaches a browser or a log.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from recordsvc.access.assertions import ASSERTION_TYPE
from recordsvc.access.identity import Attempt, Identity, ProviderAway, ProviderRefused, challenge
from recordsvc.access.jose import JwtRefused
from recordsvc.access.oidc import idtoken
from recordsvc.access.oidc.directory import Directory, Metadata
from recordsvc.access.oidc.fetch import Fetcher, Reply
from recordsvc.access.oidc.idtoken import Expected
from recordsvc.ground.base64strict import b64u
from recordsvc.ground.ports import Clock, Random
from recordsvc.people.documents import Kind
from recordsvc.people.resolve import CARD
from recordsvc.settings import Settings, SettingsError

ASSERTION_SECONDS: Final = 60
ASSERTION_TYP: Final = "client-authentication+jwt"
CALLBACK: Final = "/login/oidc/callback"
LEFT: Final = "/"
KINDS: Final = (*Kind, CARD)
"""What a claim may hold."""
_ERROR: Final = re.compile(r"[a-z_]{1,40}")
_REQUEST_URI: Final = re.compile(r"[\x21-\x7e]{1,512}")

Sign = Callable[[str, dict[str, Any]], str]
"""Type and claims → a compact JWT under the service's own key."""


@dataclass(frozen=True, slots=True)
class Registration:
    """How this service is known at the provider, and how the provider is known here."""

    issuer: str
    label: str
    client_id: str
    scopes: tuple[str, ...]
    claim: str
    kind: str
    alg: str
    max_age_ms: int
    public_url: str


class OpenIdProvider:
    """The adapter; implements `IdentityProvider`."""

    def __init__(
        self,
        known: Registration,
        directory: Directory,
        fetcher: Fetcher,
        clock: Clock,
        random: Random,
        sign: Sign,
    ) -> None:
        self._known = known
        self._directory = directory
        self._fetcher = fetcher
        self._clock = clock
        self._random = random
        self._sign = sign

    @property
    def issuer(self) -> str:
        """The pinned issuer identifier."""
        return self._known.issuer

    @property
    def label(self) -> str:
        """What the provider is called on pages."""
        return self._known.label

    def begin(self, attempt: Attempt) -> str:
        """Return the authorization address; with PAR it holds nothing but the client and a reference."""
        said = self._directory.metadata()
        asked = self._request(attempt)
        if said.pushed is not None:
            reply = self._fetcher.post(said.pushed, asked | self._proof())
            uri = reply.members.get("request_uri")
            if reply.status != 201 or not isinstance(uri, str) or _REQUEST_URI.fullmatch(uri) is None:
                raise ProviderAway(f"pushed-{_error(reply)}")
            asked = {"client_id": self._known.client_id, "request_uri": uri}
        joint = "&" if "?" in said.authorization else "?"
        return f"{said.authorization}{joint}{urlencode(asked)}"

    def finish(self, answer: Mapping[str, str], attempt: Attempt) -> Identity:
        """Exchange the code, read the ID token. Raises `ProviderRefused`, `ProviderAway`."""
        said = self._directory.metadata()
        self._check_issuer(answer, said)
        if "error" in answer or not answer.get("code"):
            error = answer.get("error", "")
            raise ProviderRefused(f"answer-{error if _ERROR.fullmatch(error) else 'no-code'}")
        fields = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": self._here(CALLBACK),
            "code_verifier": attempt.verifier,
        }
        reply = self._fetcher.post(said.token, fields | self._proof())
        token = reply.members.get("id_token")
        if reply.status != 200 or not isinstance(token, str):
            raise ProviderRefused(f"token-{_error(reply)}")
        known = self._known
        expected = Expected(known.issuer, known.client_id, known.alg, known.claim, known.max_age_ms)
        try:
            read = idtoken.read(token, expected, self._directory.key, attempt, self._clock.now_ms())
        except JwtRefused as refused:
            raise ProviderRefused(f"id-token-{refused.code}") from None
        return Identity(known.issuer, read.subject, known.kind, read.number, read.authenticated_ms)

    def leave(self) -> str | None:
        """Return the provider's end of session (OpenID Connect RP-Initiated Logout 1.0), where offered.

        Without `id_token_hint`: the token holds a number of the person, and this is an address. The provider
        asks the person instead.
        """
        try:
            end = self._directory.metadata().end_session
        except ProviderAway:
            return None
        if end is None:
            return None
        asked = {"client_id": self._known.client_id, "post_logout_redirect_uri": self._here(LEFT)}
        return f"{end}{'&' if '?' in end else '?'}{urlencode(asked)}"

    def _request(self, attempt: Attempt) -> dict[str, str]:
        known = self._known
        asked = {
            "response_type": "code",
            "client_id": known.client_id,
            "redirect_uri": self._here(CALLBACK),
            "scope": " ".join(known.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge(attempt.verifier),
            "code_challenge_method": "S256",
            # Asked for, so that the token must say when the person signed in.
            "max_age": str(known.max_age_ms // 1000),
        }
        return asked | ({"prompt": "login", "max_age": "0"} if attempt.again else {})

    def _proof(self) -> dict[str, str]:
        now, client_id = self._clock.now_ms() // 1000, self._known.client_id
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": self._known.issuer,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": b64u(self._random.bytes(16)),
        }
        return {
            "client_id": client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._sign(ASSERTION_TYP, claims),
        }

    def _check_issuer(self, answer: Mapping[str, str], said: Metadata) -> None:
        """Refuse an answer that names another provider, or none where this one always does (RFC 9207)."""
        named = answer.get("iss")
        if named != self._known.issuer and (named is not None or said.names_itself):
            raise ProviderRefused("answer-iss")

    def _here(self, path: str) -> str:
        return self._known.public_url.rstrip("/") + path


def open_provider(settings: Settings, clock: Clock, random: Random, sign: Sign) -> OpenIdProvider | None:
    """Return the provider that the settings name; None where they name none. Nothing is asked yet.

    Raises `SettingsError` for a kind of number that people are not found by.
    """
    if not settings.oidc_issuer:
        return None
    if settings.oidc_claim_kind not in KINDS:
        raise SettingsError(f"oidc_claim_kind must be one of {', '.join(KINDS)}")
    known = Registration(
        issuer=settings.oidc_issuer,
        label=settings.oidc_name,
        client_id=settings.oidc_client_id,
        scopes=settings.oidc_scopes,
        claim=settings.oidc_claim,
        kind=settings.oidc_claim_kind,
        alg=settings.oidc_alg,
        max_age_ms=settings.session_hours * 3_600_000,
        public_url=settings.public_url,
    )
    fetcher = Fetcher(known.issuer, settings.oidc_hosts)
    stale_ms = settings.oidc_keys_hours * 3_600_000
    directory = Directory(known.issuer, known.alg, fetcher, clock, stale_ms)
    return OpenIdProvider(known, directory, fetcher, clock, random, sign)


def _error(reply: Reply) -> str:
    """Return a provider's error code for the log, if it is one."""
    found = reply.members.get("error")
    return found if isinstance(found, str) and _ERROR.fullmatch(found) else str(reply.status)
