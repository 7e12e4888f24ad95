"""The doors of the archive, gathered; and what they need when an application starts.

`importing` has no door, but what two people decide of it is done where the desk is.
"""

import flask

from recordsvc.archive import (
    area_routes,
    centre_routes,
    desk_key_routes,
    desk_number_routes,
    desk_objects,
    desk_routes,
    dispute_routes,
    emergency_routes,
    helper_routes,
    import_routes,
    importing,
    institution_paper_routes,
    life_routes,
    looked_routes,
    me_routes,
    notice_routes,
    pack_routes,
    paper_routes,
    proposal_paper_routes,
    record_routes,
    schema_routes,
    sharing_routes,
    slip_routes,
    types,
)
from recordsvc.archive.lags import lags
from recordsvc.archive.services import bp
from recordsvc.ground import observe
from recordsvc.ground.paging import Cursors
from recordsvc.house import House

__all__ = [
    "area_routes",
    "bp",
    "centre_routes",
    "desk_key_routes",
    "desk_number_routes",
    "desk_objects",
    "desk_routes",
    "dispute_routes",
    "emergency_routes",
    "helper_routes",
    "import_routes",
    "importing",
    "institution_paper_routes",
    "life_routes",
    "looked_routes",
    "me_routes",
    "notice_routes",
    "pack_routes",
    "paper_routes",
    "proposal_paper_routes",
    "record_routes",
    "schema_routes",
    "setup",
    "sharing_routes",
    "slip_routes",
]


def setup(app: flask.Flask, house: House) -> None:
    """Open the cursors; the validators are compiled soon after the start, or at their first use."""
    app.extensions["warmers"].append(types.warm)
    observe.gauges(app, lambda: lags(house))
    app.extensions.setdefault("cursors", Cursors({1: lambda data: house.keys.hmac("cursor", data)}))
