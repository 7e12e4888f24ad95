"""The doors of the pages, gathered; and what makes problems readable for people."""

import flask

from recordsvc.house import House
from recordsvc.web import (
    assets,
    desk_routes,
    desk_worker_routes,
    public_routes,
    render,
    saying_routes,
    sharing_routes,
    verify_routes,
    worker_routes,
)
from recordsvc.web.problem_page import problem_page
from recordsvc.web.services import bp

__all__ = [
    "bp",
    "desk_routes",
    "desk_worker_routes",
    "public_routes",
    "saying_routes",
    "setup",
    "sharing_routes",
    "verify_routes",
    "worker_routes",
]


def setup(app: flask.Flask, house: House) -> None:  # noqa: ARG001 - every room is set up with its house
    """Answer browsers with pages also where something is wrong; read templates and files ahead."""
    app.extensions["problem_page"] = problem_page
    assets.published()
    for name in render.environment().list_templates():
        render.environment().get_template(name)
