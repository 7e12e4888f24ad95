"""The desk's page of an institution's papers (机构材料): whose, why, for which case; then the list."""

from typing import Any, Final
from urllib.parse import urlencode

import flask

from recordsvc.access import looked
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.grants import Kind
from recordsvc.access.policy import Surface, door
from recordsvc.archive import institution_papers, paper_errors
from recordsvc.archive.forms import LookQuery
from recordsvc.archive.institution_paper_routes import looker
from recordsvc.archive.paper_routes import FILE, attachment
from recordsvc.archive.papers import Paper
from recordsvc.ground.forms import text
from recordsvc.ground.problems import FormRefused
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.desk_forms import GATE, Field, GatePageForm, faults, judged
from recordsvc.web.desk_routes import institution_name, tabs
from recordsvc.web.paper_routes import PaperLine, paper_line
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

WHOSE: Final = Field("uscc", "机构的统一社会信用代码", hint="18 位。", most=18)
FIELDS: Final = (WHOSE, *GATE)


class InstitutionPapersForm(GatePageForm):
    """Whose papers, why and for which case, as typed."""

    uscc = text(0, 40, load_default="")


@door(
    bp,
    "GET",
    "/desk/papers",
    policy="institution.paper.look",
    surface=Surface.PAGE,
    answer=HTML,
    summary="机构材料（网页） / Asking for an institution's papers",
)
def institution_papers_gate() -> flask.Response:
    """Ask whose papers, why, and for which case."""
    return _page({})


@door(
    bp,
    "POST",
    "/desk/papers",
    policy="institution.paper.look",
    surface=Surface.PAGE,
    body=Fields(InstitutionPapersForm),
    answer={303: None, 404: HTML, 422: HTML},
    problems=(PurposeRefused,),
    summary="机构材料查找（网页） / Find an institution's papers from the desk",
)
def institution_papers_button(form: dict[str, Any]) -> flask.Response:
    """Go to the papers; a code is put into an address only once it is known to be an institution's.

    A citizen's number has 18 characters, too, and would stand in the address if it was typed by mistake.
    """
    uscc = form["uscc"].strip().upper()
    try:
        why = judged(LookQuery, {name: form[name] for name in ("purpose", "case_ref")})
        looked.check_purpose(house().db, why["purpose"], actor())
    except FormRefused as problem:
        wrong, _ = faults(problem, FIELDS)
        return _page(form, 422, wrong)
    if house().institutions.all().get(uscc) is None:
        return _page(form, 404, {"uscc": "没有登记这个代码的机构。请逐位核对。"})
    return go(f"/desk/papers/{uscc}?{urlencode(why)}")


@door(
    bp,
    "GET",
    "/desk/papers/<uscc>",
    policy="institution.paper.look",
    surface=Surface.PAGE,
    query=LookQuery,
    answer=HTML,
    problems=(PurposeRefused, paper_errors.PaperDamaged),
    summary="机构材料清单（网页） / An institution's papers, for a purpose and a case",
)
def institution_papers_page(uscc: str, query: dict[str, str]) -> flask.Response:
    """List the papers; the act is durable before."""
    found = institution_papers.listed(house(), looker(query), uscc)
    return page(
        "desk_papers.html",
        tabs=tabs(),
        papers=[_line(one) for one in reversed(found)],
        uscc=uscc,
        called=institution_name()(uscc),
        purpose=words.code("lookup_purposes", query["purpose"]),
        case_ref=query["case_ref"],
        why=urlencode(query),
    )


def _line(paper: Paper) -> PaperLine:
    """Say what a paper is; who filed an institution's paper is the institution's machine, or an official."""
    line = paper_line(paper)
    own = paper.filed_by.startswith(f"{Kind.CLIENT}:")
    return PaperLine(
        line.paper_id, line.title, line.kind, line.file, line.filed, "机构上传" if own else line.by
    )


def _page(typed: dict[str, Any], status: int = 200, wrong: dict[str, str] | None = None) -> flask.Response:
    return page("desk_papers_gate.html", status, tabs=tabs(), fields=FIELDS, typed=typed, wrong=wrong or {})


@door(
    bp,
    "GET",
    "/desk/papers/<uscc>/<id:paper_id>",
    policy="institution.paper.look",
    surface=Surface.FILE,
    query=LookQuery,
    answer=FILE,
    problems=(PurposeRefused, paper_errors.PaperDamaged),
    summary="下载机构材料（网页） / Download a paper of an institution",
)
def institution_paper_file(uscc: str, paper_id: bytes, query: dict[str, str]) -> flask.Response:
    """Hand out the file."""
    return attachment(*institution_papers.opened(house(), looker(query), uscc, paper_id))
