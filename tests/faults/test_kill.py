"""SIGKILL of the whole service under load, at random moments: nothing acknowledged is lost.

Witness, gunicorn with two workers and the background process die together while eight clients send. On
PostgreSQL the database server dies with them every other round.
"""

import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from recordsvc import anchor, fsck
from recordsvc.archive.contradiction import Verdict, compare
from recordsvc.archive.formats import EntryType
from recordsvc.ground.privileges import APPLICATION_ROLE, OWNER_ROLE
from recordsvc.house import House
from recordsvc.translog import tables
from tests.conftest import ROLES
from tests.faults.processes import Installation, Load, Sent, ask
from tests.postgresql import PostgresServer

ROUNDS = 10


@pytest.fixture
def server(dialect: str) -> Iterator[PostgresServer | None]:
    """A PostgreSQL of this test's own, that it may kill; None on SQLite."""
    if dialect == "sqlite":
        yield None
        return
    with PostgresServer() as running:
        running.execute("CREATE DATABASE killed TEMPLATE template0 ENCODING 'UTF8'")
        running.execute(ROLES.read_text("utf-8"), database="killed")
        yield running


@pytest.fixture
def place(server: PostgresServer | None, tmp_path: Path) -> Iterator[Installation]:
    urls = (server.url("killed", APPLICATION_ROLE), server.url("killed", OWNER_ROLE)) if server else ()
    made = Installation(tmp_path / "data", *urls)
    yield made
    made.kill()


def settle(place: Installation, unknown: list[Sent]) -> None:
    """Send again what was never answered: it is taken once, and the same receipt comes every time."""
    token = place.token()
    for sent in unknown:
        media = "application/x-ndjson" if sent.path.endswith("batches") else "application/json"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": media}
        sent.take(ask(place.port, "POST", sent.path, sent.body, headers), place.log_key)
        first = dict(sent.receipts)
        sent.take(ask(place.port, "POST", sent.path, sent.body, headers), place.log_key)
        assert sent.receipts == first
        sent.acknowledged_s = time.time()


def check_receipts(place: Installation, house: House, kept: list[Sent]) -> int:
    """Every receipt: the log of now continues it, and the service gives the same bytes again (a sample)."""
    token = place.token()
    receipts = [(record_id, text) for sent in kept for record_id, text in sent.receipts.items()]
    with house.db.read() as conn:
        for _id, text in receipts:
            assert compare(house.log, anchor.log_key(house), conn, text.encode()).verdict is Verdict.CONTINUED
    headers = {"Authorization": f"Bearer {token}"}
    for record_id, text in receipts[:: max(1, len(receipts) // 20)]:
        assert (
            ask(place.port, "GET", f"/v1/records/{record_id}/receipt", headers=headers).body == text.encode()
        )
    return len(receipts)


def check_positions(house: House) -> int:
    """The log has no gap, and each record stands once."""
    with house.db.read() as conn:
        own = tables.entry.c.idx
        count, first, last = conn.execute(
            sa.select(sa.func.count(), sa.func.min(own), sa.func.max(own))
        ).one()
        assert (first, last) == (0, count - 1)
        assert house.log.newest(conn).size == count
    return int(count)


def statements(house: House) -> int:
    """How many entries are statements of the service itself."""
    own, kind = tables.entry.c, EntryType.SERVICE
    stated = sa.select(sa.func.count()).where(own.data >= bytes((kind,)), own.data < bytes((kind + 1,)))
    with house.db.read() as conn:
        return int(conn.execute(stated).scalar_one())


def check_held(place: Installation, kept: list[Sent]) -> None:
    """What was told to wait still waits."""
    headers = {"Authorization": f"Bearer {place.token()}"}
    waiting = [record_id for sent in kept for record_id in sent.held]
    for record_id in waiting[-30:]:
        answer = ask(place.port, "GET", f"/v1/records/{record_id}", headers=headers)
        assert b'"held"' in answer.body, answer


def say(text: str) -> None:
    """Tell what happened; pytest shows it when the test fails, or with -s."""
    sys.stdout.write(f"{text}\n")


def rounds(place: Installation, server: PostgresServer | None, count: int, longest_s: float) -> None:
    """Load for at most so long, kill, start, check; `count` times."""
    seed = int(os.environ.get("RECORDSVC_TEST_SEED", "0")) or random.SystemRandom().getrandbits(32)
    say(f"seed: RECORDSVC_TEST_SEED={seed}")
    pick = random.Random(seed)
    kept: list[Sent] = []
    starts = []
    place.start()
    for n in range(count):
        with Load(place, pick) as load:
            time.sleep(pick.uniform(0.2, longest_s))
            place.kill()
            if server is not None and n % 2:
                server.kill()
                server.start()
        sent = load.all()
        unknown = [one for one in sent if not one.acknowledged_s]
        starts.append(place.start())
        with place.house() as house:
            known = [one for one in sent if one.acknowledged_s]
            check_receipts(place, house, known)
            settle(place, unknown)
            older = pick.sample(kept, min(40, len(kept)))
            kept += known + unknown
            # All of this round, some of earlier rounds; all of all rounds at the end.
            check_receipts(place, house, kept if n == count - 1 else older + unknown)
            check_held(place, kept)
            size = check_positions(house)
            if n % 3 == 2 or n == count - 1:
                report = fsck.fsck(house)
                assert report.finding is None, report.finding
        counts = f"{len(sent)} sent, {len(unknown)} unknown, {size} entries"
        say(f"round {n}: {counts}, ready after {starts[-1]:.1f} s")
    distinct = {record_id for one in kept for record_id in one.receipts}
    with place.house() as house:
        # The region's key and the centre's: the only entries that nobody was given a receipt for, beside what
        # the service states of its own books.
        assert check_positions(house) - statements(house) == len(distinct) + 2
    say(f"ready after {statistics.median(starts):.1f} s (median)")


@pytest.mark.long
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_one_kill_under_load(place: Installation, server: PostgresServer | None) -> None:
    """The short version: one round."""
    rounds(place, server, 1, 0.6)


@pytest.mark.long
def test_kills_under_load(place: Installation, server: PostgresServer | None) -> None:
    """Ten rounds on the same data."""
    rounds(place, server, ROUNDS, 3.0)
