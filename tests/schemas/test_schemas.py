"""Every published schema: closed objects, no fractions, bounded strings, words in two languages."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from recordsvc import published
from recordsvc.archive import types

RECORD_SCHEMAS = [name for name in published.schema_files() if name.startswith(("records/", "envelope."))]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
OPEN_BY_DESIGN = {
    "body",
    "whole",
    "worker",
}  # judged by the type's own schema, the corrected type's, the branch


def nodes(node: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every subschema with the member it describes."""
    if isinstance(node, list):
        for one in node:
            yield from nodes(one, name)
    if not isinstance(node, dict):
        return
    yield name, node
    for key, value in node.items():
        if key in ("properties", "$defs", "patternProperties"):
            for member, child in value.items():
                yield from nodes(child, member)
        elif key in ("items", "if", "then", "else", "not", "oneOf", "anyOf", "allOf"):
            yield from nodes(value, name)


@pytest.mark.parametrize("file", RECORD_SCHEMAS)
def test_every_object_is_closed(file: str) -> None:
    for name, node in nodes(published.schema(file)):
        if node.get("type") == "object" and name not in OPEN_BY_DESIGN:
            assert node.get("additionalProperties") is False, name


@pytest.mark.parametrize("file", RECORD_SCHEMAS)
def test_no_member_may_be_a_fraction(file: str) -> None:
    for name, node in nodes(published.schema(file)):
        kinds = node.get("type", [])
        assert "number" not in ([kinds] if isinstance(kinds, str) else kinds), name


@pytest.mark.parametrize("file", RECORD_SCHEMAS)
def test_every_string_list_and_integer_is_bounded(file: str) -> None:
    bounds = {"string": "maxLength", "array": "maxItems", "integer": "maximum"}
    for name, node in nodes(published.schema(file)):
        bound = bounds.get(node["type"]) if isinstance(node.get("type"), str) else None
        assert bound is None or bound in node or node.get("format") == "date", name


@pytest.mark.parametrize("file", RECORD_SCHEMAS)
def test_every_member_has_title_and_description_in_chinese_and_english(file: str) -> None:
    schema = published.schema(file)
    described = [schema, *schema.get("$defs", {}).values(), *members(schema)]
    for node in described:
        for text in (node["title"], node["description"]):
            chinese, divider, english = text.partition(" / ")
            assert divider, text
            assert CHINESE.search(chinese), text
            assert english.strip(), text


def members(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Members that carry their own words; a bare `$ref` has those of the definition."""
    for _, node in nodes(schema):
        for child in node.get("properties", {}).values():
            if isinstance(child, dict) and "title" in child:
                yield child


def test_another_validator_in_another_language_agrees_on_every_example() -> None:
    """The schemas are law for anybody: Python's `jsonschema` stands for the validators of others."""
    registry: Registry[Any] = Registry().with_resources(
        [
            (published.schema(name)["$id"], Resource.from_contents(published.schema(name)))
            for name in RECORD_SCHEMAS
        ]
    )
    formats = jsonschema.Draft202012Validator.FORMAT_CHECKER
    for name, version in types.TYPES:
        schema = published.schema(f"records/{name}.v{version}.json")
        other = jsonschema.Draft202012Validator(schema, registry=registry, format_checker=formats)
        for path in sorted((published.schemas_dir() / "examples" / name).glob("*valid*.json")):
            record = json.loads(path.read_bytes())
            assert other.is_valid(record) == types.is_valid(record), path.name
