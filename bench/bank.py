"""A batch of 1,000 payments as pain.001, built and held against the published schema."""

import datetime as dt
import statistics
import time
from collections.abc import Iterator
from typing import Final

from bench.figures import Row
from recordsvc.ground.ports import beijing_ms
from recordsvc.money.bank.formats.iso import Iso
from recordsvc.money.bank.formats.model import Account, Batch, Order

_DAY: Final = dt.date(2026, 11, 30)
_BANK: Final = "105871000019"
_COUNT: Final = 1_000
ASKED_MS: Final = 150.0


def rows(rounds: int) -> Iterator[Row]:
    """Yield the median of some rounds, in milliseconds of processor time, beside what was asked for."""
    orders = tuple(
        Order(
            f"E{n:08d}",
            150_000 + n,
            Account(f"{6_000_000_000_000_000_000 + n}", f"马{chr(0x4E00 + n)}", _BANK),
            "补贴",
        )
        for n in range(_COUNT)
    )
    batch = Batch(
        "BENCH-1", beijing_ms(_DAY), _DAY, Account("640100000000000001", "样例市专户", _BANK), orders
    )
    adapter = Iso(_COUNT)
    adapter.write(batch)  # the schema is compiled once a process
    took = []
    for _ in range(rounds):
        start = time.process_time()
        adapter.write(batch)
        took.append((time.process_time() - start) * 1_000)
    middle = statistics.median(took)
    yield Row(
        "pain.001 of 1,000 payments, checked, built and validated",
        "-",
        middle,
        "ms",
        limit="asked, ms",
        limit_value=ASKED_MS,
        reach=f"≤ {ASKED_MS:.0f} ms",
    )
