"""What is measured and how it is shown: medians, 99th percentiles, the worst, and ratios to a limit."""

import dataclasses
import math
import statistics
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Waits:
    """How long each request took, in milliseconds, and how many were done in a second."""

    rate: float
    median_ms: float
    p99_ms: float
    worst_ms: float
    count: int

    @classmethod
    def of(cls, waits_ms: Sequence[float], seconds: float) -> "Waits":
        """Sum up the waits of a round that lasted `seconds`."""
        ordered = sorted(waits_ms)
        return cls(
            rate=len(ordered) / seconds,
            median_ms=statistics.median(ordered),
            p99_ms=ordered[math.ceil(0.99 * len(ordered)) - 1],
            worst_ms=ordered[-1],
            count=len(ordered),
        )


def middle(rounds: Sequence[Waits]) -> Waits:
    """Return the median round, with the worst wait of all: neighbours slow a round, nothing speeds it."""
    ordered = sorted(rounds, key=lambda one: one.rate)
    chosen = ordered[len(ordered) // 2]
    return dataclasses.replace(
        chosen,
        p99_ms=statistics.median(one.p99_ms for one in rounds),
        worst_ms=max(one.worst_ms for one in rounds),
        count=sum(one.count for one in rounds),
    )


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    database: str
    value: float
    unit: str
    waits: Waits | None = None
    limit: str = ""
    """What the value is compared with, in words."""
    limit_value: float | None = None
    reach: str = ""
    """What was asked for, in words."""

    @property
    def ratio(self) -> float | None:
        """Return value ÷ limit."""
        return self.value / self.limit_value if self.limit_value else None


HEADINGS = (
    "what",
    "database",
    "measured",
    "median ms",
    "p99 ms",
    "worst ms",
    "limit",
    "of the limit",
    "asked",
)


def markdown(rows: Sequence[Row]) -> str:
    """Lay the rows out as a Markdown table."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    lines += ["| " + " | ".join(_cells(row)) + " |" for row in rows]
    return "\n".join(lines)


def _cells(row: Row) -> list[str]:
    waits = row.waits
    times = [waits.median_ms, waits.p99_ms, waits.worst_ms] if waits else [None, None, None]
    return [
        row.what,
        row.database,
        f"{number(row.value)} {row.unit}",
        *("" if time is None else number(time) for time in times),
        "" if row.limit_value is None else f"{row.limit}: {number(row.limit_value)}",
        "" if row.ratio is None else f"{row.ratio:.0%}",
        row.reach,
    ]


def number(value: float) -> str:
    """Write a figure with three digits that mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 1 else f"{value:.2f}"
