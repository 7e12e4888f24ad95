"""The desk's pages of claims: what is due, one on one screen, signing many, making public, paying."""

import dataclasses
import html
import re
import uuid
from functools import partial
from typing import Any

import pytest

from recordsvc.access import looked, recusals
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.money.claims import bank, paying
from recordsvc.money.claims.values import Claim
from recordsvc.money.rules import lifecycle, pack
from recordsvc.settings import Settings
from tests.archive.support import person
from tests.journeys.desk import Journey
from tests.money.claims.world import HANDLER, REVIEWER, World
from tests.web.conftest import Visitor
from tests.web.test_pages import sound
from tests.web.test_typed_again import chosen, stands

WORDS = "写了很久的说明·𬭎鑫"
CASE = {"purpose": "claim-review", "case_ref": "SB-1"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo", public_url="http://localhost")


@pytest.fixture
def journey(app: Any, house: House, clock: FixedClock) -> Journey:
    return Journey(app, house, clock)


@dataclasses.dataclass
class Office:
    """People at desks, who sign in anew for each act: their proof is fresh."""

    app: Any
    world: World

    def at(self, kind: str) -> Visitor:
        return Visitor(self.app).login(kind)

    def place(self, one: Claim, side: str = "claims") -> str:
        return f"/desk/{side}/{uuid.UUID(bytes=one.claim_id)}"

    def look(self, who: Visitor, place: str) -> str:
        """Say why, and return the address that shows the claim."""
        answer = who.post(place, **CASE)
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def step(self, kind: str, one: Claim, event: str, reason: str = "", side: str = "claims") -> Any:
        who, place = self.at(kind), self.place(one, side)
        address = self.look(who, place)
        return who.post(f"{place}/steps", **fields(who.get(address).text), event=event, reason=reason)

    def sign(self, kind: str, place: str, **more: str) -> Any:
        """Sign the list that a page shows."""
        who = self.at(kind)
        seen = who.get(place).text
        sha256 = re.search(r'name="list_sha256" value="([0-9a-f]{64})"', seen)
        assert sha256 is not None, seen
        return who.post(place.partition("?")[0], list_sha256=sha256[1], **more)


def fields(page: str) -> dict[str, str]:
    found = re.findall(r'name="(look|version)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


@pytest.fixture
def office(app: Any, journey: Journey, world: World) -> Office:
    assert journey
    return Office(app, world)


def test_a_claim_goes_all_its_way_over_the_pages(office: Office, world: World) -> None:
    claims = [world.file(*world.certified(n)) for n in (1, 2, 3)]
    assert "轮到我 3" in office.at("handler").get("/desk/claims").text

    signed = office.sign("handler", "/desk/claims/list?event=accept", event="accept")
    sound(signed)
    assert "已签 3 件。" in signed.text
    assert "已签 3 件。" in office.sign("reviewer", "/desk/claims/list?event=review", event="review").text
    handler = office.at("handler")
    page = handler.get("/desk/claims/publish")
    sound(page)
    sha256 = re.findall(r'name="list_sha256" value="([0-9a-f]{64})"', page.text)
    (region,) = re.findall(r'name="region" value="(\d*)"', page.text)
    made = handler.post("/desk/claims/publish", region=region, list_sha256=sha256[0])
    assert made.status_code == 303, made.text
    assert "2,000.00 元" in handler.get(made.location).text
    stale = handler.post("/desk/claims/publish", region=region, list_sha256=sha256[0])
    assert stale.status_code == 409
    assert "清单已变化" in stale.text

    assert office.step("handler", claims[2], "object", "没有参加评价").status_code == 303
    world.days(14)
    # Who reviewed does not approve as well: their list is empty, the other reviewer's is not.
    assert "没有可以整单签的申领" in office.at("reviewer").get("/desk/claims/list?event=approve").text
    approved = office.sign("reviewer-2", "/desk/claims/list?event=approve", event="approve")
    assert "已签 2 件。" in approved.text
    assert office.step("reviewer", claims[2], "dismiss", "核实参加了评价").status_code == 303
    flagged = office.at("reviewer-2").get("/desk/claims/list?event=approve").text
    assert "公示期间有异议" in flagged
    assert office.step("reviewer-2", claims[2], "approve").status_code == 303

    assert "轮到您办的 3 件" in office.at("payer").get("/desk").text
    assert "已签 2 件。" in office.sign("payer", "/desk/payables").text
    assert office.step("payer", claims[2], "finance", side="payables").status_code == 303
    paying.run(world.house)
    assert {world.read(one).state for one in claims} == {"PAYING"}
    world.write(paying.heard, claims[0].reference, "returned")
    back = office.at("payer").get("/desk/payables")
    sound(back)
    assert "银行退回、须重新支付的 1 件" in back.text
    assert office.step("payer", claims[0], "pay", side="payables").status_code == 303
    assert world.read(claims[0]).state == "PAYING"


def test_one_screen_says_why_by_which_article_from_which_source(office: Office, world: World) -> None:
    world.registers.said["insured_months"] = 8
    worker_id, record_id = world.certified()
    one = world.file(worker_id, record_id)
    handler, place = office.at("handler"), office.place(one)
    gate = handler.get(place)
    sound(gate)
    assert "先说明为什么查阅" in gate.text
    assert person(1)["name"] not in gate.text
    refused = handler.post(place, purpose="", case_ref="K-77")
    assert refused.status_code == 422
    assert stands(refused.text, "K-77")

    page = handler.get(office.look(handler, place))

    sound(page)
    for words in (
        person(1)["name"],
        "您累计缴费 8 个月，规定为 12 个月。",
        "累计缴费满 12 个月后再申请",
        "第三条第一项",
        "登记（测试），2025年10月9日",
        "样例",
        "账户已核实",
    ):
        assert words in page.text, words
    with world.house.db.read() as conn:
        (row,) = looked.of_worker(conn, worker_id)
    assert (row.purpose, row.case_ref, row.fields) == ("claim-review", "SB-1", "claim")


def test_a_step_without_reason_comes_back_as_it_was_typed(office: Office, world: World) -> None:
    one = world.file(*world.certified())
    who, place = office.at("handler"), office.place(one)
    seen = fields(who.get(office.look(who, place)).text)

    refused = who.post(f"{place}/steps", **seen, event="ask", reason="")
    assert refused.status_code == 422
    assert "理由：请写明理由" in refused.text
    assert chosen(refused.text, "ask")
    refused = who.post(f"{place}/steps", **seen, event="", reason=WORDS)
    assert refused.status_code == 422
    assert stands(refused.text, WORDS)
    # What is no way of this official from here is told in place as well.
    refused = who.post(f"{place}/steps", **seen, event="review", reason=WORDS)
    assert refused.status_code == 409
    assert "申领现在不能这样办理" in refused.text
    assert stands(refused.text, WORDS)
    # After the look is over, why is asked again, and nothing typed is lost.
    world.house.clock.advance(16 * 60_000)
    who = office.at("handler")
    late = who.post(f"{place}/steps", **seen, event="ask", reason=WORDS)
    assert late.status_code == 422
    assert WORDS in late.text
    renewed = who.post(f"{place}/steps", **seen, event="ask", reason=WORDS, renew="1", **CASE)
    assert renewed.status_code == 200
    assert stands(renewed.text, WORDS)
    assert world.read(one).state == "CHECKED"


def test_a_handler_asks_the_worker_and_the_worker_answers(
    office: Office, world: World, journey: Journey
) -> None:
    worker_id, record_id = world.certified()
    one = world.file(worker_id, record_id)
    assert office.step("handler", one, "ask", "请补充参保地说明").status_code == 303
    me = Visitor(office.app)
    me.post("/login/demo", csrf=False, kind=journey.sign_in(person(1)["number"]))
    page = me.get(f"/me/claims/{uuid.UUID(bytes=one.claim_id)}").text
    assert "待补充" in page
    assert "请补充参保地说明" in page
    world.step(one, "supplement", world.as_worker(worker_id), "已补充")
    assert world.read(one).state == "SUBMITTED"


def test_somebody_else_s_step_meanwhile_is_told_and_nothing_is_signed(office: Office, world: World) -> None:
    one = world.file(*world.certified())
    who, place = office.at("handler"), office.place(one)
    seen = fields(who.get(office.look(who, place)).text)
    world.step(one, "accept", HANDLER)
    answer = who.post(f"{place}/steps", **seen, event="return-to-check", reason="看错了")
    assert answer.status_code == 409
    assert "申领刚被他人办理" in answer.text
    assert world.read(one).state == "ACCEPTED"


def test_a_claim_that_waits_says_for_what_and_on_whom(office: Office, world: World) -> None:
    world.bank.default = 0
    one = world.file(*world.certified())
    answer = office.step("handler", one, "accept")
    assert answer.status_code == 409
    assert "尚无核实过的收款账户" in answer.text
    listed = office.at("handler").get("/desk/claims?turn=waits").text
    assert "在等：尚无核实过的收款账户" in listed
    assert "等待条件 1" in listed


def test_late_claims_stand_first_and_go_on_behind_a_cursor(
    office: Office, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recordsvc.web.desk_claim_list_routes.PAGE", 2)
    late = [world.file(*world.certified(n)) for n in (1, 2)]
    world.days(20)
    fresh = [world.file(*world.certified(n)) for n in (3,)]
    world.step(late[1], "accept", HANDLER)
    handler = office.at("handler")
    first = handler.get("/desk/claims?turn=all")
    sound(first)
    order = re.findall(r'href="/desk/claims/([0-9a-f-]{36})"', first.text)
    assert order[0] == str(uuid.UUID(bytes=late[0].claim_id))
    assert first.text.count("已逾期</span>") == 1
    assert "已逾期 1" in first.text
    (following,) = re.findall(r'href="(/desk/claims\?turn=all[^"]+cursor=[^"]+)"', first.text)
    rest = handler.get(html.unescape(following)).text
    order += re.findall(r'href="/desk/claims/([0-9a-f-]{36})"', rest)
    assert sorted(order) == sorted(str(uuid.UUID(bytes=one.claim_id)) for one in (*late, *fresh))
    assert handler.get("/desk/claims?turn=mine&cursor=AAAA").status_code == 400


def test_nothing_due_is_said_in_words(office: Office) -> None:
    for kind, path, words in (
        ("handler", "/desk/claims", "没有轮到您办的申领"),
        ("handler", "/desk/claims?turn=late", "没有逾期的申领"),
        ("inspector", "/desk/claims?turn=waits", "没有在等待条件的申领"),
        ("reviewer", "/desk/claims/list?event=approve", "没有可以整单签的申领"),
        ("handler", "/desk/claims/publish", "没有等待公示的申领"),
        ("payer", "/desk/payables", "没有可以整单签的申领"),
    ):
        answer = office.at(kind).get(path)
        sound(answer)
        assert words in answer.text, path


def test_a_list_holds_only_what_its_signer_can_sign(office: Office, world: World) -> None:
    good = world.file(*world.certified(1))
    world.registers.said["insured_months"] = 8
    world.file(*world.certified(2))
    world.registers.said["insured_months"] = 40
    # What the rule refuses would keep back all the others of the list.
    assert "签这 1 件" in office.at("handler").get("/desk/claims/list?event=accept").text
    world.step(good, "accept", HANDLER)
    world.stands_in(HANDLER.actor.partition(":")[2], "demo-reviewer")
    assert "没有可以整单签的申领" in office.at("reviewer").get("/desk/claims/list?event=review").text
    assert "签这 1 件" in office.at("reviewer-2").get("/desk/claims/list?event=review").text
    world.step(good, "review", REVIEWER)
    world.publish(good)
    # Nor does what is still public.
    assert "没有可以整单签的申领" in office.at("reviewer-2").get("/desk/claims/list?event=approve").text


def test_a_list_that_moved_is_shown_again_and_not_signed(office: Office, world: World) -> None:
    one = world.file(*world.certified(1))
    handler = office.at("handler")
    seen = handler.get("/desk/claims/list?event=accept").text
    (sha256,) = re.findall(r'name="list_sha256" value="([0-9a-f]{64})"', seen)
    world.file(*world.certified(2))
    answer = handler.post("/desk/claims/list", event="accept", list_sha256=sha256)
    assert answer.status_code == 409
    assert "清单已变化" in answer.text
    assert "签这 2 件" in answer.text
    assert world.read(one).state == "CHECKED"


def test_steps_and_lists_ask_for_a_fresh_proof(office: Office, world: World) -> None:
    one = world.file(*world.certified())
    place = office.place(one)
    handler, payer = office.at("handler"), office.at("payer")
    world.house.clock.advance(world.house.settings.step_up_minutes * 60_000)
    for who, path in (
        (handler, f"{place}/steps"),
        (handler, "/desk/claims/list"),
        (handler, "/desk/claims/publish"),
        (payer, "/desk/payables"),
        (payer, f"{office.place(one, 'payables')}/steps"),
    ):
        answer = who.post(path, event="accept", list_sha256="0" * 64)
        assert answer.status_code == 401, path
        assert "/login/again" in answer.text


def test_an_inspector_reads_and_has_no_step_and_a_recused_handler_meets_nothing(
    office: Office, world: World
) -> None:
    worker_id, record_id = world.certified()
    one = world.file(worker_id, record_id)
    inspector = office.at("inspector")
    page = inspector.get(office.look(inspector, office.place(one)))
    sound(page)
    assert 'name="event"' not in page.text
    party = f"worker:{uuid.UUID(bytes=worker_id)}"
    keep_out = partial(recusals.declare, random=world.house.random, ground=recusals.Ground.KIN)
    world.house.db.write(partial(keep_out, official_id="demo-handler", party=party, by="test"))
    handler = office.at("handler")
    assert "没有轮到您办的申领" in handler.get("/desk/claims").text
    assert handler.get(office.place(one)).status_code == 403
    payer = office.at("payer")
    assert payer.get(office.place(one)).status_code == 403


def test_a_trial_lists_who_loses_and_gains_and_how_the_budget_goes_and_names_nobody(
    office: Office, world: World
) -> None:
    bank.connect(world.house)
    less, more, same = (
        world.file(*world.certified(n, level=level)) for n, level in ((1, "3"), (2, "4"), (3, "5"))
    )
    changed = pack.samples()["SKILL_UP"].text.decode().replace("sample: true\n", "")
    changed = changed.replace("4: 150000", "4: 170000").replace("3: 200000", "3: 120000")
    changed = changed.replace("GRANT: 200000", "GRANT: 120000").replace("GRANT: 150000", "GRANT: 170000")
    sha256 = world.house.db.write(lambda turn: lifecycle.draft(turn, changed.encode(), "official:a"))
    world.house.db.write(lambda turn: lifecycle.check(turn, sha256))
    handler, place = office.at("handler"), f"/desk/rules/{sha256}"

    tried = {"first": "2025-01-01", "last": "2025-12-31", "region": "", "budget": "4000"}
    assert handler.post(f"{place}/simulate", **tried).status_code == 303

    page = handler.get(place)
    sound(page)
    lose, gain = page.text.split("增加最多的申领")
    assert f"/desk/claims/{uuid.UUID(bytes=less.claim_id)}" in lose
    assert "减少 800.00 元" in lose
    assert f"/desk/claims/{uuid.UUID(bytes=more.claim_id)}" in gain
    assert "1,500.00 元 → 1,700.00 元" in gain
    assert str(uuid.UUID(bytes=same.claim_id)) not in page.text
    # Four thousand yuan do not do for what was paid, and do for what would be.
    assert "累计 4,500.00 元，<strong>超出 500.00 元</strong>" in page.text
    assert "累计 3,900.00 元，还剩 100.00 元" in page.text
    for n in (1, 2, 3):
        assert person(n)["name"] not in page.text
    with world.house.db.read() as conn:
        assert looked.of_worker(conn, less.worker_id) == []
    # The claim itself is opened for a purpose, and leaves its row.
    assert handler.get(office.look(handler, office.place(less))).status_code == 200
    with world.house.db.read() as conn:
        assert [row.purpose for row in looked.of_worker(conn, less.worker_id)] == ["claim-review"]
    # Of a claim that is none of theirs to see they learn that there is one, not which.
    keep_out = partial(recusals.declare, random=world.house.random, ground=recusals.Ground.KIN)
    party = f"worker:{uuid.UUID(bytes=more.worker_id)}"
    world.house.db.write(partial(keep_out, official_id="demo-handler", party=party, by="test"))
    fewer = office.at("handler").get(place).text
    assert str(uuid.UUID(bytes=more.claim_id)) not in fewer
    assert "另有 1 件不在您可以查阅的范围内" in fewer
