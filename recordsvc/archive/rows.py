"""The rows of a submission on their way (待收录行): what each is, what was found, what became of it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from recordsvc.archive import checks, errors, types
from recordsvc.archive.append import ALWAYS, Accepted, Known, Prepared
from recordsvc.archive.submission import Item
from recordsvc.archive.targets import Target
from recordsvc.bodies.institutions import Institution
from recordsvc.dated import NoRuleInForce
from recordsvc.ground.problems import Problem
from recordsvc.people.resolve import Person
from recordsvc.translog.store import LogTurn

WITH_ITS_BATCH: Final = "with-its-batch"
"""Why a record is held whose all-or-nothing batch holds one that must be looked at."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a record that could be read says of itself: its type, and the person it is about."""

    type: types.RecordType
    person: Person


@dataclass(slots=True)
class Row:
    """One record on its way: what it is, what was found, and what became of it."""

    item: Item
    status: str = "pending"
    problem: Problem | None = None
    said: Said | None = None
    key: bytes = b""
    digest: bytes = b""
    issuer_version: int = 0
    window: tuple[int, int] = ALWAYS
    held: str = ""
    findings: list[checks.Finding] = field(default_factory=list)
    prepared: Prepared | None = None
    outcome: Accepted | Known | None = None
    target: Target | None = None
    twin: str | None = None
    """Id of the issuer's own earlier record that tells the same training, where a finding says so."""
    repeats: "Row | None" = None
    """The earlier row of this submission that is the same record; answered as that one."""

    @property
    def record_id(self) -> str | None:
        """Return the record's id if it could be read."""
        value = self.item.record.get("id")
        return value if isinstance(value, str) and len(value) == 36 else None

    def refuse(self, problem: Problem) -> None:
        """Judge the row: not taken, and why."""
        self.status, self.problem = "rejected", problem


@dataclass(slots=True)
class Answer:
    """What became of a submission; `log` holds checkpoint and proofs of new entries, None without any."""

    rows: list[Row]
    log: LogTurn | None
    batch_id: str | None = None
    institution: Institution | None = None
    """The sender as the register had it when the submission was judged."""


def pending(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that are still on their way."""
    return [row for row in rows if row.status == "pending"]


def readable(rows: Iterable[Row]) -> list[tuple[Row, Said]]:
    """Return the rows that are still on their way, with what each says."""
    return [(row, row.said) for row in pending(rows) if row.said is not None]


def settle(row: Row, outcome: Accepted | Known, *, erased: bool = False) -> None:
    """Answer a row whose record stands now, or stood already."""
    row.outcome = outcome
    if isinstance(outcome, Accepted):
        row.status = "accepted"
    elif not outcome.same:
        row.refuse(errors.OtherContent(pointer="/id"))
    elif erased:
        row.status, row.problem = "erased", errors.RecordErased()
    else:
        row.status = "duplicate"


def settle_held(row: Row, state: str, digest: bytes, note: str | None) -> None:
    """Answer a record that is or was held under its id."""
    if digest != row.digest:
        row.refuse(errors.OtherContent(pointer="/id"))
    elif state == "returned":
        row.status, row.problem = "returned", errors.Returned(note or "")
    else:
        row.status = "held"


def settle_repeated(rows: list[Row]) -> None:
    """Answer records that stand twice in one submission as the first of each was answered."""
    for row in rows:
        if row.repeats is not None:
            first = row.repeats
            row.status, row.problem, row.outcome = first.status, first.problem, first.outcome
            if isinstance(first.outcome, Accepted):
                row.status = "duplicate"


def takes_none(rows: Iterable[Row]) -> bool:
    """Tell whether an all-or-nothing submission fails by what is known before any person is looked for."""
    return any(row.status in ("rejected", "held", "returned", "erased") or row.held for row in rows)


def take_none(rows: Iterable[Row]) -> None:
    """Answer all rows of an all-or-nothing submission of which nothing is taken."""
    for row in rows:
        row.status = "rejected" if row.problem else "not-taken"


def hold_all(rows: Iterable[Row]) -> None:
    """Hold what is left of an all-or-nothing submission of which a person must be looked at by officials.

    Taking none of it would tell, and leave no trace, that somebody is known: so all of it waits.
    """
    for row in rows:
        if row.status in ("pending", "held"):
            row.status, row.prepared, row.held = "held", None, row.held or WITH_ITS_BATCH


def judge(row: Row, context: checks.Context) -> None:
    """Check a record against dated data: it is refused, held, or goes on with what it is warned of."""
    try:
        row.findings = checks.check(row.item.record, context)
    except NoRuleInForce:
        row.held, row.status = "rule-expired", "held"
        return
    rejects = [one for one in row.findings if one.severity is checks.Severity.REJECT]
    if rejects:
        row.refuse(errors.ContentRefused(errors=[errors.told(one) for one in rejects]))
        return
    row.held = next(
        (finding.code for finding in row.findings if finding.severity is checks.Severity.HOLD), ""
    )
