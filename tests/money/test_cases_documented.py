"""The page of the money design's cases is true: each has tests, which are there, on both databases."""

import ast
import functools
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "money-cases.md"
NO_DATABASE: Final = frozenset({37, 44, 49})
"""Of these nothing is ever stored: text, arithmetic, what a rule says of any facts."""
_ROW: Final = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
_CASE: Final = re.compile(r"^test_case_(\d\d)_")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    """Yield the functions at the top of a file."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, Function):
            yield node


def asked(function: Function) -> set[str]:
    """Return the names a test or fixture asks for."""
    return {one.arg for one in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}


def marked(function: Function) -> str:
    return " ".join(map(ast.unparse, function.decorator_list))


def leading(to: str) -> set[str]:
    """Return the names of fixtures that lead to a fixture, itself among them."""
    asks: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "tests").rglob("*.py"):
        for one in functions(path):
            if "fixture" in marked(one):
                asks[one.name] |= asked(one)
    found = {to}
    while more := {name for name, names in asks.items() if names & found} - found:
        found |= more
    return found


@functools.cache
def there() -> dict[int, dict[str, tuple[Path, str]]]:
    """Return the tests of each case: where each is, and on what it runs."""
    both = leading("dialect")
    found: dict[int, dict[str, tuple[Path, str]]] = defaultdict(dict)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for one in functions(path):
            if case := _CASE.match(one.name):
                one_only = re.search(r"'dialect', \['(\w+)'\]", marked(one))
                on = "–" if not asked(one) & both else "both" if one_only is None else one_only[1]
                found[int(case[1])][one.name] = (path.relative_to(ROOT), on)
    return found


def table(sentences: dict[int, str]) -> str:
    """Lay out the page's table."""
    lines = ["| case | what must hold | tests | databases |", "|---|---|---|---|"]
    for number, tests in sorted(there().items()):
        files: dict[Path, list[str]] = defaultdict(list)
        for name, (path, _on) in tests.items():
            files[path].append(f"`{name[len('test_case_00_') :]}`")
        said = "; ".join(f"{path.relative_to('tests')}: {', '.join(names)}" for path, names in files.items())
        on = " + ".join(
            sorted(
                {where for _path, where in tests.values()}, key=("both", "sqlite", "postgresql", "–").index
            )
        )
        lines.append(f"| {number} | {sentences[number]} | {said} | {on} |")
    return "\n".join(lines) + "\n"


def test_the_page_names_each_case_with_the_tests_there_are() -> None:
    """`UPDATE_CASES=1` writes the names anew, those of new tests too; the sentences stay as they are."""
    text = PAGE.read_text("utf-8")
    sentences = {int(row[1]): row[2] for row in _ROW.finditer(text)}
    assert sorted(sentences) == list(range(1, 58))
    start = text.index("| case |")
    end = text.index("\n\n", start) + 1
    made = text[:start] + table(sentences) + text[end:]
    if os.environ.get("UPDATE_CASES"):
        PAGE.write_text(made, "utf-8")
    rows = {int(row[1]): row for row in _ROW.finditer(PAGE.read_text("utf-8"))}
    for number, tests in there().items():
        named = re.findall(r"`(\w+)`", rows[number][3])
        assert named, number
        assert {f"test_case_{number:02d}_{name}" for name in named} <= set(tests)


def test_each_case_is_tried_on_both_databases() -> None:
    found = there()
    assert sorted(found) == list(range(1, 58))
    neither = {
        number for number, tests in found.items() if "both" not in {on for _path, on in tests.values()}
    }
    assert neither <= NO_DATABASE
