"""Problems as pages (出错页面): what happened, what to do, a reference; browsers get this instead of JSON."""

from typing import Final

import flask

from recordsvc.access.errors import StepUpRequired
from recordsvc.ground.http import KIB, Request, current
from recordsvc.ground.problems import Problem, TooLarge, Unauthenticated
from recordsvc.web.render import go, page_for_anyone
from recordsvc.web.services import house


def problem_page(problem: Problem) -> flask.Response:
    """Answer a browser. Whoever must sign in, or prove it again, is sent to do so."""
    request = current()
    if (
        isinstance(problem, StepUpRequired)
        and request.method == "GET"
        and not request.path.startswith("/v1/")
    ):
        return go("/login/again?to=ways" if request.path.startswith("/account/") else "/login/again")
    if type(problem) is Unauthenticated and request.method == "GET" and not request.path.startswith("/v1/"):
        return go("/login")
    if isinstance(problem, TooLarge):
        return _too_large(problem, request)
    return page_for_anyone("problem.html", problem.status, problem=problem)


PAPERS: Final = ("own.paper.file", "worker.paper.file", "own.statement.make")
"""Doors that file a paper: what a paper may have is less than what their body may."""


def _too_large(problem: TooLarge, request: Request) -> flask.Response:
    """Say in megabytes how large a file may be, and lead back; a browser that goes back keeps the words."""
    limit = int(str(problem.members.get("limit_bytes", 0)))
    if request.door is not None and request.door.policy in PAPERS:
        limit = min(limit, house().settings.paper_bytes)
    most = f"{limit / KIB / KIB:.0f} MB" if limit >= KIB * KIB else f"{limit // KIB} KB"
    return page_for_anyone("too_large.html", problem.status, most=most, back=_form_of(request))


def _form_of(request: Request) -> str:
    """Return the address of the form that was sent, if the page has the same; empty otherwise."""
    adapter = flask.current_app.url_map.bind("")
    return request.path if adapter.test(request.path, method="GET") else ""
