"""A real browser between the service over TLS and a second origin that attacks whoever is signed in.

The second origin is another site, a sibling below the same domain (the same site to SameSite), or another
port of the very host (where browsers send the cookie along, and let a page write one).
"""

import dataclasses
import html
import http.server
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from werkzeug.serving import make_server

from recordsvc import create_app
from recordsvc.access import activating, credentials
from recordsvc.access.tables import consent, session
from recordsvc.house import House
from recordsvc.settings import Settings
from tests.browser import Quiet
from tests.deploy.edge import make_certificates
from tests.oidc.conftest import make_worker

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.beside]

COOKIE = "__Host-recordsvc"
HOST = "records.localhost"
ORIGINS = {"another site": "127.0.0.1", "a sibling": f"evil.{HOST}", "another port": HOST}
SIGNED_IN = 'name="csrf_token"'
"""What every page of somebody who is signed in holds."""


class Served:
    """The service over TLS; remembers what reached it: method, path, whether a cookie came, status."""

    def __init__(self, folder: Path) -> None:
        self.app: flask.Flask | None = None
        tls = (str(folder / "records.crt"), str(folder / "records.pem"))
        self.server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=Quiet, ssl_context=tls)
        self.address = f"https://{HOST}:{self.server.server_port}"
        self.seen: list[tuple[str, str, bool, int]] = []

    def __call__(self, environ: Any, start: Any) -> Any:
        assert self.app is not None

        def started(status: str, *rest: Any) -> Any:
            cookie = f"{COOKIE}=" in environ.get("HTTP_COOKIE", "")
            self.seen.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], cookie, int(status[:3])))
            return start(status, *rest)

        return self.app(environ, started)


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """The attacker's page, the same at every path, with the headers it likes."""

    def do_GET(self) -> None:
        server: Any = self.server
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        for name, value in server.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(server.page.encode())

    def log_message(self, *_: object) -> None:
        pass


class Attacker(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    page = ""
    headers: tuple[tuple[str, str], ...] = ()

    def handle_error(self, *_: object) -> None:
        """A browser that leaves in the middle of a handshake is no fault."""


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    folder = tmp_path / "tls"
    folder.mkdir()
    make_certificates(folder)
    return folder


@pytest.fixture
def served(certificates: Path) -> Iterator[Served]:
    made = Served(certificates)
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def attacker(certificates: Path) -> Iterator[Attacker]:
    made = Attacker(("127.0.0.1", 0), Elsewhere)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "records.pem")
    made.socket = context.wrap_socket(made.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def origin(attacker: Attacker, kind: str) -> str:
    return f"https://{ORIGINS[kind]}:{attacker.server_address[1]}"


@pytest.fixture
def settings(settings: Settings, served: Served) -> Settings:
    """Not the demo: cookies as in production."""
    return dataclasses.replace(settings, environment="test", public_url=served.address)


@pytest.fixture
def app(house: House, served: Served) -> flask.Flask:
    served.app = create_app(house.settings, house)
    return served.app


def code_for(house: House, worker_id: bytes) -> str:
    own = credentials.worker(worker_id)
    return house.db.write(lambda turn: activating.make(turn, house, own, "official:test"))


@pytest.fixture
def victim(house: House) -> bytes:
    return make_worker(house, 17)


@pytest.fixture
def context(chromium: Any) -> Iterator[Any]:
    made = chromium.new_context(locale="zh-CN", ignore_https_errors=True)
    yield made
    made.close()


@pytest.fixture
def page(context: Any, app: flask.Flask, served: Served, house: House, victim: bytes) -> Any:
    """The victim, signed in."""
    made = context.new_page()
    sign_in(made, served, house, victim)
    return made


def sign_in(page: Any, served: Served, house: House, worker_id: bytes) -> None:
    page.goto(f"{served.address}/activate#{code_for(house, worker_id)}")
    page.get_by_role("button", name="继续").click()
    expect(page).to_have_url(f"{served.address}/me/sessions")
    # As if they had proved it with a way of their own: nothing but the origin stands against a grave act.
    proven = session.update().values(authenticated_ms=session.c.begun_ms + 1)
    house.db.write(lambda turn: turn.conn.execute(proven))


def cookie_of(context: Any) -> Any:
    (found,) = [one for one in context.cookies() if one["name"] == COOKIE]
    return found


def form(address: str, fields: dict[str, str]) -> str:
    inputs = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in fields.items()
    )
    return f'<form method="post" action="{address}">{inputs}<button>go</button></form>'


def count(house: House, table: sa.Table) -> int:
    with house.db.read() as conn:
        return int(conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def token_of(page: Any, served: Served) -> str:
    page.goto(f"{served.address}/me/sessions")
    return str(page.locator('input[name="csrf_token"]').first.get_attribute("value"))


# -- forms and scripts of another origin

ACTS = {
    "/me/share": {"to": "link", "which": "all", "purpose": "job-application", "days": "7"},
    "/account/pin": {"pin": "830172"},
    "/account/sessions/end-others": {},
    "/logout": {},
}


@pytest.mark.parametrize("kind", ORIGINS)
@pytest.mark.parametrize("path", ACTS)
def test_a_form_of_another_origin_changes_nothing_even_with_the_sessions_own_token(
    page: Any, context: Any, served: Served, house: House, attacker: Attacker, kind: str, path: str
) -> None:
    fields = ACTS[path] | {"csrf_token": token_of(page, served)}
    before, sessions = cookie_of(context)["value"], count(house, session)
    attacker.page = form(served.address + path, fields)
    page.goto(origin(attacker, kind))
    served.seen.clear()
    with page.expect_navigation() as gone:
        page.get_by_role("button", name="go").click()

    # To another site the cookie does not travel at all; to its own site it does, and the origin is refused.
    came = kind != "another site"
    assert ("POST", path, came) in [one[:3] for one in served.seen]
    assert gone.value.status == (403 if came else 401)
    assert (cookie_of(context)["value"], count(house, session)) == (before, sessions)
    assert count(house, consent) == 0
    page.goto(f"{served.address}/me/sessions")
    expect(page.get_by_text("本次登录")).to_be_visible()


@pytest.mark.parametrize("kind", ORIGINS)
def test_a_script_of_another_origin_neither_writes_nor_reads(
    page: Any, context: Any, served: Served, house: House, attacker: Attacker, kind: str
) -> None:
    """A request without preflight reaches the service and is refused; no answer is shown to the script."""
    token = token_of(page, served)
    before = cookie_of(context)["value"]
    page.goto(origin(attacker, kind))
    for path in ("/v1/session/end-others", "/v1/me/consents/end", "/logout"):
        served.seen.clear()
        sent = {"mode": "no-cors", "credentials": "include", "method": "POST", "body": f"csrf_token={token}"}
        sent["headers"] = {"Content-Type": "application/x-www-form-urlencoded"}
        send = "([url, sent]) => fetch(url, sent).then(a => a.type, () => 'kept')"
        assert page.evaluate(send, [served.address + path, sent]) == "kept"
        assert ("POST", path) in [one[:2] for one in served.seen]
        assert [status for *_, status in served.seen if status < 400] == [], path
    for path in ("/v1/session", "/me", "/v1/me/records"):
        read = "url => fetch(url, {credentials: 'include'}).then(a => a.text(), () => 'kept')"
        assert page.evaluate(read, served.address + path) == "kept"
    # A header of one's own asks first, and is told nothing that would let it go on.
    served.seen.clear()
    asked = "([url, token]) => fetch(url, {method: 'POST', credentials: 'include', "
    asked += "headers: {'X-CSRF-Token': token}}).then(() => 'sent', () => 'kept')"
    assert page.evaluate(asked, [f"{served.address}/logout", token]) == "kept"
    assert [method for method, *_ in served.seen] in ([], ["OPTIONS"])
    assert cookie_of(context)["value"] == before


@pytest.mark.parametrize("kind", ORIGINS)
def test_another_origin_signs_nobody_in_as_the_attacker(
    page: Any, context: Any, served: Served, house: House, attacker: Attacker, kind: str
) -> None:
    """Login CSRF: the attacker's own good code, typed by the victim's browser."""
    before = cookie_of(context)["value"]
    theirs = code_for(house, make_worker(house, 18, "李某"))
    attacker.page = form(f"{served.address}/activate", {"code": theirs})
    page.goto(origin(attacker, kind))
    with page.expect_navigation() as gone:
        page.get_by_role("button", name="go").click()

    assert gone.value.status == 403
    assert cookie_of(context)["value"] == before
    assert count(house, session) == 1


# -- the cookie


def test_the_cookie_belongs_to_the_host_over_tls_and_to_no_script(
    page: Any, context: Any, served: Served
) -> None:
    found = cookie_of(context)

    assert (found["secure"], found["httpOnly"], found["sameSite"]) == (True, True, "Lax")
    assert (found["domain"], found["path"]) == (HOST, "/"), "no leading dot: this host alone"
    assert page.evaluate("document.cookie") == ""


def test_a_sibling_cannot_plant_a_cookie(
    context: Any, app: flask.Flask, served: Served, attacker: Attacker
) -> None:
    """By header and by script, for the common domain: the name's prefix has the browser refuse it."""
    planted = "A" * 43
    loose = f"{COOKIE}={planted}; Domain={HOST}; Path=/; Secure"
    attacker.headers = (("Set-Cookie", loose), ("Set-Cookie", f"plain=1; Domain={HOST}; Path=/; Secure"))
    attacker.page = f"<script>document.cookie = {loose!r}</script>"
    page = context.new_page()
    page.goto(origin(attacker, "a sibling"))

    # The browser does take a cookie for the common domain, only not one of this name.
    assert {one["name"] for one in context.cookies(served.address)} == {"plain"}


def test_a_planted_cookie_is_never_the_session(
    context: Any, app: flask.Flask, served: Served, house: House, victim: bytes, attacker: Attacker
) -> None:
    """Fixation: another port of the host may write a cookie of this name; signing in takes another one."""
    planted = "A" * 43
    attacker.headers = (("Set-Cookie", f"{COOKIE}={planted}; Path=/; Secure"),)
    page = context.new_page()
    page.goto(origin(attacker, "another port"))
    assert cookie_of(context)["value"] == planted
    page.goto(f"{served.address}/me")
    assert page.url.startswith(f"{served.address}/login")

    sign_in(page, served, house, victim)
    assert cookie_of(context)["value"] != planted
    page.get_by_role("button", name="退出").click()
    expect(page).to_have_url(f"{served.address}/")
    context.add_cookies([{"name": COOKIE, "value": planted, "url": served.address, "secure": True}])
    page.goto(f"{served.address}/me")
    assert page.url.startswith(f"{served.address}/login")


def test_a_link_from_another_site_opens_the_page_and_writes_nothing(
    page: Any, served: Served, attacker: Attacker
) -> None:
    """What Lax lets through: people may follow a link into their archive."""
    attacker.page = f'<a href="{served.address}/me">go</a>'
    page.goto(origin(attacker, "another site"))
    page.get_by_role("link", name="go").click()
    expect(page).to_have_url(f"{served.address}/me")


# -- frames


@pytest.mark.parametrize("kind", ORIGINS)
@pytest.mark.parametrize("path", ["/me/share", "/me/sessions", "/login"])
def test_another_origin_shows_no_page_in_its_own(
    page: Any, context: Any, served: Served, attacker: Attacker, kind: str, path: str
) -> None:
    """Clickjacking: as a frame, an object, an embedded document."""
    target = served.address + path
    attacker.page = f'<iframe src="{target}"></iframe><object data="{target}"></object><embed src="{target}">'
    page.goto(origin(attacker, kind), wait_until="load")
    for _ in range(3):
        page.wait_for_timeout(50)
        inside = [frame for frame in page.frames if frame is not page.main_frame]
        assert all(not frame.url.startswith(served.address) for frame in inside)
        assert all("/static/" not in frame.content() for frame in inside if not frame.is_detached())
    assert any(seen[1] == path for seen in served.seen), "the browser asked, and did not show"


def test_a_window_that_another_origin_opened_is_out_of_its_reach(
    page: Any, context: Any, served: Served, attacker: Attacker
) -> None:
    page.goto(origin(attacker, "a sibling"))
    with context.expect_page() as opened:
        page.evaluate("url => { window.theirs = window.open(url) }", f"{served.address}/me")
    expect(opened.value).to_have_url(f"{served.address}/me")
    assert opened.value.evaluate("window.opener") is None


# -- after signing out


def test_after_signing_out_the_back_button_shows_nothing(page: Any, context: Any, served: Served) -> None:
    for path in ("/me", "/me/share", "/me/sessions"):
        answer = page.goto(served.address + path)
        assert answer.headers["cache-control"] == "no-store"
    assert SIGNED_IN in page.content()
    page.get_by_role("button", name="退出").click()
    expect(page).to_have_url(f"{served.address}/")
    assert [one for one in context.cookies() if one["name"] == COOKIE] == []

    for _ in range(3):
        page.go_back()
        assert SIGNED_IN not in page.content()
        assert not page.url.startswith(f"{served.address}/me"), page.url


def test_a_session_that_was_ended_elsewhere_is_gone_at_the_next_click(
    page: Any, chromium: Any, served: Served, house: House, victim: bytes
) -> None:
    with page.context.browser.new_context(ignore_https_errors=True) as other:
        there = other.new_page()
        sign_in(there, served, house, victim)
        there.get_by_role("button", name="结束其他所有登录").click()
        expect(there.get_by_text("没有在其他地方登录")).to_be_visible()
    page.go_back()
    page.goto(f"{served.address}/me")
    assert page.url.startswith(f"{served.address}/login")
