"""Keeping back (抵扣) from a later subsidy: where the law says so, in part, in both books."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import dated
from recordsvc.archive import noticeboard
from recordsvc.ground.commit import Turn
from recordsvc.ground.finding import Snapshot, Wrong
from recordsvc.money.bank import payments
from recordsvc.money.claims import paying, steps
from recordsvc.money.claims.values import Claim, find
from recordsvc.money.ledger import booking
from recordsvc.money.ledger.tables import account, balance
from recordsvc.money.ledger.values import Posting, move
from recordsvc.money.recovery import deciding, hearing, offsetting
from recordsvc.money.recovery.errors import RecoveryRefused, RecoveryStep
from recordsvc.money.recovery.fsck import RecoveryCheck
from recordsvc.money.recovery.values import Case
from tests.archive.support import Centre
from tests.money.claims.test_days import attended, member
from tests.money.claims.world import LEFT, PAYER, SPENT
from tests.money.recovery.world import SOURCE, Recoveries


@pytest.fixture
def law(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The dated row of offsets as an authority may set it: allowed; a test may say otherwise."""
    said: dict[str, Any] = {"allowed": True}
    rule = dated.rule

    def set_by_an_authority(table: str, code: str, day: str) -> dated.Row:
        row = rule(table, code, day)
        return {**row, **said} if (table, code) == ("recovery_terms", "offset") else row

    monkeypatch.setattr(dated, "rule", set_by_an_authority)
    return said


def owing(world: Recoveries, asked_fen: int = 200_000, **more: Any) -> tuple[Claim, Case]:
    """A claim of 2,000 yuan that is asked back, to be kept back from later ones."""
    one = world.paid()
    world.revoke(one)
    case = world.heard(one)
    said = {"asked_fen": asked_fen, "instalments": 1, "by_offset": True} | more
    world.decide(case, deciding.DECIDE, **said)
    return one, world.case(one)


def later(world: Recoveries, to: str = "PAYING", level: str = "4") -> Claim:
    """A later claim of the same worker, in another occupation, of which more are had in a year."""
    world.registers.said["shortage"] = True
    one = world.claimed(level=level, occupation="6-31-01-03")
    world.bring(one, to)
    return world.read(one)


def zero_sum(world: Recoveries) -> bool:
    """Whether each of the two books adds up to nothing."""
    own = balance.c
    moved = sa.func.sum(own.in_posted - own.out_posted)
    query = sa.select(account.c.ledger, moved).join(balance, own.account == account.c.id)
    with world.house.db.read() as conn:
        found = conn.execute(query.group_by(account.c.ledger)).all()
    return {row[0]: row[1] for row in found} == {"BUDGET": 0, "CASH": 0}


def sums_hold(world: Recoveries) -> None:
    with world.house.db.read() as conn, Snapshot(conn) as snapshot:
        RecoveryCheck(snapshot).run(lambda _stage, _done: None)


def test_case_45_a_part_of_a_later_subsidy_is_kept_back_in_both_books(
    world: Recoveries, law: dict[str, Any]
) -> None:
    one, case = owing(world)
    left, spent = world.left(), world.posted(SPENT)

    more = later(world)

    # Half of 1,500 yuan at most: the rest goes to the bank, under a hold of its own.
    assert (more.amount_fen, more.offset_fen) == (150_000, 75_000)
    with world.house.db.read() as conn:
        paid = payments.find(conn, bytes.fromhex(more.payment))
        (receipt,) = offsetting.kept_back(conn, more)
    assert (paid.amount_fen, paid.hold, receipt.amount_fen) == (75_000, more.hold, 75_000)
    assert (receipt.proposed_by, receipt.decided_by) == (case.proposed_by, case.decided_by)
    assert (world.case(one).state, world.case(one).owed_fen) == ("PARTIAL", 125_000)
    # What is kept back is spent on the later claim, and the earlier one's comes back to its line.
    assert (world.left(), world.posted(SPENT)) == (left - 75_000, spent)
    world.settle(more)
    assert (world.left(), world.posted(SPENT)) == (left - 75_000, spent + 75_000)
    assert world.posted("cash:employ:payee_in") == -75_000
    assert world.posted("cash:employ:payee_out") == 200_000 + 75_000 + 75_000
    assert world.posted("cash:employ:bank") == -275_000
    assert zero_sum(world)
    assert "recovery-offset" in told(world, one.worker_id)
    sums_hold(world)
    # Who has the rest left over pays it, and no fen beyond.
    assert world.repaid(world.case(one), 125_000, "C1").state == "SETTLED"
    sums_hold(world)


def told(world: Recoveries, worker_id: bytes) -> list[str]:
    with world.house.db.read() as conn:
        return sorted(it.kind for it in noticeboard.of_workers(world.house, conn, [worker_id]))


def test_case_45_no_more_is_kept_back_than_is_owed(world: Recoveries, law: dict[str, Any]) -> None:
    one, _ = owing(world, 20_001)

    more = later(world)

    assert (more.offset_fen, world.case(one).state, world.read(one).state) == (20_001, "SETTLED", "CLOSED")
    sums_hold(world)


def test_case_45_money_kept_back_of_a_year_that_is_over_goes_to_its_source(
    world: Recoveries, law: dict[str, Any]
) -> None:
    _, _ = owing(world)
    world.days(45)
    assert world.desk.today().year == 2026
    source, left = world.posted(SOURCE), world.left()

    later(world)

    assert (world.posted(SOURCE), world.left()) == (source + 75_000, left - 150_000)


def test_case_45_protected_living_allowance_is_kept_back_only_while_the_worker_agrees(
    world: Recoveries, law: dict[str, Any]
) -> None:
    one, case = owing(world)
    world.registers.said["public_payroll"] = False
    school = Centre(world.house, 7)
    worker_id, course, first = attended(world, school, 10)
    member(world, first)
    living = world.file(worker_id, course, kind="LIVING")
    assert living.amount_fen == 40_000
    world.bring(living, "FINANCED")
    me = world.as_worker(one.worker_id)

    world.write(hearing.agree, world.case(one), me, agrees=True)
    world.write(hearing.agree, world.case(one), me, agrees=False)
    assert kept(world, living) == 0
    world.write(hearing.agree, world.case(one), me, agrees=True)
    assert kept(world, living) == 20_000

    paying.run(world.house)
    assert (world.read(living).state, world.read(living).offset_fen) == ("PAYING", 20_000)
    assert world.case(one).recovered_fen == 20_000
    assert case.recovered_fen == 0


def kept(world: Recoveries, one: Claim) -> int:
    """How much would be kept back of a claim now; nothing is."""
    found = []

    def act(turn: Turn) -> None:
        found.append(world.house.claims.offsets.take(turn, find(turn.conn, one.claim_id))[0])
        raise Rolled

    with pytest.raises(Rolled):
        world.house.db.write(act)
    return found[0]


class Rolled(Exception):
    """What was done is taken back."""


def test_where_the_law_does_not_allow_it_nothing_is_decided_nor_kept_back(
    world: Recoveries, law: dict[str, Any]
) -> None:
    law["allowed"] = False
    one = world.paid()
    world.revoke(one)
    case = world.heard(one)
    with pytest.raises(RecoveryRefused) as refused:
        world.propose(case, deciding.DECIDE, asked_fen=1, instalments=1, by_offset=True)
    assert [it["pointer"] for it in refused.value.errors] == ["/by_offset"]
    law["allowed"] = True
    world.decide(case, deciding.DECIDE, asked_fen=200_000, instalments=1, by_offset=True)
    law["allowed"] = False

    assert (later(world).offset_fen, world.case(one).recovered_fen) == (None, 0)


def test_without_a_decision_that_says_so_nothing_is_kept_back(world: Recoveries, law: dict[str, Any]) -> None:
    one, _ = owing(world, by_offset=False)

    assert (later(world).offset_fen, world.case(one).recovered_fen) == (None, 0)


def test_what_another_owes_is_left_alone(world: Recoveries, law: dict[str, Any]) -> None:
    one, _ = owing(world)
    other = world.claimed(2)
    world.bring(other, "PAYING")

    assert (world.read(other).offset_fen, world.case(one).recovered_fen) == (None, 0)


def test_a_claim_that_waits_keeps_nothing_back_until_it_can_be_paid(
    world: Recoveries, law: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = owing(world)
    more = later(world, "FINANCED")
    with monkeypatch.context() as patched:
        patched.setattr("recordsvc.money.bank.paying.every", lambda _conn: [])
        paying.run(world.house)
    waiting = world.read(more)
    assert (waiting.state, waiting.waits, waiting.hold) == ("FINANCED", "no-paying-account", more.hold)
    assert world.case(one).recovered_fen == 0

    paying.run(world.house)

    assert (world.read(more).state, world.case(one).recovered_fen) == ("PAYING", 75_000)


def test_a_rest_that_comes_back_is_paid_again_and_never_lapses(
    world: Recoveries, law: dict[str, Any]
) -> None:
    one, _ = owing(world)
    more = later(world)
    world.settle(more)
    world.desk.notify(world.desk.credit(bytes.fromhex(world.read(more).payment)))
    assert world.read(more).state == "RETURNED"

    world.days(400)
    assert paying.lapse_due(world.house) == 0
    assert world.write(paying.lapse, world.read(more)) is False
    world.another_account(more)
    world.write(steps.step, world.read(more), "pay", PAYER)

    again = world.read(more)
    with world.house.db.read() as conn:
        assert payments.find(conn, bytes.fromhex(again.payment)).amount_fen == 75_000
    assert (again.state, again.offset_fen, world.case(one).recovered_fen) == ("PAYING", 75_000, 75_000)
    sums_hold(world)


def test_the_worker_s_word_is_taken_only_while_something_is_owed(
    world: Recoveries, law: dict[str, Any]
) -> None:
    one = world.paid()
    world.revoke(one)
    with pytest.raises(RecoveryStep):
        world.write(hearing.agree, world.case(one), world.as_worker(one.worker_id), agrees=True)


def test_the_database_itself_refuses_to_keep_back_all_of_a_claim(
    world: Recoveries, law: dict[str, Any]
) -> None:
    owing(world)
    more = later(world)
    for wrong in (more.amount_fen, 0, -1):
        with pytest.raises(sa.exc.IntegrityError):
            world.sql(
                "UPDATE claim_state SET offset_fen = :wrong WHERE claim_id = :one",
                wrong=wrong,
                one=more.claim_id,
            )


def test_sums_that_do_not_hold_are_found(world: Recoveries, law: dict[str, Any]) -> None:
    owing(world)
    later(world)
    sums_hold(world)
    for table, change in (
        ("claim_state", "UPDATE claim_state SET offset_fen = 74999 WHERE offset_fen IS NOT NULL"),
        ("claim_state", "UPDATE claim_state SET offset_fen = NULL"),
        ("recovery ", "UPDATE recovery SET recovered_fen = 74999"),
    ):
        assert table in wrong_after(world, lambda turn, said=change: turn.conn.execute(sa.text(said)))
    unheard_of = Posting("stray", (move(SPENT, LEFT, 5),), "recovered", "official:f1")
    assert "transfer group_id=stray" in wrong_after(world, lambda turn: booking.book(turn, unheard_of))


def wrong_after(world: Recoveries, change: Callable[[Turn], object]) -> str:
    """Where a check finds a fault after a change, which is taken back."""
    found = []

    def act(turn: Turn) -> None:
        change(turn)
        with Snapshot(turn.conn) as snapshot, pytest.raises(Wrong) as wrong:
            RecoveryCheck(snapshot).run(lambda _stage, _done: None)
        found.append(wrong.value.finding.where)
        raise Rolled

    with pytest.raises(Rolled):
        world.house.db.write(act)
    return found[0]
