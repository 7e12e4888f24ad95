"""Two credit banks with feeds of their own, and the region's platform."""

from collections.abc import Callable

import flask
import pytest

from recordsvc import create_app
from recordsvc.access import policy
from recordsvc.access.clients import ClientKind
from recordsvc.access.grants import Actor, Kind
from recordsvc.house import House
from tests.archive.support import Centre
from tests.exports.copies import Copy, register

EXPORTS = frozenset({"exports"})


@pytest.fixture
def app(house: House) -> flask.Flask:
    """The service, with names of clients for tokens."""
    made = create_app(house.settings, house)
    for name in ("bank-1", "bank-2"):
        register(house, name)
    register(house, "region-1", ClientKind.PLATFORM, "feed:read")
    scopes = {"region-1": frozenset({"feed:read"})}
    who = {
        name: Actor(Kind.CLIENT, name, scopes=scopes.get(name, EXPORTS))
        for name in ("bank-1", "bank-2", "region-1")
    }
    policy.authenticate(made, bearer=lambda token, _scheme: who[token])
    made.extensions["entrance"].meter = None
    access = made.extensions["access"]
    access.clients.all()
    return made


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def copy_of(app: flask.Flask, house: House) -> Callable[[str], Copy]:
    """A receiver's copy, empty."""
    return lambda name: Copy(app, house, name)


@pytest.fixture
def bank(copy_of: Callable[[str], Copy]) -> Copy:
    return copy_of("bank-1")
