"""
Record types: which exist, what kind of entry each makes, who may sign it, and whether a record satisfies its schema.

The JSON Schemas under `schemas/` are the law for signed documents; this module compiles each once and asks them.
A valid record costs one call into the compiled validator; only an invalid one pays for the list of faults.
Texts never repeat a value of the record: values are personal data.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final

import jsonschema_rs

from recordsvc import dated, published

Record = Mapping[str, object]


class Kind(IntEnum):
    """Kind of a log entry, the second byte of a leaf."""

    ISSUE = 1
    CORRECT = 2
    REVOKE = 3
    ERASE = 4
    NOTE = 5
    RESTORE = 6
    MERGE = 7
    UNMERGE = 8


class Signer(StrEnum):
    """Who may sign a type: an institution about a worker it knows by document, or the region about an archive."""

    ISSUER = "issuer"
    REGION = "region"


_ANY: Final = frozenset(Signer)
_REGION: Final = frozenset({Signer.REGION})


@dataclass(frozen=True, slots=True)
class RecordType:
    """One published type. `target` names the body member that holds the id of the record acted on, if the type has one."""

    name: str
    version: int
    kind: Kind
    signers: frozenset[Signer]
    target: str | None = None
    target_required: bool = False

    def target_of(self, record: Record) -> str | None:
        """The id of the record this one acts on, or None. Expects a record that satisfied its schema."""
        return None if self.target is None else record["body"].get(self.target)


_TYPES: Final = (
    RecordType("training-completion", 1, Kind.ISSUE, _ANY),
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
    RecordType("release", 1, Kind.NOTE, _REGION, "releases", target_required=True),
    RecordType("erasure", 1, Kind.ERASE, _REGION, "erases"),
    RecordType("merge", 1, Kind.MERGE, _REGION),
    RecordType("unmerge", 1, Kind.UNMERGE, _REGION),
)

TYPES: Final[Mapping[tuple[str, int], RecordType]] = MappingProxyType(
    {(one.name, one.version): one for one in _TYPES}
)


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """One place where a record breaks its schema. `pointer` is a JSON pointer into the record ("" = the whole)."""

    pointer: str
    code: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


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
        return [_fault("type-unknown", "/type", ("记录类型", "record type"))]
    return _faults(_whole(kind.name, kind.version), _schema(kind.name, kind.version), record, "")


def body_faults(name: str, version: int, body: object) -> list[SchemaFault]:
    """
    Faults of a body alone, pointers beginning `/body`: a correction's outcome must satisfy the corrected type.

    Raises `KeyError` for a type that is not published.
    """
    kind = TYPES[name, version]
    schema = _schema(kind.name, kind.version)
    return _faults(_body(kind.name, kind.version), schema["properties"]["body"], body, "/body")


@cache
def _schema(name: str, version: int) -> dict[str, object]:
    return published.schema(f"records/{name}.v{version}.json")


@cache
def _registry() -> jsonschema_rs.Registry:
    schemas = [published.schema(name) for name in published.schema_files() if _is_record_schema(name)]
    return jsonschema_rs.Registry([(one["$id"], one) for one in schemas], draft=jsonschema_rs.Draft202012)


def _is_record_schema(name: str) -> bool:
    return name.startswith(("records/", "envelope."))


def _compile(schema: dict[str, object]) -> jsonschema_rs.Draft202012Validator:
    # RegexOptions: the linear-time engine, so that no input can make a pattern backtrack. offline: never fetch a $ref.
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
    """Compile every validator now (about 20 ms): a server does so before it answers its first request."""
    for name, version in TYPES:
        _whole(name, version)
        _body(name, version)


# --- from a validator's error to words -----------------------------------------------------------------------------

_CODES: Final = MappingProxyType(
    {
        "required": "member-missing",
        "additionalProperties": "member-unknown",
        "unevaluatedProperties": "member-unknown",
        "propertyNames": "member-unknown",
        "type": "type",
        "enum": "value",
        "const": "value",
        "pattern": "form",
        "format": "form",
        "minLength": "length",
        "maxLength": "length",
        "minimum": "range",
        "maximum": "range",
        "minItems": "count",
        "maxItems": "count",
        "minProperties": "count",
        "maxProperties": "count",
    }
)
_PLAIN_KEY: Final = re.compile(
    r"[A-Za-z][A-Za-z_]{0,39}"
)  # no digits: a key that is no word may be somebody's number


def _faults(
    validator: jsonschema_rs.Draft202012Validator, schema: dict[str, object], value: object, prefix: str
) -> list[SchemaFault]:
    found: dict[tuple[str, str], SchemaFault] = {}
    for error in validator.iter_errors(value):
        for path in _places(error):
            fault = _fault(
                _CODES.get(error.kind.name, "choice"), prefix + _pointer(path), _title(schema, path)
            )
            found.setdefault((fault.pointer, fault.code), fault)
    return list(found.values())


def _places(error: jsonschema_rs.ValidationError) -> list[list[str | int]]:
    """Where the fault is: at the member that is missing or too many, else at the value itself."""
    path = list(error.instance_path)
    if error.kind.name == "required":
        return [[*path, error.kind.property]]
    if error.kind.name == "additionalProperties":
        plain = [key for key in error.kind.unexpected if _PLAIN_KEY.fullmatch(key)]
        return [[*path, key] for key in plain] or [path]
    return [path]


def _pointer(path: Sequence[str | int]) -> str:
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in path)


def _title(schema: dict[str, object], path: Sequence[str | int]) -> tuple[str, str]:
    """The field's name in Chinese and English, from the schema's titles along `path`; of the nearest titled ancestor else."""
    title, node = str(schema.get("title", " / ")), [schema]
    for token in path:
        node = _step(node, token)
        title = next((str(one["title"]) for one in node if "title" in one), title)
    zh, _, en = title.partition(" / ")
    return zh, en


def _step(nodes: list[dict[str, object]], token: str | int) -> list[dict[str, object]]:
    """The schemas that speak about a child: what stands beside a `$ref` comes before what it points to."""
    found: list[dict[str, object]] = []
    for node in nodes:
        child = node.get("items") if isinstance(token, int) else node.get("properties", {}).get(token)
        while isinstance(child, dict):
            found.append(child)
            child = _resolve(child["$ref"]) if "$ref" in child else None
    return found


def _resolve(reference: str) -> dict[str, object]:
    """A `$ref` into the envelope's `$defs`; all references of the record schemas have that form."""
    return published.schema("envelope.v1.json")["$defs"][reference.rpartition("/")[2]]


def _fault(code: str, pointer: str, title: tuple[str, str]) -> SchemaFault:
    row = dated.table("schema_faults").on("9999-12-31").by_code[code]
    return SchemaFault(
        pointer=pointer,
        code=code,
        zh=f"{title[0]}：{row['zh']}",
        en=f"{title[1]}: {row['en']}",
        remedy_zh=str(row["remedy_zh"]),
        remedy_en=str(row["remedy_en"]),
    )
