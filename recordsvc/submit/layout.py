"""Finds the table in a sheet: facts above, headings over one or two rows, people, totals, signatures.

A sheet may hold several tables and repeat its headings at every printed page. Nothing that could be a person
is dropped silently: every row that is not data is listed with the reason why not.
"""

import re
from collections.abc import Iterable, Mapping

from recordsvc.submit.cells import EMPTY, Cell, Row, Sheet, column_index
from recordsvc.submit.content import is_identity_like, is_number
from recordsvc.submit.doubts import doubt
from recordsvc.submit.headers import Field, fold, minutes_per_unit, recognise, says_hours
from recordsvc.submit.rowkinds import note_facts, sort_rows
from recordsvc.submit.sidebyside import side_of, sides
from recordsvc.submit.table import Column, Table

_LABELLED = re.compile(r"[：:]\s*[^：:\s]")
_LEAST_HEADINGS = 3
_SCORE_OF = {Field.THEORY: Field.THEORY_SCORE, Field.PRACTICE: Field.PRACTICE_SCORE}


def find_tables(
    sheet: Sheet, chosen: Mapping[str, str] | None = None, parts: str | None = None
) -> list[Table]:
    """The tables of one sheet. `chosen` is field -> column letter as a person confirmed it, which wins.

    `parts`: what bare columns 理论 and 实操 hold as a person said it, `hours` or `scores`.
    """
    tables: list[Table] = []
    facts: dict[Field, str] = {}
    pending: list[Row] = []
    rows = {row.number: row for row in sheet.rows}
    skip_to = -1 << 30
    for row in sheet.rows:
        if row.number <= skip_to:
            continue
        heading = _heading_at(sheet, rows, row)
        if heading is not None:
            depth, texts = heading
            if not tables and (halves := sides(texts)):
                return [
                    table
                    for columns in halves
                    for table in find_tables(
                        side_of(sheet, columns, row.number), _chosen_in(columns, chosen), parts
                    )
                ]
            skip_to = row.number + depth - 1
            table = _table(sheet, texts, chosen, parts)
            if tables and table.headings == tables[-1].headings:
                tables[-1].skipped.append((row.number, "heading"))
                continue
            note_facts(pending, facts)
            table.facts = dict(facts)
            tables.append(table)
        elif tables:
            tables[-1].data.append(_filled(sheet, rows, row))
        else:
            pending.append(row)
    if not tables:
        tables = _without_headings(sheet, chosen)
    for table in tables:
        doubt(table, chosen or {})
        sort_rows(table)
    return [table for table in tables if table.data]


def _chosen_in(columns: set[int], chosen: Mapping[str, str] | None) -> dict[str, str]:
    return {name: letter for name, letter in (chosen or {}).items() if column_index(letter) in columns}


def _heading_at(sheet: Sheet, rows: Mapping[int, Row], row: Row) -> tuple[int, tuple[str, ...]] | None:
    """(number of rows, texts by column) if headings stand at this row, over one row or two."""
    if not _could_be_heading(row):
        return None
    one = tuple(_shown(sheet, rows, row.number, column).text for column in range(len(row.cells)))
    below = rows.get(row.number + 1)
    if below is not None and _could_be_heading(below) and _splits(sheet, row, below):
        if _is_heading(cell.text for cell in below.cells):
            return (1, one) if _is_heading(one) else None
        two = tuple(
            _joined(sheet, rows, row.number, column) for column in range(max(len(one), len(below.cells)))
        )
        if _is_heading(two):
            return 2, two
    return (1, one) if _is_heading(one) else None


def _could_be_heading(row: Row) -> bool:
    """No numbers, dates, identity numbers or labelled values stand in a row of headings."""
    cells = [row.cells[n] for n in row.filled]
    return bool(cells) and not any(
        not isinstance(cell.value, str)
        or is_identity_like(cell)
        or is_number(cell)
        or _LABELLED.search(cell.text)
        for cell in cells
    )


def _splits(sheet: Sheet, upper: Row, lower: Row) -> bool:
    """Whether the lower row says more about the upper one: it fills gaps or stands below merged headings."""
    standing = [n for n in lower.filled if (lower.number, n) not in sheet.merges]
    under = [n for n in standing if upper.cell(n).empty or (upper.number, n + 1) in sheet.merges]
    return bool(standing) and len(under) >= len(standing) / 2 and len(upper.filled) > 1


def _joined(sheet: Sheet, rows: Mapping[int, Row], number: int, column: int) -> str:
    upper = _shown(sheet, rows, number, column).text
    lower = "" if sheet.merges.get((number + 1, column)) else _shown(sheet, rows, number + 1, column).text
    # A group heading such as 课时 spans columns even where nobody merged the cells.
    if not upper and lower:
        left = next((n for n in range(column - 1, -1, -1) if not rows[number].cell(n).empty), None)
        group = rows[number].cell(left).text if left is not None else ""
        hours = recognise(lower) in _SCORE_OF and says_hours(group)
        if hours or recognise(lower) is None or recognise(group + lower) not in (None, recognise(lower)):
            upper = group
    return upper if upper == lower else upper + lower


def _is_heading(texts: Iterable[str]) -> bool:
    fields = [recognise(text) for text in texts if text]
    known = {found for found in fields if found is not None}
    if {Field.NAME, Field.ID} <= known:
        return True
    counted = len(known - {Field.OTHER}) + min(fields.count(Field.OTHER), 2)
    return counted >= _LEAST_HEADINGS and (
        bool(known & {Field.NAME, Field.ID}) or counted >= 2 * _LEAST_HEADINGS
    )


def _table(
    sheet: Sheet, texts: tuple[str, ...], chosen: Mapping[str, str] | None, parts: str | None = None
) -> Table:
    columns: dict[Field, Column] = {}
    bare: list[Column] = []
    for index, text in enumerate(texts):
        found = recognise(text)
        if found is None or found is Field.OTHER:
            continue
        if found in _SCORE_OF and not says_hours(text):
            bare.append(Column(index, found, text))
            continue
        # Two headings for one field: the one in the list of known wordings, else the first, is meant.
        if found not in columns or (
            fold(text) in ("姓名", "身份证号码") and fold(columns[found].heading) != fold(text)
        ):
            columns[found] = Column(index, found, text, minutes_per_unit(text))
    for one in bare:
        found = _SCORE_OF[one.field] if parts == "scores" else one.field
        columns.setdefault(found, Column(one.index, found, one.heading))
    if Field.OCCUPATION not in columns and Field.WORK_TYPE in columns:
        trade = columns.pop(Field.WORK_TYPE)
        columns[Field.OCCUPATION] = Column(trade.index, Field.OCCUPATION, trade.heading)
    for name, letter in (chosen or {}).items():
        index = column_index(letter)
        columns = {key: column for key, column in columns.items() if column.index != index}
        heading = texts[index] if index < len(texts) else ""
        columns[Field(name)] = Column(index, Field(name), heading, minutes_per_unit(heading))
    named = {column_index(letter) for letter in (chosen or {}).values()}
    asked = tuple(one for one in bare if parts is None and one.index not in named)
    return Table(sheet, columns, texts, bare=asked)


def _without_headings(sheet: Sheet, chosen: Mapping[str, str] | None) -> list[Table]:
    """A sheet whose first row already is a person: columns are proposed by content, and doubted."""
    table = _table(sheet, ("",) * sheet.width, chosen)
    for row in sheet.rows:
        if any(is_identity_like(row.cells[n]) for n in row.filled):
            table.data.append(row)
        elif row.filled:
            table.skipped.append((row.number, "no-person"))
    return [table] if table.data else []


def _shown(sheet: Sheet, rows: Mapping[int, Row], number: int, column: int) -> Cell:
    """A cell as a person sees it: merged cells show their first cell's value."""
    top, left = sheet.merges.get((number, column), (number, column))
    return rows[top].cell(left) if top in rows else EMPTY


def _filled(sheet: Sheet, rows: Mapping[int, Row], row: Row) -> Row:
    """A data row in which cells merged downwards carry their value; sideways merges stay as they are."""
    if not sheet.merges:
        return row
    cells = list(row.cells)
    for column in range(len(cells)):
        source = sheet.merges.get((row.number, column))
        if source and source[1] == column and source[0] in rows:
            cells[column] = rows[source[0]].cell(column)
    return Row(row.number, tuple(cells), row.hidden)
