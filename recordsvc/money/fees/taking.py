"""Money that comes (收费): taken at the counter by one person under a receipt's number, checked by another.

    record ──> open ── check ──> booked          the order is paid
                 │         └───> surplus         it was paid, given up or called off: goes back whole
                 └── refuse ───> failed

What is booked counts for the order if the order takes money; else it is a surplus, and what goes back is
decided in the same turn. A paid order admits nobody: nothing here writes a record.
"""

from typing import TYPE_CHECKING, Final

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, uuid7
from recordsvc.money.fees import offerings, orders, postings, receipts, refunding, telling, values
from recordsvc.money.fees.errors import FeeSecondPerson, FeeStep, FeeUnknown
from recordsvc.money.fees.tables import fee_payment
from recordsvc.money.fees.transitions import WAITING
from recordsvc.money.fees.values import Order, Payment

if TYPE_CHECKING:
    from recordsvc.house import House

COUNTER: Final = "counter"
_OPEN: Final = ("open", "unknown")


def record(turn: Turn, house: "House", institution: str, number: str, receipt: str, by: str) -> Payment:
    """Record money taken at the counter for an order, to be checked by another person.

    An order that is paid takes none, and is recorded all the same: the money lies on the counter.
    Raises `FeeUnknown`, `ReceiptUsed`.
    """
    one = orders.locked(turn, values.by_number(turn.conn, number, institution).order_id)
    payment_id = uuid7(FixedClock(turn.now_ms), house.random)
    receipts.use(turn, institution, receipt, one.worker_id, payment_id)
    begin(turn, one, payment_id, COUNTER, "", receipt, by)
    return values.payment(turn.conn, payment_id)


def begin(turn: Turn, one: Order, payment_id: bytes, way: str, account: str, reference: str, by: str) -> None:
    """Begin a payment of a locked order."""
    row = {
        "worker_id": one.worker_id,
        "payment_id": payment_id,
        "order_id": one.order_id,
        "institution": one.institution,
        "way": way,
        "account": account,
        "amount_fen": one.amount_fen,
        "reference": reference,
        "state": "open",
        "passed_fen": 0,
        "taken_by": by,
        "taken_ms": turn.now_ms,
        "checked_by": None,
        "booked_ms": None,
    }
    turn.conn.execute(fee_payment.insert().values(row))
    bound.touch(turn, fee_payment, (one.worker_id, payment_id))
    if one.state in WAITING:
        target = "UNKNOWN" if one.state == "UNKNOWN" else "PENDING"
        orders.step(turn, one, "pay", target, by, way)


def check(
    turn: Turn, house: "House", institution: str, payment_id: bytes, by: str, *, right: bool
) -> Payment:
    """Say as the second person that money taken at the counter is right, or was recorded in error.

    Raises `FeeUnknown`, `FeeSecondPerson`, `FeeStep`.
    """
    found = values.payment(turn.conn, payment_id, fee_payment.c.institution == institution)
    one = orders.locked(turn, found.order_id)
    found = values.payment(turn.conn, payment_id)
    if found.way != COUNTER:
        raise FeeUnknown
    if found.state != "open":
        raise FeeStep(state=found.state)
    if found.taken_by == by:
        raise FeeSecondPerson
    if right:
        came(turn, house, one, found, by, checked_by=by, passed_fen=found.amount_fen)
    else:
        failed(turn, house, one, found, by, checked_by=by)
    return values.payment(turn.conn, payment_id)


def came(turn: Turn, house: "House", one: Order, found: Payment, by: str, **more: object) -> bool:
    """Book a payment of a locked order; whether it counts for the order, and is no surplus."""
    called_off = offerings.find(turn.conn, one.offering_id).cancelled is not None
    counts = one.state in WAITING and not called_off
    if one.state == "NEW" and counts:
        one = orders.step(turn, one, "pay", "PENDING", by, found.way)
    change(turn, found, state="booked" if counts else "surplus", booked_ms=turn.now_ms, **more)
    postings.came(turn, found, surplus=not counts, by=by)
    if counts:
        orders.step(turn, one, "paid", "PAID", by, found.way, paid_fen=one.amount_fen)
        telling.worker(turn, house, one, "fee-paid", found.payment_id.hex())
        return True
    if one.state in WAITING:
        _over(turn, house, one, by)
    whole = refunding.Wanted("surplus", found.amount_fen, found.account, "该缴费单已不收费")
    refunding.decide(turn, house, one, values.payment(turn.conn, found.payment_id), whole, values.SYSTEM)
    return False


def failed(turn: Turn, house: "House", one: Order, found: Payment, by: str, **more: object) -> None:
    """End a payment that did not come; with the last one under way its order ends, too."""
    change(turn, found, state="failed", **more)
    _over(turn, house, one, by)


def _over(turn: Turn, house: "House", one: Order, by: str) -> None:
    """End an order that waits for money, unless some is still under way."""
    under_way = values.payments(turn.conn, *values.of_order(fee_payment, one), fee_payment.c.state.in_(_OPEN))
    if under_way or one.state not in WAITING:
        return
    if one.state == "NEW":
        orders.step(turn, one, "cancel", "CANCELLED", by)
    else:
        orders.step(turn, one, "fail", "FAILED", by)
        telling.worker(turn, house, one, "fee-failed", one.order_id.hex())


def change(turn: Turn, found: Payment, **more: object) -> None:
    """Change a payment that is as it was read. Raises `FeeStep`."""
    own = fee_payment.c
    here = (own.worker_id == found.worker_id, own.payment_id == found.payment_id, own.state == found.state)
    if turn.conn.execute(fee_payment.update().where(*here).values(**more)).rowcount != 1:
        raise FeeStep(state=found.state)
    bound.touch(turn, fee_payment, (found.worker_id, found.payment_id))
