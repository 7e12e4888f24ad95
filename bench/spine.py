"""The rows of the speed table: the service itself, through HTTP, with commit and proof, beside its limits."""

import json
import random
import statistics
import time
from collections.abc import Iterator, Sequence

from bench import beside, limits, looking
from bench.client import Loader, loading, request
from bench.figures import Row, Waits, middle
from bench.region import SCHOOL, Region, region
from bench.servers import Server, serving
from recordsvc import anchor
from recordsvc.archive import bundle, submission
from recordsvc.archive.verify import verify_bundle

CLIENTS = 16
BATCH_CLIENTS = 4
NDJSON = "application/x-ndjson"
ARCHIVE = 40
OWNERS = 64


def rows(kind: str, seconds: float, rounds: int, workers: int, checks: limits.Checking) -> Iterator[Row]:
    """Measure one database: `workers` people stand in the archive before anything is measured."""
    with region(kind) as place:
        place.fill(0, workers)
        with serving("wsgi:app", environ=place.environ, probe="/healthz") as server:
            yield _start_row(kind, place)
            with loading(server.port) as loader:
                yield from _measure(kind, place, loader, seconds, rounds, workers, checks)
                yield _beside_row(kind, place, server, loader, rounds, workers)


def _measure(
    kind: str,
    place: Region,
    loader: Loader,
    seconds: float,
    rounds: int,
    workers: int,
    checks: limits.Checking,
) -> Iterator[Row]:
    pick = random.Random(1)
    yield from _batches(kind, place, loader, rounds, workers, checks, pick)
    yield from _singles(kind, place, loader, seconds, rounds, workers, pick)
    yield from _archives(kind, place, loader, seconds, rounds, workers)
    numbers = [_number(n) for n in range(min(workers, looking.WORKERS))]
    yield from looking.rows(kind, place, loader, seconds, rounds, numbers, CLIENTS)
    yield _bundle_row(kind, place, workers, checks)


# -- batches


def _batches(
    kind: str,
    place: Region,
    loader: Loader,
    rounds: int,
    workers: int,
    checks: limits.Checking,
    pick: random.Random,
) -> Iterator[Row]:
    def bodies(count: int, size: int, *, each: bool) -> list[bytes]:
        made = []
        for _ in range(count):
            records = place.records([pick.randrange(workers) for _ in range(size)])
            made.append(place.each(records) if each else place.batch(records))
        return made

    reach = {"sqlite": "≥ 6,000/s", "postgresql": "≥ 8,000/s"}[kind]
    ones: dict[int, Waits] = {}
    for size, count in ((1_000, 12), (5_000, 4)):
        ones[size] = middle(
            [
                send(place, loader, bodies(count, size, each=False), "/v1/batches", BATCH_CLIENTS, NDJSON)
                for _ in range(rounds)
            ]
        )
        yield Row(
            f"batch of {size:,} under one signature",
            kind,
            ones[size].rate * size,
            "records/s",
            ones[size],
            reach=reach,
        )
    eaches = middle(
        [
            send(place, loader, bodies(8, 1_000, each=True), "/v1/batches", BATCH_CLIENTS, NDJSON)
            for _ in range(rounds)
        ]
    )
    limit = 1 / (1 / checks.all_cores + 1 / (ones[1_000].rate * 1_000))
    yield Row(
        "batch of 1,000, one signature each",
        kind,
        eaches.rate * 1_000,
        "records/s",
        eaches,
        "1/(1/V + 1/B)",
        limit,
        "≥ 4,000/s and ≥ 75 %",
    )


def _beside_row(kind: str, place: Region, server: Server, loader: Loader, rounds: int, workers: int) -> Row:
    pick, size = random.Random(4), 1_000

    def batches() -> Waits:
        bodies = [
            place.batch(place.records([pick.randrange(workers) for _ in range(size)])) for _ in range(12)
        ]
        return send(place, loader, bodies, "/v1/batches", BATCH_CLIENTS, NDJSON)

    alone, disturbed = [], []
    for _ in range(rounds):
        alone.append(batches())
        with beside.reading(server.port, token(place, loader, place.receiver_id), place.proof) as done:
            disturbed.append(batches())
    return beside.row(kind, size, middle(disturbed), middle(alone), done)


def send(
    place: Region, loader: Loader, bodies: Sequence[bytes], path: str, clients: int, media: str
) -> Waits:
    """Post each body once."""
    headers = {"Authorization": f"Bearer {token(place, loader)}", "Content_Type": media}
    requests = [request("POST", path, body, **headers) for body in bodies]
    return loader.round(requests, clients=clients, expect=(201,)).waits


def token(place: Region, loader: Loader, client_id: str = "") -> str:
    """Fetch an access token."""
    bound = {"DPoP": place.proof("POST", "/oauth/token")} if client_id else {}
    form = "application/x-www-form-urlencoded"
    asked = request("POST", "/oauth/token", place.assertion(client_id), Content_Type=form, **bound)
    return str(json.loads(loader.round([asked]).last_body)["access_token"])


# -- single records


WAYS = {"each": "each request alone", "group": "requests together"}


def _singles(
    kind: str, place: Region, loader: Loader, seconds: float, rounds: int, workers: int, pick: random.Random
) -> Iterator[Row]:
    from recordsvc.submit import sign

    def posts(count: int) -> list[bytes]:
        return [sign.single_body(place.key, place.record(pick.randrange(workers))) for _ in range(count)]

    with limits.bare_commits(kind) as bare:
        for clients, count, reach in ((1, 200, "p50 ≤ 10 ms"), (CLIENTS, 1_600, "≥ 50 %, worst ≤ 0.5 s")):
            ours: list[Waits] = []
            theirs: dict[str, list[Waits]] = {way: [] for way in bare}
            for _ in range(rounds):
                ours.append(send(place, loader, posts(count), "/v1/records", clients, "application/json"))
                for way, one in bare.items():
                    theirs[way].append(limits.commit_round(one, clients, seconds))
            waits = middle(ours)
            # The harder limit is the one to reach; beside it the same server without shared commits.
            found = sorted(((middle(rates).rate, way) for way, rates in theirs.items()), reverse=True)
            for (limit, way), asked in zip(found, (reach, ""), strict=True):
                yield Row(
                    f"single POST with receipt, {clients} client{'s'[: clients - 1]}",
                    kind,
                    waits.rate,
                    "records/s",
                    waits,
                    f"bare WSGI + durable commit, {WAYS[way]}",
                    limit,
                    asked,
                )


# -- reading


def _archives(
    kind: str, place: Region, loader: Loader, seconds: float, rounds: int, workers: int
) -> Iterator[Row]:
    owners = list(range(workers, workers + OWNERS))
    for _ in range(ARCHIVE):
        records = place.records(owners)
        place.house.admission.submit(SCHOOL, submission.read_ndjson(place.each(records)))
    found = [place.house.people.find("resident-id", _number(n)) for n in owners]
    asked = [
        request("GET", "/v1/me/archive", Cookie=place.session(worker))
        for worker in found
        if worker is not None
    ]
    with limits.hello_json() as hello:
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(loader.round(asked, clients=CLIENTS, seconds=seconds).waits)
            theirs.append(limits.hello_round(hello, CLIENTS, seconds))
    waits, limit = middle(ours), middle(theirs)
    yield Row(
        f"archive of {ARCHIVE} entries, {CLIENTS} clients, {workers:,} workers",
        kind,
        waits.rate,
        "archives/s",
        waits,
        "hello-JSON",
        limit.rate,
        "≥ 20 %",
    )
    alone = middle([loader.round(asked, clients=1, seconds=seconds).waits for _ in range(rounds)])
    yield Row(
        f"archive of {ARCHIVE} entries, alone", kind, alone.rate, "archives/s", alone, reach="p99 ≤ 20 ms"
    )


def _number(n: int) -> str:
    from bench.region import person

    return str(person(n)["number"])


def _bundle_row(kind: str, place: Region, workers: int, checks: limits.Checking) -> Row:
    worker_id = place.house.people.find("resident-id", _number(workers))
    data = bundle.make(place.house, worker_id) if worker_id else None
    if data is None:
        raise RuntimeError("the benchmark's own worker has no archive")
    key = anchor.log_key(place.house)
    took, raw = [], []
    for _ in range(30):
        # In turn: both are a few milliseconds long, and a neighbour's burst must not hit one of them alone.
        raw.append(limits.check_for(checks.library, 0.02))
        begun = time.perf_counter()
        report = verify_bundle(data, [key], [], 0)
        took.append(time.perf_counter() - begun)
        if report.outcome.value:
            raise RuntimeError("the benchmark's own bundle does not verify")
    took.sort()
    waits = Waits.of([1000 * one for one in took], sum(took))
    rate = ARCHIVE / took[len(took) // 2]
    return Row(
        f"bundle of {ARCHIVE} individually signed entries, verified offline",
        kind,
        rate,
        "entries/s",
        waits,
        f"raw {checks.library} checks",
        statistics.median(raw),
        "≥ 45 %",
    )


def _start_row(kind: str, place: Region) -> Row:
    took = []
    for _ in range(5):
        with serving("wsgi:app", environ=place.environ, probe="/healthz") as server:
            took.append(1000 * server.started_in)
    waits = Waits.of(took, sum(took) / 1000)
    return Row("start to first answer", kind, waits.median_ms / 1000, "s", waits, reach="≤ 1 s")
