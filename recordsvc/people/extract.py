"""A dated extract of the card system (社会保障卡信息提取表): CSV, UTF-8 or GB18030, read row by row.

The first line names the columns, in any order; others are passed over. A row that cannot be used names its
line, its column and what to do; the rows around it stand. A status without a date of its own counts from the
day of the extract: never earlier, since nobody says since when.
"""

import codecs
import csv
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

from recordsvc import dated
from recordsvc.people import cards, identifiers
from recordsvc.people.cardbook import CardFact
from recordsvc.people.checks import IdentifierError
from recordsvc.people.names import looks_like_a_name
from recordsvc.people.registry import RowError, iso_day

T = TypeVar("T")
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "number": ("社会保障号码", "AAC002"),
    "name": ("姓名", "AAC003"),
    "card": ("社会保障卡卡号", "卡号", "AAZ500"),
    "chip": ("卡识别码", "AAZ501"),
    "area": ("发卡地区", "发卡地区行政区划代码"),
    "issued_on": ("发卡日期",),
    "social": ("社保功能状态", "卡状态", "AAZ502"),
    "social_on": ("社保状态日期", "卡状态日期"),
    "bank": ("银行功能状态", "金融功能状态"),
    "bank_on": ("银行状态日期", "金融状态日期"),
    "replaces": ("换发前卡号",),
}
"""What a column is called; the first is what error messages call it."""
NEEDED: Final = ("number", "name", "card")
LONGEST: Final = 4_096
"""Characters of a line; more is no row of such a table."""


class ExtractRefused(ValueError):
    """A file that is no extract: encoding, header, or date. The text says what to do, in two languages."""


class _Fault(Exception):
    def __init__(self, column: str, code: str, zh: str, en: str, remedy_zh: str) -> None:
        super().__init__(code)
        self.told = (COLUMNS[column][0], code, zh, en, remedy_zh)


class ExtractFile:
    """One extract file; `taken_on` (YYYY-MM-DD) is the day it was taken."""

    def __init__(self, path: Path, taken_on: str) -> None:
        """Look at encoding and header. Raises `ExtractRefused`, OSError."""
        self._path = path
        self._taken_on = taken_on
        self._encoding = _encoding(path)
        with path.open(encoding=self._encoding, newline="") as lines:
            self._places = _header(next(csv.reader(lines), []))

    def facts(self) -> Iterator[CardFact | RowError]:
        """Yield each row's fact or error; blank rows are passed over."""
        with self._path.open(encoding=self._encoding, newline="") as lines:
            reader = csv.reader(lines)
            next(reader, None)
            for row in reader:
                cells = {name: _cell(row, at) for name, at in self._places.items()}
                if any(cells.values()):
                    yield self._fact(reader.line_num, cells)

    def _fact(self, line: int, cells: dict[str, str]) -> CardFact | RowError:
        try:
            return self._read(line, cells)
        except _Fault as fault:
            return RowError(line, *fault.told)

    def _read(self, line: int, cells: dict[str, str]) -> CardFact:
        for name in NEEDED:
            if not cells[name]:
                raise _Fault(name, "empty", "这一格是空的", "the cell is empty", "补上后重新导入这一行")
        holder = _identified("number", lambda: identifiers.holder_number(cells["number"], self._taken_on))
        name = identifiers.shown(cells["name"])
        if not looks_like_a_name(name):
            raise _Fault("name", "name", "不像姓名", "is not a name", "核对编码和姓名")
        chip, area, old = cells.get("chip"), cells.get("area"), cells.get("replaces")
        return CardFact(
            holder.kind,
            holder.value,
            name,
            _identified("card", lambda: identifiers.card_number(cells["card"])),
            f"extract:{self._taken_on}",
            _identified("chip", lambda: identifiers.chip_code(str(chip)).value) if chip else None,
            _identified("area", lambda: identifiers.card_area(str(area))) if area else None,
            _identified("replaces", lambda: identifiers.card_number(str(old))) if old else None,
            tuple(self._events(cells)),
            line,
        )

    def _events(self, cells: dict[str, str]) -> Iterator[tuple[str, str, str]]:
        if cells.get("issued_on"):
            yield cards.ISSUED, self._day(cells, "issued_on"), ""
        for axis in ("social", "bank"):
            seen = cells.get(axis)
            if seen:
                on = self._day(cells, f"{axis}_on") if cells.get(f"{axis}_on") else self._taken_on
                yield _event(axis, seen, self._taken_on), on, ""

    def _day(self, cells: dict[str, str], column: str) -> str:
        day = iso_day(cells[column])
        if not day:
            raise _Fault(column, "date", "不是日期", "is not a date", "写成 2026-11-28 或 20261128")
        if day > self._taken_on:
            raise _Fault(
                column,
                "date-later",
                "晚于提取日期",
                "lies after the day of the extract",
                "核对日期，或核对提取日期",
            )
        return day


def _identified(column: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except IdentifierError as fault:
        raise _Fault(column, fault.code, "号码不成立", str(fault), "对照卡面或登记底册逐位核对") from None


def _event(axis: str, seen: str, on: str) -> str:
    event = _events_of(axis, on).get(identifiers.normalise(seen))
    if event is None:
        known = "、".join(_events_of(axis, on))
        raise _Fault(
            axis, "status", "状态写法不在代码表 card_status_codes 中", "unknown status", f"改为：{known}"
        )
    return event


@cache
def _events_of(axis: str, on: str) -> Mapping[str, str]:
    """Return what the ways of writing a status mean."""
    rows = dated.table("card_status_codes").on(on).rows
    wanted = ("bank",) if axis == "bank" else ("driver", "gateway")
    return {str(row["seen"]): str(row["event"]) for row in rows if row["set"] in wanted}


def _encoding(path: Path) -> str:
    for encoding in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as data:
                while chunk := data.read(1 << 16):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return "utf-8-sig" if encoding == "utf-8" else encoding
    raise ExtractRefused("文件既不是 UTF-8 也不是 GB18030：请另存为 CSV UTF-8 / neither UTF-8 nor GB18030")


def _header(row: list[str]) -> dict[str, int]:
    written = {identifiers.normalise_typed(cell): at for at, cell in enumerate(row)}
    found = {
        name: next(written[title] for title in titles if title in written)
        for name, titles in COLUMNS.items()
        if any(title in written for title in titles)
    }
    if missing := [COLUMNS[name][0] for name in NEEDED if name not in found]:
        raise ExtractRefused(f"表头缺少：{'、'.join(missing)} / columns are missing in the first line")
    return found


def _cell(row: list[str], at: int) -> str:
    return row[at].strip()[:LONGEST] if at < len(row) else ""


def date_in_name(path: Path) -> str:
    """Return the day that a file's name ends in or holds (…20261128.csv); empty if it holds none."""
    digits = "".join(char if char.isascii() and char.isdigit() else " " for char in path.stem).split()
    days = [iso_day(part) for part in digits if len(part) == 8]
    return next((day for day in reversed(days) if day), "")


def is_day(text: str) -> bool:
    """Tell whether a text is a real day written YYYY-MM-DD."""
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
