"""Pages of the desk that bring in old papers (导入旧档案): a file, tried; its questions answered; proposed.

The file stays with whoever brought it: a tried one goes back into its page, and comes again with the answers.
"""

import base64
import binascii
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import flask
from marshmallow import fields

from recordsvc.access.case_errors import CaseRefused, CaseUnknown
from recordsvc.access.cases import CaseRefForm
from recordsvc.access.entrance import actor
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once, reference
from recordsvc.archive import desk_importing, import_errors, import_opened, import_persons, importing
from recordsvc.archive.desk_importing import MOST_BYTES, MOST_ROWS, Question, Sheet, Tried
from recordsvc.archive.import_forms import SOURCES, TYPES, ImportRowsQuery
from recordsvc.archive.importrows import Plan
from recordsvc.archive.verify_words import TYPES as TYPE_WORDS
from recordsvc.ground import http
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields, Upload
from recordsvc.ground.two_person import StaleProposal, UnknownProposal
from recordsvc.importwords import STATES, words
from recordsvc.web import words as page_words
from recordsvc.web.desk_forms import Field, codes, faults, judged
from recordsvc.web.desk_routes import FAILED, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

PLACE: Final = "/desk/imports"
NONE: Final = "无"
"""What is typed where nobody can answer."""
_MOST_TOLD: Final = 200
_TONES: Final = {"done": "good", "dropped": "mute"}


class ImportPageForm(Form):
    """What a file is read as, on whose word, as typed."""

    type = text(0, 40, load_default="")
    source = text(0, 40, load_default="")
    vouched_by = text(0, 120, load_default="")
    case_ref = text(0, 80, load_default="")


class ImportAgainPageForm(ImportPageForm):
    """A file that was tried, as its page sends it back, with what was answered: question by question."""

    sheet = text(1, 2 * MOST_BYTES, required=True)
    question = fields.List(text(0, 400), load_default=list)
    answer = fields.List(text(0, 400), load_default=list)


def _kinds() -> tuple[tuple[str, str], ...]:
    return tuple((code, TYPE_WORDS[code][0]) for code in TYPES)


FIELDS: Final = (
    Field("type", "记录类型", "choice", rows=_kinds()),
    Field(
        "source",
        "来源",
        "choice",
        rows=(("paper-file", "纸质档案或台账"), ("retired-system", "停用的原有系统")),
    ),
    Field("vouched_by", "担保单位", hint="核对过这些旧档案、为之担保的单位，各处都会这样写明。", most=120),
    Field("case_ref", "案卷号", hint="这次导入依据的公文文号或受理编号，不写姓名和号码。", most=80),
)
_AGAIN: Final = Fields(ImportAgainPageForm, limit=4 * MOST_BYTES)


@door(
    bp,
    "GET",
    PLACE,
    policy="import.propose",
    surface=Surface.PAGE,
    answer=HTML,
    summary="导入旧档案（网页） / Imports of old papers, and the form to bring in a file",
)
def imports_page() -> flask.Response:
    """Show what was brought in so far, and ask for a file."""
    return _page({}, None)


@door(
    bp,
    "POST",
    f"{PLACE}/try",
    policy="import.propose",
    surface=Surface.PAGE,
    body=Upload(ImportPageForm, ("file",), MOST_BYTES + 4096),
    answer={200: HTML, 422: HTML},
    problems=(import_errors.FileUnreadable,),
    summary="试算旧档案文件（网页） / Try a file of old papers; nothing is entered",
)
def try_import_button(form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """Read a file and show what is wrong with its rows, and what is asked."""
    return _tried(form, files["file"], {})


@door(
    bp,
    "POST",
    f"{PLACE}/answer",
    policy="import.propose",
    surface=Surface.PAGE,
    body=_AGAIN,
    answer={200: HTML, 422: HTML},
    problems=(import_errors.FileUnreadable,),
    summary="补上对照再试算（网页） / Answer what a file left open and try it again",
)
def answer_import_button(form: dict[str, Any]) -> flask.Response:
    """Try the file again with what was answered."""
    try:
        data, answers = _sheet(form), _answered(form)
    except FormRefused as problem:
        return _page(form, problem, questions=_typed_again(form))
    return _tried(form, data, answers)


@door(
    bp,
    "POST",
    f"{PLACE}/propose",
    policy="import.propose",
    surface=Surface.PAGE,
    step_up=True,
    body=_AGAIN,
    answer={303: None, 409: HTML, 422: HTML},
    problems=(
        import_errors.FileUnreadable,
        import_errors.QuestionsOpen,
        import_errors.NothingToEnter,
        import_errors.ImportBegun,
        CaseRefused,
        CaseUnknown,
        StaleProposal,
    ),
    summary="提请导入旧档案（网页） / Propose that the good rows of a tried file enter",
)
def propose_import_button(form: dict[str, Any]) -> flask.Response:
    """Seal the rows and propose the run; a second official decides."""
    try:
        _judge(form)
        sheet = house().paper_sheet(_sheet(form), form["type"], _answered(form))
        plan = _plan(sheet, form)
        run = desk_importing.loaded(house(), plan, sheet)
        proposal = (
            once(lambda turn: uuid_text(importing.propose(turn, run.run_id, plan)))
            if run.proposal is None
            else uuid_text(run.proposal)
        )
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _page(form, problem, questions=_typed_again(form))
    return go(f"/desk/proposals/{uuid.UUID(proposal)}")


@door(
    bp,
    "GET",
    "/desk/proposals/<id:proposal_id>/rows",
    policy="proposal.decide",
    surface=Surface.PAGE,
    query=ImportRowsQuery,
    answer=HTML,
    problems=(UnknownProposal,),
    summary="核对待导入的行（网页） / Rows of a proposed import, for whoever may decide it",
)
def import_rows_page(proposal_id: bytes, query: dict[str, int]) -> flask.Response:
    """Show a portion of what would enter; the rows of who looked are durable before."""
    found = import_opened.opened(house(), proposal_id, query["after"], actor(), http.current().id)
    return page(
        "desk_import_rows.html",
        tabs=tabs(),
        proposal=f"/desk/proposals/{uuid.UUID(bytes=proposal_id)}",
        what=TYPE_WORDS[found.record_type][0],
        rows_shown=[
            {
                "n": one.row,
                "name": one.name,
                "document": page_words.code("identity_documents", one.document),
                "number": one.number,
                "issued_by": one.issued_by,
                "lines": page_words.lines(found.record_type, 1, one.body),
            }
            for one in found.rows
        ],
        withheld=found.withheld,
        next_after=found.next_after,
    )


def _tried(form: dict[str, Any], data: bytes, answers: Mapping[str, Any]) -> flask.Response:
    try:
        _judge(form)
        if len(data) > MOST_BYTES:
            most = {"pointer": "/file", "code": "size", "detail": f"文件不能大于 {MOST_BYTES >> 20} MB"}
            raise import_errors.FileUnreadable(errors=[most])
        sheet = house().paper_sheet(data, form["type"], answers)
        found = desk_importing.tried(house(), _plan(sheet, form), sheet, actor())
    except FormRefused as problem:
        return _page(form, problem)
    sent = {**form, "sheet": base64.b64encode(data).decode()}
    return _page(sent, None, tried=found, questions=_shown(found.questions, answers))


def _judge(form: Mapping[str, Any]) -> None:
    """Raise `FormRefused` where type, source or office is missing, or the case is none."""
    missing = [
        (name, detail)
        for name, known, detail in (("type", TYPES, "请选择记录类型"), ("source", SOURCES, "请选择来源"))
        if form[name] not in known
    ]
    if not form["vouched_by"].strip():
        missing.append(("vouched_by", "请写明担保单位"))
    if missing:
        raise FormRefused(
            errors=[{"pointer": f"/{name}", "code": "required", "detail": detail} for name, detail in missing]
        )
    case = judged(CaseRefForm, {"case_ref": form["case_ref"].strip()})["case_ref"]
    import_persons.check_case(house(), reference(), case)


def _plan(sheet: Sheet, form: Mapping[str, Any]) -> Plan:
    office, case = form["vouched_by"].strip(), form["case_ref"].strip()
    where = import_persons.reach_of(actor())
    return Plan(sheet.sha256, form["type"], form["source"], office, reference(), case, where, actor())


def _sheet(form: Mapping[str, Any]) -> bytes:
    """Return the file that a page sent back. Raises `FormRefused`: it is not what it was given."""
    try:
        return base64.b64decode(form["sheet"], validate=True)
    except (binascii.Error, ValueError):
        again = {"pointer": "/file", "code": "value", "detail": "请重新选择文件试算"}
        raise FormRefused(errors=[again]) from None


# -- questions and answers


def _answered(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was answered as a profile holds it. Raises `FormRefused` for what is no answer."""
    told: dict[str, Any] = {}
    wrong = []
    for question, typed in zip(form["question"], form["answer"], strict=False):
        about, _, name = question.partition("/")
        value = typed.strip()
        if not value:
            continue
        said: Any = None if value == NONE else value
        if about == "occupations" and said is not None:
            parts = value.split()
            said = {"edition": parts[0], "code": parts[-1]}
            if len(parts) != 2:
                detail = f"“{name}”写成两项：版次和编码，中间空一格"
                wrong.append({"pointer": "/answer", "code": "value", "detail": detail})
        if name:
            told.setdefault(about, {})[name] = said
        else:
            told[about] = said
    if wrong:
        raise FormRefused(errors=wrong)
    return told


def _shown(asked: Iterable[Question], answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return questions as the page asks them: open ones first, then those with an answer."""
    given = [
        (Question(about, name), _typed(value))
        for about, said in answers.items()
        for name, value in (said.items() if isinstance(said, Mapping) else [("", said)])
    ]
    return _put([*((one, "") for one in asked), *given])


def _typed(value: Any) -> str:
    if value is None:
        return NONE
    return f"{value['edition']} {value['code']}" if isinstance(value, Mapping) else str(value)


def _typed_again(form: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return questions with what was typed, as it was."""
    named = [one.partition("/") for one in form["question"]]
    return _put(
        [(Question(about, name), said) for (about, _, name), said in zip(named, form["answer"], strict=False)]
    )


def _put(questions: Iterable[tuple[Question, str]]) -> list[dict[str, Any]]:
    return [
        {
            "n": n,
            "key": f"{one.about}/{one.name}" if one.name else one.about,
            "value": value,
            "rows": codes("training_types") if one.about == "training_type" else None,
            **_asking(one),
        }
        for n, (one, value) in enumerate(questions)
    ]


_COLUMNS: Final = {
    "certificate-number": "证书编号",
    "certificate-issued-on": "发证日期",
    "issued-by": "发证机构",
    "permit-category": "作业类别",
    "permit-item": "准操项目",
    "permit-term": "有效期",
}


def _asking(one: Question) -> dict[str, str]:
    """Return how a question is put, and how it is answered."""
    if one.about == "columns":
        return {"label": f"哪一栏是{_COLUMNS.get(one.name, one.name)}？", "hint": "写栏的字母，如 F。"}
    if one.about == "institutions":
        return {"label": f"“{one.name}”的统一社会信用代码", "hint": "18 位。"}
    if one.about == "occupations":
        return {"label": f"职业“{one.name}”的版次和编码", "hint": "中间空一格，如 1999 6-04-02-05。"}
    if one.about == "institution":
        return {"label": "表里没有机构栏：这些记录是哪个机构的？", "hint": "写机构名称。"}
    return {"label": "这些培训属于哪种培训类型？", "hint": ""}


# -- the page


def _page(
    typed: Mapping[str, Any],
    problem: Problem | None,
    *,
    tried: Tried | None = None,
    questions: Sequence[dict[str, Any]] = (),
) -> flask.Response:
    wrong, trouble = ({}, None) if problem is None else faults(problem, (*FIELDS, Field("file", "文件")))
    bad = [] if tried is None else tried.bad
    return page(
        "desk_import.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        fields=FIELDS,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
        tried=tried,
        sheet=typed.get("sheet", ""),
        chosen={one.name: _word(one, typed.get(one.name, "")) for one in FIELDS},
        reasons=Counter(words(code) for _row, code in bad).most_common(),
        bad=[(number, words(code)) for number, code in bad[:_MOST_TOLD]],
        untold=max(0, len(bad) - _MOST_TOLD),
        asked=0 if tried is None else len(tried.questions),
        questions=questions,
        runs=[_line(one) for one in desk_importing.runs(house(), actor())],
        most=f"{MOST_BYTES >> 20} MB、{MOST_ROWS:,} 行",
    )


def _word(one: Field, value: str) -> str:
    return dict(one.rows).get(value, value)


def _line(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run as the page lists it."""
    return {
        "what": TYPE_WORDS[one["type"]][0],
        "vouched_by": one["vouched_by"],
        "on": beijing_date(one["begun_ms"]).isoformat(),
        "state": STATES[one["state"]],
        "tone": _TONES.get(one["state"], "wait"),
        "ready": one["ready"],
        "entered": one["entered"],
        "refused": one["refused"],
        "file": one["file_sha256"][:12],
        "proposal": None if one["proposal_id"] is None else page_words.uuid_text(one["proposal_id"]),
    }
