"""Doors to the papers a proposal rests on (待办所依据的材料), and to the records it is about."""

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.policy import Surface, door
from recordsvc.archive import paper_errors, proposal_papers, proposal_records
from recordsvc.archive.forms import ConcernedListForm, RestingPapersForm
from recordsvc.archive.paper_routes import FILE, attachment
from recordsvc.archive.services import bp, house
from recordsvc.ground import answers, http, two_person
from recordsvc.ground.problems import NotFound
from recordsvc.ground.two_person import UnknownProposal


@door(
    bp,
    "GET",
    "/v1/desk/proposals/<id:proposal_id>/papers",
    policy="proposal.read",
    answer=RestingPapersForm,
    problems=(UnknownProposal,),
    summary="待办所依据的材料 / The papers that a proposal rests on, by hash",
)
def papers_of_proposal(proposal_id: bytes) -> flask.Response:
    """List the papers: their hashes, and whether each is kept here."""
    with house().db.read() as conn:
        found = two_person.read(conn, proposal_id, house().clock.now_ms())
    return answers.answer({"items": proposal_papers.resting(house(), found)}, form=RestingPapersForm)


@door(
    bp,
    "GET",
    "/v1/desk/proposals/<id:proposal_id>/papers/<n>",
    policy="proposal.decide",
    surface=Surface.FILE,
    answer=FILE,
    problems=(UnknownProposal, PurposeRefused, paper_errors.PaperDamaged),
    summary="打开待办所依据的一份材料 / A paper that a proposal rests on, for whoever may decide it",
    description="`n` counts from 1. The opening is a row of who looked, beside a restricted archive, too.",
)
def paper_of_proposal(proposal_id: bytes, n: str) -> flask.Response:
    """Hand out the file; the row of who looked is durable before."""
    return opened(proposal_id, n)


@door(
    bp,
    "GET",
    "/v1/desk/proposals/<id:proposal_id>/records",
    policy="proposal.decide",
    answer=ConcernedListForm,
    problems=(UnknownProposal, PurposeRefused),
    summary="待办所涉的记录 / The records that a proposal is about, for whoever may decide it",
    description="Of proposals to restrict, lift, erase or copy a record: type, title, days, and what goes "
    "along. Each showing is a row of who looked, of a restricted record, too.",
)
def records_of_proposal(proposal_id: bytes) -> flask.Response:
    """List the records as the proposal's page shows them; the rows of who looked are durable before."""
    items = proposal_records.listed(house(), proposal_id, actor(), http.current().id)
    return answers.answer({"items": items}, form=ConcernedListForm)


def opened(proposal_id: bytes, n: str) -> flask.Response:
    """Hand out the file of a proposal's nth paper to whoever asks. Raises as `proposal_papers.opened`."""
    if not (n.isascii() and n.isdigit() and len(n) <= 2):
        raise NotFound
    return attachment(*proposal_papers.opened(house(), proposal_id, int(n), actor(), http.current().id))
