"""SIGKILL of `recordsvc import` at random moments, judging or entering: every row stands once.

The command is the real one, in a process of its own; an official signs in with a fresh code at each start.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from recordsvc import fsck, genesis
from recordsvc.access import codes, demo
from recordsvc.archive import tables
from recordsvc.archive.reading import Reader
from recordsvc.ground import two_person
from recordsvc.house import House, open_house
from recordsvc.serving import write_settings
from recordsvc.settings import Settings
from tests.archive.support import Centre, person
from tests.archive.test_importing import OFFICE, WELDER, decide, old_row, written
from tests.faults.processes import ROOT
from tests.faults.region import addresses

ATTEMPTS = 200
ADULTS = [n for n in range(9_000) if n * 7 % 9_000 < 7_000]
"""People who were of age when the certificates were issued."""


@dataclass
class Importing:
    """A service after its first run, a file of old papers, and the command that imports it."""

    folder: Path
    settings: Settings
    environ: dict[str, str]
    path: Path
    people: list[int]
    pick: random.Random
    killed: Counter[str] = field(default_factory=Counter)
    """How often it died in each state of the run."""

    def house(self) -> House:
        """The service's parts, opened beside the command."""
        return open_house(self.settings)

    def start(self, house: House) -> subprocess.Popen[bytes]:
        """The command, its official signed in. Without a terminal: the code is read from the pipe."""
        code = house.db.write(lambda turn: codes.create(turn, house.keys, house.random, "demo-handler"))
        words = ["import", str(self.path), "--kind", "qualification-certificate", "--source", "paper-file"]
        words += ["--vouched-by", "示范市就业局", "--case", "窗口2026-0012", "--resume"]
        words += ["--official", "demo-handler"]
        process = subprocess.Popen(
            [sys.executable, "-m", "recordsvc", *words],
            env=self.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdin is not None
        process.stdin.write(f"{code}\n".encode())
        process.stdin.close()
        process.stdin = None
        return process

    def until(self, house: House, state: str, kills: int) -> None:
        """Start and kill until the run is in a state; after so many kills it is left to end."""
        for attempt in range(ATTEMPTS):
            process = self.start(house)
            if attempt < kills:
                _working(process, self.pick.randrange(1, 3))
                time.sleep(self.pick.uniform(0.0, 0.1))
                process.kill()
            process.communicate()
            now = state_of(house)
            if process.returncode < 0:
                self.killed[now] += 1
            if now == state:
                return
        raise AssertionError(f"{ATTEMPTS} starts did not reach {state}")


def _working(process: subprocess.Popen[bytes], portions: int) -> None:
    """Wait until the command told that it settled so many portions, or ended."""
    assert process.stderr is not None
    seen = 0
    while seen < portions and (byte := process.stderr.read(1)):
        seen += byte == b"\r"


def state_of(house: House) -> str:
    """State of the one run."""
    with house.db.read() as conn:
        return str(conn.scalar(sa.select(tables.import_run.c.state)) or "")


@pytest.fixture
def place(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Importing:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    application, owner = addresses(dialect, request, folder)
    values = {
        "environment": "demo",
        "log_origin": "log.import.example",
        "audience": "https://records.import.example",
        "issuer_url": "https://records.import.example",
        "public_url": "http://localhost:8930",
        "region": "11640000MF00000007",
        "database_url": application,
        "owner_database_url": owner,
    }
    write_settings(folder / "recordsvc.toml", values)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECORDSVC_")}
    environ = kept | {"RECORDSVC_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    settings = Settings.load(environ)
    genesis.create(settings)
    seed = int(os.environ.get("RECORDSVC_TEST_SEED", "0")) or random.SystemRandom().getrandbits(32)
    sys.stdout.write(f"seed: RECORDSVC_TEST_SEED={seed}\n")
    return Importing(folder, settings, environ, tmp_path / "old.csv", [], random.Random(seed))


def killed_and_resumed(place: Importing, count: int, kills: int) -> None:
    """Import a file of so many rows, killed so often in each half."""
    house = place.house()
    try:
        house.db.write(lambda turn: demo.create_desk(turn, "640000"))
        office = Centre(house, 9, register=False).uscc
        place.people = ADULTS[:count]
        written(place.path, [old_row(n) for n in place.people])
        profile = {"institutions": {OFFICE: office}, "occupations": WELDER}
        (place.path.parent / "recordsvc-import-profile.json").write_text(json.dumps(profile), "utf-8")

        place.until(house, "proposed", kills)
        with house.db.read() as conn:
            (proposal,) = conn.scalars(sa.select(two_person.proposal.c.id)).all()
        decide(house, proposal)
        place.until(house, "done", kills)
        check(house, place)
    finally:
        house.close()


def check(house: House, place: Importing) -> None:
    """Each person has one record, of their own row; nothing else entered and nothing is left to enter."""
    rows = Counter()
    for n in place.people:
        worker_id = house.people.find("resident-id", person(n)["number"])
        assert worker_id is not None
        archive = Reader(house).archive(worker_id)
        assert archive is not None
        (entry,) = archive.entries
        assert entry.record is not None
        rows[entry.record["provenance"]["file"]["row"]] += 1
    assert rows == Counter(range(2, len(place.people) + 2))
    with house.db.read() as conn:
        run = conn.execute(sa.select(tables.import_run)).one()
        states = Counter(conn.scalars(sa.select(tables.import_row.c.state)))
        entries = conn.scalar(sa.select(sa.func.count()).select_from(tables.entry))
    assert (run.entered, run.refused, run.wrapped) == (len(place.people), 0, None)
    assert states == {"entered": len(place.people)}
    assert entries == len(place.people)
    assert fsck.fsck(house, offline=True).finding is None
    assert place.killed.total() > 0, "nothing was killed"
    sys.stdout.write(f"killed: {dict(place.killed)}\n")


@pytest.mark.long
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_an_import_that_was_killed_goes_on(place: Importing) -> None:
    """The short version: two kills in either half."""
    killed_and_resumed(place, 2_400, 2)


@pytest.mark.long
def test_an_import_that_is_killed_again_and_again_enters_each_row_once(place: Importing) -> None:
    """Ten kills in either half, on both databases."""
    killed_and_resumed(place, 6_000, 10)
    assert {"loading", "approved"} <= place.killed.keys()
