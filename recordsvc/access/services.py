"""What access holds in a process, and the blueprint that all its doors hang on."""

import dataclasses
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import flask

from recordsvc.access import shown_card
from recordsvc.access.assertions import TokenEndpoint
from recordsvc.access.binding import Bindings
from recordsvc.access.clients import Clients
from recordsvc.access.dpop import Proofs
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Actor, author
from recordsvc.access.identity import IdentityProvider
from recordsvc.access.limits import Limits
from recordsvc.access.officials import Officials
from recordsvc.access.oidc.provider import open_provider
from recordsvc.access.policy import ticket
from recordsvc.access.sessions import Sessions
from recordsvc.access.tokens import Tokens
from recordsvc.ground.commit import Turn
from recordsvc.ground.idempotency import Idempotency

if TYPE_CHECKING:
    from recordsvc.house import House

bp = flask.Blueprint("access", __name__)


@dataclasses.dataclass(frozen=True)
class Access:
    """The registers and services of one process."""

    clients: Clients
    officials: Officials
    tokens: Tokens
    endpoint: TokenEndpoint
    sessions: Sessions
    bindings: Bindings
    limits: Limits
    provider: IdentityProvider | None = None
    """Who else says who workers are; None: nobody."""


def open_access(house: "House") -> Access:
    """Open them on a house."""
    settings = house.settings
    clients, officials = Clients(house.db), Officials(house.db)
    tokens = Tokens(
        house.keys,
        clients,
        house.clock,
        house.random,
        issuer=settings.issuer_url,
        audience=settings.audience,
        seconds=settings.token_seconds,
    )
    return Access(
        clients=clients,
        officials=officials,
        tokens=tokens,
        endpoint=TokenEndpoint(house.db, clients, tokens, settings.issuer_url),
        sessions=Sessions(
            house.db,
            officials,
            house.clock,
            house.random,
            settings,
            functools.partial(shown_card.lost_since, house),
        ),
        bindings=Bindings(
            Proofs(house.db, functools.partial(house.keys.hmac, "login")),
            urlsplit(settings.public_url).scheme or "http",
        ),
        limits=Limits(house.db, clients, house.random),
        provider=open_provider(settings, house.clock, house.random, tokens.sign),
    )


def access() -> Access:
    """The services of the application that answers."""
    found: Access = flask.current_app.extensions["access"]
    return found


def house() -> "House":
    """The house of the application that answers."""
    found: House = flask.current_app.extensions["house"]
    return found


def once(act: Callable[[Turn], str]) -> str:
    """Run an act that returns a reference; under an `Idempotency-Key` a repetition returns the same one."""
    keys: Idempotency = flask.current_app.extensions["idempotency"]
    named = ticket(keys)
    if named is None:
        return str(house().db.write(act))
    return keys.once(named, act, str)


def reference(who: Actor | None = None) -> str:
    """How an act names its author for good (`grants.author`)."""
    return author(who or actor())
