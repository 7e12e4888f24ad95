"""Servers to measure: any WSGI application under the gunicorn settings the service is shipped with."""

import contextlib
import dataclasses
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from recordsvc.serving import GUNICORN_CONFIG
from tests.postgresql import PostgresServer

ROOT = Path(__file__).parent.parent
START_SECONDS = 30
POLL_SECONDS = 0.005


@dataclasses.dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    started_in: float
    """Seconds from starting the process to the first answer."""


@contextlib.contextmanager
def serving(
    application: str, *, environ: Mapping[str, str] | None = None, probe: str = "/"
) -> Iterator[Server]:
    """Serve `module:callable` on a free port of 127.0.0.1 until the block ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        port = listener.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "--config", GUNICORN_CONFIG]
        command += ["--bind", f"fd://{listener.fileno()}", "--log-level", "warning", application]
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=_environment(environ),
            pass_fds=(listener.fileno(),),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
        )
    try:
        _wait_for_answer(process, port, probe)
        yield Server(port, time.perf_counter() - begun)
    finally:
        process.terminate()
        try:
            process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(environ: Mapping[str, str] | None) -> dict[str, str]:
    """Let the server keep its bytecode, as an installed one has it, whatever the caller's shell forbids."""
    given = dict(os.environ if environ is None else environ)
    given.pop("PYTHONDONTWRITEBYTECODE", None)
    return given | {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "recordsvc-bench-bytecode")}


@contextlib.contextmanager
def databases(kind: str) -> Iterator[str]:
    """Give the address of an empty database of a kind, durable as the service demands."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="rs-bench-") as folder:
            yield f"sqlite:///{folder}/limit.db"
        return
    with PostgresServer(shared_buffers="512MB", max_wal_size="4GB") as server:
        yield server.url("postgres")


def _wait_for_answer(process: "subprocess.Popen[bytes]", port: int, probe: str) -> None:
    """Ask until an answer comes; the socket accepts before the workers do, so only an answer counts."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), START_SECONDS) as client,
        ):
            client.sendall(f"GET {probe} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            if client.recv(1):
                return
        time.sleep(POLL_SECONDS)
    raise RuntimeError("the server did not answer")
