"""Signing in with a real browser: passkeys on a virtual authenticator, foreign pages, frames, no script."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from recordsvc.access import activating, credentials, demo
from recordsvc.access.credential_tables import worker_credential
from recordsvc.access.tables import session
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from tests.journeys.browser.test_worker import DESKTOP, PHONE, Screen

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.beside]

COOKIE = "recordsvc-demo"


@pytest.fixture
def context(chromium: Any) -> Iterator[Any]:
    made = chromium.new_context(viewport=PHONE, locale="zh-CN")
    yield made
    made.close()


def authenticator(page: Any) -> Any:
    """A device in the browser that checks its owner; returns the session that commands it, and its id."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return cdp, made["authenticatorId"]


def code_for(house: House) -> str:
    with house.db.read() as conn:
        persona = next(one for one in demo.personas(conn) if one.actor_kind == "worker")
    own = credentials.Holder(persona.actor_kind, persona.actor_id)
    own = credentials.worker(own.worker_id)
    return house.db.write(lambda turn: activating.make(turn, house, own, "official:test"))


def cookie_of(context: Any) -> str:
    return next((one["value"] for one in context.cookies() if one["name"] == COOKIE), "")


def activated(page: Any, address: str, house: House) -> None:
    """Come in as somebody who scanned the slip: the code stands behind the #."""
    code = code_for(house)
    page.goto(f"{address}/activate#{code}")
    expect(page.get_by_label("激活码")).to_have_value(code)
    assert "#" not in page.url
    page.get_by_role("button", name="继续").click()
    expect(page).to_have_url(f"{address}/me/sessions")


def with_passkey(page: Any, address: str, house: House) -> Any:
    cdp = authenticator(page)
    activated(page, address, house)
    page.get_by_role("link", name="设置通行密钥").click()
    page.get_by_role("button", name="在这台设备上设置").click()
    expect(page).to_have_url(f"{address}/me/sessions")
    expect(page.get_by_text("再加一个通行密钥")).to_be_visible()
    return cdp


def test_a_passkey_from_slip_to_sign_in_and_step_up(
    context: Any, address: str, house: House, clock: FixedClock
) -> None:
    screen = Screen(context.new_page())
    page = screen.page
    with_passkey(page, address, house)
    page.get_by_role("button", name="退出").click()
    expect(page).to_have_url(f"{address}/")
    assert cookie_of(context) == ""

    page.goto(f"{address}/login")
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(page).to_have_url(f"{address}/me")

    clock.advance(house.settings.step_up_minutes * 60_000)
    page.goto(f"{address}/account/pin")
    expect(page).to_have_url(f"{address}/login/again?to=ways")
    page.get_by_role("button", name="用通行密钥验证").click()
    expect(page).to_have_url(f"{address}/me/sessions")
    page.goto(f"{address}/account/pin")
    expect(page.get_by_role("heading", level=1)).to_have_text("设置 PIN 和验证码")
    assert screen.complaints == []


def test_a_key_whose_counter_was_passed_by_its_copy_is_refused(
    context: Any, address: str, house: House
) -> None:
    page = context.new_page()
    with_passkey(page, address, house)
    page.get_by_role("button", name="退出").click()
    # What the service saw last is ahead of this device: the copy was used in between.
    ahead = worker_credential.update().values(counter=1_000)
    assert house.db.write(lambda turn: turn.conn.execute(ahead).rowcount) == 1

    page.goto(f"{address}/login")
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("登录未成功")
    assert cookie_of(context) == ""


def test_a_device_that_does_not_know_its_owner_sets_nothing_up(
    context: Any, address: str, house: House
) -> None:
    page = context.new_page()
    cdp, device = authenticator(page)
    activated(page, address, house)
    cdp.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.get_by_role("link", name="设置通行密钥").click()
    page.get_by_role("button", name="在这台设备上设置").click()
    expect(page.get_by_role("status")).to_contain_text("没有完成")
    with house.db.read() as conn:
        assert conn.execute(worker_credential.select()).all() == []


def test_a_cookie_from_before_is_not_the_one_after(context: Any, address: str, house: House) -> None:
    planted = "A" * 43
    context.add_cookies([{"name": COOKIE, "value": planted, "url": address}])
    page = context.new_page()
    activated(page, address, house)
    first = cookie_of(context)
    page.goto(f"{address}/login")
    page.get_by_role("button", name="劳动者：").click()
    expect(page).to_have_url(f"{address}/me")
    assert len({planted, first, cookie_of(context)}) == 3
    with house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(session)) == 1


@contextlib.contextmanager
def foreign(html: str) -> Iterator[str]:
    """Another site, on another port and under another name."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        # The cookie stays at home (SameSite), so nobody asks there; the open doors see whose page it was.
        ("/account/sessions/end-others", 401),
        ("/logout", 401),
        ("/login/demo", 403),
        ("/activate", 403),
    ],
)
def test_a_form_on_another_site_does_nothing(
    context: Any, address: str, house: House, path: str, status: int
) -> None:
    page = context.new_page()
    activated(page, address, house)
    before = cookie_of(context)
    fields = '<input name="kind" value="worker">' if path == "/login/demo" else ""
    html = f'<form method="post" action="{address}{path}">{fields}<button>go</button></form>'
    with foreign(html) as elsewhere:
        page.goto(elsewhere)
        with page.expect_navigation() as gone:
            page.get_by_role("button", name="go").click()
    assert gone.value.status == status
    assert cookie_of(context) == before
    page.goto(f"{address}/me/sessions")
    expect(page.get_by_text("本次登录")).to_be_visible()


@pytest.mark.parametrize("path", ["/login", "/activate", "/me/sessions"])
def test_another_site_cannot_frame_a_page(context: Any, address: str, house: House, path: str) -> None:
    page = context.new_page()
    activated(page, address, house)
    answer = page.goto(f"{address}{path}")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    with foreign(f'<iframe src="{address}{path}"></iframe>') as elsewhere:
        page.goto(elsewhere)
        page.wait_for_load_state("load")
        assert all(not frame.url.startswith(address) for frame in page.frames)


def test_pages_without_a_passkey_have_no_script(context: Any, address: str, house: House) -> None:
    page = context.new_page()
    activated(page, address, house)
    for path, scripted in [
        ("/login", True),
        ("/activate", True),
        ("/account/passkey", True),
        ("/account/pin", False),
        ("/account/password", False),
        ("/me/sessions", False),
        ("/me", False),
    ]:
        answer = page.goto(f"{address}{path}")
        allowed = "script-src 'self'" in answer.headers["content-security-policy"]
        assert (path, allowed, page.locator("script").count() > 0) == (path, scripted, scripted)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_without_script_a_pin_and_a_printed_code_lead_in(
    chromium: Any, address: str, house: House, size: dict[str, int]
) -> None:
    context = chromium.new_context(viewport=size, java_script_enabled=False)
    screen = Screen(context.new_page())
    page = screen.page
    page.goto(f"{address}/activate")
    screen.fits()
    page.get_by_label("激活码").fill(code_for(house).lower())
    page.get_by_role("button", name="继续").click()
    screen.fits()
    page.get_by_role("link", name="设置 PIN 和验证码").click()
    screen.fits()
    page.get_by_label("PIN").fill("123456")
    page.get_by_role("button", name="设置，并显示验证码").click()
    expect(page.get_by_role("alert")).to_contain_text("容易被猜到")
    page.get_by_label("PIN").fill("830172")
    page.get_by_role("button", name="设置，并显示验证码").click()
    screen.fits()
    sheet = page.locator(".codes code").all_inner_texts()
    account = page.locator("article code").first.inner_text()
    assert len(sheet) == 20
    page.get_by_role("link", name="已经打印或抄好").click()
    expect(page.get_by_text("还剩 20 个验证码")).to_be_visible()
    page.get_by_role("button", name="退出").click()

    page.goto(f"{address}/login")
    screen.fits()
    expect(page.get_by_role("button", name="用通行密钥登录")).to_be_disabled()
    page.get_by_text("用 PIN 和打印的验证码").click()
    form = page.locator('form[action="/login/pin"]')
    form.get_by_label("账号").fill(account)
    form.get_by_label("PIN").fill("830172")
    form.get_by_label("验证码").fill(sheet[7])
    form.get_by_role("button", name="登录").click()
    expect(page).to_have_url(f"{address}/me")
    context.close()


def test_the_own_list_ends_another_browser(chromium: Any, address: str, house: House) -> None:
    here, there = (chromium.new_context(viewport=PHONE, locale="zh-CN") for _ in range(2))
    first, second = here.new_page(), there.new_page()
    activated(first, address, house)
    activated(second, address, house)
    screen = Screen(first)
    first.goto(f"{address}/me/sessions")
    screen.fits()
    first.get_by_role("button", name="结束其他所有登录").click()
    expect(first.get_by_text("没有在其他地方登录")).to_be_visible()
    second.goto(f"{address}/me")
    expect(second).to_have_url(f"{address}/login")
    here.close()
    there.close()


def test_the_slip_scanned_is_the_slip_handed_over(
    chromium: Any, address: str, app: flask.Flask, house: House
) -> None:
    context = chromium.new_context(viewport=DESKTOP, locale="zh-CN")
    screen = Screen(context.new_page())
    page = screen.page
    page.goto(f"{address}/login")
    page.get_by_role("button", name="经办人").click()
    page.goto(f"{address}/desk/activate")
    screen.fits()
    page.get_by_label("所选证件的号码").fill("64010419900215000X")
    page.get_by_label("姓名").fill("王某")
    page.get_by_label("社会保障卡卡号").fill("A00000001")
    page.get_by_label("案卷或受理号").fill("W-1")
    page.get_by_role("button", name="发放激活码").click()
    expect(page.get_by_role("alert")).to_contain_text("没有对应到同一份档案")
    screen.fits()
    context.close()
