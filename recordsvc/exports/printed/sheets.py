"""What is printed, in words (证明内容). Plain values: no record, no key, no address of a person."""

from dataclasses import dataclass
from typing import Final

MOST_RECORDS: Final = 300
"""Records of one certificate: some 40 pages."""

Rows = tuple[tuple[str, str], ...]
"""Label and value."""


@dataclass(frozen=True, slots=True)
class Printed:
    """One record: what it is, its state with the reason, and lines about it."""

    title: str
    name: str
    state: str
    good: bool
    rows: Rows
    """What it says."""
    told: Rows
    """What became of it: state, reason and date, corrections, who signed, where it stands in the log."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A certificate: whose, of what, as of when."""

    title: str
    number: str
    """The certificate's own number, random."""
    holder: Rows
    printed_at: str
    """Beijing time in words."""
    summary: Rows
    records: tuple[Printed, ...]
    proof: Rows
    """Log, checkpoint, key."""
    whole: bool
    """One record with every member in a row of its own, or many at a glance."""
    address: str
    """Where the code is checked."""
    demo: bool
