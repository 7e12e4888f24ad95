"""What two payers do, in a few words: pay, seal, release, send, read what the bank says."""

import datetime as dt
import uuid

import sqlalchemy as sa

from banksim import messages
from recordsvc.ground import two_person
from recordsvc.ground.ports import beijing_date
from recordsvc.house import House
from recordsvc.money.bank import batches, breaks, dispatch, inbox, payee_accounts, paying, payments, resolving
from recordsvc.money.bank.batches import StoredBatch
from recordsvc.money.bank.formats.model import Account
from recordsvc.money.bank.payments import Payment
from recordsvc.money.bank.tables import bank_statement
from tests.money.bank import made

CODE = "employ"
FIRST, SECOND, CLERK, REVIEWER = "official:p1", "official:p2", "official:h1", "official:r1"


def worker(n: int) -> str:
    """A payee who does not exist."""
    return f"worker:{uuid.UUID(int=n + 1)}"


class Desk:
    """One paying account and those who work with it."""

    def __init__(
        self,
        house: House,
        adapter: str = paying.ISO,
        code: str = CODE,
        number: str = made.FUND.number,
        fund: str = "EMPLOY",
    ) -> None:
        self.house = house
        said = {
            "code": code,
            "fund": fund,
            "number": number,
            "name": made.FUND.name,
            "bank": made.FUND.bank,
            "adapter": adapter,
        }
        house.db.write(lambda turn: paying.enter(turn, said, FIRST, SECOND))
        self.source = self.read(paying.find, code)
        self.serial = 0

    def read(self, fn, *args):
        with self.house.db.read() as conn:
            return fn(conn, *args)

    def write(self, fn, *args, **more):
        return self.house.db.write(lambda turn: fn(turn, *args, **more))

    # -- what officials do

    def account(self, n: int, account: Account | None = None, *, verify: bool = True) -> bytes:
        """Enter, check and verify an account of payee n."""
        house = self.house
        found = self.write(payee_accounts.enter, house, worker(n), account or made.payee(n), CLERK)
        payee_accounts.check_due(house)
        if verify:
            self.write(payee_accounts.verify, found, REVIEWER)
        return found

    def pay(self, n: int, amount_fen: int = 150_000, claim: str = "", **more: object) -> bytes:
        """Take on a payment to payee n, whose account is entered if there is none."""
        try:
            self.read(payee_accounts.newest, worker(n))
        except payee_accounts.PayeeAccountUnknown:
            self.account(n)
        more = {"purpose": "职业培训补贴", "by": CLERK} | more
        claim = claim or f"claim-{n}"
        return self.write(payments.queue, self.house, claim, self.source.code, worker(n), amount_fen, **more)

    def seal(self) -> StoredBatch:
        batch_id = self.write(batches.seal, self.house, self.source.code, FIRST, frozenset())
        return self.read(batches.find, batch_id)

    def release(self, batch: StoredBatch, by: str = SECOND) -> None:
        proposal = self.read(batches.proposal_of, batch.batch_id)
        self.write(two_person.decide, proposal, by, True, "核对无误", role="payer", tools=self.house)

    def send(self) -> StoredBatch:
        """Seal, release and send what waits."""
        batch = self.seal()
        self.release(batch)
        assert dispatch.run(self.house) == 1
        return self.read(batches.find, batch.batch_id)

    def explain(self, kind: str, resolution: str = "explained") -> None:
        """End the one break of a kind."""
        found = self.break_of(kind).break_id
        self.write(resolving.resolve, self.house, found, resolution, "已处理", FIRST)

    # -- what the bank says

    def today(self) -> dt.date:
        return beijing_date(self.house.clock.now_ms())

    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.house.clock.now_ms() / 1000, dt.UTC)

    def receive(self, content: bytes, name: str = "", *, whole: bool = True) -> str:
        self.serial += 1
        return inbox.receive(
            self.house, self.source, name or f"F{self.serial}", content, inbox.FOLDER, whole=whole
        )

    def report(self, batch: StoredBatch, *told: messages.Told, **more: object) -> str:
        self.serial += 1
        return self.receive(messages.pain002(f"R{self.serial}", batch.message_id, told, self.now(), **more))

    def notify(self, *lines: messages.Line) -> str:
        self.serial += 1
        return self.receive(messages.camt054(f"N{self.serial}", self.source.number, lines, self.now()))

    def state_account(self, sequence: int, opening: int, *lines: messages.Line, closing=None, on=None) -> str:
        moved = sum(line.amount_fen if line.credit else -line.amount_fen for line in lines)
        self.serial += 1
        content = messages.camt053(
            f"S{self.serial}",
            self.source.number,
            sequence,
            on or self.today(),
            opening,
            opening + moved if closing is None else closing,
            lines,
            self.now(),
        )
        return self.receive(content)

    def debit(self, payment_id: bytes, reference: str = "", **more: object) -> messages.Line:
        """A line that books a payment."""
        found = self.payment(payment_id)
        said = {
            "reference": reference or f"D{found.end_to_end_id[-10:]}",
            "credit": False,
            "amount_fen": found.amount_fen,
            "booked_on": self.today(),
            "end_to_end_id": found.end_to_end_id,
        }
        return messages.Line(**(said | more))

    def credit(self, payment_id: bytes, reference: str = "", **more: object) -> messages.Line:
        """A line that brings a payment back."""
        found = self.payment(payment_id)
        said = {
            "reference": reference or f"C{found.end_to_end_id[-10:]}",
            "credit": True,
            "amount_fen": found.amount_fen,
            "booked_on": self.today(),
            "end_to_end_id": found.end_to_end_id,
            "returned": "AC04",
        }
        return messages.Line(**(said | more))

    # -- how it stands

    def payment(self, payment_id: bytes) -> Payment:
        return self.read(payments.find, payment_id)

    def state(self, payment_id: bytes) -> str:
        return self.payment(payment_id).state

    def open_breaks(self, *, every: bool = False) -> list[str]:
        """Kinds of the breaks that are open, or of all."""
        return sorted(one.kind for one in self.read(breaks.listed) if every or one.state == "open")

    def break_of(self, kind: str) -> breaks.Break:
        (found,) = [
            one for one in self.read(breaks.listed) if one.kind == kind and one.account == self.source.code
        ]
        return found

    def days(self, count: int) -> None:
        self.house.clock.advance(count * 86_400_000)

    def closing(self, sequence: int) -> int:
        """The balance with which a statement ended."""
        own = bank_statement.c
        with self.house.db.read() as conn:
            query = sa.select(own.closing_fen).where(
                own.account == self.source.code, own.sequence == sequence
            )
            return conn.execute(query).scalar_one()
