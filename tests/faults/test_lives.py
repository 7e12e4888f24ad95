"""docs/lives.md names tests for each thing that an archive has to survive: all of them are there."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.faults.test_threats import CODE, functions

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "docs" / "lives.md").read_text("utf-8")
ROWS: Final = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if re.match(r"\| \d+ \|", line)
]


def test_the_rows_are_numbered_without_a_gap() -> None:
    assert [int(cells[0]) for cells in ROWS] == list(range(1, 48))
    assert all(len(cells) == 3 for cells in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[cells[0] for cells in ROWS])
def test_the_tests_of_a_row_are_there(row: list[str]) -> None:
    nodes = CODE.findall(row[2])
    assert nodes
    for node in nodes:
        path, name = node.split("::")
        assert name in functions(path), node
