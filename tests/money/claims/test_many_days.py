"""Days of a bureau and a bank that fails now and then: filing to payment and return, judged each day.

One seed makes the same days again; a failure names it. `RECORDSVC_TEST_DAYS` makes the run longer.
"""

import contextlib
import datetime as dt
import os
import random
from pathlib import Path

import pytest

from banksim.bank import Bank
from banksim.book import Book
from banksim.faults import Faults
from banksim.folder import Folder
from banksim.oracle import Ours, judge
from recordsvc.ground.problems import Problem
from recordsvc.money.bank import breaks, dispatch, inbox, payments, terms
from recordsvc.money.bank.errors import NothingToPay
from recordsvc.money.claims import bank, paying, values
from recordsvc.money.claims.values import Claim
from recordsvc.money.ledger import accounts, seals
from tests.money.bank.desk import CODE, Desk
from tests.money.claims.test_bank import give_account
from tests.money.claims.world import APPROVER, HANDLER, LEFT, PAYER, REVIEWER, SPENT, World

DAYS = int(os.environ.get("RECORDSVC_TEST_DAYS", "24"))
LIKELY = {"return": 0.25, "reject": 0.15, "late": 0.2, "duplicate_report": 0.3, "reread": 0.2}
BUDGET = 4_000_000
HOUR = 3_600_000
HELD = ("ACCEPTED", "REVIEWED", "NOTICED", "OBJECTED", "APPROVED", "FINANCED", "PAYING", "RETURNED")
BOOKED = ("settled", "returned")


class Days:
    """A bureau, its workers and its bank, day after day."""

    def __init__(self, world: World, seed: int, root: Path) -> None:
        house = world.house
        house.claims.payments = bank.BankRoom(house)
        bank.connect(house)
        self.world, self.house, self.desk = world, house, Desk(house)
        self.draw = random.Random(seed)
        self.book = Book(root / f"bank-{seed}.db")
        self.book.open_fund(self.desk.source.number, 100_000_000)
        folder = Folder(house.settings.bank_folder / CODE)
        self.bank = Bank(self.book, folder, Faults(LIKELY, seed), self.desk.source.number)
        self.people = 0
        self.accounts = 0

    def every(self) -> list[Claim]:
        with self.house.db.read() as conn:
            return values.listed(conn)

    def account(self, one: Claim) -> None:
        self.accounts += 1
        give_account(self.world, one, self.accounts)

    def filed(self) -> None:
        """Some come and claim; most bring an account."""
        for _ in range(self.draw.randrange(3)):
            self.people += 1
            one = self.world.file(*self.world.certified(self.people, level=self.draw.choice("543")))
            if self.draw.random() < 0.8:
                self.account(one)

    def handled(self) -> None:
        """Officials take each claim as far as it goes today; some they leave for tomorrow."""
        for one in self.every():
            if self.draw.random() < 0.2:
                continue
            if one.waits == "no-account" or one.state == "RETURNED":
                self.account(one)
            event, who = {
                "CHECKED": ("accept", HANDLER),
                "ACCEPTED": ("review", REVIEWER),
                "NOTICED": ("approve", APPROVER),
                "APPROVED": ("finance", PAYER),
                "RETURNED": ("pay", PAYER),
            }.get(one.state, ("", HANDLER))
            with contextlib.suppress(Problem):  # a list that is not over, an absence that is not proven yet
                if event:
                    self.world.step(one, event, who)
        if reviewed := [one for one in self.every() if one.state == "REVIEWED"]:
            self.world.publish(*reviewed)

    def paid(self) -> None:
        """Hand over, seal, release, send; the bank works; its files are read."""
        paying.run(self.house)
        with contextlib.suppress(NothingToPay):
            self.desk.release(self.desk.seal())
        for job in (dispatch.run, inbox.run, terms.run):
            job(self.house)
        self.bank.work(self.now())
        inbox.run(self.house)

    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.house.clock.now_ms() / 1000, dt.UTC)

    def day(self) -> None:
        self.filed()
        self.handled()
        for _ in range(2):
            self.paid()
            self.house.clock.advance(4 * HOUR)
        self.bank.close_day(self.now())
        inbox.run(self.house)
        self.house.clock.advance(16 * HOUR)

    def wrong(self) -> list[str]:
        """What does not agree between bank, payments, claims and ledger."""
        claims = self.every()
        with self.house.db.read() as conn:
            attempts = {one.reference: payments.of_claim(conn, one.reference) for one in claims}
            open_ones = [one.subject for one in breaks.listed(conn, limit=1_000) if one.state == "open"]
            mirror = self.house.cash.balance_fen(conn, CODE)
            trial = seals.trial(conn).tallies
            left, spent = (accounts.balance(conn, name) for name in (LEFT, SPENT))
        ours = [
            Ours(ref, it.end_to_end_id, it.amount_fen, it.state == "settled", it.state in payments.OVER)
            for ref, some in attempts.items()
            for it in some
        ]
        found = judge(self.book, ours, open_ones, mirror)
        settled = {ref for ref, some in attempts.items() if any(it.state == "settled" for it in some)}
        for one in claims:
            if (one.state in ("PAID", "CLOSED")) != (one.reference in settled):
                found.append(f"{one.reference} is {one.state}, its payments {attempts[one.reference]}")
        # What was booked once is spent, also while it is on its way back out to another account.
        booked = {ref for ref, some in attempts.items() if any(it.state in BOOKED for it in some)}
        paid = sum(one.amount_fen for one in claims if one.reference in booked)
        held = sum(one.amount_fen for one in claims if one.state in HELD and one.reference not in booked)
        for name, has, wanted in (
            ("spent", spent.posted, paid),
            ("held", left.out_pending, held),
            ("left", left.available, BUDGET - paid - held),
            ("journal", trial[LEFT].out_pending, left.out_pending),
        ):
            if has != wanted:
                found.append(f"{name}: {has} and not {wanted}")
        return found


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize("seed", [7])
def test_days_from_filing_to_payment_and_return_agree(world: World, tmp_path: Path, seed: int) -> None:
    world.fund(BUDGET - world.left())
    days = Days(world, seed, tmp_path)
    for n in range(DAYS):
        days.day()
        assert (seed, n, days.wrong()) == (seed, n, [])
    states = [one.state for one in days.every()]
    assert states.count("PAID") > 3, (seed, states)
    assert days.accounts > days.people // 2
    days.book.close()
