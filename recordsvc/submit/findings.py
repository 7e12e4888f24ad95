"""What can be said about a row: stable codes with class, text and remedy, by weight (`row_codes.json`)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources


class RowClass(StrEnum):
    """What a careful reader makes of a row."""

    OK = "ok"
    WARN = "warn"  # shown, and sent
    REJECT = "reject"  # written to the error sheet, not sent


@dataclass(frozen=True, slots=True)
class RowCode:
    """One code of the catalogue, with its text and remedy in both languages."""

    code: str
    row_class: RowClass
    zh: str
    remedy_zh: str
    en: str
    remedy_en: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A code about one cell: `column` is the column's letter, `heading` what stands above it, or ''."""

    code: str
    column: str = ""
    heading: str = ""


def _load() -> dict[str, RowCode]:
    text = resources.files("recordsvc.submit").joinpath("row_codes.json").read_text(encoding="utf-8")
    return {
        row["code"]: RowCode(
            row["code"], RowClass(row["class"]), row["zh"], row["remedy_zh"], row["en"], row["remedy_en"]
        )
        for row in json.loads(text)["rows"]
    }


ROW_CODES = _load()
_WEIGHT = {code: place for place, code in enumerate(ROW_CODES)}


def weightiest(findings: Iterable[Finding]) -> Finding | None:
    """The finding that gives a row its class and code."""
    return min(findings, key=lambda finding: _WEIGHT[finding.code], default=None)
