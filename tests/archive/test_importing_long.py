"""A workbook of 100,000 rows: it is taken whole, and what the import holds does not grow with the rows.

SQLite keeps pages of its file in memory, up to its `cache_size` for each connection; here that is set small,
so that what would grow beside it shows.
"""

import gc
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from openpyxl import Workbook

from recordsvc.archive import importing
from recordsvc.archive.importing import Importer
from recordsvc.ground import sqlite
from recordsvc.house import House
from tests.archive.test_importing import HEADINGS, decide, old_row, papers, plan_of

ROWS = 100_000
MIB = 1024 * 1024
GROWTH = 24 * MIB
"""What may come between a fifth of the way and the end: allocators keep some."""


@pytest.fixture(autouse=True)
def _small_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"cache_size": "-4096", "mmap_size": "0"}
    pragmas = tuple((name, small.get(name, value)) for name, value in sqlite.SQLITE_PRAGMAS)
    monkeypatch.setattr(sqlite, "SQLITE_PRAGMAS", pragmas)


def resident() -> int:
    """Bytes of this process's own memory, mapped files apart."""
    gc.collect()
    with Path("/proc/self/smaps_rollup").open(encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:"))


def grown(steps: Iterable[int]) -> int:
    """How much memory came from a fifth of the way to the end of what yields how many rows it took."""
    early, now = 0, 0
    for taken in steps:
        now = taken
        if not early and now >= ROWS // 5:
            early = resident()
    assert now >= ROWS * 9 // 10
    return resident() - early


def running(counts: Iterable[int]) -> Iterable[int]:
    """Sums so far."""
    total = 0
    for count in counts:
        total += count
        yield total


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of the process from /proc")
def test_a_workbook_of_100_000_rows_enters_in_constant_memory(house: House, tmp_path: Path) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEADINGS)
    for n in range(ROWS):
        sheet.append(old_row(n))
    book.save(tmp_path / "old.xlsx")
    del book, sheet
    file = papers(house, tmp_path / "old.xlsx")
    plan = plan_of(file)
    wanted = importing.run_id(house, plan)

    began = time.monotonic()
    loading = grown(importing.load(house, plan, file.rows()))
    loaded_s = time.monotonic() - began
    decide(house, house.db.write(lambda turn: importing.propose(turn, wanted, plan)))
    began = time.monotonic()
    entering = grown(running(Importer(house).enter(wanted)))
    entered_s = time.monotonic() - began

    sys.stdout.write(
        f"judged in {loaded_s:.0f} s, entered in {entered_s:.0f} s, {loading}, {entering} bytes\n"
    )
    run = importing.find(house, wanted)
    assert run is not None
    assert (run.state, run.ready + run.refused, run.entered) == ("done", ROWS, run.ready)
    assert run.entered > ROWS * 95 // 100
    assert max(loading, entering) < GROWTH
