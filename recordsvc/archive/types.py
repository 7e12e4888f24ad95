"""Record types: which exist, what kind of entry each makes, who may sign it, and what its schema says.

The JSON Schemas under `schemas/` are the law for signed documents; here each is compiled once and asked.
A valid record costs one call into the compiled validator; only an invalid one pays for the list of faults.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import jsonschema_rs

from recordsvc import published
from recordsvc.archive.formats import Kind
from recordsvc.archive.schema_faults import SchemaFault, list_faults, unknown_type

Record = Mapping[str, Any]


class Signer(StrEnum):
    """Who may sign a type: an institution, naming the worker by document, or the region, by archive id."""

    ISSUER = "issuer"
    REGION = "region"


_ANY: Final = frozenset(Signer)
_REGION: Final = frozenset({Signer.REGION})


@dataclass(frozen=True, slots=True)
class RecordType:
    """One published type. `target` names the body member with the id of the record acted on, if any."""

    name: str
    version: int
    kind: Kind
    signers: frozenset[Signer]
    target: str | None = None
    target_required: bool = False

    def target_of(self, record: Record) -> str | None:
        """The id of the record this one acts on, or None. Expects a record that satisfied its schema."""
        found: str | None = record["body"].get(self.target) if self.target else None
        return found


_TYPES: Final = (
    RecordType("training-completion", 1, Kind.ISSUE, _ANY),
    RecordType("enrolment", 1, Kind.ISSUE, _ANY),
    RecordType("enrolment-outcome", 1, Kind.ISSUE, _ANY),
    RecordType("training-certificate", 1, Kind.ISSUE, _ANY),
    RecordType("assessment-result", 1, Kind.ISSUE, _ANY),
    RecordType("level-certificate", 1, Kind.ISSUE, _ANY),
    RecordType("qualification-certificate", 1, Kind.ISSUE, _ANY),
    RecordType("skill-certificate", 1, Kind.ISSUE, _ANY),
    RecordType("safety-permit", 1, Kind.ISSUE, _ANY),
    RecordType("award", 1, Kind.ISSUE, _ANY),
    RecordType("honour", 1, Kind.ISSUE, _ANY),
    RecordType("foreign-evidence", 1, Kind.ISSUE, _ANY),
    RecordType("group-membership", 1, Kind.ISSUE, _ANY),
    RecordType("worker-statement", 1, Kind.ISSUE, _REGION),
    RecordType("correction", 1, Kind.CORRECT, _ANY, "corrects", target_required=True),
    RecordType("revocation", 1, Kind.REVOKE, _ANY, "revokes", target_required=True),
    RecordType("restoration", 1, Kind.RESTORE, _ANY, "restores", target_required=True),
    RecordType("confirmation", 1, Kind.NOTE, _REGION, "confirms", target_required=True),
    RecordType("contest", 1, Kind.NOTE, _REGION, "contests", target_required=True),
    RecordType("dispute-outcome", 1, Kind.NOTE, _REGION, "decides", target_required=True),
    RecordType("release", 1, Kind.NOTE, _REGION, "releases", target_required=True),
    RecordType("restriction", 1, Kind.NOTE, _REGION, "restricts"),
    RecordType("closure", 1, Kind.NOTE, _REGION),
    RecordType("erasure", 1, Kind.ERASE, _REGION, "erases"),
    RecordType("merge", 1, Kind.MERGE, _REGION),
    RecordType("unmerge", 1, Kind.UNMERGE, _REGION),
)

TYPES: Final[Mapping[tuple[str, int], RecordType]] = MappingProxyType(
    {(one.name, one.version): one for one in _TYPES}
)


def record_type(record: Record) -> RecordType | None:
    """The type a record says it has, or None when no such type and version is published."""
    name, version = record.get("type"), record.get("version")
    return TYPES.get((name, version)) if isinstance(name, str) and type(version) is int else None


def is_valid(record: Record) -> bool:
    """Whether the record satisfies the schema of the type it names. The fast path: no fault list is made."""
    kind = record_type(record)
    return kind is not None and _whole(kind.name, kind.version).is_valid(record)


def faults(record: Record) -> list[SchemaFault]:
    """Every fault of the record against its schema, in the schema's order; empty when it is valid."""
    kind = record_type(record)
    if kind is None:
        return [unknown_type()]
    return list_faults(_whole(kind.name, kind.version), _schema(kind.name, kind.version), record, "")


def body_faults(name: str, version: int, body: object) -> list[SchemaFault]:
    """Faults of a body alone, pointers beginning `/body`: what a correction makes must satisfy the old type.

    Raises `KeyError` for a type that is not published.
    """
    kind = TYPES[name, version]
    schema = _schema(kind.name, kind.version)
    return list_faults(_body(kind.name, kind.version), schema["properties"]["body"], body, "/body")


@cache
def _schema(name: str, version: int) -> dict[str, Any]:
    return published.schema(f"records/{name}.v{version}.json")


@cache
def _registry() -> jsonschema_rs.Registry:
    schemas = [published.schema(name) for name in published.schema_files() if _is_record_schema(name)]
    return jsonschema_rs.Registry([(one["$id"], one) for one in schemas], draft=jsonschema_rs.Draft202012)


def _is_record_schema(name: str) -> bool:
    return name.startswith(("records/", "envelope."))


def _compile(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    # RegexOptions: the linear-time engine, no input makes a pattern backtrack. offline: no $ref is fetched.
    return jsonschema_rs.Draft202012Validator(
        schema,
        registry=_registry(),
        validate_formats=True,
        pattern_options=jsonschema_rs.RegexOptions(),
        offline=True,
    )


@cache
def _whole(name: str, version: int) -> jsonschema_rs.Draft202012Validator:
    return _compile(_schema(name, version))


@cache
def _body(name: str, version: int) -> jsonschema_rs.Draft202012Validator:
    return _compile({"$ref": f"{_schema(name, version)['$id']}#/properties/body"})


def warm() -> None:
    """Compile every validator (about 20 ms), so that no request has to."""
    for name, version in TYPES:
        _whole(name, version)
        _body(name, version)
