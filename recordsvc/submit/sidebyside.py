"""Sheets that list people side by side: 姓名 | 身份证号 | 成绩 beside 姓名 | 身份证号 | 成绩, to save paper.

Each side is read as a sheet of its own, with its letters and row numbers as they stand in the file. Two sides
are told by the same headings for name and number, in the same wording; a guardian's name is no second side.
"""

import dataclasses

from recordsvc.submit.cells import EMPTY, Row, Sheet
from recordsvc.submit.headers import Field, fold, recognise


def sides(texts: tuple[str, ...]) -> list[set[int]]:
    """Return the columns (from 0) of each side that stands under these headings; none where there is one."""
    names, numbers = _alike(texts, Field.NAME), _alike(texts, Field.ID)
    if len(names) < 2 or len(names) != len(numbers):
        return []
    if not all(name < number for name, number in zip(names, numbers, strict=True)):
        return []
    first = next(column for column, text in enumerate(texts) if text)
    folded = [fold(text) for text in texts]
    lead = names[0] - first
    starts = [first]
    for name, before in zip(names[1:], numbers, strict=False):
        whole = name - lead > before and folded[name - lead : name] == folded[first : names[0]]
        starts.append(name - lead if whole else name)
    # What stands before the first name and is not repeated, a class or a trade, holds for every side.
    shared = set() if starts[1] != names[1] or not lead else set(range(first, names[0]))
    ends = [*starts[1:], len(texts)]
    return [shared | set(range(start, end)) for start, end in zip(starts, ends, strict=True)]


def side_of(sheet: Sheet, columns: set[int], since: int) -> Sheet:
    """Return a sheet with these columns only, from a row number on; what stands above holds for all sides."""
    return dataclasses.replace(
        sheet, rows=tuple(row if row.number < since else _only(row, columns) for row in sheet.rows)
    )


def _only(row: Row, columns: set[int]) -> Row:
    cells = tuple(cell if n in columns else EMPTY for n, cell in enumerate(row.cells))
    return dataclasses.replace(row, cells=cells)


def _alike(texts: tuple[str, ...], wanted: Field) -> list[int]:
    """Columns under the first heading of a field, and under the very same heading again."""
    found = [n for n, text in enumerate(texts) if text and recognise(text) is wanted]
    return [n for n in found if fold(texts[n]) == fold(texts[found[0]])]
