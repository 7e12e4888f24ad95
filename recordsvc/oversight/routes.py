"""Doors of draws (双随机抽查): officials' at the desk, and what everybody may check."""

from collections.abc import Callable
from functools import partial
from typing import Any

import flask
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import cases
from recordsvc.access.entrance import actor
from recordsvc.access.errors import Recused
from recordsvc.access.grants import EVERYWHERE, reach
from recordsvc.access.objects import named
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import house, once, reference
from recordsvc.archive import paperrefs
from recordsvc.archive.forms import PaperToldForm
from recordsvc.archive.paper_routes import TO_FILE, UPLOAD
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import uuid_text
from recordsvc.house import House
from recordsvc.oversight import committing, draws, errors, inspecting, views
from recordsvc.oversight.committing import Asked
from recordsvc.oversight.forms import (
    ConfirmReportForm,
    DrawForm,
    DrawProofForm,
    DrawSeenForm,
    DrawsForm,
    DrawsQuery,
    ReportForm,
    RevealForm,
    StepForm,
    TasksForm,
)
from recordsvc.oversight.paid_claims import PaidClaims
from recordsvc.oversight.subjects import CONCERNS, InstitutionsInForce
from recordsvc.oversight.tables import draw, draw_seat
from recordsvc.people import merges

bp = flask.Blueprint("oversight", __name__)
named("draw_id", draws.thing, errors.DrawUnknown)


def _there(conn: Connection, case_id: bytes, _by: str) -> bool:
    """Tell whether there is a draw that a look names."""
    seat = draw_seat.c
    return conn.scalar(sa.select(seat.draw_id).where(seat.draw_id == case_id).limit(1)) is not None


def _case(conn: Connection, case_id: bytes, subject: bytes) -> bool:
    """Tell whether an inspection that a look names drew something that concerns this worker."""
    seat = draw_seat.c
    wanted = sa.select(draw.c.subject, seat.object_id).join(draw, draw.c.draw_id == seat.draw_id)
    drawn = conn.execute(wanted.where(seat.draw_id == case_id).distinct()).all()
    workers = merges.together(conn, [subject])
    concerns = CONCERNS.get(drawn[0].subject) if drawn else None
    return concerns is not None and concerns(conn, [row.object_id for row in drawn], workers)


cases.kind("inspection", _there, _case)

PATH = "/v1/desk/draws/<id:draw_id>"
REPORTING = (errors.DrawUnknown, errors.DrawNotThere, errors.NotDrawn, Recused)


def setup(app: flask.Flask, house: House) -> None:  # noqa: ARG001 - every room is set up with its application
    """Let institutions be drawn, and what was paid."""
    for found in (InstitutionsInForce(house.institutions), PaidClaims()):
        house.draw_subjects[found.kind] = found


# -- the desk


@door(
    bp,
    "POST",
    "/v1/desk/draws",
    policy="draw.commit",
    body=DrawForm,
    answer={201: DrawSeenForm},
    problems=(errors.DrawRefused, errors.DrawKnown, errors.TooFewInspectors),
    idempotent=True,
    summary="承诺一次抽查 / Commit to a draw",
    description="Lists, numbers, hash of the salt and the future event are fixed and stated in the log.",
)
def commit_draw(form: dict[str, Any]) -> flask.Response:
    """Fix both lists before an event that nobody here decides."""
    return _answer(bytes.fromhex(once(committed(form))), 201)


def committed(form: dict[str, Any]) -> Callable[[Turn], str]:
    """What commits to a draw in a turn, and gives its id (hex)."""
    asked, who, by, place = Asked(**form), actor(), reference(), house()
    return lambda turn: committing.commit(place, turn, asked, who, by).hex()


@door(
    bp,
    "GET",
    "/v1/desk/draws",
    policy="draw.read",
    query=DrawsQuery,
    answer=DrawsForm,
    summary="抽查台账 / Draws of one's area, the newest first",
)
def list_draws(query: dict[str, Any]) -> flask.Response:
    """List draws of the official's area."""
    now_ms, where = house().clock.now_ms(), reach(actor(), "draw.read")
    with house().db.read() as conn:
        found = draws.newest(conn, now_ms, where, query["before"] or b"\xff" * 16, query["limit"])
        years = draws.years(conn, now_ms)
    return answers.answer({"items": found, "years": years}, form=DrawsForm)


@door(
    bp,
    "GET",
    PATH,
    policy="draw.read",
    answer=DrawSeenForm,
    problems=(errors.DrawUnknown,),
    summary="一次抽查 / One draw with what was drawn, who inspects, what was found",
)
def show_draw(draw_id: bytes) -> flask.Response:
    """Show a draw to officials of its area."""
    return _answer(draw_id)


@door(
    bp,
    "POST",
    f"{PATH}/reveal",
    policy="draw.reveal",
    body=RevealForm,
    answer=DrawSeenForm,
    problems=(
        errors.DrawUnknown,
        errors.DrawNotThere,
        errors.RevealSamePerson,
        errors.EventNotYet,
        errors.RevealTooLate,
        errors.SaltLost,
        errors.DrawRefused,
    ),
    idempotent=True,
    summary="揭示 / Reveal a draw: what came out of the event",
    description="By another official than committed it, after the event and within the term.",
)
def reveal_draw(draw_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Add the event's value, and draw."""
    once(step(draw_id, partial(committing.reveal, value=form["value"])))
    return _answer(draw_id)


@door(
    bp,
    "POST",
    f"{PATH}/assign",
    policy="draw.assign",
    body=StepForm,
    answer=DrawSeenForm,
    problems=(errors.DrawUnknown, errors.DrawNotThere, errors.TooFewInspectors),
    idempotent=True,
    summary="派发 / Assign the inspectors that were drawn",
)
def assign_draw(draw_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - nothing to say
    """Give each drawn object its inspectors, by their seats."""
    once(step(draw_id, inspecting.assign))
    return _answer(draw_id)


@door(
    bp,
    "POST",
    f"{PATH}/publish",
    policy="draw.publish",
    body=StepForm,
    answer=DrawSeenForm,
    problems=(errors.DrawUnknown, errors.DrawNotThere),
    idempotent=True,
    summary="公布 / Publish what was found",
)
def publish_draw(draw_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - nothing to say
    """Publish results, lists, reveal and assignment."""
    once(step(draw_id, inspecting.publish))
    return _answer(draw_id)


def step(draw_id: bytes, act: Callable[..., None]) -> Callable[[Turn], str]:
    """What does a step of a draw in a turn, and gives the draw's id."""
    by, place = reference(), house()

    def run(turn: Turn) -> str:
        act(place, turn, draw_id, by=by)
        return draw_id.hex()

    return run


def _answer(draw_id: bytes, status: int = 200) -> flask.Response:
    with house().db.read() as conn:
        told = views.seen(house(), conn, draws.one(conn, draw_id, house().clock.now_ms()))
    return answers.answer(told, status, form=DrawSeenForm)


# -- inspectors


@door(
    bp,
    "GET",
    "/v1/desk/inspections",
    policy="draw.report",
    answer=TasksForm,
    summary="我的检查任务 / What I was drawn to inspect",
)
def my_inspections() -> flask.Response:
    """List what the inspector who asks was drawn for."""
    with house().db.read() as conn:
        every = draws.tasks(conn, actor().id, house().clock.now_ms())
        found = [(one, views.name(house(), conn, one.draw, one.object_id)) for one in every]
    items = [
        {
            "draw_id": one.draw.draw_id,
            "object_id": one.object_id,
            "name": name,
            "code": one.code,
            "state": one.draw.state,
            "due_on": one.draw.due_on,
            "report": one.report,
        }
        for one, name in found
    ]
    return answers.answer({"items": items}, form=TasksForm)


@door(
    bp,
    "POST",
    f"{PATH}/objects/<object_id>/papers",
    policy="draw.report",
    body=UPLOAD,
    answer={201: PaperToldForm},
    problems=(*REPORTING, *TO_FILE),
    summary="收存检查材料 / File evidence of an inspection",
    description="It is kept with the inspected institution, which may read it.",
)
def file_evidence(
    draw_id: bytes, object_id: str, form: dict[str, Any], files: dict[str, bytes]
) -> flask.Response:
    """File a paper under the institution that is inspected."""
    owner = evidence_owner(draw_id, object_id)
    if owner is None:
        raise errors.DrawNotThere
    kept = house().papers.keep(owner, files["file"], form["kind"], form["title"], actor())
    return answers.answer(kept, 201, form=PaperToldForm)


def evidence_owner(draw_id: bytes, object_id: str) -> str | None:
    """Return under which institution evidence is kept, to whoever inspects the object; None: none is.

    Raises as a report does.
    """
    place = house()
    with place.db.read() as conn:
        return inspecting.inspected(place, conn, draw_id, object_id, actor())


@door(
    bp,
    "POST",
    f"{PATH}/objects/<object_id>/report",
    policy="draw.report",
    body=ReportForm,
    answer=DrawSeenForm,
    problems=(*REPORTING, errors.DrawRefused, *paperrefs.PROBLEMS),
    idempotent=True,
    summary="检查报告 / Report what was found",
)
def report_object(draw_id: bytes, object_id: str, form: dict[str, Any]) -> flask.Response:
    """Say what was found; another of the object's inspectors confirms it."""
    once(reporting(draw_id, object_id, form))
    return _answer(draw_id)


def reporting(draw_id: bytes, object_id: str, form: dict[str, Any]) -> Callable[[Turn], str]:
    """What writes a report in a turn, and gives the draw's id."""
    place, who = house(), actor()
    papers: list[str] = []
    if form["papers"]:
        owner = evidence_owner(draw_id, object_id)
        papers = paperrefs.resolved(place, [] if owner is None else [owner], form["papers"])
    said = (form["result"], form["summary"], papers)

    def run(turn: Turn) -> str:
        inspecting.report(place, turn, draw_id, object_id, who, said)
        return draw_id.hex()

    return run


@door(
    bp,
    "POST",
    f"{PATH}/objects/<object_id>/confirm",
    policy="draw.report",
    body=ConfirmReportForm,
    answer=DrawSeenForm,
    problems=(*REPORTING, errors.ReportSamePerson),
    idempotent=True,
    summary="确认检查报告 / Confirm the other inspector's report",
)
def confirm_object(draw_id: bytes, object_id: str, form: dict[str, Any]) -> flask.Response:
    """Confirm a report; with the last one the draw is reported."""
    once(confirming(draw_id, object_id, form["reported_ms"]))
    return _answer(draw_id)


def confirming(draw_id: bytes, object_id: str, reported_ms: int) -> Callable[[Turn], str]:
    """What confirms a report in a turn, and gives the draw's id."""
    place, who = house(), actor()

    def run(turn: Turn) -> str:
        inspecting.confirm(place, turn, draw_id, object_id, who, reported_ms)
        return uuid_text(draw_id)

    return run


# -- everybody


@door(
    bp,
    "GET",
    "/v1/draws",
    policy="public",
    surface=Surface.OPEN,
    query=DrawsQuery,
    answer=DrawsForm,
    summary="双随机抽查公示 / Draws, failed ones too, the newest first",
)
def public_draws(query: dict[str, Any]) -> flask.Response:
    """List draws to everybody."""
    now_ms = house().clock.now_ms()
    with house().db.read() as conn:
        found = draws.newest(conn, now_ms, EVERYWHERE, query["before"] or b"\xff" * 16, query["limit"])
        years = draws.years(conn, now_ms)
    return answers.answer({"items": found, "years": years}, form=DrawsForm)


@door(
    bp,
    "GET",
    "/v1/draws/<id:draw_id>/proof",
    policy="public",
    surface=Surface.OPEN,
    answer=DrawProofForm,
    problems=(errors.DrawUnknown,),
    summary="抽查证明 / Everything by which a stranger repeats a draw",
    description="Null is not public yet. `docs/check_draw.py` checks the file.",
)
def draw_proof(draw_id: bytes) -> flask.Response:
    """Send lists, documents and their places in the log, as far as they are public."""
    with house().db.read() as conn:
        found = draws.one(conn, draw_id, house().clock.now_ms())
        told = draws.proof(house(), conn, found)
    return answers.answer(told, form=DrawProofForm)
