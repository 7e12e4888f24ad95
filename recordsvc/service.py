"""The application as a whole: which rooms have doors, in which order they are wired, and its own doors.

`recordsvc.create_app` is the way in; it leaves the imports to this module.
"""

import functools
import hashlib
import hmac
import importlib
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Final
from urllib.parse import urlsplit

import flask

from recordsvc import anchor, published
from recordsvc import continuing as _  # noqa: F401 - registers what two officials decide of the log itself
from recordsvc.access import policy
from recordsvc.access.entrance import Entrance
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.ground import answers, observe
from recordsvc.ground.http import LazyRule, Request, current
from recordsvc.ground.idempotency import Idempotency
from recordsvc.ground.paging import Cursors
from recordsvc.ground.problems import NotFound, Unavailable
from recordsvc.house import House
from recordsvc.settings import Settings

ROOMS: Final = (
    "recordsvc.access.routes",
    "recordsvc.bodies.routes",
    "recordsvc.translog.routes",
    "recordsvc.archive.routes",
    "recordsvc.training.routes",
    "recordsvc.groups.routes",
    "recordsvc.credits.routes",
    "recordsvc.money.claims.routes",
    "recordsvc.money.fees.routes",
    "recordsvc.money.rules.routes",
    "recordsvc.money.bank.routes",
    "recordsvc.money.ledger.routes",
    "recordsvc.money.recovery.routes",
    "recordsvc.money.funds.routes",
    "recordsvc.oversight.routes",
    "recordsvc.exports.routes",
    "recordsvc.web.routes",
)
"""Modules with a blueprint `bp`, and `setup(app, house)` where a room has something to register."""

bp = flask.Blueprint("service", __name__)


def build(settings: Settings, house: House, rooms: Iterable[str] = ROOMS) -> flask.Flask:
    """Wire ground, access and the rooms to a Flask application, and seal it."""
    app = bare(settings, house.keys.hmac)
    app.extensions["house"] = house
    app.extensions["warmers"] = []
    app.extensions["cursors"] = Cursors({1: functools.partial(house.keys.hmac, "cursor")})
    app.extensions["idempotency"] = Idempotency(house.db, functools.partial(house.keys.hmac, "dedupe"))
    observe.ping(app, "database", lambda: _select_one(house))
    observe.ping(app, "log", lambda: anchor.check(house))
    observe.ping(app, "keys", lambda: _use_keys(house))
    for room in open_rooms(app, rooms):
        setup: Callable[[flask.Flask, House], None] | None = getattr(room, "setup", None)
        if setup is not None:
            setup(app, house)
    policy.seal(app)
    return app


def warm(app: flask.Flask) -> None:
    """Do what rooms need once and can do without at the first request; beside the first requests."""
    for warmer in app.extensions["warmers"]:
        warmer()


def open_rooms(app: flask.Flask, rooms: Iterable[str] = ROOMS) -> list[ModuleType]:
    """Give the application the doors of the rooms, in their order; return the rooms."""
    found = [importlib.import_module(name) for name in rooms]
    for room in found:
        app.register_blueprint(room.bp)
    return found


def bare(settings: Settings, mac: Callable[[str, bytes], bytes]) -> flask.Flask:
    """Build the application without rooms: hooks, answers, observation and the doors of the house itself."""
    app = flask.Flask("recordsvc", static_folder=None, template_folder=None)
    app.request_class, app.url_rule_class = Request, LazyRule
    # No automatic OPTIONS (it would bypass the doors), no guessed slashes, no session of Flask's own.
    app.config.update(PROVIDE_AUTOMATIC_OPTIONS=False, MAX_CONTENT_LENGTH=64 * 1024)
    app.url_map.merge_slashes = False
    app.extensions["settings"] = settings
    public = urlsplit(settings.public_url)
    hosts = frozenset({*settings.trusted_hosts, public.hostname or "localhost"})
    observe.install(app, metrics_dir=settings.metrics_dir, pseudonym=lambda data: mac("login", data))
    answers.install(app)
    policy.install(app, Entrance(hosts, public.scheme or "http", lambda data: mac("login", data)))
    app.register_blueprint(bp)
    return app


def skeleton(rooms: Iterable[str] = ROOMS) -> flask.Flask:
    """Build the application with every door and nothing behind them: to describe and check the doors."""
    settings = Settings(
        environment="test",
        data_dir=Path(),
        log_origin="example.org/log",
        audience="https://example.org",
        region="",
        issuer_url="https://example.org",
        public_url="https://example.org",
    )
    app = bare(settings, lambda _key, data: hashlib.sha256(data).digest())
    open_rooms(app, rooms)
    policy.seal(app)
    return app


def _use_keys(house: House) -> None:
    house.keys.check()
    house.keys.hmac("cursor", b"ping")


def _select_one(house: House) -> None:
    with house.db.read() as conn:
        conn.exec_driver_sql("SELECT 1")


# -- doors of the house itself


@door(bp, "GET", "/healthz", policy="public", answer=Sends(), summary="进程存活 / The process is alive")
def healthz() -> flask.Response:
    """Answer without touching anything."""
    return answers.answer(b'{"status":"ok"}')


@door(
    bp,
    "GET",
    "/readyz",
    policy="public",
    answer={200: Sends(), 503: Sends()},
    problems=(Unavailable,),
    summary="可以受理请求 / Ready for requests",
    description="Names of what is well and of what fails: database, keys, log and outside checkpoint.",
)
def readyz() -> flask.Response:
    """Ask every registered ping."""
    well, failing = observe.ready(flask.current_app)
    return answers.answer({"ok": well, "failing": failing}, 503 if failing else 200)


@door(
    bp,
    "GET",
    "/metrics",
    policy="metrics.read",
    answer=Sends("text/plain"),
    summary="运行指标 / Metrics (Prometheus)",
    description="Only from loopback without a proxy in between, or with the metrics token as bearer.",
)
def metrics() -> flask.Response:
    """Write this process's metrics, or all processes' when they share a folder."""
    settings: Settings = flask.current_app.extensions["settings"]
    if not _may_read_metrics(current(), settings.metrics_token):
        raise NotFound
    text, media = observe.metrics(flask.current_app)
    return flask.Response(text, content_type=media)


def _may_read_metrics(request: Request, token: str) -> bool:
    environ = request.environ
    sent = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(sent.encode(), token.encode()):
        return True
    # A proxy on this machine connects from loopback as well, but says for whom.
    proxied = "HTTP_X_FORWARDED_FOR" in environ or "HTTP_FORWARDED" in environ
    return environ.get("REMOTE_ADDR") in ("127.0.0.1", "::1") and not proxied


@door(
    bp,
    "GET",
    "/openapi.json",
    policy="public",
    surface=Surface.OPEN,
    cache="public, max-age=300",
    answer=Sends(),
    summary="接口说明 / This description (OpenAPI 3.1)",
)
def openapi_json() -> flask.Response:
    """Send the description that was generated from the doors and is held against them by a test."""
    return answers.answer(published.schema_bytes("openapi.json"))
