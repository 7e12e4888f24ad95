"""Fees: ordered at a published price, taken by two people, given back pro rata, never more than came."""

import threading

import pytest
import sqlalchemy as sa

from recordsvc.archive import noticeboard
from recordsvc.ground import bound
from recordsvc.ground.finding import Wrong
from recordsvc.money.fees import keeping, orders, values
from recordsvc.money.fees.errors import (
    FeeDisputed,
    FeeSecondPerson,
    FeeStands,
    FeeStep,
    FeeUnknown,
    OfferingOver,
    OfferingRefused,
    ReceiptUsed,
    RefundRefused,
)
from recordsvc.money.fees.tables import fee_event, fee_order, fee_payment, fee_refund, fee_state
from recordsvc.money.fees.transitions import FINAL, STATES, TRANSITIONS
from tests.money.fees.world import FEE, FIRST, World

# -- ordering


def test_an_order_costs_what_was_published_for_its_day(world: World) -> None:
    offered = world.offer()
    world.price(offered, 90_000, later=5)
    first = world.order(0, offered)
    world.days(5)
    second = world.order(1, offered)
    assert (first.amount_fen, second.amount_fen) == (FEE, 90_000)
    for said in (
        {"from_on": world.today(-1)},
        {"published_on": world.today(1)},
        {"until_on": world.today(-1)},
    ):
        with pytest.raises(OfferingRefused):
            world.offer(**said)
    with pytest.raises(OfferingRefused):
        world.price(offered, 1, later=0)  # a price of that day stands: it is never changed


def test_no_order_at_a_price_that_nobody_published_even_by_raw_sql(world: World) -> None:
    one = world.order(0, world.offer())
    row = {name: getattr(one, name) for name in fee_order.columns.keys()}  # noqa: SIM118 - names, not columns
    with pytest.raises(sa.exc.IntegrityError), world.house.db.engine.begin() as conn:
        conn.execute(fee_order.insert().values(row | {"order_id": b"x" * 16, "amount_fen": 1}))


def test_one_person_has_one_live_order_of_an_offering_and_may_order_anew(world: World) -> None:
    offered = world.offer()
    one = world.order(0, offered)
    with pytest.raises(FeeStands):
        world.order(0, offered)
    assert world.write(orders.cancel, one.order_id, "worker:0").state == "CANCELLED"
    assert world.order(0, offered).order_id != one.order_id
    world.days(61)
    with pytest.raises(OfferingOver):
        world.order(1, offered)


# -- the counter


def test_money_counts_once_a_second_person_checked_it_and_admits_nobody(world: World) -> None:
    one = world.order(0, world.offer())
    with world.house.db.read() as conn:
        entries = world.house.log.newest(conn).size
    taken = world.take(one)
    assert (world.state(one), world.given()) == ("PENDING", 0)
    with pytest.raises(FeeSecondPerson):
        world.check(taken, FIRST)
    world.check(taken)
    assert (world.state(one), world.held(), world.given()) == ("PAID", FEE, FEE)
    with world.house.db.read() as conn:
        assert world.house.log.newest(conn).size == entries
    with pytest.raises(FeeStep):
        world.check(taken)
    world.adds_up()


def test_a_payment_without_a_second_person_is_refused_by_the_database(world: World) -> None:
    world.take(world.order(0, world.offer()))
    for said in ({"state": "booked", "booked_ms": 1}, {"checked_by": FIRST}):
        with pytest.raises(sa.exc.IntegrityError), world.house.db.engine.begin() as conn:
            conn.execute(fee_payment.update().values(said))


def test_a_receipt_stands_for_one_payment_and_an_order_for_its_institution(world: World) -> None:
    first, second = (world.order(n, world.offer()) for n in (0, 1))
    world.take(first)
    world.serial -= 1
    with pytest.raises(ReceiptUsed):
        world.take(second)
    with pytest.raises(FeeUnknown):
        world.read(values.by_number, second.number, "911100000000000012")
    assert world.read(values.by_number, f"{second.number[:4]}-{second.number[4:].lower()}", world.centre.uscc)


def test_what_was_recorded_in_error_ends_the_order_and_takes_nothing(world: World) -> None:
    offered = world.offer()
    one = world.order(0, offered)
    world.check(world.take(one), right=False)
    assert (world.state(one), world.given()) == ("FAILED", 0)
    assert world.paid(0, offered).state == "PAID"
    world.adds_up()


def test_case_42_paid_twice_the_second_goes_to_suspense_and_back(world: World) -> None:
    one = world.order(0, world.offer())
    first, second = world.take(one), world.take(one)
    world.check(first)
    assert world.check(second).state == "surplus"
    assert (world.state(one), world.held(), world.held("surplus")) == ("PAID", FEE, FEE)
    (back,) = world.refunds(one)
    assert (back.ground, back.amount_fen, back.state) == ("surplus", FEE, "due")
    world.give_back(back)
    assert (world.held("surplus"), world.given(), world.again(one).refunded_fen) == (0, FEE, 0)
    world.adds_up()


def test_money_for_an_order_that_was_given_up_or_called_off_goes_back(world: World) -> None:
    gone, called = world.offer(), world.offer()
    one, other = world.order(0, gone), world.order(1, called)
    world.write(orders.cancel, one.order_id, "worker:0")
    for it in (one, other):
        taken = world.take(it)
        if it is other:
            world.call_off(called)
        assert world.check(taken).state == "surplus"
    assert (world.state(one), world.state(other)) == ("CANCELLED", "FAILED")
    assert [it.amount_fen for order in (one, other) for it in world.refunds(order)] == [FEE, FEE]
    world.adds_up()


# -- back


def test_case_40_refunds_never_exceed_what_was_paid_whoever_races(world: World) -> None:
    offered = world.offer(units=10)
    one = world.paid(0, offered)
    world.progress(offered, 9)
    done, barrier = [], threading.Barrier(6)

    def ask(attended: int) -> None:
        barrier.wait()
        try:
            done.append(world.leave(one, attended).amount_fen)
        except RefundRefused:
            done.append(0)

    threads = [threading.Thread(target=ask, args=(attended,)) for attended in (9, 8, 6, 5, 3, 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 6
    assert sum(done) == FEE
    for back in world.refunds(one):
        world.give_back(back)
    assert (world.state(one), world.held(), world.given()) == ("REFUNDED", 0, 0)
    with pytest.raises(FeeStep):
        world.leave(one)
    world.adds_up()


def test_case_40_the_database_refuses_a_refund_beyond_the_payment(world: World) -> None:
    offered = world.offer()
    one = world.paid(0, offered)
    world.progress(offered, 5)
    found = world.leave(one, 5)
    row = {name: getattr(found, name) for name in found.__slots__}
    attacks = (
        {"n": 2, "before": 1, "before_fen": 0, "amount_fen": FEE, "total_fen": FEE},
        {"n": 2, "before": 1, "before_fen": found.total_fen, "amount_fen": FEE, "total_fen": FEE},
        {"n": 2, "before": 1, "before_fen": found.total_fen, "amount_fen": FEE, "total_fen": FEE + 60_000},
        {"n": 3, "before": 2, "before_fen": 0, "amount_fen": 1, "total_fen": 1},
        {"n": 1, "amount_fen": 1, "total_fen": 1},
    )
    for said in attacks:
        with pytest.raises(sa.exc.IntegrityError), world.house.db.engine.begin() as conn:
            conn.execute(fee_refund.insert().values(row | said | {"refund_id": b"r" * 16}))


def test_case_40_nothing_is_decided_back_while_a_fee_is_disputed(world: World) -> None:
    offered = world.offer()
    one = world.paid(0, offered)
    decided = world.leave(world.paid(1, offered))
    world.dispute(one)
    with pytest.raises(FeeDisputed):
        world.leave(one)
    with pytest.raises(FeeDisputed):
        world.dispute(one)
    world.write(orders.cancel, world.order(2, offered).order_id, "w")
    other = world.read(values.find, decided.order_id)
    world.dispute(other)
    with pytest.raises(FeeDisputed):
        world.give(decided)
    with pytest.raises(RefundRefused):
        world.end_dispute(one, FEE + 1)
    assert world.end_dispute(one, 20_000).disputed == ""
    (back,) = world.refunds(one)
    assert (back.ground, back.amount_fen) == ("dispute", 20_000)
    world.end_dispute(other)
    world.give_back(decided)
    world.adds_up()


@pytest.mark.parametrize("final", FINAL)
def test_case_40_a_final_order_stays_final_even_by_raw_sql(world: World, final: str) -> None:
    offered = world.offer()
    one = world.order(0, offered)
    if final == "CANCELLED":
        world.write(orders.cancel, one.order_id, "worker:0")
    else:
        world.check(world.take(one), right=final == "REFUNDED")
    if final == "REFUNDED":
        world.give_back(world.leave(one))
    one = world.again(one)
    assert one.state == final
    assert not [way for way in TRANSITIONS if way.source == final]
    here = (fee_state.c.order_id == one.order_id,)
    step = {**one.key, "n": one.version + 1, "before": one.version, "event": "paid", "actor": "x"}
    step |= {"reason": "", "at_ms": 1}
    for target in set(STATES) - {final}:
        live = int(target not in FINAL)
        with pytest.raises(sa.exc.IntegrityError), world.house.db.engine.begin() as conn:
            conn.execute(fee_state.update().where(*here).values(state=target, live=live))
        with pytest.raises(sa.exc.IntegrityError), world.house.db.engine.begin() as conn:
            conn.execute(fee_event.insert().values(step | {"source": final, "target": target}))
        with pytest.raises(sa.exc.IntegrityError), world.house.db.engine.begin() as conn:
            conn.execute(fee_event.insert().values(step | {"source": "PENDING", "target": "PAID"}))


def test_case_41_called_off_everybody_is_paid_back_what_was_not_held(world: World) -> None:
    offered = world.offer(amount_fen=100_003, units=7)
    world.price(offered, 77_777, later=1)
    paid = [world.paid(0, offered)]
    world.days(1)
    paid.append(world.paid(1, offered))
    waiting = world.order(2, offered)
    world.progress(offered, 2)
    left = world.leave(paid[0], 2)  # has left before: nothing more is due to them but what follows
    world.progress(offered, 3)

    assert world.call_off(offered) == 1

    collected = 100_003 + 77_777
    earned = 100_003 * 2 // 7 + 77_777 * 3 // 7
    decided = [back for one in paid for back in world.refunds(one)]
    assert left in decided
    assert sum(back.amount_fen for back in decided) == collected - earned
    assert world.state(waiting) == "CANCELLED"
    for back in decided:
        world.give_back(back)
    assert (world.held(), world.given()) == (earned, earned)
    with pytest.raises(OfferingOver):
        world.order(2, offered)
    with pytest.raises(OfferingOver):
        world.call_off(offered)
    world.adds_up()


def test_case_41_a_disputed_order_is_paid_back_when_its_dispute_ends(world: World) -> None:
    offered = world.offer(units=4)
    one = world.paid(0, offered)
    world.progress(offered, 1)
    world.dispute(one)
    assert world.call_off(offered) == 0
    world.end_dispute(one)
    assert [back.amount_fen for back in world.refunds(one)] == [FEE * 3 // 4]


def test_who_leaves_gets_back_what_was_not_held_and_who_is_not_admitted_all(world: World) -> None:
    offered = world.offer(amount_fen=100_001, units=3)
    stays, refused = world.paid(0, offered), world.paid(1, offered)
    with pytest.raises(RefundRefused):
        world.leave(stays, 1)  # not yet held
    world.progress(offered, 1)
    with pytest.raises(RefundRefused):
        world.leave(refused, 1, "not-admitted")
    assert world.leave(stays, 1).amount_fen == 100_001 - 100_001 // 3
    assert world.leave(refused, 0, "not-admitted").amount_fen == 100_001
    with pytest.raises(RefundRefused):
        world.leave(stays, 1)
    with pytest.raises(OfferingRefused):
        world.progress(offered, 1)


def test_who_gave_money_back_does_not_check_it(world: World) -> None:
    one = world.paid(0, world.offer())
    found = world.give(world.leave(one))
    with pytest.raises(FeeStep):
        world.give(found)
    for said in ({"state": "done", "done_ms": 1}, {"checked_by": FIRST}):
        with pytest.raises(sa.exc.IntegrityError), world.house.db.engine.begin() as conn:
            conn.execute(fee_refund.update().values(said))


# -- for others


def test_other_rooms_ask_what_was_charged_for_a_course(world: World) -> None:
    offered = world.offer()
    one = world.paid(0, offered)
    ask = world.house.fee_charges
    assert ask is not None
    with world.house.db.read() as conn:
        (found,) = ask(conn, world.workers[0], world.centre.uscc, offered.course)
        assert (found.number, found.state, found.kept_fen) == (one.number, "PAID", FEE)
        assert ask(conn, world.workers[0], world.centre.uscc, "another") == []
        assert ask(conn, world.workers[1]) == []
    world.give_back(world.leave(one))
    with world.house.db.read() as conn:
        assert [it.kept_fen for it in ask(conn, world.workers[0])] == [0]


def test_the_payer_is_told_and_an_archive_with_fees_is_kept(world: World) -> None:
    one = world.paid(0, world.offer())
    world.leave(one)
    with world.house.db.read() as conn:
        told = [it.kind for it in noticeboard.of_workers(world.house, conn, [world.workers[0]])]
        codes = [it.code for it in keeping.blocking(world.house, conn, world.workers[0])]
        assert list(keeping.blocking(world.house, conn, world.workers[1])) == []
    assert {"fee-paid", "fee-refund"} <= set(told)
    assert codes == ["fee/open", "fee/kept"]


def test_the_check_of_everything_sees_what_does_not_add_up(world: World) -> None:
    world.give_back(world.leave(world.paid(0, world.offer())))
    world.adds_up()

    def forget(turn) -> None:
        turn.conn.execute(fee_refund.update().values(state="given", done_ms=None, checked_by=None))
        bound.touch(turn, fee_refund, *[])

    world.house.db.write(forget)
    with pytest.raises(Wrong, match="transfer"):
        world.adds_up()
