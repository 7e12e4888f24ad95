"""Every receiver's copy, made only of what it pulled, ends equal to what it may see.

A Hypothesis state machine enters, corrects, confirms, contests, revokes, seals and erases records,
restricts, merges and erases archives, gives and ends consents, lets days pass, kills the feed between its
writes, and has two banks pull, replay, and send acknowledgements late, twice, wrong or not at all. What a
bank may see is said anew from archives and consents alone, without the feed.
"""

import base64
import contextlib
import os
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from recordsvc import fsck
from recordsvc.access import consents
from recordsvc.access.consent_tables import consent_event
from recordsvc.access.consents import Ended
from recordsvc.access.looked_tables import looked
from recordsvc.archive import erasing, extracts, persons, sharing
from recordsvc.archive.confirm import contest
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.states import Confirmation, Life
from recordsvc.exports import emitting, lines
from recordsvc.exports.following import Feeds
from recordsvc.exports.receivers import learner, profile
from recordsvc.exports.tables import export_ack, export_item, export_ticket
from recordsvc.ground import two_person
from recordsvc.ground.base64strict import b64u
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Problem
from recordsvc.house import House
from tests.archive.restricted import lift, seal
from tests.archive.support import STATER, Centre, person, shown
from tests.archive.test_erasing import UNLAWFUL, decide_erasure
from tests.archive.test_merging import decided, merge, unmerge
from tests.archive.test_sharing import OFFICER, raw_id
from tests.archive.test_stateful import QUIET, make
from tests.exports.copies import BANKS, NDJSON, Copy, agree, application, confirmed

__all__ = ["make"]

PEOPLE = 3
DAY_MS = 24 * 3_600_000
FIELDS = (None, ("scores", "occupation"), ("issuer", "number", "level"))
SAID = (Confirmation.NOT_NEEDED, Confirmation.CONFIRMED)
people, banks = st.integers(0, PEOPLE - 1), st.sampled_from(BANKS)
any_record = st.integers(0, 30)
WRONG = ("foreign", "altered", "ahead")
DOORS = ("items", "files", "totals", "acks")
START = b64u(b"\1" + bytes(24))
"""Before any item, of a receiver that is nobody."""
WRITTEN = (export_item, export_ack, export_ticket, consent_event, looked)


class Feed(RuleBasedStateMachine):
    """One region with two banks."""

    make: Callable[[], House]

    def __init__(self) -> None:
        super().__init__()
        self.house = self.make()
        app = application(self.house)
        self.centre = Centre(self.house, 1)
        self.copies = {name: Copy(app, self.house, name) for name in BANKS}
        self.cursors: dict[str, list[str]] = {name: [""] for name in BANKS}
        self.statements: list[tuple[Copy, dict[str, Any]]] = []
        self.records: list[tuple[int, bytes]] = []
        self.scores = 0
        for n in range(PEOPLE):
            for bank in BANKS[: 1 + n % 2]:
                self.share(n, bank, FIELDS[n], None)
        self.house.clock.advance(1_000)  # what was given since a merge ends with it
        self.follow()

    # -- the archive

    def score(self) -> str:
        self.scores += 1
        return f"{self.scores // 10}.{self.scores % 10}"

    @rule(n=people)
    def enter(self, n: int) -> None:
        """What is held, or waits, is no record of the chain: nobody may see it."""
        record = self.centre.completion(
            person(n), score=self.score(), **{"class": {"code": f"C{self.scores}"}}
        )
        answer = self.centre.send([record])
        if answer.rows[0].status == "accepted":
            self.records.append((n, record))

    @rule(n=people, bank=banks, fields=st.sampled_from(FIELDS), uses=st.sampled_from([None, 2]))
    def share(self, n: int, bank: str, fields: Any, uses: int | None) -> None:
        """A new record, which the worker confirms and lets a bank have."""
        before = len(self.records)
        self.enter(n)
        if len(self.records) > before:
            self.confirm(before)
            self.agree(before, before, bank, fields, uses)

    def acted(self, at: int, act: Callable[[int, bytes, bytes], object]) -> None:
        """Act on a record; what is refused changes nothing."""
        n, record = self.records[at % len(self.records)]
        worker = self.house.people.find("resident-id", person(n)["number"])
        if worker is None:
            return
        with self.house.db.read_raw() as cursor:
            chain = self.chain_of(cursor, worker, raw_id(record))
        with contextlib.suppress(Problem, two_person.StaleProposal):
            act(n, chain or worker, record)

    def chain_of(self, cursor: Any, worker: bytes, record_id: bytes) -> bytes | None:
        with contextlib.suppress(Problem):
            found = persons.read(self.house, worker, cursor, sealed=True)
            place = None if found is None else found.find(record_id)
            return None if place is None else place.archive.worker_id
        return None

    @rule(at=any_record)
    def confirm(self, at: int) -> None:
        self.acted(at, lambda _n, chain, record: confirmed(self.house, chain, record))

    @rule(at=any_record)
    def contest(self, at: int) -> None:
        def act(_n: int, chain: bytes, record: bytes) -> None:
            contest(
                self.house, chain, shown(self.house, chain, raw_id(record)), "page", STATER, "wrong-hours"
            )

        self.acted(at, act)

    @rule(at=any_record)
    def correct(self, at: int) -> None:
        n, record = self.records[at % len(self.records)]
        self.centre.send([self.centre.correction(person(n), record, score=self.score())])

    @rule(at=any_record)
    def revoke(self, at: int) -> None:
        n, record = self.records[at % len(self.records)]
        self.centre.send([self.centre.revocation(person(n), record)])

    @rule(at=any_record)
    def restore(self, at: int) -> None:
        n, record = self.records[at % len(self.records)]
        self.centre.send([self.centre.restoration(person(n), record)])

    @rule(at=any_record)
    def seal(self, at: int) -> None:
        self.acted(at, lambda _n, chain, record: seal(self.house, chain, raw_id(record)))

    @rule(at=any_record)
    def lift(self, at: int) -> None:
        self.acted(at, lambda _n, chain, record: lift(self.house, chain, raw_id(record)))

    @rule(at=any_record)
    def erase_record(self, at: int) -> None:
        def act(_n: int, chain: bytes, record: bytes) -> None:
            decided(
                self.house,
                lambda turn: erasing.propose_record_erasure(
                    turn, self.house, chain, raw_id(record), UNLAWFUL, "official:first"
                ),
            )

        self.acted(at, act)

    def on_archive(self, n: int, act: Callable[[bytes], object]) -> None:
        worker = self.house.people.find("resident-id", person(n)["number"])
        if worker is not None:
            with contextlib.suppress(Problem, two_person.StaleProposal):
                act(worker)

    @rule(n=people)
    def restrict(self, n: int) -> None:
        self.on_archive(
            n, lambda one: erasing.restrict(self.house, one, "erasure-requested", "本人申请", OFFICER)
        )

    @rule(n=people)
    def release(self, n: int) -> None:
        why = ("request-withdrawn", "本人撤回", "official:first")
        self.on_archive(
            n, lambda one: decided(self.house, lambda turn: erasing.propose_lift(turn, one, *why))
        )

    @rule(n=people)
    def erase(self, n: int) -> None:
        self.on_archive(n, lambda one: decide_erasure(self.house, one))

    @rule(n=people, into=people)
    def merge(self, n: int, into: int) -> None:
        other = self.house.people.find("resident-id", person(into)["number"])
        if other is not None:
            self.on_archive(n, lambda one: merge(self.house, one, other))

    @rule(n=people)
    def unmerge(self, n: int) -> None:
        merged = self.centre_chain(n)
        if merged is not None:
            self.house.clock.advance(1)
            with contextlib.suppress(Problem, two_person.StaleProposal):
                unmerge(self.house, merged)

    def centre_chain(self, n: int) -> bytes | None:
        """The chain in which the first record of a number stands, merged or not."""
        worker = self.house.people.find("resident-id", person(n)["number"])
        record = next(one for number, one in self.records if number == n)
        if worker is None:
            return None
        with self.house.db.read_raw() as cursor:
            return self.chain_of(cursor, worker, raw_id(record))

    # -- consents and days

    @rule(
        at=any_record,
        more=any_record,
        bank=banks,
        fields=st.sampled_from(FIELDS),
        uses=st.sampled_from([None, None, 1, 2]),
    )
    def agree(self, at: int, more: int, bank: str, fields: Any, uses: int | None) -> None:
        def act(n: int, chain: bytes, record: bytes) -> None:
            others = [one for number, one in self.records if number == n]
            also = others[more % len(others)]
            ids = tuple({raw_id(record), raw_id(also)})
            text = "share-1" if fields is None else "extract-1"
            agree(
                self.house,
                chain,
                record,
                bank=bank,
                records=ids,
                fields=fields,
                text_code=text,
                max_uses=uses,
            )

        self.acted(at, act)

    @rule(n=people, which=st.integers(0, 5))
    def end(self, n: int, which: int) -> None:
        def act(worker: bytes) -> None:
            with self.house.db.read() as conn:
                mine = [one for one in consents.of_workers(conn, [worker]) if one.ended_ms is None]
            if mine:
                one = mine[which % len(mine)]
                self.house.db.write(
                    lambda turn: consents.end(turn, self.house.log, [worker], Ended.WORKER, one.consent_id)
                )

        self.on_archive(n, act)

    @rule(days=st.sampled_from([1, 5]), told=st.booleans())
    def days_pass(self, days: int, told: bool) -> None:
        self.house.clock.advance(days * DAY_MS)
        if told:
            sharing.expire(self.house)
        Feeds(self.house).sweep()

    # -- the feed

    @rule()
    def follow(self) -> None:
        Feeds(self.house).run()

    @rule()
    def kill(self) -> None:
        """The process dies with items written and not committed."""
        real = emitting._write

        def killed(*arguments: Any) -> None:
            real(*arguments)
            raise KeyboardInterrupt

        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
            patch.setattr(emitting, "_write", killed)
            Feeds(self.house).run()

    @rule(bank=banks, limit=st.sampled_from([0, 1, 3]))
    def pull(self, bank: str, limit: int) -> None:
        copy = self.copies[bank]
        items, statement = copy.take(copy.cursor, limit)
        copy.apply(items)
        copy.cursor = statement["to"]
        self.cursors[bank].append(copy.cursor)
        self.statements.append((copy, statement))

    @rule(bank=banks, which=st.integers(0, 20))
    def replay(self, bank: str, which: int) -> None:
        """The same cursor again: the same items, of which some may have lost their content."""
        copy, known = self.copies[bank], self.cursors[bank]
        items, _ = copy.take(known[which % len(known)])
        told = {one["n"]: one for one in copy.seen}
        for one in items:
            if one["n"] in told:
                before = told[one["n"]]
                assert one in (
                    before,
                    {name: value for name, value in before.items() if name not in ("content", "salt")},
                )

    @rule(bank=banks, which=st.integers(0, 20), way=st.sampled_from(WRONG), door=st.sampled_from(DOORS))
    def wrong_cursor(self, bank: str, which: int, way: str, door: str) -> None:
        """A cursor that this feed never gave, at any door that takes one: named, and nothing moves."""
        copy, before = self.copies[bank], self.moved()
        shown, code = self.wrong(bank, which, way)
        if door == "acks":
            body = {"ack_id": "wrong-cursor", "from": shown, "to": shown, "count": 0, "root": "0" * 64}
            answer = copy.post("/v1/exports/acks", body)
        else:
            named = "at" if door == "totals" else "after"
            more = "&format=csv" if door == "files" else ""
            answer = copy.get(f"/v1/exports/{door}?{named}={shown}{more}", **NDJSON)
        assert (answer.status_code, answer.json["code"]) == (400, code)
        assert self.moved() == before

    def wrong(self, bank: str, which: int, way: str) -> tuple[str, str]:
        """A cursor and the code of what it is told."""
        known = [one for one in self.cursors[bank] if one]
        raw = base64.urlsafe_b64decode((known[which % len(known)] if known else START) + "==")
        if way == "ahead":
            return b64u(raw[:1] + (2**40).to_bytes(8) + raw[9:]), "feed-cursor-ahead"
        if way == "altered":
            return b64u(raw[:-1] + bytes([raw[-1] ^ 1])), "feed-cursor-unknown"
        (other,) = (name for name in BANKS if name != bank)
        theirs = next((one for one in self.cursors[other] if one), START)
        n = int.from_bytes(base64.urlsafe_b64decode(theirs + "==")[1:9])
        with self.house.db.read() as conn:
            ahead = n > lines.newest(conn, bank)
        return theirs, "feed-cursor-ahead" if ahead else "feed-cursor-unknown"

    def moved(self) -> list[int]:
        """How many rows there are of whatever a pull, a use or an acknowledgement would write."""
        with self.house.db.read() as conn:
            return [conn.scalar(sa.select(sa.func.count()).select_from(one)) or 0 for one in WRITTEN]

    @rule(which=st.integers(0, 20), times=st.integers(1, 2), wrong=st.booleans())
    def acknowledge(self, which: int, times: int, wrong: bool) -> None:
        if not self.statements:
            return
        copy, statement = self.statements[which % len(self.statements)]
        said = {name: statement[name] for name in ("from", "to", "count", "root")}
        said |= {"ack_id": f"{statement['root'][:32]}-{statement['count']}-{which}"}
        if wrong:
            answer = copy.post(
                "/v1/exports/acks", said | {"count": said["count"] + 1, "ack_id": f"wrong-{which:04d}"}
            )
            assert answer.status_code == 409
        for _ in range(times):
            assert copy.post("/v1/exports/acks", said).status_code in (200, 409)

    # -- what must hold

    def expected(self, bank: str) -> dict[int, dict[str, Any]]:
        """By log index, what a bank may be told now: from archives and consents alone."""
        found: dict[int, dict[str, Any]] = {}
        now = self.house.clock.now_ms()
        day = beijing_date(now).isoformat()
        told = profile("credit-bank", day)
        assert told is not None
        with self.house.db.read() as conn:
            given = consents.of_receivers(conn, [f"client:{bank}"], now)
        for one in given:
            with self.house.db.read_raw() as cursor:
                worker = self.house.people.load(cursor, one.worker_id)
                if worker is None:
                    continue
                owner = self.house.people.person(cursor, worker).worker_id
            try:
                archives = persons.read(self.house, owner)
            except ArchiveRestricted:
                continue
            assert archives is not None
            (archive,) = [chain for chain in archives.archives if chain.worker_id == one.worker_id]
            fields = None if one.fields is None else extracts.members_of(one.fields, day)
            members = [name for name in told.members if fields is None or name in fields]
            for state in archive.state.records:
                entry = archive.entries[state.seq].stored
                if entry.record_id not in one.records or state.life is not Life.ACTIVE:
                    continue
                if state.confirmation not in SAID or state.seq in archive.superseded:
                    continue
                content = found.setdefault(
                    entry.idx, {"learner": learner(self.house.keys, bank, owner), "values": {}}
                )
                content["values"] |= extracts.values_of(state.record, state, members)
        return found

    def teardown(self) -> None:
        for bank, copy in self.copies.items():
            # A use may end a consent, and that end is to be pulled, too.
            while copy.pull():
                pass
            expected = self.expected(bank)
            assert copy.seen, "a history without items proves nothing"
            assert by_index(copy) == expected
            late = Copy(copy.app, self.house, bank)
            while late.pull():
                pass
            assert late.heads.keys() == copy.heads.keys()
            # A replay uses consents, too, and the last use ends one.
            while copy.pull():
                pass
            assert by_index(late) == by_index(copy) == self.expected(bank)
        report = fsck.fsck(self.house, offline=True)
        assert report.finding is None, report.finding
        self.house.close()


def by_index(copy: Copy) -> dict[int, dict[str, Any]]:
    return {one["index"]: {"learner": one["learner"], "values": one["values"]} for one in copy.rows.values()}


def run(make: Callable[[], House], profile: settings) -> None:
    machine = type("FeedHere", (Feed,), {"make": staticmethod(make)})
    run_state_machine_as_test(machine, settings=profile)


def test_a_copy_ends_equal_to_what_may_be_seen(make: Callable[[], House]) -> None:
    """A few histories, the same every time."""
    run(make, settings(max_examples=4, stateful_step_count=40, derandomize=True, **QUIET))


@pytest.mark.long
@pytest.mark.beside
def test_a_copy_ends_equal_to_what_may_be_seen_for_long(make: Callable[[], House]) -> None:
    """Other histories every time (in CI the same ones); RECORDSVC_TEST_HISTORIES says how many."""
    histories = int(os.environ.get("RECORDSVC_TEST_HISTORIES", "30"))
    fixed = os.environ.get("CI") == "true"
    run(make, settings(max_examples=histories, stateful_step_count=60, derandomize=fixed, **QUIET))
