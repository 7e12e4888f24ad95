"""The log for everybody (C2SP tlog-tiles): checkpoint, tiles, entry bundles. Nothing here is personal."""

import flask

from recordsvc.access.policy import Sends, Surface, door
from recordsvc.ground.problems import NotFound
from recordsvc.house import House
from recordsvc.translog import continuations
from recordsvc.translog.checkpoint import add_cosignatures
from recordsvc.translog.tiles import MEDIA_TYPE, TILE_WIDTH, Tile, encode_entries, tile_width

bp = flask.Blueprint("translog", __name__)

TEXT = "text/plain; charset=utf-8"


def _house() -> House:
    house: House = flask.current_app.extensions["house"]
    return house


@door(
    bp,
    "GET",
    "/log/checkpoint",
    policy="public",
    surface=Surface.OPEN,
    cache="no-cache",
    answer=Sends("text/plain"),
    summary="最新检查点 / Newest checkpoint (tlog-checkpoint), with witnesses' signatures when there are any",
)
def checkpoint() -> flask.Response:
    """Send the newest cosigned checkpoint, or the newest one while no witness has signed."""
    house = _house()
    with house.db.read() as conn:
        signed, lines = house.log.cosigned(conn, 0)
    return flask.Response(add_cosignatures(signed.note, lines), content_type=TEXT)


@door(
    bp,
    "GET",
    "/log/continuations",
    policy="public",
    surface=Surface.OPEN,
    cache="no-cache",
    answer=Sends("application/x-ndjson"),
    summary="接续声明 / Where this log went on under another name: a statement a line; usually empty",
)
def continuation_statements() -> flask.Response:
    """Send the statements, oldest first, byte for byte as the log's entries bind them."""
    with _house().db.read() as conn:
        texts = [one.text for one in continuations.listed(conn)]
    return flask.Response("".join(f"{one}\n" for one in texts), content_type="application/x-ndjson")


@door(
    bp,
    "GET",
    "/log/tile/<path:rest>",
    policy="public",
    surface=Surface.OPEN,
    cache="public, max-age=31536000, immutable",
    answer=Sends(MEDIA_TYPE),
    summary="日志分片 / A tile or entry bundle (tlog-tiles)",
)
def tile(rest: str) -> flask.Response:
    """Send a tile that the newest checkpoint covers; partial ones in any width up to what there is."""
    try:
        wanted = Tile.parse(f"tile/{rest}")
    except ValueError:
        raise NotFound from None
    house, level = _house(), wanted.level or 0
    with house.db.read() as conn:
        size = house.log.newest(conn).size
        if wanted.width > tile_width(level, wanted.n, size):
            raise NotFound
        if wanted.level is None:
            start = wanted.n * TILE_WIDTH
            data = encode_entries(house.log.entries(conn, start, start + wanted.width))
        else:
            data = house.log.hashes(conn, level, wanted.n, wanted.width)
    return flask.Response(data, content_type=MEDIA_TYPE)
