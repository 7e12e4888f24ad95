"""The blueprint that all doors of fees hang on, and where offerings and orders lie.

An offering lies where its institution does; an order concerns its worker and its institution.
"""

import flask
from sqlalchemy.engine import Connection

from recordsvc.access import areas
from recordsvc.access.grants import Thing
from recordsvc.access.objects import named
from recordsvc.money.fees import offerings, values
from recordsvc.money.fees.errors import FeeUnknown, OfferingUnknown

bp = flask.Blueprint("fees", __name__)


def _offering(conn: Connection, offering_id: bytes) -> Thing | None:
    try:
        return areas.institution(conn, offerings.find(conn, offering_id).institution)
    except OfferingUnknown:
        return None


def order(conn: Connection, order_id: bytes) -> Thing | None:
    """Return where an order lies and whom it concerns; None: there is none."""
    try:
        one = values.find(conn, order_id)
    except FeeUnknown:
        return None
    at = areas.institution(conn, one.institution)
    return Thing(at.area, at.parties | areas.person(conn, one.worker_id).parties)


named("offering_id", _offering, OfferingUnknown)
named("order_id", order, FeeUnknown)
