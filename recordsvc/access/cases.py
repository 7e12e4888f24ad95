"""Case references (案卷号): what an official's look rests on, which the worker reads and which stays.

A reference that holds an id names a case of ours: an objection, a claim, a held record, a proposal … It must
be there and concern whom the look is about; a foreign one is answered like one that is not there. Anything
else is an outside reference (外部案号) of a court, another office or the window, in a format of its own;
auditors have a list of the looks that rest on those (`archive/outside_cases.py`). `case_kinds` is dated:
which kinds there are, and which purposes take which. Rooms say of their kinds how a case is found (`kind`).
"""

import re
import uuid
from collections.abc import Callable
from typing import Any, Final

from marshmallow import ValidationError, fields, validate, validates_schema
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access.errors import CaseUnknown
from recordsvc.ground.forms import Form
from recordsvc.people.checks import normalise_typed
from recordsvc.people.spotting import number_in

KINDS: Final = "case_kinds"
OUTSIDE: Final = "outside"
MOST: Final = 80
REFUSED: Final = "不能写姓名、证件号码、卡号或电话号码，本人会看到；请写案卷号，各段用字母或短横隔开"
UNKNOWN: Final = "没有这个案件，或不涉及此人，或这一查阅目的不能用它"
MISSHAPEN: Final = "应为案卷或受理编号：至少两个字符，含数字，不含其他符号"
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_PERSONAL: Final = ("name", "number", "document_number", "card")
_LEAST: Final = 2
"""Characters from which what was typed beside a case is looked for in it."""

Concerns = Callable[[Connection, bytes, bytes], bool]
"""Case id and subject of a look (a worker, or a held record) → whether there is such a case about it."""
_concerns: Final[dict[str, Concerns]] = {}


def kind(code: str, concerns: Concerns) -> None:
    """Say how a case of a kind of `case_kinds` is found."""
    _concerns[code] = concerns


def ours(case_ref: str) -> bytes | None:
    """Return the id of the case of ours that a reference names; None: an outside reference."""
    found = _ID.search(case_ref)
    return None if found is None else uuid.UUID(found[0]).bytes


def check(conn: Connection, purpose: str, case_ref: str, subject: bytes, day: str) -> None:
    """Refuse a case of ours that is not there, not about the subject, or not for this purpose on this day.

    Raises `CaseUnknown`, for each alike.
    """
    case_id = ours(case_ref)
    if case_id is None:
        return
    taken = (row["code"] for row in dated.on(KINDS, day).rows if purpose in row["purposes"])
    if not any(_concerns[code](conn, case_id, subject) for code in taken if code in _concerns):
        raise CaseUnknown(errors=[{"pointer": "/case_ref", "code": "value", "detail": UNKNOWN}])


def _shaped(value: str) -> None:
    pattern = str(dated.on(KINDS, dated.OPEN_END).by_code[OUTSIDE]["pattern"])
    if ours(value) is None and re.fullmatch(pattern, value) is None:
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
