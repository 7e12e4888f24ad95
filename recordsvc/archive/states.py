"""What `status.derive` takes and gives: entries of a chain, and the state of each record (记录状态)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from recordsvc.archive.formats import Kind

Record = Mapping[str, Any]
ConfirmationRule = Callable[[Record, int], bool | None]
"""Whether a record entered at that instant (ms) counts only once confirmed; None = not known here."""

MOVED: Final = "wrong-worker"
"""Reason of the revocation of a record that two officials moved, and ground on which it is sealed there."""

WISH: Final = "wants-restriction"
"""The reason of a contest that asks for the record to be restricted, not for it to be put right."""


class Entry(NamedTuple):
    """One entry of the chain, as proven. `record` is R opened, None when not disclosed, sealed or erased."""

    seq: int
    kind: Kind
    target: int | None
    ms: int
    record: Record | None = None
    suspect: bool = False  # entered within a suspected compromise of the key that signed it


class Life(StrEnum):
    """Whether a record counts (有效、已撤销、已限制处理、已删除)."""

    ACTIVE = "active"
    REVOKED = "revoked"
    RESTRICTED = "restricted"
    ERASED = "erased"


class Confirmation(StrEnum):
    """What the worker said to it (无需确认、未确认、已确认、有异议、不详)."""

    NOT_NEEDED = "not-needed"
    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    CONTESTED = "contested"
    UNKNOWN = "unknown"


class Oddity(StrEnum):
    """Why an entry was left without effect."""

    TWICE = "seq-twice"
    TARGET_MISSING = "target-missing"
    TARGET_UNFIT = "target-unfit"
    FOREIGN = "not-by-the-issuer"
    NOTHING_TO_RESTORE = "nothing-to-restore"
    CORRECTION_UNFIT = "correction-unfit"


class RecordState(NamedTuple):
    """State of the record issued at `seq`.

    `body` is the effective body, None when it cannot be known. `corrections` and `revocation` are those in
    force, `erasure` the entry that erased it, `said` the worker's newest word, `history` everything that
    acted on it, in order. `corrected_since_said`: other corrections are in force than when that word was
    entered, so that it was said of another content. `restriction`: the entry by which it is restricted now.
    """

    seq: int
    ms: int
    record: Record | None
    life: Life
    body: Mapping[str, Any] | None
    corrections: tuple[Entry, ...]
    revocation: Entry | None
    erasure: Entry | None
    confirmation: Confirmation
    said: Entry | None
    needs_reconfirmation: bool
    history: tuple[Entry, ...]
    corrected_since_said: bool = False
    restriction: Entry | None = None

    @property
    def corrected(self) -> bool:
        """Whether a correction is in force."""
        return bool(self.corrections)

    @property
    def moved(self) -> bool:
        """Whether two officials moved it to whom it belongs: here it is revoked, and sealed for good."""
        said = self.restriction.record if self.restriction is not None else None
        return said is not None and said["body"].get("ground") == MOVED

    @property
    def acted_since_said(self) -> bool:
        """Whether anything was entered on it after the worker's newest word, a decision included."""
        return self.said is not None and self.history[-1].seq != self.said.seq


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """All records of a chain in order, and the entries that were left without effect (seq, why).

    `revocations` are those in force, by the seq of the record or correction they take out of force.
    """

    records: tuple[RecordState, ...]
    oddities: tuple[tuple[int, Oddity], ...]
    revocations: Mapping[int, Entry]

    def of(self, seq: int) -> RecordState | None:
        """State of the record issued at `seq`."""
        return next((one for one in self.records if one.seq == seq), None)
