"""`python -m bench`: measure, print a Markdown table, keep the figures in `bench/results/latest.json`."""

import argparse
import dataclasses
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg

from bench import bank, feeds, growth, ledger, limits, paper, rules, signing, spine
from bench.figures import Row, Waits, markdown, middle, number
from bench.servers import databases

RESULTS = Path(__file__).parent / "results"
DATABASES = ("sqlite", "postgresql")
CLIENTS = 16


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--database", choices=DATABASES, action="append", help="only this one (default: both)"
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one round")
    parser.add_argument("--workers", type=int, default=100_000, help="people in the archive beforehand")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of which the median counts")
    parser.add_argument(
        "--large", action="store_true", help="only single POSTs at 10^3, 10^5 and 10^6 entries (many minutes)"
    )
    chosen = parser.parse_args()
    rows = []
    kinds = tuple(chosen.database or DATABASES)
    measured = (
        (row for kind in kinds for row in growth.rows(kind, chosen.rounds))
        if chosen.large
        else measure(kinds, chosen.seconds, chosen.rounds, chosen.workers)
    )
    for row in measured:
        rows.append(row)
        print(f"  {row.what} ({row.database}): {number(row.value)} {row.unit}", file=sys.stderr, flush=True)
    about = surroundings()
    print(markdown(rows))
    print("\n" + ", ".join(f"{name} {value}" for name, value in about.items()))
    RESULTS.mkdir(exist_ok=True)
    kept = {"about": about, "rows": [dataclasses.asdict(row) | {"ratio": row.ratio} for row in rows]}
    (RESULTS / ("large.json" if chosen.large else "latest.json")).write_text(
        json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8"
    )


def measure(kinds: tuple[str, ...], seconds: float, rounds: int, workers: int) -> Iterator[Row]:
    """Yield the rows one after another, limits first."""
    checking = limits.checking(seconds)
    yield Row(f"limit: {checking.library} Ed25519 check, one process", "-", checking.one_process, "/s")
    yield Row(f"limit: {checking.library} Ed25519 check, all cores", "-", checking.all_cores, "/s")
    with limits.hello_json() as loader:
        waits = limits.steady(lambda: limits.hello_round(loader, CLIENTS, seconds), rounds)
        yield _row(f"limit: hello-JSON, {CLIENTS} clients", "-", waits)
    yield from bank.rows(rounds)
    yield from rules.rows(rounds)
    yield from signing.rows()
    yield from paper.rows(rounds)
    for kind in kinds:
        yield from _commit_limits(kind, seconds, rounds)
        yield from ledger.rows(kind, rounds)
        yield from feeds.rows(kind, rounds)
        yield from spine.rows(kind, seconds, rounds, workers, checking)


def _commit_limits(kind: str, seconds: float, rounds: int) -> Iterator[Row]:
    with limits.bare_commits(kind) as loaders:
        for clients in (1, CLIENTS):
            # In turn, so that a neighbour's burst hits both ways alike.
            measured: dict[str, list[Waits]] = {way: [] for way in loaders}
            for _ in range(rounds):
                for way, loader in loaders.items():
                    measured[way].append(limits.commit_round(loader, clients, seconds))
            for way, waits in measured.items():
                name = f"limit: bare WSGI + durable commit ({way}), {clients} client{'s'[: clients - 1]}"
                yield _row(name, kind, middle(waits))


def _row(what: str, database: str, waits: Waits) -> Row:
    return Row(what, database, waits.rate, "requests/s", waits)


def surroundings() -> dict[str, str]:
    """What the figures were taken on."""
    with databases("postgresql") as url, psycopg.connect(url.replace("+psycopg", "")) as connection:
        server_version = connection.info.server_version
    return {
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "PostgreSQL": f"{server_version // 10_000}.{server_version % 10_000}",
        "cores": str(os.cpu_count()),
        "machine": f"{platform.system()} {platform.machine()}",
    }


if __name__ == "__main__":
    main()
