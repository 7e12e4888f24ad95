"""A service at the window in a real browser: begin, act, the receipt on paper, end, the next person."""

from pathlib import Path
from typing import Any

import pytest

from recordsvc.house import House
from recordsvc.people import synthetic
from tests.journeys.browser.test_worker import Screen, screen
from tests.web.test_window import CASE, holds

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

__all__ = ["screen"]

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.beside]

CARD = synthetic.card_number(9)


def test_a_clerk_serves_a_worker_from_card_to_receipt(
    screen: Screen, address: str, ids: dict[str, str], worker: dict[str, Any], house: House, tmp_path: Path
) -> None:
    holds(house, worker, CARD)
    page = screen.page
    page.goto(f"{address}/login")
    page.get_by_role("button", name="经办人").click()
    page.get_by_role("link", name="窗口代办").click()
    screen.fits()
    for card in (synthetic.card_number(77), CARD):
        page.get_by_label("所选证件的号码").fill(worker["number"])
        page.get_by_label("社会保障卡卡号").fill(card)
        page.get_by_label("案卷或受理号").fill(CASE)
        page.get_by_role("button", name="开始代办").click()
        if card != CARD:
            expect(page.get_by_role("alert")).to_contain_text("未能对应到同一人")
            screen.fits()

    expect(page).to_have_url(f"{address}/me")
    banner = page.get_by_role("complementary", name="窗口代办")
    expect(banner).to_contain_text(worker["name"])
    screen.fits()
    page.goto(f"{address}/me/records/{ids['fresh']}")
    page.locator("main").get_by_role("button", name="确认").first.click()
    expect(page).to_have_url(f"{address}/me/records/{ids['fresh']}/said")
    expect(banner).to_contain_text(CASE)

    banner.get_by_role("link", name="回执").click()
    screen.fits()
    slip = page.get_by_role("article")
    expect(slip).to_contain_text("确认一条记录")
    page.emulate_media(media="print")
    expect(banner).to_be_hidden()
    expect(slip).to_be_visible()
    paper = tmp_path / "receipt.pdf"
    page.pdf(path=str(paper), format="A5")
    assert paper.read_bytes().startswith(b"%PDF")
    page.emulate_media(media="screen")

    banner.get_by_role("button", name="结束代办").click()
    expect(slip).to_contain_text("确认一条记录")
    expect(banner).to_have_count(0)
    screen.fits()
    page.get_by_role("link", name="下一位").click()
    expect(page).to_have_url(f"{address}/window")
