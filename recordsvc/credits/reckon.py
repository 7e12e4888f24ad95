"""Reference credits (参考学分): what the class hours of a training come to, by a dated formula. Pure.

    hours   = minutes attended, at most those planned ÷ minutes of a class hour, as the record states them
    credits = hours ÷ hours_per_credit, rounded once, at the end, to `digits` places

All of it in decimals. The formula is that of the day on which the training ended (`reference_credits`). They
are no credits of any bank or college: those exist only once a receiver decided so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any, Final

from recordsvc import dated
from recordsvc.dated import NoRuleInForce

TABLE: Final = "reference_credits"
ROUNDINGS: Final[Mapping[str, str]] = {
    "half-up": ROUND_HALF_UP,
    "half-even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
}
KINDS: Final = ("theory_minutes", "practice_minutes", "online_minutes")
PASSED: Final = "passed"


@dataclass(frozen=True, slots=True)
class Reference:
    """Reference credits of one training; `on`: the Beijing day whose formula it is."""

    value: Decimal
    hours: Decimal
    """Class hours, to two places, for reading: the credits are reckoned from the minutes."""
    formula: str
    version: int
    hours_per_credit: Decimal
    digits: int
    rounding: str
    on: str


def reference(record_type: str, body: Mapping[str, Any]) -> Reference | None:
    """Return the reference credits of a record's effective body; None where it has none.

    None: another type, not passed, hours attended unknown, or no formula in force on the day it ended.
    """
    attended = body.get("attended")
    if body.get("result") != PASSED or attended is None:
        return None
    try:
        row = dated.rule(TABLE, record_type, body["ended_on"])
    except NoRuleInForce:
        return None
    minutes = min(_minutes(attended), _minutes(body["planned"]))
    period, each = body["minutes_per_period"], Decimal(row["hours_per_credit"])
    exact = Decimal(minutes) / (period * each)
    digits = int(row["digits"])
    return Reference(
        exact.quantize(Decimal(1).scaleb(-digits), ROUNDINGS[row["rounding"]]),
        (Decimal(minutes) / period).quantize(Decimal("0.01"), ROUND_HALF_UP),
        str(row["formula"]),
        int(row["version"]),
        each,
        digits,
        str(row["rounding"]),
        str(body["ended_on"]),
    )


def _minutes(hours: Mapping[str, int]) -> int:
    return sum(hours[kind] for kind in KINDS)
