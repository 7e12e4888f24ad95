"""What one official alone, or one claim too many, must not bring about."""

from typing import Any

import pytest

from recordsvc.access.errors import StandsTogether
from recordsvc.archive import noticeboard, wording
from recordsvc.money.bank import payee_accounts
from recordsvc.money.claims import bank, escalating, filing, paying, signing, values, views
from recordsvc.money.claims.errors import ClaimRefused, ClaimSignedBefore, ClaimStep
from recordsvc.money.claims.values import Who
from tests.money.bank import made
from tests.money.claims.world import APPROVER, ARTICLE, HANDLER, PAYER, REVIEWER, World, official


@pytest.mark.parametrize("state", ["CHECKED", "ACCEPTED", "NOTICED"])
@pytest.mark.parametrize("who", [HANDLER, REVIEWER])
def test_no_official_takes_back_what_another_asked_for(world: World, state: str, who: Who) -> None:
    one = world.file(*world.certified())
    if state != "CHECKED":
        world.bring(one, state)
    before = world.read(one)
    with pytest.raises(ClaimStep):
        world.step(before, "withdraw", who, "经办人认为不需要")
    assert world.read(one) == before
    assert world.step(before, "withdraw", world.as_worker(one.worker_id)).claim.state == "WITHDRAWN"


@pytest.mark.parametrize("after", range(5))
def test_case_18_a_claim_that_is_refused_takes_nothing_from_one_that_was_granted(
    world: World, after: int
) -> None:
    """The second of a year is refused, and the first goes on at every signature."""
    worker_id, record_id = world.certified()
    first = world.file(worker_id, record_id)
    acts = (
        lambda: world.step(first, "accept", HANDLER),
        lambda: world.step(first, "review", REVIEWER),
        lambda: world.publish(first),
        lambda: (world.days(14), world.step(first, "approve", APPROVER)),
        lambda: world.step(first, "finance", PAYER),
    )
    for n, act in enumerate(acts):
        if n == after:
            second = world.file(*world.certified(occupation="6-29-03-07"))
            assert second.amount_fen == 0
        act()
    signed = world.read(first)
    assert (signed.state, signed.amount_fen) == ("FINANCED", 200_000)
    assert world.read(second).state == second.state


def told(world: World, worker_id: bytes) -> list[tuple[str, dict[str, Any], str]]:
    with world.house.db.read() as conn:
        found = noticeboard.of_workers(world.house, conn, [worker_id])
    words = (wording.worded(world.house, "worker", one).text_zh for one in found)
    return [(one.kind, dict(one.params), text) for one, text in zip(found, words, strict=True)]


def test_whoever_is_refused_is_told_by_which_article_and_nothing_of_amounts(world: World) -> None:
    world.registers.said["insured_months"] = 3
    one = world.file(*world.certified())
    assert told(world, one.worker_id) == []

    world.step(one, "refuse", HANDLER)

    ((kind, params, text),) = told(world, one.worker_id)
    assert (kind, params) == ("claim-refused", {"articles": "第三条第一项"})
    assert "依据：第三条第一项" in text


def test_whoever_is_asked_by_an_official_is_told_each_time(world: World) -> None:
    one = world.file(*world.certified())
    for n in (1, 2):
        world.step(one, "ask", HANDLER, "请补充劳动合同")
        assert [kind for kind, _, _ in told(world, one.worker_id)] == ["claim-asked"] * n
        world.write(filing.supplement, world.read(one), world.as_worker(one.worker_id), "已补充")
    assert all(params == {} for _, params, _ in told(world, one.worker_id))


def test_what_the_service_asks_while_filing_is_no_notice(world: World) -> None:
    del world.registers.said["cert_verified"]
    one = world.file(*world.certified())
    assert one.state == "NEED_INFO"
    assert told(world, one.worker_id) == []


def test_whoever_waits_for_money_is_told_that_it_came_back(world: World) -> None:
    one = world.bring(world.file(*world.certified()), "PAID")
    for _ in range(2):
        world.write(paying.heard, one.reference, "returned")  # said twice, told once
    ((kind, _, text),) = told(world, one.worker_id)
    assert kind == "claim-returned"
    assert "银行退回" in text


WHY = "证书系伪造，见核查笔录"


@pytest.mark.parametrize("state", ["CHECKED", "ACCEPTED", "NOTICED"])
@pytest.mark.parametrize("who", [HANDLER, REVIEWER, official("b1", "handler", "reviewer")])
def test_nobody_alone_refuses_what_the_rule_grants(world: World, state: str, who: Who) -> None:
    one = world.file(*world.certified())
    if state != "CHECKED":
        world.bring(one, state)
    with pytest.raises(ClaimStep):
        world.step(one, "refuse", who, WHY)
    world.propose_refusal(one, who, WHY)
    assert (world.read(one).state, world.read(one).owner) == (state, "reviewer")
    ((kind, params, text),) = told(world, one.worker_id)
    assert (kind, params) == ("claim-refusal-proposed", {"articles": ARTICLE})
    assert f"工作人员依据{ARTICLE}提议不予发放" in text
    with pytest.raises((ClaimStep, ClaimSignedBefore)):
        world.step(one, "refuse", who, WHY)
    with pytest.raises(ClaimStep):
        world.step(one, "refuse", official("h9", "handler"), WHY)

    assert world.step(one, "refuse", APPROVER, WHY).claim.state == "REFUSED"
    assert world.left() == 1_000_000
    said = {kind: (params, text) for kind, params, text in told(world, one.worker_id)}
    assert said.keys() == {"claim-refusal-proposed", "claim-refused"}
    assert said["claim-refused"][0] == {"articles": ARTICLE}
    assert f"依据：{ARTICLE}" in said["claim-refused"][1]


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"article": ""}, "/article"),
        ({"article": "第九百条"}, "/article"),
        ({"article": "《管理办法》"}, "/article"),
        ({"article": "《张三 640102199001011234》第一条"}, "/article"),
        ({"found_on": ""}, "/found_on"),
        ({"found_on": "2025-13-01"}, "/found_on"),
        ({"found_on": "20251009"}, "/found_on"),
        ({"found_on": "2999-01-01"}, "/found_on"),
        ({"evidence": ""}, "/evidence"),
        ({"evidence": "证人 13912345678"}, "/evidence"),
        ({"reason": "与 13912345678 核实系冒名"}, "/reason"),
        ({"reason": ""}, "/reason"),
    ],
    ids=str,
)
def test_a_proposal_to_refuse_names_article_day_and_paper(
    world: World, more: dict[str, str], wrong: str
) -> None:
    one = world.file(*world.certified())
    with pytest.raises(ClaimRefused) as refused:
        world.propose_refusal(one, HANDLER, **{"reason": WHY, **more})
    assert [it["pointer"] for it in refused.value.errors] == [wrong]
    assert world.read(one) == one


def test_a_refusal_may_rest_on_an_article_of_another_text(world: World) -> None:
    one = world.file(*world.certified())
    article = "《就业补助资金管理办法》第二十条第一款"
    world.propose_refusal(one, HANDLER, WHY, article=article)
    done = world.step(one, "refuse", REVIEWER, "属实").claim
    with world.house.db.read() as conn:
        seen = views.detailed(world.house, conn, done)["refusal"]
        desk = views.for_desk(world.house, conn, done, frozenset())["refusal"]
    assert (seen["article"], seen["found"], seen["decided"]) == (article, WHY, "属实")
    assert "proposed_by" not in seen
    assert (desk["proposed_by"], desk["decided_by"]) == (HANDLER.actor, REVIEWER.actor)


def test_who_stands_in_for_whoever_proposed_a_refusal_does_not_decide_it(world: World) -> None:
    one = world.file(*world.certified())
    world.propose_refusal(one, REVIEWER, WHY)
    world.stands_in("r1", "r2")
    with pytest.raises(StandsTogether):
        world.step(one, "refuse", APPROVER, WHY)


def test_a_step_since_ends_a_proposal_to_refuse_and_a_report_that_it_is_late_does_not(world: World) -> None:
    one = world.file(*world.certified())
    world.propose_refusal(one, HANDLER, WHY)
    world.step(one, "escalate", values.BY_ITSELF, "inspector")
    world.write(filing.supplement, world.read(one), world.as_worker(one.worker_id), "证书可以联网查到")
    with pytest.raises(ClaimStep):
        world.step(one, "refuse", REVIEWER, WHY)
    world.propose_refusal(one, HANDLER, WHY)
    world.step(one, "escalate", values.BY_ITSELF, "inspector")
    assert world.step(one, "refuse", REVIEWER, WHY).claim.state == "REFUSED"


def test_a_refusal_is_proposed_of_what_the_rule_grants_alone(world: World) -> None:
    world.registers.said["insured_months"] = 3
    one = world.file(*world.certified())
    with pytest.raises(ClaimStep):
        world.propose_refusal(one, HANDLER, WHY)
    assert world.step(one, "refuse", HANDLER).claim.state == "REFUSED"


def test_what_is_offered_at_the_desk_is_what_may_be_done(world: World) -> None:
    one = world.file(*world.certified())

    def offered(role: str) -> set[str]:
        with world.house.db.read() as conn:
            told = views.for_desk(world.house, conn, world.read(one), frozenset({role}))
        return {way for way in told["ways"] if "refus" in way}

    assert (offered("handler"), offered("reviewer")) == ({"propose-refusal"}, {"propose-refusal"})
    world.propose_refusal(one, HANDLER, WHY)
    with world.house.db.read() as conn:
        assert signing.flags(world.house, conn, world.read(one)) == ("refusal-proposed",)
    assert (offered("handler"), offered("reviewer")) == ({"propose-refusal"}, {"propose-refusal", "refuse"})


def test_who_has_a_claim_moves_not_the_day_on_which_it_is_due(world: World) -> None:
    one = world.file(*world.certified())
    due_on = one.due_on
    assert due_on is not None
    for _ in range(2):
        world.days(3)
        world.write(filing.supplement, world.read(one), HANDLER, "再核一次")
        world.propose_refusal(one, HANDLER, WHY)
        world.propose_refusal(one, REVIEWER, WHY)
        assert (world.read(one).state, world.read(one).due_on) == ("CHECKED", due_on)
    world.write(filing.supplement, world.read(one), HANDLER, "再核一次")
    world.days(3)
    assert escalating.run(world.house) == 1
    # What the claimant brings is looked at in days of its own.
    world.write(filing.supplement, world.read(one), world.as_worker(one.worker_id), "已补充")
    assert str(world.read(one).due_on) > due_on


@pytest.mark.parametrize(("entered_by", "verified_by"), [("p1", "r1"), ("h1", "p1")])
def test_who_says_where_money_goes_does_not_send_it(world: World, entered_by: str, verified_by: str) -> None:
    world.house.claims.payments = bank.BankRoom(world.house)
    one = world.file(*world.certified())
    entered = world.write(payee_accounts.enter, one.payee, made.payee(1), f"official:{entered_by}")
    payee_accounts.check_due(world.house)
    world.house.db.write(lambda turn: payee_accounts.verify(turn, entered, f"official:{verified_by}"))
    world.bring(one, "APPROVED")
    with pytest.raises(ClaimSignedBefore):
        world.step(one, "finance", PAYER)
    with world.house.db.read() as conn:
        assert signing.due(conn, "finance", PAYER.actor, "2026-01-01") == []
        assert len(signing.due(conn, "finance", "official:p2", "2026-01-01")) == 1
    world.stands_in("p1", "p2")
    with pytest.raises(StandsTogether):
        world.step(one, "finance", official("p2", "payer"))
    assert world.step(one, "finance", official("p3", "payer")).outcome == "done"


def test_who_gave_the_new_account_does_not_pay_what_came_back_to_it(world: World) -> None:
    one = world.bring(world.file(*world.certified()), "PAYING")
    world.write(paying.heard, one.reference, "returned")
    entered = world.write(payee_accounts.enter, one.payee, made.payee(1), PAYER.actor)
    payee_accounts.check_due(world.house)
    world.house.db.write(lambda turn: payee_accounts.verify(turn, entered, "official:r1"))
    with pytest.raises(ClaimSignedBefore):
        world.step(one, "pay", PAYER)
    assert world.step(one, "pay", official("p2", "payer")).claim.state == "PAYING"


@pytest.mark.parametrize(
    "state", ["CHECKED", "ACCEPTED", "REVIEWED", "NOTICED", "APPROVED", "FINANCED", "PAID"]
)
def test_no_role_leaves_a_step_out_or_takes_one_twice(world: World, state: str) -> None:
    """Whoever holds every role of an office, one step of one's own is all there is."""
    one = world.file(*world.certified())
    if state != "CHECKED":
        one = world.bring(one, state)
    everybody = official("all", "handler", "reviewer", "payer")
    own = {"CHECKED": "accept", "ACCEPTED": "review", "NOTICED": "approve", "APPROVED": "finance"}.get(state)
    world.days(14)
    before = world.read(one)
    for event in ("accept", "review", "approve", "finance", "pay", "paid", "close", "hand-over", "recover"):
        if event != own and (state, event) != ("FINANCED", "pay"):
            with pytest.raises(ClaimStep):
                world.step(one, event, everybody)
    assert world.read(one) == before
    if own is not None:
        world.step(one, own, everybody)
        for event in ("review", "approve", "finance"):
            with pytest.raises((ClaimSignedBefore, ClaimStep)):
                world.step(one, event, everybody)
