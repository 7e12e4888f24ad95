"""A claim and the real bank's room: booked is paid, what came back is paid anew, once, to the new account."""

import uuid

import pytest

from recordsvc.money.bank import payee_accounts, payments
from recordsvc.money.bank.errors import PaymentLive
from recordsvc.money.claims import bank, escalating, paying, values, views
from recordsvc.money.claims.values import Claim
from recordsvc.money.ledger import accounts
from tests.money.bank import made
from tests.money.bank.desk import CLERK, Desk
from tests.money.bank.desk import REVIEWER as VERIFIER
from tests.money.claims.world import HANDLER, PAYER, World


def give_account(world: World, one: Claim, n: int) -> None:
    """Enter, check and verify an account of the claim's payee."""
    house = world.house
    entered = world.write(payee_accounts.enter, one.payee, made.payee(n), CLERK)
    payee_accounts.check_due(house)
    house.db.write(lambda turn: payee_accounts.verify(turn, entered, VERIFIER))


@pytest.fixture
def desk(world: World) -> Desk:
    world.house.claims.payments = bank.BankRoom(world.house)
    bank.connect(world.house)
    return Desk(world.house)


def test_case_32_with_the_bank_a_claim_is_paid_and_what_came_back_is_paid_once_more(
    world: World, desk: Desk
) -> None:
    one = world.file(*world.certified())
    assert world.step(one, "accept", HANDLER).claim.waits == "no-account"
    give_account(world, one, 1)
    world.bring(one, "PAYING")
    first = bytes.fromhex(world.read(one).payment)

    desk.send()
    desk.notify(desk.debit(first))

    assert world.read(one).state == "PAID"
    with world.house.db.read() as conn:
        assert accounts.balance(conn, "spent:test").posted == 200_000
    desk.notify(desk.credit(first))
    assert world.read(one).state == "RETURNED"
    # Closed: not there again, and it is its payee's turn.
    assert world.step(one, "pay", PAYER).outcome == "waits"
    back = world.read(one)
    assert (back.waits, back.owner, back.due_on) == ("account-failed", "worker", "2025-11-13")
    paying.run(world.house)
    assert world.read(one) == back
    give_account(world, one, 2)
    paying.run(world.house)
    back = world.read(one)
    assert (back.state, back.waits, back.owner, back.due_on) == ("RETURNED", "", "payer", "2025-10-28")
    world.step(one, "pay", PAYER)
    second = bytes.fromhex(world.read(one).payment)
    desk.send()
    desk.notify(desk.debit(second))

    assert world.read(one).state == "PAID"
    with world.house.db.read() as conn:
        attempts = payments.of_claim(conn, one.reference)
        assert accounts.balance(conn, "spent:test").posted == 200_000
    assert [(it.state, it.payee_version) for it in attempts] == [("returned", 1), ("settled", 2)]
    hold, queue = world.read(one).hold, world.house.claims.payments.queue
    with pytest.raises(PaymentLive):
        world.house.db.write(lambda turn: queue(turn, one.reference, one.payee, 1, hold, "official:p9"))


def test_a_bank_that_closed_the_account_makes_it_its_payee_s_turn_at_once(world: World, desk: Desk) -> None:
    one = world.file(*world.certified())
    give_account(world, one, 1)
    world.bring(one, "PAYING")
    paid = bytes.fromhex(world.read(one).payment)
    desk.send()
    desk.notify(desk.debit(paid))
    desk.notify(desk.credit(paid))

    back = world.read(one)
    assert (back.state, back.waits, back.owner) == ("RETURNED", "account-failed", "worker")
    # Another claim of theirs is not accepted for it either.
    other = world.file(one.worker_id, world.certified(occupation="6-29-03-07")[1], "EVAL")
    with world.house.db.read() as conn:
        shown = views.detailed(world.house, conn, back)
        assert world.house.claims.payments.account_of(conn, other.payee) == 0
    assert "账户已销户" in shown["came_back"]
    assert shown["account_ready"] is False


def test_what_came_back_is_reported_when_it_is_late_whoever_it_waits_on(world: World, desk: Desk) -> None:
    ones = [world.file(*world.certified(n)) for n in (1, 2)]
    for n, one in enumerate(ones, 1):
        give_account(world, one, n)
        world.bring(one, "PAYING")
    desk.send()
    for one, reason in zip(ones, ("AC04", "MS03"), strict=True):
        paid = bytes.fromhex(world.read(one).payment)
        desk.notify(desk.debit(paid))
        desk.notify(desk.credit(paid, returned=reason))
    assert [(it.owner, it.waits) for it in map(world.read, ones)] == [
        ("worker", "account-failed"),
        ("payer", ""),
    ]

    def reported() -> list[list[str]]:
        escalating.run(world.house)
        with world.house.db.read() as conn:
            found = [values.events_of(conn, one) for one in ones]
        return [[row.reason for row in rows if row.event == "escalate"] for rows in found]

    assert reported() == [[], []]
    world.days(10)
    assert reported() == [[], ["inspector"]]
    world.days(30)
    assert reported()[0] == ["inspector"]


def test_case_36_an_account_replaced_between_approval_and_payment_ends_the_signatures(
    world: World, desk: Desk
) -> None:
    one = world.file(*world.certified())
    give_account(world, one, 1)
    world.bring(one, "FINANCED")
    give_account(world, one, 2)

    paying.run(world.house)

    back = world.read(one)
    assert (back.state, back.signed, back.round) == ("CHECKED", None, 2)
    with world.house.db.read() as conn:
        assert payments.of_claim(conn, one.reference) == []


def test_another_s_payment_is_no_claim_s(world: World, desk: Desk) -> None:
    one = world.file(*world.certified())
    for reference in ("fee:1", f"claim:{uuid.uuid4().hex}", "claim:x"):
        world.write(paying.heard, reference, "settled")
    assert world.read(one).state == "CHECKED"


def test_without_an_account_of_the_fund_a_claim_waits_for_the_payer_told_once_and_then_is_paid(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = world.file(*world.certified())
    give_account(world, one, 1)
    world.bring(one, "FINANCED")
    with monkeypatch.context() as patch:
        patch.setattr(bank.paying, "every", lambda _conn: [])
        paying.run(world.house)
        paying.run(world.house)

    waiting = world.read(one)
    assert (waiting.state, waiting.waits, waiting.owner) == ("FINANCED", "no-paying-account", "payer")
    with world.house.db.read() as conn:
        told = [row.reason for row in values.events_of(conn, one) if row.source == row.target]
    assert told == ["no-paying-account"]

    paying.run(world.house)
    assert (world.read(one).state, world.read(one).waits) == ("PAYING", "")


def test_a_claim_that_is_stuck_keeps_no_other_back_and_is_said(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stuck, other = (world.file(*world.certified(n)) for n in (1, 2))
    for n, one in enumerate((stuck, other), 1):
        give_account(world, one, n)
        world.bring(one, "FINANCED")
    queue = payments.queue

    def queued(turn, house, claim_ref, *asked, **more):
        if claim_ref == stuck.reference:
            raise PaymentLive
        return queue(turn, house, claim_ref, *asked, **more)

    monkeypatch.setattr(payments, "queue", queued)
    paying.run(world.house)

    assert [world.read(one).state for one in (stuck, other)] == ["FINANCED", "PAYING"]
    assert '"claim-stuck"' in capsys.readouterr().err
