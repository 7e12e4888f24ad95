"""Pages and commands of recovery: what is typed stays, what is done leads on, looks leave rows."""

import dataclasses
import re
import uuid
from typing import Any

import pytest
from click.testing import CliRunner

from recordsvc.access import looked, ways
from recordsvc.access.grants import Actor, Kind
from recordsvc.money.claims.values import Claim
from recordsvc.money.recovery import deciding, hearing, offsetting
from recordsvc.settings import Settings
from tests.archive.support import person
from tests.journeys.desk import HOST, Journey
from tests.money.recovery.test_offsetting import law
from tests.money.recovery.world import Recoveries
from tests.test_number_commands import commands, typed
from tests.web.test_own_proof import PIN
from tests.web.test_window import CARD, holds

__all__ = ["commands", "law"]

REASON = {"purpose": "claim-review", "case_ref": "ZH-2"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo", public_url=HOST)


@pytest.fixture
def journey(app, house, clock) -> Journey:
    return Journey(app, house, clock)


@pytest.fixture
def asked(world: Recoveries) -> Claim:
    one = world.paid()
    world.revoke(one)
    return one


def press(journey: Journey, who: str, path: str, **typed: str) -> Any:
    client, token = journey.browser(who)
    return client.post(path, data={"csrf_token": token, **typed}, base_url=HOST, headers={"Origin": HOST})


def see(journey: Journey, who: str, path: str) -> str:
    answer = journey.browser(who)[0].get(path, base_url=HOST)
    assert answer.status_code == 200, answer.text
    return answer.text


def name(world: Recoveries, one: Claim) -> str:
    return str(uuid.UUID(bytes=world.case(one).recovery_id))


def test_a_worker_sees_on_one_screen_what_why_until_when_and_answers(
    world: Recoveries, journey: Journey, asked: Claim
) -> None:
    me = journey.sign_in(person(1)["number"])
    place = f"/me/recoveries/{name(world, asked)}"
    assert place in see(journey, me, "/me/claims")
    assert place in see(journey, me, f"/me/claims/{uuid.UUID(bytes=asked.claim_id)}")
    page = see(journey, me, place)
    for words in (
        "2,000.00 元",
        "补贴所依据的记录已被撤销",
        "决定以前不必退款",
        "2025年10月30日",
        "我有话说",
    ):
        assert words in page, words

    late = press(journey, me, f"{place}/words", words="长" * 401)
    assert (late.status_code, "长" * 401 in late.text) == (422, True)
    assert press(journey, me, f"{place}/words", words="证书是真的").status_code == 303
    assert "证书是真的" in see(journey, me, place)

    world.owing(asked, 200_000, 2)
    journey.sign_out(me)
    page = see(journey, me, place)
    for words in ("还须退还", world.case(asked).reference, "第 2 期", "行政复议", "640100000000000001"):
        assert words in page, words
    assert "我有话说" not in page
    over = press(journey, me, f"{place}/words", words="太迟了")
    assert (over.status_code, "太迟了" not in see(journey, me, place)) == (409, True)


def test_the_desk_looks_for_a_purpose_and_what_it_typed_stays(
    world: Recoveries, journey: Journey, asked: Claim
) -> None:
    world.days(30)
    hearing.close_due(world.house)
    place = f"/desk/recoveries/{name(world, asked)}"
    assert place in see(journey, "handler", "/desk/recoveries")
    assert "查阅目的" in see(journey, "handler", place)
    assert press(journey, "handler", place, purpose="", case_ref="ZH-2").status_code == 422

    looking = press(journey, "handler", place, **REASON)

    assert looking.status_code == 303
    page = see(journey, "handler", looking.headers["Location"])
    with world.house.db.read() as conn:
        assert [row.purpose for row in looked.of_worker(conn, asked.worker_id)] == ["claim-review"]
    for words in ("按现在的档案应发", "提出追回决定", "提出不予追回"):
        assert words in page, words
    assert "提出核销" not in page
    (look,) = set(re.findall(r'name="look" value="([^"]+)"', page))
    wrong = press(journey, "handler", f"{place}/decision", look=look, amount="很多", reason="写了很久")
    assert (wrong.status_code, "写了很久" in wrong.text, "最多两位小数" in wrong.text) == (422, True, True)
    beyond = press(journey, "handler", f"{place}/decision", look=look, amount="2000.01", reason="x")
    assert (beyond.status_code, "不超过已发放的金额" in beyond.text) == (422, True)
    lost = press(journey, "handler", f"{place}/decision", look="x", amount="2000", reason="写了很久")
    assert (lost.status_code, "写了很久" in lost.text) == (422, True)

    done = press(journey, "handler", f"{place}/decision", look=look, amount="2000", reason="证书已撤销")

    assert done.status_code == 303
    proposal = see(journey, "reviewer", done.headers["Location"])
    for words in ("决定追回补贴", "2,000.00 元", place, "证书已撤销"):
        assert words in proposal, words


def test_a_handler_opens_a_case_from_the_page(world: Recoveries, journey: Journey) -> None:
    one = world.paid()
    typed = {
        "claim_id": str(uuid.UUID(bytes=one.claim_id)),
        "ground": "paid-in-error",
        "amount": "500",
        "words": "重复计算了一个等级",
    }
    wrong = press(journey, "handler", "/desk/recoveries", **typed | {"amount": "2000.01"})
    assert (wrong.status_code, "重复计算了一个等级" in wrong.text) == (422, True)

    assert press(journey, "handler", "/desk/recoveries", **typed).status_code == 303

    case = world.case(one)
    assert (case.proposed_fen, case.words, case.cause) == (50_000, "重复计算了一个等级", "official")
    assert press(journey, "handler", "/desk/recoveries", **typed).status_code == 409


def test_by_command_a_handler_lists_shows_and_proposes(
    world: Recoveries, commands: CliRunner, asked: Claim
) -> None:
    house, case = world.house, name(world, asked)
    world.days(30)
    hearing.close_due(house)
    listed = typed(house, commands, "recovery list").output
    assert f"{case}  HEARD  asked=200000  recovered=0  owed=0  record-revoked  SKILL_UP" in listed
    look = ("--purpose", "claim-review", "--case", "ZH-3")
    assert "hear" in typed(house, commands, "recovery show", case, *look).output
    more = ("--reason", "证书已撤销")
    refused = typed(house, commands, "recovery propose-write-off", case, "--ground", "died", *more)
    assert refused.exit_code != 0
    done = typed(house, commands, "recovery propose-decision", case, "--fen", "150000", *more)
    assert done.exit_code == 0, done.output
    with world.house.db.read() as conn:
        from recordsvc.ground import two_person

        (waiting,) = two_person.pending(
            conn, house.clock.now_ms(), two_person.proposal.c.kind == "recovery.decide"
        )
    assert waiting.payload["asked_fen"] == 150_000


def test_a_worker_and_the_desk_see_what_was_what_is_and_the_difference(
    world: Recoveries, journey: Journey
) -> None:
    one = world.paid(level="5")
    world.level(one, "4")
    (more,) = world.topups(one)
    me = journey.sign_in(person(1)["number"])
    first, place = (f"/me/claims/{uuid.UUID(bytes=it.claim_id)}" for it in (one, more))
    assert "技能提升补贴（补差）" in see(journey, me, "/me/claims")
    assert place in see(journey, me, first)

    page = see(journey, me, place)

    for words in (
        "1,000.00 元",
        "1,500.00 元",
        "500.00 元",
        "原为<bdi>五级/初级工</bdi>，现为<bdi>四级/中级工</bdi>",
        first,
    ):
        assert words in page, words
    (told,) = [it for it in journey.read(me, "/v1/me/claims")["items"] if it["tops_up"]]
    shown = journey.read(me, f"/v1/me/claims/{told['claim_id']}")["difference"]
    assert [shown[it] for it in ("was_fen", "is_fen", "difference_fen")] == [100_000, 150_000, 50_000]
    desk = place.replace("/me/", "/desk/")
    assert desk in see(journey, "handler", "/desk/claims")
    page = see(journey, "handler", press(journey, "handler", desk, **REASON).headers["Location"])
    for words in (
        "系统（补差）",
        "1,500.00 元",
        "现为<bdi>四级/中级工</bdi>",
        first.replace("/me/", "/desk/"),
    ):
        assert words in page, words
    world.bring(more, "REVIEWED")
    listed = world.publish(more)
    public = see(journey, me, f"/claim-notices/{uuid.UUID(bytes=listed)}")
    assert "技能提升补贴（补差）" in public
    told = journey.read(me, "/v1/claim-notices")["items"][0]["lines"]
    assert [it["part"] for it in told] == [1]


def test_keeping_back_is_decided_at_the_desk_agreed_to_by_the_worker_and_seen_on_the_claim(
    world: Recoveries, journey: Journey, asked: Claim, law: dict[str, Any]
) -> None:
    world.heard(asked)
    place = f"/desk/recoveries/{name(world, asked)}"
    page = see(journey, "handler", press(journey, "handler", place, **REASON).headers["Location"])
    (look,) = set(re.findall(r'name="look" value="([^"]+)"', page))
    said = {"look": look, "amount": "2000", "by_offset": "yes", "reason": "证书已撤销"}
    done = press(journey, "handler", f"{place}/decision", **said)
    assert done.status_code == 303, done.text
    assert "从以后的补贴抵扣" in see(journey, "reviewer", done.headers["Location"])
    journey.decide("reviewer", done.headers["Location"].rpartition("/")[2])
    me = journey.sign_in(person(1)["number"])
    mine = f"/me/recoveries/{name(world, asked)}"
    page = see(journey, me, mine)
    for words in (
        "每次至多 50%",
        "生活费补贴（含交通费）未经您同意不抵扣",
        "同意从生活费补贴（含交通费）中抵扣",
    ):
        assert words in page, words

    assert press(journey, me, f"{mine}/offset/agree").status_code == 303
    assert "不再同意从生活费补贴" in see(journey, me, mine)
    door = f"/v1{mine}"
    assert journey.read(me, door)["offset"]["agreed"] is True
    assert journey.act(me, f"{door}/offset", {"agrees": False}, 200)["offset"]["agreed"] is False
    assert press(journey, me, f"{mine}/offset/perhaps").status_code == 404
    world.paid(2)
    other = journey.sign_in(person(2)["number"])
    assert journey.act(other, f"{door}/offset", {"agrees": True}, 404)["code"] == "recovery-unknown"

    world.registers.said["shortage"] = True
    more = world.claimed(level="4", occupation="6-31-01-03")
    world.bring(more, "PAYING")
    journey.sign_out(me)
    page = see(journey, me, f"/me/claims/{uuid.UUID(bytes=more.claim_id)}")
    for words in ("其中抵扣", "750.00 元", mine):
        assert words in page, words
    (told,) = [it for it in journey.read(me, "/v1/me/claims")["items"] if it["offset_fen"]]
    assert (told["amount_fen"], told["offset_fen"]) == (150_000, 75_000)
    assert "抵扣" in see(journey, me, mine)


def test_at_the_window_no_clerk_agrees_alone_to_keeping_back_and_a_worker_takes_it_back_without_a_proof(
    world: Recoveries, journey: Journey, asked: Claim, law: dict[str, Any]
) -> None:
    who = person(1)
    world.decide(world.heard(asked), deciding.DECIDE, asked_fen=200_000, instalments=1, by_offset=True)
    own = Actor(
        Kind.WORKER, str(uuid.UUID(bytes=asked.worker_id)), worker_id=asked.worker_id, session_id="0" * 64
    )
    codes = ways.set_pin(world.house, own, PIN, "test").codes
    holds(world.house, who, CARD)
    serving = {"document": who["document"], "number": who["number"], "card": CARD, "case_ref": "W-2026-7"}
    assert press(journey, "handler", "/window", **serving, purpose="service-window").location == "/me"
    clerk, _ = journey.browser("handler")
    place = f"/me/recoveries/{name(world, asked)}"
    page = see(journey, "handler", place)
    assert 'name="own_pin"' in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    journey._browsers["handler"] = (clerk, token[1])

    def agreed() -> bool:
        with world.house.db.read() as conn:
            return offsetting.agrees(conn, world.case(asked))

    alone = press(journey, "handler", f"{place}/offset/agree")
    assert (alone.status_code, "需要本人验证" in alone.text) == (422, True)
    door = f"/v1{place}/offset"
    assert journey.act("handler", door, {"agrees": True}, 422)["code"] == "own-proof-typed"
    wrong = {"agrees": True, "own_pin": PIN, "own_code": "0000-0000"}
    assert journey.act("handler", door, wrong, 422)["code"] == "own-proof-typed"
    assert not agreed()
    typed = {"own_pin": PIN, "own_code": codes[0]}
    assert press(journey, "handler", f"{place}/offset/agree", **typed).status_code == 303
    assert agreed()
    assert 'name="own_pin"' not in see(journey, "handler", place)
    assert press(journey, "handler", f"{place}/offset/deny").status_code == 303
    assert not agreed()


def test_the_worker_agrees_with_a_fresh_sign_in_and_takes_it_back_with_any(
    world: Recoveries, journey: Journey, asked: Claim, law: dict[str, Any]
) -> None:
    case = world.heard(asked)
    world.decide(case, deciding.DECIDE, asked_fen=200_000, instalments=1, by_offset=True)
    me = journey.sign_in(person(1)["number"])
    door = f"/v1/me/recoveries/{name(world, asked)}/offset"
    assert journey.act(me, door, {"agrees": True}, 200)["offset"]["agreed"] is True
    world.house.clock.advance(world.house.settings.step_up_minutes * 60_000)
    assert journey.act(me, door, {"agrees": True}, 401)["code"] == "step-up"
    assert journey.act(me, door, {"agrees": False}, 200)["offset"]["agreed"] is False
