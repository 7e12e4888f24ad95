"""Fees of two institutions: paid, doubled, refused, given back, called off, disputed; by other people."""

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.house import House
from recordsvc.money.bank.own_accounts import payee_of
from recordsvc.money.bank.tables import collection, instant_payment, payment_batch
from recordsvc.money.fees import disputing, offerings, orders, refunding, taking, values
from recordsvc.money.fees.tables import fee_mandate, fee_passed, fee_passing, fee_payment, fee_refund
from recordsvc.money.fees.values import Order
from tests.archive.support import Centre

Later = Callable[[], None]


def put(house: House, centres: Sequence[Centre], workers: list[bytes], later: Later) -> None:
    """Let everything happen to fees that can, at each of two institutions."""
    for n, centre in enumerate(centres):
        _put(house, centre.uscc, workers, n, later)


def _put(house: House, uscc: str, workers: list[bytes], n: int, later: Later) -> None:
    first, second = f"staff:a{n}", f"staff:b{n}"
    today = beijing_date(house.clock.now_ms()).isoformat()

    def write(fn: Callable, *args: object, **more: object):
        later()
        return house.db.write(lambda turn: fn(turn, *args, **more))

    def offer(course: str, units: int) -> offerings.Offering:
        said = {"kind": ("class", "exam")[n], "course": course, "title": f"项目{course}", "units": units}
        said |= {"until_on": f"203{n}-01-01", "amount_fen": 1_000 + 10 * n + units, "from_on": today}
        said |= {"basis": f"公示{n}{course}", "published_on": f"2020-01-0{n + 1}"}
        found = write(offerings.register, house, uscc, said, first)
        later_price = said | {
            "from_on": f"203{n}-02-0{n + 1}",
            "amount_fen": 7 + n,
            "basis": f"再公示{course}",
        }
        with house.db.read() as conn:
            one = offerings.find(conn, found)
        write(offerings.price, one, later_price, second)
        return one

    def take(one: Order, receipt: str, *, right: bool = True) -> None:
        taken = write(taking.record, house, uscc, one.number, f"{receipt}-{n}", first)
        write(taking.check, house, uscc, taken.payment_id, second, right=right)

    offered, other = offer(f"A{n}", 5 + n), offer(f"B{n}", 3 + n)
    mine = [
        write(orders.place, house, worker, offered.offering_id, f"worker:{n}{at}")
        for at, worker in enumerate(workers)
    ]
    take(mine[0], "r1")
    take(mine[0], "r2")
    take(mine[1], "r3")
    take(mine[2], "r4", right=False)
    write(orders.cancel, mine[3].order_id, f"worker:{n}3", f"不想学了{n}")
    for units in (1, 2 + n):
        with house.db.read() as conn:
            one = offerings.find(conn, offered.offering_id)
        write(offerings.progress, one, units, (first, second)[n])
    write(refunding.leave, house, mine[0], "left", 2 + n, f"离开{n}", first)
    write(refunding.leave, house, mine[0], "left", 1, f"更正{n}", second)
    with house.db.read() as conn:
        due = values.refunds(conn, fee_refund.c.order_id == mine[0].order_id)
    for at, back in enumerate(due[:2]):
        write(refunding.give, uscc, back.refund_id, f"t{at}-{n}", first)
        if at == 0:
            write(refunding.check, house, uscc, back.refund_id, second)
    write(disputing.dispute, mine[1].order_id, ("amount", "quality")[n], f"worker:{n}1")
    take(write(orders.place, house, workers[0], other.offering_id, f"worker:{n}0"), "r5")
    write(refunding.call_off, house, other.offering_id, f"停办{n}", first)


def debit(turn: Turn, accounts: Sequence[str], workers: list[bytes]) -> None:
    """Put mandates, debits and what was handed on into the house, bound as the service binds them.

    The debits and transfers are of no order and no payment: sums over fees leave them out.
    """
    for n, worker_id in enumerate(workers[:2]):
        mandate = {
            "worker_id": worker_id,
            "mandate_id": bytes([n + 1]) * 16,
            "number": f"M{n}",
            "payee_version": 1 + n,
            "most_fen": 1_000 + n,
            "until_on": f"203{n}-01-01",
            "signed_on": f"202{n}-01-01",
            "signed_by": f"worker:{n}",
            "signed_ms": 100 + n,
            "ended_by": f"worker:{n}",
            "ended_ms": 200 + n,
        }
        turn.conn.execute(fee_mandate.insert().values(mandate))
        bound.touch(turn, fee_mandate, (worker_id, mandate["mandate_id"]))
        batch = turn.conn.execute(sa.select(payment_batch.c.batch_id).offset(n).limit(1)).scalar_one()
        asked = {
            "collection_id": bytes([n + 1]) * 16,
            "reference": f"other:{n}",
            "end_to_end_id": f"C{n}",
            "account": accounts[n],
            "payer": payee_of(worker_id),
            "payer_version": 1 + n,
            "mandate": f"M{n}",
            "signed_on": f"202{n}-01-01",
            "amount_fen": 500 + n,
            "purpose": f"purpose {n}",
            "state": ("booked", "rejected")[n],
            "said": ("ACSC", "RJCT")[n],
            "reason": ("", "AM04")[n],
            "batch_id": batch,
            "queued_by": f"worker:{n}",
            "queued_ms": 300 + n,
            "changed_ms": 400 + n,
        }
        turn.conn.execute(collection.insert().values(asked))
        bound.touch(turn, collection, (asked["collection_id"],))
        now = {name: asked[name] for name in ("account", "payer", "payer_version", "amount_fen", "purpose")}
        now |= {"instant_id": bytes([n + 1]) * 16, "reference": f"now:{n}", "end_to_end_id": f"N{n}"}
        now |= {"state": ("booked", "refused")[n], "asked_by": f"worker:{n}", "asked_ms": 600 + n}
        turn.conn.execute(instant_payment.insert().values(now | {"changed_ms": 700 + n}))
        bound.touch(turn, instant_payment, (now["instant_id"],))
        query = sa.select(fee_payment.c.worker_id, fee_payment.c.payment_id)
        paid = turn.conn.execute(query.order_by(fee_payment.c.payment_id).offset(n).limit(1)).one()
        passing = {"passing_id": bytes([n + 7]) * 16, "institution": f"USCC-{n}", "account": accounts[n]}
        passing |= {"amount_fen": 50 + n, "made_ms": 500 + n}
        turn.conn.execute(fee_passing.insert().values(passing))
        bound.wrote(turn, fee_passing, passing)
        part = {"worker_id": paid.worker_id, "payment_id": paid.payment_id}
        part |= {"passing_id": passing["passing_id"], "amount_fen": passing["amount_fen"]}
        turn.conn.execute(fee_passed.insert().values(part))
        bound.wrote(turn, fee_passed, part)
