"""The catalogue as a sheet (目录表格): rows of a workbook or CSV file as standards, what is wrong by row.

The first line of the first sheet that names the columns counts as the heading; order and further columns do
not matter. Amounts are yuan in the sheet and fen from here on. Whatever is wrong is told by the row's number
as the spreadsheet program shows it, and then no row is taken.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from recordsvc import dated
from recordsvc.money.bank.formats import yuan
from recordsvc.money.rules.catalogue import GROUPS, MOST_ROWS, judged

if TYPE_CHECKING:
    from recordsvc.submit.cells import Cell, Row

HEADINGS: Final[Mapping[str, str]] = {
    "职业代码": "occupation",
    "等级": "level",
    "人员类别": "group",
    "职业（工种）": "title",
    "起始日": "first",
    "截止日": "last",
    "补贴标准（元）": "amount_fen",
    "最少课时": "min_hours",
    "急需紧缺": "shortage",
    "重点评价": "key_list",
}
"""Heading of a column -> member of a row; those in `OPTIONAL` may be left out or empty."""
OPTIONAL: Final = frozenset({"group", "last", "min_hours", "shortage", "key_list"})
_NAMES: Final[Mapping[str, str]] = {name: heading for heading, name in HEADINGS.items()}
EVERYBODY: Final = "所有人员"
"""What a sheet may write where a row is of no group."""
_HEAD_ROWS: Final = 20
_WIDTHS: Final = str.maketrans("() ", "（）\u3000")


@dataclass(slots=True)
class SheetRead:
    """What a file holds: rows as they are proposed, and what is wrong, in the order of the sheet."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def read(data: bytes) -> SheetRead:
    """Read a file. Raises `Unreadable`: no sheet, or none with these headings."""
    # What reads files belongs to tools: a serving process has it only once a sheet comes.
    from recordsvc.submit.cells import Unreadable
    from recordsvc.submit.sheets import each_row

    found = SheetRead()
    numbers: list[int] = []
    columns: dict[str, int] | None = None
    if not data.strip():
        raise Unreadable("empty", "文件是空的", "the file is empty")
    rows, since_1904 = each_row(data)
    for row in rows:
        if columns is None:
            columns = _columns(row)
            if columns is None and row.number >= _HEAD_ROWS:
                break
        elif row.filled:
            _take(found, numbers, row, columns, since_1904=since_1904)
            if len(found.rows) > MOST_ROWS:
                raise Unreadable("rows", f"超过 {MOST_ROWS} 行，请分次提交", f"more than {MOST_ROWS} rows")
    if columns is None:
        needed = "、".join(heading for heading, name in HEADINGS.items() if name not in OPTIONAL)
        raise Unreadable("headings", f"前 {_HEAD_ROWS} 行中没有表头：{needed}", "no line with the headings")
    if not found.faults:
        found.faults = _judged(found.rows, numbers)
    return found


def _columns(row: "Row") -> dict[str, int] | None:
    """Return the column of each member if this is the line of headings."""
    titles = {cell.text.translate(_WIDTHS).replace("\u3000", ""): n for n, cell in enumerate(row.cells)}
    found = {name: titles[heading] for heading, name in HEADINGS.items() if heading in titles}
    return found if _NAMES.keys() - OPTIONAL <= found.keys() else None


def _take(
    found: SheetRead, numbers: list[int], row: "Row", columns: Mapping[str, int], *, since_1904: bool
) -> None:
    values: dict[str, Any] = {
        "group": None,
        "last": None,
        "min_hours": 0,
        "shortage": False,
        "key_list": False,
    }
    before = len(found.faults)
    for name, column in columns.items():
        cell = row.cell(column)
        if cell.trouble is not None:
            found.faults.append(f"第 {row.number} 行 {_NAMES[name]}：单元格有误，请填写值而不是公式")
            continue
        if not cell.text and name in OPTIONAL:
            continue
        try:
            values[name] = _value(name, cell, since_1904=since_1904)
        except ValueError as wrong:
            found.faults.append(f"第 {row.number} 行 {_NAMES[name]}：{wrong}")
    if len(found.faults) == before:
        found.rows.append(values)
        numbers.append(row.number)


def _value(name: str, cell: "Cell", *, since_1904: bool) -> Any:
    """Return a cell as a member of a row. Raises `ValueError` with what should stand there."""
    text = cell.text
    if not text:
        raise ValueError("必填")
    if name in ("first", "last"):
        return _day(cell, since_1904=since_1904)
    if name == "amount_fen":
        try:
            return yuan.fen(text.replace(",", "").replace("，", ""))
        except ValueError:
            raise ValueError("应为金额，单位元，最多两位小数") from None
    if name == "min_hours":
        if not text.isascii() or not text.isdigit():
            raise ValueError("应为不小于 0 的整数")
        return int(text)
    if name in ("shortage", "key_list"):
        if text not in ("是", "否"):
            raise ValueError("应填 是 或 否")
        return text == "是"
    return _coded(name, text)


def _coded(name: str, text: str) -> str | None:
    """Return a level or group as its code, any other text as it is."""
    if name == "level":
        return _code("levels", text, "没有这个等级")
    if name == "group":
        return None if text == EVERYBODY else _code(GROUPS, text, "没有这个人员类别")
    return text


def _day(cell: "Cell", *, since_1904: bool) -> str:
    value = cell.value
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    text = cell.text.replace("/", "-").replace(".", "-").replace("年", "-").replace("月", "-").rstrip("日")
    try:
        year, month, day = (int(part) for part in text.split("-"))
        return dt.date(year, month, day).isoformat()
    except ValueError:
        raise ValueError("应为日期，如 2026-01-01" + ("（1904 日期系统）" if since_1904 else "")) from None


def _code(table: str, text: str, no_such: str) -> str:
    """Return the code of a table's row, which may be written as its code or its name."""
    rows = dated.table(table).on(dated.OPEN_END).rows
    for row in rows:
        if text in (str(row["code"]), str(row["zh"])):
            return str(row["code"])
    raise ValueError(f"{no_such}；应填代码，或“" + "”“".join(str(row["zh"]) for row in rows) + "”")


def _judged(rows: list[dict[str, Any]], numbers: list[int]) -> list[str]:
    """Return what is wrong with the rows by the catalogue's own rules, by their numbers in the sheet."""
    told = []
    for fault in judged(rows):
        place = fault.pointer.split("/")
        if len(place) > 3 and place[2].isdigit():
            heading = _NAMES.get(place[3], place[3])
            told.append(
                f"第 {numbers[int(place[2])]} 行 {heading}：{fault.detail.partition('：')[2] or fault.detail}"
            )
        else:
            told.append(fault.detail)
    return told
