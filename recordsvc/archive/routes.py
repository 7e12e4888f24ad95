"""The doors of the archive, gathered; and what they need when an application starts."""

import flask

from recordsvc.archive import (
    desk_key_routes,
    desk_routes,
    dispute_routes,
    life_routes,
    me_routes,
    record_routes,
    schema_routes,
    types,
)
from recordsvc.archive.services import bp
from recordsvc.ground.paging import Cursors
from recordsvc.house import House

__all__ = [
    "bp",
    "desk_key_routes",
    "desk_routes",
    "dispute_routes",
    "life_routes",
    "me_routes",
    "record_routes",
    "schema_routes",
    "setup",
]


def setup(app: flask.Flask, house: House) -> None:
    """Compile the validators and open the cursors before the first request."""
    types.warm()
    app.extensions.setdefault("cursors", Cursors({1: lambda data: house.keys.hmac("cursor", data)}))
