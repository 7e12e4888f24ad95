"""Tables as files (电子表格): CSV that Excel opens as it is, and XLSX; amounts exact, texts harmless.

An amount is written from whole fen with two decimals and never passes through floating point. A text that a
spreadsheet would take for a formula stands behind an apostrophe in CSV; in XLSX every text is a text.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_STAMP: Final = (1980, 1, 1, 0, 0, 0)
"""One time for every part, so that the same table is the same file."""
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TYPES: Final = (
    f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/></Types>'
)
_STYLES: Final = (
    f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="2">'
    '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf xfId="0"/><xf numFmtId="4" applyNumberFormat="1" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
"""Style 1: an amount, with two decimals and groups of three."""


@dataclass(frozen=True, slots=True)
class Fen:
    """An amount in a cell."""

    fen: int

    def __str__(self) -> str:
        whole, part = divmod(abs(self.fen), 100)
        return f"{'-' if self.fen < 0 else ''}{whole}.{part:02d}"


Cell = str | Fen | None
Row = Sequence[Cell]


def csv_file(head: Sequence[str], rows: Iterable[Row]) -> bytes:
    """Return a CSV file: UTF-8 with a mark, lines ending as RFC 4180 says."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(head)
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def xlsx_file(title: str, head: Sequence[str], rows: Iterable[Row]) -> bytes:
    """Return an XLSX file of one sheet: texts as inline strings, amounts as numbers with two decimals."""
    lines = [_line(1, head), *(_line(n, row) for n, row in enumerate(rows, 2))]
    sheet = (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView></sheetViews>'
        f"<sheetData>{''.join(lines)}</sheetData></worksheet>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in (*_parts(title), ("xl/worksheets/sheet1.xml", sheet)):
            book.writestr(zipfile.ZipInfo(name, _STAMP), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _harmless(cell: Cell) -> str:
    if isinstance(cell, Fen):
        return str(cell)
    text = cell or ""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(n: int, row: Row) -> str:
    return f'<row r="{n}">{"".join(map(_cell, row))}</row>'


def _cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, Fen):
        return f'<c s="1"><v>{cell}</v></c>'
    shown = "".join(one for one in cell if one.isprintable() or one == "\n")
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(shown)}</t></is></c>'


def _parts(title: str) -> tuple[tuple[str, str], ...]:
    """Return what of a workbook does not depend on its rows: names and texts of the parts."""
    named = escape(title[:31], {'"': "&quot;"})
    workbook = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name="{named}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    links = _link("rId1", "worksheet", "worksheets/sheet1.xml") + _link("rId2", "styles", "styles.xml")
    return (
        ("[Content_Types].xml", _HEAD + _TYPES),
        ("_rels/.rels", _HEAD + _related(_link("rId1", "officeDocument", "xl/workbook.xml"))),
        ("xl/workbook.xml", _HEAD + workbook),
        ("xl/_rels/workbook.xml.rels", _HEAD + _related(links)),
        ("xl/styles.xml", _HEAD + _STYLES),
    )


def _link(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _related(links: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'
