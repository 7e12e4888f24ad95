"""The archive against a plain oracle: whatever is sent in whatever order, crashes included.

A Hypothesis state machine sends records, corrections, revocations, restorations, the same again, other
content under a known id, the worker's word, records for the holding, and acts on keys. It abandons the
service, fails commits with and without effect, and kills turns half-way, each time going on with a new house
on what the database holds. The oracle is a list of entries per worker and a few flags per record.

After every step: the answer is the one expected, the archive of the worker concerned is the oracle's,
positions are contiguous, and the log continues the checkpoint of the step before. At the end: every receipt
ever given agrees with the log, and `fsck` finds nothing.
"""

import dataclasses
import itertools
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from recordsvc import anchor, fsck, genesis
from recordsvc.archive import held, receipts
from recordsvc.archive import tables as archive_tables
from recordsvc.archive.confirm import confirm, contest
from recordsvc.archive.contradiction import Verdict, compare
from recordsvc.archive.formats import Kind
from recordsvc.archive.held import Releaser
from recordsvc.archive.keyevents import KeyAction
from recordsvc.archive.reading import Reader
from recordsvc.archive.states import Confirmation, Life
from recordsvc.ground import two_person
from recordsvc.ground.commit import CommitUnknown
from recordsvc.ground.ports import FixedClock, SeededRandom
from recordsvc.ground.problems import Problem
from recordsvc.ground.strictjson import canonical, is_canonical
from recordsvc.house import House, open_house
from recordsvc.settings import Settings
from recordsvc.submit import sign
from recordsvc.translog import tables as log_tables
from recordsvc.translog import tree
from recordsvc.translog.proofs import LogProof
from recordsvc.vault.keyfolder import create_keys
from tests.archive.support import STATER, Centre, id_of, person, shown
from tests.conftest import Addresses

WORKERS = 4
STRANGER = "丁不同"
any_one = st.integers(0, 10_000)
"""Picks one of a list by its remainder: shrinks well and never fails."""
score = st.integers(61, 99).map(lambda n: f"{n}.5")
mode = st.sampled_from(["batch", "each", "json"])


class Killed(BaseException):
    """Stands for SIGKILL in the middle of a turn."""


@dataclasses.dataclass
class Act:
    """One entry of the oracle: what it is, what it acts on, and R when an issuer signed it."""

    kind: Kind
    seq: int
    target: int | None = None
    raw: bytes = b""
    by: int = 0
    who: int = 0
    proof: str = ""
    score: str = ""
    revoked: bool = False
    root: "Act | None" = None
    """Of a correction: the record it lands on."""
    corrections: list["Act"] = dataclasses.field(default_factory=list)
    said: tuple[Confirmation, list[int]] | None = None
    """The worker's word, and the corrections that counted when it was said."""
    said_at: int = 0
    """How many acts there were with it."""
    acts: int = 0

    @property
    def effective(self) -> str:
        """The score that counts: the last correction in force."""
        return ([self.score] + [one.score for one in self.corrections if not one.revoked])[-1]

    @property
    def counting(self) -> list[int]:
        """Seqs of the corrections that count."""
        return [one.seq for one in self.corrections if not one.revoked]

    @property
    def confirmation(self) -> Confirmation:
        """A confirmation holds for the content it was said of, a contest until it is withdrawn."""
        if self.said is None or self.said == (Confirmation.CONFIRMED, self.counting):
            return self.said[0] if self.said else Confirmation.UNCONFIRMED
        contested = self.said[0] is Confirmation.CONTESTED
        return Confirmation.CONTESTED if contested else Confirmation.UNCONFIRMED


class Archive(RuleBasedStateMachine):
    """Real service and oracle side by side."""

    make: Callable[[], House]

    def __init__(self) -> None:
        super().__init__()
        self.house = type(self).make()
        self.clock: FixedClock = self.house.clock
        self.centres = [Centre(self.house, 1), Centre(self.house, 2)]
        self.keys = ["registered", "registered"]
        self.size = 3  # the region's key and the centres' keys
        self.chains: list[list[Act]] = [[] for _ in range(WORKERS)]
        self.waiting: dict[bytes, tuple[int, int]] = {}  # R in the holding -> centre, worker
        self.signed_by: dict[bytes, str] = {}  # R in the holding -> kid of the evidence that was kept
        self.ended: set[str] = set()  # kids that are not in force
        self.revoked: set[str] = set()  # kids that never will be again
        self.given: list[str] = []
        self.proofs: dict[bytes, str] = {}
        self.head = (0, tree.EMPTY_ROOT)
        self.kids = itertools.count(1)

    # -- the oracle's view ---------------------------------------------------------------------------------

    @property
    def targets(self) -> list[Act]:
        """Everything an issuer can act on."""
        return [act for chain in self.chains for act in chain if act.kind in (Kind.ISSUE, Kind.CORRECT)]

    @property
    def issues(self) -> list[Act]:
        return [act for act in self.targets if act.kind is Kind.ISSUE]

    def enter(self, kind: Kind, who: int, **facts: Any) -> Act:
        """Append to the oracle."""
        chain = self.chains[who]
        chain.append(Act(kind, len(chain), who=who, **facts))
        self.size += 1
        return chain[-1]

    # -- sending -------------------------------------------------------------------------------------------

    def tell(self, by: int, raws: list[bytes], how: str) -> list[tuple[str, str]]:
        """Submit; (status, problem code) of each row. New receipts are checked and kept."""
        self.clock.advance(7)
        try:
            answer = self.centres[by].send(raws, how)
        except Problem as refused:
            return [("rejected", refused.code)] * len(raws)
        told = []
        for row in answer.rows:
            told.append((row.status, row.problem.code if row.problem else ""))
            if row.status == "accepted":
                proof = str(receipts.of_new(answer.log, row.outcome))
                self.check_receipt(proof, row.outcome.leaf)
                self.proofs[row.item.raw] = proof
        return told

    def check_receipt(self, proof: str, leaf: bytes) -> None:
        """Offline: the proof leads to a checkpoint that the log signed."""
        entry = b"\x01" + tree.leaf_hash(leaf)
        LogProof.parse(proof).verify(tree.leaf_hash(entry), anchor.log_key(self.house))
        self.given.append(proof)

    def accepted(self, by: int) -> list[tuple[str, str]]:
        """What one record of a centre is answered when nothing but the key may stand against it."""
        return [("accepted", "")] if self.keys[by] == "registered" else [("rejected", "key-not-in-force")]

    def send_one(self, by: int, raw: bytes, how: str) -> bool:
        """Send one record against which only the key may stand; whether it was taken."""
        assert self.tell(by, [raw], how) == self.accepted(by)
        return self.keys[by] == "registered"

    # -- rules: records ------------------------------------------------------------------------------------

    @rule(by=st.integers(0, 1), who=st.integers(0, WORKERS - 1), value=score)
    def single(self, by: int, who: int, value: str) -> None:
        raw = self.centres[by].completion(person(who), score=value)
        if self.send_one(by, raw, "single"):
            self.enter(Kind.ISSUE, who, raw=raw, by=by, score=value, proof=self.proofs[raw])
        self.check(who)

    @rule(by=st.integers(0, 1), who=st.lists(st.integers(0, WORKERS - 1), min_size=1, max_size=5), how=mode)
    def several(self, by: int, who: list[int], how: str) -> None:
        """A batch, also with several records of one person, some of them new."""
        raws = [self.centres[by].completion(person(one), score="70.5") for one in who]
        assert self.tell(by, raws, how) == self.accepted(by) * len(raws)
        if self.keys[by] == "registered":
            for one, raw in zip(who, raws, strict=True):
                self.enter(Kind.ISSUE, one, raw=raw, by=by, score="70.5", proof=self.proofs[raw])
        self.check(*who)

    @precondition(lambda self: self.targets)
    @rule(pick=any_one, how=mode)
    def the_same_again(self, pick: int, how: str) -> None:
        """The same record makes no entry and gets the very same receipt, however signed now."""
        act = self.targets[pick % len(self.targets)]
        told = self.tell(act.by, [act.raw, act.raw], how)
        assert told == [("duplicate", "")] * 2, "also when the key has ended since"
        assert self.stored_receipt(act) == act.proof
        self.check(act.who)

    @precondition(lambda self: self.targets)
    @rule(pick=any_one)
    def other_content_under_a_known_id(self, pick: int) -> None:
        act = self.targets[pick % len(self.targets)]
        other = is_canonical(act.raw) | {"salt": sign.new_salt(self.house.random)}
        wanted = "key-not-in-force" if self.keys[act.by] != "registered" else "duplicate-id-other-content"
        assert self.tell(act.by, [canonical(other)], "single") == [("rejected", wanted)]
        self.check(act.who)

    @precondition(lambda self: self.targets)
    @rule(pick=any_one, value=st.one_of(score, st.just("")), how=mode)
    def correct(self, pick: int, value: str, how: str) -> None:
        """Correct a record, or a correction of it; to what it says already (empty): refused."""
        act = self.targets[pick % len(self.targets)]
        root = act.root or act
        value = value or root.effective
        raw = self.centres[act.by].correction(person(act.who), act.raw, score=value)
        refused = "target-unfit" if root.revoked else "changes-nothing" if value == root.effective else ""
        if refused:
            wanted = refused if self.keys[act.by] == "registered" else "key-not-in-force"
            assert self.tell(act.by, [raw], how) == [("rejected", wanted)]
        elif self.send_one(act.by, raw, how):
            made = self.enter(
                Kind.CORRECT, act.who, target=act.seq, raw=raw, by=act.by, score=value, root=root
            )
            made.proof = self.proofs[raw]
            root.corrections.append(made)
            root.acts += 1
        self.check(act.who)

    @precondition(lambda self: self.targets)
    @rule(pick=any_one)
    def revoke(self, pick: int) -> None:
        """Revoke a record or a correction; a second time is refused."""
        act = self.targets[pick % len(self.targets)]
        raw = self.centres[act.by].revocation(person(act.who), act.raw)
        if act.revoked:
            wanted = "already-revoked" if self.keys[act.by] == "registered" else "key-not-in-force"
            assert self.tell(act.by, [raw], "single") == [("rejected", wanted)]
        elif self.send_one(act.by, raw, "single"):
            self.enter(Kind.REVOKE, act.who, target=act.seq, raw=raw, by=act.by)
            act.revoked = True
            (act.root or act).acts += 1
        self.check(act.who)

    @precondition(lambda self: any(act.revoked for act in self.targets))
    @rule(pick=any_one)
    def restore(self, pick: int) -> None:
        revoked = [act for act in self.targets if act.revoked]
        act = revoked[pick % len(revoked)]
        raw = self.centres[act.by].restoration(person(act.who), act.raw)
        if self.send_one(act.by, raw, "single"):
            self.enter(Kind.RESTORE, act.who, target=act.seq, raw=raw, by=act.by)
            act.revoked = False
            (act.root or act).acts += 1
        self.check(act.who)

    @precondition(lambda self: self.issues)
    @rule(pick=any_one, verb=st.sampled_from(["correction", "revocation", "restoration"]))
    def act_on_a_foreign_record(self, pick: int, verb: str) -> None:
        """Another centre's record is as good as missing; on another person's, the act waits, as all doubt."""
        act = self.issues[pick % len(self.issues)]
        foreign = 1 - act.by
        raw = getattr(self.centres[foreign], verb)(person(act.who), act.raw)
        wanted = "target-unknown" if self.keys[foreign] == "registered" else "key-not-in-force"
        assert self.tell(foreign, [raw], "single") == [("rejected", wanted)]
        raw = getattr(self.centres[act.by], verb)(person((act.who + 1) % WORKERS), act.raw)
        idle = {
            ("revocation", True): "already-revoked",
            ("restoration", False): "nothing-to-restore",
            ("correction", True): "target-unfit",
        }.get((verb, act.revoked))
        if self.keys[act.by] == "registered" and idle:
            assert self.tell(act.by, [raw], "single") == [("rejected", idle)]
        elif self.keys[act.by] == "registered":
            assert self.tell(act.by, [raw], "single") == [("held", "")]
            held_id = self.held_id(raw)
            self.house.db.write(lambda turn: held.give_back(turn, held_id, "所指记录属于另一人"))
        self.check(act.who)

    # -- rules: the worker's word --------------------------------------------------------------------------

    @precondition(lambda self: self.issues)
    @rule(pick=any_one, word=st.sampled_from([Confirmation.CONFIRMED, Confirmation.CONTESTED]))
    def say(self, pick: int, word: Confirmation) -> None:
        """Confirm or contest; the same word again makes no entry unless something came between."""
        act = self.issues[pick % len(self.issues)]
        record_id = uuid.UUID(id_of(act.raw)).bytes
        worker_id = self.centres[0].worker_id(person(act.who))
        verb = confirm if word is Confirmation.CONFIRMED else contest
        more = () if word is Confirmation.CONFIRMED else ("wrong-hours",)
        self.clock.advance(3)
        seen = shown(self.house, worker_id, record_id)
        if act.revoked:
            with pytest.raises(Problem) as refused:
                verb(self.house, worker_id, seen, "api", STATER, *more)
            assert refused.value.code == "target-unfit"
        else:
            verb(self.house, worker_id, seen, "api", STATER, *more)
            # A contest is raised anew also once anything was done about the first.
            anew = word is Confirmation.CONTESTED and act.acts != act.said_at
            if act.said != (word, act.counting) or anew:
                self.enter(Kind.NOTE, act.who, target=act.seq)
                act.acts += 1
                act.said, act.said_at = (word, act.counting), act.acts
        self.check(act.who)

    # -- rules: the holding --------------------------------------------------------------------------------

    @precondition(lambda self: any(self.chains))
    @rule(by=st.integers(0, 1), who=st.integers(0, WORKERS - 1), how=mode)
    def hold(self, by: int, who: int, how: str) -> None:
        """A known number under another name, beside a good record: one waits, the other stands."""
        if not self.chains[who]:
            return
        strange = self.centres[by].completion({**person(who), "name": STRANGER}, score="80.5")
        good = self.centres[by].completion(person(who), score="81.5")
        told = self.tell(by, [strange, good], how)
        if self.keys[by] == "registered":
            assert told == [("held", ""), ("accepted", "")]
            self.waiting[strange] = (by, who)
            self.signed_by[strange] = self.centres[by].key.kid
            self.enter(Kind.ISSUE, who, raw=good, by=by, score="81.5", proof=self.proofs[good])
        else:
            assert told == self.accepted(by) * 2
        self.check(who)

    @precondition(lambda self: self.waiting)
    @rule(pick=any_one)
    def the_held_again(self, pick: int) -> None:
        raw = list(self.waiting)[pick % len(self.waiting)]
        by, who = self.waiting[raw]
        assert self.tell(by, [raw], "single") == [("held", "")]
        self.check(who)

    @precondition(lambda self: self.waiting)
    @rule(pick=any_one, named=st.booleans())
    def release(self, pick: int, named: bool) -> None:
        """Two people release: it enters the archive they named.

        It waits on when they named nobody or the key is suspended, and returns to its issuer when the key
        was revoked.
        """
        raw = list(self.waiting)[pick % len(self.waiting)]
        by, who = self.waiting[raw]
        worker = str(uuid.UUID(bytes=self.centres[0].worker_id(person(who)))) if named else None
        payload = {
            "held": [str(uuid.UUID(bytes=self.held_id(raw)))],
            "reason": "核对户口簿",
            "worker_id": worker,
        }
        db = self.house.db
        self.clock.advance(5)
        proposal = db.write(lambda t: two_person.propose(t, held.RELEASE, "1 held", payload, "official:1"))
        db.write(lambda t: two_person.decide(t, proposal, "official:2", True, "属实", tools=self.house))
        released = Releaser(self.house).run()
        good = self.signed_by[raw] not in self.ended
        assert released == (named and good)
        if released:
            del self.waiting[raw]
            made = self.enter(Kind.ISSUE, who, raw=raw, by=by, score="80.5", acts=1)
            self.enter(Kind.NOTE, who, target=made.seq)
            made.proof = self.stored_receipt(made)
            self.given.append(made.proof)
        elif self.signed_by[raw] in self.revoked:
            del self.waiting[raw]
        self.check(who)

    @precondition(lambda self: self.waiting)
    @rule(pick=any_one)
    def give_back(self, pick: int) -> None:
        """What was returned stays returned."""
        raw = list(self.waiting)[pick % len(self.waiting)]
        by, who = self.waiting.pop(raw)
        held_id = self.held_id(raw)
        self.house.db.write(lambda turn: held.give_back(turn, held_id, "查无此人"))
        assert self.tell(by, [raw], "each") == [("returned", "returned")]
        self.check(who)

    def held_id(self, raw: bytes) -> bytes:
        own = archive_tables.held.c
        digest = self.house.admission.sealer.digest(raw)
        with self.house.db.read() as conn:
            return conn.execute(sa.select(own.held_id).where(own.digest == digest)).scalar_one()

    # -- rules: keys ---------------------------------------------------------------------------------------

    @rule(by=st.integers(0, 1), action=st.sampled_from([KeyAction.SUSPEND, KeyAction.LIFT, KeyAction.REVOKE]))
    def act_on_key(self, by: int, action: KeyAction) -> None:
        """Suspend, lift, revoke; what makes no sense is refused. After a revocation comes a new key."""
        sensible = {
            KeyAction.SUSPEND: self.keys[by] == "registered",
            KeyAction.LIFT: self.keys[by] == "suspended",
            KeyAction.REVOKE: self.keys[by] != "revoked",
        }[action]
        self.clock.advance(1)
        if sensible:
            self.centres[by].act(action)
            names = {
                KeyAction.SUSPEND: "suspended",
                KeyAction.LIFT: "registered",
                KeyAction.REVOKE: "revoked",
            }
            self.keys[by] = names[action]
            (self.ended.discard if action is KeyAction.LIFT else self.ended.add)(self.centres[by].key.kid)
            if action is KeyAction.REVOKE:
                self.revoked.add(self.centres[by].key.kid)
            self.size += 1
        else:
            with pytest.raises(Problem) as refused:
                self.centres[by].act(action)
            assert refused.value.code == "key-event"
        self.check()

    @precondition(lambda self: "registered" not in self.keys or "revoked" in self.keys)
    @rule(by=st.integers(0, 1))
    def new_key(self, by: int) -> None:
        """A new key beside or after the old one."""
        centre = self.centres[by]
        centre.key = sign.key_from_jwk(
            sign.new_private_jwk("ES256", f"more-{next(self.kids)}", self.house.random)
        )
        centre.register()
        self.keys[by] = "registered"
        self.size += 1
        self.check()

    # -- rules: crashes ------------------------------------------------------------------------------------

    @rule()
    def abandon(self) -> None:
        """The process is gone; another one opens what is there."""
        self.reopen()
        self.check(*range(WORKERS))

    @rule(
        by=st.integers(0, 1),
        who=st.lists(st.integers(0, WORKERS - 1), min_size=1, max_size=3),
        effect=st.booleans(),
        how=mode,
    )
    def lose_a_commit(self, by: int, who: list[int], effect: bool, how: str) -> None:
        """The commit fails with or without effect: nobody is acknowledged, the same sent again settles it."""
        if self.keys[by] != "registered":
            return
        raws = [self.centres[by].completion(person(one), score="90.5") for one in who]
        dialect = self.house.db.engine.dialect
        really = dialect.do_commit

        def failing(driver: Any) -> None:
            if effect:
                really(driver)
            raise OSError("the disk went away")

        dialect.do_commit = failing
        with pytest.raises(CommitUnknown):
            self.centres[by].send(raws, how)
        self.reopen()
        again = self.tell(by, raws, how)
        assert again == [("duplicate" if effect else "accepted", "")] * len(raws)
        for one, raw in zip(who, raws, strict=True):
            made = self.enter(Kind.ISSUE, one, raw=raw, by=by, score="90.5")
            made.proof = self.proofs.get(raw) or self.stored_receipt(made)
            self.given.append(made.proof)
        self.check(*who)

    @precondition(lambda self: self.issues)
    @rule(pick=any_one, at=st.sampled_from(["entries sent", "log sent", "signed"]))
    def kill_a_turn(self, pick: int, at: str) -> None:
        """Killed in the middle of a turn: nothing of it is there, and the next process goes on."""
        act = self.issues[pick % len(self.issues)]
        if self.keys[act.by] != "registered" or act.revoked:
            return
        raws = [
            self.centres[act.by].completion(person(act.who)),
            self.centres[act.by].revocation(person(act.who), act.raw),
        ]
        victim: Any = self.house.log if at == "signed" else self.house.db
        verb, last = ("signed", 0) if at == "signed" else ("bulk_all", 0 if at == "entries sent" else 1)
        really = getattr(victim, verb)
        calls = itertools.count()

        def killed(*arguments: Any) -> Any:
            done = really(*arguments)
            if next(calls) == last:
                raise Killed
            return done

        setattr(victim, verb, killed)
        with pytest.raises(Killed):
            self.centres[act.by].send(raws)
        self.reopen()
        self.check(act.who)

    def reopen(self) -> None:
        """A new house on the same folder and database, with the same time and randomness."""
        old = self.house
        self.house = open_house(old.settings, old.clock, old.random)
        for centre in self.centres:
            centre.house = self.house
        old.close()

    # -- checks --------------------------------------------------------------------------------------------

    def stored_receipt(self, act: Act) -> str:
        """The receipt as the service gives it now."""
        worker_id = self.centres[0].worker_id(person(act.who))
        with self.house.db.read() as conn, self.house.db.read_raw() as cursor:
            return str(receipts.of_stored(self.house, conn, cursor, worker_id, act.seq))

    def check(self, *who: int) -> None:
        self.check_log()
        for one in sorted(set(who)):
            self.check_archive(one)

    def check_log(self) -> None:
        """The log has the oracle's size without a gap, and continues what it was a step ago."""
        entry = log_tables.entry.c
        with self.house.db.read() as conn:
            count, top = conn.execute(sa.select(sa.func.count(), sa.func.max(entry.idx))).one()
            assert (count, top) == (self.size, self.size - 1)
            newest = self.house.log.newest(conn)
            assert newest.size == self.size
            old_size, old_root = self.head
            if old_size:
                path = self.house.log.reader(conn, newest.size).consistency(old_size)
                tree.verify_consistency(old_size, old_root, newest.size, newest.root, path)
        self.head = (newest.size, newest.root)

    def check_archive(self, who: int) -> None:
        """Entries and states of one worker, one by one."""
        chain = self.chains[who]
        worker_id = self.house.people.find("resident-id", person(who)["number"])
        if worker_id is None:
            assert chain == []
            return
        archive = Reader(self.house).archive(worker_id)
        found = [
            (e.kind, e.stored.seq, None if e.stored.target < 0 else e.stored.target) for e in archive.entries
        ]
        assert found == [(act.kind, act.seq, act.target) for act in chain]
        for entry, act in zip(archive.entries, chain, strict=True):
            if act.raw:
                assert entry.opened.raw == act.raw
        assert archive.state.oddities == ()
        roots = [act for act in chain if act.kind is Kind.ISSUE]
        told = [
            (s.seq, s.life, s.body["score"], s.confirmation, s.corrected, len(s.history))
            for s in archive.state.records
        ]
        assert told == [
            (
                *(act.seq, Life.REVOKED if act.revoked else Life.ACTIVE, act.effective),
                act.confirmation,
                any(not one.revoked for one in act.corrections),
                act.acts,
            )
            for act in roots
        ]

    def teardown(self) -> None:
        """Every receipt ever given is still kept, whatever came after it, and fsck is content."""
        try:
            self.check(*range(WORKERS))
            with self.house.db.read() as conn:
                for proof in self.given:
                    found = compare(self.house.log, anchor.log_key(self.house), conn, proof.encode())
                    assert found.verdict is Verdict.CONTINUED
                waiting = conn.execute(
                    sa.select(sa.func.count()).where(archive_tables.held.c.state == "held")
                ).scalar()
                assert waiting == len(self.waiting)
            for act in self.targets:
                assert self.stored_receipt(act) == act.proof
            report = fsck.fsck(self.house, offline=True)
            assert report.finding is None, report.finding
        finally:
            self.house.close()


@pytest.fixture
def make(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], House]:
    """Makes a house at its first run, on a database of this test that is empty again."""
    template: Settings = request.getfixturevalue("settings")
    addresses: Addresses = request.getfixturevalue("addresses")
    keys = tmp_path / "keys"
    create_keys(keys, SeededRandom(1).bytes)
    number = itertools.count(1)

    def made() -> House:
        folder = tmp_path / f"run-{next(number)}"
        folder.mkdir(mode=0o700)
        shutil.copytree(keys, folder / "keys")
        address = addresses.application
        if dialect == "sqlite":
            shutil.copy(request.getfixturevalue("sqlite_template"), folder / "recordsvc.db")
            address = f"sqlite:///{folder / 'recordsvc.db'}"
        else:
            request.getfixturevalue("sweeper").empty(sa.make_url(address).database)
        own = dataclasses.replace(template, data_dir=folder, database_url=address, owner_database_url=address)
        house = open_house(own, FixedClock(), SeededRandom(next(number)))
        genesis.begin(house)
        return house

    return made


def run(make: Callable[[], House], profile: settings) -> None:
    machine = type("ArchiveHere", (Archive,), {"make": staticmethod(make)})
    run_state_machine_as_test(machine, settings=profile)


QUIET = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    # Shrinking a history takes far longer than reading one; the steps are printed.
    "phases": [Phase.generate],
}


def test_the_archive_keeps_to_its_oracle(make: Callable[[], House]) -> None:
    """A few histories, the same every time."""
    run(make, settings(max_examples=4, stateful_step_count=30, derandomize=True, **QUIET))


@pytest.mark.long
@pytest.mark.beside
def test_the_archive_keeps_to_its_oracle_for_long(make: Callable[[], House]) -> None:
    """Other histories every time (in CI the same ones); RECORDSVC_TEST_HISTORIES says how many."""
    histories = int(os.environ.get("RECORDSVC_TEST_HISTORIES", "60"))
    fixed = os.environ.get("CI") == "true"
    run(
        make,
        settings(max_examples=histories, stateful_step_count=80, print_blob=True, derandomize=fixed, **QUIET),
    )
