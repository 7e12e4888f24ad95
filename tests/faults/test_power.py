"""Power loss, replayed from recorded writes and fsyncs (SQLite, witness, outside checkpoint).

At many instants, and for each way in which unsynced writes can be lost, torn or out of order, the data folder
is built as the power cut would leave it, opened, and asked for everything that had been acknowledged by then.
With `synchronous=NORMAL` the same test must find losses: otherwise it would prove nothing.
"""

import base64
import dataclasses
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from recordsvc import anchor, fsck, genesis
from recordsvc.anchor import DatabaseBehind
from recordsvc.archive.contradiction import Verdict, compare
from recordsvc.house import House, open_house
from recordsvc.translog import tables
from recordsvc.translog.checkpoint import Checkpoint
from recordsvc.translog.note import NoteKey
from tests.faults.processes import Installation, Load
from tests.faults.trace import POLICIES, Disk, Recorder, why_not
from witness.store import Head, Store

ROOT = Path(__file__).parents[2]
Acknowledged = list[tuple[float, str]]

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "strace works")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path / "data")
    yield made
    made.kill()


@dataclasses.dataclass
class Replay:
    """Crash states of one recorded run, and what had been acknowledged when."""

    place: Installation
    disk: Disk
    acknowledged: Acknowledged
    scratch: Path
    states: int = 0

    def check(self, points: int, seed: int, *, fsck_every: int = 25) -> list[str]:
        """What is wrong in the states of `points` instants, in words; empty when all is well."""
        pick = random.Random(seed)
        times = [at for at, _receipt in self.acknowledged]
        wrong = []
        for at in self.disk.instants_between(min(times) - 0.2, max(times) + 0.01, points, pick):
            for policy in POLICIES:
                self.states += 1
                into = self.scratch / "state"
                shutil.rmtree(into, ignore_errors=True)
                self.disk.state(at, policy, pick, into)
                known = [receipt for then, receipt in self.acknowledged if then <= at]
                found = self._examine(into, known, pick, thoroughly=self.states % fsck_every == 0)
                wrong += [f"{policy} at {at:.6f}, {len(known)} acknowledged: {one}" for one in found]
        return wrong

    def _examine(self, folder: Path, known: list[str], pick: random.Random, *, thoroughly: bool) -> list[str]:
        house = open_house(dataclasses.replace(self.place.settings, data_dir=folder))
        try:
            house.db.assert_fit()
            genesis.check(house)
            anchor.check(house)
            self._check_witness(house, folder)
            for receipt in {*known[-1:], *pick.sample(known, min(4, len(known)))}:
                with house.db.read() as conn:
                    found = compare(house.log, anchor.log_key(house), conn, receipt.encode())
                if found.verdict is not Verdict.CONTINUED:
                    return [f"an acknowledged receipt: {found.verdict}"]
            report = fsck.fsck(house, offline=True) if thoroughly else None
            return [str(report.finding)] if report and report.finding else []
        except (DatabaseBehind, Forgot) as refused:
            return [str(refused)]
        finally:
            house.close()

    def _check_witness(self, house: House, folder: Path) -> None:
        """The witness knows everything it ever cosigned, and nothing that the database does not have."""
        (key,) = house.settings.witness_keys
        memory = Store(folder / "witness", key)
        try:
            head: Head | None = memory.head(house.settings.log_origin)
        finally:
            memory.close()
        with house.db.read() as conn:
            cosigned = conn.execute(sa.select(sa.func.max(tables.cosignature.c.size))).scalar() or 0
        if cosigned > (head.size if head else 0):
            raise Forgot(f"the witness forgot that it cosigned {cosigned}")
        if head is not None:
            seen = Checkpoint(house.settings.log_origin, head.size, head.root)
            anchor.compare(house.log, house, seen, f"the witness {NoteKey.parse(key).name}")


class Forgot(Exception):
    """The witness lost something it had answered."""


def recorder(place: Installation, folder: Path) -> Recorder:
    """Watches the files that must survive."""
    data, witness = place.folder, place.folder / "witness"
    (data / "anchor").mkdir(mode=0o700, exist_ok=True)
    files = [data / f"recordsvc.db{end}" for end in ("", "-wal", "-journal")]
    files += [witness / f"witness.db{end}" for end in ("", "-wal", "-journal")]
    files += [data / "anchor" / name for name in ("checkpoint", "checkpoint.new")]
    return Recorder(folder, [data, data / "anchor", witness, *files])


def before(place: Installation, folder: Path) -> Path:
    """A copy of the data folder while nothing runs."""
    copied = folder / "before"
    shutil.copytree(place.folder, copied)
    return copied


def written(place: Installation, tmp_path: Path, synchronous: str, count: int = 90) -> Replay:
    """One process appends records under strace."""
    watch, start = recorder(place, tmp_path), before(place, tmp_path)
    command = [sys.executable, "-m", "tests.faults.writer", str(place.folder), str(count), synchronous]
    done = subprocess.run(watch.around(command), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    acknowledged = [(float(at), base64.b64decode(receipt).decode()) for at, receipt in lines[1:]]
    assert len(acknowledged) == count
    return Replay(place, Disk(start, place.folder, watch.calls()), acknowledged, tmp_path)


@pytest.mark.long
def test_nothing_acknowledged_is_lost(place: Installation, tmp_path: Path) -> None:
    """The short version: one process, a few instants."""
    replay = written(place, tmp_path, "FULL")
    assert {"recordsvc.db", "recordsvc.db-wal", "checkpoint.new"} <= replay.disk.changed
    assert replay.check(points=30, seed=1) == []
    assert replay.states == 30 * len(POLICIES)


@pytest.mark.long
def test_the_test_would_notice(place: Installation, tmp_path: Path) -> None:
    """With `synchronous=NORMAL` acknowledged records are lost, and this very check says so."""
    replay = written(place, tmp_path, "NORMAL")
    wrong = replay.check(points=10, seed=1)
    assert any(Verdict.SHORTENED in one for one in wrong), wrong


@pytest.mark.long
def test_nothing_acknowledged_is_lost_by_the_whole_service(place: Installation, tmp_path: Path) -> None:
    """Witness, gunicorn, background work and eight clients; 200 instants, four ways each."""
    seed = int(os.environ.get("RECORDSVC_TEST_SEED", "0")) or random.SystemRandom().getrandbits(32)
    sys.stdout.write(f"seed: RECORDSVC_TEST_SEED={seed}\n")
    watch, start = recorder(place, tmp_path), before(place, tmp_path)
    place.start(watch.around)
    with Load(place, random.Random(seed)) as load:
        load.run(6.0)
    place.kill()
    sent = [one for one in load.all() if one.acknowledged_s]
    acknowledged = sorted((one.acknowledged_s, text) for one in sent for text in one.receipts.values())
    replay = Replay(place, Disk(start, place.folder, watch.calls()), acknowledged, tmp_path)
    # Everything that must survive was written while it was watched.
    assert {"recordsvc.db", "recordsvc.db-wal", "witness.db-wal", "checkpoint.new"} <= replay.disk.changed
    assert str(place.folder / "anchor") in replay.disk.folders
    wrong = replay.check(points=200, seed=seed)
    sys.stdout.write(
        f"{len(acknowledged)} receipts, {len(replay.disk.instants)} calls, {replay.states} states\n"
    )
    assert wrong == []
