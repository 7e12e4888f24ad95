"""Forms of the desk (工作台的表单): fields with their labels, read leniently, judged by the API's own forms.

A page form takes any text, so that the page itself can say what is wrong; what an act needs is the law of
the form that its API door has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import fields, validate

from recordsvc import dated
from recordsvc.access import looked
from recordsvc.access.cases import case_ref
from recordsvc.access.entrance import actor
from recordsvc.access.forms import ReasonForm
from recordsvc.archive import grounds, looking
from recordsvc.archive.looking import Looker
from recordsvc.ground.forms import Form, Identifier, text
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused, NotFound, Problem
from recordsvc.ground.reading import load
from recordsvc.web.services import house

MOST: Final = 4_000


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `kind` is line, area, day or choice, a choice names its dated table or brings its rows."""

    name: str
    label: str
    kind: str = "line"
    hint: str = ""
    table: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    most: int = 400
    act: str = ""
    """Of a table that two acts share, whose grounds may be chosen."""

    def choices(self) -> Sequence[tuple[str, str]]:
        """Return code and word of what may be chosen today."""
        return self.rows or codes(self.table, self.act)


class PurposeField(Field):
    """The choice of a purpose: those in force today that whoever asks may look for."""

    def choices(self) -> Sequence[tuple[str, str]]:
        """Return code and word of what may be chosen today, by whoever asks."""
        return [(str(row["code"]), str(row["zh"])) for row in purposes()]


def purposes() -> list[dated.Row]:
    """Return the purposes in force today that whoever asks may look for."""
    return looked.usable(actor(), beijing_date(house().clock.now_ms()).isoformat())


def codes(table: str, act: str = "") -> list[tuple[str, str]]:
    """Return code and Chinese word of the rows in force today; with an act, of those that serve it."""
    today = beijing_date(house().clock.now_ms()).isoformat()
    rows = [row for row in dated.table(table).on(today).rows if not act or grounds.serves(row, act)]
    return [(str(row["code"]), str(row["zh"])) for row in rows]


def numbers() -> list[tuple[str, str]]:
    """Return the kinds of number a person is found by."""
    documents = codes("identity_documents")
    return [*documents, ("card", "社会保障卡卡号"), ("chip", "社会保障卡识别码")]


PURPOSE: Final = PurposeField("purpose", "查阅目的", "choice")
CASE: Final = Field(
    "case_ref",
    "案卷号",
    hint="本系统的案件填写其编号；其他的填写案卷或受理编号，含数字。本人会看到。不要写姓名和号码。",
    most=80,
)
REASON: Final = Field("reason", "理由", "area", hint="写清依据，最多 400 字，不要写姓名和号码。")
GATE: Final = (PURPOSE, CASE)


def judged(schema: type[Form], typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed as the API's form reads it; line breaks are spaces. Raises `FormRefused`.

    What was left empty was not given.
    """
    given = {
        name: " ".join(value.split()) if isinstance(value, str) else value for name, value in typed.items()
    }
    loaded: dict[str, Any] = load(schema, {name: value for name, value in given.items() if value != ""})
    return loaded


def faults(problem: Problem, fields: Sequence[Field]) -> tuple[dict[str, str], Problem | None]:
    """Return what is wrong by field, and the problem itself as far as no field is to blame."""
    names = {one.name: one.label for one in fields}
    found = {str(one.get("pointer", "")).split("/")[1]: one for one in problem.errors if one.get("pointer")}
    if not isinstance(problem, FormRefused) or not found or not found.keys() <= names.keys():
        return {}, problem
    return {name: f"{label}：{found[name]['detail']}" for name, label in names.items() if name in found}, None


def missing_person(typed: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what is missing to look for a person, as faults of a form."""
    wrong = []
    if typed["kind"] not in dict(numbers()):
        wrong.append({"pointer": "/kind", "code": "value", "detail": "请选择"})
    if not typed["number"].strip():
        wrong.append({"pointer": "/number", "code": "required", "detail": "必填"})
    return wrong


def found_person(looker: Looker, typed: Mapping[str, Any]) -> bytes:
    """Return whose number was typed; found or not, a row is left. Raises `FormRefused` naming the field."""
    if wrong := missing_person(typed):
        raise FormRefused(errors=wrong)
    try:
        return looking.find(house(), looker, typed["kind"], typed["number"])
    except NotFound:
        detail = "没有这个号码的档案。请逐位核对号码和种类。"
        raise FormRefused(errors=[{"pointer": "/number", "code": "value", "detail": detail}]) from None


class FindPageForm(Form):
    """Whom an official looks for, as typed; `to` says what to open of them: archive or numbers."""

    kind = text(0, 24, load_default="")
    number = text(0, 100, load_default="")
    purpose = text(0, 40, load_default="")
    case_ref = text(0, 200, load_default="")
    to = fields.String(load_default="archive", validate=validate.OneOf(("archive", "numbers")))


class ActPageQuery(Form):
    """The sealed reason of a look; what tells a record from others with its id: the issuer, or its log index.

    Of a restricted record nobody is shown the issuer: `entry` leads to it.
    """

    look = text(0, 1_000, load_default=None)
    issuer = text(18, 18, load_default=None)
    entry = text(1, 19, load_default=None)


class LookedPageForm(Form):
    """The sealed look that a form was shown for; with `renew`, why one looks, given anew."""

    look = text(0, 1_000, load_default="")
    renew = text(0, 1, load_default="")
    purpose = text(0, 40, load_default="")
    case_ref = text(0, 200, load_default="")


class PapersPageForm(Form):
    """Ground, words and papers of a proposal as typed, and a paper that is filed beside it.

    Empty is read, too, so that the page itself can say what is missing. `file` is what a browser sends of a
    chosen file that is not filed: its name.
    """

    ground = text(0, 40, load_default="")
    papers = text(0, 64, load_default="")
    papers_2 = text(0, 64, load_default="")
    papers_3 = text(0, 64, load_default="")
    file = text(0, 1_000, load_default="")
    paper_kind = text(0, 40, load_default="")
    paper_title = text(0, 2_000, load_default="")
    text = text(0, MOST, load_default="")  # last: it hides the function that makes fields


class ActPageForm(LookedPageForm, PapersPageForm):
    """An act as typed; which members count the act says."""

    issuer = text(0, 18, load_default="")
    entry = text(0, 19, load_default="")
    kind = text(0, 24, load_default="")
    number = text(0, 100, load_default="")
    on = text(0, 10, load_default="")
    relation = text(0, 400, load_default="")
    trust = text(0, 40, load_default="")
    method = text(0, 400, load_default="")
    by = text(0, 400, load_default="")
    reference = text(0, 400, load_default="")


CHANGES_OF_NUMBERS: Final = ("", "add", "name", "stand", "reassign", "withdraw")


class ChangePageForm(PapersPageForm):
    """A change of a worker's numbers or names as typed; which members count the change says."""

    change = fields.String(load_default="", validate=validate.OneOf(CHANGES_OF_NUMBERS))
    purpose = fields.String(required=True, validate=validate.Length(1, 40))
    case_ref = case_ref()
    kind = text(0, 24, load_default="")
    number = text(0, 100, load_default="")
    name = text(0, 200, load_default="")
    identifier_id = text(0, 36, load_default="")
    standing = text(0, 20, load_default="")
    fact = text(0, 60, load_default="")
    to = text(0, 100, load_default="")


class HeldPageForm(LookedPageForm):
    """What becomes of a held record, and why, as typed; whose it is where the record cannot say."""

    kind = text(0, 24, load_default="")
    number = text(0, 100, load_default="")
    reason = text(0, MOST, load_default="")


class SayPageForm(LookedPageForm):
    """A message in a case as typed."""

    text = text(0, MOST, load_default="")


class DecidePageForm(LookedPageForm):
    """A decision as typed: how, and what belongs to that."""

    how = text(0, 10, load_default="")
    pointer = text(0, 200, load_default="")
    value = text(0, 1_000, load_default="")
    revoke = text(0, 40, load_default="")
    restrict = text(0, 40, load_default="")
    ground = text(0, 40, load_default="")
    text = text(0, MOST, load_default="")  # last: it hides the function that makes fields


class DivisionPageForm(LookedPageForm):
    """Where a worker is registered, as typed."""

    division = text(0, 40, load_default="")
    reason = text(0, MOST, load_default="")


class StrayPageForm(LookedPageForm):
    """Whose something of a merge undone is, as chosen and typed."""

    to = text(0, 40, load_default="")
    text = text(0, MOST, load_default="")


class ClosingPageForm(Form):
    """Which institution ended when, as typed."""

    code = text(0, 40, load_default="")
    on = text(0, 40, load_default="")
    source = text(0, MOST, load_default="")


class RetirePageForm(Form):
    """Which institution's keys end, and why, as typed."""

    issuer = text(0, 40, load_default="")
    reason = text(0, MOST, load_default="")


class GatePageForm(Form):
    """Why an official looks, as typed."""

    purpose = text(0, 40, load_default="")
    case_ref = text(0, 200, load_default="")


class LookPageQuery(Form):
    """The sealed reason of a look."""

    look = text(0, 1_000, load_default=None)


class ProposalsPageQuery(Form):
    """Open or closed ones, behind an id."""

    state = fields.String(load_default="open", validate=validate.OneOf(("open", "closed")))
    cursor = Identifier(load_default=None)


class WordPageForm(Form):
    """The second person's word as typed."""

    word = text(1, 10, required=True)
    reason = text(0, MOST, load_default="")


class ReasonPageForm(Form):
    """A reason as typed."""

    reason = text(0, MOST, load_default="")


class CopyPageForm(GatePageForm):
    """Which decided copy, for which purpose and case."""

    proposal = Identifier(required=True)


def reason_of(typed: Mapping[str, Any]) -> str:
    """Return the reason as the API's form reads it. Raises `FormRefused`."""
    return str(judged(ReasonForm, {"reason": typed["reason"]})["reason"])
