"""The published description is the service: every door in it, nothing else, and the file says the same."""

import json
from pathlib import Path
from typing import Any

import pytest
from marshmallow import RAISE, Schema, fields

from recordsvc import openapi, published, service
from recordsvc.access.policy import SAFE, Door, doors
from recordsvc.ground.forms import Truth, Whole, WholeText
from recordsvc.ground.reading import Fields, Json, Upload

OPENAPI = published.schemas_dir() / openapi.FILE


@pytest.fixture(scope="module")
def app() -> Any:
    return service.skeleton()


@pytest.fixture(scope="module")
def described(app: Any) -> dict[str, Any]:
    return openapi.generate(app)


def test_the_file_is_what_the_code_says(described: dict[str, Any]) -> None:
    assert OPENAPI.read_text("utf-8") == openapi.render(described), "run `recordsvc openapi --write`"


def test_every_rule_is_described_and_nothing_else(app: Any, described: dict[str, Any]) -> None:
    rules = {
        (openapi.path_of(rule.rule), method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods
        - {"HEAD"}
        - ({"OPTIONS"} if "OPTIONS" not in doors(app)[rule.endpoint].methods else set())
    }
    operations = {
        (path, method.upper())
        for path, item in described["paths"].items()
        for method in item
        if method != "parameters"
    }

    assert operations == rules


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in described["paths"].items()
        for method, operation in item.items()
    ]


def test_every_operation_has_a_name_a_summary_and_its_refusals(described: dict[str, Any]) -> None:
    found = operations(described)

    assert len({operation["operationId"] for _, _, operation in found}) == len(found)
    for path, method, operation in found:
        assert operation["summary"], path
        assert {"400", "421", "431", "500"} <= operation["responses"].keys(), path
        if {} not in operation["security"]:
            assert {"401", "403"} <= operation["responses"].keys(), path
        if "requestBody" in operation:
            assert {"413", "415"} <= operation["responses"].keys(), (path, method)


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    for reference in references(described):
        if reference.startswith("#/components/schemas/"):
            assert reference.rpartition("/")[2] in described["components"]["schemas"]
        else:
            assert reference.removeprefix("/schemas/") in published.schema_files(), reference


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return here + [found for inner in node.values() for found in references(inner)]
    if isinstance(node, list):
        return [found for inner in node for found in references(inner)]
    return []


def test_forms_refuse_unknown_members_in_the_description_too(described: dict[str, Any], app: Any) -> None:
    for door in doors(app).values():
        if isinstance(door.body, Json):
            name = openapi.name_of(door.body.schema)
            assert described["components"]["schemas"][name]["additionalProperties"] is False, name


def forms(door: Door) -> list[type[Schema]]:
    body = [door.body.schema] if isinstance(door.body, Json | Fields | Upload) else []
    return [*body, *([door.query] if door.query is not None else [])]


def inner_fields(schema: Schema) -> list[fields.Field[Any]]:
    found: list[fields.Field[Any]] = []
    for field in schema.fields.values():
        part = field.inner if isinstance(field, fields.List) else field
        found.append(part)
        if isinstance(part, fields.Nested):
            found.extend(inner_fields(part.schema))
    return found


def test_no_form_reads_leniently(app: Any) -> None:
    """security.md, rows 38 and 39: unknown members refused, no "5", 5.0 or 1 for an integer or a boolean."""
    for endpoint, door in doors(app).items():
        for form in forms(door):
            assert form().unknown == RAISE, (endpoint, form)
            for field in inner_fields(form()):
                if isinstance(field, fields.Number):
                    assert isinstance(field, Whole | WholeText), (endpoint, form, field.name)
                if isinstance(field, fields.Boolean):
                    assert isinstance(field, Truth), (endpoint, form, field.name)


def test_personal_answers_are_never_stored_by_caches(app: Any) -> None:
    assert [name for name, door in doors(app).items() if not door.public and door.cache != "no-store"] == []


def test_nothing_is_changed_by_reading(app: Any) -> None:
    for name, door in doors(app).items():
        assert not (door.body is not None and set(door.methods) & SAFE), name


def test_the_description_is_served_as_the_file_stands(app: Any) -> None:
    response = app.test_client().get("/openapi.json", base_url="http://example.org")

    assert response.data == OPENAPI.read_bytes()
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_the_description_is_written_where_it_is_told(tmp_path: Path) -> None:
    written = openapi.write_openapi(tmp_path / "openapi.json")

    assert json.loads(written.read_text("utf-8"))["openapi"] == "3.1.0"
