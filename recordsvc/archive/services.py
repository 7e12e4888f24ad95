"""The blueprint that all doors of the archive hang on, and what its views share."""

from typing import TYPE_CHECKING

import flask

from recordsvc.access.entrance import actor
from recordsvc.ground.http import current
from recordsvc.ground.problems import Unauthenticated

if TYPE_CHECKING:
    from recordsvc.house import House

bp = flask.Blueprint("archive", __name__)


def house() -> "House":
    """The house of the application that answers."""
    found: House = flask.current_app.extensions["house"]
    return found


def own_worker() -> bytes:
    """The worker who asks."""
    worker_id = actor().worker_id
    if worker_id is None:
        raise Unauthenticated
    return worker_id


def entered(index: int) -> int:
    """Note the log index of the entry that this request made, for the receipt of a stand-in; return it."""
    current().entered = index
    return index


def own_institution() -> str:
    """The institution a client acts for."""
    institution = actor().institution
    if institution is None:
        raise Unauthenticated
    return institution
