"""The doors of the archive, gathered; and what they need when an application starts."""

import flask

from recordsvc.archive import (
    desk_key_routes,
    desk_number_routes,
    desk_routes,
    dispute_routes,
    institution_paper_routes,
    life_routes,
    me_routes,
    notice_routes,
    paper_routes,
    record_routes,
    schema_routes,
    sharing_routes,
    types,
)
from recordsvc.archive.lags import lags
from recordsvc.archive.services import bp
from recordsvc.ground import observe
from recordsvc.ground.paging import Cursors
from recordsvc.house import House

__all__ = [
    "bp",
    "desk_key_routes",
    "desk_number_routes",
    "desk_routes",
    "dispute_routes",
    "institution_paper_routes",
    "life_routes",
    "me_routes",
    "notice_routes",
    "paper_routes",
    "record_routes",
    "schema_routes",
    "setup",
    "sharing_routes",
]


def setup(app: flask.Flask, house: House) -> None:
    """Open the cursors; the validators are compiled soon after the start, or at their first use."""
    app.extensions["warmers"].append(types.warm)
    observe.gauges(app, lambda: lags(house))
    app.extensions.setdefault("cursors", Cursors({1: lambda data: house.keys.hmac("cursor", data)}))
