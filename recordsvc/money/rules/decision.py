"""A decision (审核结论): what a rule says of the facts of a case, with every reason. Immutable, replayable.

Same facts, same text of the rule, same engine: the same bytes. Whoever stores `canonical()` can have it
worked out again years later and hold the two against each other.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from recordsvc.ground import strictjson
from recordsvc.money.rules.facts import Facts

ENGINE: Final = "rules/1"
"""Changes with the meaning of any operator: what another engine decided is not held against this one."""

PASS, FAIL, UNKNOWN, SKIP = "PASS", "FAIL", "UNKNOWN", "SKIP"
"""What a clause comes to; SKIP: it does not apply here."""


class Verdict(StrEnum):
    """What a case comes to."""

    GRANT = "GRANT"
    REFUSE = "REFUSE"
    NEED_INFO = "NEED_INFO"
    NO_RULE_IN_FORCE = "NO_RULE_IN_FORCE"


class Clause(NamedTuple):
    """The words of a clause; placeholders of `tell` and `would` are filled by `explaining`."""

    id: str
    article: str
    text: str
    tell: str
    would: tuple[str, ...]


Step = tuple[str, str, Any, str, Any, str]
"""One comparison: operator, name and value on the left, name and value on the right, result."""
Traced = tuple[Clause, str, tuple[Step, ...]]
"""One clause with its result and comparisons."""


class Param(NamedTuple):
    """A parameter as it stood on the basis date: the row, with where it is laid down."""

    name: str
    value: Any
    valid_from: str
    valid_until: str | None
    ref: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What one rule says of one case."""

    rule: str
    title: str
    sha256: str
    """Of the text of the rule, hex."""
    sample: bool
    """The rule is a sample (样例), laid down by nobody."""
    event: str
    """Which of the rule's amounts was asked for; empty: its only one."""
    basis_date: str | None
    """The Beijing day whose parameters count; None: not known, or no such fact."""
    verdict: Verdict
    amount_fen: int
    """Zero unless granted."""
    trace: tuple[Traced, ...]
    params: tuple[Param, ...]
    missing: tuple[str, ...]
    """Facts that nobody brought and that could change the verdict."""
    reason: str
    """Why no rule is in force; empty otherwise."""
    facts: Facts
    engine: str = ENGINE

    @property
    def failed(self) -> tuple[Clause, ...]:
        """Every clause that is not met, not only the first."""
        return tuple([clause for clause, result, _ in self.trace if result is FAIL])

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "rule": self.rule,
            "title": self.title,
            "sha256": self.sha256,
            "sample": self.sample,
            "engine": self.engine,
            "event": self.event,
            "basis_date": self.basis_date,
            "verdict": self.verdict.value,
            "amount_fen": self.amount_fen,
            "trace": [
                {
                    "clause": clause.id,
                    "article": clause.article,
                    "result": result,
                    "steps": [
                        {
                            "op": op,
                            "left": left,
                            "left_value": left_value,
                            "right": right,
                            "right_value": right_value,
                            "result": outcome,
                        }
                        for op, left, left_value, right, right_value, outcome in steps
                    ],
                }
                for clause, result, steps in self.trace
            ],
            "params": [
                {
                    "name": one.name,
                    "value": one.value,
                    "from": one.valid_from,
                    "until": one.valid_until,
                    "ref": one.ref,
                }
                for one in self.params
            ],
            "missing": list(self.missing),
            "reason": self.reason,
            "facts": self.facts.document(),
        }

    def canonical(self) -> bytes:
        """Return the bytes that are stored: sorted keys, no spaces, no floats."""
        return strictjson.canonical(self.document())
