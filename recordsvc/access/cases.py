"""Case references (案卷号): what an official's look rests on, which the worker reads and which stays.

A reference that holds an id, in whatever writing, names a case of ours: an objection, a claim, a proposal.
It must be there before anybody is looked for (`check`), and concern whom the look is about (`concerns`):
where it does not, that person is answered like nobody, and the look leaves its row. Anything else is an
outside reference (外部案号): of a court or an official letter, whose forms are known, or of another office or
the window in a form of its own. That there is such a case cannot be checked here: auditors have a list of
the looks that rest on those (`archive/outside_cases.py`). `case_kinds` is dated: which kinds there are, which
purposes take which. Rooms say of their kinds how a case is found (`kind`).
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import ValidationError, fields, validate, validates_schema
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access.case_errors import CaseShape, CaseUnknown
from recordsvc.ground.forms import Form
from recordsvc.people.checks import normalise_typed
from recordsvc.people.spotting import number_in

KINDS: Final = "case_kinds"
FIRST_YEAR: Final = 1949
"""No reference of an office here is older."""
MOST: Final = 80
REFUSED: Final = "不能写姓名、证件号码、卡号或电话号码，本人会看到；请写案卷号，各段用字母或短横隔开"
NAMED: Final = "写了当事人本人的姓名、号码或出生日期，没有保存"
UNKNOWN: Final = "没有这个案件，或这一查阅目的不能用它，或是您自己提出、尚未复核的事项"
MISSHAPEN: Final = (
    "应为案卷或受理编号：至少三个字符，有字有数字，不含其他符号；"
    "法院案号写全，如（2026）宁0104民初7号；公文、仲裁文号写全，如宁劳人仲字〔2026〕12号"
)
ONLY_OURS: Final = "这一查阅目的要写本系统的案件编号"
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LOOSE: Final = re.compile(r"(?:[0-9a-f][-_/.,:· ]*){31}[0-9a-f]", re.IGNORECASE)
"""The same id in whatever writing: without dashes, or with others."""
_PERSONAL: Final = ("name", "number", "document_number", "card")
_LEAST: Final = 2
"""Characters from which what was typed beside a case is looked for in it."""

Concerns = Callable[[Connection, bytes, bytes], bool]
"""Case id and subject of a look (a worker, or a held record) → whether there is such a case about it."""
There = Callable[[Connection, bytes, str], bool]
"""Case id and who looks (`official:…`) → whether there is such a case that they may name."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How cases of a kind are found."""

    there: There
    concerns: Concerns


_kinds: Final[dict[str, Kind]] = {}


def kind(code: str, there: There, concerns: Concerns) -> None:
    """Say how a case of a kind of `case_kinds` is found."""
    _kinds[code] = Kind(there, concerns)


def ours(case_ref: str) -> bytes | None:
    """Return the id of the case of ours that a reference names; None: an outside reference."""
    plain = unicodedata.normalize("NFKC", case_ref)
    found = _ID.search(plain) or _LOOSE.search(plain)
    return None if found is None else bytes.fromhex(re.sub(r"[^0-9A-Fa-f]", "", found[0]))


def asked(purpose: str, day: str) -> bool:
    """Tell whether looks for a purpose rest on a case: those of consents and classes rest on these."""
    return any(purpose in row["purposes"] for row in dated.on(KINDS, day).rows)


def check(conn: Connection, purpose: str, case_ref: str, by: str, day: str) -> None:
    """Refuse a case of ours that is not there, or not for this purpose on this day.

    It is asked before anybody is looked for, so that the answer tells of nobody. `by`: who looks, as
    `official:…`. Raises `CaseUnknown`; `CaseShape` for an outside reference of a form that the purpose does
    not take.
    """
    case_id = ours(case_ref)
    if case_id is None:
        _check_outside(purpose, case_ref, day)
    elif not any(one.there(conn, case_id, by) for one in _taken(purpose, day)):
        raise CaseUnknown(errors=[{"pointer": "/case_ref", "code": "value", "detail": UNKNOWN}])


def _check_outside(purpose: str, case_ref: str, day: str) -> None:
    """Refuse a reference in no form of the day that the purpose takes, or of a year to come."""
    found = _form(case_ref, day)
    if case_ref and asked(purpose, day) and (found is None or purpose not in found["purposes"]):
        forms = [row for row in dated.on(KINDS, day).rows if row["pattern"] and purpose in row["purposes"]]
        named = "、".join(f"{row['zh']}（如{row['example']}）" for row in forms)
        detail = f"这一查阅目的可写{named}，年份不晚于今年" if named else ONLY_OURS
        raise CaseShape(errors=[{"pointer": "/case_ref", "code": "value", "detail": detail}])


def _form(case_ref: str, day: str) -> dated.Row | None:
    """Return the outside kind that a reference has the form of: the first whose mark it has decides."""
    forms = (row for row in dated.on(KINDS, day).rows if row["pattern"])
    row = next((row for row in forms if re.search(row["mark"], case_ref) is not None), None)
    found = None if row is None else re.fullmatch(row["pattern"], case_ref)
    year = None if found is None else found.groupdict().get("year")
    past = year is None or FIRST_YEAR <= int(year) <= int(day[:4])
    return row if found is not None and past else None


def concerns(conn: Connection, purpose: str, case_ref: str, subject: bytes, day: str) -> bool:
    """Tell whether a case is about the subject of a look; an outside reference may be about anybody."""
    case_id = ours(case_ref)
    return case_id is None or any(one.concerns(conn, case_id, subject) for one in _taken(purpose, day))


def _taken(purpose: str, day: str) -> list[Kind]:
    codes = (row["code"] for row in dated.on(KINDS, day).rows if purpose in row["purposes"])
    return [_kinds[code] for code in codes if code in _kinds]


def _shaped(value: str) -> None:
    if ours(value) is None and number_in(value) is None and _form(value, dated.OPEN_END) is None:
        raise ValidationError(MISSHAPEN)


def _names_nobody(value: str) -> None:
    if number_in(value) is not None:
        raise ValidationError(REFUSED)


def case_ref(*more: validate.Validator) -> fields.String:
    """Return the field of a case reference: 1 to 80 characters in its format, no number of a person."""
    length = validate.Length(1, MOST, error="长度应为 {min}–{max} 个字符")
    return fields.String(required=True, validate=[length, _names_nobody, _shaped, *more])


class CaseRefForm(Form):
    """A form with a case reference, and perhaps name and number of a person beside it."""

    case_ref = case_ref()

    @validates_schema(skip_on_field_errors=True)
    def _not_the_person(self, data: dict[str, Any], **_kwargs: Any) -> None:
        case = normalise_typed(data["case_ref"])
        typed = (normalise_typed(data[name]) for name in _PERSONAL if data.get(name))
        if any(len(one) >= _LEAST and one in case for one in typed):
            raise ValidationError(REFUSED, "case_ref")
