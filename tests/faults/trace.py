"""What a power cut would leave: crash states of a folder, from recorded writes and fsyncs.

`strace` records every write, truncation, fsync, creation, rename and removal of the watched files. A state at
an instant T holds what must be there - writes that had ended before an fsync of their file began which had
ended by T, names that an fsync of their folder covered - and of all else whatever a policy says:

    lost      nothing
    kept      everything that was written (the process died, the machine did not)
    torn      everything, but the last write of each file cut at a sector
    shuffled  any of the blocks, the later ones as likely as the earlier

SQLite's `-shm` is memory shared between processes and never survives; it is left out.
"""

import bisect
import random
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

POLICIES: Final = ("lost", "torn", "shuffled", "kept")
CALLS: Final = "openat,pwrite64,write,fsync,fdatasync,ftruncate,rename,renameat,renameat2,unlink,unlinkat"

_LINE = re.compile(r"(\d+)\s+(\d+\.\d+) (.*)")
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)")
_DONE = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+)(?:<(.*?)>)?.*?<(\d+\.\d+)>")
_PATH = re.compile(r"\d+<((?:\\x[0-9a-f]{2}|[^>])*)>")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def why_not() -> str:
    """Why nothing can be recorded here; empty when it can."""
    if shutil.which("strace") is None:
        return "strace is not installed: power loss is not replayed here"
    command = ["strace", "-o", "/dev/null", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"strace may not trace here: {done.stderr.strip()[:200]}"


@dataclass(frozen=True)
class Call:
    """One finished system call: when it began and ended (epoch seconds), arguments as text, result."""

    name: str
    start: float
    end: float
    arguments: str
    result: int

    @property
    def path(self) -> str:
        """The path behind the file descriptor it was given."""
        found = _PATH.match(self.arguments)
        return _text(found[1]) if found else ""

    @property
    def strings(self) -> list[bytes]:
        """The quoted arguments."""
        return [_bytes(found) for found in _STRING.findall(self.arguments)]

    @property
    def last(self) -> int:
        """The last argument, a number."""
        return int(self.arguments.rsplit(",", 1)[-1])


class Recorder:
    """Commands under strace, and what they did to the watched paths."""

    def __init__(self, folder: Path, watched: Sequence[Path]) -> None:
        self._folder = folder
        self._watched = watched
        self._files: list[Path] = []

    def around(self, command: list[str]) -> list[str]:
        """The command under strace."""
        output = self._folder / f"trace-{len(self._files)}"
        self._files.append(output)
        paths = [part for path in self._watched for part in ("-P", str(path))]
        times = "--absolute-timestamps=format:unix,precision:us"
        options = ["-f", "-y", "-xx", "-s", "4194304", "-T", times, "-e", f"trace={CALLS}", "-o", str(output)]
        return ["strace", *options, *paths, "--", *command]

    def calls(self) -> list[Call]:
        """Every finished call of all commands, by the time it began."""
        return sorted((call for file in self._files for call in parse(file)), key=lambda call: call.start)


def parse(file: Path) -> Iterable[Call]:
    """Read the output of one strace; a call that the end of the process cut off is left out."""
    unfinished: dict[str, tuple[float, str]] = {}
    with file.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            found = _LINE.match(line)
            if found is None:
                continue
            pid, at, rest = found[1], float(found[2]), found[3]
            start, end = at, 0.0
            if rest.endswith("<unfinished ...>"):
                unfinished[pid] = (at, rest.removesuffix("<unfinished ...>").rstrip())
                continue
            if resumed := _RESUMED.match(rest):
                start, begun = unfinished.pop(pid)
                rest, end = begun + resumed[2], at
            done = _DONE.match(rest)
            if done is not None and int(done[3]) >= 0:
                yield Call(done[1], start, max(end, start + float(done[5])), done[2], int(done[3]))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _text(path: str) -> str:
    return _bytes(path).decode() if path.startswith("\\x") else path


# -- what the disk holds -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """One change of a file's content: bytes at an offset, or (data None) a new length."""

    start: float
    end: float
    offset: int
    data: bytes | None


@dataclass
class Inode:
    """A file: what it held at first, how it changed, and when it was made durable."""

    first: bytes = b""
    changes: list[Change] = field(default_factory=list)
    synced: list[tuple[float, float]] = field(default_factory=list)
    """(end, start) of each fsync."""

    def content(self, at: float, policy: str, pick: random.Random) -> bytes:
        """The bytes found after a power cut at `at`."""
        begun = [change for change in self.changes if change.start <= at]
        covered = max((start for end, start in self.synced if end <= at), default=0.0)
        content = bytearray(self.first)
        pending = [change for change in begun if change.end > covered]
        for change in begun:
            if change.end <= covered:
                _apply(content, change)
        last = next((one for one in reversed(pending) if one.data), None)
        for change in pending:
            if policy == "kept" and change.end <= at:
                _apply(content, change)
            elif policy == "torn":
                _apply(content, _cut(change, pick) if change is last else change)
            elif policy == "shuffled":
                for part in _blocks(change, pick.choice((512, 4096))):
                    if pick.random() < 0.5:
                        _apply(content, part)
        return bytes(content)


def _apply(content: bytearray, change: Change) -> None:
    end = change.offset + len(change.data or b"")
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if change.data is None:
        del content[change.offset :]
    else:
        content[change.offset : end] = change.data


def _cut(change: Change, pick: random.Random) -> Change:
    sector = pick.choice((512, 4096))
    sectors = len(change.data or b"") // sector
    data = (change.data or b"")[: pick.randint(0, sectors) * sector]
    return Change(change.start, change.end, change.offset, data)


def _blocks(change: Change, size: int) -> list[Change]:
    if change.data is None:
        return [change]
    parts, at = [], 0
    while at < len(change.data):
        # Blocks lie at multiples of their size on the disk, wherever the write began.
        length = size - (change.offset + at) % size
        parts.append(Change(change.start, change.end, change.offset + at, change.data[at : at + length]))
        at += length
    return parts


@dataclass(frozen=True)
class Naming:
    """One change of names in a folder: `inode` None removes, `old` is the name a rename takes it from."""

    start: float
    end: float
    name: str
    inode: Inode | None
    old: str = ""


class Disk:
    """The watched folder over time."""

    def __init__(self, before: Path, live: Path, calls: Sequence[Call]) -> None:
        """`before` is a copy of the folder `live` from when the recording began; all of it was durable."""
        self.root = str(live)
        self.first = {
            str(live / path.relative_to(before)): Inode(path.read_bytes())
            for path in before.rglob("*")
            if path.is_file()
        }
        self.names: list[Naming] = []
        self.folders: dict[str, list[tuple[float, float]]] = {}
        self.changed: set[str] = set()
        """Names of the files whose content changed while it was recorded."""
        self._now = dict(self.first)
        for call in calls:
            self._replay(call)
        self.instants = sorted(call.end for call in calls)

    def _replay(self, call: Call) -> None:
        if call.name == "openat":
            self._open(call)
        elif call.name.startswith(("rename", "unlink")):
            self._rename(call)
        elif call.name in ("fsync", "fdatasync"):
            inode = self._now.get(call.path)
            synced = inode.synced if inode else self.folders.setdefault(call.path, [])
            synced.append((call.end, call.start))
        elif (inode := self._now.get(call.path)) is not None:
            self.changed.add(Path(call.path).name)
            if call.name == "ftruncate":
                inode.changes.append(Change(call.start, call.end, call.last, None))
            else:
                self._write(call, inode)

    def _write(self, call: Call, inode: Inode) -> None:
        data = call.strings[0][: call.result]
        # Whoever uses plain write() here writes whole new files from their beginning.
        offset = call.last if call.name == "pwrite64" else sum(len(c.data or b"") for c in inode.changes)
        inode.changes.append(Change(call.start, call.end, offset, data))

    def _open(self, call: Call) -> None:
        path = call.strings[0].decode()
        if not path.startswith(self.root):
            return
        if "O_CREAT" in call.arguments and path not in self._now:
            inode = self._now[path] = Inode()
            self.names.append(Naming(call.start, call.end, path, inode))
        if "O_TRUNC" in call.arguments and path in self._now and self._now[path].changes:
            # A leftover that is written anew: as good as another file of the same name.
            inode = self._now[path] = Inode()
            self.names.append(Naming(call.start, call.end, path, inode))

    def _rename(self, call: Call) -> None:
        paths = [value.decode() for value in call.strings]
        inode = self._now.pop(paths[0], None)
        if call.name.startswith("rename"):
            if inode is not None:
                self._now[paths[1]] = inode
            self.names.append(Naming(call.start, call.end, paths[1], inode, paths[0]))
        else:
            self.names.append(Naming(call.start, call.end, paths[0], None))

    def state(self, at: float, policy: str, pick: random.Random, into: Path) -> None:
        """Write the folder as a power cut at `at` would leave it."""
        names = dict(self.first)
        prefix = self._surviving(at, policy, pick)
        for change in prefix:
            if change.old:
                names.pop(change.old, None)
            if change.inode is None:
                names.pop(change.name, None)
            else:
                names[change.name] = change.inode
        for name, inode in names.items():
            if not name.endswith("-shm"):
                path = into / Path(name).relative_to(self.root)
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.write_bytes(inode.content(at, policy, pick))
                path.chmod(0o600)

    def _surviving(self, at: float, policy: str, pick: random.Random) -> list[Naming]:
        """Changes of names that a folder's fsync covered, and some of those behind, in their order."""
        begun = [change for change in self.names if change.start <= at]
        durable = 0
        for count, change in enumerate(begun, 1):
            synced = self.folders.get(str(Path(change.name).parent), [])
            if any(end <= at and start >= change.end for end, start in synced):
                durable = count
        more = {"lost": 0, "kept": len(begun), "torn": len(begun)}.get(policy)
        return begun[: max(durable, pick.randint(0, len(begun)) if more is None else more)]

    def instants_between(self, first: float, last: float, count: int, pick: random.Random) -> list[float]:
        """Some instants just after a recorded call, and some between two."""
        low, high = bisect.bisect(self.instants, first), bisect.bisect(self.instants, last)
        chosen = pick.sample(self.instants[low:high], min(count, high - low))
        return sorted(instant + pick.choice((0.0, 0.0, 2e-5, 2e-4)) for instant in chosen)
