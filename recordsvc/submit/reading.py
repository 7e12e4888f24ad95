"""One row of a roster, read: who, when, what, how it ended; and all that was wrong or doubtful."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from recordsvc.people import identifiers
from recordsvc.people.names import for_record, is_a_name, reads_as_seen
from recordsvc.submit import values
from recordsvc.submit.cells import Cell, Row
from recordsvc.submit.content import is_identity_like, is_lost_number
from recordsvc.submit.documents import document_named, document_of_shape
from recordsvc.submit.findings import ROW_CODES, Finding, RowClass, weightiest
from recordsvc.submit.headers import Field
from recordsvc.submit.outcomes import combined
from recordsvc.submit.table import Table
from recordsvc.submit.values import Outcome, Puzzle

_T = TypeVar("_T")


@dataclass(slots=True)
class Reading:
    """What one row says. Empty values are what the sheet does not say; nothing here was guessed."""

    row: int
    sheet: str
    sheet_row: int
    name: str = ""
    written_id: str = ""
    document: str = ""
    number: str = ""
    card: str = ""
    chip: str = ""
    card_area: str = ""
    texts: dict[Field, str] = field(default_factory=dict)
    started: dt.date | None = None
    ended: dt.date | None = None
    assessed: dt.date | None = None
    level: str | None = None
    occupation_code: str | None = None
    amounts: dict[Field, Decimal] = field(default_factory=dict)
    attendance: str | None = None
    attended_on: tuple[dt.date, ...] = ()
    outcome: Outcome | None = None
    retaken: bool = False  # a mark of a second attempt stands beside the first
    findings: list[Finding] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    copy_of: int | None = None  # row number of the first of several equal rows

    @property
    def finding(self) -> Finding | None:
        """The finding that decides the row's class and code."""
        return weightiest(self.findings)

    @property
    def row_class(self) -> RowClass:
        """ok, warn or reject."""
        return ROW_CODES[self.finding.code].row_class if self.finding else RowClass.OK

    @property
    def sendable(self) -> bool:
        """Whether a record may be made of this row."""
        return self.row_class is not RowClass.REJECT and self.copy_of is None


def read_row(table: Table, row: Row, number: int, today: dt.date) -> Reading:
    """Read one data row. Problems become findings; only reading on is ever stopped, never the whole file."""
    return _Reader(table, row, number, today).read()


class _Reader:
    """Reads the cells of one row, one group of columns after the other."""

    def __init__(self, table: Table, row: Row, number: int, today: dt.date) -> None:
        self.table = table
        self.row = row
        self.today = today
        self.out = Reading(number, table.sheet.name, row.number)

    def read(self) -> Reading:
        self._troubles()
        self._person()
        self._card()
        self._texts()
        self._dates()
        self._amounts()
        self._outcome()
        if self.row.hidden:
            self.out.findings.append(Finding("hidden-row"))
        return self.out

    def _cell(self, found: Field) -> Cell:
        return self.table.cell(self.row, found)

    def _find(self, code: str, found: Field | None = None) -> None:
        column = self.table.columns.get(found) if found else None
        self.out.findings.append(Finding(code, column.letter, column.heading) if column else Finding(code))

    def _try(self, found: Field, read: Callable[[Cell], _T]) -> _T | None:
        """The value of a cell, or None and a finding."""
        cell = self._cell(found)
        if cell.empty or cell.trouble:
            return None
        try:
            return read(cell)
        except Puzzle as puzzle:
            if found in self.table.columns:
                self._find(puzzle.code, found)
            else:
                # A line above the table that cannot be read is asked for, as if it were not there.
                self.out.hints.append(f"{found}-above-unreadable")
            return None

    def _troubles(self) -> None:
        for found in self.table.columns:
            trouble = self._cell(found).trouble
            if trouble and found not in (Field.SERIAL, Field.NOTE, Field.SEX, Field.BIRTH):
                self._find(trouble.value, found)

    def _person(self) -> None:
        name, number = self._cell(Field.NAME), self._cell(Field.ID)
        self.out.name, self.out.written_id = for_record(name.text), number.text
        if is_identity_like(name) and (number.empty or is_a_name(number.text)):
            self._find("name-id-swapped", Field.NAME)
            return
        if name.trouble is None and not name.text:
            self._find("name-missing", Field.NAME)
        elif name.trouble is None and not (isinstance(name.value, str) and self._is_name(name.text)):
            self._find("name-characters", Field.NAME)
        if number.trouble is None:
            self._number(number)

    def _is_name(self, written: str) -> bool:
        """Judge what a record will carry: marks without width, as copying leaves them, are not in it."""
        return is_a_name(self.out.name) and reads_as_seen(written)

    def _number(self, cell: Cell) -> None:
        if cell.empty:
            self._find("id-missing", Field.ID)
        elif is_lost_number(cell):
            self._find("id-number-cell", Field.ID)
        else:
            try:
                found = self._identifier(identifiers.normalise_typed(cell.text))
            except (identifiers.IdentifierError, Puzzle) as fault:
                self._find(fault.code if fault.code in ROW_CODES else "id-form", Field.ID)
                return
            self.out.document, self.out.number = str(found.kind), found.value
            for warning in found.warnings:
                self._find(warning, Field.ID)
            self._hints(found)

    def _identifier(self, number: str) -> identifiers.Identifier:
        named = document_named(self._cell(Field.DOCUMENT).text)
        kind = named or document_of_shape(number)
        return identifiers.parse(kind, number, self.today, legacy=True)

    def _hints(self, found: identifiers.Identifier) -> None:
        """Sex and birth date inside a number are hints only: the civil record may rightly differ."""
        if len(found.value) != 18 or not found.value[6:14].isdigit():
            return
        sex = {"男": "male", "女": "female"}.get(self._cell(Field.SEX).text)
        if sex and sex != identifiers.sex(found.value):
            self.out.hints.append("sex-differs")

    def _card(self) -> None:
        cell = self._cell(Field.CARD)
        if not cell.empty and cell.trouble is None:
            try:
                self.out.card = identifiers.card_number(identifiers.normalise_typed(cell.text))
            except identifiers.IdentifierError:
                self._find("card-number", Field.CARD)
        for found, name in ((Field.CHIP, "chip"), (Field.CARD_AREA, "card_area")):
            text = identifiers.normalise_typed(self._cell(found).text)
            setattr(self.out, name, text)

    def _texts(self) -> None:
        wanted = (
            Field.OCCUPATION, Field.WORK_TYPE, Field.INSTITUTION, Field.USCC, Field.CLASS_CODE,
            Field.CLASS_NAME, Field.FILING, Field.TRAINING_TYPE, Field.NOTE,
        )  # fmt: skip
        for found in wanted:
            text = " ".join(values.fold(self._cell(found).text).split())
            if text:
                self.out.texts[found] = text
        self.out.level = self._try(Field.LEVEL, lambda cell: values.read_level(cell.text))
        self.out.occupation_code = self._try(
            Field.OCCUPATION_CODE, lambda cell: values.read_occupation_code(cell.text)
        )
        for found in (Field.LEVEL, Field.OCCUPATION):
            self._needed(found)

    def _needed(self, found: Field) -> None:
        cell = self._cell(found)
        if found in self.table.columns and cell.empty:
            self._find("value-missing", found)

    def _dates(self) -> None:
        def date(cell: Cell) -> dt.date:  # the sheet's own day count goes with every date
            return values.read_date(cell, today=self.today, since_1904=self.table.sheet.since_1904)

        self.out.started = self._try(Field.STARTED, date)
        self.out.ended = self._try(Field.ENDED, date)
        self.out.assessed = self._try(Field.ASSESSED_ON, date)
        # 培训时间 is a range as often as a number of hours or a single day: only a range is taken.
        both = self._try(Field.PERIOD, lambda cell: values.range_of(cell.text, today=self.today))
        if both:
            self.out.started = self.out.started or both[0]
            self.out.ended = self.out.ended or both[1]
        for found in (Field.STARTED, Field.ENDED):
            self._needed(found)
        last = Field.ENDED if Field.ENDED in self.table.columns else Field.PERIOD
        if self.out.started and self.out.ended and self.out.ended < self.out.started:
            self._find("date-order", last)
        if self.out.ended and self.out.ended > self.today:
            self._find("date-future", last)

    def _days(self, cell: Cell) -> tuple[dt.date, ...]:
        """Read days with a separator between them; each in full."""
        days = [Cell(one) for one in re.split(r"[、,，;；\s]+", cell.text) if one]
        since = self.table.sheet.since_1904
        return tuple(sorted({values.read_date(one, today=self.today, since_1904=since) for one in days}))

    def _amounts(self) -> None:
        for found in (
            Field.THEORY, Field.PRACTICE, Field.ONLINE, Field.TOTAL,
            Field.ATTENDED_THEORY, Field.ATTENDED_PRACTICE,
        ):  # fmt: skip
            amount = self._try(found, values.read_amount)
            if amount is not None:
                self.out.amounts[found] = amount
        parts = [self.out.amounts.get(found) for found in (Field.THEORY, Field.PRACTICE)]
        total = self.out.amounts.get(Field.TOTAL)
        if total is not None and None not in parts:
            summed = sum(filter(None, parts), self.out.amounts.get(Field.ONLINE, Decimal()))
            if summed != total:
                self._find("hours-differ", Field.TOTAL)
        self.out.attendance = self._try(Field.ATTENDANCE, values.read_attendance)
        self.out.attended_on = self._try(Field.ATTENDED_ON, self._days) or ()

    def _outcome(self) -> None:
        said = [
            outcome
            for found in (Field.RESULT, self._marked())
            if (outcome := self._try(found, values.read_outcome)) is not None
        ]
        if self._said(Field.RETAKE_PART):
            self._find("retake", Field.RETAKE_PART)
        part_fields = [f for f in (Field.THEORY_SCORE, Field.PRACTICE_SCORE) if f in self.table.columns]
        parts = [self._try(found, values.read_outcome) for found in part_fields]
        try:
            self.out.outcome = combined(said, parts, self._cell(Field.NOTE).text)
        except Puzzle as puzzle:
            column = next((f for f in _OUTCOME_FIELDS if f in self.table.columns), None)
            self._find(puzzle.code, column)
            return
        asked = [found for found in _OUTCOME_FIELDS if found in self.table.columns]
        unread = any(f.code in ("score-unreadable", *_CELL_TROUBLES) for f in self.out.findings)
        if asked and self.out.outcome is None and not unread:
            self._find("value-missing", asked[0])
        if self.out.outcome and self.out.outcome.kind in ("absent", "dropped"):
            self._find(self.out.outcome.kind, asked[0] if asked else Field.NOTE)

    def _marked(self) -> Field:
        """The column of the mark that counts."""
        self.out.retaken = self._said(Field.RETAKE)
        return Field.RETAKE if self.out.retaken and self.table.retake == "latest" else Field.SCORE

    def _said(self, found: Field) -> bool:
        text = values.fold(self._cell(found).text)
        return text not in values.BLANK


_OUTCOME_FIELDS = (Field.SCORE, Field.RESULT, Field.THEORY_SCORE, Field.PRACTICE_SCORE)
_CELL_TROUBLES = ("formula-without-value", "error-value")
