"""Pages for everybody: the front page, signing in, static files."""

from dataclasses import dataclass
from typing import Final

import flask

from recordsvc import anchor
from recordsvc.access import demo
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Kind, Role
from recordsvc.access.login_routes import HOME
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.ground.answers import IMMUTABLE
from recordsvc.ground.http import current
from recordsvc.ground.problems import NotFound
from recordsvc.translog.checkpoint import add_cosignatures, open_checkpoint
from recordsvc.web import assets
from recordsvc.web.render import page
from recordsvc.web.services import bp, house

HTML: Final = Sends("text/html")

ROLES: Final = {
    Role.REGISTRAR: "登记员",
    Role.HANDLER: "经办人",
    Role.REVIEWER: "复核人",
    Role.PAYER: "支付人员",
    Role.INSPECTOR: "监督检查人员",
    Role.AUDITOR: "审计员",
    Role.DATA_OFFICER: "个人信息保护负责人",
    Role.ADMINISTRATOR: "系统管理员",
}
"""What each role is called; a test holds it complete."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest checkpoint: entries, root (hex), UTC ms, witnesses with their UTC ms, the log's key."""

    size: int
    root: str
    ms: int
    witnesses: tuple[tuple[str, int], ...]
    behind: int
    """How many entries are newer than the newest cosigned checkpoint; 0 without witnesses."""
    origin: str
    vkey: str


def newest_head() -> Head:
    """Return the newest checkpoint, and what the witnesses have cosigned so far."""
    key, settings = anchor.log_key(house()), house().settings
    with house().db.read() as conn:
        newest = house().log.newest(conn)
        cosigned, signature_lines = house().log.cosigned(conn, 0)
    opened = open_checkpoint(add_cosignatures(cosigned.note, signature_lines), key, settings.witness_keys)
    return Head(
        size=newest.size,
        root=newest.root.hex(),
        ms=newest.ms,
        witnesses=tuple((name, at * 1_000) for name, at in sorted(opened.cosigned.items())),
        behind=newest.size - cosigned.size,
        origin=settings.log_origin,
        vkey=key.vkey(),
    )


@door(
    bp,
    "GET",
    "/",
    policy="public",
    surface=Surface.PAGE,
    answer=HTML,
    summary="首页 / Front page",
)
def front() -> flask.Response:
    """Say what this is, for whom, and how far the log has come."""
    return page("front.html", head=newest_head())


@door(
    bp,
    "GET",
    "/login",
    policy="public",
    surface=Surface.PAGE,
    answer=HTML,
    summary="登录页 / Sign-in page",
)
def login_page() -> flask.Response:
    """Show the ways in: personas in the demo, an official's one-time code everywhere."""
    who, personas = actor(), []
    if demo.allowed(house().settings) and current().remote_addr in demo.LOOPBACK_PEERS:
        with house().db.read() as conn:
            personas = demo.personas(conn)
    return page(
        "login.html",
        who=who.id,
        home=HOME.get(who.kind, "/"),
        workers=[one for one in personas if one.actor_kind == Kind.WORKER],
        officials=[one for one in personas if one.actor_kind == Kind.OFFICIAL],
        staff=[one for one in personas if one.actor_kind == Kind.STAFF],
    )


@door(
    bp,
    "GET",
    "/static/<name>",
    policy="public",
    surface=Surface.PAGE,
    cache=IMMUTABLE,
    answer=Sends("application/octet-stream"),
    summary="页面的静态文件 / Style sheet and icons of the pages",
)
def static_file(name: str) -> flask.Response:
    """Send a static file under the name that its content gave it."""
    found = assets.published().get(name)
    if found is None:
        raise NotFound
    return flask.Response(found.data, content_type=found.media)
