"""Readers of what a person types at a prompt: the answer, or ValueError, and the prompt asks again."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from recordsvc.people import identifiers
from recordsvc.submit.answers import EVERYTHING_ELSE
from recordsvc.submit.cells import column_index
from recordsvc.submit.values import Puzzle, date_of, fold, read_occupation_code


def not_understood() -> Any:
    """Refuse: the prompt asks again."""
    raise ValueError("看不懂 / not understood")


def a_text(text: str) -> str:
    """One line of at most 80 characters."""
    plain = " ".join(text.split())
    return plain if 0 < len(plain) <= 80 else not_understood()


def a_column(text: str) -> str:
    """A column's letter."""
    column_index(text.strip())
    return text.strip().upper()


def one_of(choices: dict[str, str]) -> Callable[[str], str]:
    """A code of a list, typed as code or by its Chinese name."""

    def read(text: str) -> str:
        plain = fold(text)
        named = {zh: code for code, zh in choices.items()}
        return named.get(plain, plain) if plain in choices or plain in named else not_understood()

    return read


def an_integer(least: int, most: int) -> Callable[[str], int]:
    """A whole number within bounds, both included."""

    def read(text: str) -> int:
        value = int(fold(text))
        return value if least <= value <= most else not_understood()

    return read


def a_date(today: dt.date) -> Callable[[str], str]:
    """A date in any form that rosters use, as YYYY-MM-DD."""

    def read(text: str) -> str:
        try:
            return date_of(fold(text), today=today).isoformat()
        except Puzzle:
            return str(not_understood())

    return read


def minutes_of(text: str) -> dict[str, int]:
    """Theory, practice and (if any) online minutes, in this order."""
    parts = [int(part) for part in fold(text).replace(",", " ").replace("、", " ").split()]
    if len(parts) not in (2, 3) or min(parts) < 0 or not sum(parts):
        not_understood()
    theory, practice, online = (*parts, 0)[:3]
    return {"online_minutes": online, "practice_minutes": practice, "theory_minutes": theory}


def an_institution(text: str) -> dict[str, str]:
    """Credit code, then the registered name."""
    code, _, name = " ".join(text.split()).partition(" ")
    if not name:
        not_understood()
    return {"name": name, "uscc": identifiers.uscc(code).value}


def an_occupation(name: str) -> Callable[[str], dict[str, str]]:
    """Edition and code, or a local catalogue key; then the name where the sheet has none."""

    def read(text: str) -> dict[str, str]:
        parts = fold(text).split()
        called = name if name != EVERYTHING_ELSE else " ".join(parts[2:] if parts[0].isdigit() else parts[1:])
        if not called:
            not_understood()
        if parts[0] in ("1999", "2015", "2022") and len(parts) > 1:
            try:
                code = read_occupation_code(parts[1])
            except Puzzle:
                return dict(not_understood())
            return {"code": code or "", "edition": parts[0], "name": called}
        return {"catalogue": parts[0].lower(), "name": called}

    return read
