"""What somebody who writes a rule looks at: where in the text a fault stands, and what a text changes."""

import difflib
from typing import Final, NamedTuple

import yaml

from recordsvc.money.rules.errors import RuleRefused
from recordsvc.money.rules.reading import Reader, read

AROUND: Final = 2
"""Lines that are shown before and after a change."""


class Changed(NamedTuple):
    """A line of a comparison: `same`, `added`, `removed`, or `gap` between two places."""

    way: str
    text: str


def lines_of(text: bytes) -> dict[str, int]:
    """Return the line (from 1) of each JSON Pointer into the text of a rule; empty where it is no YAML."""
    try:
        read(text)
    except RuleRefused as refused:
        # Only faults of single places have lines: with others there is no tree, or one without end.
        if any(fault.pointer == "" for fault in refused.faults):
            return {}
    root = yaml.compose(text.decode(), Reader)
    found: dict[str, int] = {}
    if root is not None:
        _walk(root, "", found, set())
    return found


def line_of(lines: dict[str, int], pointer: str) -> int | None:
    """Return the line of a pointer, or of the nearest place above it that is there; None: of no line."""
    while pointer and pointer not in lines:
        pointer = pointer.rpartition("/")[0]
    return lines.get(pointer) if pointer else None


def _walk(node: yaml.Node, pointer: str, found: dict[str, int], seen: set[int]) -> None:
    found.setdefault(pointer, node.start_mark.line + 1)
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for n, one in enumerate(node.value):
            _walk(one, f"{pointer}/{n}", found, seen)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value).replace("~", "~0").replace("/", "~1")
            found.setdefault(f"{pointer}/{name}", key.start_mark.line + 1)
            _walk(value, f"{pointer}/{name}", found, seen)


def changes(before: str, after: str) -> list[Changed]:
    """Return what a text changes in another, line by line, with some lines around."""
    found: list[Changed] = []
    ways = {"+": "added", "-": "removed", " ": "same"}
    compared = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=AROUND)
    for n, line in enumerate(compared):
        if n < 2:
            continue  # the two names of files
        if line.startswith("@@"):
            found.append(Changed("gap", ""))
        else:
            found.append(Changed(ways[line[0]], line[1:]))
    return found[1:]
