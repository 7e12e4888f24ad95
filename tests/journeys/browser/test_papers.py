"""The page of papers in a real browser: filed, seen, taken out; errors told where they are."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.archive.paperfiles import pdf
from tests.journeys.browser.test_worker import Screen, expect, screen

__all__ = ["screen"]

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.beside]

TITLE = "买买提·阿不都热依木·𬭎鑫的承诺书" * 5


def test_a_paper_is_filed_and_taken_out(
    screen: Screen, address: str, ids: dict[str, Any], tmp_path: Path
) -> None:
    page = screen.page
    (tmp_path / "letter.pdf").write_bytes(pdf())
    (tmp_path / "letter.txt").write_bytes(b"text")
    page.goto(f"{address}/login")
    page.get_by_role("button", name="劳动者：").click()
    page.get_by_role("link", name="材料", exact=True).click()
    expect(page.locator("main")).to_contain_text("还没有材料")
    screen.fits()

    page.get_by_label("文件", exact=True).set_input_files(tmp_path / "letter.txt")
    page.get_by_label("承诺书").check()
    page.get_by_label("名称").fill(TITLE)
    page.get_by_role("button", name="上传").click()
    expect(page.get_by_role("alert")).to_contain_text("材料只收 PDF、PNG、JPEG 文件")
    expect(page.get_by_label("承诺书")).to_be_checked()
    expect(page.get_by_label("名称")).to_have_value(TITLE)
    screen.fits()

    page.get_by_label("文件", exact=True).set_input_files(tmp_path / "letter.pdf")
    page.get_by_role("button", name="上传").click()
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("article")).to_contain_text(TITLE)
    screen.fits()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("下载：")).click()
    assert re.fullmatch(r"paper-[0-9a-f]{8}\.pdf", download.value.suggested_filename)
    download.value.save_as(tmp_path / "back.pdf")
    assert (tmp_path / "back.pdf").read_bytes() == pdf()
