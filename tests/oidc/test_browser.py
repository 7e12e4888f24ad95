"""A real browser between two sites: the service on localhost, the provider on 127.0.0.1."""

import threading
import uuid
from collections.abc import Iterator
from typing import Any

import flask
import pytest
from werkzeug.serving import make_server

from recordsvc import create_app
from recordsvc.house import House
from recordsvc.settings import Settings
from tests.browser import Quiet
from tests.oidc.conftest import number, trusting
from tests.oidc.rogue import Account, Rogue

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.beside]

WANG = Account("sub-wang", number(17))
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def dialect() -> str:
    return "sqlite"


class Served:
    """A port that is known before there is an application behind it."""

    def __init__(self) -> None:
        self.app: flask.Flask | None = None
        self.server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=Quiet)
        self.address = f"http://localhost:{self.server.server_port}"

    def __call__(self, environ: Any, start: Any) -> Any:
        assert self.app is not None
        return self.app(environ, start)


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def settings(settings: Settings, rogue: Rogue, served: Served) -> Settings:
    return trusting(settings, rogue.issuer, public_url=served.address, oidc_name="某省统一身份认证平台")


@pytest.fixture
def address(house: House, served: Served) -> str:
    served.app = create_app(house.settings, house)
    return served.address


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(viewport=PHONE, locale="zh-CN", java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_a_worker_goes_there_and_back_and_out_again_without_a_script(
    page: Any, address: str, rogue: Rogue, wang: bytes
) -> None:
    rogue.visitor = WANG
    page.goto(f"{address}/login")
    page.get_by_role("link", name="前往登录").click()
    expect(page).to_have_url(f"{address}/me")
    said = page.context.request.get(f"{address}/v1/session").json()
    assert said["id"] == str(uuid.UUID(bytes=wang))
    assert [one["name"] for one in page.context.cookies()] == ["recordsvc-demo"]

    page.goto(f"{address}/login/again")
    page.get_by_role("link", name="前往认证").click()
    expect(page).to_have_url(f"{address}/me/sessions")

    page.get_by_role("button", name="退出").click()
    expect(page).to_have_url(f"{address}/login/left")
    there = page.get_by_role("link", name="退出").get_attribute("href")
    assert there.startswith(f"{rogue.issuer}/end?")
    assert page.context.cookies() == []


def test_a_link_to_somebody_elses_answer_signs_nobody_in(
    chromium: Any, page: Any, address: str, rogue: Rogue, wang: bytes, li: bytes
) -> None:
    """Login CSRF in full: the attacker stops at the callback and has the victim's browser open it."""
    attacker = chromium.new_context()
    answer = attacker.request.get(f"{address}/login/oidc", max_redirects=0)
    theirs = address + rogue.answer(answer.headers["location"], WANG)
    attacker.close()
    rogue.visitor = Account("sub-li", number(18))
    page.goto(f"{address}/login")
    page.get_by_role("link", name="前往登录").click()
    expect(page).to_have_url(f"{address}/me")
    page.goto(theirs)
    expect(page.get_by_role("heading", name="身份认证未完成")).to_be_visible()
    said = page.context.request.get(f"{address}/v1/session").json()
    assert said["id"] == str(uuid.UUID(bytes=li))


def test_every_refusal_is_a_page_that_fits_a_phone_and_says_what_to_do(
    page: Any, address: str, rogue: Rogue, wang: bytes, li: bytes
) -> None:
    def come(account: Account) -> None:
        rogue.visitor = account
        page.goto(f"{address}/login/oidc")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"]

    come(Account("sub-new", number(99)))
    expect(page.get_by_text("人社服务窗口核对")).to_be_visible()
    come(WANG)
    come(Account("sub-wang", number(18)))
    expect(page.get_by_text("已转工作人员核对")).to_be_visible()
    assert number(18) not in page.content()
