"""Ports of this machine for programs that must be told one: nobody else takes them before they listen.

A port that the system hands out and that is given back is anybody's: until the program binds it, another test
process or the next outgoing connection may get it. These lie below the range that systems hand out from, and
each is claimed by the lock of a file for as long as this process lives.
"""

import contextlib
import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

FIRST, LAST = 12_000, 30_000
_claims: list[IO[bytes]] = []


def free_ports(count: int) -> list[int]:
    """So many ports on 127.0.0.1 for this process's own programs."""
    return [_claimed(1)[0] for _ in range(count)]


def neighbours(count: int) -> int:
    """The first of so many such ports in a row."""
    return _claimed(count)[0]


def _claimed(count: int) -> Sequence[int]:
    # Whoever starts at the same time looks elsewhere; the seeds of tests are not for this.
    pick = random.SystemRandom()
    while True:
        first = pick.randrange(FIRST, LAST - count)
        row = range(first, first + count)
        with contextlib.ExitStack() as taken, contextlib.suppress(OSError):
            claims = [taken.enter_context(_claim(port)) for port in row]
            taken.pop_all()
            _claims.extend(claims)
            return row


def _claim(port: int) -> IO[bytes]:
    """Lock a port among test processes. Raises `OSError`: somebody has it, or listens there."""
    folder = Path(tempfile.gettempdir()) / f"recordsvc-test-ports-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    with contextlib.ExitStack() as failing:
        claim = failing.enter_context((folder / str(port)).open("ab"))
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as tried:
            # As servers bind: what only lingers of an earlier connection is no obstacle.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(("127.0.0.1", port))
        failing.pop_all()
        return claim
