"""From the hearing to the last fen: decided by two, matched by two, never beyond what was paid."""

import pytest
import sqlalchemy as sa

from recordsvc.ground.two_person import SamePerson, StaleProposal
from recordsvc.money.bank import breaks, resolving
from recordsvc.money.bank.errors import ResolutionRefused
from recordsvc.money.claims.values import Claim, Who
from recordsvc.money.recovery import deciding, hearing, views
from recordsvc.money.recovery.errors import (
    RecoveryNotHeard,
    RecoveryRefused,
    RecoveryStands,
    RecoveryStep,
)
from recordsvc.money.recovery.values import Case
from tests.money.bank.desk import SECOND
from tests.money.claims.world import SPENT
from tests.money.recovery.world import HANDLER, REVIEWER, SOURCE, Recoveries

OFFICIAL = Who(HANDLER, frozenset({"handler"}))


def owing(world: Recoveries, asked_fen: int = 200_000, instalments: int = 1) -> tuple[Claim, Case]:
    one = world.paid()
    world.revoke(one)
    return one, world.owing(one, asked_fen, instalments)


def test_nothing_is_decided_before_the_worker_is_heard_or_the_days_are_over(world: Recoveries) -> None:
    one = world.paid()
    world.revoke(one)
    case = world.case(one)
    with pytest.raises(RecoveryNotHeard):
        world.propose(case, deciding.DECIDE, asked_fen=200_000, instalments=1)
    assert hearing.close_due(world.house) == 0

    world.write(hearing.say, case, "证书是真的，请向发证机构核实。", world.as_worker(one.worker_id))

    heard = world.case(one)
    assert heard.state == "HEARD"
    proposal = world.propose(heard, deciding.DECIDE, asked_fen=200_000, instalments=1)
    # Who says more after it was proposed is read first.
    world.write(hearing.say, heard, "附上新的证明。", world.as_worker(one.worker_id))
    with pytest.raises(StaleProposal):
        world.agree(proposal, REVIEWER, "reviewer")
    with pytest.raises(SamePerson):
        world.agree(
            world.propose(world.case(one), deciding.DECIDE, asked_fen=1, instalments=1), HANDLER, "reviewer"
        )


def test_what_is_decided_stays_within_what_was_paid_and_the_plan_adds_up(world: Recoveries) -> None:
    one = world.paid()
    world.revoke(one)
    world.days(30)
    assert hearing.close_due(world.house) == 1
    for wrong in ({"asked_fen": 200_001}, {"asked_fen": 0}, {"instalments": 13}, {"instalments": 0}):
        with pytest.raises(RecoveryRefused):
            world.propose(world.case(one), deciding.DECIDE, **{"asked_fen": 1, "instalments": 1} | wrong)

    world.decide(world.case(one), deciding.DECIDE, asked_fen=100_001, instalments=3)

    case = world.case(one)
    plan = views.plan(case)
    assert [it["amount_fen"] for it in plan] == [33_333, 33_333, 33_335]
    assert (case.state, case.pay_until, plan[-1]["due_on"]) == ("DECIDED", case.pay_until, case.pay_until)
    with pytest.raises(RecoveryStep):
        world.write(hearing.say, case, "太迟了", world.as_worker(one.worker_id))


def test_case_45_what_comes_back_never_exceeds_what_was_paid(world: Recoveries) -> None:
    one, case = owing(world, 200_000, 2)
    spent, left = world.posted(SPENT), world.left()

    case = world.repaid(case, 150_000, "C1")
    assert (case.state, case.recovered_fen, case.owed_fen) == ("PARTIAL", 150_000, 50_000)
    with pytest.raises(ResolutionRefused):
        world.pay_back(case, 50_001, "C2")
    case = world.repaid(case, 50_000, "C3")

    assert (case.state, world.read(one).state) == ("SETTLED", "RECOVERED")
    assert (world.posted(SPENT), world.left()) == (spent - 200_000, left + 200_000)
    assert world.posted("cash:employ:suspense") == -50_001
    assert world.posted("cash:employ:payee_in") == -200_000


def test_case_45_the_database_itself_refuses_more_than_was_paid(world: Recoveries) -> None:
    one, case = owing(world)
    world.repaid(case, 150_000, "C1")
    again = (
        "INSERT INTO recovery_receipt (worker_id, claim_id, n, before_n, recovery_id, paid_fen, before_fen, "
        "amount_fen, after_fen, way, account, reference, posting, proposed_by, decided_by, at_ms) "
        "SELECT worker_id, claim_id, :n, :before_n, recovery_id, :paid, :before, :amount, :after, way, "
        "account, :reference, posting, proposed_by, decided_by, at_ms "
        "FROM recovery_receipt"
    )
    world.pay_back(world.case(one), 50_000, "C2")
    good = {"n": 2, "before_n": 1, "paid": 200_000, "before": 150_000, "amount": 50_000, "after": 200_000}
    for wrong in (
        {"amount": 50_001, "after": 200_001},
        {"before": 0, "after": 50_000},
        {"n": 3, "before_n": 1},
        {"n": 2, "before_n": None, "before": 0, "after": 50_000},
        {"paid": 300_000, "amount": 150_000, "after": 300_000},
        {"after": 100_000},
    ):
        with pytest.raises(sa.exc.IntegrityError):
            world.sql(again, reference="C2", **good | wrong)
    line = "INSERT INTO recovery_line SELECT account, :reference, worker_id, claim_id, n FROM recovery_line"
    for reference in ("C1", "C9"):
        with pytest.raises(sa.exc.IntegrityError):
            world.sql(line, reference=reference)
    for change in (
        "recovered_fen = 200001",
        "asked_fen = 200001",
        "decided_by = proposed_by",
        "state = 'SETTLED'",
    ):
        with pytest.raises(sa.exc.IntegrityError):
            world.sql(f"UPDATE recovery SET {change}")
    world.sql(again, **good, reference="C2")


def test_case_45_money_of_a_year_that_is_over_goes_back_to_its_source(world: Recoveries) -> None:
    _, case = owing(world)
    world.days(100)
    assert world.desk.today().year == 2026
    left, source = world.left(), world.posted(SOURCE)

    world.repaid(case, 200_000, "C1")

    assert (world.left(), world.posted(SOURCE), world.posted(SPENT)) == (left, source + 200_000, 0)


def test_a_part_that_was_due_stays_paid(world: Recoveries) -> None:
    one, case = owing(world, 80_000)

    world.repaid(case, 80_000, "C1")

    assert (world.case(one).state, world.read(one).state) == ("SETTLED", "CLOSED")


def test_two_payers_take_a_repayment_in_and_one_line_is_one_receipt(world: Recoveries) -> None:
    _, case = owing(world)
    proposal = world.pay_back(case, 100_000, "C1")
    with pytest.raises(SamePerson):
        world.agree(proposal, "official:p1", "payer")
    world.agree(proposal, SECOND, "payer")
    assert world.desk.open_breaks() == []


def test_only_a_credit_of_the_fund_s_account_and_a_case_that_owes_is_a_repayment(world: Recoveries) -> None:
    one = world.paid()
    world.revoke(one)
    with pytest.raises(ResolutionRefused):
        world.pay_back(world.case(one), 1, "C0")
    (found,) = world.desk.read(lambda conn: [it for it in breaks.listed(conn) if it.state == "open"])
    offered = world.desk.read(lambda conn: resolving.repayments(world.house, conn, found))
    assert offered == []
    case = world.owing(one, 200_000)
    assert world.desk.read(lambda conn: resolving.repayments(world.house, conn, found)) == [case.recovery_id]


def test_what_cannot_be_had_back_is_written_off_by_two_on_a_ground(world: Recoveries) -> None:
    one, case = owing(world, 200_000)
    case = world.repaid(case, 50_000, "C1")
    with pytest.raises(RecoveryRefused):
        world.propose(case, deciding.WRITE_OFF, ground="because")

    world.decide(case, deciding.WRITE_OFF, ground="no-means")

    case = world.case(one)
    assert (case.state, case.recovered_fen, case.owed_fen) == ("WRITTEN_OFF", 50_000, 0)
    assert world.read(one).state == "CLOSED"
    with pytest.raises(ResolutionRefused):
        world.pay_back(case, 1, "C2")


def test_an_official_opens_a_case_on_a_ground_of_theirs_for_what_was_paid(world: Recoveries) -> None:
    one = world.claimed()
    opened = (deciding.open_by_hand, world.read(one), "obtained-falsely", 200_000, "举报属实", OFFICIAL)
    with pytest.raises(RecoveryStands):
        world.write(*opened)
    world.bring(one, "PAYING")
    world.settle(one)
    for ground, amount in (("record-revoked", 1), ("obtained-falsely", 200_001), ("obtained-falsely", 0)):
        with pytest.raises(RecoveryRefused):
            world.write(deciding.open_by_hand, world.read(one), ground, amount, "举报", OFFICIAL)

    case = world.write(
        deciding.open_by_hand, world.read(one), "obtained-falsely", 200_000, "举报属实", OFFICIAL
    )

    assert (case.state, case.words, world.read(one).state) == ("OPENED", "举报属实", "RECOVERING")
    with pytest.raises(RecoveryStands):
        world.write(deciding.open_by_hand, world.read(one), "paid-in-error", 1, "再次", OFFICIAL)


def test_of_two_who_decide_at_once_one_wins(world: Recoveries) -> None:
    one = world.paid()
    world.revoke(one)
    world.days(30)
    hearing.close_due(world.house)
    case = world.case(one)
    first = world.propose(case, deciding.DECIDE, asked_fen=200_000, instalments=1)
    second = world.propose(case, deciding.DROP)
    world.agree(first, REVIEWER, "reviewer")
    with pytest.raises(StaleProposal):
        world.agree(second, REVIEWER, "reviewer")
    assert world.case(one).state == "DECIDED"
