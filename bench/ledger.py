"""Holds on a budget line: many in one transaction and one by one, beside the statements none can do without.

The limit moves a guarded balance by a conditional UPDATE and inserts one row, in the same database and number
of transactions, and nothing else: no id known again, no chain over rows, no group, no place in a journal.
"""

import functools
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Final

import psycopg
import sqlalchemy as sa

from bench.figures import Row
from bench.servers import databases
from recordsvc import schema
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.money.ledger import accounts, booking
from recordsvc.money.ledger.accounts import Account
from recordsvc.money.ledger.values import Posting, hold, move
from tests.conftest import ROLES

TOGETHER: Final = 10_000
ALONE: Final = 200
_UPDATE: Final = sa.text("UPDATE bare_line SET held = held + 1 WHERE id = 1 AND funds - held >= 1")
_INSERT: Final = sa.text(
    "INSERT INTO bare_hold (id, source, target, amount) VALUES (:id, 'line', 'spent', 1)"
)


def rows(kind: str, rounds: int) -> Iterator[Row]:
    """Yield holds a second, both ways, with the limit of the same run."""
    with databases(kind) as url:
        # One connection speaks for the owner and for the service: what is measured is the same.
        if kind != "sqlite":
            _roles(url)
        schema.upgrade(url)
        database = Database(url)
        _begin(database)
        try:
            yield _row(kind, "in one transaction", *_measured(database, rounds, TOGETHER, TOGETHER))
            yield _row(kind, "one by one", *_measured(database, rounds, ALONE, 1))
        finally:
            database.close()


def _roles(url: str) -> None:
    """Make the service's roles, as the tests do: the schema grants to them."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as conn:
        conn.execute(ROLES.read_text("utf-8").encode())


def _begin(database: Database) -> None:
    def begin(turn: Turn) -> None:
        for name, guard in (("source", False), ("line", True), ("spent", False)):
            accounts.open_account(turn, Account(name, "BUDGET", name, name, guard=guard), "bench")
        booking.book(turn, Posting("begin", (move("source", "line", 10**12),), "allot", "bench"))
        conn = turn.conn
        conn.exec_driver_sql("CREATE TABLE bare_line (id INTEGER PRIMARY KEY, funds BIGINT, held BIGINT)")
        conn.exec_driver_sql(
            "CREATE TABLE bare_hold (id VARCHAR(120) PRIMARY KEY, source VARCHAR(120), target VARCHAR(120), "
            "amount BIGINT)"
        )
        conn.exec_driver_sql("INSERT INTO bare_line VALUES (1, 1000000000000, 0)")

    database.write(begin)


def _measured(database: Database, rounds: int, count: int, portion: int) -> tuple[float, float]:
    """Return holds a second of the ledger and of the bare statements, `portion` in a transaction."""
    ours, bare = [], []
    for n in range(rounds):
        names = [f"b{portion}-{n}-{i}" for i in range(count)]
        some = [names[start : start + portion] for start in range(0, count, portion)]
        # In turn, so that a neighbour's burst hits both ways alike.
        ours.append(count / _took(database, some, _hold))
        bare.append(count / _took(database, some, _bare))
    return statistics.median(ours), statistics.median(bare)


def _took(database: Database, portions: list[list[str]], act: Callable[[list[str], Turn], None]) -> float:
    start = time.perf_counter()
    for names in portions:
        database.write(functools.partial(act, names))
    return time.perf_counter() - start


def _hold(names: list[str], turn: Turn) -> None:
    booking.book_all(turn, [Posting(one, (hold("line", "spent", 1),), "accept", "bench") for one in names])


def _bare(names: list[str], turn: Turn) -> None:
    for one in names:
        turn.conn.execute(_UPDATE)
        turn.conn.execute(_INSERT, {"id": one})


def _row(kind: str, words: str, ours: float, bare: float) -> Row:
    limit = f"bare UPDATE and INSERT, {words}"
    return Row(f"holds on one budget line, {words}", kind, ours, "/s", limit=limit, limit_value=bare)
