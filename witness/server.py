"""The witness's HTTP side: three doors, bounded in everything.

    POST /add-checkpoint                    C2SP tlog-witness
    GET  /<sha256hex(origin)>/checkpoint    the largest tree cosigned of a log, as a note
    GET  /healthz                           alive

A request has a deadline as a whole, so that bytes dripping in cannot hold a thread; bodies, headers and the
number of connections are bounded. On SIGTERM no new connection is taken, requests under way are answered,
idle ones are closed.
"""

import io
import logging
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final

from witness.cosign import Answer, Witness

MAX_BODY_BYTES: Final = 256 * 1024
MAX_CONNECTIONS: Final = 64
REQUEST_SECONDS: Final = 15.0
NOT_FOUND: Final = Answer(HTTPStatus.NOT_FOUND, "nothing here\n")

_CHECKPOINT_PATH = re.compile(r"/([0-9a-f]{64})/checkpoint", re.ASCII)
_LENGTH = re.compile(r"[0-9]{1,9}", re.ASCII)
_log = logging.getLogger("witness")


class _DeadlineReader(io.RawIOBase):
    """Reads a socket until a moment, not for a while after each byte."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.deadline = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "witness"
    sys_version = ""
    wbufsize = -1  # head and body leave in one packet
    disable_nagle_algorithm = True
    server: "WitnessServer"

    def setup(self) -> None:
        """Read through a deadline; register as a connection that may be closed when idle."""
        super().setup()
        self._reader = _DeadlineReader(self.connection)
        self.rfile = io.BufferedReader(self._reader)

    def handle_one_request(self) -> None:
        """Serve one request of a kept connection."""
        self._reader.deadline = time.monotonic() + REQUEST_SECONDS
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True
        if self.server.stopping:
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        """Say at once that the body may come; the buffer would keep the word until the answer."""
        may_go_on = super().handle_expect_100()
        self.wfile.flush()
        return may_go_on

    def do_GET(self) -> None:
        """Monitoring."""
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # a body nobody reads must not be taken for the next request
        if self.path == "/healthz":
            self._answer(Answer(HTTPStatus.OK, "ok\n"))
            return
        match = _CHECKPOINT_PATH.fullmatch(self.path)
        self._answer(self._guarded(lambda: self.server.newest(match[1])) if match else NOT_FOUND)

    def do_POST(self) -> None:
        """Submission."""
        if self.path != "/add-checkpoint":
            self.close_connection = True  # the body stays unread
            self._answer(NOT_FOUND)
            return
        body = self._body()
        if body is not None:
            self._answer(self._guarded(lambda: self.server.witness.add_checkpoint(body)))

    def _guarded(self, act: Callable[[], Answer]) -> Answer:
        try:
            return act()
        except sqlite3.Error:
            # Locked for too long, or the disk is full: whatever it is, no signature has left.
            _log.exception("the store failed")
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "the witness cannot use its memory now\n")

    def _body(self) -> bytes | None:
        """The request body, or None after refusing it."""
        lengths = self.headers.get_all("Content-Length", [])
        closing = self.close_connection
        self.close_connection = True  # until the body is read, the connection cannot be used again
        if "Transfer-Encoding" in self.headers or len(lengths) != 1:
            self._answer(Answer(HTTPStatus.LENGTH_REQUIRED, "one Content-Length is required\n"))
        elif _LENGTH.fullmatch(lengths[0]) is None:
            self._answer(Answer(HTTPStatus.BAD_REQUEST, "Content-Length is no number\n"))
        elif int(lengths[0]) > MAX_BODY_BYTES:
            self._answer(Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MAX_BODY_BYTES} bytes\n"))
        else:
            body = self.rfile.read(int(lengths[0]))
            if len(body) == int(lengths[0]):
                self.close_connection = closing
                return body
            self._answer(Answer(HTTPStatus.BAD_REQUEST, "the body is cut off\n"))
        return None

    def _answer(self, answer: Answer) -> None:
        data = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        if self.close_connection or self.server.stopping:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def send_error(
        self,
        code: int,
        message: str | None = None,  # noqa: ARG002 - the base class's words repeat what came
        explain: str | None = None,  # noqa: ARG002
    ) -> None:
        """Refuse what is no request, in one plain line: nothing of it is echoed."""
        self.request_version = (
            self.protocol_version
        )  # what came may have had none, and would get no status line
        self.close_connection = True
        _log.info("no request: %d", code)
        self._answer(Answer(HTTPStatus(code), f"{HTTPStatus(code).phrase}\n"))

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002 - the base class calls it so
        """Log which door was asked and how it answered: anybody can write anything into a path."""
        _log.info("%s %s", _door(getattr(self, "path", "")), int(code))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ARG002 - the base class calls it so
        """Log the base class's own remarks (a request timed out) without what came in."""
        _log.info("%a", format)


def _door(path: str) -> str:
    """The door behind a path, in words of our own."""
    if path in ("/add-checkpoint", "/healthz"):
        return path
    return "/<log>/checkpoint" if _CHECKPOINT_PATH.fullmatch(path) else "(elsewhere)"


class WitnessServer(ThreadingMixIn, TCPServer):
    """A thread per connection, up to a bound; 127.0.0.1 only: what the world sees is a proxy's business."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, witness: Witness, port: int) -> None:
        self.witness = witness
        self.stopping = False
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)

    def newest(self, origin_hash: str) -> Answer:
        """The newest cosigned checkpoint of the log whose origin has this SHA-256 (hex)."""
        for origin in self.witness.store.origins():
            if sha256(origin.encode()).hexdigest() == origin_hash:
                head = self.witness.store.head(origin)
                return Answer(HTTPStatus.OK, head.note) if head else NOT_FOUND
        return NOT_FOUND

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread, or hang up when there are too many."""
        if not self._slots.acquire(blocking=False):
            _log.warning("too many connections")
            self.shutdown_request(request)
            return
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._guard:
                self._open.discard(request)
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what a connection died of."""
        _log.exception("connection %s from %s failed", request, client_address)

    def stop(self) -> None:
        """Take no more; let what is being answered be answered, end the rest. Called from another thread."""
        self.stopping = True
        self.shutdown()
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RD)  # an idle reader sees the end; answers still go out
                except OSError:
                    _log.debug("a connection was gone already")
