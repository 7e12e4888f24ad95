"""Pages of fees: the payer's, the counter's, the officials'; what is wrong stands where it was typed."""

import dataclasses
import re
from typing import Any

import pytest

from recordsvc.access import demo
from recordsvc.access.grants import Actor, Kind, Position
from recordsvc.archive import erasing
from recordsvc.ground.ports import uuid_text
from recordsvc.money.bank.instant import FolderPay
from recordsvc.money.fees import mandates
from recordsvc.settings import Settings
from tests.archive.support import person
from tests.journeys.desk import HOST, Journey
from tests.money.fees.till import Till
from tests.money.fees.world import World

FIRST, SECOND = "clerk-1", "head-1"


@pytest.fixture
def dialect() -> str:
    """Pages know no SQL."""
    return "sqlite"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo")


@pytest.fixture
def journey(app, house, clock, world: World) -> Journey:
    made = Journey(app, house, clock)
    for kind, position in ((FIRST, Position.CLERK), (SECOND, Position.HEAD)):
        house.db.write(
            lambda turn, kind=kind, position=position: demo.create_staff(
                turn, world.centre.uscc, kind, position, (kind, kind)
            )
        )
    return made


def press(journey: Journey, who: str, path: str, status: int = 303, **typed: str) -> Any:
    client, token = journey.browser(who)
    data = {"csrf_token": token} | typed
    answer = client.post(path, data=data, base_url=HOST, headers={"Origin": HOST})
    assert answer.status_code == status, answer.text
    return answer


def see(journey: Journey, who: str, path: str, status: int = 200) -> str:
    answer = journey.browser(who)[0].get(path, base_url=HOST, headers={"Accept": "text/html"})
    assert answer.status_code == status, answer.text
    return answer.text


def button(text: str, pattern: str) -> str:
    (found,) = re.findall(f'action="({pattern})"', text)
    return found


def test_a_fee_by_buttons(world: World, journey: Journey) -> None:
    me = journey.sign_in(person(1)["number"])
    assert "还没有登记收费项目" in see(journey, FIRST, "/centre/fees")
    typed = {
        "kind": "class", "course": "2025-HG-01", "title": "焊工初级班", "units": "10",
        "until_on": world.today(30), "amount": "1200.50", "from_on": world.today(), "basis": "公示三号",
        "published_on": world.today(-3),
    }  # fmt: skip
    wrong = press(journey, FIRST, "/centre/fees", 422, **(typed | {"amount": "viel", "units": "x"})).text
    assert "请填金额" in wrong
    assert "公示三号" in wrong
    place = press(journey, FIRST, "/centre/fees", **typed).headers["Location"]

    ordering = button(see(journey, me, "/fees"), "/me/fees/[0-9a-f-]+/order")
    mine = press(journey, me, ordering).headers["Location"]
    page = see(journey, me, mine)
    for words in ("待缴费", "1,200.50 元", "公示三号", "缴费不等于录取", "取消缴费单"):
        assert words in page, words
    assert "已有您的缴费单" in press(journey, me, ordering, 409).text
    number = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{3}-[0-9A-Z]{3}", page)[0]

    assert (
        "没有这张缴费单"
        in press(journey, FIRST, f"{place}/take", 404, number="0000000000", receipt="S1").text
    )
    press(journey, FIRST, f"{place}/take", number=number, receipt="S1")
    checking = button(see(journey, SECOND, place), f"{place}/payments/[0-9a-f-]+/check")
    assert "另一位人员" in press(journey, FIRST, checking, 409, word="right").text
    press(journey, SECOND, checking, word="right")
    press(journey, FIRST, f"{place}/progress", units="5")
    leave = {"number": number, "ground": "left", "attended": "6", "reason": "家中有事"}
    assert "已登记的授课进度 5" in press(journey, FIRST, f"{place}/leave", 422, **leave).text
    press(journey, FIRST, f"{place}/leave", **(leave | {"attended": "5"}))
    giving = button(see(journey, FIRST, place), f"{place}/refunds/[0-9a-f-]+/give")
    press(journey, FIRST, giving, receipt="T1")
    press(journey, SECOND, button(see(journey, SECOND, place), f"{place}/refunds/[0-9a-f-]+/check"))
    assert "已部分退费" in see(journey, me, "/me/fees")
    receipt = see(journey, me, f"{mine}/receipt")
    for words in ("S1", "T1", "600.25 元", "不代替机构开具的票据"):
        assert words in receipt, words

    press(journey, me, f"{mine}/dispute", ground="quality")
    assert "争议处理中" in see(journey, FIRST, place)
    desk = see(journey, "handler", "/desk/fees")
    ending = button(desk, "/desk/fees/disputes/[0-9a-f-]+")
    refused = press(journey, "handler", ending, 422, refund="viel", reason="已核实情况").text
    assert "已核实情况" in refused
    press(journey, "handler", ending, refund="0", reason="已核实情况")
    (offered,) = re.findall(r'href="(/desk/fees/[0-9a-f-]+)"', see(journey, "inspector", "/desk/fees"))
    assert number in see(journey, "inspector", offered)
    press(journey, FIRST, f"{place}/call-off", reason="师资不足")
    assert "停办" in see(journey, me, "/fees")
    assert press(journey, me, ordering, 409)


def test_an_order_that_nobody_began_to_pay_is_given_up_by_a_button(world: World, journey: Journey) -> None:
    offered = world.offer()
    me = journey.sign_in(person(1)["number"])
    ordering = button(see(journey, me, f"/fees?institution={world.centre.uscc}"), "/me/fees/[0-9a-f-]+/order")
    mine = press(journey, me, ordering).headers["Location"]
    press(journey, me, f"{mine}/cancel")
    assert "已取消" in see(journey, me, mine)
    assert "没有办成" in press(journey, me, f"{mine}/cancel", 409).text
    world.price(offered, 1, later=3)
    place = f"/centre/fees/{ordering.split('/')[3]}/prices"
    press(journey, FIRST, place, 422, amount="0", from_on="")


def test_a_mandate_a_debit_and_a_payment_at_once_by_buttons(world: World, journey: Journey) -> None:
    till = Till(world)
    world.house.instant_pay = FolderPay(world.house.settings.bank_folder, 0.1, lambda _s: None)
    me = journey.sign_in(person(1)["number"])
    offered = [world.offer(), world.offer()]
    first, second = (
        press(journey, me, f"/me/fees/{uuid_text(one.offering_id)}/order").headers["Location"]
        for one in offered
    )
    assert f"{first}/debit" not in see(journey, me, first)
    assert "现在不能代扣" in press(journey, me, f"{first}/debit", 409).text
    assert (
        "应为今天" in press(journey, me, "/me/fees/mandate", 422, most="2000", until_on=world.today(-1)).text
    )
    press(journey, me, "/me/fees/mandate", most="2000", until_on=world.today(30))
    assert "终止委托" in see(journey, me, "/me/fees")
    assert (
        "已有生效的委托代扣"
        in press(journey, me, "/me/fees/mandate", 409, most="2000", until_on=world.today(30)).text
    )
    press(journey, me, button(see(journey, me, first), f"{first}/debit"))
    assert "缴费办理中" in see(journey, me, first)
    press(journey, "payer", "/desk/bank/batches", account=till.desk.source.code, collect="yes")
    desk = see(journey, "payer", "/desk/bank")
    assert "代扣 1 笔，1,200.00 元" in desk
    press(journey, "payer", button(desk, "/desk/bank/batches/[0-9a-f-]+/cancel"))
    press(journey, me, "/me/fees/mandate/end")
    assert "没有缴成" in see(journey, me, first)
    press(journey, me, button(see(journey, me, second), f"{second}/pay"))
    assert "银行尚未答复" in see(journey, me, second)


def test_a_worker_whose_archive_is_restricted_ends_a_mandate_and_reads_that_it_ended(
    world: World, journey: Journey
) -> None:
    till = Till(world)
    till.sign(0)
    officer = Actor(Kind.OFFICIAL, "data", roles=frozenset({"data-officer"}))
    erasing.restrict(world.house, world.workers[0], "lawfulness-disputed", "核实", officer)
    me = journey.sign_in(person(1)["number"])
    assert 'href="/me/fees"' in see(journey, me, "/me", 423), "what stays open is said where the rest is not"
    shown = see(journey, me, "/me/fees", 423)
    assert "/me/fees/mandate/end" in shown
    assert '/me/fees/mandate"' not in shown, "none is signed meanwhile"
    assert journey.read(me, "/v1/me/fee-mandate")["mandate"]["most_fen"] > 0
    assert journey.act(me, "/v1/me/fee-mandate/end", {}, 200) == {"mandate": None}
    assert "没有生效的委托" in see(journey, me, "/me/fees", 423)
    assert world.read(mandates.standing, world.workers[0]) is None
