"""docs/threats.md names control, tests and mutants for each row of the threat list: all of them are there."""

import ast
import functools
import re
from pathlib import Path
from typing import Final

import pytest

from tests.faults import test_identity_mutants, test_mutants, test_threat_mutants

ROOT: Final = Path(__file__).parents[2]
ROWS: Final = (1, 2, 17, *range(20, 35), *range(45, 54), 56)
MUTANTS: Final = (
    *test_mutants.MUTANTS,
    *test_identity_mutants.MUTANTS,
    *test_threat_mutants.MUTANTS,
)
CODE: Final = re.compile(r"`([^`]+)`")


def table() -> dict[int, list[str]]:
    """Row of the list → its cells: attack, control, tests, mutants."""
    found: dict[int, list[str]] = {}
    for line in (ROOT / "docs" / "threats.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0].isdigit():
            assert int(cells[0]) not in found, line
            found[int(cells[0])] = cells[1:]
    return found


@functools.cache
def functions(path: str) -> frozenset[str]:
    """The tests of a file, as pytest names them."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_row_stands_in_the_table_once() -> None:
    assert tuple(sorted(table())) == ROWS
    assert all(len(cells) == 4 for cells in table().values())


@pytest.mark.parametrize("row", ROWS)
def test_controls_tests_and_mutants_of_a_row_are_there(row: int) -> None:
    _attack, control, tests, mutants = table()[row]
    places = [one for one in CODE.findall(control) if "/" in one]
    assert places
    assert [place for place in places if not (ROOT / place).exists()] == []

    nodes = CODE.findall(tests)
    assert nodes
    for node in nodes:
        path, name = node.split("::")
        assert name in functions(path), node

    named = [one for one in mutants.split("<br>") if one]
    assert named, "no mutant shows that a test of this row goes red"
    assert set(named) == {mutant.name for mutant in MUTANTS if mutant.row == row}


def hostile() -> list[str]:
    """The names of the hostile tokens, as their fixture makes them."""
    tree = ast.parse((ROOT / "tests/access/test_hostile_tokens.py").read_text("utf-8"))
    (made,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "hostile")
    (told,) = (node.value for node in made.body if isinstance(node, ast.Return))
    assert isinstance(told, ast.Dict)
    return [ast.literal_eval(key) for key in told.keys if key is not None]


def test_each_hostile_token_stands_in_one_line_of_the_table_with_tests_that_are_there() -> None:
    text = (ROOT / "docs" / "threats.md").read_text("utf-8")
    part = text.partition("## Hostile tokens")[2].partition("\n## ")[0]
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")][1:]
        for line in part.splitlines()
        if line.startswith("| ") and "::" in line
    ]
    named = [case for cases, _tests in lines for case in cases.split("; ")]
    assert sorted(named) == sorted(hostile())
    for node in CODE.findall(part):
        path, _, name = node.partition("::")
        assert not name or name in functions(path), node


def test_mutants_have_names_of_their_own() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names)


def test_a_mutants_test_is_there() -> None:
    """The files exist; that the rest selects something, the long tests show: nothing collected is no red."""
    for mutant in MUTANTS:
        paths = [word for word in mutant.test.split() if word.endswith(".py")]
        assert paths, mutant.name
        assert [path for path in paths if not (ROOT / path).exists()] == [], mutant.name
