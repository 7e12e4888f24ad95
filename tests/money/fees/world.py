"""A school that charges fees, workers who order, two people at the counter."""

from collections.abc import Callable
from typing import Any

from recordsvc.ground.finding import Snapshot
from recordsvc.ground.ports import beijing_date
from recordsvc.house import House
from recordsvc.money.fees import disputing, keeping, offerings, orders, refunding, taking, values
from recordsvc.money.fees.fsck import FeeCheck
from recordsvc.money.fees.offerings import Offering
from recordsvc.money.fees.postings import PAYER, place
from recordsvc.money.fees.tables import fee_payment, fee_refund
from recordsvc.money.fees.values import Order, Payment, Refund
from recordsvc.money.ledger import accounts
from tests.archive.support import Centre, person

FIRST, SECOND = "staff:s-0000000000000001", "staff:s-0000000000000002"
DAY_MS = 86_400_000
FEE = 120_000


class World:
    """Everything that a fee meets; `n` workers have an archive."""

    def __init__(self, house: House, workers: int = 3) -> None:
        self.house = house
        keeping.connect(house)
        self.centre = Centre(house, 1)
        people = [person(n) for n in range(1, workers + 1)]
        self.centre.enter(*(self.centre.completion(one) for one in people))
        self.workers = [self.centre.worker_id(one) for one in people]
        self.serial = 0

    # -- how it stands

    def write(self, fn: Callable, *args: Any, **more: Any) -> Any:
        return self.house.db.write(lambda turn: fn(turn, *args, **more))

    def read(self, fn: Callable, *args: Any) -> Any:
        with self.house.db.read() as conn:
            return fn(conn, *args)

    def today(self, later: int = 0) -> str:
        return beijing_date(self.house.clock.now_ms() + later * DAY_MS).isoformat()

    def days(self, n: int) -> None:
        self.house.clock.advance(n * DAY_MS)

    def again(self, one: Order) -> Order:
        return self.read(values.find, one.order_id)

    def state(self, one: Order) -> str:
        return self.again(one).state

    def held(self, what: str = "institution") -> int:
        return self.read(accounts.balance, place(self.centre.uscc, what)).posted

    def given(self) -> int:
        """What payers gave and have not got back."""
        return -self.read(accounts.balance, PAYER).posted

    def payments(self, one: Order) -> list[Payment]:
        with self.house.db.read() as conn:
            return values.payments(conn, *values.of_order(fee_payment, one))

    def refunds(self, one: Order) -> list[Refund]:
        with self.house.db.read() as conn:
            return values.refunds(conn, *values.of_order(fee_refund, one))

    def adds_up(self) -> None:
        with self.house.db.read() as conn, Snapshot(conn) as snapshot:
            FeeCheck(snapshot).run(lambda _stage, _done: None)

    # -- what people do

    def offer(self, amount_fen: int = FEE, units: int = 10, **more: Any) -> Offering:
        self.serial += 1
        said = {
            "kind": "class",
            "course": f"2025-HG-{self.serial:02d}",
            "title": "焊工初级班",
            "units": units,
            "until_on": self.today(60),
            "amount_fen": amount_fen,
            "from_on": self.today(),
            "basis": "收费公示〔2025〕3号",
            "published_on": self.today(-10),
        } | more
        found = self.write(offerings.register, self.house, self.centre.uscc, said, FIRST)
        return self.offering(found)

    def offering(self, offering_id: bytes) -> Offering:
        return self.read(offerings.find, offering_id)

    def price(self, one: Offering, amount_fen: int, later: int) -> None:
        said = {"amount_fen": amount_fen, "from_on": self.today(later), "basis": "公示二"}
        said["published_on"] = self.today()
        self.write(offerings.price, one, said, FIRST)

    def progress(self, one: Offering, units: int) -> None:
        self.write(offerings.progress, self.offering(one.offering_id), units, FIRST)

    def order(self, n: int, offered: Offering) -> Order:
        worker_id = self.workers[n]
        return self.write(orders.place, self.house, worker_id, offered.offering_id, f"worker:{n}")

    def take(self, one: Order) -> Payment:
        self.serial += 1
        receipt = f"S{self.serial:06d}"
        return self.write(taking.record, self.house, self.centre.uscc, one.number, receipt, FIRST)

    def check(self, found: Payment, by: str = SECOND, *, right: bool = True) -> Payment:
        uscc = self.centre.uscc
        return self.write(taking.check, self.house, uscc, found.payment_id, by, right=right)

    def paid(self, n: int, offered: Offering) -> Order:
        one = self.order(n, offered)
        self.check(self.take(one))
        return self.again(one)

    def leave(self, one: Order, attended: int = 0, ground: str = "left") -> Refund:
        return self.write(refunding.leave, self.house, one, ground, attended, "本人申请", FIRST)[0]

    def give(self, found: Refund) -> Refund:
        self.serial += 1
        return self.write(refunding.give, self.centre.uscc, found.refund_id, f"T{self.serial:06d}", FIRST)

    def give_back(self, found: Refund) -> Refund:
        self.give(found)
        return self.write(refunding.check, self.house, self.centre.uscc, found.refund_id, SECOND)

    def call_off(self, one: Offering) -> int:
        return self.write(refunding.call_off, self.house, one.offering_id, "报名不足", FIRST)

    def dispute(self, one: Order) -> Order:
        return self.write(disputing.dispute, one.order_id, "amount", "worker:x")

    def end_dispute(self, one: Order, refund_fen: int = 0) -> Order:
        return self.write(disputing.end, self.house, one.order_id, refund_fen, "已核实", "official:h1")
