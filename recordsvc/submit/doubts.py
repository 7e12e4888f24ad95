"""Doubts about columns: a heading that is missing, or that says one thing while the cells say another.

What is proposed here is shown and has to be confirmed by a person before anything is signed.
"""

import re
from collections.abc import Mapping

from recordsvc.submit.cells import Cell
from recordsvc.submit.content import holds_identities, holds_names, is_identity_like
from recordsvc.submit.headers import Field
from recordsvc.submit.table import Column, Doubt, Table


def doubt(table: Table, chosen: Mapping[str, str]) -> None:
    """Propose columns for number and name where headings are missing or contradict what stands below."""
    cells = {n: [row.cell(n) for row in table.data] for n in range(table.sheet.width)}
    number, name = table.columns.get(Field.ID), table.columns.get(Field.NAME)
    crossed = number and name and holds_identities(cells[name.index]) and holds_names(cells[number.index])
    if number and name and crossed and not {"id", "name"} & set(chosen):
        _propose(table, Field.ID, name.index, "swapped")
        _propose(table, Field.NAME, number.index, "swapped")
        return
    if number is None or (
        "id" not in chosen and not _any(cells[number.index]) and not _holds(cells[number.index])
    ):
        candidates = [n for n in cells if holds_identities(cells[n])]
        if len(candidates) == 1:
            _propose(table, Field.ID, candidates[0], "by-content")
    if name is None:
        taken = {column.index for column in table.columns.values()}
        blank = [n for n in cells if n not in taken and holds_names(cells[n]) and not table.heading(n)]
        candidates = blank or [n for n in cells if n not in taken and holds_names(cells[n])]
        if len(candidates) == 1:
            _propose(table, Field.NAME, candidates[0], "by-content")


def _any(cells: list[Cell]) -> bool:
    return any(is_identity_like(cell) for cell in cells)


def _holds(cells: list[Cell]) -> bool:
    """Whether a column holds document numbers of other kinds (permits, passports): letters and digits."""
    filled = [cell for cell in cells if not cell.empty]
    return bool(filled) and any(re.fullmatch(r"[A-Za-z]{0,3}[0-9]{6,14}", cell.text) for cell in filled)


def _propose(table: Table, found: Field, column: int, reason: str) -> None:
    table.columns = {
        key: value
        for key, value in table.columns.items()
        if value.index != column or key in (Field.ID, Field.NAME)
    }
    table.columns[found] = Column(column, found, table.heading(column))
    table.doubts.append(Doubt(found, column, reason))
