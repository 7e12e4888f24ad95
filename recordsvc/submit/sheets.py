"""Opens a roster file, whatever it really is: the content decides, not the file's ending."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import python_calamine as calamine

from recordsvc.submit.cells import (
    MAX_CELLS,
    MAX_FILE_BYTES,
    MAX_LONG_CELLS,
    MAX_LONG_ROWS,
    MAX_ROWS,
    Cell,
    Row,
    Sheet,
    Unreadable,
    Value,
)
from recordsvc.submit.textfiles import csv_rows, read_csv, read_json
from recordsvc.submit.xlsx import Facts, check_package, read_facts

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and .xlsx with a password
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def read_sheets(path: Path) -> list[Sheet]:
    """All sheets of .xlsx, .xls, .csv or .json, in order, hidden ones marked. Raises `Unreadable`."""
    data = _bounded(path)
    if not data.strip():
        raise Unreadable("empty", "文件是空的", "the file is empty")
    if data.startswith(b"PK"):
        facts, since_1904 = read_facts(check_package(data))
        return _workbook(data, facts, since_1904=since_1904)
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise _password()
        return _workbook(data, {}, since_1904=False)
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:512].lower()
    if start.startswith((b"<", b"%pdf", b"{\\rtf")):
        raise Unreadable(
            "not-a-sheet",
            "这是网页、PDF 或其他格式（只是后缀像表格）；请打开后另存为 .xlsx",
            "this is a web page, PDF or another format in disguise; open it and save it as .xlsx",
        )
    if path.suffix.lower() == ".json" or start.startswith((b"[{", b'{"')):
        return [read_json(data, path.stem)]
    return [read_csv(data, path.stem)]


def each_row(data: bytes) -> tuple[Iterator[Row], bool]:
    """The rows of a CSV file or of a first visible sheet one by one, and whether days count from 1904.

    For files that are larger than any roster: text of any length, a workbook of up to `MAX_LONG_ROWS`, whose
    values are in memory while it is read. Merges carry no value here. Raises `Unreadable`.
    """
    if not data.startswith((b"PK", _OLE)):
        return csv_rows(data), False
    if not data.startswith(b"PK"):
        return _rows_of_workbook(data, {}), False
    facts, since_1904 = read_facts(check_package(data), MAX_LONG_ROWS, MAX_LONG_CELLS)
    return _rows_of_workbook(data, facts), since_1904


def _rows_of_workbook(data: bytes, facts: Mapping[str, Facts]) -> Iterator[Row]:
    try:
        with calamine.load_workbook(BytesIO(data)) as book:
            visible = [
                one for one in book.sheets_metadata if one.visible == calamine.SheetVisibleEnum.Visible
            ]
            sheet = book.get_sheet_by_name(visible[0].name)
            known = facts.get(visible[0].name) or Facts()
            for number, line in enumerate(sheet.iter_rows(), 1):
                cells = [
                    Cell(_value(item), known.troubles.get((number, column)))
                    for column, item in enumerate(line)
                ]
                yield Row(number, tuple(cells), hidden=number in known.hidden_rows)
    except calamine.PasswordError as fault:
        raise _password() from fault
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, IndexError) as fault:
        raise _damaged() from fault


def _bounded(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as fault:
        raise Unreadable(
            "missing", f"打不开文件：{fault.strerror}", f"cannot open: {fault.strerror}"
        ) from fault
    if len(data) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 2**20
        raise Unreadable(
            "too-large", f"文件超过 {limit} MiB，请分成几个", f"the file is larger than {limit} MiB; split it"
        )
    return data


def _workbook(data: bytes, facts: dict[str, Facts], *, since_1904: bool) -> list[Sheet]:
    try:
        with calamine.load_workbook(BytesIO(data)) as book:
            plain = [meta for meta in book.sheets_metadata if meta.typ == calamine.SheetTypeEnum.WorkSheet]
            return [_sheet(book, meta, facts.get(meta.name), since_1904=since_1904) for meta in plain]
    except calamine.PasswordError as fault:
        raise _password() from fault
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, OSError, ValueError) as fault:
        if isinstance(fault, Unreadable):
            raise
        raise _damaged() from fault


def _sheet(
    book: calamine.CalamineWorkbook, meta: calamine.SheetMetadata, facts: Facts | None, *, since_1904: bool
) -> Sheet:
    source = book.get_sheet_by_name(meta.name)
    if source.total_height > MAX_ROWS or source.total_height * source.total_width > MAX_CELLS:
        raise Unreadable(
            "too-large", f"表太大（最多 {MAX_ROWS} 行）", f"more than {MAX_ROWS} rows; split the file"
        )
    known = facts or Facts()
    values = source.to_python(skip_empty_area=False)
    width = max(known.last_column + 1, max((len(line) for line in values), default=0))
    rows = tuple(
        Row(
            number,
            tuple(
                Cell(
                    _value(line[column]) if column < len(line) else None, known.troubles.get((number, column))
                )
                for column in range(width)
            ),
            hidden=number in known.hidden_rows,
        )
        for number, line in enumerate(_padded(values, known.last_row), 1)
    )
    visible = meta.visible == calamine.SheetVisibleEnum.Visible
    return Sheet(meta.name, rows, not visible, _merges(source), since_1904)


def _padded(values: Sequence[Sequence[object]], last_row: int) -> list[Sequence[object]]:
    """Rows that hold nothing but uncomputed formulas do not come out of the reader; they still are rows."""
    return [*values, *([] for _ in range(last_row - len(values)))]


def _value(value: object) -> Value:
    if value is None or value == "":
        return None
    if isinstance(value, bool | str | int | float | dt.date):
        return value
    return str(value)  # times and durations: no roster field is one, so they only have to be shown


def _merges(source: calamine.CalamineSheet) -> dict[tuple[int, int], tuple[int, int]]:
    """Every covered cell -> the upper left cell of its merge; rows from 1, columns from 0."""
    covered: dict[tuple[int, int], tuple[int, int]] = {}
    for (top, left), (bottom, right) in source.merged_cell_ranges or ():
        if (bottom - top + 1) * (right - left + 1) > MAX_CELLS // 100:
            continue  # a merge over a whole column carries no layout worth following
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                if (row, column) != (top, left):
                    covered[row + 1, column] = (top + 1, left)
    return covered


def _damaged() -> Unreadable:
    return Unreadable(
        "damaged",
        "文件已损坏，或不是 Excel 文件；请用 Excel/WPS 打开后另存为 .xlsx",
        "the file is damaged or not an Excel file; open it in Excel or WPS and save it as .xlsx",
    )


def _password() -> Unreadable:
    return Unreadable(
        "password", "文件有密码，请去掉密码后另存", "the file has a password; save it without one"
    )
