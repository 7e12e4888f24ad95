"""The doors of the pages, gathered; and what makes problems readable for people."""

import flask

from recordsvc.house import House
from recordsvc.web import (
    assets,
    public_routes,
    saying_routes,
    sharing_routes,
    verify_routes,
    worker_routes,
)
from recordsvc.web.problem_page import problem_page
from recordsvc.web.services import bp

__all__ = [
    "bp",
    "public_routes",
    "saying_routes",
    "setup",
    "sharing_routes",
    "verify_routes",
    "worker_routes",
]


def setup(app: flask.Flask, house: House) -> None:  # noqa: ARG001 - every room is set up with its house
    """Answer browsers with pages also where something is wrong; read the files ahead.

    Templates are compiled when their first page is asked for, 5 to 10 ms each: ahead of every start that was
    a sixth of it (measured), also where nobody asks for pages.
    """
    app.extensions["problem_page"] = problem_page
    assets.published()
