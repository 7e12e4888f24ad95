"""SIGKILL of the whole service while papers are filed: what was acknowledged opens, what was not is nowhere.

An object that a kill left without its row is served by no door; the sweep of the background work removes it.
"""

import hashlib
import json
import os
import random
import threading
import time
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from recordsvc import fsck
from recordsvc.archive import papers, tables
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House, open_house
from tests.archive.paperfiles import multipart, png
from tests.faults.processes import Installation, ask
from tests.faults.test_kill import place, say, server
from tests.postgresql import PostgresServer

__all__ = ["place", "server"]

ROUNDS = 8
CLIENTS = 4


class Filing:
    """Clients that file papers of the centre until they are cut off: acknowledged ids by the file's hash."""

    def __init__(self, place: Installation, start: int, clients: int = CLIENTS) -> None:
        self._place = place
        self._token = place.token()
        self._next = start
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.sent: dict[str, bytes] = {}
        self.acknowledged: dict[str, str] = {}
        self.refused: list[int] = []
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                self._next += 1
                number = self._next
            # Files of several sizes: a kill may come while one is written.
            data = png(text=os.urandom(random.Random(number).randrange(1_000, 400_000)))
            if not self.file(data):
                return

    def file(self, data: bytes) -> bool:
        """File one paper; what became of it is kept, also where no answer came: then False."""
        digest = hashlib.sha256(data).hexdigest()
        self.sent[digest] = data
        form = multipart(data, "scan.png", kind="other")
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": str(form["content_type"])}
        body = form["data"]
        assert isinstance(body, bytes)
        try:
            answer = ask(self._place.port, "POST", "/v1/institution/papers", body, headers)
        except Exception:  # noqa: BLE001 - the server is killed on purpose: there is no answer
            return False
        if answer.status == 201:
            self.acknowledged[digest] = json.loads(answer.body)["paper_id"]
        elif answer.status not in (500, 503):
            self.refused.append(answer.status)
        return True

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def rows_of(house: House) -> set[str]:
    """The objects that rows name."""
    with house.db.read() as conn:
        return set(conn.execute(sa.select(tables.institution_paper.c.object)).scalars())


def check_opens(place: Installation, acknowledged: dict[str, str]) -> None:
    """Every acknowledged paper is listed once and its file is the one that was sent."""
    headers = {"Authorization": f"Bearer {place.token()}"}
    listed = json.loads(ask(place.port, "GET", "/v1/institution/papers", headers=headers).body)["items"]
    ids = {one["sha256"]: one["paper_id"] for one in listed}
    assert len(ids) == len(listed), "no file stands twice"
    assert acknowledged.items() <= ids.items()
    for digest, paper_id in acknowledged.items():
        answer = ask(place.port, "GET", f"/v1/institution/papers/{paper_id}", headers=headers)
        assert (answer.status, hashlib.sha256(answer.body).hexdigest()) == (200, digest)


def check_leftovers(place: Installation, house: House) -> int:
    """Objects without a row are served by no door, and swept once no turn can name them; how many."""
    named, there = rows_of(house), set(house.objects.names())
    assert named <= there, "no row without its object"
    left = there - named
    headers = {"Authorization": f"Bearer {place.token()}"}
    for name in left:
        answer = ask(place.port, "GET", f"/v1/institution/papers/{uuid.UUID(name)}", headers=headers)
        assert answer.status == 404
    return len(left)


def sweep(place: Installation, later_ms: int) -> int:
    """Sweep as the background work does once the time has come."""
    later = open_house(place.settings, FixedClock(int(time.time() * 1_000) + later_ms))
    try:
        return later.papers.sweep()
    finally:
        later.close()


def rounds(place: Installation, server: PostgresServer | None, count: int, longest_s: float) -> None:
    """File, kill, start, check; `count` times. At the end everything left over is swept, nothing else."""
    seed = int(os.environ.get("RECORDSVC_TEST_SEED", "0")) or random.SystemRandom().getrandbits(32)
    say(f"seed: RECORDSVC_TEST_SEED={seed}")
    pick = random.Random(seed)
    acknowledged: dict[str, str] = {}
    place.start()
    for n in range(count):
        filing = Filing(place, n * 1_000_000)
        deadline = time.monotonic() + pick.uniform(0.2, longest_s)
        # One institution may have so many papers: the kill comes while there is still room for all rounds.
        while time.monotonic() < deadline and len(filing.acknowledged) < papers.MOST // (count + 2):
            time.sleep(0.005)
        place.kill()
        if server is not None and n % 2:
            server.kill()
            server.start()
        filing.end()
        acknowledged |= filing.acknowledged
        unknown = {one: data for one, data in filing.sent.items() if one not in filing.acknowledged}
        place.start()
        assert filing.refused == []
        with place.house() as house:
            left = check_leftovers(place, house)
            check_opens(place, acknowledged)
            assert fsck.fsck(house).finding is None
        # What was never answered is filed again, once, whether or not its row had come that far.
        again = Filing(place, 0, clients=0)
        for data in unknown.values():
            again.file(data)
        acknowledged |= again.acknowledged
        check_opens(place, acknowledged)
        say(f"round {n}: {len(filing.acknowledged)} filed, {len(unknown)} unknown, {left} left over")
    with place.house() as house:
        left = check_leftovers(place, house)
        assert sweep(place, papers.SWEPT_MS // 2) == 0
        assert sweep(place, papers.SWEPT_MS + 600_000) == left
        assert set(house.objects.names()) == rows_of(house)
        assert fsck.fsck(house).finding is None
    check_opens(place, acknowledged)
    assert acknowledged


@pytest.mark.long
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_one_kill_while_papers_are_filed(place: Installation, server: PostgresServer | None) -> None:
    """The short version: one round."""
    rounds(place, server, 1, 0.8)


@pytest.mark.long
def test_kills_while_papers_are_filed(place: Installation, server: PostgresServer | None) -> None:
    """Eight rounds on the same data."""
    rounds(place, server, ROUNDS, 1.2)


def test_a_file_without_a_row_is_left_over_for_the_sweep_alone(tmp_path: Path) -> None:
    """What the rounds hope to meet, made by hand: an object, no row."""
    place = Installation(tmp_path / "data")
    with place.house() as house:
        name = house.papers._new_id().hex()
        house.objects.put(name, b"what a kill left")
        assert rows_of(house) == set()
        assert fsck.fsck(house).finding is None
        assert house.papers.sweep() == 0
    assert sweep(place, papers.SWEPT_MS + 600_000) == 1
    with place.house() as house:
        assert list(house.objects.names()) == []
