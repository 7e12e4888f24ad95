"""What a column holds, judged by its cells alone: to doubt a heading or to propose one, never to decide."""

import re
from collections.abc import Callable, Sequence

from recordsvc.people.identifiers import normalise_typed
from recordsvc.people.names import looks_like_a_name
from recordsvc.submit.cells import Cell

_IDENTITY = re.compile(r"[0-9]{17}[0-9X]|[0-9]{15}")
_LOST = re.compile(r"[+-]?[0-9](\.[0-9]+)?E\+?1[4-9]", re.IGNORECASE)
_SHARE = 0.6  # of a column's filled cells; rosters are messy, so far from all
_FEW_NAMES = 0.5  # people are mostly called differently; 男/女 and 合格 repeat


def is_lost_number(cell: Cell) -> bool:
    """Whether the cell holds (or shows) a number that had 16 digits or more: the last ones are gone.

    Spreadsheet programs keep 15 significant digits, so an 18-digit number in a numeric cell ends in zeros or
    in an exponent. A program may have written all 18; the next person who saves the sheet destroys them.
    """
    if isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
        return abs(cell.value) >= 1e15
    return bool(_LOST.fullmatch(normalise_typed(cell.text)))


def is_identity_like(cell: Cell) -> bool:
    """Whether the cell looks like an identity number, right or wrong, lost digits included."""
    return is_lost_number(cell) or bool(_IDENTITY.fullmatch(normalise_typed(cell.text)))


def is_number(cell: Cell) -> bool:
    """Whether the cell is a plain number, typed or written."""
    if isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
        return True
    return bool(re.fullmatch(r"[0-9]+(\.[0-9]+)?%?", normalise_typed(cell.text)))


def holds_identities(cells: Sequence[Cell]) -> bool:
    """Whether most filled cells of a column look like identity numbers."""
    return _mostly([cell for cell in cells if not cell.empty], is_identity_like)


def holds_names(cells: Sequence[Cell]) -> bool:
    """Whether most filled cells of a column could be names, and mostly different ones."""
    filled = [cell for cell in cells if not cell.empty]
    different = len({cell.text for cell in filled})
    return different > len(filled) * _FEW_NAMES and _mostly(filled, _is_name_like)


def _is_name_like(cell: Cell) -> bool:
    return isinstance(cell.value, str) and len(cell.text) <= 30 and looks_like_a_name(cell.text)


def _mostly(filled: Sequence[Cell], judge: Callable[[Cell], bool]) -> bool:
    return bool(filled) and sum(map(judge, filled)) >= len(filled) * _SHARE
