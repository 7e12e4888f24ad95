"""A bank at the other end of fees: an account that collects, workers' accounts, debits sent and answered."""

import contextlib
import datetime as dt
from collections.abc import Callable
from pathlib import Path

from banksim import messages
from banksim.bank import Bank
from banksim.book import Book
from banksim.faults import Faults
from banksim.folder import Folder
from banksim.messages import Told
from banksim.oracle import Ours, judge
from recordsvc.ground.ports import beijing_date
from recordsvc.money.bank import (
    batches,
    breaks,
    collecting,
    dispatch,
    inbox,
    instant,
    payee_accounts,
    payments,
    terms,
)
from recordsvc.money.bank.batches import StoredBatch
from recordsvc.money.bank.collecting import Collection
from recordsvc.money.bank.tables import payment_batch
from recordsvc.money.fees import debiting, mandates
from recordsvc.money.fees.postings import kept
from recordsvc.money.fees.values import Order, Payment
from recordsvc.money.ledger import accounts
from tests.money.bank import made
from tests.money.bank.desk import CLERK, FIRST, REVIEWER, Desk
from tests.money.bank.world import Crash
from tests.money.fees.world import World

CODE = "fees"
HOUR = 3_600_000


class Till:
    """The collecting account of a world of fees, its payers, and those who work with the bank."""

    def __init__(self, world: World) -> None:
        self.world, self.house = world, world.house
        debiting.connect(world.house)
        self.desk = Desk(world.house, code=CODE, number="640100000000000009", fund=debiting.FUND)
        for n, worker_id in enumerate(world.workers):
            self.account(mandates.payer(worker_id), n)
        self.account(f"institution:{world.centre.uscc}", 90)

    def account(self, payee: str, n: int) -> None:
        found = self.world.write(payee_accounts.enter, self.house, payee, made.payee(n), CLERK)
        payee_accounts.check_due(self.house)
        self.world.write(payee_accounts.verify, found, REVIEWER)

    def sign(self, n: int, most_fen: int = 1_000_000) -> mandates.Mandate:
        until_on = self.world.today(90)
        worker_id = self.world.workers[n]
        return self.world.write(mandates.sign, self.house, worker_id, most_fen, until_on, f"worker:{n}")

    def debit(self, one: Order) -> Payment:
        return self.world.write(debiting.debit, self.house, one.order_id, "worker:x")

    def debited(self, n: int, offered) -> Order:
        """An order of worker n with a debit that waits."""
        if self.world.read(mandates.standing, self.world.workers[n]) is None:
            self.sign(n)
        one = self.world.order(n, offered)
        self.debit(one)
        return one

    def seal(self) -> StoredBatch:
        batch_id = self.world.write(collecting.seal, self.house, CODE, FIRST, frozenset())
        return self.world.read(batches.find, batch_id)

    def send(self) -> StoredBatch:
        batch = self.seal()
        self.desk.release(batch)
        assert dispatch.run(self.house) == 1
        return self.world.read(batches.find, batch.batch_id)

    def of(self, one: Order) -> Collection:
        debits = [it for it in self.world.payments(one) if it.way == "debit"]
        paid = next((it for it in debits if it.state == "open"), debits[0])
        found = self.world.read(collecting.by_reference, f"fee:{paid.payment_id.hex()}")
        assert found is not None
        return found

    def credit(self, one: Order, **more: object) -> messages.Line:
        found = self.of(one)
        said = {
            "reference": f"C{found.end_to_end_id[-10:]}",
            "credit": True,
            "amount_fen": found.amount_fen,
            "booked_on": beijing_date(self.house.clock.now_ms()),
            "end_to_end_id": found.end_to_end_id,
        }
        return messages.Line(**(said | more))

    def refuse(self, batch: StoredBatch, one: Order, reason: str = "AM04") -> None:
        self.desk.report(batch, Told(self.of(one).end_to_end_id, "RJCT", reason))

    def kept(self, whose: str | None = None) -> int:
        name = kept(CODE, self.world.centre.uscc if whose is None else whose)
        found = self.world.read(accounts.balances, [name])
        return found[name].posted if name in found else 0

    def payment(self, kind: str) -> payments.Payment:
        """The newest payment of refunds (`fee-back`) or transfers (`fee-pass`)."""
        with self.house.db.read() as conn:
            return next(one for one in payments.listed(conn) if one.claim_ref.startswith(kind))


class Simulated:
    """The till with a simulated bank behind its folder, over some days."""

    def __init__(self, till: Till, likely: dict[str, float], seed: int, root: Path) -> None:
        self.till, self.house = till, till.house
        self.book = Book(root / f"bank-{seed}.db")
        self.book.open_fund(till.desk.source.number, 0)
        exchange = Folder(self.house.settings.bank_folder / CODE)
        self.bank = Bank(self.book, exchange, Faults(likely, seed), till.desk.source.number)
        self.orders: list[Order] = []

    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.house.clock.now_ms() / 1000, dt.UTC)

    def jobs(self) -> None:
        for job in (dispatch.run, inbox.run, terms.run, debiting.run):
            self._job(job)

    def _job(self, job: Callable) -> None:
        """Run a job; after a crash the process begins it again, once its lease is over."""
        while True:
            try:
                job(self.house)
            except Crash:
                self.house.clock.advance(dispatch.LEASE_MS)
            else:
                return

    def payers(self) -> None:
        """Seal what waits, and release what is sealed; who meets a crash looks at the desk again later."""
        for seal in (collecting.seal, batches.seal):
            with contextlib.suppress(batches.NothingToPay, Crash):
                self.till.world.write(seal, self.house, CODE, FIRST, frozenset())
        for batch in self.till.world.read(batches.listed, payment_batch.c.state == "sealed"):
            with contextlib.suppress(Crash):
                self.till.desk.release(batch)

    def day(self) -> None:
        for _ in range(2):
            self.payers()
            self.jobs()
            self.bank.work(self.now())
            self.jobs()
            self.house.clock.advance(4 * HOUR)
        self.bank.close_day(self.now())
        self.jobs()
        self.house.clock.advance(16 * HOUR)

    def quiet(self, days: int = 8) -> "Simulated":
        self.bank._faults = Faults({}, 0)
        for _ in range(days):
            self.day()
        return self

    def verdict(self) -> list[str]:
        """What the bank's own oracle finds: of debits and of payments."""
        with self.house.db.read() as conn:
            ours = [
                Ours(one.reference, one.end_to_end_id, one.amount_fen, one.state == "booked", over=False)
                for one in collecting.listed(conn)
            ]
            ours += [
                Ours(one.reference, one.end_to_end_id, one.amount_fen, one.state == "booked", over=False)
                for one in instant.listed(conn)
            ]
            ours += [
                Ours(
                    one.claim_ref,
                    one.end_to_end_id,
                    one.amount_fen,
                    one.state == "settled",
                    one.state in payments.OVER,
                )
                for one in payments.listed(conn)
            ]
            texts = [one.subject for one in breaks.listed(conn, limit=1_000) if one.state == "open"]
            mirror = self.house.cash.balance_fen(conn, CODE)
        return judge(self.book, ours, texts, mirror)
