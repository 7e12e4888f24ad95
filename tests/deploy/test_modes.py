"""What `make run` makes is its user's alone under any umask; keys torn, opened or swapped are refused."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recordsvc.vault.keyfile import KeyFileError
from recordsvc.vault.livekeys import LiveKeys
from tests.deploy.edge import ROOT
from tests.faults.processes import Installation, ask
from tests.ports import neighbours

pytestmark = pytest.mark.long

OPEN = stat.S_IRWXG | stat.S_IRWXO


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """`make run` under umask 000: its data folder, and the process that started everything."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    port = neighbours(2)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RECORDSVC_")}
    command = ["-m", "recordsvc", "run", "--port", str(port), "--data-dir", str(folder), "--workers", "60"]
    said = folder.parent / "said"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            umask=0o000,
        )
    try:
        deadline = time.monotonic() + 300
        while not (folder / "demo" / "personas").exists() or not answers(port):
            assert process.poll() is None, said.read_text("utf-8")[-3000:]
            assert time.monotonic() < deadline, said.read_text("utf-8")[-3000:]
            time.sleep(0.1)
        yield folder, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(90)


def answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        return ask(port, "GET", "/readyz", timeout=2).status == 200
    return False


def found(folder: Path) -> list[Path]:
    return [folder, *folder.rglob("*")]


def test_nothing_that_a_running_demo_made_is_open_to_others(running: tuple[Path, int]) -> None:
    folder, _pid = running
    kinds = set()
    wide = []
    for path in found(folder):
        with contextlib.suppress(FileNotFoundError):  # a log beside the database comes and goes
            mode = path.lstat().st_mode
            kinds.add(path.suffix if path.is_file() else "folder")
            if stat.S_IMODE(mode) & OPEN:
                wide.append(f"{stat.filemode(mode)} {path.relative_to(folder)}")
            assert not stat.S_ISLNK(mode)

    assert wide == []
    # Settings, database, its write-ahead log and lock, logs of the processes: all of them were looked at.
    assert {"folder", ".toml", ".db", ".db-wal", ".writer", ".log"} <= kinds, kinds


def test_every_process_of_a_demo_makes_files_for_its_user_alone(running: tuple[Path, int]) -> None:
    _folder, first = running
    pids = descendants(first)
    said = {}
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # what filled the region ends
            status = Path(f"/proc/{pid}/status").read_text("utf-8")
            lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            said[pid] = lines["Umask"].strip()

    # The one that starts them, the witness, gunicorn's master and two workers, the background work.
    assert len(said) >= 6
    assert set(said.values()) == {"0077"}


def descendants(pid: int) -> list[int]:
    """The process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    pids = [pid]
    for one in pids:
        pids += children.get(one, [])
    return pids


# -- keys that are not what they were


@pytest.fixture(scope="module")
def installations(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two services after their first run; no process."""
    made = [Installation(tmp_path_factory.mktemp(name) / "data").folder for name in ("ours", "theirs")]
    return made[0], made[1]


def opened(path: Path, _other: Path) -> None:
    path.chmod(0o640)


def folder_opened(path: Path, _other: Path) -> None:
    path.parent.chmod(0o750)


def torn(path: Path, _other: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def emptied(path: Path, _other: Path) -> None:
    path.write_bytes(b"")


def one_bit(path: Path, _other: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def foreign(path: Path, other: Path) -> None:
    path.write_bytes((other / path.name).read_bytes())


def linked(path: Path, other: Path) -> None:
    kept = path.with_name("kept-elsewhere")
    path.rename(other / kept.name)
    path.symlink_to(other / kept.name)


def gone(path: Path, _other: Path) -> None:
    path.unlink()


DAMAGES = (opened, folder_opened, torn, emptied, one_bit, foreign, linked, gone)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_the_service_does_not_start_with_keys_that_are_not_what_they_were(
    installations: tuple[Path, Path], tmp_path: Path, damage: Callable[[Path, Path], None]
) -> None:
    """Each key file by itself; the command ends at once and says so in one line."""
    ours, theirs = installations
    names = sorted(path.name for path in (ours / "keys").iterdir() if path.is_file())
    assert len(names) >= 8
    for number, name in enumerate(names):
        folder, other = tmp_path / f"{number}" / "data", tmp_path / f"{number}" / "other"
        shutil.copytree(ours, folder)
        shutil.copytree(theirs / "keys", other)
        damage(folder / "keys" / name, other)
        with pytest.raises(KeyFileError):
            LiveKeys(folder / "keys")
        if number == 0:
            told = command(folder)
            assert (told.returncode, told.stdout) == (2, "")
            assert ("Traceback" in told.stderr, told.stderr.count("\n")) == (False, 1), told.stderr


def command(folder: Path) -> subprocess.CompletedProcess[str]:
    """What a command of the service says of this folder."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RECORDSVC_")}
    return subprocess.run(
        [sys.executable, "-m", "recordsvc", "log", "checkpoint"],
        cwd=ROOT,
        env=environ | {"RECORDSVC_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
