"""The shape every roster is read into, whatever file it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

Value = str | int | float | bool | date | None

MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_ROWS = 60_000
MAX_CELLS = 3_000_000
MAX_LONG_ROWS = 250_000
MAX_LONG_CELLS = 5_000_000
"""Limits of a workbook that is read row by row: a register of old papers is longer than any roster."""


class Unreadable(ValueError):
    """A file that cannot be read as a roster. `code` is stable; both texts say what to do."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        """Keep the stable code beside the two texts."""
        super().__init__(f"{zh} / {en}")
        self.code = code
        self.zh = zh
        self.en = en


class Trouble(StrEnum):
    """What is wrong with a cell itself, before anybody asks what it means."""

    FORMULA = "formula-without-value"  # nobody has computed it yet
    ERROR = "error-value"  # #N/A, #REF! …


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. A value is a number only if the file says so; text that looks like one stays text."""

    value: Value = None
    trouble: Trouble | None = None

    @property
    def text(self) -> str:
        """The value as a person reads it, without surrounding blanks."""
        match self.value:
            case None:
                shown = ""
            case bool():
                shown = "是" if self.value else "否"
            case float() if self.value.is_integer() and abs(self.value) < 1e15:
                shown = str(int(self.value))
            case float():
                shown = repr(round(self.value, 9))  # 92.30000000000001 is what a sum of 92.3 looks like
            case _:
                shown = str(self.value).strip()
        return shown

    @property
    def empty(self) -> bool:
        """Whether nothing stands here, not even trouble."""
        return self.trouble is None and self.text == ""


EMPTY = Cell()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a sheet; `number` counts from 1 as the spreadsheet program shows it."""

    number: int
    cells: tuple[Cell, ...]
    hidden: bool = False

    def cell(self, column: int) -> Cell:
        """The cell of a column (from 0); empty beyond the end."""
        return self.cells[column] if column < len(self.cells) else EMPTY

    @property
    def filled(self) -> list[int]:
        """Columns that hold anything."""
        return [column for column, cell in enumerate(self.cells) if not cell.empty]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. `merges` maps each covered cell (row number, column) to the cell whose value it shows."""

    name: str
    rows: tuple[Row, ...]
    hidden: bool = False
    merges: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    since_1904: bool = False  # day numbers count from 1904-01-01 (old Macintosh files)

    @property
    def width(self) -> int:
        """Number of columns of the widest row."""
        return max((len(row.cells) for row in self.rows), default=0)


def column_letter(column: int) -> str:
    """A column's name in spreadsheet programs: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """Inverse of `column_letter`; raises ValueError for anything that is not one to three letters."""
    if not (letters.isascii() and letters.isalpha() and len(letters) <= 3):
        raise ValueError("a column is named by one to three letters")
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1
