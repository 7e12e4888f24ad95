"""Identifiers of people, cards and institutions: validation, normalisation, masks (pure, stdlib only).

Accepted is what passes its own check digit, a real calendar date and "not in the future". Where a document
has no published check (permits, passports, card numbers) only the form is judged. County codes warn, never
reject. `today` is always the caller's Beijing date: this module reads no clock.

Errors are `IdentifierError` with one of the codes
  id-empty · id-length · id-characters · id-form · id-check-digit · id-date · id-future-birth · id-kind
  card-number · card-area · chip-code · uscc-form · uscc-check-digit
Warnings are
  id-15-digit · id-15-digit-reserved · division-unknown · permit-issue-digits · pr-2017-date · manual-evidence
  chip-rid · chip-area-differs · uscc-inner-check
"""

import datetime as dt
import re

from recordsvc.people.checks import (
    USCC_ALPHABET,
    Identifier,
    IdentifierError,
    luhn,
    normalise,
    normalise_typed,
    organisation_check,
    uscc_check,
)
from recordsvc.people.divisions import Division, division
from recordsvc.people.documents import Kind, birth_date, is_resident_id, parse, possible_kinds, sex
from recordsvc.people.names import for_matching, same_name, shown

__all__ = [
    "Division",
    "Identifier",
    "IdentifierError",
    "Kind",
    "birth_date",
    "card_area",
    "card_number",
    "chip_code",
    "division",
    "for_matching",
    "holder_number",
    "is_resident_id",
    "luhn",
    "mask",
    "mask_public",
    "normalise",
    "normalise_typed",
    "parse",
    "possible_kinds",
    "same_name",
    "sex",
    "shown",
    "uscc",
]

_CARD_NUMBER = re.compile(r"[0-9A-Z]{9}")
_AREA = re.compile(r"[1-9][0-9]{5}")
_CHIP = re.compile(r"([1-9][0-9]{5})([0-9A-F]{10})[0-9A-F]{16}")
_MINISTRY_RID = "D156000005"


def card_number(raw: str) -> str:
    """社会保障卡卡号 (AAZ500): nine letters or digits, no known check digit; alone it selects nobody."""
    value = normalise(raw)
    if not _CARD_NUMBER.fullmatch(value):
        raise IdentifierError("card-number", "a card number has nine letters or digits")
    return value


def holder_number(raw: str, on: str) -> Identifier:
    """社会保障号码 (AAC002) as of a day (YYYY-MM-DD); for citizens it is the identity number."""
    kinds = possible_kinds(raw)
    if not kinds:
        raise IdentifierError("id-form", "the number has the form of no document")
    return parse(kinds[0], raw, dt.date.fromisoformat(on))


def card_area(raw: str) -> str:
    """发卡地区: the six-digit division that issued the card."""
    value = normalise(raw)
    if not _AREA.fullmatch(value):
        raise IdentifierError("card-area", "an issuing area has six digits")
    return value


def chip_code(raw: str, area: str | None = None) -> Identifier:
    """卡识别码 (AAZ501): area (6 digits) + ministry RID (10 hex) + 16 hex; `area` is compared if given."""
    value = normalise(raw)
    match = _CHIP.fullmatch(value)
    if match is None:
        raise IdentifierError("chip-code", "a chip code has 32 hexadecimal digits and begins with its area")
    warnings = []
    if match.group(2) != _MINISTRY_RID:
        warnings.append("chip-rid")
    if area is not None and match.group(1) != area:
        warnings.append("chip-area-differs")
    return Identifier("chip", value, tuple(warnings))


def uscc(raw: str) -> Identifier:
    """统一社会信用代码: a wrong outer check is an error, a wrong inner one a warning (old codes)."""
    value = normalise(raw)
    if len(value) != 18 or any(c not in USCC_ALPHABET for c in value):
        raise IdentifierError(
            "uscc-form", "a unified social credit code has 18 digits or letters, no I O S V Z"
        )
    if uscc_check(value[:17]) != value[17]:
        raise IdentifierError("uscc-check-digit", "the last character does not fit the other 17")
    inner_ok = organisation_check(value[8:16]) == value[16]
    return Identifier("uscc", value, () if inner_ok else ("uscc-inner-check",))


def mask(value: str) -> str:
    """Only the last four characters (the first 14 of an identity number tell region and birth date)."""
    shown_length = 4 if len(value) >= 8 else min(2, len(value) // 2)
    return "*" * (len(value) - shown_length) + value[len(value) - shown_length :]


def mask_name(name: str) -> str:
    """Return a name as lists show it: 马小梅 -> 马*梅, 马晓 -> 马*."""
    return name[:1] + "*" if len(name) <= 2 else name[:1] + "*" * (len(name) - 2) + name[-1]


def mask_public(value: str) -> str:
    """For lists that law makes public: first four, last two. First six and last four would be reversible."""
    return value[:4] + "*" * (len(value) - 6) + value[-2:] if len(value) >= 15 else mask(value)
