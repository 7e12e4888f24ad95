"""Problems as pages (出错页面): what happened, what to do, a reference; browsers get this instead of JSON."""

import flask

from recordsvc.access.errors import StepUpRequired
from recordsvc.ground.http import current
from recordsvc.ground.problems import Problem, Unauthenticated
from recordsvc.web.render import go, page_for_anyone


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
    return page_for_anyone("problem.html", problem.status, problem=problem)
