"""A service that trusts a provider, the provider, and workers whose numbers it may know."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from recordsvc import create_app
from recordsvc.access import demo
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.people.reading import read_person
from recordsvc.settings import Settings
from tests.oidc.rogue import CLAIM, CLIENT, Account, Rogue, Told, serving

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


def number(seed: int) -> str:
    return synthetic.resident_id("640104", dt.date(1990, 5, 6), "m", seed)


def make_worker(house: House, seed: int, name: str = "王某") -> bytes:
    """A worker with a resident's number."""
    document = {"document": "resident-id", "number": number(seed), "name": name}
    person, _ = read_person(document, house.clock.now_ms())
    with house.db.read_raw() as cursor:
        made = house.people.resolve(cursor, [person], "test")[0]
    house.db.write(lambda turn: house.db.bulk_all(turn.conn, house.people.rows([made.rows])))
    return made.worker_id


def trusting(settings: Settings, issuer: str, **changes: Any) -> Settings:
    """The same settings, with a provider."""
    values = {
        "environment": "demo",
        "oidc_issuer": issuer,
        "oidc_client_id": CLIENT,
        "oidc_claim": CLAIM,
    }
    return dataclasses.replace(settings, **(values | changes))


@pytest.fixture
def rogue(clock: FixedClock) -> Iterator[Rogue]:
    made = Rogue(clock)
    with serving(made.respond) as address:
        made.issuer = address
        yield made


@pytest.fixture
def listener() -> Iterator[tuple[str, list[Told]]]:
    """Somebody whom the service has no business to ask; their address, and what they saw."""
    rogue = Rogue(FixedClock())
    with serving(rogue.respond) as address:
        yield address, rogue.asked


@pytest.fixture
def settings(settings: Settings, rogue: Rogue) -> Settings:
    return trusting(settings, rogue.issuer)


@pytest.fixture
def wang(house: House) -> bytes:
    return make_worker(house, 17)


@pytest.fixture
def li(house: House) -> bytes:
    return make_worker(house, 18, "李某")


@pytest.fixture
def app(house: House) -> flask.Flask:
    house.db.write(lambda turn: demo.create_desk(turn, "64"))
    return create_app(house.settings, house)


class Browser:
    """One browser that goes to the provider and comes back."""

    def __init__(self, app: flask.Flask, rogue: Rogue) -> None:
        self.client: FlaskClient = app.test_client()
        self.rogue = rogue

    def leave(self, path: str = "/login/oidc") -> str:
        """Go there; the address."""
        answer = self.client.get(path)
        assert answer.status_code == 303, answer.text
        assert answer.location.startswith(f"{self.rogue.issuer}/auth?")
        return str(answer.location)

    def back(self, account: Account, location: str = "", **changes: str | None) -> TestResponse:
        """Come back with an answer about this account."""
        return self.client.get(self.rogue.answer(location or self.leave(), account, **changes))

    def who(self) -> str | None:
        answer = self.client.get("/v1/session")
        return answer.json["id"] if answer.status_code == 200 else None

    @property
    def cookie(self) -> str:
        found = self.client.get_cookie("recordsvc-demo")
        return "" if found is None else found.value


@pytest.fixture
def browser(app: flask.Flask, rogue: Rogue) -> Browser:
    return Browser(app, rogue)


@pytest.fixture
def another(app: flask.Flask, rogue: Rogue) -> Callable[[], Browser]:
    return lambda: Browser(app, rogue)
