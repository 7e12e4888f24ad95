"""A witness as it really runs: a process with a folder and a port, spoken to over HTTP."""

import http.client
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Answer:
    status: int
    media_type: str
    body: str


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """One `python -m witness` command, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "witness", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


PATIENCE_S = 120


class WitnessProcess:
    """`python -m witness serve` on a free port, from start() to stop() or kill()."""

    def __init__(self, store: Path, request_seconds: float | None = None) -> None:
        self.store = store
        self._program = ["-m", "witness"]
        if request_seconds is not None:
            change = f"import runpy, witness.server as server; server.REQUEST_SECONDS = {request_seconds}"
            self._program = ["-c", f"{change}; runpy.run_module('witness', run_name='__main__')"]
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "WitnessProcess":
        self._process = subprocess.Popen(
            [sys.executable, *self._program, "serve", "--store", str(self.store), "--port", "0"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        line = self._process.stdout.readline()  # ends with the line or with the process
        match = re.search(r"127\.0\.0\.1:(\d+)$", line)
        assert match, f"the witness did not start: {line!r}"
        self.port = int(match[1])
        return self

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """SIGKILL, as a power cut would."""
        return self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        status = process.wait(timeout=PATIENCE_S)
        process.stdout.close()
        return status

    def request(self, method: str, path: str, body: bytes | str | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheader("Content-Type", ""), answer.read().decode())
        finally:
            connection.close()

    def submit(self, body: bytes | str) -> Answer:
        return self.request("POST", "/add-checkpoint", body)

    def newest(self, origin: str) -> Answer:
        return self.request("GET", f"/{sha256(origin.encode()).hexdigest()}/checkpoint")
