"""Asking the provider (出站请求): to hosts that the settings name, in bounded time and size, no redirects.

No address that came in a token or a query is ever asked; addresses of the provider's metadata are asked only
on its own host or one of `oidc_hosts`. A proxy of the environment is not used.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from recordsvc.access.identity import ProviderAway
from recordsvc.ground import outbound
from recordsvc.ground.outbound import MOST_BYTES, SECONDS, Unreached
from recordsvc.ground.strictjson import StrictJsonError, loads

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in JSON: status and members."""

    status: int
    members: dict[str, object]


class Fetcher:
    """Asks a provider over one scheme, on the hosts that were named."""

    def __init__(self, issuer: str, hosts: Iterable[str], seconds: float = SECONDS) -> None:
        """`hosts` are named beside the issuer's own, each `host` or `host:port`."""
        own = urlsplit(issuer)
        self._scheme = own.scheme
        self._hosts = frozenset({own.netloc.lower(), *(host.lower() for host in hosts)})
        self._seconds = seconds

    def allowed(self, url: object) -> bool:
        """Tell whether this is an address of the provider's, on a host that was named."""
        return outbound.allowed(url, self._scheme, self._hosts)

    def get(self, url: str) -> Reply:
        """Read a document. Raises `ProviderAway`."""
        return self._ask("GET", url, None)

    def post(self, url: str, fields: Mapping[str, str]) -> Reply:
        """Send a form. Raises `ProviderAway`."""
        return self._ask("POST", url, urlencode(fields).encode("ascii"))

    def _ask(self, method: str, url: str, body: bytes | None) -> Reply:
        if not self.allowed(url):
            raise ProviderAway("address")
        headers = {"Accept": "application/json", **(_FORM if body else {})}
        try:
            answer = outbound.ask(method, url, body, headers, self._seconds)
        except Unreached as error:
            raise ProviderAway(str(error)) from None
        if answer.status >= 500 or 300 <= answer.status < 400:
            raise ProviderAway(f"status-{answer.status}")
        if len(answer.data) > MOST_BYTES:
            raise ProviderAway("size")
        return Reply(answer.status, _members(answer.media, answer.data))


def _members(media: str, data: bytes) -> dict[str, object]:
    if media != "application/json" and not media.endswith("+json"):
        raise ProviderAway("media-type")
    try:
        found = loads(data, MOST_BYTES, max_depth=16)
    except StrictJsonError:
        raise ProviderAway("strict-json") from None
    if not isinstance(found, dict):
        raise ProviderAway("not-an-object")
    return found
