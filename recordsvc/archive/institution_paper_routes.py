"""Doors of officials to an institution's papers (机构材料), for a purpose and a case."""

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.policy import Surface, door
from recordsvc.archive import institution_papers, paper_errors
from recordsvc.archive.forms import LookQuery, PaperListForm
from recordsvc.archive.looking import Looker
from recordsvc.archive.paper_routes import FILE, attachment
from recordsvc.archive.services import bp, house
from recordsvc.ground import answers, http


def looker(query: dict[str, str]) -> Looker:
    """Return who looks and why."""
    return Looker(actor(), query["purpose"], query["case_ref"], http.current().id)


@door(
    bp,
    "GET",
    "/v1/desk/institutions/<uscc>/papers",
    policy="institution.paper.look",
    query=LookQuery,
    answer=PaperListForm,
    problems=(PurposeRefused, paper_errors.PaperDamaged),
    summary="机构材料清单 / The papers of an institution, for a purpose and a case",
)
def papers_of_institution(uscc: str, query: dict[str, str]) -> flask.Response:
    """List an institution's papers to an official; the act is durable before the answer leaves."""
    found = institution_papers.listed(house(), looker(query), uscc)
    return answers.answer({"items": found}, form=PaperListForm)


@door(
    bp,
    "GET",
    "/v1/desk/institutions/<uscc>/papers/<id:paper_id>",
    policy="institution.paper.look",
    query=LookQuery,
    surface=Surface.FILE,
    answer=FILE,
    problems=(PurposeRefused, paper_errors.PaperDamaged),
    summary="调取机构的一份材料 / The file of an institution's paper, for a purpose and a case",
)
def paper_of_institution(uscc: str, paper_id: bytes, query: dict[str, str]) -> flask.Response:
    """Hand out an institution's file to an official."""
    return attachment(*institution_papers.opened(house(), looker(query), uscc, paper_id))
