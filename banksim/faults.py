"""What goes wrong at this bank: each fault by name, drawn from a seed and what it happens to.

A draw depends on seed, fault and subject alone, never on order or time: a run that is stopped and begun anew
meets the same faults.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

FAULTS: Final = {
    "reject": "1 a payment is rejected, by a mix of reasons",
    "return": "2 a payment is accepted and comes back one to five days later",
    "duplicate_report": "3 a report is sent twice, under two names",
    "reread": "4 a file of payments is left where it lies and read again",
    "torn": "5 a file is half there first, whole a day later",
    "report_before_ack": "6 the report lies there before the receipt",
    "reordered": "7 later statuses are told before earlier ones",
    "late": "8 a report comes days late",
    "missing_status": "9 a report says nothing of some payments",
    "contradiction": "10 settled first, rejected later",
    "off_by_one": "11 a payment is booked one fen short",
    "wrong_id": "12 a payment is booked under a wrong id",
    "ghost": "13 money is booked that nobody asked for",
    "gap": "14 a statement is missing, and comes a day later",
    "wrong_closing": "15 a statement does not add up, and is corrected a day later",
    "twice_stated": "16 a line stands in two statements, and is corrected a day later",
    "encoding": "17 a file has a byte order mark, and comes right a day later",
    "name_differs": "18 the account's name differs in a dot",
    "replaced": "19 the account was replaced since",
    "short": "20 the fund's account runs dry in the middle of a batch",
    "down": "21 the bank is away for a day",
    "skew": "22 the bank's clock runs a day ahead",
    "short_count": "23 a report counts one payment less than there were",
    "debit_twice": "24 a direct debit is refused for lack of funds, and taken all the same days later",
    "charge_back": "25 a direct debit is booked, and its payer has it taken back one to five days later",
    "silent": "the bank executes and reports nothing; only its statement tells",
}
"""Name -> number of the fault in the design, and what it is."""
REASONS: Final = ("AC01", "AC04", "AC06", "BE01", "RC01")


class UnknownFault(ValueError):
    """A scenario names a fault that there is none of."""


class Faults:
    """How likely each fault is, and the seed that decides."""

    def __init__(self, likely: Mapping[str, float], seed: int) -> None:
        """Take probabilities by name. Raises `UnknownFault`."""
        unknown = sorted(set(likely) - set(FAULTS))
        if unknown:
            raise UnknownFault(", ".join(unknown))
        self._likely, self._seed = dict(likely), seed

    @classmethod
    def load(cls, path: Path, seed: int) -> "Faults":
        """Read a scenario (YAML: `faults`, a mapping of names to probabilities). Raises `UnknownFault`."""
        said: Any = yaml.safe_load(path.read_text("utf-8")) or {}
        return cls(said.get("faults", {}), seed)

    def hits(self, fault: str, subject: str) -> bool:
        """Tell whether a fault happens to a subject."""
        return self.number(fault, subject, 1_000_000) < self._likely.get(fault, 0.0) * 1_000_000

    def number(self, fault: str, subject: str, below: int) -> int:
        """Return a number from 0 up that is fixed for a fault and a subject."""
        drawn = hashlib.sha256(f"{self._seed}/{fault}/{subject}".encode()).digest()
        return int.from_bytes(drawn[:8]) % below
