"""`docs/record-types.md` names every type, code and table there is, and its snippet runs."""

import re
from pathlib import Path

import pytest

from recordsvc import dated, published
from recordsvc.archive.types import TYPES

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "record-types.md").read_text(encoding="utf-8")


def test_every_record_type_is_documented() -> None:
    assert [name for name, _ in TYPES if f"[`{name}`]" not in TEXT] == []


@pytest.mark.parametrize("table", ["findings", "schema_faults"])
def test_every_code_is_documented_as_it_is(table: str) -> None:
    assert [row["code"] for row in dated.table(table).rows if f"{row['en']} · {row['zh']}" not in TEXT] == []


def test_every_table_is_documented() -> None:
    assert [name for name in [*published.codes(), *dated.names("rules")] if f"| `{name}` |" not in TEXT] == []


def test_the_snippet_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (snippet,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)

    exec(compile(snippet, "docs/record-types.md", "exec"), {})  # noqa: S102 - the documented snippet itself
