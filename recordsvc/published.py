"""The published contracts: JSON Schemas (2020-12) and code tables, in a checkout and in a wheel alike.

A checkout keeps the schemas in `schemas/` beside the package; the build copies that folder into the wheel as
`recordsvc/_schemas`. Nothing here imports a web framework or a database.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from recordsvc import dated

_PACKAGE = Path(__file__).resolve().parent
_ENVELOPE = "envelope.v1.json"
_DIVISIONS = "divisions"


class SchemasMissing(RuntimeError):
    """Neither `recordsvc/_schemas` (wheel) nor `schemas/` (checkout) holds the published contracts."""


@cache
def schemas_dir() -> Path:
    """The folder that holds `envelope.v1.json`, `records/` and `examples/`. Raises `SchemasMissing`."""
    for folder in (_PACKAGE / "_schemas", _PACKAGE.parent / "schemas"):
        if (folder / _ENVELOPE).is_file():
            return folder
    raise SchemasMissing(f"no {_ENVELOPE} in the package or beside it: reinstall recordsvc")


@cache
def schema_files() -> Mapping[str, Path]:
    """Every published schema by its public name, e.g. `records/award.v1.json`; requests only pick one."""
    root = schemas_dir()
    found = {
        path.relative_to(root).as_posix(): path
        for path in [*root.glob("*.json"), *root.glob("records/*.json")]
    }
    return MappingProxyType(dict(sorted(found.items())))


@cache
def schema_bytes(name: str) -> bytes:
    """The bytes served at `/schemas/<name>`. Raises `KeyError` for a name that is not published."""
    return schema_files()[name].read_bytes()


@cache
def schema(name: str) -> dict[str, Any]:
    """A published schema as a parsed object, shared: callers must not change it."""
    document: dict[str, Any] = json.loads(schema_bytes(name))
    return document


def codes(on: str | None = None) -> dict[str, dict[str, object]]:
    """Every published code table by name; with `on` (Beijing date, YYYY-MM-DD) only the rows in force.

    A table marked `complete: false` is served with that mark: a code outside it is reported, never refused.
    """
    return {name: code_table(name, on) for name in sorted([*dated.names("codes"), _DIVISIONS])}


def code_table(name: str, on: str | None = None) -> dict[str, object]:
    """One table as it is published at `/v1/codes/<name>`. Raises `dated.UnknownTable`."""
    if name == _DIVISIONS:
        return _divisions()
    table = dated.table(name)
    rows = table.rows if on is None else table.on(on).rows
    return {
        "name": table.name,
        "title_zh": table.title_zh,
        "title_en": table.title_en,
        "source": table.source,
        "complete": table.complete,
        "on": on,
        "rows": [dict(row) for row in rows],
    }


@cache
def _divisions() -> dict[str, object]:
    """行政区划代码: a table kept by years, not by days, and so served whole, retired codes included."""
    document = json.loads((_PACKAGE / "data" / "divisions.json").read_bytes())
    return {
        "name": _DIVISIONS,
        "title_zh": "行政区划代码",
        "title_en": document["title"],
        "source": "; ".join(document["sources"]),
        "complete": False,
        "on": None,
        "rows": document["divisions"],
    }
