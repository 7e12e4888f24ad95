"""A demo region of one worker with a full career, and a browser without a screen; SQLite is enough here.

House, desk and institutions are made once in each process and copied for each test: making them takes longer
than most pages do.
"""

import dataclasses
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from recordsvc import create_app, genesis
from recordsvc.access import demo
from recordsvc.access.entrance import csrf_token
from recordsvc.access.grants import Actor, Kind, Position
from recordsvc.ground.http import FORM
from recordsvc.ground.ports import FixedClock, SeededRandom
from recordsvc.house import House, open_house
from recordsvc.settings import Settings
from recordsvc.submit.sign import SigningKey
from recordsvc.vault.keyfolder import create_keys
from recordsvc.web.centre_routes import POSITIONS
from tests.conftest import Addresses, settings_of
from tests.web.region import SCHOOL, Region, at, career, person

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
FIRST_DAY = at("2022-01-05")
SETTINGS = {"environment": "demo", "public_url": "http://localhost"}


@pytest.fixture
def dialect() -> str:
    """Pages know no SQL."""
    return "sqlite"


@pytest.fixture
def clock() -> FixedClock:
    """The day before the first course."""
    return FixedClock(FIRST_DAY)


@pytest.fixture
def settings(addresses: Addresses, settings: Settings) -> Settings:
    """The demo on loopback: its logins are the way in."""
    return dataclasses.replace(settings, **SETTINGS)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A data folder with a house, a desk and institutions; their keys, and how far chance was drawn on."""

    folder: Path
    keys: Mapping[str, SigningKey]
    drawn: object


@pytest.fixture(scope="session")
def prepared(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """What each test on SQLite begins with a copy of."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    folder.mkdir(mode=0o700)
    shutil.copy(sqlite_template, folder / "recordsvc.db")
    clock, randomness = FixedClock(FIRST_DAY), SeededRandom(1)
    settings = dataclasses.replace(settings_of(folder, f"sqlite:///{folder / 'recordsvc.db'}"), **SETTINGS)
    create_keys(settings.keys_dir, randomness.bytes)
    opened = open_house(settings, clock, randomness)
    genesis.begin(opened)
    keys = _populate(opened, clock).keys
    opened.close()
    return Prepared(folder, keys, randomness._random.getstate())


def is_prepared(dialect: str, settings: Settings) -> bool:
    """Whether the test begins with the copy: what is fixed at a first run is fixed in it for the demo."""
    return dialect == "sqlite" and settings.environment == SETTINGS["environment"]


@pytest.fixture
def house(
    dialect: str,
    settings: Settings,
    clock: FixedClock,
    randomness: SeededRandom,
    request: pytest.FixtureRequest,
) -> Iterator[House]:
    """A service after its first run."""
    if is_prepared(dialect, settings):
        made: Prepared = request.getfixturevalue("prepared")
        shutil.copytree(made.folder, settings.data_dir, dirs_exist_ok=True)
        randomness._random.setstate(made.drawn)
        opened = open_house(settings, clock, randomness)
    else:
        create_keys(settings.keys_dir, randomness.bytes)
        opened = open_house(settings, clock, randomness)
        genesis.begin(opened)
    yield opened
    opened.close()


@pytest.fixture
def region(dialect: str, house: House, clock: FixedClock, request: pytest.FixtureRequest) -> Region:
    """Institutions with keys."""
    if is_prepared(dialect, house.settings):
        return Region(house, clock, request.getfixturevalue("prepared").keys)
    return _populate(house, clock)


def _populate(house: House, clock: FixedClock) -> Region:
    house.db.write(lambda turn: demo.create_desk(turn, "640000"))
    return Region(house, clock)


@pytest.fixture
def worker() -> dict[str, Any]:
    """A name with middle dots and a rare character."""
    return person("买买提·阿不都热依木·𬭎鑫", 3)


@pytest.fixture
def ids(region: Region, worker: dict[str, Any]) -> dict[str, str]:
    """The worker's career, and a demo login for it."""
    made = career(region, worker)
    region.persona(worker)
    return made


class Visitor:
    """Somebody with a browser: keeps cookies, says what browsers say, sends the CSRF field of the session."""

    def __init__(self, app: flask.Flask) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.actor: Actor | None = None

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.client.get(path, headers=BROWSER, **kwargs)

    def post(self, path: str, *, csrf: bool = True, **fields: Any) -> TestResponse:
        if csrf and self.actor is not None:
            fields["csrf_token"] = self.csrf
        return self.client.post(path, data=fields, headers=BROWSER, content_type=FORM)

    def say(self, path: str, **fields: Any) -> TestResponse:
        """Open the page that holds the form of a confirmation or objection, and send it."""
        page = self.get(path if path.endswith("/contest") else path.rsplit("/", 1)[0])
        seen = re.search(r'name="seen" value="(\d+)"', page.text)
        return self.post(path, seen=seen[1] if seen else "0", **fields)

    @property
    def csrf(self) -> str:
        assert self.actor is not None
        with self.app.app_context():
            return csrf_token(self.actor)

    def login(self, kind: str = "worker") -> "Visitor":
        answer = self.post("/login/demo", csrf=False, kind=kind)
        assert answer.status_code == 303, answer.text
        cookie = self.client.get_cookie("recordsvc-demo")
        assert cookie is not None
        self.actor = self.app.extensions["access"].sessions.find(cookie.value)
        assert self.actor is not None
        assert answer.location == ("/me" if self.actor.kind is Kind.WORKER else "/desk")
        return self


@pytest.fixture
def app(house: House, region: Region) -> flask.Flask:
    """The application, after the desk was made."""
    return create_app(house.settings, house)


@pytest.fixture
def visitor(app: flask.Flask) -> Visitor:
    """Nobody in particular."""
    return Visitor(app)


@pytest.fixture
def me(visitor: Visitor, ids: dict[str, str]) -> Visitor:
    """The worker, signed in."""
    return visitor.login()


@pytest.fixture
def centre(app: Any, house: House, region: Region) -> Any:
    """Sign in as a person of the school."""

    def sign_in(position: Position, institution: str = SCHOOL, more: str = "") -> Visitor:
        kind = f"staff-{position}-{institution[-3:].lower()}{more}"
        house.db.write(
            lambda turn: demo.create_staff(
                turn, institution, kind, position, (f"演示{POSITIONS[position]}", kind)
            )
        )
        visitor = Visitor(app)
        assert visitor.post("/login/demo", csrf=False, kind=kind).location == "/centre"
        cookie = visitor.client.get_cookie("recordsvc-demo")
        visitor.actor = app.extensions["access"].sessions.find(cookie.value)
        return visitor

    return sign_in
