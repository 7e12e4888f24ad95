"""Asking other services (出站请求): hosts that the settings name, bounded time and size, no redirects.

No proxy of the environment is used. What an answer says is judged by whoever asked.
"""

import contextlib
import socket
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

SECONDS: Final = 3.0
"""For connecting, for the handshake, and for the whole of one answer."""
MOST_BYTES: Final = 128 * 1024


class Unreached(Exception):
    """Nobody answered, or not as HTTP does; the reason is short and says nothing of what was sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, media type without parameters, and at most one byte more than was wanted."""

    status: int
    media: str
    data: bytes


def allowed(url: object, scheme: str, hosts: Collection[str]) -> bool:
    """Tell whether this is an address of this scheme on one of these hosts (`host` or `host:port`)."""
    try:
        parts = urlsplit(url) if isinstance(url, str) and url.isascii() else None
    except ValueError:
        return False
    return (
        parts is not None
        and parts.scheme == scheme
        and parts.netloc.lower() in hosts
        and not parts.fragment
        and not any(character <= " " or character in '"\\<>' for character in str(url))
    )


def ask(
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    seconds: float = SECONDS,
    most_bytes: int = MOST_BYTES,
) -> Answer:
    """Ask an address that was held against `allowed`. Raises `Unreached`."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    connection = (HTTPSConnection if secure else HTTPConnection)(parts.netloc, timeout=seconds)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.connect()
        with _cut_off(connection.sock, seconds):
            connection.request(method, path, body, {"Connection": "close", **headers})
            answer = connection.getresponse()
            media = answer.headers.get_content_type()
            return Answer(answer.status, media, answer.read(most_bytes + 1))
    except (OSError, HTTPException, ValueError) as error:
        raise Unreached(f"network-{type(error).__name__}") from None
    finally:
        connection.close()


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
