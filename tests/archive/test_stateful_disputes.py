"""Objections against a plain oracle: whoever says, answers, decides, lets it lie, closes, moves or erases.

A Hypothesis machine contests and confirms records, corrects and revokes them, answers for their issuers,
lets days pass, decides with two officials at once or later, merges, moves, restricts, erases and opens new
houses. What the log says is followed late, at a step of its own. The oracle is a few fields per case.

After every step each case has the oracle's state, owner, day, answer, outcome and number of messages, and
stands in the lists of who is to act. Once the log is followed, nobody who contests a record is left without
a case and without a way to say so again. At the end `fsck` finds nothing.
"""

import dataclasses
import datetime as dt
import os
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from recordsvc import erasures, fsck, starting, workdays
from recordsvc.access.grants import Actor
from recordsvc.access.grants import Kind as ActorKind
from recordsvc.archive import confirm as words
from recordsvc.archive import (
    dispute_answers,
    dispute_decisions,
    dispute_follower,
    disputes,
    erasing,
    merging,
    moving,
)
from recordsvc.archive.act_errors import ChangesNothing
from recordsvc.archive.contest_again import ContestsUsedUp
from recordsvc.archive.dispute_answers import Answer
from recordsvc.archive.dispute_decisions import Decision
from recordsvc.archive.errors import ArchiveRestricted, DisputeRefused, TargetUnfit
from recordsvc.archive.merging import Why
from recordsvc.archive.moving import Moving
from recordsvc.archive.reading import Reader
from recordsvc.archive.restricting import RESTRICT
from recordsvc.archive.restriction_errors import RecordRestricted
from recordsvc.bodies import institutions
from recordsvc.bodies.institutions import FactKind
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.ground.problems import Problem
from recordsvc.ground.two_person import StaleProposal
from recordsvc.house import House, open_house
from recordsvc.translog import tables as log_tables
from tests.archive.restricted import asking
from tests.archive.support import STATER, Centre, id_of, person, shown, told
from tests.archive.test_stateful import QUIET, any_one, make

__all__ = ["make"]

PEOPLE = 3
DAY = 24 * 3_600_000
OFFICER = Actor(ActorKind.OFFICIAL, "li", roles=frozenset({"data-officer"}))
WHY = Why("police-proof", "公安机关证明")
UNLAWFUL = erasing.Why("unlawful", "个人信息保护法第四十七条")
DECISIONS = (
    Decision("成绩单上是 91 分", fields={"/body/score": "91.0"}),
    Decision("没有参加", revoke="entered-in-error"),
    Decision("签到表与记录一致", ground="record-proven"),
)

OFTEN = ("say_of_a_record", "follow", "correct", "answer")
STEPS = (
    *OFTEN * 4,
    *("propose", "decide", "terms") * 3,
    *("take_a_correction_back", "days_pass", "say_in_a_case", "correct_as_promised") * 2,
    *("begin", "revoke", "restore", "merge", "unmerge", "move", "restrict", "lift", "lift", "erase"),
    *("erase_one", "close_an_institution", "restart"),
)
"""What happens, as often as it stands here."""


@dataclasses.dataclass
class Chain:
    """One archive."""

    n: int
    worker_id: bytes
    size: int = 0
    version: int = 0
    state: str = "open"
    into: "Chain | None" = None

    @property
    def read_as(self) -> "Chain":
        """The archive that this one is read as."""
        return self if self.into is None else self.into


@dataclasses.dataclass
class Act:
    """What an issuer or the region did to a record: a correction, or its or a correction's revocation."""

    seq: int
    idx: int
    raw: bytes
    by: int | None
    of: "Act | None"
    """The correction that it revokes."""
    corrects: bool
    revoked: bool = False
    record_id: bytes = b""
    score: str = ""


@dataclasses.dataclass
class Case:
    """One objection as it must be."""

    contest_seq: int
    owner: str
    due_on: str
    state: str = "open"
    answer: str | None = None
    answer_id: bytes | None = None
    offer: Act | None = None
    outcome: int | None = None
    messages: int = 0
    dispute_id: bytes = b""

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self.state not in ("open", "answered")


@dataclasses.dataclass
class Record:
    """One record; `by` is its centre, None where the region states it."""

    chain: Chain
    seq: int
    raw: bytes
    by: int | None
    record_id: bytes
    seen: int
    life: str = "active"
    repeated: int = 0
    """Entries that repeat it, and are erased with it."""
    acts: list[Act] = dataclasses.field(default_factory=list)
    said: tuple[str, int, list[int]] | None = None
    """The worker's newest word, its log index, and the corrections in force then."""
    cases: list[Case] = dataclasses.field(default_factory=list)
    again: int | None = None
    """Contests since it was rejected, None: nobody rejected it since it was changed last."""

    score: str = "86.5"
    origin: "Record | None" = None
    """What a move struck to put this here."""

    @property
    def says(self) -> str:
        """The score that counts."""
        return ([self.score] + [one.score for one in self.acts if one.corrects and not one.revoked])[-1]

    @property
    def counting(self) -> list[int]:
        """Corrections in force."""
        return [one.seq for one in self.acts if one.corrects and not one.revoked]

    @property
    def case(self) -> Case | None:
        """The one that has not ended."""
        unclosed = [one for one in self.cases if not one.closed]
        assert len(unclosed) <= 1
        return unclosed[0] if unclosed else None

    def same_word(self, word: str) -> bool:
        """Whether saying it again says nothing new."""
        if self.said is None or self.said[0] != word or self.said[2] != self.counting:
            return False
        return word == "confirm" or self.said[1] == self.seen


@dataclasses.dataclass
class Event:
    """An entry that nobody has followed yet."""

    kind: str
    record: Record
    seq: int
    idx: int
    act: Act | None = None


@dataclasses.dataclass
class Waiting:
    """A decision that was proposed, and what it was judged by."""

    proposal_id: bytes
    record: Record
    case: Case
    decision: Decision
    basis: tuple[Any, ...]
    seen: int
    expires_ms: int


class Objections(RuleBasedStateMachine):
    """Real service and oracle side by side."""

    make: Callable[[], House]

    def __init__(self) -> None:
        super().__init__()
        self.house = type(self).make()
        self.clock: FixedClock = self.house.clock
        self.centres = [Centre(self.house, 1), Centre(self.house, 2)]
        self.size = 3  # the region's key and the centres'
        self.there = [True, True]
        self.chains: list[Chain] = []
        self.owner: dict[int, Chain] = {}
        self.records: list[Record] = []
        self.unfollowed: list[Event] = []
        self.promised: list[tuple[Record, bytes]] = []
        self.proposals: list[Waiting] = []
        for n in range(PEOPLE + 1):
            self.begin(n, n)

    @rule(what=st.sampled_from(STEPS), n=any_one, k=any_one)
    def step(self, what: str, n: int, k: int) -> None:
        """One rule for all: rules of their own would be left out of most histories, and few cases be had."""
        getattr(self, what)(n, k)

    # -- picking -------------------------------------------------------------------------------------------

    def pick(self, n: int, *, contested: bool = False) -> Record | None:
        """A record that is still somebody's; twice as often one with a case."""
        found = [one for one in self.records if one.chain.state != "erased"]
        with_case = [one for one in found if one.case is not None]
        if with_case and (contested or n % 2):
            found = with_case
        return found[n // 2 % len(found)] if found else None

    def lone(self, n: int, state: str = "open") -> Chain | None:
        """An archive that is merged with none."""
        joined = {id(one.into) for one in self.chains if one.into is not None}
        found = [
            one for one in self.chains if one.state == state and one.into is None and id(one) not in joined
        ]
        return found[n % len(found)] if found else None

    def outcome(self, act: Callable[[], Any]) -> Any:
        """What an act returns, or which problem it raises."""
        try:
            return act()
        except Problem as problem:
            return type(problem)

    def decided(self, propose: Callable[[Turn], bytes]) -> Any:
        return self.approve(self.house.db.write(propose))

    def approve(self, proposal: bytes) -> Any:
        return self.house.db.write(
            lambda turn: two_person.decide(
                turn, proposal, "official:b", True, "核对无误", role="data-officer", tools=self.house
            )
        )

    # -- the log -------------------------------------------------------------------------------------------

    def enter(self, kind: str, record: Record, act: Act | None = None) -> Event:
        """Append an entry that acts on a record."""
        chain = record.chain
        event = Event(kind, record, chain.size, self.size, act)
        if act is not None:
            act.seq, act.idx = event.seq, event.idx
        chain.size += 1
        self.size += 1
        record.seen = event.idx
        if kind == "outcome":
            record.again = record.again or 0
        elif kind == "contest" and record.again is not None:
            record.again += 1
        elif kind in ("correct", "revoke", "restore"):
            record.again = None
        record.repeated += kind in ("correct", "revoke", "restore")
        self.unfollowed.append(event)
        return event

    def send(self, record: Record, raw: bytes) -> bool:
        """Send what its issuer signs on a record; False: its archive is restricted, so it waits."""
        assert record.by is not None
        (row,) = self.centres[record.by].send([raw]).rows
        if record.chain.read_as.state == "restricted":
            assert row.status == "held", row.status
            return False
        assert row.status == "accepted", (row.status, row.held, row.problem)
        return True

    def fit(self, n: int, *, contested: bool = False) -> Record | None:
        """A record on which its issuer may act."""
        record = self.pick(n, contested=contested)
        if record is None or record.by is None or record.life != "active" or not self.there[record.by]:
            return None
        return None if record.chain.read_as.state == "restricted" else record

    # -- records and words ---------------------------------------------------------------------------------

    def begin(self, n: int, k: int) -> None:
        n, by = n % PEOPLE, k % 2
        chain = self.owner.get(n)
        if not self.there[by] or (chain is not None and (chain.into is not None or chain.state != "open")):
            return
        # A class of its own: what tells the same would be sealed with it (`test_stateful_life.py`).
        raw = self.centres[by].completion(person(n), **{"class": {"code": f"C{self.size}"}})
        self.centres[by].enter(raw)
        if chain is None:
            chain = self.owner[n] = Chain(n, self.centres[by].worker_id(person(n)))
            self.chains.append(chain)
        self.records.append(Record(chain, chain.size, raw, by, uuid.UUID(id_of(raw)).bytes, self.size))
        chain.size += 1
        self.size += 1
        self.check()

    def say_of_a_record(self, n: int, k: int) -> None:
        word = "contest" if k % 4 else "confirm"
        record = self.pick(n)
        if record is None:
            return
        self.clock.advance(5)
        chain = record.chain

        def act() -> int:
            seen = shown(self.house, chain.worker_id, record.record_id)
            who = chain.read_as.worker_id
            if word == "confirm":
                return words.confirm(self.house, who, seen, "page", STATER)
            return words.contest(
                self.house, who, seen, "page", STATER, "wrong-result", f"我得了 91 分，第 {self.size} 次说"
            )

        got = self.outcome(act)
        if chain.read_as.state == "restricted":
            assert got is ArchiveRestricted
        elif record.life == "erased":
            assert isinstance(got, type)
            assert issubclass(got, Problem)
        elif record.life == "moved":
            assert got is RecordRestricted
        elif record.life == "revoked":
            assert got is TargetUnfit
        elif record.same_word(word):
            assert record.said is not None
            assert got == record.said[1]
        elif word == "contest" and record.again:
            assert got is ContestsUsedUp, got
        else:
            assert got == self.size, got
            event = self.enter(word, record)
            record.said = (word, event.idx, record.counting)
        self.check()

    def say_in_a_case(self, n: int, k: int) -> None:
        who = ("worker", "official", "issuer")[k % 3]
        record = self.pick(n, contested=True)
        if record is None or not record.cases:
            return
        case = record.cases[-1]
        self.clock.advance(3)
        got = self.outcome(
            lambda: self.house.db.write(
                lambda turn: disputes.say(turn, self.house, case.dispute_id, who, f"{who}:1", "补充一句").name
            )
        )
        if record.life == "moved":
            assert got is RecordRestricted
        elif case.closed:
            assert got is DisputeRefused
        else:
            assert got == str(uuid.UUID(bytes=case.dispute_id))
            case.messages += 1
        self.check()

    # -- issuers -------------------------------------------------------------------------------------------

    def by_issuer(
        self, record: Record, raw: bytes, *, of: Act | None = None, corrects: bool = True, score: str = ""
    ) -> None:
        """The issuer's signed act arrives; a correction to what the record says already is refused."""
        self.clock.advance(5)
        if corrects and score == record.says:
            assert record.by is not None
            assert told(self.centres[record.by].send([raw])) == ["changes-nothing"]
            return
        if not self.send(record, raw):
            return
        act = Act(0, 0, raw, record.by, of, corrects, record_id=uuid.UUID(id_of(raw)).bytes, score=score)
        self.enter("correct" if corrects else "revoke", record, act)
        record.acts.append(act)
        if of is not None:
            of.revoked = True
        elif not corrects:
            record.life = "revoked"

    def correct(self, n: int, k: int) -> None:
        score = f"{60 + k % 40}.0" if k % 5 else ""
        record = self.fit(n)
        if record is None or record.by is None:
            return
        who = person(record.chain.n)
        score = score or record.says
        raw = self.centres[record.by].correction(who, record.raw, score=score)
        self.by_issuer(record, raw, score=score)
        self.check()

    def correct_as_promised(self, n: int, k: int) -> None:
        """What an answer named arrives at last."""
        if not self.promised:
            return
        record, raw = self.promised.pop(n % len(self.promised))
        if record.life != "active" or record.by is None or not self.there[record.by]:
            return
        if record.chain.read_as.state == "restricted":
            return
        self.by_issuer(record, raw, score="91.0")
        self.check()

    def revoke(self, n: int, k: int) -> None:
        record = self.fit(n)
        if record is None or record.by is None:
            return
        raw = self.centres[record.by].revocation(person(record.chain.n), record.raw)
        self.by_issuer(record, raw, corrects=False)
        self.check()

    def take_a_correction_back(self, n: int, k: int) -> None:
        record = self.fit(n)
        if record is None or record.by is None:
            return
        own = [one for one in record.acts if one.corrects and not one.revoked and one.by is not None]
        if not own:
            return
        of = own[n % len(own)]
        raw = self.centres[record.by].revocation(person(record.chain.n), of.raw)
        self.by_issuer(record, raw, of=of, corrects=False)
        self.check()

    def restore(self, n: int, k: int) -> None:
        """The issuer takes its revocation of a record back."""
        found = [
            one
            for one in self.records
            if one.life == "revoked"
            and one.by is not None
            and self.there[one.by]
            and one.chain.read_as.state == "open"
            and any(act.by is not None and not act.corrects and act.of is None for act in one.acts[-1:])
        ]
        if not found:
            return
        record = found[n % len(found)]
        assert record.by is not None
        self.clock.advance(5)
        assert self.send(record, self.centres[record.by].restoration(person(record.chain.n), record.raw))
        record.acts[-1].revoked = True
        record.life = "active"
        self.enter("restore", record)
        self.check()

    def answer(self, n: int, k: int) -> None:
        how = ("rejected", "promised", "standing", "standing", "stranger")[k % 5]
        record = self.pick(n, contested=True)
        if record is None or not record.cases or record.by is None:
            return
        case = record.cases[-1]
        self.clock.advance(5)
        centre = self.centres[record.by]
        named: Act | None = None
        raw = b""
        if how in ("rejected", "stranger"):
            said = Answer("rejected", "试卷是 86.5 分")
        elif how == "promised" or not (own := [one for one in record.acts if one.by is not None]):
            raw = centre.correction(person(record.chain.n), record.raw, score="91.0")
            said = Answer("upheld", "", uuid.UUID(id_of(raw)).bytes)
        else:
            named = own[n % len(own)]
            said = Answer("upheld", "", named.record_id)
        uscc = self.centres[1 - record.by].uscc if how == "stranger" else centre.uscc
        got = self.outcome(
            lambda: self.house.db.write(
                lambda turn: (
                    dispute_answers.answer(turn, self.house, case.dispute_id, uscc, "client:1", said).name
                )
            )
        )
        if how == "stranger":
            assert got is not None
            assert not isinstance(got, str)
        elif refused := self.refuses(record, case, named):
            assert got is refused, got
        else:
            assert got == str(uuid.UUID(bytes=case.dispute_id)), got
            case.state, case.answer, case.answer_id, case.offer = (
                "answered",
                said.outcome,
                said.record_id,
                None,
            )
            if said.outcome == "rejected":
                case.messages += 1
                self.pass_on(case)
            elif named is not None:
                case.state, case.outcome, case.offer = "upheld", named.idx, named
            else:
                self.promised.append((record, raw))
        self.check()

    def refuses(self, record: Record, case: Case, named: Act | None) -> type[Problem] | None:
        """Why the answer of a record's own issuer is not taken."""
        assert record.by is not None
        if case.closed or case.owner != "issuer":
            return DisputeRefused
        if record.chain.read_as.state == "restricted":
            return ArchiveRestricted
        if record.life == "moved":
            return RecordRestricted
        if not self.there[record.by]:
            # From the day it closed; the case is the region's, though it may not have been passed on yet.
            return DisputeRefused
        if named is not None and (named.seq < case.contest_seq or named.revoked or record.life == "erased"):
            return TargetUnfit
        return None

    def close_an_institution(self, n: int, k: int) -> None:
        """The second centre goes out of business."""
        if not self.there[1] or len(self.records) < 3:
            return
        self.there[1] = False
        today = beijing_date(self.clock.now_ms()).isoformat()
        self.house.db.write(
            lambda turn: (
                institutions.state(
                    turn, self.centres[1].uscc, FactKind.CLOSED, today, "停办", "公告", "official:1"
                ).uscc
            )
        )
        self.check()

    # -- the region ----------------------------------------------------------------------------------------

    def basis(self, record: Record, case: Case) -> tuple[Any, ...]:
        return (case.state, case.owner, case.answer, record.chain.version)

    def propose(self, n: int, k: int) -> None:
        decision = DECISIONS[k % len(DECISIONS)]
        record = self.pick(n, contested=True)
        if record is None or not record.cases:
            return
        case = record.cases[-1]
        self.clock.advance(5)
        got = self.outcome(
            lambda: self.house.db.write(
                lambda turn: dispute_decisions.propose(
                    turn, self.house, case.dispute_id, decision, "official:a"
                )
            )
        )
        if case.closed or case.owner != "region":
            assert got is DisputeRefused, got
        elif record.chain.read_as.state == "restricted":
            assert got is ArchiveRestricted, got
        elif record.life != "active":
            assert got is TargetUnfit, got
        elif decision.fields and record.says == "91.0":
            assert got is ChangesNothing, got
        else:
            assert isinstance(got, bytes), got
            with self.house.db.read() as conn:
                expires_ms = two_person.read(conn, got, self.clock.now_ms()).expires_ms
            self.proposals.append(
                Waiting(got, record, case, decision, self.basis(record, case), record.seen, expires_ms)
            )
        self.check()

    def decide(self, n: int, k: int) -> None:
        """The second official, at once or long after."""
        if not self.proposals:
            return
        one = self.proposals.pop(-1 - n % len(self.proposals))
        self.clock.advance(5)
        record, case = one.record, one.case
        got = self.outcome(lambda: self.approve(one.proposal_id))
        if self.clock.now_ms() >= one.expires_ms or self.basis(record, case) != one.basis:
            assert got is StaleProposal, got
        elif record.chain.read_as.state == "restricted":
            assert got is ArchiveRestricted, got
        elif record.life != "active":
            assert got is TargetUnfit, got
        elif record.seen != one.seen:
            assert got is StaleProposal, got
        else:
            assert got == self.size, got
            name, _body = one.decision.act("")
            act = None
            if name != "dispute-outcome":
                act = Act(0, 0, b"", None, None, corrects=name == "correction", score="91.0")
                record.acts.append(act)
            self.enter({"correction": "correct", "revocation": "revoke"}.get(name, "outcome"), record, act)
            if name == "revocation":
                record.life = "revoked"
            case.state = "rejected" if name == "dispute-outcome" else "upheld"
            case.outcome = self.size - 1
        self.check()

    # -- time and the followers ----------------------------------------------------------------------------

    def days_pass(self, n: int, k: int) -> None:
        days = 1 + k % 12
        self.clock.advance(days * DAY)

    def due(self, days: int) -> str:
        """Count working days one by one."""
        day = beijing_date(self.clock.now_ms())
        while days:
            day += dt.timedelta(days=1)
            days -= workdays.is_working_day(day)
        return day.isoformat()

    def pass_on(self, case: Case) -> None:
        case.owner, case.due_on = "region", self.due(20)

    def terms(self, n: int, k: int) -> None:
        """What an issuer let lie, or can no longer answer, is the region's."""
        today = beijing_date(self.clock.now_ms()).isoformat()
        passing = [
            case
            for record in self.records
            for case in record.cases
            if not case.closed and case.owner == "issuer"
            if case.due_on < today or (record.by is not None and not self.there[record.by])
        ]
        assert disputes.pass_on_due(self.house) == len(passing)
        for case in passing:
            self.pass_on(case)
        self.check()

    def follow(self, n: int, k: int) -> None:
        dispute_follower.follower(self.house).run()
        for event in self.unfollowed:
            self.take(event)
        self.unfollowed = []
        self.check()
        for record in self.records:
            if record.life == "active" and record.said is not None and record.said[0] == "contest":
                assert record.case is not None or not record.same_word("contest")

    def take(self, event: Event) -> None:
        """What an entry does to the case of its record."""
        record, case, act = event.record, event.record.case, event.act
        if record.chain.state == "erased":
            return
        if act is not None and record.life == "erased":
            return  # it went with the record
        if event.kind == "contest" and case is None:
            self.opened(event)
        if case is None:
            return
        if event.kind == "erase":
            case.state, case.outcome, case.messages = "withdrawn", event.idx, 0
        elif event.kind == "confirm":
            agreed = case.owner == "issuer" and case.offer is not None
            case.state = "upheld" if agreed else "withdrawn"
            case.outcome = case.offer.idx if agreed and case.offer is not None else event.idx
        elif event.kind == "contest" and case.owner == "issuer" and case.offer is not None:
            self.pass_on(case)
        elif act is not None:
            self.acted(record, case, act)

    def acted(self, record: Record, case: Case, act: Act) -> None:
        """An act of the issuer or the region on a record whose case is open."""
        named = act.by is not None and case.answer_id == act.record_id
        if named or (not act.corrects and act.of is None):
            case.state, case.outcome = "upheld", act.idx
        elif act.by is None or case.owner != "issuer" or act.seq <= case.contest_seq:
            return
        elif act.of is not None and case.offer is act.of:
            case.state, case.answer, case.answer_id, case.offer = "open", None, None, None
        elif case.answer_id is None or case.offer is not None:
            case.state, case.answer, case.answer_id, case.offer = "answered", "upheld", act.record_id, act

    def opened(self, event: Event) -> None:
        record = event.record
        if record.life == "erased" or any((one.outcome or 0) > event.idx for one in record.cases):
            return  # there is nothing left, or it was decided with the others
        waited_for = record.by is not None and self.there[record.by]
        owner, days = ("issuer", 10) if waited_for else ("region", 20)
        case = Case(event.seq, owner, self.due(days))
        case.dispute_id = disputes.id_of(self.house, record.chain.worker_id, event.seq)
        record.cases.append(case)

    # -- whole archives ------------------------------------------------------------------------------------

    def merge(self, n: int, k: int) -> None:
        one, other = self.lone(n), self.lone(k)
        if one is None or other is None or one is other:
            return
        self.clock.advance(5)
        self.decided(
            lambda turn: merging.propose_merge(
                turn, self.house, one.worker_id, other.worker_id, WHY, "official:a"
            )
        )
        one.into = other
        self.both_changed(one, other)

    def unmerge(self, n: int, k: int) -> None:
        found = [one for one in self.chains if one.into is not None and one.into.state == "open"]
        if not found:
            return
        one = found[n % len(found)]
        into = one.read_as
        self.clock.advance(5)
        self.decided(lambda turn: merging.propose_unmerge(turn, self.house, one.worker_id, WHY, "official:a"))
        one.into = None
        self.both_changed(one, into)

    def both_changed(self, *chains: Chain) -> None:
        for chain in chains:
            chain.version += 1
            chain.size += 1
            self.size += 1
        self.check()

    def move(self, n: int, k: int) -> None:
        record, right = self.pick(n), self.lone(k)
        if record is None or right is None or record.chain is right or record.life != "active":
            return
        if record.chain.state != "open" or record.chain.into is not None:
            return
        self.clock.advance(5)
        score = record.says
        moved = Moving(record.chain.worker_id, record.record_id, right.worker_id, "同名误记")
        assert (
            self.decided(lambda turn: moving.propose_move(turn, self.house, moved, "official:a"))
            == self.size + 2
        )
        act = Act(0, 0, b"", None, None, corrects=False)
        self.enter("revoke", record, act)
        record.acts.append(act)
        record.life = "moved"
        record.chain.size += 1
        self.size += 1
        archive = Reader(self.house).archive(right.worker_id)
        assert archive is not None
        record_id = archive.entries[right.size].stored.record_id
        assert record_id is not None
        self.records.append(
            Record(right, right.size, b"", None, record_id, self.size, score=score, origin=record)
        )
        right.size += 1
        self.size += 1
        self.check()

    def restrict(self, n: int, k: int) -> None:
        chain = self.lone(n)
        if chain is None:
            return
        self.clock.advance(5)
        erasing.restrict(self.house, chain.worker_id, "erasure-requested", "本人申请", OFFICER)
        chain.state = "restricted"
        self.both_changed(chain)

    def lift(self, n: int, k: int) -> None:
        chain = self.lone(n, "restricted")
        if chain is None:
            return
        self.clock.advance(5)
        ground = ("request-withdrawn", "本人撤回")
        self.decided(lambda turn: erasing.propose_lift(turn, chain.worker_id, *ground, "official:a"))
        chain.state = "open"
        self.both_changed(chain)

    def erase(self, n: int, k: int) -> None:
        """A whole archive: nothing that was said is left, and nothing waits for anybody."""
        chain = self.lone(n, "restricted")
        if chain is None:
            return
        self.clock.advance(5)
        self.decided(
            lambda turn: erasing.propose_erasure(turn, self.house, chain.worker_id, UNLAWFUL, "official:a")
        )
        erasures.keep(self.house)
        chain.state = "erased"
        del self.owner[chain.n]
        for record in self.records:
            if record.chain is chain:
                record.life = "erased"
                for case in record.cases:
                    case.messages = 0
                    case.state = case.state if case.closed else "withdrawn"
                self.erase_struck(record)
        self.both_changed(chain)

    def erase_struck(self, record: Record) -> None:
        """What moves struck elsewhere goes along, over any number of moves."""
        while record.origin is not None:
            record = record.origin
            if record.life == "moved":
                self.erased(record)

    def erased(self, record: Record) -> None:
        self.enter("erase", record)
        record.chain.size += record.repeated
        self.size += record.repeated
        record.life = "erased"
        for case in record.cases:
            case.messages = 0

    def erase_one(self, n: int, k: int) -> None:
        record = self.pick(n)
        if record is None or record.life in ("erased", "moved") or record.chain.read_as.state != "open":
            return
        self.clock.advance(5)
        self.decided(asking(self.house, RESTRICT, record.chain.worker_id, record.record_id))
        record.chain.size += 1
        self.size += 1
        self.decided(
            lambda turn: erasing.propose_record_erasure(
                turn, self.house, record.chain.worker_id, record.record_id, UNLAWFUL, "official:a"
            )
        )
        erasures.keep(self.house)
        self.erased(record)
        self.erase_struck(record)
        self.check()

    def restart(self, n: int, k: int) -> None:
        """A new house on the same database."""
        old = self.house
        self.house = open_house(old.settings, old.clock, old.random)
        for centre in self.centres:
            centre.house = self.house
        old.close()
        erasures.keep(self.house)
        starting.check(self.house)
        self.check()

    # -- checks --------------------------------------------------------------------------------------------

    def check(self) -> None:
        known = {
            (record.chain.worker_id, case.contest_seq): (
                record.seq,
                case.state,
                case.owner,
                case.due_on,
                case.answer,
                case.answer_id,
                case.outcome,
                case.messages,
            )
            for record in self.records
            for case in record.cases
        }
        waiting: dict[str, set[bytes]] = {"issuer": set(), "region": set()}
        for record in self.records:
            if record.case is not None:
                waiting[record.case.owner].add(record.case.dispute_id)
        with self.house.db.read() as conn:
            found = disputes.of_workers(conn, [one.worker_id for one in self.chains])
            issuers = [one for centre in self.centres for one in disputes.of_issuer(conn, centre.uscc)]
            desk = disputes.of_region(conn)
            count = conn.execute(sa.select(sa.func.count()).select_from(log_tables.entry)).scalar()
        assert count == self.size
        assert {
            (one.worker_id, one.contest_seq): (
                one.seq,
                one.state,
                one.owner,
                one.due_on,
                one.answer,
                one.answer_id,
                one.outcome_idx,
                one.messages,
            )
            for one in found
        } == known
        assert {one.dispute_id for one in desk} == waiting["region"]
        assert {one.dispute_id for one in issuers if one.owner == "issuer"} == waiting["issuer"]

    def teardown(self) -> None:
        try:
            self.follow(0, 0)
            starting.check(self.house)
            report = fsck.fsck(self.house, offline=True)
            assert report.finding is None, report.finding
        finally:
            self.house.close()


def run(made: Callable[[], House], profile: settings) -> None:
    machine = type("ObjectionsHere", (Objections,), {"make": staticmethod(made)})
    run_state_machine_as_test(machine, settings=profile)


def test_objections_keep_to_their_oracle(make: Callable[[], House]) -> None:
    """A few histories, the same every time."""
    run(make, settings(max_examples=8, stateful_step_count=40, derandomize=True, **QUIET))


@pytest.mark.long
@pytest.mark.beside
def test_objections_keep_to_their_oracle_for_long(make: Callable[[], House]) -> None:
    """Other histories every time (in CI the same ones); RECORDSVC_TEST_HISTORIES says how many."""
    histories = int(os.environ.get("RECORDSVC_TEST_HISTORIES", "30"))
    fixed = os.environ.get("CI") == "true"
    run(make, settings(max_examples=histories, stateful_step_count=60, derandomize=fixed, **QUIET))
