"""The way of a claim: filed, decided, held, signed, made public, paid; refused, withdrawn, sent back."""

import datetime as dt
import threading

import orjson
import pytest
import sqlalchemy as sa

from recordsvc.access.errors import StandsTogether
from recordsvc.archive.reading import Reader
from recordsvc.ground.ports import BEIJING
from recordsvc.money.claims import deciding, filing, notices, paying, steps, transitions, values, views
from recordsvc.money.claims.errors import (
    ClaimNoticeOpen,
    ClaimRefused,
    ClaimSignedBefore,
    ClaimStands,
    ClaimStep,
)
from recordsvc.money.ledger import booking
from recordsvc.money.ledger.values import Posting, move
from recordsvc.money.rules import explaining
from recordsvc.money.rules.checking import load
from tests.archive import restricted
from tests.archive.support import person
from tests.money.claims.world import APPROVER, HANDLER, LEFT, PAYER, REVIEWER, World, official


def test_a_claim_goes_from_the_certificate_to_the_payment(world: World) -> None:
    one = world.file(*world.certified())
    assert (one.state, one.amount_fen, one.owner) == ("CHECKED", 200_000, "handler")

    paid = world.bring(one, "PAID")

    assert world.bank.queued == [(one.reference, one.payee, 200_000, paid.hold)]
    with world.house.db.read() as conn:
        steps_taken = [(row.event, row.target) for row in values.events_of(conn, one)]
        signed = [(row.step, row.event, row.actor) for row in values.approvals_of(conn, one)]
    assert steps_taken == [
        ("file", "SUBMITTED"),
        ("check", "CHECKED"),
        ("accept", "ACCEPTED"),
        ("review", "REVIEWED"),
        ("publish", "NOTICED"),
        ("approve", "APPROVED"),
        ("finance", "FINANCED"),
        ("pay", "PAYING"),
        ("paid", "PAID"),
    ]
    assert signed == [
        (1, "accept", HANDLER.actor),
        (2, "review", REVIEWER.actor),
        (3, "approve", APPROVER.actor),
        (4, "finance", PAYER.actor),
    ]
    world.days(40)
    paying.run(world.house)
    assert world.read(one).state == "CLOSED"


def test_the_decision_is_kept_with_every_fact_and_its_place_in_the_log(world: World) -> None:
    worker_id, record_id = world.certified()
    one = world.file(worker_id, record_id)

    with world.house.db.read() as conn:
        row = values.decision_of(conn, one)
    assert row is not None
    told = orjson.loads(row.document)
    archive = Reader(world.house).archive(worker_id)
    assert archive is not None
    place = archive.entries[-1].stored.idx
    assert told["facts"]["level"] == {
        "value": "3",
        "source": f"档案日志第 {place} 条",
        "on": told["facts"]["level"]["on"],
    }
    assert told["facts"]["insured_months"]["source"] == "登记（测试）"
    rule = world.house.claims.rules.version(row.sha256)
    assert deciding.again(rule, bytes(row.document)).canonical() == bytes(row.document)
    assert explaining.explain(rule, deciding.again(rule, bytes(row.document))).amount == "2,000.00 元"


def test_case_50_a_missing_fact_asks_and_never_refuses(world: World) -> None:
    del world.registers.said["cert_verified"]
    worker_id, record_id = world.certified()
    one = world.file(worker_id, record_id)
    assert (one.state, one.owner) == ("NEED_INFO", "worker")

    world.registers.said["cert_verified"] = True
    again = world.write(filing.supplement, world.read(one), world.as_worker(worker_id), "证书已上网")

    assert (again.state, again.decision, again.amount_fen) == ("CHECKED", 2, 200_000)


def test_a_restricted_record_is_missing_and_never_a_refusal(world: World) -> None:
    """What was signed for is looked at anew; lifted and supplemented, the claim goes on."""
    worker_id, record_id = world.certified()
    one = world.bring(world.file(worker_id, record_id), "ACCEPTED")
    restricted.seal(world.house, worker_id, record_id)
    world.step(one, "review", REVIEWER)

    waits = world.read(one)
    assert (waits.state, waits.owner, waits.amount_fen) == ("NEED_INFO", "worker", 0)
    with world.house.db.read() as conn:
        told = deciding.document_of(values.decision_of(conn, waits))
    assert (told["verdict"], told["missing"], told["reason"]) == (
        "NEED_INFO",
        ["certificate"],
        "record-restricted",
    )
    with world.house.db.read() as conn:
        shown = views.detailed(world.house, conn, waits)
    assert (shown["sealed"], shown["decision"]["title"]) == (True, "技能提升补贴")
    assert "已限制处理" in shown["decision"]["reason"]
    assert shown["decision"]["missing"] == [], "nobody is asked to bring it"
    other = world.certified(2)
    restricted.seal(world.house, *other)
    with pytest.raises(ClaimRefused) as refused:
        world.file(*other)
    assert "已限制处理" in refused.value.to_dict()["errors"][0]["detail"]

    restricted.lift(world.house, worker_id, record_id)
    again = world.write(filing.supplement, world.read(one), world.as_worker(worker_id), "已解除限制")
    assert (again.state, again.amount_fen) == ("CHECKED", 200_000)


def test_case_47_without_a_rule_an_official_has_the_case_and_nobody_refuses_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.house.claims.rules, "on", lambda *_asked: None)
    one = world.file(*world.certified())
    assert (one.state, one.owner) == ("CHECKED", "handler")
    with world.house.db.read() as conn:
        found = values.decision_of(conn, one)
        shown = views.decision(world.house, conn, one)
    assert found is not None
    assert found.verdict == "NO_RULE_IN_FORCE"
    assert shown is not None
    assert (shown["title"], shown["missing"]) == ("技能提升补贴", [])
    assert "没有施行" in shown["reason"]

    for event, reason in (("refuse", "没有规则"), ("accept", "")):
        with pytest.raises(ClaimStep):
            world.step(one, event, HANDLER, reason)


def test_a_short_fund_makes_a_claim_wait_with_reason_and_owner(world: World) -> None:
    first, second, third = (world.file(*world.certified(n)) for n in (1, 2, 3))
    world.bring(first, "ACCEPTED")
    # 1,000,000 in the line; what two claims take leaves less than a third needs once it is recalled.
    back = Posting("recall", (move(LEFT, "source:test", 500_000),), "recall", "official:f1")
    assert world.house.db.write(lambda turn: booking.book(turn, back)).applied
    world.bring(second, "ACCEPTED")

    done = world.step(third, "accept", HANDLER)

    assert (done.outcome, done.claim.state) == (steps.WAITS, "CHECKED")
    assert (done.claim.waits, done.claim.owner, done.claim.signed) == ("fund-short", "fund", None)
    world.fund(100_000)
    assert world.step(third, "accept", HANDLER).outcome == steps.DONE
    assert world.left() == 0


@pytest.mark.parametrize("event", ["refuse", "withdraw"])
def test_the_hold_is_given_back_when_a_claim_ends(world: World, event: str) -> None:
    worker_id, record_id = world.certified()
    one = world.bring(world.file(worker_id, record_id), "REVIEWED")
    assert world.left() == 800_000

    if event == "refuse":
        world.refuse(one, "材料不实")
    else:
        world.step(one, event, world.as_worker(worker_id), "材料不实")

    assert world.left() == 1_000_000
    assert world.file(worker_id, record_id).state == "CHECKED"


def test_without_a_verified_account_a_claim_waits_for_the_worker(world: World) -> None:
    world.bank.default = 0
    done = world.step(world.file(*world.certified()), "accept", HANDLER)

    assert (done.outcome, done.claim.waits, done.claim.owner) == (steps.WAITS, "no-account", "worker")
    assert world.left() == 1_000_000


def test_a_record_that_does_not_count_cannot_be_claimed_for(world: World) -> None:
    worker_id, record_id = world.certified()
    archive = Reader(world.house).archive(worker_id)
    assert archive is not None
    record = archive.entries[0].record
    assert record is not None
    world.assessor.enter(world.assessor.revocation(person(1), str(record["id"])))

    with pytest.raises(ClaimRefused):
        world.file(worker_id, record_id)


def test_a_revocation_after_the_signatures_ends_them(world: World) -> None:
    worker_id, record_id = world.certified()
    one = world.bring(world.file(worker_id, record_id), "REVIEWED")
    archive = Reader(world.house).archive(worker_id)
    assert archive is not None
    record = archive.entries[0].record
    assert record is not None
    world.publish(one)
    world.days(14)
    world.assessor.enter(world.assessor.revocation(person(1), str(record["id"])))

    done = world.step(one, "approve", APPROVER)

    assert (done.outcome, done.claim.state, done.claim.signed) == (steps.DIVERTED, "CHECKED", None)
    assert (done.claim.amount_fen, done.claim.decision, world.left()) == (0, None, 1_000_000)
    with pytest.raises(ClaimStep):
        world.step(one, "accept", HANDLER)


def test_case_32_a_payment_that_came_back_is_made_again_once(world: World) -> None:
    one = world.bring(world.file(*world.certified()), "PAID")
    world.write(paying.heard, one.reference, "returned")
    assert (world.read(one).state, world.read(one).owner) == ("RETURNED", "payer")
    paying.run(world.house)
    assert len(world.bank.queued) == 1  # whoever pays decides when the new account is there

    world.step(one, "pay", PAYER)
    world.write(paying.heard, one.reference, "settled")

    assert world.read(one).state == "PAID"
    assert [(ref, fen) for ref, _, fen, _ in world.bank.queued] == [(one.reference, 200_000)] * 2
    with pytest.raises(ClaimStep):
        world.step(one, "pay", PAYER)


def test_six_states_are_told_to_the_outside() -> None:
    assert set(transitions.OUTSIDE) == set(transitions.OWNERS)
    assert set(transitions.OUTSIDE.values()) == set(transitions.OUTSIDE_ZH)
    assert len(transitions.OUTSIDE_ZH) == 6


def test_every_state_is_reached_and_every_guard_and_effect_is_there() -> None:
    reached = {one.target for one in transitions.TRANSITIONS} | {"DRAFT"}
    assert reached == set(transitions.OUTSIDE)
    named = {name for one in transitions.TRANSITIONS for name in one.guards}
    assert named == set(steps.GUARDS)
    assert {name for one in transitions.TRANSITIONS for name in one.effects} == set(steps.EFFECTS)


def test_a_refusal_needs_a_reason_and_two_people_where_the_rule_grants(world: World) -> None:
    one = world.file(*world.certified())
    for event, why in (("refuse", ClaimStep), ("propose-refusal", ClaimRefused)):
        with pytest.raises(why):
            world.step(one, event, HANDLER)
    assert world.refuse(one, "证书系伪造").state == "REFUSED"


def test_a_role_that_is_not_in_the_table_takes_no_step(world: World) -> None:
    one = world.file(*world.certified())
    for who in (REVIEWER, PAYER, official("a1", "auditor")):
        with pytest.raises(ClaimStep):
            world.step(one, "accept", who)


def test_case_16_one_certificate_is_claimed_for_once(world: World) -> None:
    worker_id, record_id = world.certified()
    world.file(worker_id, record_id)
    for kind in ("SKILL_UP", "TRAIN"):
        with pytest.raises(ClaimStands) as refused:
            world.file(worker_id, record_id, kind)
        assert refused.value.members["limit"] == "certificate"
    # Another purpose, another subsidy.
    assert world.file(worker_id, record_id, "EVAL").kind == "EVAL"


def test_case_17_one_occupation_and_level_is_paid_once_and_no_lower_level_after_a_higher(
    world: World,
) -> None:
    worker_id, first = world.certified(level="3")
    world.registers.said["shortage"] = True
    world.bring(world.file(worker_id, first), "PAID")
    for level, clause in (("3", "SU-5"), ("4", "SU-6")):
        _, record_id = world.certified(level=level)
        one = world.file(worker_id, record_id)
        with world.house.db.read() as conn:
            row = values.decision_of(conn, one)
        assert row is not None
        failed = [c["clause"] for c in orjson.loads(row.document)["trace"] if c["result"] == "FAIL"]
        assert (row.verdict, failed) == ("REFUSE", [clause])
        world.step(one, "refuse", HANDLER, "不符合条件")


def test_case_18_one_a_year_is_granted_and_the_next_is_refused(world: World) -> None:
    worker_id, first = world.certified()
    assert world.file(worker_id, first).amount_fen == 200_000
    _, second = world.certified(occupation="6-29-03-07")
    one = world.file(worker_id, second)
    with world.house.db.read() as conn:
        row = values.decision_of(conn, one)
    assert row is not None
    assert row.verdict == "REFUSE"
    world.registers.said["shortage"] = True
    again = world.write(filing.supplement, world.read(one), HANDLER, "列入急需紧缺目录")
    assert again.amount_fen == 200_000


def test_case_18_of_four_who_claim_at_once_as_many_are_granted_as_a_year_has_places(world: World) -> None:
    """Three a year in an occupation in short supply; four certificates, from four devices at one time."""
    world.registers.said["shortage"] = True
    occupations = ("6-18-02-04", "6-29-03-07", "6-29-03-03", "6-29-02-06")
    (worker_id, _), *_ = found = [world.certified(occupation=code) for code in occupations]
    start, answers = threading.Barrier(4), list[str]()

    def ask(record_id: bytes) -> None:
        start.wait()
        try:
            answers.append(world.file(worker_id, record_id).state)
        except ClaimStands as stands:
            answers.append(stands.members["limit"])

    threads = [threading.Thread(target=ask, args=(record_id,)) for _, record_id in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with world.house.db.read() as conn:
        claims = values.listed(conn, values.claim_state.c.worker_id == worker_id)
        slots = list(conn.scalars(sa.select(values.claim_state.c.slot)))
    granted = [one for one in claims if one.amount_fen]
    assert (len(answers), len(granted)) == (4, 3), answers
    assert sorted(slot for slot in slots if slot) == [1, 2, 3]


@pytest.mark.parametrize(("at", "verdict"), [("2025-10-10T23:59", "GRANT"), ("2025-10-11T00:00", "REFUSE")])
def test_case_48_the_last_day_to_apply_ends_at_midnight_in_beijing(
    world: World, at: str, verdict: str
) -> None:
    """Twelve months after 2024-10-10; in UTC that day goes on until eight in the morning."""
    certified = world.certified(issued_on="2024-10-10")
    moment = dt.datetime.fromisoformat(at).replace(tzinfo=BEIJING)
    clock = world.house.clock
    clock.advance(int(moment.timestamp() * 1000) - clock.now_ms())
    one = world.file(*certified)

    with world.house.db.read() as conn:
        row = values.decision_of(conn, one)
    assert row is not None
    assert row.verdict == verdict


def test_case_22_nobody_signs_twice_nor_what_they_filed(world: World) -> None:
    both = official("b1", "handler", "reviewer")
    worker_id, record_id = world.certified()
    one = world.file(worker_id, record_id)
    world.step(one, "accept", both)
    with pytest.raises(ClaimSignedBefore):
        world.step(one, "review", both)

    other, record_id = world.certified(2)
    own = world.write(filing.file, other, filing.Ask("SKILL_UP", record_id), both)
    with pytest.raises(ClaimSignedBefore):
        world.step(own, "accept", both)


@pytest.mark.parametrize(("principal", "standing_in"), [("r1", "r2"), ("r2", "r1")])
def test_a_principal_and_their_deputy_do_not_sign_two_steps_of_one_claim(
    world: World, principal: str, standing_in: str
) -> None:
    one = world.bring(world.file(*world.certified()), "NOTICED")
    world.stands_in(principal, standing_in)
    world.days(14)

    with pytest.raises(StandsTogether):
        world.step(one, "approve", APPROVER)
    assert world.step(one, "approve", official("r3", "reviewer")).outcome == steps.DONE


def test_whose_deputy_filed_it_does_not_sign_it_but_an_ended_relation_keeps_nobody_out(world: World) -> None:
    world.stands_in("r1", "r2", days=1)
    world.days(2)
    world.stands_in("h1", "h2")
    worker_id, record_id = world.certified()
    one = world.write(filing.file, worker_id, filing.Ask("SKILL_UP", record_id), official("h2", "handler"))

    with pytest.raises(StandsTogether):
        world.step(one, "accept", HANDLER)
    world.step(one, "accept", official("h3", "handler"))
    world.step(one, "review", REVIEWER)
    world.publish(one)
    world.days(14)
    assert world.step(one, "approve", APPROVER).outcome == steps.DONE


@pytest.mark.parametrize("change", ["amount", "account", "rule"])
def test_case_23_what_changes_after_a_signature_ends_all_of_them(
    world: World, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = world.bring(world.file(*world.certified()), "APPROVED")
    if change == "amount":
        world.registers.said["insured_months"] = 3
    elif change == "account":
        world.bank.default = 2
    else:
        rules, old = world.house.claims.rules, world.house.claims.rules.on("SKILL_UP", "2025-10-01")
        assert old is not None
        newer = load(old.text + "# 新版本\n".encode())
        monkeypatch.setattr(rules, "on", lambda *_asked: newer)
        known = rules.version
        monkeypatch.setattr(rules, "version", lambda sha: newer if sha == newer.sha256 else known(sha))

    done = world.step(one, "finance", PAYER)

    assert (done.outcome, done.claim.state, done.claim.round) == (steps.DIVERTED, "CHECKED", 2)
    assert (done.claim.signed, done.claim.hold, world.left()) == (None, "", 1_000_000)


def test_case_25_nothing_is_approved_before_the_list_has_ended_in_working_days(world: World) -> None:
    # 2025-10-09 is a Thursday; Saturday the 11th is worked for the holiday (调休), Sunday is not.
    one = world.bring(world.file(*world.certified()), "NOTICED")
    with world.house.db.read() as conn:
        (found,) = notices.every(conn)
    assert (found.start_on, found.end_on) == ("2025-10-09", "2025-10-15")
    world.days(6)
    with pytest.raises(ClaimNoticeOpen):
        world.step(one, "approve", APPROVER)
    world.days(1)
    assert world.step(one, "approve", APPROVER).outcome == steps.DONE


def test_case_25_an_objection_holds_back_its_claim_alone(world: World) -> None:
    first, second = (world.bring(world.file(*world.certified(n)), "REVIEWED") for n in (1, 2))
    world.publish(first, second)
    world.write(notices.object_to, world.read(first), "此人未参加评价", HANDLER)
    world.days(14)

    with pytest.raises(ClaimStep):
        world.step(first, "approve", APPROVER)
    assert world.step(second, "approve", APPROVER).outcome == steps.DONE
    world.step(first, "dismiss", REVIEWER, "已核实参加评价")
    assert world.step(first, "approve", APPROVER).outcome == steps.DONE


def test_case_25_a_claim_sent_back_comes_into_a_new_list_with_days_of_its_own(world: World) -> None:
    one = world.bring(world.file(*world.certified()), "NOTICED")
    world.days(14)
    world.write(steps.divert, world.read(one), "名单有变")
    world.bring(one, "NOTICED")
    with world.house.db.read() as conn:
        newer, older = notices.every(conn)
    assert newer.start_on > older.end_on
    with pytest.raises(ClaimNoticeOpen):
        world.step(one, "approve", APPROVER)


def test_a_public_list_names_nobody_in_full(world: World) -> None:
    world.bring(world.file(*world.certified()), "NOTICED")
    with world.house.db.read() as conn:
        (found,) = notices.every(conn)
    assert found.lines == [
        {
            "n": 1,
            "name": "马*",
            "kind": "SKILL_UP",
            "occupation": "6-18-02-04",
            "level": "3",
            "amount_fen": 200_000,
        }
    ]
    assert notices.masked("阿卜杜拉") == "阿**拉"
