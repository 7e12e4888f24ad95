"""Numbers of people inside free text: a case reference (案卷号) names a case, and no person (pure).

Spotted is what passes the check of its kind: identity numbers of 18 characters anywhere, also with blanks or
dashes between; of 15 digits, permits, card and bank card numbers, chip codes and mobile phones where they
stand alone or glued to a word (tel139…, X7984…a): digits end at a letter, a card or permit at a small one.
Two capitals before eight digits are a document's. Unified social credit codes are no person's, random ids
nobody's. A case that is built like a number is not told from one: letters or dashes keep its parts apart.
Names, and numbers without a check (accounts that are no card's), are not found.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from typing import Final

from recordsvc.people.checks import IdentifierError, luhn, mod_11_2, normalise
from recordsvc.people.documents import Kind, parse
from recordsvc.people.identifiers import chip_code

FIRST_YEAR_OF_CASES: Final = 2020
"""A day from this year on, between division and sequence, is a case's, and nobody's birth date."""
_EARLIEST: Final = 1850
_BETWEEN: Final = re.compile(r"[\s\-‐-―_./:·]")
_EIGHTEEN: Final = re.compile(r"(?=([1-9][0-9]{16}[0-9X]))")


def _alone(form: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![0-9A-Z])(?:{form})(?![0-9A-Z])")


_PHONE: Final = _alone(r"(?:\+?86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}")
_FIFTEEN: Final = _alone(r"[1-9][0-9]{14}")
_PERMIT: Final = _alone(r"[HM][0-9]{8}(?:[0-9]{2})?|[A-Z]{3}[0-9]{12}")
_CARD: Final = _alone(r"[A-Z][0-9]{7}[0-9X]")
_BANK: Final = _alone(r"(?:62(?:[ -]?[0-9]){14,17}|[3-5](?:[ -]?[0-9]){15}(?:(?:[ -]?[0-9]){3})?)")
"""China UnionPay: 16 to 19 digits; older cards and accounts that pass Luhn: 16 or 19."""
_ID: Final = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}(?![0-9A-Za-z])")
"""A random id of an object: digits in it are no number's."""
_GLUE: Final = re.compile(
    r"(?<=[A-Za-z])(?=[0-9]{11})|(?<=[0-9])(?=[a-z])|(?<=[0-9]{11})(?=[A-Z])|(?<=[a-z])(?=[A-Z])"
)
_CHIP: Final = _alone(r"[1-9][0-9]{5}[0-9A-F]{26}")


def number_in(text: str) -> str | None:
    """Return the kind of the first number of a person that a text holds, or None."""
    folded, unglued = normalise(text), normalise(_unglued(text))
    run = _BETWEEN.sub("", folded)
    if any(_is_eighteen(found.group(1)) for found in _EIGHTEEN.finditer(run)):
        return "identity-number"
    kinds: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
        ("identity-number", _FIFTEEN, _is_fifteen),
        ("mobile-phone", _PHONE, lambda _: True),
        ("permit", _PERMIT, _is_permit),
        ("card-number", _CARD, lambda value: not _is_day(value[1:])),
        ("bank-card", _BANK, lambda value: luhn(re.sub(r"[ -]", "", value))),
        ("chip-code", _CHIP, _is_chip),
    )
    for kind, form, holds in kinds:
        if any(holds(found.group()) for read in (folded, unglued) for found in form.finditer(read)):
            return kind
    return None


def _unglued(text: str) -> str:
    """Return a text with what is written onto numbers apart from them, and random ids left out."""
    return _GLUE.sub(" ", _ID.sub(" ", unicodedata.normalize("NFKC", text)))


def _is_eighteen(value: str) -> bool:
    year = int(value[6:10])
    if not _EARLIEST <= year < FIRST_YEAR_OF_CASES or mod_11_2(value[:17]) != value[17]:
        return False
    return _real(year, value[10:12], value[12:14])


def _is_fifteen(value: str) -> bool:
    try:
        found = parse(Kind.RESIDENT_ID, value, dt.date(FIRST_YEAR_OF_CASES, 1, 1), legacy=True)
    except IdentifierError:
        return False
    return "division-unknown" not in found.warnings


def _is_permit(value: str) -> bool:
    if value[1].isdigit():
        return not _is_day(value[1:9])
    return not parse(Kind.FOREIGN_PR, value, dt.date(FIRST_YEAR_OF_CASES, 1, 1)).warnings


def _is_chip(value: str) -> bool:
    return not chip_code(value).warnings


def _is_day(digits: str) -> bool:
    """Tell whether eight digits are the day of a case: those have a letter before them as cards do."""
    return (
        digits.isdigit()
        and int(digits[:4]) >= FIRST_YEAR_OF_CASES
        and _real(int(digits[:4]), digits[4:6], digits[6:])
    )


def _real(year: int, month: str, day: str) -> bool:
    try:
        dt.date(year, int(month), int(day))
    except ValueError:
        return False
    return True
