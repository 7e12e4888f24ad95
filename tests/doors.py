"""An application of one blueprint, for tests of what stands around every door."""

import hmac
from pathlib import Path
from typing import Any

import flask
from flask.testing import FlaskClient

from recordsvc import service
from recordsvc.access import policy
from recordsvc.access.entrance import CookieReader
from recordsvc.access.grants import Actor, Kind, Position, Role, Scope
from recordsvc.ground.http import Request
from recordsvc.ground.problems import Unauthenticated
from recordsvc.settings import Settings

WORKER = Actor(Kind.WORKER, "worker-1", worker_id=b"\x01" * 16, session_id="session-1")
OTHER_WORKER = Actor(Kind.WORKER, "worker-2", worker_id=b"\x02" * 16, session_id="session-2")
CENTRE = Actor(Kind.CLIENT, "centre-1", institution="CENTRE-1", scopes=frozenset(Scope))
OFFICIALS = {str(role): Actor(Kind.OFFICIAL, f"official-{role}", roles=frozenset({role})) for role in Role}
STAFF = {
    f"staff-{position}": Actor(
        Kind.STAFF, f"staff-{position}", roles=frozenset({position}), institution="CENTRE-1"
    )
    for position in Position
}
ACTORS: dict[str, Actor] = {
    "worker": WORKER,
    "other": OTHER_WORKER,
    "centre": CENTRE,
    **STAFF,
    **OFFICIALS,
}


def settings(**changed: Any) -> Settings:
    """Settings of a service that only answers."""
    values: dict[str, Any] = {
        "environment": "test",
        "data_dir": Path("nowhere"),
        "log_origin": "log.example.test",
        "audience": "https://records.example.test",
        "region": "",
        "issuer_url": "https://records.example.test",
        "public_url": "http://localhost",
    }
    return Settings(**(values | changed))


def mac(key: str, data: bytes) -> bytes:
    """Stand in for the house's keys."""
    return hmac.digest(key.encode(), data, "sha256")


def bearer(token: str, scheme: str = "bearer") -> Actor:
    """Take an actor's name in `ACTORS` for a token."""
    if token not in ACTORS:
        raise Unauthenticated
    return ACTORS[token]


def cookie(request: Request) -> Actor | None:
    """Take an actor's name in the cookie `who` for a session."""
    return ACTORS.get(request.cookies.get("who", ""))


def fresh(who: Actor) -> bool:
    """Take the session of the actor named `worker` for one whose holder has just proved who they are."""
    return who is WORKER


def application(*blueprints: flask.Blueprint, cookies: CookieReader = cookie, **changed: Any) -> flask.Flask:
    """Build a sealed application of these blueprints."""
    app = service.bare(settings(**changed), mac)
    policy.authenticate(app, bearer=bearer, cookie=cookies, fresh=fresh)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    policy.seal(app)
    return app


def as_(client: FlaskClient, name: str) -> dict[str, Any]:
    """Return the keyword arguments of a request by a bearer of this name."""
    return {"headers": {"Authorization": f"Bearer {name}"}}
