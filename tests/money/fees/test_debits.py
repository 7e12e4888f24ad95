"""Fees through the card's account: debits by mandate, what is kept, handed on, and goes back by the bank."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from lxml import etree

from banksim import messages
from banksim.messages import Told
from recordsvc.access.errors import Recused
from recordsvc.archive import closing, noticeboard
from recordsvc.archive.closing import Death
from recordsvc.ground.two_person import StaleProposal
from recordsvc.money.bank import (
    batches,
    breaks,
    collecting,
    dispatch,
    instant,
    payee_accounts,
    payments,
    terms,
)
from recordsvc.money.bank.errors import NothingToPay, PaymentLive
from recordsvc.money.bank.formats.profile import Profile
from recordsvc.money.bank.instant import Answer, Wanted
from recordsvc.money.fees import debiting, keeping, mandates, refunding
from recordsvc.money.fees.errors import FeeNotDebitable, FeeStep, MandateStands, OfferingRefused
from recordsvc.money.fees.tables import fee_mandate
from recordsvc.money.fees.values import Order
from tests.archive.test_merging import decided
from tests.money.bank import made
from tests.money.bank.desk import CLERK, REVIEWER
from tests.money.bank.world import Crashes, watched
from tests.money.fees.till import CODE, Simulated, Till
from tests.money.fees.world import FEE, World


@pytest.fixture
def till(world: World) -> Till:
    return Till(world)


# -- mandates


def test_a_mandate_is_for_one_verified_account_up_to_an_amount_until_a_day(world: World, till: Till) -> None:
    one = world.order(0, world.offer())
    with pytest.raises(FeeNotDebitable):
        till.debit(one)
    with pytest.raises(OfferingRefused):
        world.write(mandates.sign, world.house, world.workers[0], FEE, world.today(-1), "worker:0")
    till.sign(0, FEE - 1)
    with pytest.raises(FeeNotDebitable):
        till.debit(one)
    with pytest.raises(MandateStands):
        till.sign(0)
    assert world.write(mandates.end, world.house, world.workers[0], "worker:0")
    till.sign(0, FEE)
    till.account(mandates.payer(world.workers[0]), 77)  # another account needs another mandate
    with pytest.raises(FeeNotDebitable):
        till.debit(one)
    row = {"worker_id": world.workers[0], "mandate_id": b"m" * 16, "number": "M", "payee_version": 1}
    row |= {"most_fen": 1, "until_on": "2099-01-01", "signed_on": "2020-01-01", "signed_by": "x"}
    with pytest.raises(sa.exc.IntegrityError), world.house.db.engine.begin() as conn:
        conn.execute(fee_mandate.insert().values(row | {"signed_ms": 1}))


def test_a_batch_of_debits_is_not_sealed_by_who_keeps_out_of_one_of_its_payers(
    world: World, till: Till
) -> None:
    one = till.debited(0, world.offer())
    out = frozenset({mandates.payer(world.workers[0])})
    with pytest.raises(Recused):
        world.write(collecting.seal, world.house, CODE, "official:kin", out)
    assert (till.of(one).state, world.read(batches.listed)) == ("approved", [])
    till.seal()
    assert till.of(one).state == "queued"


def test_a_mandate_that_ends_takes_back_what_the_bank_does_not_have(world: World, till: Till) -> None:
    offered = world.offer()
    one = till.debited(0, offered)
    batch = till.seal()
    world.write(mandates.end, world.house, world.workers[0], "worker:0")
    assert (till.of(one).state, world.state(one)) == ("withdrawn", "FAILED")
    with pytest.raises(StaleProposal):
        till.desk.release(batch)
    world.write(collecting.cancel, world.house, batch.batch_id)
    with pytest.raises(NothingToPay):
        till.seal()
    sent = till.debited(1, offered)
    till.send()
    with world.house.db.read() as conn:
        assert "fee/mandate" in [it.code for it in keeping.blocking(world.house, conn, world.workers[1])]
    world.write(mandates.end, world.house, world.workers[1], "worker:1")
    assert till.of(sent).state == "queued"  # the bank has it: its word, or its book, ends it


def test_what_was_to_be_debited_in_a_merge_that_was_undone_is_taken_back(world: World, till: Till) -> None:
    house, worker_id = world.house, world.workers[0]
    before = till.sign(0)
    house.clock.advance(60_000)
    since_ms = house.clock.now_ms()
    one = till.debited(0, world.offer())
    for part in house.parters:
        world.write(part, house, [worker_id], since_ms, CLERK)
    assert (till.of(one).state, world.state(one)) == ("withdrawn", "FAILED")
    assert world.read(mandates.standing, worker_id) == before  # signed before it, by who has the archive


def test_a_mandate_ends_with_the_death_of_its_worker_and_keeps_nothing_after_its_last_day(
    world: World, till: Till
) -> None:
    offered = world.offer()
    one = till.debited(0, offered)
    died = Death("death-certificate", "2025-01-02", "死亡证明", ["ab" * 32])
    house, by = world.house, "official:first"
    decided(house, lambda turn: closing.propose_closure(turn, house, world.workers[0], died, by))
    assert (till.of(one).state, world.state(one)) == ("withdrawn", "FAILED")
    assert world.read(mandates.standing, world.workers[0]) is None
    till.sign(1)

    def codes() -> list[str]:
        with house.db.read() as conn:
            return [it.code for it in keeping.blocking(house, conn, world.workers[1])]

    world.days(90)
    assert codes() == ["fee/mandate"]
    world.days(1)
    assert codes() == []


# -- files


def test_a_debit_is_one_file_of_fixed_bytes_under_a_fixed_id(world: World, till: Till) -> None:
    one = till.debited(0, world.offer())
    with pytest.raises(FeeStep):
        till.debit(one)
    batch = till.send()
    with world.house.db.read() as conn:
        content = batches.content(world.house, conn, batch)
    sent = world.house.settings.bank_folder / CODE / "in" / batch.file_name
    assert sent.read_bytes() == content
    sent.unlink()
    with world.house.db.engine.begin() as conn:
        conn.exec_driver_sql("UPDATE payment_batch SET state = 'released', lease_ms = 0, sent_ms = NULL")
    assert dispatch.run(world.house) == 1
    assert sent.read_bytes() == content
    found = till.of(one)
    document = etree.fromstring(content)
    names = {"p": document.tag[1:].partition("}")[0]}
    assert document.findtext(".//p:MndtId", namespaces=names) == found.mandate
    assert document.findtext(".//p:EndToEndId", namespaces=names) == found.end_to_end_id
    agreed = collecting.Mandate(found.mandate, found.signed_on)
    said = (found.reference, CODE, found.payer, found.payer_version, FEE, agreed)
    with pytest.raises(PaymentLive):
        world.write(collecting.queue, world.house, *said, purpose="x", by="x")


@pytest.mark.parametrize("profile", ["sample-delimited", "sample-fixed"])
def test_a_bank_s_own_form_carries_debits(profile: str) -> None:
    file = Profile(profile, made.DAY).collect(made.collections(made.collection(1), made.collection(2)))
    lines = file.content.decode("gb18030").splitlines()
    assert (file.name, len(lines)) == ("DK_C1.txt", 3)
    assert "M1" in lines[1]
    assert "20261008" in lines[1]
    assert made.payee(1).number in lines[1]


# -- booked


def test_only_a_booked_line_pays_a_fee_and_it_is_kept_for_its_institution(world: World, till: Till) -> None:
    one = till.debited(0, world.offer())
    batch = till.send()
    till.desk.report(batch, till_told(till, one, "ACSC"))
    assert world.state(one) == "PENDING"
    assert till.desk.notify(till.credit(one)) == "applied"
    assert (world.state(one), till.kept(), world.held()) == ("PAID", FEE, 0)
    assert world.read(batches.find, batch.batch_id).state == "closed"
    with world.house.db.read() as conn:
        assert world.house.cash.balance_fen(conn, CODE) == FEE
    till.desk.notify(till.credit(one))
    assert till.kept() == FEE
    till.desk.notify(till.credit(one, reference="another"))
    assert (till.kept(), till.desk.open_breaks()) == (FEE, ["unknown-credit"])
    world.adds_up()


def till_told(till: Till, one, status: str, reason: str = ""):
    return Told(till.of(one).end_to_end_id, status, reason)


def test_a_refused_debit_ends_the_order_and_takes_nothing(world: World, till: Till) -> None:
    offered = world.offer()
    one = till.debited(0, offered)
    till.refuse(till.send(), one)
    assert (world.state(one), world.payments(one)[0].state) == ("FAILED", "failed")
    assert till.debited(0, offered).order_id != one.order_id
    world.adds_up()


def test_a_fen_less_is_no_payment(world: World, till: Till) -> None:
    one = till.debited(0, world.offer())
    till.send()
    till.desk.notify(till.credit(one, amount_fen=FEE - 1))
    assert (world.state(one), till.kept()) == ("PENDING", 0)
    assert till.desk.open_breaks() == ["unknown-credit"]


def test_silence_is_unknown_until_statements_of_later_days_show_nothing(world: World, till: Till) -> None:
    one = till.debited(0, world.offer())
    till.send()
    till.desk.state_account(1, 0)
    world.days(20)
    terms.run(world.house)
    assert (world.state(one), world.payments(one)[0].state) == ("UNKNOWN", "unknown")
    with pytest.raises(FeeStep):
        till.debit(one)  # nobody knows: it is not asked for twice
    till.desk.state_account(2, 0)
    terms.run(world.house)
    assert world.state(one) == "FAILED"
    till.desk.notify(till.credit(one))
    assert (world.state(one), till.kept(""), [it.ground for it in world.refunds(one)]) == (
        "FAILED",
        FEE,
        ["surplus"],
    )
    world.adds_up()


def test_case_42_paid_at_the_counter_and_by_card_the_card_s_goes_back(world: World, till: Till) -> None:
    one = till.debited(0, world.offer())
    batch = till.send()
    till.refuse(batch, one)  # for lack of funds ...
    other = world.order(0, world.offering(one.offering_id))
    world.check(world.take(other))  # ... so it is paid at the counter ...
    till.desk.notify(till.credit(one))  # ... and the bank takes it all the same
    assert (world.state(one), world.state(other), till.kept("")) == ("FAILED", "PAID", FEE)

    again = till.debited(1, world.offering(one.offering_id))
    till.send()
    world.check(world.take(again))
    till.desk.notify(till.credit(again))

    assert (world.state(again), world.held(), till.kept(), till.kept("")) == ("PAID", 2 * FEE, 0, 2 * FEE)
    assert [it.ground for it in world.refunds(again)] == ["surplus"]
    assert debiting.run(world.house) == 2
    till.desk.send()
    back = world.read(payments.listed)
    till.desk.notify(*(till.desk.debit(it.payment_id) for it in back))
    assert till.kept("") == 0
    assert {it.state for order in (one, again) for it in world.refunds(order)} == {"done"}
    with world.house.db.read() as conn:
        assert world.house.cash.balance_fen(conn, CODE) == 0
    world.adds_up()


# -- back, and on


def booked(world: World, till: Till, offered, *which: int) -> list:
    orders = [till.debited(n, offered) for n in which]
    till.send()
    till.desk.notify(*(till.credit(one) for one in orders))
    return orders


def test_a_refund_leaves_what_is_kept_and_is_paid_again_when_it_comes_back(world: World, till: Till) -> None:
    offered = world.offer(units=4)
    (one,) = booked(world, till, offered, 0)
    world.progress(offered, 1)
    back = world.leave(one, 1)
    assert (back.account, back.amount_fen) == (CODE, FEE * 3 // 4)
    debiting.run(world.house)
    debiting.run(world.house)
    first = till.payment("fee-back")
    assert first.amount_fen == back.amount_fen
    till.desk.send()
    till.desk.notify(till.desk.debit(first.payment_id))
    assert (world.state(one), till.kept()) == ("PART_REFUNDED", FEE // 4)
    till.desk.notify(till.desk.credit(first.payment_id))
    assert (world.state(one), till.kept()) == ("PART_REFUNDED", FEE)
    debiting.run(world.house)
    assert till.payment("fee-back").attempt == 1, "the account it came back from takes nothing more"
    till.account(mandates.payer(world.workers[0]), 60)
    debiting.run(world.house)
    second = till.payment("fee-back")
    assert second.attempt == 2
    till.desk.send()
    till.desk.notify(till.desk.debit(second.payment_id))
    assert (world.state(one), till.kept()) == ("PART_REFUNDED", FEE // 4)
    assert [it.state for it in world.refunds(one)] == ["done"]
    world.adds_up()


def test_a_refund_waits_for_a_verified_account(world: World, till: Till) -> None:
    (one,) = booked(world, till, world.offer(), 0)
    payee = mandates.payer(world.workers[0])
    found = world.write(payee_accounts.enter, world.house, payee, made.payee(50), CLERK)
    world.leave(one)
    assert debiting.run(world.house) == 0
    payee_accounts.check_due(world.house)
    world.write(payee_accounts.verify, found, REVIEWER)
    assert debiting.run(world.house) == 1


def test_what_is_kept_is_handed_on_the_day_after_and_not_what_goes_back(world: World, till: Till) -> None:
    offered = world.offer()
    first, second = booked(world, till, offered, 0, 1)
    assert debiting.run(world.house) == 0
    world.leave(second)
    world.dispute(first)
    world.days(1)
    assert debiting.run(world.house) == 1  # the refund; what is disputed stays where it is
    world.end_dispute(first)
    assert debiting.run(world.house) == 1
    passed = till.payment("fee-pass")
    assert (passed.payee, passed.amount_fen) == (f"institution:{world.centre.uscc}", FEE)
    till.desk.send()
    till.desk.notify(till.desk.debit(passed.payment_id))
    assert (world.held(), till.kept()) == (FEE, FEE)
    back = world.leave(first)
    assert (back.account, back.amount_fen) == ("", FEE)  # the institution has it, and gives it back itself
    world.give_back(back)
    assert (world.state(first), world.held()) == ("REFUNDED", 0)
    world.adds_up()


def test_kept_until_it_is_earned_only_on_a_legal_basis(
    world: World, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not debiting.holds(CODE, world.today())
    monkeypatch.setattr(debiting, "holds", lambda code, _today: code == CODE)
    offered = world.offer(units=4)
    (one,) = booked(world, till, offered, 0)
    world.days(1)
    assert debiting.run(world.house) == 0
    world.progress(offered, 1)
    assert debiting.run(world.house) == 1
    assert till.payment("fee-pass").amount_fen == FEE // 4
    world.progress(offered, 2)
    backs = world.write(refund_of, world.house, one)
    assert [(it.account, it.amount_fen) for it in backs] == [(CODE, FEE * 3 // 4), ("", FEE // 4)]
    world.adds_up()


def refund_of(turn, house, one):
    return refunding.leave(turn, house, one, "left", 0, "未上课", "staff:x")


# -- at once


class Bank:
    """Says of a payment at once what a test wants."""

    def __init__(self, *answers: Answer | OSError) -> None:
        self.answers, self.asked = list(answers), []

    def pay(self, wanted: Wanted) -> Answer:
        self.asked.append(wanted)
        return self._next()

    def ask(self, account: str, end_to_end_id: str) -> Answer:
        return self._next()

    def _next(self) -> Answer:
        said = self.answers.pop(0)
        if isinstance(said, OSError):
            raise said
        return said


def pays(world: World, till: Till, n: int, offered, *answers: Answer | OSError):
    world.house.instant_pay = bank = Bank(*answers)
    one = world.order(n, offered)
    asked = world.write(debiting.at_once, world.house, one.order_id, f"worker:{n}")
    instant.send(world.house, asked.instant_id)
    instant.send(world.house, asked.instant_id)
    assert len(bank.asked) == 1, "it is asked for once"
    return one, asked


def came_at_once(till: Till, asked: instant.Instant) -> None:
    line = messages.Line(
        f"N{asked.end_to_end_id[-9:]}",
        credit=True,
        amount_fen=asked.amount_fen,
        booked_on=till.desk.today(),
        end_to_end_id=asked.end_to_end_id,
    )
    assert till.desk.notify(line) == "applied"


def test_a_payment_at_once_counts_with_its_booked_line(world: World, till: Till) -> None:
    one, asked = pays(world, till, 0, world.offer(), Answer.ACCEPTED)
    assert world.state(one) == "PENDING"
    with pytest.raises(FeeStep):
        world.write(debiting.at_once, world.house, one.order_id, "worker:0")
    came_at_once(till, asked)
    assert (world.state(one), till.kept(), till.desk.open_breaks()) == ("PAID", FEE, [])
    with world.house.db.read() as conn:
        assert world.house.cash.balance_fen(conn, CODE) == FEE
    world.adds_up()


def test_a_refusal_ends_the_order_and_money_that_comes_all_the_same_goes_back(
    world: World, till: Till
) -> None:
    one, asked = pays(world, till, 0, world.offer(), Answer.REFUSED)
    assert world.state(one) == "FAILED"
    came_at_once(till, asked)
    assert (world.state(one), till.kept(""), world.refunds(one)[0].ground) == ("FAILED", FEE, "surplus")
    world.adds_up()


def test_no_answer_is_unknown_and_asked_again_and_ended_by_a_later_statement(
    world: World, till: Till
) -> None:
    offered = world.offer()
    one, asked = pays(world, till, 0, offered, OSError("no route"), Answer.UNKNOWN, Answer.ACCEPTED)
    assert world.state(one) == "UNKNOWN"
    for _ in range(2):
        world.house.clock.advance(instant.PATIENCE_MS)
        instant.run(world.house)
    came_at_once(till, asked)
    assert world.state(one) == "PAID"
    other, _ = pays(world, till, 1, offered, Answer.UNKNOWN)
    world.days(1)
    till.desk.state_account(1, 0, closing=0, on=till.desk.today())
    instant.run(world.house)
    assert world.state(other) == "FAILED"
    world.adds_up()


def test_without_a_bank_that_pays_at_once_nothing_is_begun(world: World, till: Till) -> None:
    one = world.order(0, world.offer())
    with pytest.raises(FeeNotDebitable):
        world.write(debiting.at_once, world.house, one.order_id, "worker:0")
    assert world.payments(one) == []


@pytest.mark.parametrize(
    ("likely", "state"), [({}, "PAID"), ({"reject": 1.0}, "FAILED"), ({"silent": 1.0}, "")]
)
def test_the_simulated_bank_pays_at_once(
    world: World, till: Till, tmp_path: Path, likely: dict[str, float], state: str
) -> None:
    simulated = Simulated(till, likely, 3, tmp_path)
    bank = instant.FolderPay(
        world.house.settings.bank_folder, 0.3, lambda _s: simulated.bank.work(simulated.now())
    )
    world.house.instant_pay = bank
    one = world.order(0, world.offer())
    asked = world.write(debiting.at_once, world.house, one.order_id, "worker:0")
    instant.send(world.house, asked.instant_id)
    assert bank.pay(wanted_again(asked)) in (Answer.ACCEPTED, Answer.REFUSED, Answer.UNKNOWN)
    simulated.jobs()
    assert world.state(one) == state or not state
    simulated.quiet(2)
    assert world.state(one) == (state or "PAID")
    assert simulated.verdict() == []
    assert sum(bool(row["credit"]) for row in simulated.book.lines()) == int(state != "FAILED")


def wanted_again(asked: instant.Instant) -> Wanted:
    """The same payment once more, as a crash between would ask for it."""
    return Wanted(asked.end_to_end_id, asked.amount_fen, CODE, made.FUND, made.payee(0), asked.purpose)


# -- taken back by the payer


def taken_back(till: Till, one: Order, reference: str = "K1", **more: object) -> messages.Line:
    """A line by which the bank takes a debit out of our account again."""
    return till.credit(one, reference=reference, credit=False, returned="MD06", **more)


def test_a_debit_that_its_payer_takes_back_leaves_the_order_unpaid_and_ends_the_mandate(
    world: World, till: Till
) -> None:
    one = till.debited(0, world.offer())
    till.send()
    # Told in one file, the debit's booking is taken in before what takes it back.
    till.desk.notify(taken_back(till, one), till.credit(one))
    assert (world.state(one), world.again(one).paid_fen) == ("NEW", 0)
    assert [it.state for it in world.payments(one)] == ["returned"]
    assert (till.of(one).state, till.of(one).reason) == ("returned", "MD06")
    assert world.read(mandates.standing, world.workers[0]) is None
    assert (till.kept(), world.given(), till.desk.open_breaks()) == (0, 0, [])
    with world.house.db.read() as conn:
        told = [it.kind for it in noticeboard.of_workers(world.house, conn, [world.workers[0]])]
    assert told.count("fee-charged-back") == 1
    world.adds_up()
    # The order takes money again, by another mandate.
    till.sign(0)
    till.debit(world.again(one))
    till.send()
    till.desk.notify(till.credit(one))
    assert (world.state(one), till.kept()) == ("PAID", FEE)
    world.adds_up()


def test_what_was_handed_on_before_is_kept_back_of_what_is_handed_on_next(world: World, till: Till) -> None:
    offered = world.offer()
    first = till.debited(0, offered)
    till.send()
    till.desk.notify(till.credit(first))
    world.days(1)
    debiting.run(world.house)
    till.desk.send()
    till.desk.notify(till.desk.debit(till.payment("fee-pass").payment_id))
    assert (till.kept(), world.held()) == (0, FEE)
    till.desk.notify(taken_back(till, first))
    assert (world.state(first), till.desk.open_breaks()) == ("NEW", ["chargeback-passed"])
    # The institution has what is not its own any more: our account paid it.
    assert (world.held(), world.held("owed")) == (0, FEE)
    with world.house.db.read() as conn:
        assert world.house.cash.balance_fen(conn, CODE) == -FEE
    world.adds_up()
    second = till.debited(1, world.offer(amount_fen=FEE + 30_000))
    till.send()
    till.desk.notify(till.credit(second))
    world.days(1)
    debiting.run(world.house)
    debiting.run(world.house)
    passed = till.payment("fee-pass")
    assert (passed.amount_fen, world.held("owed"), world.held()) == (30_000, 0, FEE)
    till.desk.send()
    till.desk.notify(till.desk.debit(passed.payment_id, "P2"))
    assert (till.kept(), world.held()) == (0, FEE + 30_000)
    world.adds_up()


@pytest.mark.parametrize("how", ["twice", "amount", "refund"])
def test_a_debit_taken_back_otherwise_than_it_was_booked_is_a_difference(
    world: World, till: Till, how: str
) -> None:
    one = till.debited(0, world.offer())
    till.send()
    till.desk.notify(till.credit(one))
    if how == "refund":
        world.leave(one)
    if how == "twice":
        till.desk.notify(taken_back(till, one))
    more = {"amount_fen": FEE - 1} if how == "amount" else {}
    till.desk.notify(taken_back(till, one, "K2", **more))
    assert till.desk.open_breaks() == ["chargeback-unexpected"]
    assert world.state(one) == ("NEW" if how == "twice" else "PAID")
    with world.house.db.read() as conn:
        assert world.house.cash.suspense_fen(conn, CODE) == more.get("amount_fen", FEE)
    world.adds_up()


# -- the simulated bank


@pytest.mark.parametrize(
    "likely",
    [
        {},
        {"debit_twice": 1.0},
        {"reject": 0.5, "duplicate_report": 1.0, "reordered": 1.0},
        {"silent": 1.0, "gap": 0.3},
        {"reread": 0.7, "torn": 0.5, "late": 0.5},
        {"charge_back": 1.0},
    ],
    ids=lambda likely: "-".join(likely) or "none",
)
def test_case_42_days_with_a_bank_that_fails_the_books_agree(
    world: World, till: Till, tmp_path: Path, likely: dict[str, float]
) -> None:
    simulated = Simulated(till, likely, 5, tmp_path)
    offered = world.offer()
    orders = [till.debited(n, offered) for n in range(3)]
    simulated.day()
    if world.state(orders[0]) in ("PENDING", "UNKNOWN"):
        world.check(world.take(orders[0]))
    for _ in range(3):
        simulated.day()
    simulated.quiet(12)
    assert simulated.verdict() == []
    states = {world.state(one) for one in orders}
    assert states <= {"PAID", "FAILED", "NEW"}
    assert ("NEW" in states) == ("charge_back" in likely)
    assert till.kept("") == 0, "what was too much went back"
    world.adds_up()
    with world.house.db.read() as conn:
        kinds = {one.kind for one in breaks.listed(conn) if one.state == "open"}
    assert kinds <= {
        *("status-contradicts", "late-status", "file-quarantined", "statement-gap", "chargeback-passed")
    }


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize("at", [2, 9, 17, 26, 38, 51, 67, 90])
def test_case_26_a_crash_anywhere_debits_nobody_twice_and_loses_nothing(
    world: World, till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    simulated = Simulated(till, {"reread": 0.5, "duplicate_report": 0.5, "debit_twice": 0.3}, at, tmp_path)
    offered = world.offer()
    orders = [till.debited(n, offered) for n in range(3)]
    crashes = Crashes(at)
    with watched(monkeypatch, crashes):
        crashes.armed = True
        for _ in range(3):
            simulated.day()
        crashes.armed = False
    simulated.quiet(10)
    assert crashes.count > at, "it crashed"
    assert simulated.verdict() == []
    assert {world.state(one) for one in orders} <= {"PAID", "FAILED"}
    world.adds_up()
