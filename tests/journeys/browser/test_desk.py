"""The desk in a real browser, on a phone and on a desk: what takes two officials, from first look to end."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from recordsvc.access import demo
from recordsvc.access.grants import Position
from recordsvc.archive import dispute_follower, disputes
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.people import merges
from tests.archive.paperfiles import pdf
from tests.journeys.browser.test_worker import DESKTOP, PHONE, Screen, expect
from tests.web.region import SCHOOL, Region, person

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.beside]

CASE = "宁人社窗〔2025〕7号"
MONTH_MS = 31 * 24 * 3_600_000
Office = Callable[[str], Screen]


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def office(request: pytest.FixtureRequest, chromium: Any, address: str) -> Iterator[Office]:
    """Sign people in, each with a browser of their own; none may have anything to complain about."""
    made: list[tuple[Any, Screen]] = []

    def enter(name: str) -> Screen:
        context = chromium.new_context(viewport=request.param, locale="zh-CN")
        screen = Screen(context.new_page())
        made.append((context, screen))
        screen.page.goto(f"{address}/login")
        # 复核人, and not 复核人二.
        screen.page.get_by_role("button", name=re.compile(f"^{name}(?!二)")).click()
        expect(screen.page).to_have_url(re.compile(r"/(me|desk|centre)$"))
        return screen

    yield enter
    for context, _ in made:
        context.close()
    assert [screen.complaints for _, screen in made] == [[] for _ in made]


def find(screen: Screen, address: str, number: str) -> None:
    """Look for an archive by its holder's resident id."""
    page = screen.page
    page.goto(f"{address}/desk/numbers")
    form = page.get_by_role("region", name="用居民身份证查找")
    form.get_by_label("公民身份号码").fill(number)
    form.get_by_label("案卷或受理号").fill(CASE)
    form.get_by_role("button", name="查找档案").click()
    expect(page).to_have_url(re.compile("/desk/workers/"))
    assert number not in page.url
    screen.fits()


def gate(page: Any) -> None:
    """Say why one looks."""
    page.get_by_label("查阅目的").select_option("service-window")
    page.get_by_label("案卷号").fill(CASE)


def decide(screen: Screen, address: str, title: str) -> None:
    """Approve what waits, found from the list as the second person finds it."""
    page = screen.page
    page.goto(f"{address}/desk")
    page.locator("main .queue").get_by_role("link", name=title).click()
    screen.fits()
    page.get_by_role("button", name="批准").click()
    expect(page.get_by_role("alert")).to_contain_text("理由：必填")
    page.get_by_label("理由").fill("核对无误")
    page.get_by_role("button", name="批准").click()
    expect(page.get_by_role("list", name="状态")).to_have_text("已批准")
    screen.fits()


def test_a_held_record_is_released_by_two(
    office: Office, address: str, region: Region, ids: dict[str, str]
) -> None:
    assert ids
    with pytest.raises(AssertionError, match="held"):
        region.course(person("另一姓名", 3), "2025-10-20")
    handler = office("经办人")
    page = handler.page
    page.get_by_role("link", name="全部暂存记录").click()
    handler.fits()
    page.get_by_role("link", name="姓名与已知的不一致").last.click()
    expect(page.locator("main")).not_to_contain_text("另一姓名")
    page.get_by_role("button", name="查看").click()
    expect(page.get_by_role("alert")).to_contain_text("案卷号：必填")
    gate(page)
    page.get_by_role("button", name="查看").click()
    expect(page.locator("main")).to_contain_text("另一姓名")
    handler.fits()
    release = page.get_by_role("region", name="提出放行")
    release.get_by_label("理由").fill("与本人和证件核对，是同一人")
    release.get_by_role("button", name="提出放行").click()
    expect(page.get_by_role("list", name="状态")).to_have_text("待复核")
    expect(page.get_by_role("button", name="批准")).to_have_count(0)

    reviewer = office("复核人")
    decide(reviewer, address, "放行暂存记录")
    page.goto(f"{address}/desk/held")
    expect(page.locator("main")).to_contain_text("没有等待处理的暂存记录")


def test_two_archives_are_merged_by_two_and_read_as_one(
    office: Office,
    address: str,
    house: House,
    region: Region,
    ids: dict[str, str],
    worker: dict[str, Any],
    tmp_path: Path,
) -> None:
    assert ids
    former = person("马兰", 7)
    region.course(former, "2025-09-20")
    handler = office("经办人")
    page = handler.page
    find(handler, address, former["number"])
    page.get_by_role("link", name="合并到另一份档案").click()
    handler.fits()
    page.get_by_role("button", name="提出", exact=True).click()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(5)
    (tmp_path / "x.pdf").write_bytes(pdf())
    page.get_by_label("文件（PDF、PNG 或 JPEG）").set_input_files(tmp_path / "x.pdf")
    page.get_by_label("材料类型").select_option(index=1)
    page.get_by_role("button", name="收存").click()
    page.get_by_label("号码种类").select_option("resident-id")
    page.get_by_label("另一人的号码").fill(worker["number"])
    page.get_by_label("依据").select_option(index=1)
    page.get_by_label("说明").fill("两份档案是同一人的")
    page.get_by_role("button", name="提出", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("合并档案")
    handler.fits()

    decide(office("复核人"), address, "合并档案")
    with house.db.read() as conn:
        assert merges.person_id(conn, region.worker_id(former)) == region.worker_id(worker)
    mine = office("劳动者：")
    expect(mine.page.locator("main")).to_contain_text("含合并过来的 1 份档案")
    expect(mine.page.get_by_text("来自合并的另一份档案")).to_have_count(1)
    mine.fits()


def test_a_paper_is_filed_beside_a_form_and_a_late_form_comes_back(
    office: Office,
    address: str,
    clock: FixedClock,
    ids: dict[str, str],
    worker: dict[str, Any],
    tmp_path: Path,
) -> None:
    assert ids
    handler = office("经办人")
    page = handler.page
    find(handler, address, worker["number"])
    page.get_by_role("link", name="合并到另一份档案").click()
    page.get_by_label("说明").fill("两份档案是同一人的")
    (tmp_path / "x.pdf").write_bytes(pdf())
    page.get_by_label("文件（PDF、PNG 或 JPEG）").set_input_files(tmp_path / "x.pdf")
    page.get_by_label("材料类型").select_option(index=1)
    page.get_by_role("button", name="提出", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("选中的文件还没有收存")
    page.get_by_label("文件（PDF、PNG 或 JPEG）").set_input_files(tmp_path / "x.pdf")
    page.get_by_role("button", name="收存").click()
    expect(page.get_by_label("说明")).to_have_value("两份档案是同一人的")
    expect(page.get_by_label("材料", exact=True)).not_to_have_value("")
    handler.fits()

    for _ in range(2):
        clock.advance(8 * 60 * 1000)
        page.context.request.get(f"{address}/desk")
    page.get_by_role("button", name="提出", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("查阅依据已经失效")
    handler.fits()
    page.get_by_role("button", name="继续").click()
    expect(page.get_by_role("alert")).to_contain_text("案卷号：必填")
    gate(page)
    page.get_by_role("button", name="继续").click()
    expect(page.get_by_label("说明")).to_have_value("两份档案是同一人的")
    expect(page.get_by_label("材料", exact=True)).not_to_have_value("")
    handler.fits()


def test_an_archive_is_restricted_and_its_erasure_refused_with_the_rule_named(
    office: Office, address: str, ids: dict[str, str], worker: dict[str, Any]
) -> None:
    assert ids
    officer = office("个人信息保护负责人")
    page = officer.page
    find(officer, address, worker["number"])
    page.get_by_role("link", name="立即限制处理").click()
    officer.fits()
    page.get_by_label("依据").select_option(index=1)
    page.get_by_label("说明").fill("本人书面申请")
    page.get_by_role("button", name="立即办理").click()
    expect(page.locator("main")).to_contain_text("已限制处理")
    expect(page.get_by_role("article")).to_have_count(0)
    officer.fits()
    page.get_by_role("link", name="删除整份档案").click()
    expect(page.locator("#blockers")).to_contain_text("班级档案保存期")
    page.get_by_label("依据").select_option(index=1)
    page.get_by_label("说明").fill("本人书面申请")
    page.get_by_role("button", name="提出").click()
    expect(page.get_by_role("alert")).to_contain_text("尚在法定保存期内")
    expect(page.locator("#blockers")).to_contain_text("班级档案保存期")
    expect(page.get_by_label("说明")).to_have_value("本人书面申请")
    officer.fits()
    page.goto(f"{address}/desk/proposals")
    expect(page.locator("main")).to_contain_text("没有等待复核的事项")


def test_a_dispute_is_read_answered_and_decided_by_two(
    office: Office, address: str, house: House, clock: FixedClock, ids: dict[str, str]
) -> None:
    mine = office("劳动者：")
    mine.page.goto(f"{address}/me/records/{ids['fresh']}/contest")
    mine.page.get_by_role("radio").nth(1).check()
    mine.page.get_by_label("说明").fill("我得了 91 分")
    mine.page.get_by_role("button", name="提交异议").click()
    dispute_follower.follower(house).run()
    clock.advance(MONTH_MS)  # the issuer says nothing within its term
    assert disputes.pass_on_due(house) == 1

    handler = office("经办人")
    page = handler.page
    page.get_by_role("link", name="异议", exact=True).click()
    handler.fits()
    page.locator("article h2 a").click()
    expect(page.locator("main")).not_to_contain_text("91 分")
    gate(page)
    page.get_by_role("button", name="查阅").click()
    expect(page.locator("main")).to_contain_text("我得了 91 分")
    handler.fits()
    page.get_by_role("region", name="说明或询问").get_by_label("内容").fill("请说明成绩单在哪里")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("main")).to_contain_text("请说明成绩单在哪里")

    mine = office("劳动者：")  # the first session ended in the month that went by
    mine.page.goto(f"{address}/me/disputes")
    expect(mine.page.locator("main")).to_contain_text("请说明成绩单在哪里")
    mine.page.get_by_label("补充说明").fill("成绩单在学校教务处")
    mine.page.get_by_role("button", name="提交").click()
    mine.fits()

    page.reload()
    expect(page.locator("main")).to_contain_text("成绩单在学校教务处")
    page.get_by_label("决定", exact=True).select_option("correct")
    page.get_by_label("更正哪一项").select_option("/score")
    page.get_by_label("更正为").fill("91.0")
    page.get_by_label("理由").fill("成绩单上是 91 分")
    page.get_by_role("button", name="提出").click()
    expect(page.get_by_role("list", name="状态")).to_have_text("待复核")
    handler.fits()

    decide(office("复核人"), address, "决定异议")
    mine.page.reload()
    expect(mine.page.locator("main")).to_contain_text("异议成立")
    expect(mine.page.locator("main")).to_contain_text("记录已更正：成绩单上是 91 分")
    mine.fits()


def test_an_institutions_people_read_and_answer_an_objection(
    office: Office, address: str, house: House, ids: dict[str, str]
) -> None:
    for position in (Position.CLERK, Position.SIGNER):
        kind, name = (
            f"staff-{position}-school",
            f"{'甲' if position is Position.CLERK else '乙'}·长名长名长名",
        )
        house.db.write(
            lambda turn, kind=kind, name=name, position=position: demo.create_staff(
                turn, SCHOOL, kind, position, (name, kind)
            )
        )
    mine = office("劳动者：")
    mine.page.goto(f"{address}/me/records/{ids['fresh']}/contest")
    mine.page.get_by_role("radio").nth(1).check()
    mine.page.get_by_label("说明").fill("我得了 91 分")
    mine.page.get_by_role("button", name="提交异议").click()
    dispute_follower.follower(house).run()

    clerk = office("甲·长名长名长名")
    page = clerk.page
    expect(page.locator("main")).to_contain_text("1 件异议等本单位答复")
    clerk.fits()
    page.goto(f"{address}/centre/notices")
    clerk.fits()
    page.get_by_role("button", name="全部标为已读").click()
    expect(page.locator("main")).to_contain_text("已读")
    page.get_by_role("link", name="查看这件异议").click()
    expect(page.locator("main")).to_contain_text("我得了 91 分")
    expect(page.get_by_role("button", name="答复")).to_have_count(0)
    clerk.fits()
    page.get_by_label("内容").fill("请补充成绩单")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("main")).to_contain_text("请补充成绩单")

    signer = office("乙·长名长名长名")
    page = signer.page
    page.goto(f"{address}/centre/disputes")
    signer.fits()
    page.get_by_role("link", name="等待本单位答复").click()
    page.get_by_role("button", name="答复").click()
    expect(page.get_by_role("alert")).to_contain_text("答复：请选择")
    signer.fits()
    page.locator("#f-outcome").select_option("rejected")
    page.get_by_label("理由").fill("与成绩单一致")
    page.get_by_role("button", name="答复").click()
    expect(page.locator("main")).to_contain_text("现在由登记机关办理")
    signer.fits()
    mine.page.goto(f"{address}/me/disputes")
    expect(mine.page.locator("main")).to_contain_text("签发单位：乙·长名长名长名")
    mine.fits()
