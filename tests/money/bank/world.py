"""Days of a payer and a bank, with a crash wherever a test wants one: nothing here knows what is right."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from banksim.bank import Bank
from banksim.book import Book
from banksim.faults import Faults
from banksim.folder import Folder as BankFolder
from banksim.oracle import Ours, judge
from recordsvc.ground.database import Database
from recordsvc.money.bank import breaks, dispatch, folder, inbox, payments, terms
from recordsvc.money.bank.errors import AbsenceUnproven, NothingToPay, PayeeAccountFailed, PaymentLive
from recordsvc.money.bank.payments import AT_BANK
from tests.money.bank.desk import CODE, Desk, worker

BALANCE = 100_000_000
HOUR = 3_600_000


class Crash(Exception):
    """The process died here."""


class Crashes:
    """Counts the points at which something is about to become, or has become, lasting; dies at one."""

    def __init__(self, at: int = -1) -> None:
        self.at, self.count, self.armed = at, 0, False

    def point(self) -> None:
        """One such point."""
        if not self.armed:
            return
        self.count += 1
        if self.count - 1 == self.at:
            raise Crash


@contextmanager
def watched(patch: pytest.MonkeyPatch, crashes: Crashes) -> Iterator[None]:
    """Make every commit, write and rename of the payer's side such a point, before and after."""
    commit, write, taken = Database.write, folder.write, folder.Folder.taken

    def committing(self: Database, fn: Callable, after: object = None):
        def inside(turn):
            value = fn(turn)
            crashes.point()  # all written, nothing committed
            return value

        value = commit(self, inside) if after is None else commit(self, inside, after)
        crashes.point()
        return value

    def writing(place: Path, content: bytes) -> None:
        part = place.with_name(place.name + folder.PART)
        part.write_bytes(content[: len(content) // 2])
        crashes.point()  # half of it under its working name
        write(place, content)
        crashes.point()

    def taking(self: folder.Folder, file: folder.Arrived) -> None:
        crashes.point()
        taken(self, file)
        crashes.point()

    patch.setattr(Database, "write", committing)
    patch.setattr(folder, "write", writing)
    patch.setattr(folder.Folder, "taken", taking)
    yield
    patch.undo()


class World:
    """One payer and one bank over some days."""

    def __init__(self, desk: Desk, likely: dict[str, float], seed: int, root: Path) -> None:
        self.desk, self.house = desk, desk.house
        self.book = Book(root / f"bank-{seed}.db")
        self.book.open_fund(desk.source.number, BALANCE)
        exchange = BankFolder(self.house.settings.bank_folder / CODE)
        self.bank = Bank(self.book, exchange, Faults(likely, seed), desk.source.number)
        self.claims: list[str] = []

    def claim(self, n: int) -> None:
        """One more claim to be paid."""
        self.claims.append(f"claim-{n}")
        self.desk.pay(n, 100_000 + n, claim=f"claim-{n}")

    def jobs(self) -> None:
        """What the background process does; after a crash it simply begins again."""
        for job in (dispatch.run, inbox.run, terms.run):
            while True:
                try:
                    job(self.house)
                    break
                except Crash:
                    self.house.clock.advance(dispatch.LEASE_MS)

    def pay(self) -> None:
        """Payers make a batch of what waits, and try again what came back or was refused."""
        for claim in self.claims:
            with self.desk.house.db.read() as conn:
                last = payments.of_claim(conn, claim)[-1]
            if last.state in ("rejected", "returned") and last.attempt < 4:
                n = int(claim.removeprefix("claim-"))
                try:
                    self.desk.write(
                        payments.queue,
                        self.house,
                        claim,
                        CODE,
                        worker(n),
                        last.amount_fen,
                        purpose="补贴",
                        by="official:h1",
                    )
                except PayeeAccountFailed:
                    # Its payee brings one that works; whether it does, the bank says.
                    self.desk.account(n)
                except (PaymentLive, AbsenceUnproven):
                    continue
        try:
            self.desk.release(self.desk.seal())
        except NothingToPay:
            return

    def day(self) -> None:
        """Morning, noon and evening of one day."""
        for _ in range(3):
            self.pay()
            self.jobs()
            self.bank.work(self.now())
            self.jobs()
            self.house.clock.advance(3 * HOUR)
        self.bank.close_day(self.now())
        self.jobs()
        self.house.clock.advance(15 * HOUR)

    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.house.clock.now_ms() / 1000, dt.UTC)

    def unpaid(self) -> list[str]:
        """Claims with money still on its way and no break that says so."""
        with self.house.db.read() as conn:
            still = [one for one in breaks.listed(conn, limit=1_000) if one.state == "open"]
            named = " ".join(one.subject for one in still)
            last = [payments.of_claim(conn, claim)[-1] for claim in self.claims]
        # While an account has too little money nothing is sent from it: one difference says so for all.
        held = {"approved", "queued"} if any(one.kind == "funds-short" for one in still) else set()
        open_states = {*AT_BANK, "approved", "queued"} - held
        return [one.claim_ref for one in last if one.state in open_states and one.end_to_end_id not in named]

    def verdict(self) -> list[str]:
        """What the bank's own oracle finds."""
        with self.house.db.read() as conn:
            ours = [
                Ours(
                    one.claim_ref,
                    one.end_to_end_id,
                    one.amount_fen,
                    one.state == "settled",
                    one.state in payments.OVER,
                )
                for claim in self.claims
                for one in payments.of_claim(conn, claim)
            ]
            texts = [one.subject for one in breaks.listed(conn, limit=1_000) if one.state == "open"]
            mirror = self.house.cash.balance_fen(conn, CODE)
        return judge(self.book, ours, texts, mirror)
