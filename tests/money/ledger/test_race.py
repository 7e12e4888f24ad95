"""Many at once: threads with one id, processes for the last yuan, a posting between reading and writing."""

import concurrent.futures
import dataclasses
import multiprocessing
import random

import pytest
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock
from recordsvc.money.ledger import accounts, booking, seals
from recordsvc.money.ledger.accounts import Account
from recordsvc.money.ledger.errors import PostingReused
from recordsvc.money.ledger.values import Posting, hold, move, settle, undo, void
from tests.conftest import Addresses

AFFORDABLE = 20


@pytest.fixture
def line(database: Database) -> str:
    """A guarded account that affords so many holds of 100 fen and has 99 fen left over."""

    def begin(turn: Turn) -> None:
        for name, guard in (("source", False), ("line", True), ("expense", False)):
            accounts.open_account(turn, Account(name, "BUDGET", name, name, guard), "official:1")
        legs = (move("source", "line", AFFORDABLE * 100 + 99),)
        booking.book(turn, Posting("begin", legs, "test", "official:1"))

    database.write(begin)
    return "line"


def hold_many(url: str, now_ms: int, who: int, count: int) -> list[bool]:
    """In another process: hold 100 fen again and again."""
    database = Database(url, clock=FixedClock(now_ms))
    granted = []
    for n in range(count):
        posting = Posting(f"w{who}-{n}", (hold("line", "expense", 100),), "test", f"official:{who}")
        granted.append(database.write(lambda turn, posting=posting: booking.book(turn, posting)).applied)
    database.close()
    return granted


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.mutants
def test_case_19_eight_processes_for_the_last_yuan_get_what_is_affordable(
    database: Database, line: str, addresses: Addresses, clock: FixedClock
) -> None:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(8, mp_context=context) as pool:
        futures = [pool.submit(hold_many, addresses.application, clock.now_ms(), who, 5) for who in range(8)]
        granted = [one for future in futures for one in future.result()]

    assert (sum(granted), len(granted)) == (AFFORDABLE, 40)
    with database.read() as conn:
        assert accounts.balance(conn, line).available == 99
        assert seals.trial(conn).tallies[line].out_pending == AFFORDABLE * 100


class Died(Exception):
    """The process died here."""


def test_case_02_counters_equal_the_journal_after_what_many_did_and_some_died_at(
    database: Database, line: str
) -> None:
    """Four write whatever comes to them, and every fifth time die between booking and committing."""

    def live(who: int) -> int:
        chance, own, alive = random.Random(who), list[str](), 0
        for n in range(25):
            ended = own.pop(chance.randrange(len(own))) if own and chance.random() < 0.4 else ""
            leg = (
                chance.choice([settle, void])(ended)
                if ended
                else chance.choice([hold, hold, move])("line", "expense", chance.randrange(1, 60))
            )
            posting = Posting(f"w{who}-{n}", (leg, move("source", "line", 7)), "test", f"official:{who}")
            dies = chance.random() < 0.2

            def act(turn: Turn, posting: Posting = posting, dies: bool = dies) -> bool:
                applied = booking.book(turn, posting).applied
                if dies:
                    raise Died
                return applied

            try:
                applied = database.write(act)
            except Died:
                own += [ended] if ended else []
                continue
            alive += applied
            own += [f"{posting.id}#1"] if applied and leg.kind == "PEND" else []
            if applied and leg.kind == "POST" and n % 3 == 0:
                back = Posting(f"w{who}-{n}-back", (undo(f"{posting.id}#1"),), "test", f"official:{who}")
                database.write(lambda turn, back=back: booking.book(turn, back))
        return alive

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert min(pool.map(live, range(4))) > 5
    with database.read() as conn:
        found = accounts.balances(conn, ["source", line, "expense"])
        journal = seals.trial(conn).tallies
    assert {name: dataclasses.astuple(one) for name, one in journal.items()} == {
        name: (one.in_posted, one.in_pending, one.out_posted, one.out_pending) for name, one in found.items()
    }
    assert sum(one.posted for one in found.values()) == 0


def test_case_12_one_id_from_64_threads_has_one_effect(database: Database, line: str) -> None:
    posting = Posting("one", (hold("line", "expense", 100),), "test", "official:1")
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        outcomes = list(
            pool.map(lambda _: database.write(lambda turn: booking.book(turn, posting)), range(64))
        )

    assert [one.again for one in outcomes].count(False) == 1
    assert {one.transfers for one in outcomes} == {("one#1",)}
    with database.read() as conn:
        assert accounts.balance(conn, line).out_pending == 100


def test_case_12_who_waited_for_the_book_sees_what_was_booked_meanwhile(
    database: Database,
    line: str,
    addresses: Addresses,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another process books the same id while this one waits for the lock; both get one answer."""
    if database.dialect == "sqlite":
        pytest.skip("processes queue before the transaction begins: nothing is read while one waits")
    posting = Posting("one", (hold("line", "expense", 100),), "test", "official:1")
    lock, other = booking.lock, Database(addresses.application, clock=clock)

    def waited(conn: Connection) -> tuple[int, str]:
        monkeypatch.setattr(booking, "lock", lock)
        assert not other.write(lambda turn: booking.book(turn, posting)).again
        return lock(conn)

    monkeypatch.setattr(booking, "lock", waited)
    outcome = database.write(lambda turn: booking.book(turn, posting))
    other.close()

    assert (outcome.again, outcome.transfers) == (True, ("one#1",))
    with database.read() as conn:
        assert accounts.balance(conn, line).out_pending == 100


def test_case_13_of_two_contents_under_one_id_one_is_booked(database: Database, line: str) -> None:
    def attempt(amount: int) -> bool:
        posting = Posting("one", (hold("line", "expense", amount),), "test", "official:1")
        try:
            return database.write(lambda turn: booking.book(turn, posting)).applied
        except PostingReused:
            return False

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        won = list(pool.map(attempt, [100 + n for n in range(16)]))

    assert won.count(True) == 1
    with database.read() as conn:
        assert accounts.balance(conn, line).out_pending == 100 + won.index(True)


def test_case_03_the_guard_holds_where_the_lock_is_passed_by(
    database: Database, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever decided on what is no longer so is stopped by the statement that moves the balance."""
    decided = booking._Run.write

    def late(run: booking._Run) -> None:
        spent = "UPDATE balance SET out_posted = out_posted + 2000 WHERE account = 'line'"
        run._turn.conn.exec_driver_sql(spent)
        decided(run)

    monkeypatch.setattr(booking._Run, "write", late)
    posting = Posting("one", (hold("line", "expense", 100),), "test", "official:1")
    with pytest.raises(RuntimeError, match="a balance is not what it was"):
        database.write(lambda turn: booking.book(turn, posting))
    with database.read() as conn:
        assert accounts.balance(conn, line).out_posted == 0
