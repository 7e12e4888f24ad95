"""The worker's pages of claims and the public list."""

import dataclasses
import re
import uuid
from typing import Any

import pytest

from recordsvc.settings import Settings
from tests.archive.support import person
from tests.journeys.desk import HOST, Journey
from tests.money.claims.world import HANDLER, World


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo")


@pytest.fixture
def journey(app, house, clock) -> Journey:
    return Journey(app, house, clock)


def press(journey: Journey, me: str, path: str) -> Any:
    client, token = journey.browser(me)
    return client.post(path, data={"csrf_token": token}, base_url=HOST, headers={"Origin": HOST})


def see(journey: Journey, me: str, path: str) -> str:
    answer = journey.browser(me)[0].get(path, base_url=HOST)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_worker_claims_from_what_may_be_had_and_sees_why(world: World, journey: Journey) -> None:
    _, record_id = world.certified()
    me = journey.sign_in(person(1)["number"])
    record = str(uuid.UUID(bytes=record_id))
    button = f"/me/records/{record}/claims/SKILL_UP"
    offered = see(journey, me, "/me/entitlements")
    assert button in offered
    for words in (
        "可以申请 1 项",
        "2,000.00 元",
        "高级2000元（样例）（2017-05-15 起）",
        "为什么可以：符合 10 条",
    ):
        assert words in offered, words

    pressed = press(journey, me, button)

    assert pressed.status_code == 303
    page = see(journey, me, pressed.headers["Location"])
    for words in (
        "审核中",
        "2,000.00 元",
        "高级2000元（样例）（2017-05-15 起）",
        "第三条第一项",
        "现在由谁办",
        "样例",
        "撤回申领",
    ):
        assert words in page, words
    again = press(journey, me, button)
    assert again.status_code == 409
    assert "已有同一事项的申领" in again.text
    assert "技能提升补贴" in see(journey, me, "/me/claims")


def test_a_worker_withdraws_by_a_button_and_cannot_twice(world: World, journey: Journey) -> None:
    _, record_id = world.certified()
    me = journey.sign_in(person(1)["number"])
    button = f"/me/records/{uuid.UUID(bytes=record_id)}/claims/SKILL_UP"
    place = press(journey, me, button).headers["Location"]

    assert press(journey, me, f"{place}/withdraw").status_code == 303
    assert "未通过" in see(journey, me, place)
    assert press(journey, me, f"{place}/withdraw").status_code == 409


def test_a_refusal_says_until_when_and_where_it_can_be_contested(world: World, journey: Journey) -> None:
    world.registers.said["insured_months"] = 8
    worker_id, record_id = world.certified()
    me = journey.sign_in(person(1)["number"])
    one = world.file(worker_id, record_id)
    world.step(one, "refuse", HANDLER)
    page = see(journey, me, f"/me/claims/{uuid.UUID(bytes=one.claim_id)}")
    for words in ("您累计缴费 8 个月", "累计缴费满 12 个月后再申请", "2025年12月8日", "不含外省支付"):
        assert words in page, words


def test_everybody_sees_the_public_list_and_nobody_s_name(world: World, journey: Journey) -> None:
    world.bring(world.file(*world.certified()), "NOTICED")
    client = journey.app.test_client()
    listed = client.get("/claim-notices", base_url=HOST).text
    (path,) = re.findall(r"/claim-notices/[0-9a-f-]{36}", listed)
    page = client.get(path, base_url=HOST).text
    assert "马*" in page
    assert person(1)["name"] not in page
    assert "2,000.00 元" in page


def test_a_receipt_of_a_claim_fits_the_paper_and_names_nobody(world: World, journey: Journey) -> None:
    world.registers.said["insured_months"] = 8
    world.bank.default = 0
    _, record_id = world.certified()
    me = journey.sign_in(person(1)["number"])
    place = press(journey, me, f"/me/records/{uuid.UUID(bytes=record_id)}/claims/SKILL_UP").headers[
        "Location"
    ]
    assert f'href="{place}/receipt"' in see(journey, me, place)
    page = see(journey, me, f"{place}/receipt")
    for said in ("补贴申领回执", "不符合条件", "您累计缴费 8 个月", "待经办人受理", "到发卡银行开通银行账户"):
        assert said in page, said
    for width, columns in (("58", 32), ("80", 48)):
        text = see(journey, me, f"{place}/receipt.txt?width={width}")
        assert "可以补充，也可以撤回" in text.replace("\n", "")
        wide = [sum(2 if ord(one) > 0x2E7F else 1 for one in line) for line in text.splitlines()]
        assert max(wide) <= columns
        assert "技能提升补贴" in text
        assert person(1)["name"] not in text


def test_the_receipt_of_what_is_paid_waits_for_nobody(world: World, journey: Journey) -> None:
    worker_id, record_id = world.certified()
    me = journey.sign_in(person(1)["number"])
    one = world.bring(world.file(worker_id, record_id), "PAID")
    page = see(journey, me, f"/me/claims/{uuid.UUID(bytes=one.claim_id)}/receipt")
    assert "已到账" in page
    assert not any(words in page for words in ("由谁办", "前办理", "可以撤回", "请带"))
