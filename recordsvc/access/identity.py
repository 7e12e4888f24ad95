"""Identity providers (身份提供方): the port through which somebody else says who a worker is.

    begin ── the browser goes to the provider and comes back ──> finish ──> Identity

An adapter proves that the answer is the provider's, to this sign-in, and of this moment; what account and
number lead to whom is judged in `identity_links.py`. The one adapter here is standard OpenID Connect
(`oidc/`). Whoever signs in otherwise (a signed redirect of an app, say) writes another against the provider's
own specification; nothing is said here of any provider that was not tried.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from recordsvc.ground.base64strict import b64u

if TYPE_CHECKING:
    from recordsvc.vault.keystore import KeyStore


class ProviderRefused(Exception):
    """The provider's answer is not good; `code` is for the log and never for the caller."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ProviderAway(Exception):
    """The provider does not answer, or with nothing that can be used; `code` is for the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in on its way: what binds the provider's answer to this browser and this moment."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    """PKCE code verifier (RFC 7636)."""
    begun_ms: int
    again: bool = False
    """The person is to prove anew who they are, whatever session the provider has with them."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, as the provider says."""

    issuer: str
    subject: str = field(repr=False)
    """Unique at the issuer and never given to another; may be a number of the person."""
    kind: str
    """Kind of `number`: a kind of document, or `card`."""
    number: str = field(repr=False)
    """As the provider wrote it."""
    authenticated_ms: int
    """When the person last proved to the provider who they are (UTC)."""


class IdentityProvider(Protocol):
    """What the doors ask of a provider. Errors are `ProviderRefused` and `ProviderAway`."""

    @property
    def issuer(self) -> str:
        """Name of the provider, unique in the world."""

    @property
    def label(self) -> str:
        """What it is called on pages."""

    def begin(self, attempt: Attempt) -> str:
        """Return the address to which the browser goes."""

    def finish(self, answer: Mapping[str, str], attempt: Attempt) -> Identity:
        """Return who came back with this answer; the attempt is used up before."""

    def leave(self) -> str | None:
        """Return where the browser may end its session with the provider; None: nowhere."""


def attempt(keys: "KeyStore", state: str, browser: bytes, begun_ms: int, *, again: bool) -> Attempt:
    """Return the attempt of a state and the 32 secret bytes that only this browser and nobody else has.

    Nonce and verifier are made from both under a key of the house: no table holds them.
    """

    def made(name: str) -> str:
        return b64u(keys.hmac("login", b"identity/1\0" + name.encode() + b"\0" + state.encode() + browser))

    return Attempt(state, made("nonce"), made("verifier"), begun_ms, again)


def challenge(verifier: str) -> str:
    """Return the S256 code challenge of a verifier (RFC 7636 section 4.2)."""
    return b64u(hashlib.sha256(verifier.encode("ascii")).digest())
