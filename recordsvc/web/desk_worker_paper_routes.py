"""A worker's papers at the desk (劳动者材料): listed and opened for the purpose and case of the look.

And those that a proposal rests on, for whoever may decide it. Every list and every opening leaves a row.
"""

from typing import Any

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.policy import Surface, door
from recordsvc.archive import errors, looking, paper_errors, proposal_paper_routes
from recordsvc.archive.paper_routes import FILE, attachment
from recordsvc.archive.papers import FIELDS
from recordsvc.ground.problems import NotFound
from recordsvc.ground.two_person import UnknownProposal
from recordsvc.web import desk_looks, words
from recordsvc.web.desk_forms import LookPageQuery
from recordsvc.web.desk_routes import tabs
from recordsvc.web.paper_routes import paper_line
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house


@door(
    bp,
    "GET",
    "/desk/workers/<id:worker_id>/papers",
    policy="worker.paper.read",
    surface=Surface.PAGE,
    query=LookPageQuery,
    answer={200: HTML, 303: None},
    problems=(PurposeRefused, errors.ArchiveRestricted, paper_errors.PaperDamaged),
    summary="劳动者材料（网页） / A worker's papers, for the purpose and case of the look",
)
def worker_papers_page(worker_id: bytes, query: dict[str, Any]) -> flask.Response:
    """List the papers, newest first; the row is durable before."""
    looker = desk_looks.opened(worker_id, query["look"])
    if looker is None:
        return go(_archive(worker_id))
    try:
        with looking.traced(house(), looker, worker_id):
            (found, sealed), person = house().papers.listed(worker_id), house().papers.person(worker_id)
    except NotFound:
        raise looking.nobody(house(), looker, worker_id) from None
    looking.note(house(), looker, [person], FIELDS)
    look = desk_looks.seal(worker_id, looker.purpose, looker.case_ref)
    return page(
        "desk_worker_papers.html",
        tabs=tabs(),
        papers=[paper_line(one) for one in reversed(found)],
        sealed=sealed,
        worker=words.uuid_text(worker_id),
        purpose=words.code("lookup_purposes", looker.purpose),
        case_ref=looker.case_ref,
        look=look,
    )


@door(
    bp,
    "GET",
    "/desk/workers/<id:worker_id>/papers/<id:paper_id>",
    policy="worker.paper.read",
    surface=Surface.FILE,
    query=LookPageQuery,
    answer={200: FILE, 303: None},
    problems=(PurposeRefused, errors.ArchiveRestricted, paper_errors.PaperDamaged),
    summary="下载劳动者材料（网页） / Download a paper of a worker from the desk",
)
def worker_paper_file(worker_id: bytes, paper_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Hand out the file; the row is durable before."""
    looker = desk_looks.opened(worker_id, query["look"])
    if looker is None:
        return go(_archive(worker_id))
    why = (looker.purpose, looker.case_ref, looker.request_id)
    with looking.traced(house(), looker, worker_id):
        return attachment(*house().papers.open(worker_id, paper_id, actor(), *why))


@door(
    bp,
    "GET",
    "/desk/proposals/<id:proposal_id>/papers/<n>",
    policy="proposal.decide",
    surface=Surface.FILE,
    answer=FILE,
    problems=(UnknownProposal, PurposeRefused, paper_errors.PaperDamaged),
    summary="下载待办所依据的材料（网页） / Download a paper that a proposal rests on",
)
def proposal_paper_file(proposal_id: bytes, n: str) -> flask.Response:
    """Hand out the file to whoever may decide; the row is durable before."""
    return proposal_paper_routes.opened(proposal_id, n)


def _archive(worker_id: bytes) -> str:
    return f"/desk/workers/{words.uuid_text(worker_id)}"
