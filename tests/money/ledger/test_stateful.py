"""The ledger beside an oracle that only counts: any history of postings, on both databases.

The oracle keeps a dictionary of what each account has and owes and knows nothing of the service's code. After
every step answers, balances and what the journal gives are compared.
"""

import dataclasses
import itertools
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from recordsvc.ground.database import Database
from recordsvc.money.ledger import accounts, booking, seals
from recordsvc.money.ledger.accounts import Account
from recordsvc.money.ledger.errors import PostingReused
from recordsvc.money.ledger.values import Leg, Outcome, Posting, hold, move, settle, undo, void

AMOUNTS = st.integers(1, 60)
NAMES = ("source", "line", "line-2", "expense")
PICK = st.integers(0, 10_000)
_machines = itertools.count(1)


@dataclasses.dataclass
class Booked:
    kind: str
    source: str
    target: str
    amount: int
    open: bool = True


class Ledger(RuleBasedStateMachine):
    """Real ledger and oracle side by side; accounts of each history bear its number."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.own = next(_machines)
        self.has = dict.fromkeys(NAMES, 0)
        self.held = dict.fromkeys(NAMES, 0)
        self.closed: set[str] = set()
        self.booked: dict[str, Booked] = {}
        self.asked: dict[str, tuple[tuple[Leg, ...], bool]] = {}
        self.ids = itertools.count(1)
        for name in NAMES:
            one = Account(self.name(name), "BUDGET", name, name, name.startswith("line"))
            self.database.write(lambda turn, one=one: accounts.open_account(turn, one, "official:1"))
        self.book(move(self.name("source"), self.name("line"), 100))

    def name(self, name: str) -> str:
        return f"h{self.own}.{name}"

    # -- what the oracle says

    def expected(self, legs: tuple[Leg, ...]) -> list[Booked] | None:
        """What a posting would book, or None; what it moves is moved here."""
        kept = (dict(self.has), dict(self.held), {key: one.open for key, one in self.booked.items()})
        rows = []
        for leg in legs:
            row = self.leg(leg)
            if row is None:
                self.has, self.held = kept[0], kept[1]
                for key, was in kept[2].items():
                    self.booked[key].open = was
                return None
            rows.append(row)
        return rows

    def leg(self, leg: Leg) -> Booked | None:
        about = self.booked.get(leg.about)
        if leg.about:
            wanted = ("POST", "SETTLE") if leg.kind == "UNDO" else ("PEND",)
            if about is None or about.kind not in wanted or not about.open or leg.amount_fen > about.amount:
                return None
            ends = (about.source, about.target) if leg.kind != "UNDO" else (about.target, about.source)
            row = Booked(leg.kind, *ends, leg.amount_fen or about.amount)
        else:
            row = Booked(leg.kind, leg.source.partition(".")[2], leg.target.partition(".")[2], leg.amount_fen)
        if leg.kind != "VOID" and {row.source, row.target} & self.closed:
            return None
        if leg.kind in ("POST", "PEND", "UNDO"):
            free = self.has[row.source] - self.held[row.source]
            if row.source.startswith("line") and free < row.amount:
                return None
        if about is not None:
            about.open = False
            if leg.kind != "UNDO":
                self.held[row.source] -= about.amount
        if leg.kind == "PEND":
            self.held[row.source] += row.amount
        elif leg.kind != "VOID":
            self.has[row.source] -= row.amount
            self.has[row.target] += row.amount
        return row

    # -- what happens

    def book(self, *legs: Leg) -> None:
        posting_id = f"h{self.own}-{next(self.ids)}"
        rows = self.expected(legs)
        outcome = self.ask(posting_id, legs)
        assert outcome.applied == (rows is not None), (legs, outcome)
        for n, row in enumerate(rows or []):
            self.booked[f"{posting_id}#{n + 1}"] = row
        self.asked[posting_id] = (legs, outcome.applied)
        self.compare()

    def ask(self, posting_id: str, legs: tuple[Leg, ...]) -> Outcome:
        posting = Posting(posting_id, legs, "test", "official:1")
        return self.database.write(lambda turn: booking.book(turn, posting))

    def compare(self) -> None:
        with self.database.read() as conn:
            found = accounts.balances(conn, map(self.name, NAMES))
            trial = seals.trial(conn).tallies
        for name in NAMES:
            one = found[self.name(name)]
            assert (one.posted, one.out_pending) == (self.has[name], self.held[name]), name
            assert not name.startswith("line") or one.available >= 0
            counters = (one.in_posted, one.in_pending, one.out_posted, one.out_pending)
            assert counters == dataclasses.astuple(trial.get(one.account, seals.Tally()))

    def two(self, pick: int) -> tuple[str, str]:
        pairs = list(itertools.permutations(NAMES, 2))
        source, target = pairs[pick % len(pairs)]
        return self.name(source), self.name(target)

    def some(self, pick: int) -> str:
        return list(self.booked)[pick % len(self.booked)] if pick % 12 else "none#1"

    @rule(amount=AMOUNTS, pick=PICK)
    def moves(self, amount: int, pick: int) -> None:
        self.book(move(*self.two(pick), amount))

    @rule(amount=AMOUNTS, pick=PICK)
    def holds(self, amount: int, pick: int) -> None:
        self.book(hold(*self.two(pick), amount))

    @rule(pick=PICK, amount=st.integers(0, 70))
    def settles(self, pick: int, amount: int) -> None:
        self.book(settle(self.some(pick), amount))

    @rule(pick=PICK)
    def voids(self, pick: int) -> None:
        self.book(void(self.some(pick)))

    @rule(pick=PICK)
    def undoes(self, pick: int) -> None:
        self.book(undo(self.some(pick)))

    @rule(amounts=st.lists(AMOUNTS, min_size=2, max_size=4), pick=PICK)
    def groups(self, amounts: list[int], pick: int) -> None:
        legs = [(move, hold)[n % 2](*self.two(pick + n), amount) for n, amount in enumerate(amounts)]
        self.book(settle(self.some(pick)), *legs)

    @rule(pick=PICK)
    def repeats(self, pick: int) -> None:
        posting_id = list(self.asked)[pick % len(self.asked)]
        legs, applied = self.asked[posting_id]
        again = self.ask(posting_id, legs)
        assert (again.again, again.applied) == (True, applied)
        self.compare()

    @rule(pick=PICK)
    def reuses(self, pick: int) -> None:
        posting_id = list(self.asked)[pick % len(self.asked)]
        with pytest.raises(PostingReused):
            self.ask(posting_id, (*self.asked[posting_id][0], move(*self.two(pick), 61)))
        self.compare()

    @rule(pick=st.integers(0, 40))
    def closes(self, pick: int) -> None:
        if pick < len(NAMES):
            name = self.name(NAMES[pick])
            self.database.write(lambda turn: accounts.close_account(turn, name, "停用", "official:1"))
            self.closed.add(NAMES[pick])
        self.compare()


def run(database: Database, **profile: Any) -> None:
    machine = type("LedgerHere", (Ledger,), {"database": database})
    quiet = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
    # Shrinking a history takes far longer than reading one; the steps are printed.
    run_state_machine_as_test(machine, settings=settings(phases=[Phase.generate], **quiet, **profile))


def test_the_ledger_keeps_to_its_oracle(database: Database) -> None:
    """A few histories, the same every time."""
    run(database, max_examples=6, stateful_step_count=25, derandomize=True)


@pytest.mark.long
@pytest.mark.beside
def test_the_ledger_keeps_to_its_oracle_for_long(database: Database) -> None:
    """Other histories every time (in CI the same ones); RECORDSVC_TEST_HISTORIES says how many."""
    histories = int(os.environ.get("RECORDSVC_TEST_HISTORIES", "100"))
    fixed = os.environ.get("CI") == "true"
    run(database, max_examples=histories, stateful_step_count=40, print_blob=True, derandomize=fixed)
