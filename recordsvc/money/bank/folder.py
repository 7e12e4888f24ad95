"""The drop folder (交换目录): files out and in, each seen whole or not at all.

    <bank_dir>/<account>/in    to the bank        <bank_dir>/<account>/taken   what we have read
    <bank_dir>/<account>/out   from the bank: reports, notifications, statements
    <bank_dir>/<account>/ack   from the bank: receipts

A file is written under another name, brought to the disk, and renamed; beside it lies `<name>.sha256`, which
is there before it. A file from the bank whose digest does not fit is not whole, yet or ever.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

PART: Final = ".part"
DIGEST: Final = ".sha256"
_MOST_BYTES: Final = 64 * 1024 * 1024
_FROM_BANK: Final = ("ack", "out")


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that lies there; `whole`: its digest fits, or it has none beside it."""

    name: str
    content: bytes = field(repr=False)
    whole: bool
    place: Path = field(repr=False)


class Exchange(Protocol):
    """How files go to a bank and come from it: a folder, or what stands behind one."""

    def put(self, name: str, content: bytes) -> None:
        """Hand a file over; on return it cannot be lost. The same name again must hold the same bytes."""

    def arrived(self) -> Iterator[Arrived]:
        """Yield what lies there, in the order of names."""

    def taken(self, file: Arrived) -> None:
        """Put away what has been read."""


class Folder:
    """One account's drop folder."""

    def __init__(self, root: Path) -> None:
        """Exchange files under `root`, which is made where it is not."""
        self._root = root
        for part in ("in", "taken", *_FROM_BANK):
            (root / part).mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, name: str, content: bytes) -> None:
        """Write a file for the bank: the digest first, both under another name until they are whole."""
        folder = self._root / "in"
        line = f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()
        write(folder / (name + DIGEST), line)
        write(folder / name, content)

    def arrived(self) -> Iterator[Arrived]:
        """Yield the bank's files; what still has its working name is not there yet."""
        for part in _FROM_BANK:
            for place in sorted((self._root / part).iterdir()):
                if place.suffix in (PART, DIGEST) or not place.is_file():
                    continue
                content = _read(place)
                yield Arrived(place.name, content, _fits(place, content), place)

    def taken(self, file: Arrived) -> None:
        """Move a file that was read out of the bank's way, with its digest."""
        for place in (file.place.with_name(file.place.name + DIGEST), file.place):
            if place.exists():
                place.replace(self._root / "taken" / place.name)


def write(place: Path, content: bytes) -> None:
    """Write a file so that it is seen whole or not at all, and is there after a loss of power."""
    part = place.with_name(place.name + PART)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(place: Path) -> bytes:
    with place.open("rb") as file:
        # One byte more than is taken: a file beyond the limit is not whole for us.
        return file.read(_MOST_BYTES + 1)


def _fits(place: Path, content: bytes) -> bool:
    if len(content) > _MOST_BYTES:
        return False
    beside = place.with_name(place.name + DIGEST)
    if not beside.is_file():
        return True
    told = beside.read_bytes()[:64]
    return told == hashlib.sha256(content).hexdigest().encode()
