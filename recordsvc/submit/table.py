"""A table as it was understood: which column tells what, which rows are people, which are not and why."""

from dataclasses import dataclass, field

from recordsvc.submit.cells import EMPTY, Cell, Row, Sheet, column_letter
from recordsvc.submit.headers import Field, recognise


@dataclass(frozen=True, slots=True)
class Column:
    """One understood column: `index` from 0, `heading` as written; `unit`: minutes, if it says."""

    index: int
    field: Field
    heading: str
    unit: int | None = None

    @property
    def letter(self) -> str:
        """The column's name in spreadsheet programs."""
        return column_letter(self.index)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A column that was taken for something its heading does not say; a person has to agree."""

    field: Field
    column: int
    reason: str  # by-content | swapped


@dataclass(slots=True)
class Table:
    """One table of a sheet. In `data` merged cells are filled in; `skipped` says what other rows are."""

    sheet: Sheet
    columns: dict[Field, Column]
    headings: tuple[str, ...]
    facts: dict[Field, str] = field(default_factory=dict)
    data: list[Row] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    bare: tuple[Column, ...] = ()  # 理论, 实操: read as hours until a person says what they are
    retake: str = "latest"  # which mark counts beside that of a second attempt: latest | first

    @property
    def unknown(self) -> list[tuple[str, str]]:
        """Columns whose heading is not understood: letter and heading."""
        return [(letter, text) for letter, text in self._left() if recognise(text) is None]

    @property
    def unused(self) -> list[tuple[str, str]]:
        """Columns that are understood and go into no record, or a second one of a kind."""
        return [(letter, text) for letter, text in self._left() if recognise(text) is not None]

    def _left(self) -> list[tuple[str, str]]:
        known = {column.index for column in self.columns.values()}
        return [(column_letter(n), text) for n, text in enumerate(self.headings) if text and n not in known]

    def cell(self, row: Row, found: Field) -> Cell:
        """The cell of a field in a row; without such a column, what a line above the table says for all."""
        column = self.columns.get(found)
        if column:
            return row.cell(column.index)
        return Cell(self.facts[found]) if found in self.facts else EMPTY

    def heading(self, column: int) -> str:
        """The heading of a column (from 0), or nothing."""
        return self.headings[column] if column < len(self.headings) else ""
