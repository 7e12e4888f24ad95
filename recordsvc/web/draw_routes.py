"""Pages of draws for everybody (双随机抽查公示): failed ones stand there, too."""

from typing import Any

import flask

from recordsvc.access.grants import EVERYWHERE
from recordsvc.access.policy import Surface, door
from recordsvc.ground.ports import uuid_text
from recordsvc.oversight import draws
from recordsvc.oversight.errors import DrawUnknown
from recordsvc.oversight.forms import DrawsQuery
from recordsvc.web import draw_views
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import page
from recordsvc.web.services import bp, house

PAGE = 20
FIRST = b"\xff" * 16


@door(
    bp,
    "GET",
    "/draws",
    policy="public",
    surface=Surface.PAGE,
    query=DrawsQuery,
    answer=HTML,
    summary="双随机抽查公示（网页） / Draws of whom to inspect",
)
def draws_page(query: dict[str, Any]) -> flask.Response:
    """List draws, the newest first, and how the years stand."""
    now_ms, before = house().clock.now_ms(), query["before"] or FIRST
    with house().db.read() as conn:
        found = draws.newest(conn, now_ms, EVERYWHERE, before, PAGE)
        years = draws.years(conn, now_ms)
    return page(
        "draws.html",
        draws=[draw_views.line(one) for one in found],
        years=years,
        older=uuid_text(found[-1].draw_id) if len(found) == PAGE else "",
    )


@door(
    bp,
    "GET",
    "/draws/<id:draw_id>",
    policy="public",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(DrawUnknown,),
    summary="一次抽查（网页） / One draw, what was drawn and found, and how to repeat it",
)
def draw_page(draw_id: bytes) -> flask.Response:
    """Show what is public of a draw."""
    with house().db.read() as conn:
        found = draws.one(conn, draw_id, house().clock.now_ms())
        return page("draw.html", draw=draw_views.whole(conn, found, within=False))
