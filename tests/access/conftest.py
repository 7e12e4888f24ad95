"""A house with access open, an application on it, and people and machines who ask."""

import dataclasses
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import flask
import jwt
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from recordsvc import service
from recordsvc.access import demo, officials, registering
from recordsvc.access.assertions import ASSERTION_TYPE
from recordsvc.access.registering import NewClient, NewKey
from recordsvc.access.services import Access
from recordsvc.archive import notices
from recordsvc.ground import two_person
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, SeededRandom
from recordsvc.house import House
from recordsvc.settings import Settings
from recordsvc.submit.keys import SigningKey, key_from_secret
from recordsvc.vault.keyfolder import create_keys
from recordsvc.vault.livekeys import LiveKeys

ROOMS = ("recordsvc.access.routes", "recordsvc.bodies.routes")
CENTRE_USCC = "91640100MATE5T0173"
ISSUER = "https://records.example.org"


Told = list[tuple[str, str, Mapping[str, Any]]]


@pytest.fixture
def told(house: House, monkeypatch: pytest.MonkeyPatch) -> Told:
    """What the institution was told: institution, kind, particulars."""
    found: Told = []
    monkeypatch.setattr(
        notices,
        "tell_institution",
        lambda _turn, uscc, kind, params, _key: found.append((uscc, kind, params)),
    )
    return found


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vault") / "keys"
    create_keys(folder)
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        environment="demo",
        data_dir=tmp_path,
        log_origin="records.example.org/log",
        audience="records.example.org",
        region=CENTRE_USCC,
        issuer_url=ISSUER,
        public_url="http://localhost:8930",
    )


@pytest.fixture
def house(settings: Settings, database: Database, clock: FixedClock, key_folder: Path) -> House:
    return House(settings, database, clock, SeededRandom(7), LiveKeys(key_folder))


@pytest.fixture
def app(house: House) -> flask.Flask:
    made = service.build(house.settings, house, ROOMS)
    made.testing = False
    return made


@pytest.fixture
def access(app: flask.Flask) -> Access:
    return app.extensions["access"]


@pytest.fixture
def browser(app: flask.Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def ed_key() -> SigningKey:
    return key_from_secret("EdDSA", b"\x07" * 32, "centre-1")


@pytest.fixture
def es_key() -> SigningKey:
    return key_from_secret("ES256", b"\x08" * 32, "centre-2")


@pytest.fixture
def register(house: House) -> Callable[..., str]:
    """Register a client by two people; returns its id."""

    def make(
        *keys: SigningKey, kind: str = "centre", scopes: tuple[str, ...] = ("records:read", "records:write")
    ):
        institution = CENTRE_USCC if kind == "centre" else None
        new = NewClient(kind, "某培训中心", institution, scopes, [NewKey(key.public_jwk()) for key in keys])
        proposal, client_id = house.db.write(
            lambda turn: registering.propose_client(turn, new, by="official:ann", random=house.random)
        )
        house.db.write(lambda turn: two_person.decide(turn, proposal, "official:bob", True, "checked"))
        return client_id

    return make


@dataclasses.dataclass
class Machine:
    """A client's program: makes assertions, asks for tokens."""

    app: flask.Flask
    client_id: str
    key: SigningKey
    clock: FixedClock
    serial: int = 0

    def claims(self, **changes: Any) -> dict[str, Any]:
        self.serial += 1
        now = self.clock.now_ms() // 1000
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": ISSUER,
            "iat": now,
            "exp": now + 60,
            "jti": f"{self.key.kid}/{self.serial}",
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        return compact(self.key, {"alg": self.key.alg, "kid": self.key.kid} | header, claims)

    def post(self, assertion: str, **form: str) -> TestResponse:
        fields = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        return self.app.test_client().post("/oauth/token", data=fields | form)

    def ask(self, **form: str) -> TestResponse:
        return self.post(self.sign(self.claims()), **form)

    def token(self) -> str:
        answer = self.ask()
        assert answer.status_code == 200, answer.text
        return answer.json["access_token"]


def compact(key: SigningKey, header: dict[str, Any], claims: dict[str, Any] | bytes) -> str:
    """A compact JWT, whatever stands in it."""
    segments = [_segment(header), _segment(claims)]
    signature = key.sign(".".join(segments).encode())
    return ".".join([*segments, jwt.utils.base64url_encode(signature).decode()])


def _segment(part: dict[str, Any] | bytes) -> str:
    data = part if isinstance(part, bytes) else flask.json.provider.json.dumps(part).encode()
    return jwt.utils.base64url_encode(data).decode()


@pytest.fixture
def machine(app: flask.Flask, register: Callable[..., str], ed_key: SigningKey, clock: FixedClock) -> Machine:
    return Machine(app, register(ed_key), ed_key, clock)


@dataclasses.dataclass
class Person:
    """Somebody signed in with a browser."""

    browser: FlaskClient
    csrf: str

    def get(self, path: str) -> TestResponse:
        return self.browser.get(path)

    def post(self, path: str, body: dict[str, Any], **headers: str) -> TestResponse:
        return self.browser.post(path, json=body, headers={"X-CSRF-Token": self.csrf, **headers})


@pytest.fixture
def worker_id() -> bytes:
    return uuid.UUID("01890000-0000-7000-8000-000000000001").bytes


@pytest.fixture
def enter(app: flask.Flask, house: House, worker_id: bytes) -> Iterator[Callable[[str], Person]]:
    """Sign in as a persona of the demo."""
    house.db.write(lambda turn: demo.create_desk(turn, "64"))
    house.db.write(lambda turn: demo.create_worker(turn, worker_id, "劳动者", "Worker"))

    def sign_in(kind: str) -> Person:
        browser = app.test_client()
        answer = browser.post("/login/demo", json={"kind": kind})
        assert answer.status_code == 200, answer.text
        return Person(browser, answer.json["csrf_token"])

    return sign_in


@pytest.fixture
def handler(house: House) -> str:
    """An official with one role."""

    def act(turn) -> None:
        officials.add(turn, "ann", "安某")
        officials.grant(turn, "ann", "handler", "6401", by="command:test")

    house.db.write(act)
    return "ann"
