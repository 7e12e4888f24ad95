"""Pages of signing in (登录页): all ways in on one page, proving it once more, and the activation code."""

from typing import Any, Final

import flask
from marshmallow import fields, validate

from recordsvc.access import credentials, demo, identity_links, proving
from recordsvc.access.entering import HOME
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Kind
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import access
from recordsvc.ground.forms import Form
from recordsvc.ground.http import current
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import page
from recordsvc.web.services import bp, house


class AgainPageQuery(Form):
    """Where to go on then: one of two fixed places."""

    to = fields.String(load_default="home", validate=validate.OneOf(("home", "ways")))


@door(
    bp,
    "GET",
    "/login",
    policy="public",
    surface=Surface.SCRIPTED,
    answer=HTML,
    summary="登录页 / Sign-in page",
)
def login_page() -> flask.Response:
    """Show the ways in: personas in the demo; passkey, password, PIN and one-time code everywhere."""
    who, personas, provider = actor(), [], access().provider
    if _demo():
        with house().db.read() as conn:
            personas = demo.personas(conn)
    return page(
        "login.html",
        who=who.id,
        home=HOME.get(who.kind, "/"),
        workers=[one for one in personas if one.actor_kind == Kind.WORKER],
        officials=[one for one in personas if one.actor_kind == Kind.OFFICIAL],
        staff=[one for one in personas if one.actor_kind == Kind.STAFF],
        provider="" if provider is None else provider.label,
    )


@door(
    bp,
    "GET",
    "/login/again",
    policy="session.own",
    surface=Surface.SCRIPTED,
    query=AgainPageQuery,
    answer=HTML,
    summary="再次验证身份页 / Page to prove once more who you are",
)
def again_page(query: dict[str, Any]) -> flask.Response:
    """Show the ways that whoever sits there has."""
    who, provider = actor(), access().provider
    sits = credentials.sitting(who)
    with house().db.read() as conn:
        kinds = {one.kind for one in credentials.of_person(conn, sits)}
        bound = proving.bound_to_passkey(house(), conn, sits)
        through = provider is not None and identity_links.has_account(conn, sits, provider.issuer)
    return page(
        "again.html",
        to=query["to"],
        demo_button=_demo(),
        kinds=kinds,
        takes_code=sits.kind is not Kind.WORKER and not bound,
        staff=sits.kind is Kind.STAFF,
        stands_in=who.through is not None,
        provider=provider.label if provider is not None and through else "",
    )


@door(
    bp,
    "GET",
    "/activate",
    policy="public",
    surface=Surface.SCRIPTED,
    answer=HTML,
    summary="激活页 / Page to use an activation code",
)
def activate_page() -> flask.Response:
    """Ask for the code; where the slip's picture was scanned, the script fills it in from the fragment."""
    return page("activate.html", groups=_GROUPS)


_GROUPS: Final = 6
"""Groups of four letters on a slip."""


def _demo() -> bool:
    return demo.allowed(house().settings) and current().remote_addr in demo.LOOPBACK_PEERS
