"""A machine client in a real browser, on a phone and on a desk: from its key's file until it is stopped."""

import json
import re
from typing import Any

import pytest

from recordsvc.house import House
from tests.journeys.browser.test_desk import Office, office
from tests.journeys.browser.test_worker import expect
from tests.web.region import SCHOOL
from tests.web.test_client_pages import NAME, jwk

__all__ = ["office"]
pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.beside]


def test_a_client_is_proposed_with_a_file_decided_and_stopped_at_once(
    office: Office, address: str, house: House
) -> None:
    first, second = office("登记员（机构、密钥、接入）"), office("登记员二")
    page = first.page
    page.goto(f"{address}/desk/clients")
    first.fits()
    page.get_by_role("link", name="登记接入系统").click()
    page.get_by_role("button", name="提出", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("请粘贴公钥")
    first.fits()
    page.get_by_label("类别").select_option("centre")
    page.get_by_label("名称").fill(NAME)
    page.get_by_label("统一社会信用代码").fill(SCHOOL)
    page.get_by_label("报送记录").first.check()
    data = json.dumps(jwk(house, "k" * 255)).encode()
    file: Any = {"name": "key.json", "mimeType": "application/json", "buffer": data}
    page.get_by_label("或者选择公钥文件").set_input_files(file)
    page.get_by_role("button", name="提出", exact=True).click()
    expect(page).to_have_url(re.compile("/desk/proposals/"))
    first.fits()
    second.page.goto(page.url)
    second.page.get_by_label("理由").fill("核对无误")
    second.page.get_by_role("button", name="批准").click()
    page.goto(f"{address}/desk/clients")
    first.fits()
    page.get_by_role("link", name="暂停接入").click()
    first.fits()
    stop = page.get_by_role("region", name="立即暂停接入")
    stop.get_by_label("理由").fill("公钥疑似泄露")
    stop.get_by_role("button", name="立即暂停接入").click()
    expect(page.get_by_text("已暂停", exact=True)).to_be_visible()
    expect(page.get_by_text("公钥疑似泄露")).to_be_visible()
    expect(page.get_by_role("region", name="提出恢复接入")).to_be_visible()
    first.fits()
