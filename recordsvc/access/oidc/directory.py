"""What a provider says of itself (发现文档与公钥): metadata and keys, fetched seldom, kept while it is away.

The issuer is pinned by the settings; its document must name the same one, and no address elsewhere. Keys are
asked for anew every five minutes, or when a token names one that is not known, then at most every 30 s: no
flood of invented key ids becomes a flood of requests. While the provider cannot be asked, what it said last
goes on being used, up to `oidc_keys_hours`.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from recordsvc.access.identity import ProviderAway
from recordsvc.access.oidc.fetch import Fetcher
from recordsvc.ground.ports import Clock
from recordsvc.vault.jwk import public_from_jwk
from recordsvc.vault.signers import PublicKey
from recordsvc.vault.verifiers import BadSignature

T = TypeVar("T")
METADATA_MS: Final = 3_600_000
KEYS_MS: Final = 300_000
COOL_MS: Final = 30_000
"""Between two askings that were not due: after a failure, or for a key that is not known."""
MOST_KEYS: Final = 100
WELL_KNOWN: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Metadata:
    """The parts of the document that are used (OpenID Connect Discovery 1.0, RFC 8414)."""

    authorization: str
    token: str
    keys: str
    pushed: str | None
    """Pushed authorization requests (RFC 9126), where offered."""
    end_session: str | None
    names_itself: bool
    """Answers carry `iss` (RFC 9207)."""


class _Kept(Generic[T]):
    """A document, with when it was good and when it was last asked for."""

    def __init__(self, clock: Clock, fetch: Callable[[], T], fresh_ms: int, stale_ms: int) -> None:
        self._clock = clock
        self._fetch = fetch
        self._fresh_ms, self._stale_ms = fresh_ms, stale_ms
        self._lock = threading.Lock()
        self._value: T | None = None
        self._good_ms = 0
        self._asked_ms: int | None = None

    def get(self, *, wanted: bool = False) -> T:
        """Return the document; `wanted` asks anew before it is due, if that was not done a moment ago."""
        with self._lock:
            now = self._clock.now_ms()
            cool = self._asked_ms is None or not 0 <= now - self._asked_ms < COOL_MS
            due = self._value is None or not 0 <= now - self._good_ms < self._fresh_ms
            if (due or wanted) and cool:
                self._asked_ms = now
                try:
                    self._value, self._good_ms = self._fetch(), now
                except ProviderAway:
                    if self._value is None:
                        raise
            if self._value is None:
                raise ProviderAway("cooling")
            if now - self._good_ms >= self._stale_ms:
                raise ProviderAway("stale")
            return self._value


class Directory:
    """Metadata and keys of one provider, as one process knows them."""

    def __init__(self, issuer: str, alg: str, fetcher: Fetcher, clock: Clock, stale_ms: int) -> None:
        """`alg` is the one algorithm whose keys count; `stale_ms` how long they count while it is away."""
        self._issuer, self._alg, self._fetcher = issuer, alg, fetcher
        self._metadata = _Kept(clock, self._read_metadata, METADATA_MS, stale_ms)
        self._keys = _Kept(clock, self._read_keys, KEYS_MS, stale_ms)

    def metadata(self) -> Metadata:
        """Return the metadata. Raises `ProviderAway`."""
        return self._metadata.get()

    def key(self, kid: str) -> PublicKey | None:
        """Return the key of that id; None: it has none. Raises `ProviderAway`."""
        return self._keys.get().get(kid) or self._keys.get(wanted=True).get(kid)

    def _read_metadata(self) -> Metadata:
        reply = self._fetcher.get(self._issuer.rstrip("/") + WELL_KNOWN)
        said = reply.members
        if reply.status != 200 or said.get("issuer") != self._issuer:
            raise ProviderAway("issuer")
        for name, needed in (
            ("response_types_supported", "code"),
            ("code_challenge_methods_supported", "S256"),
            ("token_endpoint_auth_methods_supported", "private_key_jwt"),
            ("id_token_signing_alg_values_supported", self._alg),
        ):
            offered = said.get(name)
            if not isinstance(offered, list) or needed not in offered:
                raise ProviderAway(f"metadata-{name}")
        return Metadata(
            authorization=self._address(said, "authorization_endpoint"),
            token=self._address(said, "token_endpoint"),
            keys=self._address(said, "jwks_uri"),
            pushed=self._offered(said, "pushed_authorization_request_endpoint"),
            end_session=self._offered(said, "end_session_endpoint"),
            names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        )

    def _address(self, said: dict[str, object], name: str) -> str:
        found = said.get(name)
        if not self._fetcher.allowed(found):
            raise ProviderAway(f"metadata-{name}")
        return str(found)

    def _offered(self, said: dict[str, object], name: str) -> str | None:
        return self._address(said, name) if name in said else None

    def _read_keys(self) -> dict[str, PublicKey]:
        reply = self._fetcher.get(self.metadata().keys)
        listed = reply.members.get("keys")
        if reply.status != 200 or not isinstance(listed, list) or len(listed) > MOST_KEYS:
            raise ProviderAway("keys")
        found: dict[str, PublicKey] = {}
        named: set[str] = set()
        for jwk in listed:
            try:
                public, kid = public_from_jwk(jwk)
            except BadSignature:
                # Keys of other kinds and for other uses stand there, too.
                continue
            if kid in named:
                # Two keys of one name: neither counts.
                found.pop(kid, None)
            elif public.alg == self._alg:
                found[kid] = public
            named.add(kid)
        if not found:
            raise ProviderAway("keys")
        return found
