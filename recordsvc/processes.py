"""The processes of one machine's service: started in their order, watched, and ended in the reverse one."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import click

READY_S: Final = 60.0
STOP_S: Final = 20.0

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def assert_free(*ports: int, whose: str = "") -> None:
    """Raise `ClickException` when somebody listens on a loopback port: their answers are not ours.

    `whose`: in both languages, for what the port is wanted, where nobody named it.
    """
    for port in ports:
        with socket.socket() as tried:
            # As servers bind: a port whose last connections only run out is free.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
                tried.listen(1)
            except OSError as error:
                told = f"端口 {port} 已被占用，请换一个 / port {port} is taken, use another: {error.strerror}"
                raise click.ClickException(told + whose) from error


def _with_parent() -> Callable[[], None] | None:
    """Return what a child calls to be ended with its parent, however that ends; None where nothing can."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return bind


class Part:
    """One process of the service."""

    def __init__(self, name: str, command: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        """Start it in a session of its own, so that a Ctrl-C reaches only its supervisor."""
        self.name = name
        with log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own modules under our own interpreter
                command,
                env=environ,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_with_parent(),  # noqa: PLW1509 - the supervisor has one thread
            )

    def stop(self) -> None:
        """Ask it to end; end it when it does not."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Parts:
    """The processes that were started; leaving the block ends them all, the last one first."""

    def __init__(self, environ: Mapping[str, str], logs: Path) -> None:
        """Start processes in `environ`, each with a log file in the folder `logs`."""
        self._environ = environ
        self._logs = logs
        self._parts: list[Part] = []

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End what was started."""
        for part in reversed(self._parts):
            part.stop()

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start one process."""
        self._parts.append(Part(name, command, self._environ, self._logs / f"{name}.log"))

    def check(self) -> None:
        """Raise `ClickException` when a process has ended by itself."""
        for part in self._parts:
            if part.process.poll() is not None:
                raise click.ClickException(
                    f"{part.name} ended with code {part.process.returncode}; "
                    f"see logs/{part.name}.log in the data folder"
                )

    def wait(self, url: str, good: Callable[[int], bool] = lambda _status: True) -> None:
        """Wait until an address of ours answers with a good status. Raises `ClickException` if never."""
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            self.check()
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
                    status: int = answer.status
            except urllib.error.HTTPError as error:
                status = error.code
            except OSError:
                time.sleep(0.05)
                continue
            if good(status):
                self.check()  # it was one of ours that answered
                return
            time.sleep(0.1)
        raise click.ClickException(f"{url} does not answer; see the logs folder in the data folder")
