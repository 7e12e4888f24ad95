"""A load client in a process of its own: ready-made requests over kept connections, one thread, no parsing to
spare.

Measured against itself it costs some 25 µs of CPU a request, a tenth of what gunicorn spends, so that on two
cores it does not take much of what it measures.
"""

import contextlib
import dataclasses
import multiprocessing
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any

from bench.figures import Waits

PATIENCE_SECONDS = 60


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one round brought."""

    waits: Waits
    statuses: dict[int, int]
    seconds: float
    last_body: bytes


class LoadFailed(RuntimeError):
    """The server answered otherwise than the round expects; the text holds the first such answer."""


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """Write one HTTP/1.1 request; header names have underscores for dashes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii") + body


class Loader:
    """Drives one server from its own process; `round` may be called many times."""

    def __init__(self, port: int) -> None:
        """Start the client process for the server on this port of 127.0.0.1."""
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(port, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def round(
        self,
        requests: Sequence[bytes],
        *,
        clients: int = 1,
        seconds: float | None = None,
        expect: tuple[int, ...] = (200, 201),
    ) -> Outcome:
        """Send the requests in turn over `clients` connections: each once, or over again for `seconds`.

        Raises `LoadFailed` when an answer's status is not expected.
        """
        self._pipe.send((list(requests), clients, seconds, expect))
        answer = self._pipe.recv()
        if isinstance(answer, str):
            raise LoadFailed(answer)
        waits_ms, statuses, took, last_body = answer
        return Outcome(Waits.of(waits_ms, took), statuses, took, last_body)

    def close(self) -> None:
        """End the client process."""
        self._pipe.close()
        self._process.join(PATIENCE_SECONDS)


@contextlib.contextmanager
def loading(port: int) -> Iterator[Loader]:
    """Give a load client that ends with the block."""
    loader = Loader(port)
    try:
        yield loader
    finally:
        loader.close()


def _serve(port: int, pipe: Connection) -> None:
    with contextlib.suppress(EOFError):
        while True:
            requests, clients, seconds, expect = pipe.recv()
            try:
                pipe.send(_drive(port, requests, clients, seconds, expect))
            except (LoadFailed, OSError) as error:
                pipe.send(str(error) or type(error).__name__)


class _Line:
    """One kept connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self.received = bytearray()
        self.wanted = 0

    def send(self, data: bytes) -> None:
        self.received.clear()
        self.wanted = 0
        self.sent_at = time.perf_counter()
        self.socket.sendall(data)

    def receive(self) -> tuple[int, bytes] | None:
        """Take what has come; status and body once the answer is whole."""
        data = self.socket.recv(262_144)
        if not data:
            raise LoadFailed("the server closed a kept connection")
        self.received += data
        if not self.wanted:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return None
            self.wanted = end + 4 + _content_length(bytes(self.received[:end]))
        if len(self.received) < self.wanted:
            return None
        return int(self.received[9:12]), bytes(self.received[self.received.find(b"\r\n\r\n") + 4 :])


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise LoadFailed(f"an answer without Content-Length: {head[:200]!r}")


def _drive(
    port: int, requests: list[bytes], clients: int, seconds: float | None, expect: tuple[int, ...]
) -> tuple[list[float], dict[int, int], float, bytes]:
    waits: list[float] = []
    statuses: Counter[int] = Counter()
    body = b""
    lines = [_Line(port) for _ in range(clients)]
    with selectors.DefaultSelector() as selector:
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
        started = time.perf_counter()
        upcoming = _take(requests, None if seconds is None else started + seconds)
        busy = sum(_send_next(line, upcoming) for line in lines)
        while busy:
            for key, _ in selector.select(PATIENCE_SECONDS) or _gave_up():
                line = key.data
                answer = line.receive()
                if answer is None:
                    continue
                waits.append((time.perf_counter() - line.sent_at) * 1000)
                status, body = answer
                statuses[status] += 1
                if status not in expect:
                    raise LoadFailed(f"status {status}: {body[:600]!r}")
                busy -= not _send_next(line, upcoming)
        took = time.perf_counter() - started
    for line in lines:
        line.socket.close()
    return waits, dict(statuses), took, body


def _send_next(line: _Line, upcoming: Iterator[bytes]) -> bool:
    data = next(upcoming, None)
    if data is None:
        return False
    line.send(data)
    return True


def _take(requests: list[bytes], until: float | None) -> Iterator[bytes]:
    if until is None:
        yield from requests
        return
    while True:
        for one in requests:
            if time.perf_counter() >= until:
                return
            yield one


def _gave_up() -> list[Any]:
    raise LoadFailed(f"no answer within {PATIENCE_SECONDS} s")
