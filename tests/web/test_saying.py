"""Confirming and contesting from a page: one entry each, a result to reload, errors told in place."""

import re

import pytest

from recordsvc.archive import dispute_decisions, dispute_follower, disputes, tables
from recordsvc.archive.dispute_decisions import Decision
from recordsvc.archive.reading import Reader
from recordsvc.archive.states import Confirmation
from recordsvc.house import House
from tests.archive.test_merging import decided
from tests.web.conftest import Visitor
from tests.web.region import SCHOOL, Region, person
from tests.web.test_pages import sound


def said(house: House, region: Region, worker: dict[str, str], record_id: str) -> tuple[Confirmation, int]:
    """What the archive holds of the worker's word, and how many entries there are."""
    archive = Reader(house).archive(region.worker_id(worker))
    assert archive is not None
    found = archive.by_record_id(bytes.fromhex(record_id.replace("-", "")))
    assert found is not None
    assert found[1] is not None
    return found[1].confirmation, len(archive.entries)


def test_one_click_confirms_and_the_page_after_it_can_be_reloaded(
    me: Visitor, ids: dict[str, str], house: House, region: Region, worker: dict[str, str]
) -> None:
    path = f"/me/records/{ids['fresh']}"
    before = said(house, region, worker, ids["fresh"])
    answer = me.say(f"{path}/confirm")

    assert (answer.status_code, answer.location) == (303, f"{path}/said")
    for _ in range(2):
        page = me.get(answer.location)
        sound(page)
        assert "已确认" in page.text
        assert "核对下一条（还有 4 条）" in page.text
    me.say(f"{path}/confirm")
    assert before[0] is Confirmation.UNCONFIRMED
    assert said(house, region, worker, ids["fresh"]) == (Confirmation.CONFIRMED, before[1] + 1)


def test_an_objection_carries_reason_and_words_on_one_line(
    me: Visitor, ids: dict[str, str], house: House, region: Region, worker: dict[str, str]
) -> None:
    path = f"/me/records/{ids['fresh']}"
    sound(me.get(f"{path}/contest"))
    answer = me.say(f"{path}/contest", reason="wrong-dates", text="  开班是九月\r\n不是八月\t\n")

    assert answer.location == f"{path}/said"
    assert "日期不对：开班是九月 不是八月" in me.get(answer.location).text
    assert said(house, region, worker, ids["fresh"])[0] is Confirmation.CONTESTED
    assert me.get(f"{path}/contest").location == path


def test_an_objection_can_be_taken_back(
    me: Visitor, ids: dict[str, str], house: House, region: Region, worker: dict[str, str]
) -> None:
    path = f"/me/records/{ids['fresh']}"
    me.say(f"{path}/contest", reason="other", text="")
    assert "撤回异议并确认" in me.get(path).text
    me.say(f"{path}/confirm")

    assert said(house, region, worker, ids["fresh"])[0] is Confirmation.CONFIRMED


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "请选择一个原因"),
        ({"reason": "", "text": "不对"}, "请选择一个原因"),
        ({"reason": "of-my-own"}, "请选择一个原因"),
        ({"reason": "other", "text": "长" * 1_001}, "说明最多 1000 字"),
    ],
)
def test_what_is_missing_is_told_on_the_form(
    me: Visitor, ids: dict[str, str], fields: dict[str, str], message: str
) -> None:
    answer = me.say(f"/me/records/{ids['fresh']}/contest", **fields)

    assert answer.status_code == 422
    sound(answer)
    assert message in answer.text
    assert fields.get("text", "") in answer.text
    assert "有误：" in re.findall("<title>(.*?)</title>", answer.text)[0]


def rejected(house: House, region: Region, worker: dict[str, str]) -> None:
    """Two officials reject the one open objection."""
    dispute_follower.follower(house).run()
    house.db.write(lambda turn: turn.conn.execute(tables.dispute.update().values(owner=disputes.REGION)))
    with house.db.read() as conn:
        (case,) = [one for one in disputes.of_workers(conn, [region.worker_id(worker)]) if not one.closed]
    decision = Decision("签到表与记录一致", ground="record-proven")
    decided(
        house,
        lambda turn: dispute_decisions.propose(turn, house, case.dispute_id, decision, "official:first"),
    )
    dispute_follower.follower(house).run()


def test_a_rejected_objection_is_raised_again_from_the_page_once_with_something_new(
    me: Visitor, ids: dict[str, str], house: House, region: Region, worker: dict[str, str]
) -> None:
    path = f"/me/records/{ids['fresh']}"
    me.say(f"{path}/contest", reason="wrong-dates", text="开班是九月")
    rejected(house, region, worker)
    assert f'href="{path}/contest"' in me.get(path).text
    same = me.say(f"{path}/contest", reason="wrong-dates", text="开班是九月")
    assert same.status_code == 422
    sound(same)
    assert "须有新的说明或材料" in same.text
    assert "开班是九月</textarea>" in same.text
    assert me.say(f"{path}/contest", reason="wrong-dates", text="找到了开班通知").status_code == 303
    rejected(house, region, worker)
    over = me.say(f"{path}/contest", reason="wrong-dates", text="又找到一份")
    assert over.status_code == 409
    sound(over)
    assert "行政复议" in over.text
    assert "行政诉讼" in over.text


@pytest.mark.parametrize("verb", ["confirm", "contest"])
def test_a_page_elsewhere_can_make_nobody_speak(
    me: Visitor, ids: dict[str, str], house: House, region: Region, worker: dict[str, str], verb: str
) -> None:
    before = said(house, region, worker, ids["fresh"])
    path = f"/me/records/{ids['fresh']}/{verb}"
    fields = {"seen": "1"} | ({"reason": "other"} if verb == "contest" else {})
    answers = [
        me.post(path, csrf=False, **fields),
        me.post(path, csrf=False, csrf_token="A" * 32, **fields),
        me.client.post(
            path, data={**fields, "csrf_token": me.csrf}, headers={"Origin": "https://evil.example"}
        ),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert said(house, region, worker, ids["fresh"]) == before


@pytest.mark.parametrize("verb", ["confirm", "contest"])
def test_of_a_foreign_record_nothing_can_be_said(me: Visitor, region: Region, verb: str) -> None:
    foreign = region.course(person("马兰", 7), "2025-09-20")
    me.login()
    fields = {"reason": "other"} if verb == "contest" else {}
    answers = [
        me.post(f"/me/records/{record_id}/{verb}", seen="1", **fields)
        for record_id in (foreign, "01999999-0000-7000-8000-000000000000")
    ]

    assert answers[0].status_code in (404, 422)
    assert answers[0].status_code == answers[1].status_code
    assert re.sub(r"<code>\w+</code>", "", answers[0].text) == re.sub(
        r"<code>\w+</code>", "", answers[1].text
    )


def test_a_correction_after_the_confirmation_asks_again(
    me: Visitor, ids: dict[str, str], region: Region, worker: dict[str, str]
) -> None:
    me.say(f"/me/records/{ids['fresh']}/confirm")
    region.until("2025-10-08")
    region.correct(SCHOOL, worker, ids["fresh"], "成绩录入有误", score="61")
    me.login()
    text = me.get(f"/me/records/{ids['fresh']}").text

    assert "再确认一次" in text
    assert "确认无误" in text
    me.say(f"/me/records/{ids['fresh']}/confirm")
    assert "再确认一次" not in me.get(f"/me/records/{ids['fresh']}").text


def test_a_word_on_an_outdated_page_is_refused(
    me: Visitor, ids: dict[str, str], house: House, region: Region, worker: dict[str, str]
) -> None:
    path = f"/me/records/{ids['fresh']}"
    shown = re.findall(r'name="seen" value="(\d+)"', me.get(path).text)[0]
    region.until("2025-10-08")
    region.correct(SCHOOL, worker, ids["fresh"], "成绩录入有误", score="61")
    me.login()
    before = said(house, region, worker, ids["fresh"])

    for verb, fields in (("confirm", {}), ("contest", {"reason": "other"})):
        answer = me.post(f"{path}/{verb}", seen=shown, **fields)
        assert answer.status_code == 409
        assert "在您看过之后有变动" in answer.text
    assert said(house, region, worker, ids["fresh"]) == before
