"""A whole file, understood: every data row of every table read, and the rows compared with one another."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recordsvc.people.identifiers import normalise_typed
from recordsvc.people.names import for_matching
from recordsvc.submit.cells import Sheet, Unreadable
from recordsvc.submit.findings import Finding
from recordsvc.submit.headers import Field
from recordsvc.submit.layout import find_tables
from recordsvc.submit.reading import Reading, read_row
from recordsvc.submit.table import Doubt, Table

_ROUNDED = re.compile(r"[0-9]{15}000")
_SUSPICIOUS = 3  # numbers ending in 000
_NOT_CONTENT = ("duplicate-row", "hidden-row")


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a file says: its tables, its rows (numbered from 1 over all tables), what is still doubtful."""

    tables: tuple[Table, ...]
    readings: tuple[Reading, ...]
    ignored_sheets: tuple[tuple[str, str], ...]  # sheet name and why it was not read

    @property
    def doubts(self) -> list[tuple[Table, Doubt]]:
        """Columns taken for something that their headings do not say."""
        return [(table, doubt) for table in self.tables for doubt in table.doubts]


def understand(
    sheets: Iterable[Sheet],
    today: dt.date,
    columns: Mapping[str, str] | None = None,
    only: Iterable[str] | None = None,
    parts: str | None = None,
    retake: str | None = None,
) -> Understanding:
    """Read all visible sheets, or those named in `only`; `parts` as of `find_tables`, `retake` as of `Table`.

    Raises `Unreadable` when nobody is listed.
    """
    wanted = None if only is None else set(only)
    tables: list[Table] = []
    ignored: list[tuple[str, str]] = []
    for sheet in sheets:
        if wanted is not None and sheet.name not in wanted:
            ignored.append((sheet.name, "not-chosen"))
        elif sheet.hidden and wanted is None:
            ignored.append((sheet.name, "hidden"))
        else:
            found = find_tables(sheet, columns, parts)
            tables += found
            if not found:
                ignored.append((sheet.name, "nobody-listed"))
    if not tables:
        raise Unreadable(
            "nobody-listed",
            "没有找到学员名单：需要“姓名”和“身份证号码”等表头",
            "no list of learners was found: headings such as 姓名 and 身份证号码 are needed",
        )
    readings: list[Reading] = []
    for table in tables:
        table.retake = retake or table.retake
        for row in table.data:
            readings.append(read_row(table, row, len(readings) + 1, today))
    _stop_rounded_numbers(readings)
    _compare(readings)
    return Understanding(tuple(tables), tuple(readings), tuple(ignored))


def _stop_rounded_numbers(readings: list[Reading]) -> None:
    """Numbers that lost digits in another program before they came here as text: all end in 000.

    One such number in a thousand is genuine, and one rounded number in eleven passes its check. Several in
    one roster are no accident.
    """
    rounded = [one for one in readings if _ROUNDED.fullmatch(normalise_typed(one.written_id))]
    if len(rounded) >= _SUSPICIOUS and len(rounded) * 5 >= len(readings):
        for reading in rounded:
            column = next((f for f in reading.findings if f.code.startswith("id-")), Finding(""))
            reading.findings.append(Finding("id-number-cell", column.column, column.heading))


def _compare(readings: list[Reading]) -> None:
    """Repeated rows are sent once; contradictions between rows stop all rows concerned."""
    people: dict[str, list[Reading]] = defaultdict(list)
    cards: dict[str, set[str]] = defaultdict(set)
    for reading in readings:
        if reading.number:
            people[reading.number].append(reading)
            if reading.card:
                cards[reading.card].add(reading.number)
    for rows in people.values():
        if len({for_matching(reading.name) for reading in rows}) > 1:
            _mark(rows, "id-shared")
        else:
            _compare_one_person(rows)
    for reading in readings:
        if len(cards[reading.card]) > 1:
            reading.card = ""
            reading.findings.append(Finding("card-shared"))


def _compare_one_person(rows: list[Reading]) -> None:
    first: dict[object, Reading] = {}
    courses: dict[object, list[Reading]] = defaultdict(list)
    for reading in rows:
        original = first.setdefault(_content(reading), reading)
        if original is not reading:
            reading.copy_of = original.row
            reading.findings.append(Finding("duplicate-row"))
        else:
            courses[course_of(reading)].append(reading)
    for same_course in courses.values():
        if len(same_course) > 1:
            _mark(same_course, "row-conflict")


def _mark(rows: Iterable[Reading], code: str) -> None:
    for reading in rows:
        reading.findings.append(Finding(code))


def course_of(reading: Reading) -> object:
    """What makes two rows of one person the same course: class, occupation and level."""
    texts = reading.texts
    return (
        texts.get(Field.CLASS_CODE), texts.get(Field.CLASS_NAME), texts.get(Field.OCCUPATION),
        texts.get(Field.WORK_TYPE), reading.occupation_code, reading.level,
    )  # fmt: skip


def _content(reading: Reading) -> object:
    """Everything of a row that would stand in its record; phone, serial and note do not."""
    texts = {found: text for found, text in reading.texts.items() if found is not Field.NOTE}
    return (
        course_of(reading), for_matching(reading.name), reading.started, reading.ended, reading.assessed,
        tuple(sorted(reading.amounts.items())), reading.attendance, reading.outcome, reading.card,
        tuple(sorted(texts.items())), tuple(f.code for f in reading.findings if f.code not in _NOT_CONTENT),
    )  # fmt: skip
