"""Money that goes back (退费): decided once, given back once, never beyond what came.

    decide ──> due ── given at the counter (receipt) ──> given ── second person ──> done

A learner who leaves gets back the part that was not held for them: earned = paid × attended ÷ units, rounded
down to a fen, the rest is theirs. Called off, an offering pays every learner back alike. Refunds of a payment
are numbered and sum up in the row itself; two that race meet at the number. While an order is disputed
nothing is decided back but what an official decides; a surplus is nobody's dispute and goes back always.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, uuid7
from recordsvc.money.fees import offerings, orders, postings, receipts, telling, values
from recordsvc.money.fees.errors import FeeDisputed, FeeSecondPerson, FeeStep, FeeUnknown, RefundRefused
from recordsvc.money.fees.tables import fee_order, fee_payment, fee_refund
from recordsvc.money.fees.transitions import PAID
from recordsvc.money.fees.values import Order, Payment, Refund
from recordsvc.money.ledger import accounts

if TYPE_CHECKING:
    from recordsvc.house import House

SURPLUS: Final = "surplus"
ALL: Final = 20_000
"""Orders of one offering at most: beyond, it is several offerings."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to go back: why, how much (fen), from where (`account`; empty: the institution's counter)."""

    ground: str
    amount_fen: int
    account: str
    reason: str


def earned(paid_fen: int, attended: int, units: int) -> int:
    """Return what an institution has earned by units held, rounded down: the rest is the payer's."""
    return paid_fen * attended // units


def leave(
    turn: Turn, house: "House", one: Order, ground: str, attended: int, reason: str, by: str
) -> list[Refund]:
    """Decide what a learner who leaves, or is not admitted, gets back.

    Raises `FeeStep`, `FeeDisputed`, `RefundRefused`.
    """
    one = orders.locked(turn, one.order_id)
    held = offerings.find(turn.conn, one.offering_id).held
    if not 0 <= attended <= held:
        raise refused("attended", f"应在 0 与已登记的授课进度 {held} 之间", "more than was held")
    if ground == "not-admitted" and attended:
        raise refused("attended", "未被录取的没有参加学习", "who was not admitted attended nothing")
    return rest(turn, house, one, ground, attended, reason, by)


def call_off(turn: Turn, house: "House", offering_id: bytes, reason: str, by: str) -> int:
    """Call an offering off and decide what every learner gets back; how many. Raises `OfferingOver`."""
    of_it = fee_order.c.offering_id == offering_id
    orders.lock(turn, *{one.worker_id for one in values.listed(turn.conn, of_it, limit=ALL)})
    accounts.lock(turn.conn)
    offered = offerings.find(turn.conn, offering_id)
    offerings.call_off(turn, offered, reason, by)
    count = 0
    for one in values.listed(turn.conn, of_it, limit=ALL):
        if one.state == "NEW":
            orders.step(turn, one, "cancel", "CANCELLED", by, "停办")
        elif one.state in PAID and not one.disputed:
            count += bool(rest(turn, house, one, "cancelled", offered.held, reason, by, least=0))
    return count


def rest(
    turn: Turn,
    house: "House",
    one: Order,
    ground: str,
    attended: int,
    reason: str,
    by: str,
    *,
    least: int = 1,
) -> list[Refund]:
    """Decide all that goes back beyond what was attended and what was decided before."""
    if one.state not in PAID:
        raise FeeStep(state=one.state)
    paid = counting(turn, one)
    amount = paid.amount_fen - earned(paid.amount_fen, attended, one.units) - _decided(turn, paid)
    if amount < max(least, 1):
        if least:
            raise refused("attended", "没有可退的金额", "nothing is left to go back")
        return []
    return split(turn, house, one, paid, Wanted(ground, amount, paid.account, reason), by)


def split(turn: Turn, house: "House", one: Order, paid: Payment, wanted: Wanted, by: str) -> list[Refund]:
    """Decide a refund where the money lies: what an account of ours has of it, and the rest the institution.

    Raises as `decide`.
    """
    if not paid.account:
        return [decide(turn, house, one, paid, wanted, by)]
    gone = values.back_fen(it for it in values.refunds(turn.conn, *_of(paid)) if it.account)
    here = min(wanted.amount_fen, paid.amount_fen - paid.passed_fen - gone)
    parts = ((paid.account, here), ("", wanted.amount_fen - here))
    made: list[Refund] = []
    for account, amount in parts:
        if amount > 0:
            now = values.find(turn.conn, one.order_id)
            part = Wanted(wanted.ground, amount, account, wanted.reason)
            made.append(decide(turn, house, now, paid, part, by))
    return made


def decide(turn: Turn, house: "House", one: Order, paid: Payment, wanted: Wanted, by: str) -> Refund:
    """Decide that a part of a payment of a locked order goes back. Raises `FeeDisputed`, `RefundRefused`."""
    if wanted.ground != SURPLUS:
        if one.disputed:
            raise FeeDisputed
        orders.step(turn, one, "refund", one.state, by, wanted.ground)
    before = values.refunds(turn.conn, *_of(paid))
    last = max(before, key=lambda it: it.n, default=None)
    so_far = 0 if last is None else last.total_fen
    if wanted.amount_fen < 1 or so_far + wanted.amount_fen > paid.amount_fen:
        raise refused("amount_fen", "退费合计超过实缴", "refunds exceed what was paid")
    refund_id = uuid7(FixedClock(turn.now_ms), house.random)
    row = {
        "worker_id": paid.worker_id,
        "payment_id": paid.payment_id,
        "n": 1 if last is None else last.n + 1,
        "refund_id": refund_id,
        "order_id": paid.order_id,
        "before": None if last is None else last.n,
        "before_fen": so_far,
        "amount_fen": wanted.amount_fen,
        "total_fen": so_far + wanted.amount_fen,
        "payment_fen": paid.amount_fen,
        "account": wanted.account,
        "ground": wanted.ground,
        "reason": wanted.reason,
        "decided_by": by,
        "decided_ms": turn.now_ms,
        "state": "due",
        "reference": "",
        "paid_by": None,
        "checked_by": None,
        "done_ms": None,
    }
    turn.conn.execute(fee_refund.insert().values(row))
    bound.touch(turn, fee_refund, (paid.worker_id, paid.payment_id, row["n"]))
    telling.worker(turn, house, one, "fee-refund", refund_id.hex())
    return values.refund(turn.conn, refund_id)


def give(turn: Turn, institution: str, refund_id: bytes, receipt: str, by: str) -> Refund:
    """Record that a refund was given back at the counter, to be checked by another person.

    Raises `FeeUnknown`, `FeeStep`, `FeeDisputed`, `ReceiptUsed`.
    """
    found, one = _at_counter(turn, institution, refund_id)
    if one.disputed and found.ground not in ("dispute", SURPLUS):
        raise FeeDisputed
    receipts.use(turn, institution, receipt, found.worker_id, refund_id)
    change(turn, found, "due", state="given", reference=receipt, paid_by=by)
    return values.refund(turn.conn, refund_id)


def check(turn: Turn, house: "House", institution: str, refund_id: bytes, by: str) -> Refund:
    """Say as the second person that a refund was given back.

    Raises `FeeUnknown`, `FeeStep`, `FeeSecondPerson`.
    """
    found, one = _at_counter(turn, institution, refund_id)
    if found.paid_by == by:
        raise FeeSecondPerson
    change(turn, found, "given", state="done", checked_by=by, done_ms=turn.now_ms)
    done(turn, house, one, found, by)
    return values.refund(turn.conn, refund_id)


def done(turn: Turn, house: "House", one: Order, found: Refund, by: str) -> None:
    """Book what went back, and bring the order on if the payment counts for it."""
    if not found.account:
        # What leaves an account of ours is booked with the bank's line.
        postings.went_back(turn, one.institution, found, by=by)
    if found.ground != SURPLUS:
        back = one.refunded_fen + found.amount_fen
        target = "REFUNDED" if back == one.paid_fen else "PART_REFUNDED"
        # A dispute ends with the last fen: there is nothing left to argue about.
        more = {"disputed": ""} if target == "REFUNDED" else {}
        orders.step(turn, one, "refunded", target, by, "", refunded_fen=back, **more)
    telling.worker(turn, house, one, "fee-refunded", found.refund_id.hex())


def counting(turn: Turn, one: Order) -> Payment:
    """Return the payment that counts for a paid order. Raises `FeeStep`."""
    found = values.payments(turn.conn, *values.of_order(fee_payment, one), fee_payment.c.state == "booked")
    if not found:
        raise FeeStep(state=one.state)
    return found[0]


def left_fen(turn: Turn, paid: Payment) -> int:
    """Return how much of a payment may still go back."""
    return paid.amount_fen - _decided(turn, paid)


def refused(pointer: str, zh: str, en: str) -> RefundRefused:
    """Return the refusal of a refund."""
    return RefundRefused(errors=[{"pointer": f"/{pointer}", "code": "value", "detail": zh, "detail_en": en}])


def _decided(turn: Turn, paid: Payment) -> int:
    return values.back_fen(values.refunds(turn.conn, *_of(paid)))


def _of(paid: Payment) -> tuple[sa.ColumnElement[bool], ...]:
    return fee_refund.c.worker_id == paid.worker_id, fee_refund.c.payment_id == paid.payment_id


def _at_counter(turn: Turn, institution: str, refund_id: bytes) -> tuple[Refund, Order]:
    found = values.refund(turn.conn, refund_id)
    one = orders.locked(turn, found.order_id)
    found = values.refund(turn.conn, refund_id)
    if one.institution != institution or found.account:
        raise FeeUnknown
    return found, one


def change(turn: Turn, found: Refund, was: str, **more: object) -> None:
    """Change a refund that is in a state. Raises `FeeStep`."""
    own = fee_refund.c
    here = (own.worker_id == found.worker_id, own.payment_id == found.payment_id, own.n == found.n)
    changing = fee_refund.update().where(*here, own.state == was).values(**more)
    if turn.conn.execute(changing).rowcount != 1:
        raise FeeStep(state=found.state)
    bound.touch(turn, fee_refund, (found.worker_id, found.payment_id, found.n))
