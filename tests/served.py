"""An application to serve by gunicorn in tests: the doors of the house, and one that reads."""

from typing import Any

import flask

from recordsvc.access.policy import door
from recordsvc.ground.answers import answer
from recordsvc.ground.reading import Bytes
from tests.doors import application

bp = flask.Blueprint("t", __name__)


@door(
    bp,
    "POST",
    "/size",
    policy="public",
    body=Bytes(limit=100_000, media=("application/octet-stream",)),
    summary="t",
)
def size(data: bytes) -> Any:
    """Say how much came."""
    return answer({"size": len(data)})


app = application(bp)
