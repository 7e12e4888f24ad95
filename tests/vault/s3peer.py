"""An S3-compatible store in a process of its own, for tests."""

import contextlib
import http.client
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from recordsvc.settings import environment
from tests.ports import free_ports

BUCKET = "papers"


@contextlib.contextmanager
def peer(folder: Path) -> Iterator[str]:
    """Run the store until the block ends; yields the address of an empty bucket."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "s3.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment(), cwd=folder)
    try:
        _make_bucket(port, process)
        yield f"http://127.0.0.1:{port}/{BUCKET}"
    finally:
        process.terminate()
        process.wait(60)


def _make_bucket(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until it answers; its start alone takes seconds."""
    for _attempt in range(1_800):
        assert process.poll() is None, "the store ended at its start"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        with contextlib.closing(connection), contextlib.suppress(ConnectionError):
            connection.request("PUT", f"/{BUCKET}")
            assert connection.getresponse().status == 200
            return
        time.sleep(0.1)
    raise AssertionError("the store does not answer")
