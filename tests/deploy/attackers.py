"""Clients that hold connections without ever finishing a request, each from an address of its own."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.deploy.app import OCTETS

Connect = Callable[[int], socket.socket]

START = b"POST /size HTTP/1.1\r\nHost: localhost\r\n"
BODY = START + f"Content-Type: {OCTETS}\r\nContent-Length: ".encode()
LARGE = 4 * 1024 * 1024
BEGINNINGS = {
    # A line that never ends: with 64 lines (`limit_request_fields`) the thread is let go, within 20 seconds.
    "headers": START + b"X-A: ",
    "bodies": BODY + b"1000\r\n\r\nx",
    # More than a proxy's buffer: what buffers only that much passes the request on.
    "large": BODY + f"{LARGE}\r\n\r\n".encode() + b"x" * 256 * 1024,
}


def to_port(port: int, context: ssl.SSLContext) -> Connect:
    """Connect to a TLS port of this machine, the n-th time from the n-th address."""

    def connect(number: int) -> socket.socket:
        source = f"127.0.{1 + number // 250}.{1 + number % 250}"
        plain = socket.create_connection(("127.0.0.1", port), 30, (source, 0))
        try:
            return context.wrap_socket(plain, server_hostname="localhost")
        except OSError:
            plain.close()
            raise

    return connect


def to_socket(path: Path) -> Connect:
    """Connect to a Unix socket: to the service itself, with nothing in front."""

    def connect(_number: int) -> socket.socket:
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(30)
        made.connect(str(path))
        return made

    return connect


class Client:
    """One of them: what it has still to send, and its connection while there is one."""

    def __init__(self, connect: Connect, number: int, kind: str) -> None:
        self._connect, self._number, self._kind = connect, number, kind
        self._socket: socket.socket | None = None
        self._left = b""

    def step(self) -> None:
        """Open the connection if it is none, send what is due, or else one byte more."""
        try:
            if self._socket is None:
                self._socket = self._connect(self._number)
                self._socket.setblocking(False)
                self._left = BEGINNINGS[self._kind]
            due = self._left or b"x"
            while due:
                due = due[self._socket.send(due) :]
                self._left = due
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            self.close()

    def close(self) -> None:
        """Give the connection up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Slow:
    """Hold `headers` requests in their headers, `bodies` in small bodies, `large` in large ones."""

    def __init__(self, connect: Connect, **counts: int) -> None:
        kinds = [kind for kind, count in counts.items() for _n in range(count)]
        self._clients = [Client(connect, number, kind) for number, kind in enumerate(kinds)]
        self._stop = threading.Event()
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._begun.wait(300)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        for client in self._clients:
            client.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            for client in self._clients:
                if self._stop.is_set():
                    return
                with contextlib.suppress(OSError):
                    client.step()
            # Each has begun, and had the time to fill the buffers in between.
            self._begun.set()
            time.sleep(0.3)
