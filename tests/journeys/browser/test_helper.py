"""A helper in a real browser: named, the code handed over, acting, ended by the worker."""

import re
from typing import Any

import pytest

from recordsvc.house import House
from tests.journeys.browser.test_worker import Screen, screen
from tests.web.region import Region, person

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

__all__ = ["screen"]

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.beside]

HELPER = "阿依古丽·买买提依明·阿不都热合曼"


def sign_in(page: Any, address: str, who: dict[str, Any]) -> None:
    page.context.clear_cookies()
    form = {"kind": "worker", "document": who["document"], "number": who["number"], "name": who["name"]}
    answer = page.context.request.post(f"{address}/login/demo", form=form)
    assert answer.ok, answer.text()


def test_a_worker_names_a_helper_who_acts_until_the_worker_ends_it(
    screen: Screen,
    address: str,
    region: Region,
    ids: dict[str, str],
    worker: dict[str, Any],
    house: House,
) -> None:
    other = person(HELPER, 11)
    region.course(other, "2025-11-20", 30)
    page = screen.page

    sign_in(page, address, worker)
    page.goto(f"{address}/me/helpers")
    screen.fits()
    page.get_by_role("button", name="同意并生成代办码").click()
    expect(page.get_by_role("alert")).to_contain_text("请填写代办人的姓名")
    screen.fits()
    page.get_by_label("代办人的姓名").fill(HELPER)
    page.get_by_label("看档案和异议进展").check()
    page.get_by_label("确认记录、提出异议").check()
    page.get_by_label("目的").select_option(label="本人没有或不会用手机")
    page.get_by_role("button", name="同意并生成代办码").click()
    screen.fits()
    code = page.locator(".code code").inner_text()
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}", code)

    sign_in(page, address, other)
    page.goto(f"{address}/me/for")
    screen.fits()
    for typed in ("0000-0000-0000", code):
        page.get_by_label("对方给您的代办码").fill(typed)
        page.get_by_role("button", name="接受", exact=True).click()
        if typed != code:
            expect(page.get_by_role("alert")).to_contain_text("代办码不对")
            screen.fits()
    screen.fits()
    page.get_by_role("button", name="开始代办").click()

    expect(page).to_have_url(f"{address}/me")
    banner = page.get_by_role("complementary", name="亲友代办")
    expect(banner).to_contain_text(worker["name"])
    expect(banner).to_contain_text(HELPER)
    screen.fits()
    page.goto(f"{address}/me/records/{ids['fresh']}")
    page.locator("main").get_by_role("button", name="确认").first.click()
    expect(page).to_have_url(f"{address}/me/records/{ids['fresh']}/said")
    banner.get_by_role("link", name="回执").click()
    expect(page.get_by_role("article")).to_contain_text("确认一条记录")
    screen.fits()
    banner.get_by_role("button", name="结束代办").click()
    expect(banner).to_have_count(0)
    screen.fits()

    sign_in(page, address, worker)
    page.goto(f"{address}/me/services")
    expect(page.locator("main")).to_contain_text(HELPER)
    screen.fits()
    page.goto(f"{address}/me/looked")
    expect(page.locator("main")).to_contain_text(f"亲友代办人：{HELPER}")
    screen.fits()
    page.goto(f"{address}/me/helpers")
    screen.fits()
    stop = page.get_by_role("button", name="停止代办")
    colours = "e => [getComputedStyle(e).color, getComputedStyle(e.closest('.card')).backgroundColor]"
    text, behind = stop.evaluate(colours)
    assert text != behind, "a button that nobody can read"
    stop.click()
    expect(page.locator("main")).to_contain_text("已由本人停止")

    sign_in(page, address, other)
    page.goto(f"{address}/me/for")
    expect(page.get_by_role("button", name="开始代办")).to_have_count(0)
    assert house.settings.environment == "demo"
