"""Pages on numbers and cards: the worker's own, and the desk's - find, confirm a card, propose a change."""

from typing import Any, Final
from urllib.parse import urlencode

import flask

from recordsvc import dated
from recordsvc.access import looked
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.policy import Surface, can, door
from recordsvc.access.services import once, reference
from recordsvc.archive import errors, reassigning
from recordsvc.archive.desk_number_routes import (
    TO_CHANGE,
    ask_name,
    ask_number,
    own_numbers,
    seen_numbers,
    why_of,
)
from recordsvc.archive.desk_routes import confirm_shown, find_shown
from recordsvc.archive.forms import CardForm, FindForm, LookQuery
from recordsvc.archive.looking import Looker
from recordsvc.archive.number_forms import AddNumberForm, NameForm, ReassignForm, StandingForm
from recordsvc.archive.paper_routes import TO_FILE
from recordsvc.ground.forms import Form
from recordsvc.ground.http import current
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused, NotFound, Problem
from recordsvc.ground.reading import Fields, Upload
from recordsvc.people import numbers
from recordsvc.people.enrolling import CardDisagrees
from recordsvc.web import desk_looks, words
from recordsvc.web.desk_act_routes import SLOTS, filed_for, papers_for, refuse_unfiled, with_paper
from recordsvc.web.desk_forms import (
    GATE,
    ChangePageForm,
    Field,
    FindPageForm,
    codes,
    faults,
    judged,
    purposes,
)
from recordsvc.web.desk_forms import numbers as numbers_of_people
from recordsvc.web.desk_place_routes import division_of
from recordsvc.web.desk_routes import check_choice, tabs
from recordsvc.web.forms import ConfirmPageForm
from recordsvc.web.numbers import card_facts, card_line, number_line
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

SEARCHED: Final = (Field("kind", "号码种类", "choice"), Field("number", "号码"))
WHY: Final = (
    Field("ground", "依据", "choice", table="number_grounds"),
    Field("text", "说明", hint="最多 400 字，不要写号码。"),
    Field("papers", "材料", "choice"),
)
"""On what each change rests."""
_OWN: Final = Field("identifier_id", "哪个号码", "choice")
CHANGES: Final = {
    "add": (Field("kind", "证件类型", "choice"), Field("number", "证件号码")),
    "name": (Field("name", "新的姓名", hint="与新证件完全一致，包括中间的圆点。"),),
    "stand": (
        _OWN,
        Field(
            "standing",
            "改为",
            "choice",
            rows=(
                ("superseded", "旧号码（仍可查找，不再使用）"),
                ("disputed", "有争议（两人同号：不能用于收录和查找）"),
                ("verified", "已核实"),
            ),
        ),
    ),
    "reassign": (
        Field("identifier_id", "哪张卡", "choice"),
        Field(
            "to",
            "归到哪份档案（选填）",
            hint="本人的档案编号，按证件号码查找后在页面地址中。不填则只收回，这张卡暂不能查找和报送。",
        ),
    ),
    "withdraw": (Field("fact", "哪一项", "choice"),),
}
"""Fields of each change of numbers, names and cards."""
CONFIRMED: Final = (
    Field("number", "卡号"),
    Field("document", "证件类型"),
    Field("document_number", "证件号码"),
    Field("name", "姓名"),
    Field("normal_since", "从哪天起正常（写成 2026-11-28，不晚于今天）"),
    *GATE,
)
_OTHER_DOCUMENTS: Final = ("resident-id",)
"""Documents with a form of their own on the page."""


@door(
    bp,
    "GET",
    "/me/cards",
    policy="own.numbers.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="我的号码与卡（网页） / My numbers and cards, and what to do about them",
)
def my_cards_page() -> flask.Response:
    """Show by what the worker is known; both functions of each card apart."""
    return page("my_cards.html", **_lines(own_numbers(), mask=True))


@door(
    bp,
    "GET",
    "/desk/numbers",
    policy="worker.numbers.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="查找劳动者、核实卡片（网页） / Find a worker by number, confirm a card",
)
def numbers_page() -> flask.Response:
    """Ask which number it is, with a picture of each."""
    return _find_page()


@door(
    bp,
    "POST",
    "/desk/numbers",
    policy="worker.find",
    surface=Surface.PAGE,
    body=Fields(FindPageForm),
    answer={303: None, 404: HTML, 422: HTML},
    summary="按号码查找（网页） / Find an archive by number; the number stands in the body only",
)
def find_numbers_button(form: dict[str, Any]) -> flask.Response:
    """Go to the worker's archive or numbers, or say that nobody has this number, or what is wrong."""
    try:
        given = judged(FindForm, {name: form[name] for name in ("kind", "number", "purpose", "case_ref")})
        check_choice("kind", given["kind"], dict(numbers_of_people()), "请选择号码种类")
        worker_id = find_shown(given)
    except NotFound:
        told = "没有这个号码的档案。请逐位核对号码和种类；号码有争议的也查不到，请换一个号码查找。"
        return _find_page(404, told, form)
    except FormRefused as problem:
        wrong, _ = faults(problem, (*SEARCHED, *GATE))
        return _find_page(422, "；".join(wrong.values()) or problem.title_zh, form)
    if form["to"] == "numbers":
        return _to_worker(worker_id, given)
    look = desk_looks.seal(worker_id, given["purpose"], given["case_ref"])
    return go(f"/desk/workers/{words.uuid_text(worker_id)}?look={look}")


@door(
    bp,
    "POST",
    "/desk/cards/confirm",
    policy="card.confirm",
    surface=Surface.PAGE,
    body=Fields(ConfirmPageForm),
    answer={303: None, 404: HTML, 409: HTML, 422: HTML},
    problems=(PurposeRefused,),
    summary="核实卡片（网页） / Confirm a card that lies beside its holder's document",
)
def confirm_card_button(form: dict[str, Any]) -> flask.Response:
    """Confirm, and go to the worker's page; or say what disagrees."""
    social, since = form["social"], form["normal_since"].strip()
    if social not in _SOCIAL or (social == "normal") != bool(since):
        return _find_page(422, "社保功能：查过的，写明从哪天起正常；没有查的，选“没有核对”，不写日期。", form)
    told = {name: form[name] for name in form if name != "social"}
    try:
        worker_id = confirm_shown(judged(CardForm, told | {"normal_since": since or None}))
    except FormRefused as refused:
        wrong, _ = faults(refused, CONFIRMED)
        return _find_page(422, "；".join(wrong.values()) or _details(refused), form)
    except NotFound:
        return _find_page(404, "没有人报过这张卡，无从核实。请先由社会保障卡系统登记，或随记录报送。", form)
    except (CardDisagrees, errors.IdentifierRefused) as problem:
        return _find_page(problem.status, f"{problem.title_zh}。{problem.remedy_zh}", form)
    return _to_worker(worker_id, form)


@door(
    bp,
    "GET",
    "/desk/workers/<id:worker_id>/numbers",
    policy="worker.numbers.read",
    surface=Surface.PAGE,
    query=LookQuery,
    answer=HTML,
    problems=(PurposeRefused, errors.ArchiveRestricted),
    summary="劳动者的号码与卡（网页） / A worker's numbers and cards, masked, for a purpose and a case",
)
def worker_numbers_page(worker_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Show by what a worker is known, once the look is noted."""
    return _worker_page(worker_id, query)


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>/numbers",
    policy="number.propose",
    surface=Surface.PAGE,
    body=Fields(ChangePageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=TO_CHANGE,
    summary="提出增加号码（网页） / Propose one more number of a worker",
)
def number_button(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose, and show what waits now."""
    return propose_change(
        worker_id,
        "add",
        form,
        lambda why: ask_number(worker_id, _read(AddNumberForm, form, why, "kind", "number")),
    )


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>/names",
    policy="number.propose",
    surface=Surface.PAGE,
    body=Fields(ChangePageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=TO_CHANGE,
    summary="提出变更姓名（网页） / Propose one more name of a worker",
)
def name_button(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose, and show what waits now."""
    return propose_change(
        worker_id, "name", form, lambda why: ask_name(worker_id, _read(NameForm, form, why, "name"))
    )


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>/numbers/standing",
    policy="number.propose",
    surface=Surface.PAGE,
    body=Fields(ChangePageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=TO_CHANGE,
    summary="提出号码作废或有争议（网页） / Propose how a number stands from now on",
)
def standing_button(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose, and show what waits now."""
    place, by = house(), reference()

    def ask(why: dict[str, Any]) -> Any:
        read = _read(StandingForm, form, why, "identifier_id", "standing")
        told = (read["identifier_id"], read["standing"], why_of(worker_id, read), by)
        return lambda turn: numbers.propose_standing(turn, place, worker_id, *told)

    return propose_change(worker_id, "stand", form, ask)


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>/cards/reassign",
    policy="number.propose",
    surface=Surface.PAGE,
    body=Fields(ChangePageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=TO_CHANGE,
    summary="提出收回登记错人的卡（网页） / Propose to take back a card and give it to whom it belongs",
)
def reassign_button(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose, and show what waits now."""
    place, by = house(), reference()

    def ask(why: dict[str, Any]) -> Any:
        read = _read(ReassignForm, form, why, "identifier_id", "to")
        told = (read["identifier_id"], read["to"], why_of(worker_id, read), by)
        return lambda turn: reassigning.propose_reassign(turn, place, worker_id, *told)

    return propose_change(worker_id, "reassign", form, ask)


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>/numbers/papers",
    policy="worker.paper.file",
    surface=Surface.PAGE,
    body=Upload(ChangePageForm, ("file",)),
    answer={200: HTML, 422: HTML},
    problems=(PurposeRefused, *TO_FILE),
    summary="为号码变更收存材料（网页） / File a paper from the page of a worker's numbers",
)
def number_paper_button(worker_id: bytes, form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """File a paper of the worker and show the form as it was typed, with the paper chosen."""
    looked.check_purpose(house().db, form["purpose"], actor())
    found = filed_for(worker_id, form["paper_kind"], form["paper_title"], files["file"])
    if isinstance(found, Problem):
        return _worker_page(worker_id, form, form["change"], form, found)
    return _worker_page(worker_id, form, form["change"], with_paper(form, found))


def propose_change(worker_id: bytes, which: str, form: dict[str, Any], ask: Any) -> flask.Response:
    """Propose what `ask` makes of the grounds; a refusal is told on the page, with all that was typed."""
    why = _only(form, "ground", "text") | {"papers": [form[slot] for slot in SLOTS if form[slot]]}
    try:
        refuse_unfiled(form)
        act = ask(why)
        once(lambda turn: act(turn).hex())
    except Problem as problem:
        return _worker_page(worker_id, form, which, form, problem)
    return _to_worker(worker_id, form)


def _read(schema: type[Form], form: dict[str, Any], why: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a change as the API's form reads it. Raises `FormRefused`."""
    return judged(schema, _only(form, *names) | why)


def _details(problem: Problem) -> str:
    return "；".join([problem.title_zh, *(str(one["detail"]) for one in problem.errors if "detail" in one)])


def _only(form: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: form[name] for name in names}


def _to_worker(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    query = urlencode(_only(form, "purpose", "case_ref"))
    return go(f"/desk/workers/{words.uuid_text(worker_id)}/numbers?{query}")


def _find_page(status: int = 200, error: str = "", form: dict[str, Any] | None = None) -> flask.Response:
    who = actor()
    documents = [row for row in _rows("identity_documents") if row["code"] not in _OTHER_DOCUMENTS]
    return page(
        "desk_numbers.html",
        status,
        error=error,
        tabs=tabs(),
        typed=form or {},
        may_numbers=can(who, "worker.numbers.read"),
        case_ref=(form or {}).get("case_ref", ""),
        purpose=(form or {}).get("purpose", "service-window"),
        documents=documents,
        every_document=_rows("identity_documents"),
        purposes=purposes(),
        may_find=can(who, "worker.find"),
        may_confirm=can(who, "card.confirm"),
    )


def _worker_page(
    worker_id: bytes,
    query: dict[str, Any],
    which: str = "",
    typed: dict[str, Any] | None = None,
    problem: Problem | None = None,
) -> flask.Response:
    """Show numbers and the forms of changes; `which` stands open with what was typed and what is wrong."""
    found = seen_numbers(worker_id, query)
    looker = Looker(actor(), query["purpose"], query["case_ref"], current().id)
    asked = [
        {
            "what": _ASKED[one["act"]],
            "kind": words.code("identity_documents", one["kind"], _KINDS.get(one["kind"], one["kind"])),
            "value": one["value"],
            "ground": words.code("number_grounds", one["ground"]),
            "text": one["text"],
            "by": one["proposed_by"],
        }
        for one in found["asked"]
    ]
    wrong, trouble = ({}, None) if problem is None else faults(problem, (*CHANGES.get(which, ()), *WHY))
    return page(
        "desk_worker_numbers.html",
        200 if problem is None else problem.status,
        which=which,
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
        why=WHY,
        changes=CHANGES,
        worker_id=words.uuid_text(worker_id),
        asked=asked,
        purpose=query["purpose"],
        purpose_word=words.code("lookup_purposes", query["purpose"]),
        case_ref=query["case_ref"],
        documents=codes("identity_documents"),
        may_propose=can(actor(), "number.propose"),
        card_facts=card_facts(found["cards"]),
        division=division_of(worker_id, looker),
        papers=papers_for(worker_id, looker) if can(actor(), "number.propose") else [],
        may_file=can(actor(), "worker.paper.file"),
        paper_kinds=codes("paper_kinds"),
        **_lines(found, mask=False),
    )


_ASKED: Final = {
    numbers.ADD: "增加号码",
    numbers.STAND: "变更号码状态",
    numbers.RENAME: "增加姓名",
    numbers.WITHDRAW: "撤回卡事件",
    numbers.REASSIGN: "收回登记错人的卡",
}
_SOCIAL: Final = ("normal", "unchecked")
"""What an official may say of a card's social function when confirming it."""
_KINDS: Final = {"card": "社会保障卡", "chip": "卡识别码", "name": "姓名"}


def _lines(found: dict[str, Any], *, mask: bool) -> dict[str, Any]:
    """Return names, numbers and cards in words; the newest card first."""

    def hidden(one: dict[str, Any], name: str) -> dict[str, Any]:
        return one | {name: words.masked(one[name])} if mask else one

    own = [card_line(hidden(one, "number")) for one in reversed(found["cards"])]
    return {
        "names": [number_line(one) for one in found["names"]],
        "numbers": [number_line(hidden(one, "value")) for one in found["numbers"]],
        "cards": sorted(own, key=lambda one: one.ended),
    }


def _rows(table: str) -> list[Any]:
    today = beijing_date(house().clock.now_ms()).isoformat()
    return list(dated.table(table).on(today).rows)
