"""Rosters as text: CSV in the encodings offices use, and JSON."""

import codecs
import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from recordsvc.submit.cells import MAX_CELLS, MAX_ROWS, Cell, Row, Sheet, Unreadable, Value

_EXCEL_TEXT = re.compile(r'="(.*)"', re.DOTALL)  # ="0123": how CSV exports keep leading zeros in Excel
_DELIMITERS = (",", "\t", ";", "，", "|")


def decode(data: bytes) -> str:
    """Text of a CSV or JSON file: UTF-8 (mark or not), UTF-16 with mark, else GB18030. Never lossy."""
    if data.startswith(codecs.BOM_UTF8):
        return _strict(data[3:], "utf-8")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _strict(data, "utf-16")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _strict(data, "gb18030")


def read_csv(data: bytes, name: str) -> Sheet:
    """One sheet; `number` counts records, as a spreadsheet program would show them. No cell has a type."""
    rows = list(csv_rows(data))
    _check_size(len(rows), sum(len(row.cells) for row in rows))
    return Sheet(name, tuple(rows))


def csv_rows(data: bytes) -> Iterator[Row]:
    """The rows of a CSV file one by one, of any number. Raises `Unreadable`."""
    text = decode(data)
    if "\x00" in text:
        raise _not_text()
    try:
        for number, fields in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text[:100_000])), 1
        ):
            yield Row(number, tuple([Cell(_unwrapped(item) or None) for item in fields]))
    except csv.Error as fault:
        raise Unreadable(
            "csv-syntax",
            "CSV 格式有误（引号不配对或一格过长）；请用 Excel/WPS 重新另存",
            "the CSV is broken (unpaired quotes or an over-long field); save it again",
        ) from fault


def read_json(data: bytes, name: str) -> Sheet:
    """A list of objects, or an object that holds one beside facts about the class; keys serve as headers.

    `number` of a data row is its position in the list, from 1; facts and headers stand above, at 0 and below.
    """
    try:
        content = json.loads(decode(data), object_pairs_hook=_no_repeats, parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise Unreadable("json-syntax", "不是合法的 JSON 文件", "this is not valid JSON") from fault
    facts: dict[str, Value] = {}
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list)]
        facts = {key: value for key, value in content.items() if isinstance(value, str | int | float)}
        content = lists[0] if len(lists) == 1 else None
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        raise Unreadable(
            "json-shape",
            "JSON 应为学员列表，每人一个对象",
            "the JSON has to be a list of learners, one object each",
        )
    return _sheet_of_objects(content, facts, name)


def _sheet_of_objects(items: list[dict[str, Any]], facts: dict[str, Value], name: str) -> Sheet:
    headers = list(dict.fromkeys(key for item in items for key in item))
    _check_size(len(items), len(items) * len(headers))
    above = [Row(-len(facts) + n, (Cell(f"{key}：{value}"),)) for n, (key, value) in enumerate(facts.items())]
    head = Row(0, tuple(Cell(key) for key in headers))
    rows = [
        Row(number, tuple(Cell(_scalar(item.get(key))) for key in headers))
        for number, item in enumerate(items, 1)
    ]
    return Sheet(name, (*above, head, *rows))


def _scalar(value: Any) -> Value:
    if value is None or isinstance(value, str | bool | int | float):
        return value if value != "" else None
    return json.dumps(value, ensure_ascii=False)


def _strict(data: bytes, encoding: str) -> str:
    """Decode, refusing what would come out as private-use leftovers of an old code page."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as fault:
        raise _not_text() from fault
    control = sum(unicodedata.category(c) == "Cc" and c not in "\r\n\t" for c in text[:100_000])
    if control > len(text[:100_000]) // 100:
        raise _not_text()
    return text


def _delimiter(text: str) -> str:
    """The separator that splits the first lines into most columns, and evenly."""
    sample = [line for line in text.splitlines()[:30] if line.strip()]

    def score(mark: str) -> int:
        counts = sorted(line.count(mark) for line in sample)
        return counts[len(counts) // 2] if counts else 0

    return max(_DELIMITERS, key=score)


def _unwrapped(item: str) -> str:
    match = _EXCEL_TEXT.fullmatch(item.strip())
    return match[1].replace('""', '"') if match else item


def _check_size(rows: int, cells: int) -> None:
    if rows > MAX_ROWS or cells > MAX_CELLS:
        raise Unreadable(
            "too-large",
            f"表太大（最多 {MAX_ROWS} 行）；请分成几个文件",
            f"the sheet is too large (at most {MAX_ROWS} rows); split the file",
        )


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("the same key twice in one object")
    return dict(pairs)


def _no_constant(_: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _not_text() -> Unreadable:
    return Unreadable(
        "encoding",
        "看不懂文件的编码；请另存为 UTF-8 或 GB18030 的 CSV",
        "the encoding is not recognised; save as CSV in UTF-8 or GB18030",
    )
