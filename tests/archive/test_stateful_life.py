"""What lives do to archives, against a plain oracle: merge, undo, move, restrict, erase, close, restart.

A Hypothesis state machine sends records for a few numbers, lets two officials act on whole archives, loses
commits and opens new houses on the same database. The oracle is a list of kinds per chain, a state per
chain, and which chain a number leads to.

After every step: a number leads where the oracle says; every chain has the oracle's entries; what may be read
is read, what may not is refused; positions are contiguous. At the end: every receipt ever given agrees with
the log, the erasure journal opens the database, and `fsck` finds nothing.
"""

import dataclasses
import os
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from recordsvc import anchor, erasures, fsck, starting
from recordsvc.access.grants import Actor
from recordsvc.access.grants import Kind as ActorKind
from recordsvc.archive import closing, erasing, merging, moving, persons
from recordsvc.archive import tables as archive_tables
from recordsvc.archive.closing import Death
from recordsvc.archive.contradiction import Verdict, compare
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.formats import Kind
from recordsvc.archive.merging import Why
from recordsvc.archive.moving import Moving
from recordsvc.archive.reading import Reader
from recordsvc.archive.states import Life
from recordsvc.ground import two_person
from recordsvc.ground.commit import CommitUnknown, Turn
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House, open_house
from recordsvc.translog import tables as log_tables
from tests.archive.support import Centre, id_of, person
from tests.archive.support import receipts as receipts_of
from tests.archive.test_stateful import QUIET, any_one, make

__all__ = ["make"]

NUMBERS = 4
OFFICER = Actor(ActorKind.OFFICIAL, "li", roles=frozenset({"data-officer"}))
WHY = Why("police-proof", "公安机关证明")
UNLAWFUL = erasing.Why("unlawful", "个人信息保护法第四十七条")


@dataclasses.dataclass
class Chain:
    """One archive of the oracle."""

    worker_id: bytes
    kinds: list[Kind] = dataclasses.field(default_factory=list)
    raws: dict[int, bytes] = dataclasses.field(default_factory=dict)
    """seq -> R, of records that an issuer signed."""
    numbers: dict[int, int] = dataclasses.field(default_factory=dict)
    """seq -> under whose number that record came."""
    ended: set[int] = dataclasses.field(default_factory=set)
    """seqs of records revoked or erased."""
    erased: set[int] = dataclasses.field(default_factory=set)
    """seqs of records erased."""
    merged_with: list["Chain"] = dataclasses.field(default_factory=list)
    """Every chain that this one's own entries name as merged with it."""
    state: str = "open"
    into: "Chain | None" = None

    @property
    def read_as(self) -> "Chain":
        """The archive that this one is read as."""
        return self if self.into is None else self.into.read_as

    def add(self, kind: Kind) -> int:
        """Append; the seq."""
        self.kinds.append(kind)
        return len(self.kinds) - 1

    def issued(self, raw: bytes, number: int) -> int:
        """Append a record of an issuer; the seq."""
        seq = self.add(Kind.ISSUE)
        self.raws[seq], self.numbers[seq] = raw, number
        return seq

    @property
    def standing(self) -> list[int]:
        """Records that an issuer signed and that are in force."""
        return [seq for seq in self.raws if seq not in self.ended]


class Lives(RuleBasedStateMachine):
    """Real service and oracle side by side."""

    make: Callable[[], House]

    def __init__(self) -> None:
        super().__init__()
        self.house = type(self).make()
        self.clock: FixedClock = self.house.clock
        self.centre = Centre(self.house, 1)
        self.size = 2  # the region's key and the centre's
        self.chains: list[Chain] = []
        self.owner: dict[int, Chain] = {}
        """Number -> the chain that its index rows belong to."""
        self.given: list[str] = []

    # -- picking -------------------------------------------------------------------------------------------

    def pick(self, n: int, *states: str) -> Chain | None:
        found = [chain for chain in self.chains if chain.state in states]
        return found[n % len(found)] if found else None

    def people_of(self, chain: Chain) -> list[Chain]:
        """The archives that are read as this one, itself included."""
        return [one for one in self.chains if one.state != "erased" and one.read_as is chain]

    def decide(self, propose: Callable[[Turn], bytes]) -> Any:
        """Two officials: one proposes, another approves."""
        self.clock.advance(11)
        proposal = self.house.db.write(propose)
        return self.house.db.write(
            lambda turn: two_person.decide(
                turn, proposal, "official:b", True, "核对无误", role="data-officer", tools=self.house
            )
        )

    def left_elsewhere(self, gone: list[Chain]) -> list[tuple[Chain, int]]:
        """Readable records under a number of these, in chains once read as one with them."""
        reached = list(gone)
        for chain in reached:  # grows
            reached += [one for one in chain.merged_with if one not in reached and one.state != "erased"]
        return [
            (chain, seq)
            for chain in reached
            if chain not in gone
            for seq, n in chain.numbers.items()
            if seq not in chain.erased and self.owner.get(n) in gone
        ]

    # -- records -------------------------------------------------------------------------------------------

    @rule(who=st.lists(st.integers(0, NUMBERS - 1), min_size=1, max_size=4))
    def records(self, who: list[int]) -> None:
        """A batch: open archives take it, sealed and closed ones let it wait, unknown numbers begin one."""
        self.clock.advance(7)
        raws = [self.centre.completion(person(n)) for n in who]
        answer = self.centre.send(raws)
        for n, raw, row in zip(who, raws, answer.rows, strict=True):
            chain = self.owner.get(n)
            root = None if chain is None else chain.read_as
            if root is None:
                root = self.begun(n)
            if root.state in ("restricted", "closed"):
                assert (row.status, row.held) == ("held", f"worker-{root.state}")
                continue
            assert row.status == "accepted", (row.status, row.held)
            assert row.outcome.worker_id == root.worker_id
            assert row.outcome.seq == root.issued(raw, n)
            self.size += 1
        if answer.log is not None:
            self.given += receipts_of(answer)
        self.check()

    def begun(self, n: int) -> Chain:
        worker_id = self.house.people.find("resident-id", person(n)["number"])
        assert worker_id is not None
        chain = Chain(worker_id)
        self.chains.append(chain)
        self.owner[n] = chain
        return chain

    @precondition(lambda self: any(chain.standing for chain in self.chains))
    @rule(n=any_one, at=any_one)
    def revoke(self, n: int, at: int) -> None:
        """The issuer takes a record back, wherever the chain is read: it lands in the record's own chain."""
        chains = [one for one in self.chains if one.standing and one.state in ("open", "merged")]
        if not chains:
            return
        chain = chains[n % len(chains)]
        seq = chain.standing[at % len(chain.standing)]
        number = next((no for no, owner in self.owner.items() if owner is chain), None)
        if number is None:
            return
        self.clock.advance(5)
        (row,) = self.centre.send([self.centre.revocation(person(number), chain.raws[seq])]).rows
        if chain.read_as.state in ("restricted", "closed"):
            assert row.status == "held"
        else:
            assert row.status == "accepted", (row.status, row.held, row.problem)
            chain.add(Kind.REVOKE)
            chain.ended.add(seq)
            self.size += 1
        self.check()

    # -- whole archives ------------------------------------------------------------------------------------

    @rule(a=any_one, b=any_one)
    def merge(self, a: int, b: int) -> None:
        one, other = self.pick(a, "open"), self.pick(b, "open")
        if one is None or other is None or one is other:
            return
        self.decide(
            lambda turn: merging.propose_merge(
                turn, self.house, one.worker_id, other.worker_id, WHY, "official:a"
            )
        )
        one.add(Kind.MERGE)
        other.add(Kind.MERGE)
        one.merged_with.append(other)
        other.merged_with.append(one)
        one.state, one.into = "merged", other
        self.size += 2
        self.check()

    @rule(a=any_one)
    def unmerge(self, a: int) -> None:
        one = self.pick(a, "merged")
        if one is None or one.into is None or one.into.state != "open":
            return
        into = one.into
        self.decide(lambda turn: merging.propose_unmerge(turn, self.house, one.worker_id, WHY, "official:a"))
        one.add(Kind.UNMERGE)
        into.add(Kind.UNMERGE)
        one.state, one.into = "open", None
        self.size += 2
        self.check()

    @rule(a=any_one, b=any_one, at=any_one)
    def move(self, a: int, b: int, at: int) -> None:
        """A record of one person is revoked there and stated here, in one turn."""
        wrong, right = self.pick(a, "open"), self.pick(b, "open")
        if wrong is None or right is None or wrong is right or not wrong.standing:
            return
        seq = wrong.standing[at % len(wrong.standing)]
        record_id = uuid.UUID(id_of(wrong.raws[seq])).bytes
        moved = Moving(wrong.worker_id, record_id, right.worker_id, "同名误记")
        self.decide(lambda turn: moving.propose_move(turn, self.house, moved, "official:a"))
        wrong.add(Kind.REVOKE)
        wrong.ended.add(seq)
        right.add(Kind.ISSUE)
        self.size += 2
        self.check()

    @rule(a=any_one)
    def restrict(self, a: int) -> None:
        chain = self.pick(a, "open")
        if chain is None:
            return
        self.clock.advance(3)
        erasing.restrict(self.house, chain.worker_id, "erasure-requested", "本人申请", OFFICER)
        chain.add(Kind.NOTE)
        chain.state = "restricted"
        self.size += 1
        self.check()

    @rule(a=any_one)
    def lift(self, a: int) -> None:
        chain = self.pick(a, "restricted")
        if chain is None:
            return
        ground = ("request-withdrawn", "本人撤回")
        self.decide(lambda turn: erasing.propose_lift(turn, chain.worker_id, *ground, "official:a"))
        chain.add(Kind.NOTE)
        chain.state = "open"
        self.size += 1
        self.check()

    @rule(a=any_one)
    def close(self, a: int) -> None:
        chain = self.pick(a, "open")
        if chain is None:
            return
        death = Death("death", "2025-01-02", "死亡证明")
        self.decide(lambda turn: closing.propose_closure(turn, chain.worker_id, death, "official:a"))
        chain.add(Kind.NOTE)
        chain.state = "closed"
        self.size += 1
        self.check()

    @rule(a=any_one)
    def reopen(self, a: int) -> None:
        chain = self.pick(a, "closed")
        if chain is None:
            return
        self.decide(lambda turn: closing.propose_reopening(turn, chain.worker_id, "误关", "official:a"))
        chain.add(Kind.NOTE)
        chain.state = "open"
        self.size += 1
        self.check()

    @rule(a=any_one)
    def erase(self, a: int) -> None:
        """The person is gone with all archives read as this one, and with what merges left elsewhere."""
        chain = self.pick(a, "restricted", "closed")
        if chain is None:
            return
        gone = self.people_of(chain)
        astray = self.left_elsewhere(gone)
        self.decide(
            lambda turn: erasing.propose_erasure(turn, self.house, chain.worker_id, UNLAWFUL, "official:a")
        )
        for one in gone:
            one.add(Kind.ERASE)
            one.state, one.into = "erased", None
            one.ended |= set(one.raws)
        for other, seq in astray:
            other.add(Kind.ERASE)
            other.ended.add(seq)
            other.erased.add(seq)
        self.owner = {n: owner for n, owner in self.owner.items() if owner not in gone}
        self.size += len(gone) + len(astray)
        assert erasures.keep(self.house) == len(gone) + len(astray)
        self.check()

    @rule(a=any_one, at=any_one)
    def erase_one(self, a: int, at: int) -> None:
        chain = self.pick(a, "open")
        if chain is None or not chain.standing:
            return
        seq = chain.standing[at % len(chain.standing)]
        record_id = uuid.UUID(id_of(chain.raws[seq])).bytes
        self.decide(
            lambda turn: erasing.propose_record_erasure(
                turn, self.house, chain.worker_id, record_id, UNLAWFUL, "official:a"
            )
        )
        chain.add(Kind.ERASE)
        chain.ended.add(seq)
        chain.erased.add(seq)
        self.size += 1
        assert erasures.keep(self.house) == 1
        self.check()

    # -- what goes wrong -----------------------------------------------------------------------------------

    @rule(a=any_one, effect=st.booleans())
    def lose_a_commit(self, a: int, effect: bool) -> None:
        """A restriction whose commit is lost, with and without effect; the next house goes on."""
        chain = self.pick(a, "open")
        if chain is None:
            return
        engine = self.house.db.engine
        failing = {"now": True}

        def lose(conn: Any) -> None:
            if failing.pop("now", False):
                if effect:
                    conn.connection.driver_connection.commit()
                raise OSError("the connection is gone")

        sa.event.listen(engine, "commit", lose)
        try:
            with pytest.raises((CommitUnknown, OSError)):
                erasing.restrict(self.house, chain.worker_id, "erasure-requested", "本人申请", OFFICER)
        finally:
            sa.event.remove(engine, "commit", lose)
        if effect:
            chain.add(Kind.NOTE)
            chain.state = "restricted"
            self.size += 1
        self.restart()

    @rule()
    def restart(self) -> None:
        """A new house on the same database; the erasure journal is asked as at every start."""
        old = self.house
        self.house = open_house(old.settings, old.clock, old.random)
        self.centre.house = self.house
        old.close()
        erasures.keep(self.house)
        starting.check(self.house)
        self.check()

    # -- checks --------------------------------------------------------------------------------------------

    def check(self) -> None:
        with self.house.db.read() as conn:
            entry = log_tables.entry.c
            count, top = conn.execute(sa.select(sa.func.count(), sa.func.max(entry.idx))).one()
            assert (count, top) == (self.size, self.size - 1)
            own = archive_tables.entry.c
            for chain in self.chains:
                query = sa.select(own.leaf).where(own.worker_id == chain.worker_id).order_by(own.seq)
                kinds = [Kind(bytes(leaf)[1]) for leaf in conn.execute(query).scalars()]
                assert kinds == chain.kinds
        for n in range(NUMBERS):
            owner = self.owner.get(n)
            found = self.house.people.find("resident-id", person(n)["number"])
            assert found == (None if owner is None else owner.read_as.worker_id)
        for chain in self.chains:
            self.check_reading(chain)

    def check_reading(self, chain: Chain) -> None:
        if chain.read_as.state == "restricted":
            with pytest.raises(ArchiveRestricted):
                Reader(self.house).archive(chain.worker_id)
            return
        archive = Reader(self.house).archive(chain.worker_id)
        if chain.state == "erased":
            assert archive is None
            return
        assert archive is not None
        assert archive.state.oddities == ()
        lives = {one.seq: one.life for one in archive.state.records}
        for seq in chain.raws:
            assert (lives[seq] is Life.ACTIVE) == (seq not in chain.ended)
        if chain.into is None:
            person_now = persons.read(self.house, chain.worker_id)
            assert {one.worker_id for one in person_now.archives} == {
                one.worker_id for one in self.people_of(chain)
            }

    def teardown(self) -> None:
        try:
            self.check()
            with self.house.db.read() as conn:
                for proof in self.given:
                    found = compare(self.house.log, anchor.log_key(self.house), conn, proof.encode())
                    assert found.verdict is Verdict.CONTINUED
            starting.check(self.house)
            report = fsck.fsck(self.house, offline=True)
            assert report.finding is None, report.finding
        finally:
            self.house.close()


def run(made: Callable[[], House], profile: settings) -> None:
    machine = type("LivesHere", (Lives,), {"make": staticmethod(made)})
    run_state_machine_as_test(machine, settings=profile)


class Told(Lives):
    """A history told step by step instead of drawn: chains by the order in which they began."""

    def one(self, *numbers: int) -> None:
        self.records(list(numbers))

    def at(self, chain: Chain, state: str) -> int:
        return [one for one in self.chains if one.state == state].index(chain)

    def joined(self, one: Chain, other: Chain) -> None:
        self.merge(self.at(one, "open"), self.at(other, "open"))

    def parted(self, one: Chain) -> None:
        self.unmerge(self.at(one, "merged"))

    def gone(self, one: Chain) -> None:
        self.restrict(self.at(one, "open"))
        self.erase([each for each in self.chains if each.state in ("restricted", "closed")].index(one))


@pytest.fixture
def told(make: Callable[[], House]) -> Told:
    """A house whose history is told."""
    return type("ToldHere", (Told,), {"make": staticmethod(make)})()


def test_a_record_under_the_first_of_three_merged_numbers(told: Told) -> None:
    """Its number is two merges away from the chain it stands in; also once both merges are undone."""
    told.one(0, 1, 2)
    first, second, third = told.chains
    told.joined(first, second)
    told.joined(second, third)
    told.one(0)
    assert third.numbers[max(third.numbers)] == 0
    assert fsck.fsck(told.house, offline=True).finding is None
    told.parted(second)
    told.parted(first)
    told.one(0)
    told.teardown()


def test_one_batch_under_all_numbers_of_a_merged_person(told: Told) -> None:
    """Each number is known by the name it stands under, whichever of them stands beside it."""
    told.one(0, 1, 2)
    first, second, third = told.chains
    told.joined(first, second)
    told.joined(second, third)
    told.one(0, 1, 2, 0)
    told.one(1, 0)
    told.teardown()


def test_who_is_erased_leaves_nothing_in_the_chain_once_read_as_one(told: Told) -> None:
    """And begins anew with the same number, of which the other chain no longer knows anything."""
    told.one(0, 1, 2)
    first, second, third = told.chains
    told.joined(first, second)
    told.joined(second, third)
    told.one(0)
    told.parted(second)
    told.parted(first)
    seq = max(third.numbers)
    told.gone(first)
    assert third.erased == {seq}
    with told.house.db.read() as conn:
        sealed = archive_tables.ciphertext.c
        kept = conn.execute(sa.select(sealed.seq).where(sealed.worker_id == third.worker_id)).scalars()
        assert seq not in set(kept)
    told.one(0)
    told.teardown()


def test_who_linked_two_archives_is_erased_and_their_records_still_belong(told: Told) -> None:
    """The chain that said of the first merge is gone; its number has begun anew elsewhere."""
    told.one(0, 1, 2)
    first, second, third = told.chains
    told.joined(first, second)
    told.joined(second, third)
    told.one(0)
    told.parted(second)
    told.parted(first)
    told.gone(second)
    told.one(1)
    told.gone(first)
    told.one(0)
    told.teardown()


def test_lives_keep_to_their_oracle(make: Callable[[], House]) -> None:
    """A few histories, the same every time."""
    run(make, settings(max_examples=8, stateful_step_count=30, derandomize=True, **QUIET))


@pytest.mark.long
def test_lives_keep_to_their_oracle_for_long(make: Callable[[], House]) -> None:
    """Other histories every time (in CI the same ones); RECORDSVC_TEST_HISTORIES says how many."""
    histories = int(os.environ.get("RECORDSVC_TEST_HISTORIES", "80"))
    fixed = os.environ.get("CI") == "true"
    run(make, settings(max_examples=histories, stateful_step_count=50, derandomize=fixed, **QUIET))
