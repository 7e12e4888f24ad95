"""Pages of officials' own archives (本人档案): each names theirs, and the register shows who has not."""

from typing import Any, Final

import flask

from recordsvc.access import own_archive_routes
from recordsvc.access.entrance import actor
from recordsvc.access.errors import OfficialConflict, OfficialRefused, StepUpRequired
from recordsvc.access.grants import can
from recordsvc.access.own_archive_forms import OwnArchiveForm
from recordsvc.access.own_archives import Statement
from recordsvc.access.policy import Surface, door
from recordsvc.ground.forms import Form, text
from recordsvc.ground.problems import FormRefused, Problem, TooMany
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.desk_forms import Field, codes, faults, judged
from recordsvc.web.desk_routes import FAILED, name_of, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp

HAS: Final = (("yes", "我在本区域有档案"), ("no", "我在本区域还没有档案"))
FIELDS: Final = (
    Field("document", "证件", "choice", table="identity_documents"),
    Field("number", "证件号码", hint="只用于比对，密封保存；不会显示给任何人，复核人只看到末四位。", most=40),
    Field("has", "档案", "choice", rows=HAS, hint="以后才建立的档案，按同一号码同样回避。"),
)
STATES: Final = {
    "unanswered": ("尚未申报", "warn"),
    "waiting": ("等待复核", "wait"),
    "answered": ("已申报", "good"),
}
"""State of a statement -> word and tone."""
_TOLD: Final = (*FAILED, TooMany.status)


class OwnArchivePageForm(Form):
    """A statement as typed."""

    document = text(0, 40, load_default="")
    number = text(0, 100, load_default="")
    has = text(0, 10, load_default="")


@door(
    bp,
    "GET",
    "/desk/own-archive",
    policy="session.own-archive",
    surface=Surface.PAGE,
    answer=HTML,
    summary="申报本人档案页 / Page to name one's own archive",
)
def own_archive_page() -> flask.Response:
    """Show what was said, and the form."""
    return _statement()


@door(
    bp,
    "POST",
    "/desk/own-archive",
    policy="session.own-archive",
    surface=Surface.PAGE,
    body=Fields(OwnArchivePageForm),
    answer={303: None, 409: HTML, 422: HTML, 429: HTML},
    problems=(OfficialRefused, OfficialConflict, TooMany, StepUpRequired),
    step_up=True,
    summary="申报本人档案（网页） / Name one's own archive",
)
def own_archive_button(form: dict[str, Any]) -> flask.Response:
    """Record it, and show the page again: the same whoever's the number is."""
    try:
        if form["has"] not in dict(HAS):
            raise FormRefused(errors=[{"pointer": "/has", "code": "value", "detail": "请选择"}])
        said = {"document": form["document"], "number": form["number"], "has_archive": form["has"] == "yes"}
        own_archive_routes.named(judged(OwnArchiveForm, said))
    except Problem as problem:
        if problem.status not in _TOLD:
            raise
        return _statement(form, problem)
    return go("/desk/own-archive")


@door(
    bp,
    "GET",
    "/desk/own-archives",
    policy="own-archive.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="本人档案申报情况（网页） / Officials who have not named their own archive",
)
def own_archives_page() -> flask.Response:
    """List accounts, those who have not answered first."""
    found = own_archive_routes.answering()
    lines = [
        {
            "id": one.official_id,
            "name": one.name,
            "state": STATES[one.state],
            "since": words.instant(one.stated_ms) if one.stated_ms else "",
        }
        for one in found
    ]
    left = sum(one.state == "unanswered" for one in found)
    return page("desk_own_archives.html", tabs=tabs(), people=lines, left=left)


def shown(one: Statement) -> dict[str, Any]:
    """Return a statement as its official sees it."""
    return {
        "key": one.state,
        "state": STATES[one.state],
        "document": words.code("identity_documents", one.document) if one.document else "",
        "has": dict(HAS)["yes" if one.has_archive else "no"],
        "stated": words.instant(one.stated_ms) if one.stated_ms else "",
        "confirmed": words.instant(one.confirmed_ms) if one.confirmed_ms else "",
        "by": name_of(one.confirmed_by) if one.confirmed_by else "",
    }


def _statement(typed: dict[str, Any] | None = None, problem: Problem | None = None) -> flask.Response:
    wrong, trouble = ({}, None) if problem is None else faults(problem, FIELDS)
    # The number is typed anew each time: no page sends it back.
    kept = {name: value for name, value in (typed or {}).items() if name != "number"}
    return page(
        "desk_own_archive.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        said=shown(own_archive_routes.said()),
        fields=FIELDS,
        documents=codes("identity_documents"),
        lists=can(actor(), "own-archive.read"),
        typed=kept,
        wrong=wrong,
        trouble=trouble,
    )
