"""Asking the provider (出站请求): to hosts that the settings name, in bounded time and size, no redirects.

No address that came in a token or a query is ever asked; addresses of the provider's metadata are asked only
on its own host or one of `oidc_hosts`. A proxy of the environment is not used.
"""

import contextlib
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlencode, urlsplit

from recordsvc.access.identity import ProviderAway
from recordsvc.ground.strictjson import StrictJsonError, loads

SECONDS: Final = 3.0
"""For connecting, for the handshake, and for the whole of one answer."""
MOST_BYTES: Final = 128 * 1024
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
        try:
            parts = urlsplit(url) if isinstance(url, str) and url.isascii() else None
        except ValueError:
            return False
        return (
            parts is not None
            and parts.scheme == self._scheme
            and parts.netloc.lower() in self._hosts
            and not parts.fragment
            and not any(character <= " " or character in '"\\<>' for character in str(url))
        )

    def get(self, url: str) -> Reply:
        """Read a document. Raises `ProviderAway`."""
        return self._ask("GET", url, None)

    def post(self, url: str, fields: Mapping[str, str]) -> Reply:
        """Send a form. Raises `ProviderAway`."""
        return self._ask("POST", url, urlencode(fields).encode("ascii"))

    def _ask(self, method: str, url: str, body: bytes | None) -> Reply:
        if not self.allowed(url):
            raise ProviderAway("address")
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        connection = (HTTPSConnection if secure else HTTPConnection)(parts.netloc, timeout=self._seconds)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Accept": "application/json", "Connection": "close", **(_FORM if body else {})}
        try:
            connection.connect()
            with _cut_off(connection.sock, self._seconds):
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                media = answer.headers.get_content_type()
                data = answer.read(MOST_BYTES + 1)
        except (OSError, HTTPException, ValueError) as error:
            raise ProviderAway(f"network-{type(error).__name__}") from None
        finally:
            connection.close()
        if answer.status >= 500 or 300 <= answer.status < 400:
            raise ProviderAway(f"status-{answer.status}")
        if len(data) > MOST_BYTES:
            raise ProviderAway("size")
        return Reply(answer.status, _members(media, data))


@contextlib.contextmanager
def _cut_off(held: socket.socket, seconds: float) -> Iterator[None]:
    """End a connection that has not answered in time, however little by little it goes on sending.

    A time-out of the socket alone would begin anew with every byte.
    """

    def cut() -> None:
        # Not the method of a TLS socket, which would take its state away under whoever is reading.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(held, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


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
