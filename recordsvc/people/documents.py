"""Numbers of people's documents (domain: 居民身份证 and what stands for it), judged kind by kind.

Callers import these names from `recordsvc.people.identifiers`, whose docstring lists every code.
"""

import datetime as dt
import re
from collections.abc import Callable
from enum import StrEnum

from recordsvc.people.checks import Identifier, IdentifierError, mod_11_2, normalise
from recordsvc.people.divisions import is_plausible

# [0-9] and fullmatch throughout: \d accepts １２３, and $ accepts a trailing newline.
_EIGHTEEN = re.compile(r"[1-9][0-9]{16}[0-9X]")
_FIFTEEN = re.compile(r"[1-9][0-9]{14}")
_PR_2017 = re.compile(r"[A-Z]{3}[0-9]{12}")
_PERMIT_HK_MO = re.compile(r"([HM][0-9]{8})([0-9]{2})?")
_PERMIT_TW = re.compile(r"[0-9]{8}")
_PASSPORT = re.compile(r"[0-9A-Z]{5,20}")
_FOREIGN_SSN = re.compile(r"[A-Z]{3}[0-9][0-9A-Z]{1,14}")
_HMT_AREAS = ("810000", "820000", "830000")  # Hong Kong, Macao, Taiwan
_RESERVED_15 = ("996", "997", "998", "999")  # GB 11643-1989: sequences of centenarians, born 18xx


class Kind(StrEnum):
    """The document kinds a record's `worker.document` may name."""

    RESIDENT_ID = "resident-id"  # 居民身份证 (公民身份号码)
    HMT_RESIDENCE = "hmt-residence"  # 港澳台居民居住证
    HMT_PERMIT_HK_MO = "hmt-permit-hk-mo"  # 港澳居民来往内地通行证
    TW_PERMIT = "tw-permit"  # 台湾居民来往大陆通行证
    FOREIGN_PR = "foreign-pr"  # 外国人永久居留身份证, 2023 and 2017 versions
    PASSPORT = "passport"
    FOREIGN_SSN = "foreign-ssn"  # 外国人社会保障号码


def parse(kind: str, raw: str, today: dt.date, *, legacy: bool = False) -> Identifier:
    """The identifier of the named document kind, normalised, or `IdentifierError`.

    `legacy` accepts the 15-digit numbers of first-generation cards (imports and rosters only): the result is
    the computed 18-digit number, marked `derived` with warning `id-15-digit`.
    """
    value = normalise(raw)
    if not value:
        raise IdentifierError("id-empty", "the number is empty")
    reader = _READERS.get(kind)
    if reader is None:
        raise IdentifierError("id-kind", "unknown kind of document")
    if kind == Kind.RESIDENT_ID and legacy and _FIFTEEN.fullmatch(value):
        return _fifteen(value, today)
    return reader(value, today)


def possible_kinds(raw: str) -> tuple[Kind, ...]:
    """The kinds whose form the number has, most specific first; more than one means a person must choose."""
    value = normalise(raw)
    if re.fullmatch(r"[0-9]{17}[0-9X]", value):
        return (_kind_of_eighteen(value),)
    if _FIFTEEN.fullmatch(value):
        return (Kind.RESIDENT_ID,)
    forms = (
        (_PR_2017, Kind.FOREIGN_PR),
        (_PERMIT_HK_MO, Kind.HMT_PERMIT_HK_MO),
        (_PERMIT_TW, Kind.TW_PERMIT),
        (_FOREIGN_SSN, Kind.FOREIGN_SSN),
        (_PASSPORT, Kind.PASSPORT),
    )
    return tuple(kind for form, kind in forms if form.fullmatch(value))


def is_resident_id(value: str, today: dt.date) -> bool:
    """Whether `value`, *as it stands*, is a valid 18-character number of a citizen (no normalisation)."""
    try:
        return _resident(value, today).value == value
    except IdentifierError:
        return False


def birth_date(value: str) -> dt.date:
    """The birth date inside an 18-character number: a hint, the civil record may say otherwise."""
    return _date(value[6:14])


def sex(value: str) -> str:
    """'male' or 'female' from the sequence of an 18-character number: a hint as well."""
    return "male" if int(value[16]) % 2 else "female"


def _kind_of_eighteen(value: str) -> Kind:
    if value[:6] in _HMT_AREAS:
        return Kind.HMT_RESIDENCE
    return Kind.FOREIGN_PR if value[0] == "9" else Kind.RESIDENT_ID


def _checked_eighteen(value: str, today: dt.date) -> None:
    """Form, check character, real date, not in the future: the first fault in this order is the one named."""
    if len(value) != 18:
        raise IdentifierError("id-length", "the number has to have 18 characters")
    if not re.fullmatch(r"[0-9]{17}[0-9X]", value):
        raise IdentifierError("id-characters", "only digits, and X in the last place")
    if mod_11_2(value[:17]) != value[17]:
        raise IdentifierError("id-check-digit", "the last character does not fit the other 17")
    if not _EIGHTEEN.fullmatch(value):
        raise IdentifierError("id-form", "the number cannot begin with 0")
    if _date(value[6:14]) > today:
        raise IdentifierError("id-future-birth", "the birth date inside the number lies in the future")


def _date(digits: str) -> dt.date:
    try:
        return dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError as fault:
        raise IdentifierError("id-date", "the birth date inside the number is not a real date") from fault


def _resident(value: str, today: dt.date) -> Identifier:
    _checked_eighteen(value, today)
    if _kind_of_eighteen(value) is not Kind.RESIDENT_ID:
        raise IdentifierError(
            "id-kind", "this is the number of a residence card, not of a resident's identity card"
        )
    return Identifier(Kind.RESIDENT_ID.value, value, () if is_plausible(value[:6]) else ("division-unknown",))


def _fifteen(value: str, today: dt.date) -> Identifier:
    """A first-generation number: 19 inserted after the area, check character computed."""
    body = value[:6] + "19" + value[6:]
    eighteen = _resident(body + mod_11_2(body), today)
    reserved = ("id-15-digit-reserved",) if value[12:] in _RESERVED_15 else ()
    warnings = ("id-15-digit", *reserved, *eighteen.warnings)
    return Identifier(Kind.RESIDENT_ID.value, eighteen.value, warnings, derived=True, written=value)


def _hmt_residence(value: str, today: dt.date) -> Identifier:
    _checked_eighteen(value, today)
    if _kind_of_eighteen(value) is not Kind.HMT_RESIDENCE:
        raise IdentifierError("id-kind", "a residence card's number begins with 810000, 820000 or 830000")
    return Identifier(Kind.HMT_RESIDENCE.value, value)


def _foreign_pr(value: str, today: dt.date) -> Identifier:
    """2023: 9, province, country, YYYYMMDD, sequence, check. 2017: 3 letters, 12 digits, check not public."""
    if _PR_2017.fullmatch(value):
        month, day = int(value[9:11]), int(value[11:13])
        real = 1 <= month <= 12 and 1 <= day <= 31
        return Identifier(Kind.FOREIGN_PR.value, value, () if real else ("pr-2017-date",))
    _checked_eighteen(value, today)
    if value[0] != "9":
        raise IdentifierError("id-kind", "a permanent resident's number begins with 9")
    return Identifier(Kind.FOREIGN_PR.value, value)


def _permit_hk_mo(value: str, _today: dt.date) -> Identifier:
    """H or M and eight digits; issue digits of older cards count cards, so only `written` keeps them."""
    match = _PERMIT_HK_MO.fullmatch(value)
    if match is None:
        raise IdentifierError("id-form", "a permit number has H or M and eight digits")
    if match.group(2) is None:
        return Identifier(Kind.HMT_PERMIT_HK_MO.value, value)
    return Identifier(
        Kind.HMT_PERMIT_HK_MO, match.group(1), ("permit-issue-digits",), derived=True, written=value
    )


def _of_form(kind: Kind, form: re.Pattern[str], warnings: tuple[str, ...] = ()) -> "_Reader":
    """A reader that can judge the form only: no check character is published for this document."""

    def read(value: str, _today: dt.date) -> Identifier:
        if not form.fullmatch(value):
            raise IdentifierError("id-form", "the number has not the form of this document")
        return Identifier(kind.value, value, warnings)

    return read


_Reader = Callable[[str, dt.date], Identifier]
_READERS: dict[str, _Reader] = {
    Kind.RESIDENT_ID: _resident,
    Kind.HMT_RESIDENCE: _hmt_residence,
    Kind.FOREIGN_PR: _foreign_pr,
    Kind.HMT_PERMIT_HK_MO: _permit_hk_mo,
    Kind.TW_PERMIT: _of_form(Kind.TW_PERMIT, _PERMIT_TW),
    Kind.PASSPORT: _of_form(Kind.PASSPORT, _PASSPORT),
    # The rule of 2011 could not be found: form only, and a person looks at the papers.
    Kind.FOREIGN_SSN: _of_form(Kind.FOREIGN_SSN, _FOREIGN_SSN, ("manual-evidence",)),
}
