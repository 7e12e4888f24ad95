"""Messengers (送信方式) that need nobody else: a file that a gateway reads, and the screen of the process."""

import os
import sys
import threading
from pathlib import Path

import orjson

from recordsvc.ground.ports import Letter


class ConsoleMessenger:
    """Shows letters on standard output; for trying out. The address is not shown."""

    def send(self, letter: Letter) -> None:
        """Write one line."""
        sys.stdout.write(f"{letter.id} {letter.text}\n")
        sys.stdout.flush()


class FileMessenger:
    """Appends letters to a file of JSON lines `{id, address, text}`, for a gateway to take from.

    A line is durable before the letter counts as sent. A line torn by a crash is closed by the next one: a
    reader passes over what is no JSON, and over an id it has seen.
    """

    def __init__(self, path: Path) -> None:
        """Append to `path`; the folder is made for the owner alone."""
        self._path = path
        self._lock = threading.Lock()

    def send(self, letter: Letter) -> None:
        """Append one line and have it on the disk."""
        line = orjson.dumps({"id": str(letter.id), "address": letter.address, "text": letter.text}) + b"\n"
        with self._lock:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                size = os.fstat(handle).st_size
                torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
                data = (b"\n" if torn else b"") + line
                if os.write(handle, data) != len(data):
                    raise OSError("the disk took a part of the line only")
                os.fsync(handle)
            finally:
                os.close(handle)
