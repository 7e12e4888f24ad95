"""Record types: the registry against the schemas, faults that name the place and never repeat a value."""

import json
import subprocess
import sys
from typing import Any

import jsonschema_rs
import pytest

from recordsvc import published
from recordsvc.archive import types
from recordsvc.archive.types import TYPES, Kind, Signer


def example(name: str, file: str = "valid.json") -> dict[str, Any]:
    path = published.schemas_dir() / "examples" / name / file
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def test_every_schema_is_a_registered_type_and_every_type_has_its_schema() -> None:
    files = {name for name in published.schema_files() if name.startswith("records/")}

    assert files == {f"records/{name}.v{version}.json" for name, version in TYPES}


@pytest.mark.parametrize(("name", "version"), list(TYPES))
def test_a_schema_names_itself_and_is_valid_2020_12(name: str, version: int) -> None:
    schema = published.schema(f"records/{name}.v{version}.json")

    assert schema["$id"] == f"urn:recordsvc:schema:{name}:v{version}"
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert jsonschema_rs.meta.is_valid(schema)


@pytest.mark.parametrize("kind", TYPES.values(), ids=lambda kind: kind.name)
def test_the_registry_says_of_signer_and_target_what_the_schema_says(kind: types.RecordType) -> None:
    schema = published.schema(f"records/{kind.name}.v{kind.version}.json")
    body = schema["properties"]["body"]

    assert ("actor" in schema["required"]) == (Signer.ISSUER not in kind.signers)
    assert kind.target is None or kind.target in body["properties"]
    assert kind.target_required == (kind.target in body["required"])


@pytest.mark.parametrize("kind", TYPES.values(), ids=lambda kind: kind.name)
def test_the_target_of_an_example_is_found(kind: types.RecordType) -> None:
    target = kind.target_of(example(kind.name))

    assert (target is not None) == (kind.target is not None)


def test_kinds_of_entries_follow_the_bytes_of_the_leaf() -> None:
    kinds = {name: kind.kind for (name, _), kind in TYPES.items()}

    assert kinds["training-completion"] == Kind.ISSUE == 1
    assert kinds["correction"] == Kind.CORRECT == 2
    assert kinds["revocation"] == Kind.REVOKE == 3
    assert kinds["erasure"] == Kind.ERASE == 4
    assert kinds["confirmation"] == kinds["contest"] == kinds["release"] == Kind.NOTE == 5
    assert kinds["restoration"] == Kind.RESTORE == 6
    assert (kinds["merge"], kinds["unmerge"]) == (7, 8)


@pytest.mark.parametrize(
    ("member", "value"),
    [("type", "diploma"), ("version", 2), ("version", True), ("type", ["award"]), ("type", None)],
)
def test_an_unknown_type_or_version_is_one_fault(member: str, value: object) -> None:
    record = {**example("award"), member: value}

    assert not types.is_valid(record)
    assert [(fault.pointer, fault.code) for fault in types.faults(record)] == [("/type", "type-unknown")]


def test_a_fault_names_the_field_in_both_languages_and_a_remedy() -> None:
    record = example("training-completion")
    record["body"]["started_on"] = "10.5.2024"

    (fault,) = types.faults(record)

    assert fault.pointer == "/body/started_on"
    assert fault.zh.startswith("开班日期：")
    assert fault.en.startswith("start date: ")
    assert fault.remedy_zh
    assert fault.remedy_en


def test_a_fault_never_repeats_what_stands_in_the_record() -> None:
    record = example("training-completion")
    record["worker"]["number"] = "canary 640104199002159914"
    record["body"]["class"] = "canary"
    record["body"]["level"] = "canary"
    record["640104199002159914"] = "canary"

    text = repr(types.faults(record))

    assert "canary" not in text
    assert "640104199002159914" not in text


def test_a_key_that_is_no_word_is_reported_at_its_parent() -> None:
    record = example("award")
    record["body"]["640104"] = 1

    assert [(fault.pointer, fault.code) for fault in types.faults(record)] == [("/body", "member-unknown")]


@pytest.mark.parametrize("value", [None, 1, "text", [], True])
def test_a_body_of_the_wrong_type_is_a_fault_and_no_crash(value: object) -> None:
    record = {**example("training-completion"), "body": value}

    assert [fault.pointer for fault in types.faults(record)] == ["/body"]


def test_what_a_correction_makes_is_judged_as_a_body() -> None:
    body = example("training-completion")["body"]

    assert types.body_faults("training-completion", 1, body) == []
    assert [
        (fault.pointer, fault.code)
        for fault in types.body_faults("training-completion", 1, {**body, "attended": {"theory_minutes": 1}})
    ] == [
        ("/body/attended/online_minutes", "member-missing"),
        ("/body/attended/practice_minutes", "member-missing"),
    ]


def test_a_body_of_an_unpublished_type_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError):
        types.body_faults("diploma", 1, {})


def test_every_type_has_a_schema_that_compiles() -> None:
    assert all(types.is_valid(example(name)) for name, _ in TYPES)
    assert all(types.body_faults(*one, example(one[0])["body"]) == [] for one in TYPES)


def test_types_and_checks_need_neither_a_web_framework_nor_a_database() -> None:
    code = (
        "import sys, recordsvc.archive.checks, recordsvc.archive.checks_confirmation;"
        "print(sorted({'flask', 'sqlalchemy'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )

    assert done.stdout.strip() == "[]"
