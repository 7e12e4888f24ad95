"""An application to serve behind the shipped proxies: it says what reached it; one page is personal."""

from typing import Any

import flask

from recordsvc.access.policy import Surface, door
from recordsvc.ground.answers import answer
from recordsvc.ground.http import current
from recordsvc.ground.reading import Bytes
from tests.doors import application

bp = flask.Blueprint("t", __name__)
OCTETS = "application/octet-stream"


@door(bp, "GET", "/seen", policy="public", summary="t")
def seen() -> Any:
    """Say which headers came, from whom, and by which scheme."""
    environ = current().environ
    kept = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    names = ("REMOTE_ADDR", "SCRIPT_NAME", "PATH_INFO", "wsgi.url_scheme")
    return answer(kept | {name: environ[name] for name in names})


@door(bp, "POST", "/size", policy="public", body=Bytes(limit=16 * 1024 * 1024, media=(OCTETS,)), summary="t")
def size(data: bytes) -> Any:
    """Say how much came."""
    return answer({"size": len(data)})


@door(bp, "GET", "/me", policy="own.archive.read", surface=Surface.PAGE, summary="t")
def me() -> Any:
    """Show what only one person may see."""
    return flask.Response("<p>personal</p>", content_type="text/html; charset=utf-8")


@door(bp, "GET", "/open", policy="public", surface=Surface.OPEN, cache="public, max-age=300", summary="t")
def open_to_all() -> Any:
    """Show what a shared cache may keep."""
    return answer({"open": True})


app = application(bp)
