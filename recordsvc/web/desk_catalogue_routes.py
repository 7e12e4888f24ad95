"""Pages of the desk that bring in the catalogue of standards (补贴目录): a sheet, tried, then proposed."""

import json
import uuid
from typing import Any, Final

import flask

from recordsvc import dated
from recordsvc.access.entrance import actor
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once, reference
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields, Upload
from recordsvc.money.rules import catalogue
from recordsvc.money.rules.errors import CatalogueRefused
from recordsvc.money.rules.forms import NewCatalogueForm
from recordsvc.web import catalogue_sheet
from recordsvc.web.desk_forms import MOST, Field, faults, judged
from recordsvc.web.desk_routes import FAILED, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

PLACE: Final = "/desk/catalogue"
MOST_SHEET: Final = 4 * 1024 * 1024
_MOST_TOLD: Final = 200
DOCUMENT: Final = (Field("document", "依据的文件和文号", hint="公布目录和标准的文件。", most=200),)


class CatalogueSheetPageForm(Form):
    """The paper that lays a sheet down, as typed."""

    document = text(0, MOST, load_default="")


class CatalogueRowsPageForm(CatalogueSheetPageForm):
    """A sheet that was tried, as its page sends it back."""

    rows = text(1, 2 * 1024 * 1024, required=True)


@door(
    bp,
    "GET",
    PLACE,
    policy="rule.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="补贴目录的更新（网页） / The catalogue in force, and the form to bring in a sheet",
)
def desk_catalogue_page() -> flask.Response:
    """Show what holds today, and ask for a sheet."""
    return _page({}, None)


@door(
    bp,
    "POST",
    PLACE,
    policy="rule.write",
    surface=Surface.PAGE,
    body=Upload(CatalogueSheetPageForm, ("file",), MOST_SHEET),
    answer={200: HTML, 422: HTML},
    summary="试算目录表格（网页） / Try a sheet: wrong rows, what it would change; nothing is entered",
)
def try_catalogue_button(form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """Read a sheet and show what is wrong, or what it would change."""
    from recordsvc.submit.cells import Unreadable

    try:
        found = catalogue_sheet.read(files["file"])
        told = found.faults
    except Unreadable as wrong:
        found, told = catalogue_sheet.SheetRead(), [wrong.zh]
    if not told and not found.rows:
        told = ["表中没有数据行"]
    if told:
        return _page(form, None, told=told)
    return _page(form, None, tried=found.rows)


@door(
    bp,
    "POST",
    f"{PLACE}/propose",
    policy="rule.write",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(CatalogueRowsPageForm, limit=4 * 1024 * 1024),
    answer={303: None, 422: HTML},
    problems=(CatalogueRefused,),
    summary="提请发布目录（网页） / Propose the rows of a sheet that was tried",
)
def propose_catalogue_button(form: dict[str, Any]) -> flask.Response:
    """Propose the rows; a reviewer who did not state them publishes."""
    by = reference()
    rows: list[dict[str, Any]] | None = None
    try:
        rows = _rows(form["rows"])
        document = judged(NewCatalogueForm, {"document": form["document"], "rows": rows})["document"]
        proposal = once(lambda turn: uuid_text(catalogue.propose(turn, document, rows, by)))
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _page(form, problem, tried=rows)
    return go(f"/desk/proposals/{uuid.UUID(proposal)}")


def _rows(sent: str) -> list[dict[str, Any]]:
    """Return the rows that a page sent back. Raises `FormRefused`: they are not what it was given."""
    try:
        given = json.loads(sent)
    except ValueError:
        again = {"pointer": "/rows", "code": "json", "detail": "请重新试算表格"}
        raise FormRefused(errors=[again]) from None
    found: list[dict[str, Any]] = judged(NewCatalogueForm, {"document": "-", "rows": given})["rows"]
    return found


def _page(
    typed: dict[str, Any],
    problem: Problem | None,
    *,
    told: list[str] | None = None,
    tried: list[dict[str, Any]] | None = None,
) -> flask.Response:
    today = beijing_date(house().clock.now_ms()).isoformat()
    held = house().catalogue.on(today)
    wrong, trouble = ({}, None) if problem is None else faults(problem, DOCUMENT)
    return page(
        "desk_catalogue.html",
        422 if told else 200 if problem is None else problem.status,
        tabs=tabs(),
        on=today,
        count=len(held),
        sample=catalogue.SAMPLE_ZH if any(one.sample for one in held) else "",
        headings=[
            (heading, "可不填" if name in catalogue_sheet.OPTIONAL else "必填")
            for heading, name in catalogue_sheet.HEADINGS.items()
        ],
        fields=DOCUMENT,
        told=(told or [])[:_MOST_TOLD],
        untold=max(0, len(told or []) - _MOST_TOLD),
        changes=None if tried is None else [_change(row) for row in tried],
        rows=None if tried is None else json.dumps(tried, ensure_ascii=False),
        writes=can(actor(), "rule.write"),
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )


def _change(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a row would change on its first day."""
    before = house().catalogue.find(row["occupation"], row["level"], row["first"], row["group"])
    if before is None:
        way, tone = "新增", "good"
    elif before.sample:
        way, tone = "取代样例", "good"
    elif before.amount_fen == row["amount_fen"]:
        way, tone = "标准不变", "mute"
    else:
        way, tone = "标准变更", "wait"
    return {
        "way": way,
        "tone": tone,
        "title": row["title"],
        "level": _level(row["level"]),
        "group": catalogue.group_zh(row["group"]),
        "before_fen": None if before is None else before.amount_fen,
        "amount_fen": row["amount_fen"],
        "first": row["first"],
        "last": row["last"] or "",
    }


def _level(code: str) -> str:
    row = dated.table("levels").on(dated.OPEN_END).get(code)
    return code if row is None else str(row["zh"])
