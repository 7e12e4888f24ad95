"""What lives do to archives, against a plain oracle: cards, old papers, merge, move, erase, close, disaster.

A Hypothesis state machine sends records for a few numbers, replaces their cards, imports old papers that an
issuer signs later, lets two officials act on whole archives, loses commits, opens new houses on the same
database, takes backups, and loses the database. The oracle is a list of kinds per chain, a state per chain,
and which chain a number or a card leads to; a lost database puts it back to the backup, with the erasures
since.

After every step: numbers and cards lead where the oracle says; every chain has the oracle's entries; what may
be read is read, what may not is refused; what tells again what is sealed or erased waits; an imported paper
counts until its issuer signed the same; positions are contiguous. At the end: every receipt ever given agrees
with the log or is of what is known to be lost, the erasure journal opens the database, and `fsck` finds
nothing.
"""

import copy
import csv
import dataclasses
import datetime as dt
import itertools
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from recordsvc import anchor, backup, continuing, erasures, fsck, starting
from recordsvc.access.grants import Actor
from recordsvc.access.grants import Kind as ActorKind
from recordsvc.archive import closing, erasing, importing, merging, moving, persons
from recordsvc.archive import tables as archive_tables
from recordsvc.archive.closing import Death
from recordsvc.archive.contradiction import Verdict, compare
from recordsvc.archive.errors import ArchiveRestricted, TargetUnfit
from recordsvc.archive.formats import Kind
from recordsvc.archive.importing import Importer
from recordsvc.archive.merging import Why
from recordsvc.archive.moving import Moving
from recordsvc.archive.reading import Reader
from recordsvc.archive.restricting import LIFT, RESTRICT
from recordsvc.archive.states import Life
from recordsvc.ground import two_person
from recordsvc.ground.commit import CommitUnknown, Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.ground.privileges import APPLICATION_ROLE, OWNER_ROLE
from recordsvc.house import House, open_house
from recordsvc.people import synthetic
from recordsvc.people.cardbook import CardFact
from recordsvc.people.enrolling import Enrolment
from recordsvc.people.resolve import CARD
from recordsvc.translog import tables as log_tables
from tests.archive.restricted import asking
from tests.archive.support import Centre, id_of, person
from tests.archive.support import receipts as receipts_of
from tests.archive.test_importing import HEADINGS, decide, old_row, papers, plan_of
from tests.archive.test_stateful import QUIET, any_one, make
from tests.conftest import ROLES
from tests.postgresql import installed_programs

__all__ = ["make"]

NUMBERS = 4
MOST_DISASTERS = 2
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
    moved: dict[int, bytes] = dataclasses.field(default_factory=dict)
    """seq -> R of which the region states the content here, since it was moved here."""
    origin: dict[int, tuple[bytes, int]] = dataclasses.field(default_factory=dict)
    """seq of what was moved here -> chain and seq of what the move struck."""
    away: set[int] = dataclasses.field(default_factory=set)
    """seqs of records that were moved to somebody else, and are sealed here."""
    revoked: dict[int, int] = dataclasses.field(default_factory=dict)
    """seq of a record -> seq of its revocation, which goes with it."""
    ended: set[int] = dataclasses.field(default_factory=set)
    """seqs of records revoked or erased."""
    erased: set[int] = dataclasses.field(default_factory=set)
    """seqs of records erased, and of what revoked them."""
    sealed: set[int] = dataclasses.field(default_factory=set)
    """seqs of records restricted alone."""
    marked: set[int] = dataclasses.field(default_factory=set)
    """seqs of records sealed or erased that were this person's own: told again, they wait."""
    merged_with: list["Chain"] = dataclasses.field(default_factory=list)
    """Every chain that this one's own entries name as merged with it."""
    state: str = "open"
    beneath: str = "open"
    """Of a restricted one: the state that the restriction covers."""
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

    def revoke(self, seq: int) -> None:
        """Append the revocation of a record."""
        self.revoked[seq] = self.add(Kind.REVOKE)
        self.ended.add(seq)

    def erase(self, seq: int) -> int:
        """Append the erasure of a record and of what revoked it; how many entries."""
        self.away.discard(seq)
        gone = [seq, *([self.revoked[seq]] if seq in self.revoked else [])]
        for _one in gone:
            self.add(Kind.ERASE)
        self.ended.add(seq)
        self.erased |= set(gone)
        self.sealed.discard(seq)
        return len(gone)

    def told(self) -> dict[int, bytes]:
        """What tells of a class, by seq."""
        return self.raws | self.moved

    @property
    def standing(self) -> list[int]:
        """Records that an issuer signed and that are in force."""
        return [seq for seq in self.raws if seq not in self.ended | self.sealed]


@dataclasses.dataclass
class Paper:
    """An imported certificate; `signed` is where its issuer's own record of it stands."""

    number: int
    body: dict[str, Any]
    chain: Chain
    seq: int
    signed: int = -1


@dataclasses.dataclass
class Kept:
    """A backup, and the oracle as it was then."""

    folder: Path
    oracle: tuple[list[Chain], dict[int, Chain], dict[int, list[str]], list[Paper]]
    size: int
    given: int


def fact_of(raw: bytes) -> tuple[str, str, str]:
    """What another record would have to tell to tell the same class again."""
    body = json.loads(raw)["body"]
    return body["class"]["code"], body["started_on"], body["ended_on"]


def some(*states: str) -> Any:
    """Only where an archive is in one of these states: no step of a history is spent on nothing."""
    return precondition(lambda self: any(chain.state in states for chain in self.chains))


class Lives(RuleBasedStateMachine):
    """Real service and oracle side by side."""

    make: Callable[[], House]
    empty: Callable[[Path], dict[str, str]]
    """Addresses of an empty database for a new data folder."""

    def __init__(self) -> None:
        super().__init__()
        self.house = type(self).make()
        self.clock: FixedClock = self.house.clock
        self.centre, self.office = Centre(self.house, 1), Centre(self.house, 9)
        self.size = 3  # the region's key, the centre's and the office's
        self.chains: list[Chain] = []
        self.cards: dict[int, list[str]] = {}
        """Number -> its cards, the newest last."""
        self.papers: list[Paper] = []
        self.fresh = itertools.count(1)
        self.kept: Kept | None = None
        self.disasters = 0
        self.owner: dict[int, Chain] = {}
        """Number -> the chain that its index rows belong to."""
        self.given: list[tuple[str, Verdict]] = []
        """Every receipt, and what comparing it with the log has to tell."""

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

    def told_again(self, root: Chain, raw: bytes) -> str:
        """Why a record waits that tells again, under another id, what is sealed or erased; else empty."""
        same = fact_of(raw)
        people = self.people_of(root)
        for reason, seqs in (("restricted", "sealed"), ("erased", "erased")):
            for chain in people:
                known = chain.marked & getattr(chain, seqs) & chain.told().keys()
                if any(fact_of(chain.told()[seq]) == same for seq in known):
                    return f"retold-{reason}"
        return ""

    def mark(self, chain: Chain, seq: int) -> None:
        """What this record told is known again, if the number it came under is of the chain's person now."""
        if self.is_own(chain, seq) and seq not in chain.away:
            chain.marked.add(seq)

    def is_own(self, chain: Chain, seq: int) -> bool:
        """Whether a record is about the person in whose chain it stands: the region names no number."""
        return seq in chain.moved or self.owner.get(chain.numbers[seq]) in self.people_of(chain.read_as)

    def alike(self, chain: Chain, seq: int) -> list[tuple[Chain, int]]:
        """A record and what else tells the same class of its person: sealed and erased as one."""
        same, found = fact_of(chain.told()[seq]), [(chain, seq)]
        for one in self.people_of(chain.read_as) if self.is_own(chain, seq) else ():
            found += [
                (one, other)
                for other, raw in one.told().items()
                if (one, other) != (chain, seq)
                and other not in one.erased | one.away
                and self.is_own(one, other)
                and fact_of(raw) == same
            ]
        return found

    def struck(self, chain: Chain, seqs: Iterable[int]) -> list[tuple[Chain, int]]:
        """What moves struck elsewhere of these records of a chain, and can be read still."""
        places = [chain.origin[seq] for seq in seqs if seq in chain.origin and seq not in chain.erased]
        found = [(one, seq) for wanted, seq in places for one in self.chains if one.worker_id == wanted]
        return [(one, seq) for one, seq in found if one.state != "erased" and seq not in one.erased]

    def seal(self, chain: Chain, seq: int) -> None:
        """Two officials restrict a record, and with it what tells the same."""
        group = [(one, other) for one, other in self.alike(chain, seq) if other not in one.sealed]
        self.decide(asking(self.house, RESTRICT, chain.worker_id, self.id_at(chain, seq)))
        for one, other in group:
            one.add(Kind.NOTE)
            self.mark(one, other)
            one.sealed.add(other)
        self.size += len(group)

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
            if waits := self.told_again(root, raw):
                assert (row.status, row.held) == ("held", waits)
                continue
            assert row.status == "accepted", (row.status, row.held)
            assert row.outcome.worker_id == root.worker_id
            assert row.outcome.seq == root.issued(raw, n)
            self.size += 1
        if answer.log is not None:
            self.given += [(one, Verdict.CONTINUED) for one in receipts_of(answer)]
        self.check()

    def shown(self) -> list[int]:
        """Numbers with a card, of archives that take records."""
        return [n for n, mine in self.cards.items() if mine and self.owner[n].read_as.state == "open"]

    @precondition(lambda self: self.shown())
    @rule(at=any_one, old=st.booleans())
    def with_a_card(self, at: int, old: bool) -> None:
        """A record that shows a card beside the number: also the one that was replaced since the training."""
        n = self.shown()[at % len(self.shown())]
        chain = self.owner[n]
        card = self.cards[n][0 if old else -1]
        self.clock.advance(7)
        raw = self.centre.completion(person(n, number=card))
        answer = self.centre.send([raw])
        if waits := self.told_again(chain.read_as, raw):
            assert (answer.rows[0].status, answer.rows[0].held) == ("held", waits)
            return
        assert answer.rows[0].status == "accepted", (answer.rows[0].status, answer.rows[0].held)
        assert answer.rows[0].outcome.seq == chain.read_as.issued(raw, n)
        self.size += 1
        self.given += [(one, Verdict.CONTINUED) for one in receipts_of(answer)]
        self.check()

    def standing_alone(self) -> list[int]:
        """Numbers whose own archive is open."""
        return sorted(n for n, chain in self.owner.items() if chain.state == "open")

    @precondition(lambda self: self.standing_alone())
    @rule(at=any_one)
    def replace_card(self, at: int) -> None:
        """The registry tells of a new card, which takes the place of the one before."""
        n = self.standing_alone()[at % len(self.standing_alone())]
        self.clock.advance(5)
        card, mine = synthetic.card_number(7_000 + next(self.fresh)), self.cards.setdefault(n, [])
        today = beijing_date(self.clock.now_ms()).isoformat()
        named = (person(n)["document"], person(n)["number"], person(n)["name"])
        on = today if mine else "2019-04-01"
        events = (("issued", on, ""), ("social-activated", on, ""))
        facts = [CardFact(*named, card, "simulator", replaces=mine[-1] if mine else None, events=events)]
        if mine:
            facts.insert(0, CardFact(*named, mine[-1], "simulator", events=(("replaced", today, card),)))
        house = self.house
        told = house.db.write(
            lambda turn: Enrolment(turn, house.people, house.keys, house.random).take(facts)
        )
        assert told[-1] == "attached", told
        mine.append(card)
        self.check()

    # -- old papers ----------------------------------------------------------------------------------------

    @rule(n=st.integers(0, NUMBERS - 1))
    def import_paper(self, n: int) -> None:
        """The bureau vouches for an old certificate: two officials, a file, one row."""
        chain = self.owner.get(n)
        if chain is not None and chain.read_as.state != "open":
            return
        self.clock.advance(5)
        day, k = beijing_date(self.clock.now_ms()) - dt.timedelta(days=20), next(self.fresh)
        row = old_row(n, number=f"{day:%y}3001012340{k:04d}", on=day.isoformat())
        path = self.house.settings.data_dir / f"old-{k}.csv"
        with path.open("w", encoding="gb18030", newline="") as file:
            csv.writer(file).writerows([HEADINGS, row])
        source = papers(self.house, path)
        plan = plan_of(source)
        list(importing.load(self.house, plan, source.rows()))
        run_id = importing.run_id(self.house, plan)
        decide(self.house, self.house.db.write(lambda turn: importing.propose(turn, run_id, plan)))
        Importer(self.house).run()
        root = self.begun(n) if chain is None else chain.read_as
        seq = root.add(Kind.ISSUE)
        root.numbers[seq] = n
        self.size += 1
        record = Reader(self.house).archive(root.worker_id).entries[seq].record
        self.papers.append(Paper(n, record["body"], root, seq))
        self.check()

    def unsigned(self) -> list[Paper]:
        """Imported papers that their issuer has not signed, where that would stand beside them."""
        return [
            one
            for one in self.papers
            if one.signed < 0
            and one.seq not in one.chain.erased
            and one.chain.state == "open"
            and one.number in self.owner
            and self.owner[one.number].read_as is one.chain
        ]

    @precondition(lambda self: self.unsigned())
    @rule(at=any_one)
    def upgrade(self, at: int) -> None:
        """The issuer signs what was only vouched for: it counts instead, and the fact does not double."""
        paper = self.unsigned()[at % len(self.unsigned())]
        self.clock.advance(5)
        raw = self.office.record("qualification-certificate", person(paper.number), paper.body)
        answer = self.office.send([raw])
        assert answer.rows[0].status == "accepted", answer.rows[0].problem
        paper.signed = paper.chain.add(Kind.ISSUE)
        paper.chain.numbers[paper.signed] = paper.number
        assert answer.rows[0].outcome.seq == paper.signed
        self.size += 1
        self.given += [(one, Verdict.CONTINUED) for one in receipts_of(answer)]
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
            chain.revoke(seq)
            self.size += 1
        self.check()

    # -- whole archives ------------------------------------------------------------------------------------

    @precondition(lambda self: [chain.state for chain in self.chains].count("open") > 1)
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

    @some("merged")
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
        if self.told_again(right, wrong.raws[seq]):
            with pytest.raises(TargetUnfit):
                self.decide(lambda turn: moving.propose_move(turn, self.house, moved, "official:a"))
            return
        self.decide(lambda turn: moving.propose_move(turn, self.house, moved, "official:a"))
        wrong.revoke(seq)
        wrong.add(Kind.NOTE)
        wrong.away.add(seq)
        there = right.add(Kind.ISSUE)
        right.moved[there], right.origin[there] = wrong.raws[seq], (wrong.worker_id, seq)
        self.size += 3
        self.check()

    @some("open", "closed")
    @rule(a=any_one)
    def restrict(self, a: int) -> None:
        chain = self.pick(a, "open", "closed")
        if chain is None:
            return
        self.clock.advance(3)
        erasing.restrict(self.house, chain.worker_id, "erasure-requested", "本人申请", OFFICER)
        chain.add(Kind.NOTE)
        chain.state, chain.beneath = "restricted", chain.state
        self.size += 1
        self.check()

    @some("restricted")
    @rule(a=any_one)
    def lift(self, a: int) -> None:
        chain = self.pick(a, "restricted")
        if chain is None:
            return
        ground = ("request-withdrawn", "本人撤回")
        self.decide(lambda turn: erasing.propose_lift(turn, chain.worker_id, *ground, "official:a"))
        chain.add(Kind.NOTE)
        chain.state = chain.beneath
        self.size += 1
        self.check()

    @precondition(lambda self: any(chain.standing for chain in self.chains))
    @rule(a=any_one, at=any_one)
    def restrict_record(self, a: int, at: int) -> None:
        """One record is sealed; the rest of its chain goes on, and what is sent on it waits."""
        chain = self.pick(a, "open", "closed", "merged")
        if chain is None or not chain.standing or chain.read_as.state == "restricted":
            return
        seq = chain.standing[at % len(chain.standing)]
        self.seal(chain, seq)
        if chain.read_as.state == "open" and chain.numbers[seq] in self.owner:
            answer = self.centre.send([self.centre.revocation(person(chain.numbers[seq]), chain.raws[seq])])
            assert answer.rows[0].held == "target-restricted", (answer.rows[0].status, answer.rows[0].held)
        self.check()

    @precondition(lambda self: any(chain.sealed for chain in self.chains))
    @rule(a=any_one, at=any_one)
    def lift_record(self, a: int, at: int) -> None:
        """And stands again as it did, revoked or in force."""
        chains = [one for one in self.chains if one.sealed and one.state in ("open", "closed", "merged")]
        chains = [one for one in chains if one.read_as.state != "restricted"]
        if not chains:
            return
        chain = chains[a % len(chains)]
        seq = sorted(chain.sealed)[at % len(chain.sealed)]
        group = [(one, other) for one, other in self.alike(chain, seq) if other in one.sealed]
        self.decide(asking(self.house, LIFT, chain.worker_id, self.id_at(chain, seq)))
        for one, other in group:
            one.add(Kind.NOTE)
            one.marked.discard(other)
            one.sealed.discard(other)
        self.size += len(group)
        self.check()

    def id_at(self, chain: Chain, seq: int) -> bytes:
        if seq in chain.raws:
            return uuid.UUID(id_of(chain.raws[seq])).bytes
        archive = Reader(self.house, sealed=True).archive(chain.worker_id)
        return archive.entries[seq].stored.record_id

    @some("open")
    @rule(a=any_one)
    def close(self, a: int) -> None:
        chain = self.pick(a, "open")
        if chain is None:
            return
        death = Death("death-certificate", "2025-01-02", "死亡证明", ["ab" * 32])
        self.decide(
            lambda turn: closing.propose_closure(turn, self.house, chain.worker_id, death, "official:a")
        )
        chain.add(Kind.NOTE)
        chain.state = "closed"
        self.size += 1
        self.check()

    @some("closed")
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

    @some("restricted")
    @rule(a=any_one)
    def erase(self, a: int) -> None:
        """The person is gone with all archives read as this one, and with what merges left elsewhere."""
        chain = self.pick(a, "restricted")
        if chain is None:
            return
        gone = self.people_of(chain)
        found = [it for one in gone for it in self.struck(one, one.origin) if it[0] not in gone]
        astray = [it for it in self.left_elsewhere(gone) if it not in found]
        self.decide(
            lambda turn: erasing.propose_erasure(turn, self.house, chain.worker_id, UNLAWFUL, "official:a")
        )
        struck = sum(one.erase(seq) for one, seq in found)
        for one in gone:
            one.add(Kind.ERASE)
            one.state, one.into = "erased", None
            one.ended |= set(one.told())
            one.sealed.clear()
            one.away.clear()
        for other, seq in astray:
            other.add(Kind.ERASE)
            other.ended.add(seq)
            other.erased.add(seq)
            other.sealed.discard(seq)
            other.away.discard(seq)
        self.disown(gone)
        self.size += len(gone) + len(astray) + struck
        assert erasures.keep(self.house) == len(gone) + len(astray) + struck
        self.check()

    def disown(self, gone: list[Chain]) -> None:
        """Nothing leads to these chains any more."""
        left = [n for n, owner in self.owner.items() if owner in gone]
        for n in left:
            self.owner.pop(n)
            self.cards.pop(n, None)
        self.papers = [one for one in self.papers if one.chain not in gone]

    @rule(a=any_one, at=any_one)
    def erase_one(self, a: int, at: int) -> None:
        chain = self.pick(a, "open")
        if chain is None or not chain.standing:
            return
        seq = chain.standing[at % len(chain.standing)]
        record_id = self.id_at(chain, seq)
        self.seal(chain, seq)
        group = self.alike(chain, seq)
        self.decide(
            lambda turn: erasing.propose_record_erasure(
                turn, self.house, chain.worker_id, record_id, UNLAWFUL, "official:a"
            )
        )
        group += [it for one, other in group for it in self.struck(one, [other])]
        gone = sum(one.erase(other) for one, other in group)
        self.size += gone
        assert erasures.keep(self.house) == gone
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
            chain.state, chain.beneath = "restricted", "open"
            self.size += 1
        self.restart()

    @rule()
    def restart(self) -> None:
        """A new house on the same database; the erasure journal is asked as at every start."""
        old = self.house
        self.use(open_house(old.settings, old.clock, old.random))
        old.close()
        erasures.keep(self.house)
        starting.check(self.house)
        self.check()

    def use(self, house: House) -> None:
        self.house = self.centre.house = self.office.house = house

    @rule()
    def back_up(self) -> None:
        """The database at this instant, and the oracle with it."""
        self.clock.advance(1_000)
        folder = backup.make(self.house, self.house.settings.data_dir / "backups")
        oracle = copy.deepcopy((self.chains, self.owner, self.cards, self.papers))
        self.kept = Kept(folder, oracle, self.size, len(self.given))

    @precondition(lambda self: self.kept is not None and self.disasters < MOST_DISASTERS)
    @rule()
    def disaster(self) -> None:
        """The database is destroyed; the backup, the newest journal, checkpoint and keys are what is left.

        Where nothing was entered since the backup the service opens on it. Else it refuses, and two officials
        let the log go on under another name, with what was erased since erased again.
        """
        assert self.kept is not None
        kept, lost = self.kept, self.house
        self.kept, self.disasters = None, self.disasters + 1
        erasures.keep(lost)
        anchor.keep(lost)
        settings = self.moved(lost)
        lost.close()
        backup.restore(settings, kept.folder)
        restored = open_house(settings, lost.clock, lost.random)
        if self.size == kept.size:
            self.use(restored)
            # Cards stand in no entry: what the registry told since the backup, it tells again.
            self.cards = kept.oracle[2]
        else:
            with pytest.raises(anchor.DatabaseBehind):
                starting.check(restored)
            self.use(self.gone_on(restored))
            self.put_back(kept)
        starting.check(self.house)
        anchor.keep(self.house)
        self.check()

    def moved(self, lost: House) -> Any:
        """Settings of another machine on which all stands but the database."""
        here = lost.settings.data_dir
        folder = here.with_name(f"{here.name}-{self.disasters}")
        folder.mkdir(mode=0o700)
        shutil.copytree(here / "keys", folder / "keys")
        settings = dataclasses.replace(lost.settings, data_dir=folder, **type(self).empty(folder))
        settings.anchor_path.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(lost.settings.anchor_path, settings.anchor_path)
        if lost.settings.erasure_journal_path.exists():
            shutil.copy(lost.settings.erasure_journal_path, settings.erasure_journal_path)
        return settings

    def gone_on(self, restored: House) -> House:
        origin = f"log-{self.disasters}.example.test/records"
        found = continuing.seen(restored)
        proposal = restored.db.write(
            lambda turn: continuing.propose(turn, restored, origin, "磁盘损坏", found, "official:a")
        )
        settings = dataclasses.replace(restored.settings, log_origin=origin)
        restored.close()
        deciding = open_house(settings, restored.clock, restored.random)
        deciding.db.write(
            lambda turn: two_person.decide(
                turn, proposal, "official:b", True, "属实", role="data-officer", tools=deciding
            )
        )
        deciding.close()
        opened = open_house(settings, restored.clock, restored.random)
        if opened.db.dialect == "postgresql":
            owner = Database(settings.owner_database)
            list(erasures.rewrite(opened, owner))
            owner.close()
        continuing.finish(opened)
        return opened

    def put_back(self, kept: Kept) -> None:
        """The oracle is what it was at the backup, with the statement and each erasure since as an entry."""
        now = {chain.worker_id: chain for chain in self.chains}
        self.chains, self.owner, self.cards, self.papers = kept.oracle
        self.size = kept.size + 1
        gone = []
        for chain in self.chains:
            for seq in now[chain.worker_id].erased - chain.erased:
                if seq < len(chain.kinds) and seq in chain.told():
                    self.mark(chain, seq)
        for chain in self.chains:
            since, there = now[chain.worker_id], len(chain.kinds)
            for seq in sorted(since.erased - chain.erased):
                if seq < there:
                    chain.add(Kind.ERASE)
                    chain.ended.add(seq)
                    chain.erased.add(seq)
                    chain.sealed.discard(seq)
                    chain.away.discard(seq)
                    self.size += 1
            if since.state == "erased" and chain.state != "erased":
                chain.add(Kind.ERASE)
                chain.state, chain.into = "erased", None
                chain.ended |= set(chain.told())
                chain.sealed.clear()
                chain.away.clear()
                self.size += 1
                gone.append(chain)
        self.disown(gone)
        lost = [(proof, Verdict.LOST) for proof, _verdict in self.given[kept.given :]]
        self.given[kept.given :] = lost

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
            for card in self.cards.get(n, ()):
                assert self.house.people.find(CARD, card) == found
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
        for seq in chain.told():
            assert (lives[seq] is Life.ACTIVE) == (seq not in chain.ended | chain.sealed)
            assert (lives[seq] is Life.RESTRICTED) == (seq in chain.sealed | chain.away)
            assert (archive.entries[seq].record is None) == (seq in chain.erased | chain.sealed | chain.away)
        for paper in self.papers:
            if paper.chain is chain and {paper.seq, paper.signed}.isdisjoint(chain.ended):
                assert archive.superseded.get(paper.seq, -1) == paper.signed
        if chain.into is None:
            person_now = persons.read(self.house, chain.worker_id)
            assert {one.worker_id for one in person_now.archives} == {
                one.worker_id for one in self.people_of(chain)
            }

    def teardown(self) -> None:
        try:
            self.check()
            with self.house.db.read() as conn:
                for proof, verdict in self.given:
                    found = compare(self.house.log, self.house.log.every_key(), conn, proof.encode())
                    assert found.verdict is verdict
            starting.check(self.house)
            report = fsck.fsck(self.house, offline=True)
            assert report.finding is None, report.finding
        finally:
            self.house.close()


@pytest.fixture
def empty(
    dialect: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Path], dict[str, str]]]:
    """Addresses of empty databases, to restore into."""
    if dialect == "sqlite":

        def in_folder(folder: Path) -> dict[str, str]:
            address = f"sqlite:///{folder / 'recordsvc.db'}"
            return {"database_url": address, "owner_database_url": address}

        yield in_folder
        return
    monkeypatch.setenv("PATH", str(installed_programs()), prepend=os.pathsep)
    server, names = request.getfixturevalue("postgresql"), []

    def on_server(folder: Path) -> dict[str, str]:
        names.append(f"life_{len(names)}_{uuid.uuid4().hex[:8]}")
        server.execute(f"CREATE DATABASE {names[-1]} TEMPLATE template0 ENCODING 'UTF8'")
        server.execute(ROLES.read_text("utf-8"), database=names[-1])
        return {
            "database_url": server.url(names[-1], APPLICATION_ROLE),
            "owner_database_url": server.url(names[-1], OWNER_ROLE),
        }

    yield on_server
    for name in names:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def lives(make: Callable[[], House], empty: Callable[[Path], dict[str, str]]) -> type[Lives]:
    """The machine on one database."""
    return type("LivesHere", (Told,), {"make": staticmethod(make), "empty": staticmethod(empty)})


def run(machine: type[Lives], profile: settings) -> None:
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
        self.restrict([each for each in self.chains if each.state in ("open", "closed")].index(one))
        self.erase(self.at(one, "restricted"))


@pytest.fixture
def told(lives: type[Told]) -> Told:
    """A house whose history is told."""
    return lives()


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


def test_a_disaster_between_two_merges_an_upgrade_and_an_erasure(told: Told) -> None:
    """One history that has everything a lost database can undo, twice over."""
    told.one(0, 1, 2)
    first, second, third = told.chains
    told.replace_card(0)
    told.import_paper(1)
    told.joined(first, second)
    told.back_up()
    told.upgrade(0)
    told.replace_card(told.standing_alone().index(2))
    told.erase_one(told.at(third, "open"), 0)
    told.one(0, 3)
    told.gone(second)
    told.disaster()
    assert [one.state for one in told.chains] == ["erased", "erased", "open"]
    assert told.chains[2].erased == {0}
    assert [verdict for _proof, verdict in told.given].count(Verdict.LOST) >= 2
    told.one(0, 2, 3)
    for _card in range(2):
        told.replace_card(told.standing_alone().index(0))
    told.with_a_card(told.shown().index(0), True)
    told.import_paper(2)
    told.back_up()
    told.disaster()
    told.upgrade(0)
    told.teardown()


def test_a_card_told_after_a_backup_without_an_entry_is_told_again_after_a_disaster(told: Told) -> None:
    told.import_paper(1)
    told.back_up()
    told.replace_card(0)
    told.disaster()
    assert told.cards == {}
    told.replace_card(0)
    told.teardown()


def test_lives_keep_to_their_oracle(lives: type[Lives]) -> None:
    """A few histories, the same every time."""
    run(lives, settings(max_examples=4, stateful_step_count=40, derandomize=True, **QUIET))


@pytest.mark.long
@pytest.mark.beside
def test_lives_keep_to_their_oracle_for_long(lives: type[Lives]) -> None:
    """Other histories every time (in CI the same ones); RECORDSVC_TEST_HISTORIES says how many."""
    histories = int(os.environ.get("RECORDSVC_TEST_HISTORIES", "40"))
    fixed = os.environ.get("CI") == "true"
    run(lives, settings(max_examples=histories, stateful_step_count=50, derandomize=fixed, **QUIET))
