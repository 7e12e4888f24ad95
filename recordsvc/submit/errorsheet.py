"""The sheet a clerk works through: one line per row that needs a person, with column and remedy."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from recordsvc.submit.findings import ROW_CODES, RowClass
from recordsvc.submit.privatefiles import write_private
from recordsvc.submit.reading import Reading

_HEADINGS = (
    "工作表",
    "行号",
    "姓名",
    "证件号码",
    "处理",
    "单元格",
    "栏目",
    "问题",
    "怎么办",
    "代码",
    "Problem",
    "Remedy",
)
_WIDTHS = (14, 7, 16, 24, 12, 9, 16, 34, 44, 22, 44, 44)
_TREATMENT = {RowClass.REJECT: "未报送", RowClass.WARN: "已报送，请核对"}
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One line of the error sheet about one row; codes that are not ours are the service's."""

    reading: Reading
    treatment: str
    cell: str
    heading: str
    code: str
    zh: str
    remedy_zh: str
    en: str
    remedy_en: str


def own_troubles(readings: Iterable[Reading]) -> list[Trouble]:
    """Everything that was found before sending, row by row, the weightiest first."""
    order = {code: place for place, code in enumerate(ROW_CODES)}
    troubles = []
    for reading in readings:
        treatment = _TREATMENT.get(reading.row_class, "")
        for finding in sorted(reading.findings, key=lambda found: order[found.code]):
            said = ROW_CODES[finding.code]
            cell = f"{finding.column}{reading.sheet_row}" if finding.column else ""
            text = (said.zh, said.remedy_zh, said.en, said.remedy_en)
            troubles.append(Trouble(reading, treatment, cell, finding.heading, finding.code, *text))
    return troubles


def service_trouble(reading: Reading, treatment: str, problem: Mapping[str, object]) -> Trouble:
    """What the service said about a row: a problem document, or a state with a text."""

    def said(name: str) -> str:
        return str(problem.get(name) or "")

    zh = " ".join(filter(None, (said("title"), said("detail"))))
    en = " ".join(filter(None, (said("title_en"), said("detail_en"))))
    return Trouble(
        reading, treatment, "", said("pointer"), said("code"), zh, said("remedy"), en, said("remedy_en")
    )


def write_error_sheet(path: Path, troubles: list[Trouble]) -> bool:
    """Write the sheet, owner-only, or remove an older one when nothing is wrong any more. True if written."""
    if not troubles:
        path.unlink(missing_ok=True)
        return False
    book = Workbook()
    sheet = book.active
    sheet.title = "需要处理"
    _line(sheet, 1, _HEADINGS)
    for number, trouble in enumerate(troubles, 2):
        reading = trouble.reading
        _line(
            sheet,
            number,
            (
                reading.sheet, str(reading.sheet_row), reading.name, reading.written_id, trouble.treatment,
                trouble.cell, trouble.heading, trouble.zh, trouble.remedy_zh, trouble.code, trouble.en,
                trouble.remedy_en,
            ),
        )  # fmt: skip
    for place, width in enumerate(_WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
        sheet.cell(1, place).font = Font(bold=True)
        sheet.cell(1, place).fill = PatternFill("solid", fgColor="DDE6F0")
    sheet.freeze_panes = "A2"
    buffer = BytesIO()
    book.save(buffer)
    write_private(path, buffer.getvalue())
    return True


def _line(sheet: object, number: int, values: Iterable[str]) -> None:
    """Write texts as texts: a name beginning with = must not become a formula on the clerk's machine."""
    for place, value in enumerate(values, 1):
        cell = sheet.cell(number, place)  # type: ignore[attr-defined]  # openpyxl ships no types
        cell.value = _UNWRITABLE.sub("", value)[:32_000]
        cell.data_type = "s"
        cell.number_format = "@"
        cell.quotePrefix = True
        cell.alignment = Alignment(wrap_text=True, vertical="top")
