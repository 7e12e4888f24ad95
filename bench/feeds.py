"""Feeds: items written from consents, and a batch pulled, beside reading the same rows out of the database.

What a pull does besides reading is opening each record, its salted digest, and for each consent the use, the
event, the row of who looked and the notice, all durable before the first byte. The limit reads the same rows,
ciphertexts with them, and does nothing with them: COPY on PostgreSQL, a bare cursor of sqlite3 on SQLite.
"""

import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.figures import Row
from bench.region import SCHOOL, Region, feed_client, person, region
from recordsvc.access import consents
from recordsvc.access.consents import Wanted
from recordsvc.access.grants import Actor, Kind
from recordsvc.archive import feed, submission
from recordsvc.exports.following import Feeds
from recordsvc.exports.pulling import Puller
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.submit import sign

WORKERS: Final = 5_000
PAGE: Final = 1_000
YEAR_MS: Final = 365 * 86_400_000
SAME: Final = (
    "SELECT i.*, e.*, c.* FROM export_item i JOIN entry e ON e.worker_id = i.worker_id "
    "JOIN record_ciphertext c ON c.worker_id = e.worker_id AND c.seq = e.seq"
)
ORDERED: Final = (
    "SELECT p.*, e.*, c.* FROM place p JOIN entry e ON e.worker_id = p.worker_id AND e.seq = p.seq "
    "JOIN record_ciphertext c ON c.worker_id = e.worker_id AND c.seq = e.seq ORDER BY p.idx"
)


def rows(kind: str, rounds: int) -> Iterator[Row]:
    """Measure a region of workers who all share one certificate with one bank."""
    with region(kind) as place:
        bank = feed_client(place)
        _share(place, bank)
        begun = time.perf_counter()
        Feeds(place.house).run()
        written = WORKERS / (time.perf_counter() - begun)
        yield Row(f"items of {WORKERS:,} consents written", kind, written, "items/s")
        limit = "the database reading the same rows"
        pulled, bare = _in_turn(rounds, lambda: _pull(place, bank), lambda: _read(place, SAME))
        yield Row("own feed of a bank, with its traces", kind, pulled, "items/s", None, limit, bare)
        walked, bare = _in_turn(rounds, lambda: _walk(place), lambda: _read(place, ORDERED))
        yield Row("ordered feed of the region", kind, walked, "entries/s", None, limit, bare, "≥ 30 %")


def _share(place: Region, bank: str) -> None:
    house, today = place.house, beijing_date(place.clock.now_ms())
    body: dict[str, Any] = {
        "assessed_on": today.isoformat(),
        "occupation": {"catalogue": "nx-excavator", "name": "挖掘机操作"},
        "organisation": {"name": "基准职业培训学校", "uscc": SCHOOL},
    }
    for start in range(0, WORKERS, PAGE):
        signed, ids = [], []
        for n in range(start, start + PAGE):
            certificate = {"certificate": {"issued_on": today.isoformat(), "number": f"ZX-{n:08}"}}
            ids.append(sign.new_record_id(place.clock, place.random))
            signed.append(
                sign.make_record(
                    place.to,
                    "skill-certificate",
                    person(n),
                    body | certificate,
                    record_id=ids[-1],
                    salt=sign.new_salt(place.random),
                    issued_on=today,
                )
            )
        answer = house.admission.submit(SCHOOL, submission.read_ndjson(place.batch(signed)))
        if any(row.status != "accepted" for row in answer.rows):
            raise RuntimeError("the benchmark's own records were not accepted")
        found = [
            house.people.find("resident-id", str(person(n)["number"])) for n in range(start, start + PAGE)
        ]

        def give(turn: Turn, found: list[bytes | None] = found, ids: list[Any] = ids) -> None:
            for worker_id, record_id in zip(found, ids, strict=True):
                if worker_id is None:
                    raise RuntimeError("the benchmark's own worker has no archive")
                wanted = Wanted(
                    f"client:{bank}",
                    (record_id.bytes,),
                    "credit-recognition",
                    consents.WHOLE_TEXT,
                    turn.now_ms + YEAR_MS,
                    None,
                )
                consents.give(turn, house.log, house.random, lambda data: data, worker_id, wanted, "bench")

        house.db.write(give)


def _pull(place: Region, bank: str) -> int:
    (receiver,) = (one for one in Feeds(place.house).all() if one.client_id == bank)
    puller = Puller(place.house, Actor(Kind.CLIENT, bank, scopes=frozenset({"exports"})), "bench")
    batch = puller.batch(receiver, None, None)
    # Header and manifest stand around the items.
    return sum(1 for _line in puller.stream(batch)) - 2


def _walk(place: Region) -> int:
    after, told = -1, 0
    while True:
        entries, reached = feed.entries(place.house, after, PAGE)
        if reached == after:
            return told
        after, told = reached, told + len(entries)


def _read(place: Region, query: str) -> int:
    url = place.house.settings.database_url
    if url.startswith("sqlite"):
        conn = sqlite3.connect(Path(url.removeprefix("sqlite:///")))
        try:
            return sum(1 for _row in conn.execute(query))
        finally:
            conn.close()
    count = 0
    # As text, a row at a time, as whoever fills a file with it would.
    copying = f"COPY ({query}) TO STDOUT".encode()
    with (
        psycopg.connect(url.replace("+psycopg", "")) as pg,
        pg.cursor() as cursor,
        cursor.copy(copying) as copy,
    ):
        for _row in copy.rows():
            count += 1
    return count


def _in_turn(rounds: int, ours: Callable[[], int], theirs: Callable[[], int]) -> tuple[float, float]:
    """Return the median rates of both, measured in turn."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for rates, one in zip(found, (ours, theirs), strict=True):
            begun = time.perf_counter()
            count = one()
            rates.append(count / (time.perf_counter() - begun))
    return statistics.median(found[0]), statistics.median(found[1])
