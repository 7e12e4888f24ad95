"""A worker's journey at 360 pixels: in, read, confirm, contest, the bundle taken along and verified, out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.beside]

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
# A refused upload or act and an incomplete form are answered 4xx on purpose; browsers note that.
EXPECTED = re.compile(r"status of (404|409|422)")


class Screen:
    """One browser page that remembers what went wrong on it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda said: self._hear(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", lambda request: self._hear("error", f"{request.url} {request.failure}"))

    def _hear(self, kind: str, text: str) -> None:
        download = "ERR_ABORTED" in text  # a navigation that became a download
        if kind in ("error", "warning") and not EXPECTED.search(text) and not download:
            self.complaints.append(text)

    def fits(self) -> None:
        """Nothing scrolls sideways, and everything that is pressed is large enough for a thumb."""
        # A click is done when the next page has begun, not when it has a body to measure.
        self.page.wait_for_load_state()
        wide = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        small = self.page.evaluate(
            "[...document.querySelectorAll('button, .button, .top nav a, .choice')]"
            ".filter(e => e.getBoundingClientRect().height < 40).map(e => e.textContent.trim())"
        )
        assert (wide, small) == (0, []), self.page.url


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def screen(request: pytest.FixtureRequest, chromium: Any) -> Iterator[Screen]:
    """A fresh browser, on a phone and on a desk; it must have nothing to complain about."""
    context = chromium.new_context(viewport=request.param, locale="zh-CN")
    found = Screen(context.new_page())
    yield found
    context.close()
    assert found.complaints == []


def test_a_workers_journey(
    screen: Screen, address: str, ids: dict[str, str], worker: dict[str, Any], tmp_path: Path
) -> None:
    page = screen.page
    page.goto(address + "/")
    screen.fits()
    page.get_by_role("link", name="查看我的档案").click()
    expect(page).to_have_url(f"{address}/login")
    screen.fits()
    page.get_by_role("button", name="劳动者：").click()

    expect(page).to_have_url(f"{address}/me")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{worker['name']}的档案")
    expect(page.get_by_role("article")).to_have_count(8)
    screen.fits()

    # Confirm what is right.
    fresh = page.get_by_role("article").filter(has=page.locator(f'a[href="/me/records/{ids["fresh"]}"]'))
    fresh.get_by_role("button", name="确认无误").click()
    expect(page).to_have_url(f"{address}/me/records/{ids['fresh']}/said")
    expect(page.get_by_role("heading", level=1)).to_have_text("已确认")
    screen.fits()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("已确认")

    # Contest what is not; the first try forgets the reason.
    page.goto(f"{address}/me/records/{ids['twin']}")
    screen.fits()
    page.get_by_role("link", name="有异议").click()
    page.get_by_role("button", name="提交异议").click()
    expect(page.get_by_role("alert")).to_contain_text("请选择一个原因")
    screen.fits()
    page.get_by_label("我没有参加").check()
    page.get_by_label("说明").fill("那个月我在外地打工。\n没有参加这个班。")
    page.get_by_role("button", name="提交异议").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("异议已提交")
    expect(page.locator("main")).to_contain_text("我没有参加：那个月我在外地打工。 没有参加这个班。")
    screen.fits()

    # Take the bundle along and have it verified.
    page.goto(f"{address}/me/bundle")
    screen.fits()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载凭证包").click()
    bundle = tmp_path / download.value.suggested_filename
    download.value.save_as(bundle)
    assert re.fullmatch(r"bundle-[0-9a-f]{8}\.json", bundle.name)

    page.goto(f"{address}/verify")
    screen.fits()
    page.get_by_label("凭证包").set_input_files(bundle)
    page.get_by_role("button", name="核验", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("已证明")
    expect(page.get_by_role("article")).to_have_count(8)
    screen.fits()

    bundle.write_text(bundle.read_text("utf-8").replace('"score":"92.5"', '"score":"99"'), "utf-8")
    page.get_by_label("凭证包").set_input_files(bundle)
    page.get_by_role("button", name="核验", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("不成立")
    expect(page.get_by_role("article")).to_have_count(0)
    screen.fits()

    page.goto(f"{address}/me/looked")
    screen.fits()
    page.get_by_role("button", name="退出").click()
    expect(page).to_have_url(f"{address}/")
    page.goto(f"{address}/me")
    expect(page).to_have_url(f"{address}/login")
    page.goto(f"{address}/nowhere")
    screen.fits()


def test_the_keyboard_alone_leads_through(screen: Screen, address: str) -> None:
    page = screen.page
    page.goto(f"{address}/login")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("跳到正文")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_class(re.compile("persona"))
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{address}/me")


def test_pages_need_no_script(chromium: Any, address: str, ids: dict[str, str]) -> None:
    context = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/login")
    page.get_by_role("button", name="劳动者：").click()
    page.goto(f"{address}/me/records/{ids['fresh']}")
    page.get_by_role("button", name="确认无误").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("已确认")
    context.close()
