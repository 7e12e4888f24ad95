"""Sign-in through a provider of another hand: npm oidc-provider, a process of its own (server.mjs)."""

import json
import re
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import flask
import httpx
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from recordsvc.access.tokens import KEY
from recordsvc.ground.ports import SeededRandom, SystemClock
from recordsvc.house import House
from recordsvc.settings import Settings
from recordsvc.submit.keys import new_private_jwk
from recordsvc.vault.jwk import public_to_jwk, thumbprint
from recordsvc.vault.keyfolder import create_keys, open_keys
from tests.oidc.conftest import number, trusting
from tests.oidc.rogue import CLAIM, CLIENT

HERE = Path(__file__).parent
PUBLIC = "http://localhost"
CALLBACK = f"{PUBLIC}/login/oidc/callback"
OLDEST_NODE = 20

pytestmark = [pytest.mark.long, pytest.mark.beside, pytest.mark.interop]


@pytest.fixture
def clock() -> SystemClock:
    """The provider goes by the machine's clock, so this house must, too."""
    return SystemClock()


@pytest.fixture(params=[True, False], ids=["pushed", "plain"])
def pushes(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@dataclass
class Provider:
    """The process, and where it listens."""

    process: subprocess.Popen[str]
    issuer: str


@pytest.fixture
def provider(settings: Settings, randomness: SeededRandom, *, pushes: bool) -> Iterator[Provider]:
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("no Node, or no oidc-provider: run `npm ci` in tests/oidc")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        pytest.skip(f"oidc-provider needs Node {OLDEST_NODE}, this is {version.strip()}")
    create_keys(settings.keys_dir, randomness.bytes)
    ring = open_keys(settings.keys_dir)
    public = ring.public(ring.versions(KEY)[-1])
    given = {
        "clientId": CLIENT,
        "redirectUri": CALLBACK,
        "leftUri": f"{PUBLIC}/",
        "jwks": {"keys": [public_to_jwk(public, thumbprint(public_to_jwk(public, "")))]},
        "key": new_private_jwk("ES256", "op-1", randomness),
        "claim": CLAIM,
        "numbers": {"wang": number(17), "li": number(18), "nobody": number(99)},
        "pushes": pushes,
    }
    command = [node, str(HERE / "server.mjs"), json.dumps(given)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield Provider(process, process.stdout.readline().strip())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def house(
    settings: Settings, provider: Provider, clock: SystemClock, randomness: SeededRandom
) -> Iterator[House]:
    from recordsvc import genesis
    from recordsvc.house import open_house

    trusted = trusting(settings, provider.issuer, oidc_scopes=("openid", "identity"))
    opened = open_house(trusted, clock, randomness)
    genesis.begin(opened)
    yield opened
    opened.close()


class Browser:
    """One browser at both places: the provider over HTTP, the service in this process."""

    def __init__(self, app: flask.Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.there = httpx.Client(follow_redirects=False, trust_env=False)
        self.forms: list[str] = []

    def through(self, account: str, start: str = "/login/oidc") -> str:
        """Go to the provider and fill in what it shows, until it sends the browser back; the address."""
        answer = self.client.get(start)
        assert answer.status_code == 303, answer.text
        return self.until_back(answer.location, account)

    def until_back(self, location: str, account: str) -> str:
        base = location
        for _ in range(20):
            location = httpx.URL(base).join(location)
            if str(location).startswith(CALLBACK):
                return str(location).removeprefix(PUBLIC)
            answer = self.there.get(location)
            base = str(location)
            if answer.status_code == 200:
                answer = self.fill_in(base, answer.text, account)
            assert answer.status_code in (302, 303), answer.text
            location = answer.headers["Location"]
        raise AssertionError("the provider does not send the browser back")

    def fill_in(self, base: str, page: str, account: str) -> httpx.Response:
        action = re.search(r'action="([^"]+)"', page)
        prompt = re.search(r'name="prompt" value="(\w+)"', page)
        assert action is not None, page
        assert prompt is not None, page
        self.forms.append(prompt[1])
        fields = {"prompt": prompt[1]} | ({"login": account, "password": "x"} if prompt[1] == "login" else {})
        return self.there.post(httpx.URL(base).join(action[1]), data=fields)

    def back(self, account: str, start: str = "/login/oidc") -> TestResponse:
        return self.client.get(self.through(account, start))

    def who(self) -> str | None:
        answer = self.client.get("/v1/session")
        return answer.json["id"] if answer.status_code == 200 else None


@pytest.fixture
def new_browser(app: flask.Flask) -> Iterator[Callable[[], Browser]]:
    made: list[Browser] = []

    def one() -> Browser:
        made.append(Browser(app))
        return made[-1]

    yield one
    for browser in made:
        browser.there.close()


@pytest.fixture
def browser(new_browser: Callable[[], Browser]) -> Browser:
    return new_browser()


def text(worker_id: bytes) -> str:
    return str(uuid.UUID(bytes=worker_id))


def test_a_worker_signs_in_once_by_number_and_then_by_the_account(
    browser: Browser, new_browser: Callable[[], Browser], wang: bytes, *, pushes: bool
) -> None:
    begun = browser.client.get("/login/oidc").location
    assert ("request_uri=" in begun) is pushes
    answer = browser.back("wang")
    assert (answer.status_code, answer.location) == (303, "/me")
    assert browser.forms == ["login", "consent"]
    assert browser.who() == text(wang)
    other = new_browser()
    assert other.back("wang").status_code == 303
    assert other.who() == text(wang)


def test_the_providers_own_session_brings_the_worker_back_without_a_form(
    browser: Browser, wang: bytes
) -> None:
    browser.back("wang")
    browser.forms.clear()
    browser.client.delete_cookie("recordsvc-demo")
    assert browser.back("wang").status_code == 303
    assert "login" not in browser.forms
    assert browser.who() == text(wang)


def test_a_fresh_proof_makes_the_provider_ask_anew(browser: Browser, wang: bytes) -> None:
    browser.back("wang")
    browser.forms.clear()
    answer = browser.back("wang", "/login/oidc/again")
    assert (answer.status_code, answer.location) == (303, "/me/sessions")
    assert browser.forms[0] == "login"


def test_somebody_whom_nobody_knows_gets_no_archive(browser: Browser, wang: bytes) -> None:
    answer = browser.back("nobody")
    assert (answer.status_code, answer.json["code"]) == (403, "identity-unknown")
    assert browser.who() is None


def test_a_code_is_good_once_and_only_with_its_own_verifier(
    browser: Browser, new_browser: Callable[[], Browser], wang: bytes, li: bytes
) -> None:
    mine, other = browser.through("wang"), new_browser()
    theirs = other.through("li")
    asked, taken = dict(parse_qsl(urlsplit(mine).query)), dict(parse_qsl(urlsplit(theirs).query))
    swapped = f"/login/oidc/callback?{urlencode(asked | {'code': taken['code']})}"
    assert browser.client.get(swapped).json["code"] == "identity-refused"
    assert browser.who() is None
    assert other.client.get(theirs).status_code == 303
    assert other.who() == text(li)
    # A code that was used is worth nothing in an answer to a sign-in of its own owner either.
    again = dict(parse_qsl(urlsplit(other.through("li")).query))
    used = f"/login/oidc/callback?{urlencode(again | {'code': taken['code']})}"
    assert other.client.get(used).json["code"] == "identity-refused"


def test_an_answer_of_the_provider_is_bound_to_the_browser_that_left(
    browser: Browser, new_browser: Callable[[], Browser], wang: bytes
) -> None:
    address, victim = browser.through("wang"), new_browser()
    assert victim.client.get(address).json["code"] == "identity-refused"
    assert victim.who() is None
    assert browser.client.get(address).status_code == 303
    assert browser.client.get(address).json["code"] == "identity-refused"


def test_the_provider_refuses_a_request_without_pkce_or_to_come_back_elsewhere(
    browser: Browser, provider: Provider, wang: bytes, *, pushes: bool
) -> None:
    if pushes:
        return
    location = browser.client.get("/login/oidc").location
    asked = dict(parse_qsl(urlsplit(location).query))
    bare = {name: value for name, value in asked.items() if not name.startswith("code_challenge")}
    answer = browser.there.get(f"{provider.issuer}/auth?{urlencode(bare)}")
    assert "error=invalid_request" in answer.headers["Location"]
    told = browser.client.get(answer.headers["Location"].removeprefix(PUBLIC))
    assert told.json["code"] == "identity-refused"
    elsewhere = asked | {"redirect_uri": "https://evil.example/"}
    assert browser.there.get(f"{provider.issuer}/auth?{urlencode(elsewhere)}").status_code == 400


def test_an_id_token_of_the_provider_opens_no_door(
    browser: Browser, app: flask.Flask, wang: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recordsvc.access.oidc import idtoken

    seen: list[str] = []
    read = idtoken.read
    monkeypatch.setattr(idtoken, "read", lambda token, *rest: seen.append(token) or read(token, *rest))
    browser.back("wang")
    answer = app.test_client().get("/v1/me/looked", headers={"Authorization": f"Bearer {seen[0]}"})
    assert (answer.status_code, answer.json["code"]) == (401, "token-refused")


def test_the_provider_knows_where_to_sign_out(browser: Browser, provider: Provider, wang: bytes) -> None:
    browser.back("wang")
    token = browser.client.get("/v1/session").json["csrf_token"]
    assert browser.client.post("/logout", data={"csrf_token": token}).location == "/login/left"
    page = browser.client.get("/login/left").text
    address = re.search(r'href="(http://127[^"]+)"', page)
    assert address is not None
    answer = browser.there.get(address[1].replace("&amp;", "&"))
    assert (answer.status_code, "form" in answer.text) == (200, True)


def test_who_is_signed_in_stays_so_when_the_provider_is_stopped(
    browser: Browser, new_browser: Callable[[], Browser], provider: Provider, wang: bytes
) -> None:
    browser.back("wang")
    waiting = new_browser()
    address = waiting.through("wang")
    provider.process.kill()
    provider.process.wait()
    assert browser.who() == text(wang)
    assert waiting.client.get(address).json["code"] == "provider-unavailable"
    assert waiting.client.get("/login").status_code == 200
