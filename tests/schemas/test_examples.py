"""Every published example is what its index says: the others fail at that place with that code."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from recordsvc import published
from recordsvc.archive import types
from recordsvc.archive.checks import Context, InstitutionFacts, Severity, check

EXAMPLES = published.schemas_dir() / "examples"


def indexed() -> Iterator[Any]:
    for index in sorted(EXAMPLES.glob("*/index.json")):
        document = json.loads(index.read_text(encoding="utf-8"))
        for row in document["examples"]:
            record = json.loads((index.parent / row["file"]).read_text(encoding="utf-8"))
            yield pytest.param(record, row, document["received_on"], id=f"{index.parent.name}/{row['file']}")


def context(record: dict[str, Any], received_on: str) -> Context:
    number = record["worker"].get("number", "")
    born_on = f"{number[6:10]}-{number[10:12]}-{number[12:14]}" if len(number) == 18 else None
    return Context(received_on, InstitutionFacts(record["issuer"], (("2015-01-01", None),)), born_on, "male")


@pytest.mark.parametrize(("record", "row", "received_on"), list(indexed()))
def test_an_example_is_what_its_index_says(
    record: dict[str, Any], row: dict[str, str], received_on: str
) -> None:
    if row.get("found_by") == "schema":
        assert not types.is_valid(record)
        assert (row["pointer"], row["code"]) in [(one.pointer, one.code) for one in types.faults(record)]
        return
    assert types.faults(record) == []
    assert types.is_valid(record)
    found = [one for one in check(record, context(record, received_on)) if one.severity != Severity.WARN]
    expected = [(row["pointer"], row["code"])] if "code" in row else []
    assert [(one.pointer, one.code) for one in found] == expected


def test_every_type_has_a_valid_and_an_invalid_example() -> None:
    for name, _version in types.TYPES:
        rows = json.loads((EXAMPLES / name / "index.json").read_text(encoding="utf-8"))["examples"]
        assert any("code" not in row for row in rows), name
        assert any(row.get("found_by") == "schema" for row in rows), name
        assert any(row.get("found_by") == "checks" for row in rows), name


def test_no_example_stands_outside_its_index() -> None:
    for index in EXAMPLES.glob("*/index.json"):
        named = {row["file"] for row in json.loads(index.read_text(encoding="utf-8"))["examples"]}
        assert named == {path.name for path in index.parent.glob("*.json")} - {"index.json"}
