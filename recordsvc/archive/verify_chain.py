"""One bundle under a checkpoint that is already trusted: key events, chain, records, and what follows.

Failures are collected, not thrown at the reader one by one: whoever has to find a fault wants all of them.
"""

from collections.abc import Callable
from typing import Any

from recordsvc.archive import facts, formats
from recordsvc.archive.acts import act_of, target_id
from recordsvc.archive.keyevents import KeyEvent, KeyEventError, KeyHistory
from recordsvc.archive.status import ArchiveState, Entry, RecordState, derive
from recordsvc.archive.verify_read import Bundle, BundleEntry, BundleKeyEvent
from recordsvc.archive.verify_record import RecordChecker
from recordsvc.archive.verify_report import Failed, Level, RecordLine, Report
from recordsvc.archive.verify_tree import InclusionProver
from recordsvc.archive.verify_words import ODDITIES
from recordsvc.translog.checkpoint import Checkpoint
from recordsvc.translog.tree import Frontier, leaf_hash


class ChainVerification:
    """Checks `bundle` against `checkpoint` and writes what it finds into `report`."""

    def __init__(self, report: Report, bundle: Bundle, checkpoint: Checkpoint, *, region_given: bool) -> None:
        self.report = report
        self.bundle = bundle
        self.region_given = region_given
        self.prover = InclusionProver(checkpoint.size, checkpoint.root)
        self.histories: dict[str, KeyHistory] = {}
        self.sound: set[int] = set()  # seq of each disclosed record whose content holds
        self.good: dict[int, bool] = {}  # … and whose signature does, too -> whether within a suspicion
        self.unchecked_targets = 0

    def run(self) -> None:
        """All checks, then the conclusions if none failed."""
        for at, event in enumerate(self.bundle.events):
            self._attempt(self._check_key_event, at, event)
        self._check_chain()
        checker = RecordChecker(self.histories, self.bundle.region)
        # First the contents, then the signatures in one go: a tight loop keeps their tables in the cache.
        for entry in self.bundle.entries:
            self._attempt(self._check_content, checker, entry)
        for entry in self.bundle.entries:
            self._attempt(self._check_signature, checker, entry)
        for entry in self.bundle.entries:
            self._attempt(self._check_target, entry)
        self._check_together()
        if self.report.holds:
            self._conclude()

    def _attempt(self, check: Callable[..., None], *args: Any) -> None:
        try:
            check(*args)
        except Failed as failed:
            self.report.refuse(failed)

    def _check_key_event(self, at: int, event: BundleKeyEvent) -> None:
        if not self.prover.proves(leaf_hash(event.entry), event.index, event.path):
            raise Failed("key-event-not-in-log", at=at)
        try:
            issuer = KeyEvent.unpack(event.entry).issuer
            self.histories.setdefault(issuer, KeyHistory(issuer)).add(event.index, event.entry)
        except KeyEventError:
            raise Failed("key-chain-broken", at=at) from None

    def _check_chain(self) -> None:
        edge, index, ms = Frontier(), -1, 0
        for expected, entry in enumerate(self.bundle.entries):
            if entry.seq != expected:
                self.report.add(Level.FAILED, "seq-broken", entry.seq, expected=expected)
            if entry.index <= index:
                self.report.add(Level.FAILED, "order-broken", entry.seq)
            hashed = formats.worker_leaf_hash(entry.packed)
            if not self.prover.proves(leaf_hash(b"\x01" + hashed), entry.index, entry.path):
                self.report.add(Level.FAILED, "not-in-log", entry.seq)
            place = formats.place(entry.nonce, entry.seq, entry.target, edge.root())
            if place != entry.leaf.place:
                self.report.add(Level.FAILED, "place-broken", entry.seq)
            if entry.leaf.ms < ms:
                self.report.add(Level.NOTE, "clock-back", entry.seq)
            edge.append(hashed)
            index, ms = entry.index, entry.leaf.ms

    def _check_content(self, checker: RecordChecker, entry: BundleEntry) -> None:
        if entry.disclosed is not None:
            checker.check_content(entry, entry.disclosed)
            self.sound.add(entry.seq)

    def _check_signature(self, checker: RecordChecker, entry: BundleEntry) -> None:
        if entry.disclosed is not None and entry.seq in self.sound:
            life = checker.check_signature(entry, entry.disclosed)
            self.good[entry.seq] = life.suspect(entry.leaf.ms)

    def _check_target(self, entry: BundleEntry) -> None:
        """The id that a record names must be that of the record at its target."""
        if entry.seq not in self.good or entry.disclosed is None:
            return
        record = entry.disclosed.record
        named, act = target_id(record), act_of(record)
        if named is None:
            if entry.target is not None or (act.member is not None and not act.whole):
                raise Failed("target-differs", entry.seq)
            return
        if entry.target is None or entry.target >= min(entry.seq, len(self.bundle.entries)):
            raise Failed("target-differs", entry.seq)
        target = self.bundle.entries[entry.target].disclosed
        if target is None:
            self.unchecked_targets += 1
        elif target.record.get("id") != named:
            raise Failed("target-differs", entry.seq)

    def _check_together(self) -> None:
        """What must be the same, or never the same, across all disclosed records."""
        ids: set[tuple[str, str]] = set()
        places: set[tuple[str, str]] = set()
        archives: set[str] = set()
        for entry, record in self._records():
            ids_before, places_before, archives_before = len(ids), len(places), len(archives)
            ids.add((record["issuer"], record["id"]))
            places.add((record["audience"], record["environment"]))
            if "worker_id" in record["worker"]:
                archives.add(str(record["worker"]["worker_id"]))
            if len(ids) == ids_before:
                self.report.add(Level.FAILED, "id-twice", entry.seq)
            if places_before and len(places) > places_before:
                self.report.add(Level.FAILED, "audience-differs", entry.seq)
            if archives_before and len(archives) > archives_before:
                self.report.add(Level.FAILED, "worker-differs", entry.seq)

    def _records(self) -> list[tuple[BundleEntry, Any]]:
        return [
            (one, one.disclosed.record)
            for one in self.bundle.entries
            if one.disclosed and one.seq in self.good
        ]

    # --- conclusions: nothing failed ----------------------------------------------------------------------

    def _conclude(self) -> None:
        entries, region = self.bundle.entries, self.bundle.region
        state = derive(
            (
                Entry(
                    one.seq,
                    one.leaf.kind,
                    one.target,
                    one.leaf.ms,
                    one.disclosed.record if one.disclosed else None,
                    self.good.get(one.seq, False),
                )
                for one in entries
            ),
            region,
        )
        stated = sum(record["issuer"] == region for _, record in self._records())
        told, report = len(self.good), self.report
        report.add(Level.PROVED, "chain", count=len(entries))
        if told > stated:
            report.add(Level.PROVED, "issuer-signed", count=told - stated)
        if stated:
            report.add(Level.PROVED, "region-stated", count=stated, region=region)
        report.add(Level.PROVED, "status-derived", count=len(entries))
        self._tell_open(stated, len(entries) - told)
        self._tell_notes(state)
        by_seq = {one.seq: one for one in entries}
        better = facts.superseded(state, region)
        report.records = [_line(by_seq[one.seq], one, region, better.get(one.seq)) for one in state.records]

    def _tell_open(self, stated: int, undisclosed: int) -> None:
        report = self.report
        report.add(Level.OPEN, "newer-unknown")
        report.add(Level.OPEN, "key-events-unknown")
        report.add(Level.OPEN, "issuer-identity")
        if stated and not self.region_given:
            report.add(Level.OPEN, "region-claimed", region=self.bundle.region)
        if undisclosed:
            report.add(Level.OPEN, "undisclosed", count=undisclosed)
        if self.unchecked_targets:
            report.add(Level.OPEN, "targets-undisclosed", count=self.unchecked_targets)

    def _tell_notes(self, state: ArchiveState) -> None:
        records = self._records()
        if records:
            first = records[0][1]
            self.report.add(Level.NOTE, "audience", audience=first["audience"])
            if first["environment"] != "production":
                self.report.add(Level.NOTE, "not-production", environment=first["environment"])
        for seq, suspect in self.good.items():
            if suspect:
                self.report.add(Level.NOTE, "suspect", seq)
        for seq, why in state.oddities:
            self.report.add(Level.NOTE, "odd", seq, why=why.value, why_zh=ODDITIES[why.value])


def _line(entry: BundleEntry, state: RecordState, region: str, superseded_by: int | None) -> RecordLine:
    record = state.record or {}
    issuer = record.get("issuer")
    return RecordLine(
        seq=entry.seq,
        index=entry.index,
        ms=entry.leaf.ms,
        life=state.life.value,
        record_id=record.get("id"),
        type=record.get("type"),
        issuer=issuer,
        issued_on=record.get("issued_on"),
        signed_by=None if issuer is None else "region" if issuer == region else "issuer",
        corrected=state.corrected,
        confirmation=state.confirmation.value,
        needs_reconfirmation=state.needs_reconfirmation,
        corrected_since_said=state.corrected_since_said,
        trust=facts.trust_of(state, region),
        superseded_by=superseded_by,
    )
