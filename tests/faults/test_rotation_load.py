"""All four changes of key while the whole service is under load: nobody is refused, every receipt holds.

Witness, gunicorn with two workers and the background process run as they do in production; clients submit
and read all the time; the commands are the ones that docs/keys.md tells people to type.
"""

import itertools
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from recordsvc import anchor, fsck
from recordsvc.archive import rewrap
from recordsvc.archive.contradiction import Verdict, compare
from recordsvc.ground.privileges import APPLICATION_ROLE, OWNER_ROLE
from recordsvc.people import tables as people_tables
from recordsvc.translog.checkpoint import open_checkpoint
from tests.conftest import ROLES
from tests.faults import processes
from tests.faults.processes import ROOT, Installation, Load, Maker, Sent, ask
from tests.postgresql import PostgresServer

pytestmark = pytest.mark.long
CLIENTS = 3
PAUSE_S = 0.15
"""Between the requests of one client: an unbounded load would sooner or later have too many records held."""
PATIENCE_S = 120


class Place(Installation):
    """An installation that keeps no backups, so that an old wrapping key may go at once."""

    @property
    def environ(self) -> dict[str, str]:
        return super().environ | {"RECORDSVC_BACKUP_DAYS": "0"}

    def keys(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Type a command."""
        command = [sys.executable, "-m", "recordsvc", "keys", *words]
        return subprocess.run(
            command,
            check=False,
            env=self.environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )

    def rotate(self, kind: str) -> str:
        done = self.keys("rotate", kind)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def finish(self, kind: str) -> str:
        """Repeat until nothing needs the older key; what was said at the first refusal."""
        first = ""
        for _try in itertools.count():
            done = self.keys("finish", kind)
            if done.returncode == 0:
                return first
            assert done.returncode == 2, (done.stdout, done.stderr)
            first = first or done.stderr
            assert _try < PATIENCE_S, done.stderr
            time.sleep(0.3)
        raise AssertionError

    def kill_background_work(self) -> None:
        """SIGKILL, and a new one in its place."""
        self.processes[2].kill()
        self.processes[2].wait(30)
        with (self.folder / "work.log").open("ab") as log:
            self.processes[2] = subprocess.Popen(
                self.commands()[2],
                env=self.environ,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=self.processes[0].pid,
            )


class StrictLoad(Load):
    """A load in which every request must succeed; `failures` holds what did not."""

    def __init__(self, place: Place, pick: random.Random) -> None:
        super().__init__(place, pick, CLIENTS)
        self.failures: list[Any] = []
        self.log_keys: list[str] = [place.log_key]
        self.read = 0
        self.tokens = [self._token]
        self._taken: list[str] = []
        self._threads += [threading.Thread(target=self._reader), threading.Thread(target=self._renewer)]

    def _client(self, pick: random.Random) -> None:
        maker = Maker(self.place, pick)
        try:
            while not self._stop.wait(PAUSE_S):
                sent = maker.request()
                # Old tokens and new ones, as machines hold them that renew at their own time.
                headers = {"Authorization": f"Bearer {pick.choice(self.tokens)}"}
                headers["Content-Type"] = maker.media(sent)
                answer = ask(self.place.port, "POST", sent.path, sent.body, headers)
                if answer.status not in (200, 201, 202):
                    self.failures.append((answer.status, answer.body))
                    continue
                sent.take(answer, self.log_keys)  # type: ignore[arg-type]
                sent.acknowledged_s = time.time()
                self.sent.put(sent)
                self._taken.extend(sent.receipts)
        except Exception as error:  # noqa: BLE001 - a client that breaks off is a failed request
            self.failures.append(repr(error))

    def _reader(self) -> None:
        """Read receipts, the key set, and the checkpoint, all the time."""
        pick = random.Random(1)
        try:
            while not self._stop.wait(PAUSE_S / 3):
                paths = ["/oauth/jwks.json", "/log/checkpoint"]
                if self._taken:
                    paths.append(f"/v1/records/{pick.choice(self._taken)}/receipt")
                for path in paths:
                    headers = {"Authorization": f"Bearer {pick.choice(self.tokens)}"}
                    answer = ask(self.place.port, "GET", path, headers=headers if "/v1/" in path else {})
                    self.read += 1
                    if answer.status != 200:
                        self.failures.append((path, answer.status, answer.body))
        except Exception as error:  # noqa: BLE001 - as above
            self.failures.append(repr(error))

    def _renewer(self) -> None:
        try:
            while not self._stop.wait(0.5):
                self.tokens.append(self.place.token())
        except Exception as error:  # noqa: BLE001 - as above
            self.failures.append(repr(error))


@pytest.fixture
def server(dialect: str) -> Iterator[PostgresServer | None]:
    if dialect == "sqlite":
        yield None
        return
    with PostgresServer() as running:
        running.execute("CREATE DATABASE rotated TEMPLATE template0 ENCODING 'UTF8'")
        running.execute(ROLES.read_text("utf-8"), database="rotated")
        yield running


@pytest.fixture
def place(server: PostgresServer | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    # So many that new people come all the time.
    monkeypatch.setattr(processes, "PEOPLE", 20_000)
    urls = (server.url("rotated", APPLICATION_ROLE), server.url("rotated", OWNER_ROLE)) if server else ()
    made = Place(tmp_path / "data", *urls)
    yield made
    made.kill()


def newest_note(place: Place) -> str:
    with place.house() as house, house.db.read() as conn:
        return house.log.newest(conn).note


def test_all_keys_change_under_load_and_nobody_is_refused(place: Place) -> None:
    place.start()
    first = place.log_key
    with StrictLoad(place, random.Random(7)) as load:
        time.sleep(2)

        place.rotate("pepper")
        place.kill_background_work()
        place.finish("pepper")
        time.sleep(1)

        place.rotate("wrapping")
        place.kill_background_work()
        place.finish("wrapping")
        time.sleep(1)

        said = place.rotate("token")
        assert "token-2" in said
        held = len(load.tokens)
        assert "may be valid for" in place.keys("finish", "token").stderr
        assert len(orjson.loads(ask(place.port, "GET", "/oauth/jwks.json").body)["keys"]) == 2
        time.sleep(2)

        load.log_keys = [first, vkey_in(place.rotate("log"))]
        second = load.log_keys[1]
        time.sleep(1)
        note = newest_note(place)
        assert open_checkpoint(note, first).checkpoint == open_checkpoint(note, second).checkpoint
        refused = place.keys("finish", "log")
        assert (refused.returncode, second in refused.stderr) == (2, True), refused.stderr
        place._witness(
            "add-log", "--store", str(place.folder / "witness"), "--origin", second.split("+")[0], second
        )
        place.finish("log")
        time.sleep(2)
    assert load.failures == []
    sent = load.all()
    assert len(load.tokens) > held
    check(place, sent, first, second)
    sys.stdout.write(f"{len(sent)} requests, {load.read} reads, {len(load.tokens)} tokens: none refused\n")


def vkey_in(said: str) -> str:
    return next(word for word in said.split() if word.count("+") >= 2)


def check(place: Place, sent: list[Sent], first: str, second: str) -> None:
    """Every receipt of before, during and after; every row; the witness goes on with the new key."""
    receipts = [text for one in sent for text in one.receipts.values()]
    assert receipts
    token = place.token()
    with place.house() as house:
        assert [key.vkey() for key in anchor.log_keys(house)] == [second, first]
        with house.db.read() as conn:
            for text in receipts:
                verdict = compare(house.log, anchor.log_keys(house), conn, text.encode()).verdict
                assert verdict is Verdict.CONTINUED
            peppers = sa.select(people_tables.blind_index.c.pepper).distinct()
            assert list(conn.execute(peppers).scalars()) == [2]
            assert rewrap.needing(conn, 2) == {}
        for one in sent[:: max(1, len(sent) // 30)]:
            for record_id, text in one.receipts.items():
                headers = {"Authorization": f"Bearer {token}"}
                path = f"/v1/records/{record_id}/receipt"
                assert ask(place.port, "GET", path, headers=headers).body == text.encode()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with house.db.read() as conn:
                newest = house.log.newest(conn)
                cosigned, lines = house.log.cosigned(conn, newest.size)
            if lines:
                break
            assert time.monotonic() < deadline, place.output()
            time.sleep(0.1)
        assert open_checkpoint(cosigned.note, second).checkpoint.size == newest.size
        report = fsck.fsck(house)
        assert report.finding is None, report.finding
    left = {path.name for path in (place.folder / "keys").iterdir()}
    assert not left & {"pepper-1.key", "master.key", "holding.key", "log.key"}
