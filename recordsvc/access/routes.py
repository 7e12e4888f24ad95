"""The doors of access, gathered; and how tokens and cookies become actors in an application."""

import flask

from recordsvc.access import (
    activation_routes,
    demo,
    desk_routes,
    emergency_trail,
    head_routes,
    identity_routes,
    in_place,
    login_routes,
    official_routes,
    own_archive_routes,
    own_routes,
    passkeys,
    signin_routes,
    staff_routes,
    token_routes,
    window_routes,
)
from recordsvc.access.dpop import NonceWanted
from recordsvc.access.entrance import authenticate
from recordsvc.access.errors import TokenRefused
from recordsvc.access.grants import Actor
from recordsvc.access.in_place import Finish
from recordsvc.access.services import Access, access, bp, open_access
from recordsvc.ground import observe
from recordsvc.ground.http import current
from recordsvc.house import House

__all__ = [
    "Access",
    "access",
    "activation_routes",
    "bp",
    "desk_routes",
    "head_routes",
    "identity_routes",
    "login_routes",
    "official_routes",
    "own_archive_routes",
    "own_routes",
    "setup",
    "signin_routes",
    "staff_routes",
    "token_routes",
    "window_routes",
]


def setup(app: flask.Flask, house: House) -> None:
    """Open the services, register the readers, and the demo's doors where they may exist.

    Raises `SettingsError` where demo logins are and must not be.
    """
    services = app.extensions["access"] = open_access(house)

    def bearer(token: str, scheme: str) -> Actor:
        request = current()
        try:
            return services.tokens.verify(
                token, lambda bound: services.bindings.check(bound, request, scheme, token)
            )
        except NonceWanted as wanted:
            raise TokenRefused(wanted.code, scheme="DPoP", nonce=wanted.nonce) from None
        except TokenRefused as refused:
            # The one audit line of a refused token: why, and the first 8 hex digits of its hash.
            observe.note(refused=refused.why)
            raise

    def fresh(who: Actor) -> bool:
        return house.clock.now_ms() - who.authenticated_ms < services.sessions.step_up_ms

    def stand_in(who: Actor, policy: str, rule: str, acts: bool) -> Finish | None:  # noqa: FBT001 - a port
        return in_place.trace(house, services.officials, who, policy, rule, acts_=acts)

    def trail(who: Actor, policy: str, request: str) -> None:
        emergency_trail.trace(house, services.officials, who, policy, request)

    authenticate(
        app,
        bearer=bearer,
        cookie=login_routes.read_cookie,
        fresh=fresh,
        meter=services.limits.enter,
        stand_in=stand_in,
        trail=trail,
    )
    app.extensions["warmers"].append(passkeys.warm)
    with house.db.read() as conn:
        demo.check_allowed(house.settings, conn)
    if demo.allowed(house.settings):
        app.register_blueprint(login_routes.demo_bp)
