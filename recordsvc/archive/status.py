"""The state of each record of one worker, derived from *all* entries of the chain (记录状态). Pure.

Nothing in an archive is overwritten, so what a record means now follows from what was entered after it:

* A **correction** lands on the record, also when it names an earlier correction of it. The effective body is
  the original with every correction in force applied in chain order; the last word wins.
* A **revocation** takes the record (or, naming a correction, that correction) out of force; the first one
  counts until a **restoration** of the same target, after which another may follow. What the region
  revoked the region alone restores; what an issuer revoked, that issuer or the region.
* A **restriction** of a record (a note of the region) seals it until it is *lifted*: it counts for nothing
  and what it says is shown to nobody. What the record was before, it is again afterwards.
* An **erasure** of a record is final: the place stays, the content is gone. Without a target it erases all
  that stands before it.
* **Confirmation** and **contest** are notes of the region on the worker's word; the newest stands, so
  confirming withdraws a contest. A confirmation holds for the content that was confirmed: once other
  corrections are in force, the record is asked for again. A contest stands until the worker withdraws it;
  one that only wished for a restriction is done with once the record was restricted.
* A record entered within a suspected compromise of its key, or acted on by such an entry, *needs
  re-confirmation* until its issuer replaces it as a whole under a good key.

What cannot be read (an entry not disclosed, or erased) still counts by its kind and target, which the chain
proves; only what it *says* is unknown. Entries that make no sense are left without effect and listed as
oddities: the writer prevents them, but a reader must not fall over them.
"""

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from recordsvc.archive.amend import CorrectionUnfit, corrected_body
from recordsvc.archive.formats import Kind
from recordsvc.archive.states import (
    WISH,
    ArchiveState,
    Confirmation,
    ConfirmationRule,
    Entry,
    Life,
    Oddity,
    Record,
    RecordState,
)

__all__ = [
    "ArchiveState",
    "Confirmation",
    "ConfirmationRule",
    "Entry",
    "Life",
    "Oddity",
    "RecordState",
    "derive",
]


def derive(
    entries: Iterable[Entry], region: str | None = None, needs_confirmation: ConfirmationRule | None = None
) -> ArchiveState:
    """State of every record, from all entries of one worker, given in any order.

    `region` is the USCC under which the region states: besides a record's issuer it alone may act on it.
    Without `needs_confirmation` the confirmation of a record on which the worker said nothing is UNKNOWN.
    """
    derivation = _Derivation(region)
    ordered = sorted(entries, key=_seq)
    untouched = _untouched_by_all(ordered)
    for entry in ordered:
        if entry.seq not in untouched:
            derivation.enter(entry)
    states = {seq: _untouched(entry, needs_confirmation) for seq, entry in untouched.items()}
    for seq, trace in derivation.traces.items():
        if trace.entry.kind is Kind.ISSUE:
            states[seq] = derivation.state(trace, needs_confirmation)
    revocations = {seq: one.revocation for seq, one in derivation.traces.items() if one.revocation}
    in_order = states.values() if not derivation.traces else [states[seq] for seq in sorted(states)]
    return ArchiveState(tuple(in_order), tuple(derivation.oddities), revocations)


_seq = operator.attrgetter("seq")


def _untouched_by_all(entries: Sequence[Entry]) -> dict[int, Entry]:
    """Return the records that no entry names, nearly all, by seq: they need no trace (half the time of all).

    An entry acts on what it targets and on the record that this lands on, which it targets in turn. Only an
    erasure without a target acts on what nobody names; and of a seq that stands twice the first counts.
    """
    named = {one.target for one in entries}
    if any(one.kind is Kind.ERASE and one.target is None for one in entries):
        return {}
    found = {
        one.seq: one
        for one in entries
        if one.kind is Kind.ISSUE and one.target is None and one.seq not in named
    }
    return found if len({one.seq for one in entries}) == len(entries) else {}


@dataclass(slots=True)
class _Trace:
    """What has happened so far to one entry that can be acted on."""

    entry: Entry
    root: "_Trace | None" = None  # of a correction: the record it lands on
    corrections: list["_Trace"] = field(default_factory=list)
    notes: list[tuple["_Trace", tuple[int, ...]]] = field(default_factory=list)
    """Notes, each with the seqs of the corrections in force when it was entered."""
    revocation: Entry | None = None
    erasure: Entry | None = None
    restriction: Entry | None = None
    history: list[Entry] = field(default_factory=list)

    def read(self) -> Record | None:
        """What the entry says, if anyone may still say it."""
        return None if self.erasure else self.entry.record

    def in_force(self) -> list["_Trace"]:
        """Corrections of this record that count now."""
        return [one for one in self.corrections if one.revocation is None]


class _Derivation:
    def __init__(self, region: str | None) -> None:
        self.region = region
        self.traces: dict[int, _Trace] = {}
        self.oddities: list[tuple[int, Oddity]] = []

    def enter(self, entry: Entry) -> None:
        """Let one entry take effect on those before it."""
        if entry.seq in self.traces:
            self.oddities.append((entry.seq, Oddity.TWICE))
            return
        trace = self.traces[entry.seq] = _Trace(entry)
        odd = self._act(trace)
        if odd is not None:
            self.oddities.append((entry.seq, odd))

    def _act(self, trace: _Trace) -> Oddity | None:
        entry = trace.entry
        if entry.kind in (Kind.ISSUE, Kind.MERGE, Kind.UNMERGE):
            return None if entry.target is None else Oddity.TARGET_UNFIT
        if entry.kind is Kind.ERASE and entry.target is None:
            for earlier in self.traces.values():
                if earlier is not trace:
                    _erase(earlier, entry)
            return None
        if entry.kind is Kind.NOTE and entry.target is None:
            return None  # said of the archive as a whole: a restriction, a closure
        target = self.traces.get(entry.target) if entry.target is not None else None
        if target is None or target is trace:
            return Oddity.TARGET_MISSING
        if entry.kind is Kind.ERASE:
            _erase(target, entry)
            return None
        return self._land(trace, target)

    def _land(self, trace: _Trace, target: _Trace) -> Oddity | None:
        """Let a correction, revocation, restoration or note take effect on its target."""
        root = target.root or target
        if root.entry.kind is not Kind.ISSUE:
            return Oddity.TARGET_UNFIT
        if not self._may(trace, target, root):
            return Oddity.FOREIGN
        root.history.append(trace.entry)
        kind = trace.entry.kind
        if kind is Kind.CORRECT:
            trace.root = root
            root.corrections.append(trace)
        elif kind is Kind.NOTE and is_restriction(trace.entry.record):
            root.restriction = trace.entry if restricts(trace.entry.record) else None
        elif kind is Kind.NOTE:
            root.notes.append((trace, tuple(one.entry.seq for one in root.in_force())))
        elif kind is Kind.REVOKE:
            target.revocation = target.revocation or trace.entry
        elif target.revocation is None:
            return Oddity.NOTHING_TO_RESTORE
        else:
            target.revocation = None
        return None

    def _may(self, trace: _Trace, target: _Trace, root: _Trace) -> bool:
        """Whether the signer of an act may do it; yes where what decides it cannot be read.

        The region may do everything, and it alone makes notes. Else the record's issuer acts, and takes
        back only its own revocations.
        """
        act, record = trace.entry.record, root.entry.record
        if act is None or act["issuer"] == self.region:
            return True
        if trace.entry.kind is Kind.NOTE:
            return False
        ended = target.revocation.record if target.revocation else None
        if trace.entry.kind is Kind.RESTORE and ended is not None and ended["issuer"] != act["issuer"]:
            return False
        return record is None or act["issuer"] == record["issuer"]

    def state(self, trace: _Trace, rule: ConfirmationRule | None) -> RecordState:
        """What all entries together make of one record."""
        if not trace.history:
            return _untouched(trace.entry, rule)
        in_force = trace.in_force()
        body = self._body(trace, in_force)
        confirmation, said, since = _confirmation(trace, rule)
        return RecordState(
            seq=trace.entry.seq,
            ms=trace.entry.ms,
            record=trace.read(),
            life=_life(trace),
            body=body,
            corrections=tuple([one.entry for one in in_force]),
            revocation=trace.revocation,
            erasure=trace.erasure,
            confirmation=confirmation,
            said=said,
            needs_reconfirmation=_suspect(trace, in_force),
            history=tuple(trace.history),
            corrected_since_said=since,
            restriction=trace.restriction,
        )

    def _body(self, trace: _Trace, corrections: list[_Trace]) -> Record | None:
        record = trace.read()
        if trace.erasure:
            return None
        body: Record | None = record["body"] if record else None
        for one in corrections:
            said = one.read()
            if said is None:
                body = None  # something was changed, and nobody may say what
                continue
            if body is None and "whole" not in said["body"]:
                continue
            try:
                body = corrected_body(body or {}, said["body"])
            except CorrectionUnfit:
                self.oddities.append((one.entry.seq, Oddity.CORRECTION_UNFIT))
        return body


def is_restriction(record: Record | None) -> bool:
    """Tell whether an entry restricts, or lifts."""
    return record is not None and record["type"] == "restriction"


def restricts(record: Record | None) -> bool:
    """Tell whether an entry restricts; False where it lifts, or does neither."""
    return record is not None and is_restriction(record) and record["body"].get("effect") == "restricted"


def _life(trace: _Trace) -> Life:
    if trace.erasure:
        return Life.ERASED
    if trace.restriction:
        return Life.RESTRICTED
    return Life.REVOKED if trace.revocation else Life.ACTIVE


_SAID = {"confirmation": Confirmation.CONFIRMED, "contest": Confirmation.CONTESTED}


def _wishes(said: Record) -> bool:
    return bool(said["type"] == "contest" and said["body"].get("reason") == WISH)


def _erase(target: _Trace, entry: Entry) -> None:
    target.erasure = target.erasure or entry
    history = (target.root or target).history
    if not any(one is entry for one in history):
        history.append(entry)


def _untouched(entry: Entry, rule: ConfirmationRule | None) -> RecordState:
    """State of a record on which nothing acted, as on nearly all: a third of the way through `state`."""
    seq, _, _, ms, record, suspect = entry
    body = record["body"] if record else None
    said = _needed(record, ms, rule)
    return RecordState(seq, ms, record, Life.ACTIVE, body, (), None, None, said, None, suspect, ())


def _confirmation(trace: _Trace, rule: ConfirmationRule | None) -> tuple[Confirmation, Entry | None, bool]:
    """How the record is confirmed, the worker's newest word, and whether it was of another content."""
    granted = max((one.seq for one in trace.history if restricts(one.record)), default=-1)
    for note, content in reversed(trace.notes):
        said = note.read()
        if said is not None and (said["type"] not in _SAID or (note.entry.seq < granted and _wishes(said))):
            continue
        since = content != tuple(one.entry.seq for one in trace.in_force())
        word = Confirmation.UNKNOWN if said is None else _SAID[said["type"]]
        if word is Confirmation.CONFIRMED and since:
            word = _needed(trace.read(), trace.entry.ms, rule)
        return word, note.entry, since
    return _needed(trace.read(), trace.entry.ms, rule), None, False


def _needed(record: Record | None, ms: int, rule: ConfirmationRule | None) -> Confirmation:
    """The confirmation of a record of whose content the worker said nothing."""
    needed = rule(record, ms) if rule and record else None
    if needed is None:
        return Confirmation.UNKNOWN
    return Confirmation.UNCONFIRMED if needed else Confirmation.NOT_NEEDED


def _suspect(trace: _Trace, corrections: list[_Trace]) -> bool:
    """Whether the record, or an act in force on it, rests on a suspected key and was not replaced since."""
    basis = [trace.entry]
    for one in corrections:
        said = one.read()
        whole = said is not None and "whole" in said["body"] and not one.entry.suspect
        basis = [one.entry] if whole else [*basis, one.entry]
    revocation = [trace.revocation] if trace.revocation else []
    return any(entry.suspect for entry in (*basis, *revocation))
