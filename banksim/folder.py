"""The folder between the bank and who pays: files appear whole, beside each its SHA-256."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path


class Folder:
    """`in` holds what is asked, `out` and `ack` what the bank says."""

    def __init__(self, root: Path) -> None:
        """Work under a folder, which is made where it is not."""
        self._root = root
        for part in ("in", "out", "ack"):
            (root / part).mkdir(mode=0o700, parents=True, exist_ok=True)

    def asked(self) -> Iterator[tuple[Path, bytes]]:
        """Yield the whole files that were put there."""
        for place in sorted((self._root / "in").iterdir()):
            beside = place.with_name(place.name + ".sha256")
            if place.suffix in (".part", ".sha256") or not beside.exists():
                continue
            content = place.read_bytes()
            if beside.read_text("ascii").split()[:1] == [hashlib.sha256(content).hexdigest()]:
                yield place, content

    def asked_now(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of what waits for an answer at once."""
        now = self._root / "now"
        for place in sorted(now.glob("*.json")) if now.is_dir() else ():
            if not place.with_suffix(".answer").exists():
                yield place.stem, place.read_bytes()

    def answer_now(self, name: str, status: str) -> None:
        """Answer it, beside it."""
        self._write(self._root / "now" / f"{name}.answer", f"{status}\n".encode())

    def remove(self, place: Path) -> None:
        """Take away a file that was read."""
        place.unlink()
        place.with_name(place.name + ".sha256").unlink()

    def say(self, part: str, name: str, content: bytes, *, torn: bool = False) -> None:
        """Put a file there; a torn one has the digest of the whole and half of the bytes."""
        folder = self._root / part
        digest = hashlib.sha256(content).hexdigest()
        self._write(folder / f"{name}.sha256", f"{digest}  {name}\n".encode())
        self._write(folder / name, content[: len(content) // 2] if torn else content)

    @staticmethod
    def _write(place: Path, content: bytes) -> None:
        part = place.with_name(place.name + ".part")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)
