"""A rule as it decides: parameters put in for each stretch of days, clauses turned into functions."""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from recordsvc.money.rules import amounts, evaluating
from recordsvc.money.rules.amounts import Amount, Formula
from recordsvc.money.rules.conditions import Condition
from recordsvc.money.rules.decision import (
    FAIL,
    PASS,
    SKIP,
    UNKNOWN,
    Clause,
    Decision,
    Param,
    Traced,
    Verdict,
)
from recordsvc.money.rules.evaluating import Check
from recordsvc.money.rules.facts import Facts
from recordsvc.money.rules.params import FOREVER, Missing, NoStandard, Params, Values, next_day

MOST_FEN: Final = amounts.MAX_FEN
NOT_IN_FORCE: Final = "not-in-force"
OUT_OF_RANGE: Final = "amount-out-of-range"


@dataclass(frozen=True, slots=True)
class ClauseText:
    """A clause as it is written."""

    words: Clause
    condition: Condition
    when: Condition | None

    @property
    def facts(self) -> frozenset[str]:
        """Facts it asks for."""
        return self.condition.facts | (self.when.facts if self.when else frozenset())

    @property
    def params(self) -> frozenset[str]:
        """Parameters it stands on."""
        return self.condition.params | (self.when.params if self.when else frozenset())


class Example(NamedTuple):
    """A test inside a rule: facts, and what must come of them."""

    name: str
    event: str
    given: Mapping[str, Any]
    verdict: Verdict
    amount_fen: int | None
    named: tuple[str, ...] | None
    """Clauses that must fail, or facts that must be missing; None: any."""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands at the top of a rule."""

    code: str
    title: str
    document: str
    """The paper that lays it down (文件名、文号)."""
    sample: bool
    funds: tuple[str, ...]
    """Codes of funds that may pay it, and no others."""
    payees: tuple[str, ...]
    """person, employer, centre."""
    basis: str
    """The fact whose day selects the parameters (新老划断)."""
    first: str
    last: str


LookUp = Callable[[Values], Any]


class Stretch(NamedTuple):
    """Days between which nothing changes, with the rule as it then is."""

    lacks: str
    """A parameter that has no value then; empty: none."""
    clauses: tuple[tuple[Clause, Check | None, Check, frozenset[str]], ...]
    amounts: Mapping[str, Amount]
    params: tuple[Param, ...]
    looked: tuple[tuple[Param, LookUp], ...]
    """Parameters whose value depends on the case, and what finds it."""


class Weighed(NamedTuple):
    """What a case comes to, before it is dressed as a `Decision`."""

    verdict: Verdict
    amount_fen: int
    day: str | None
    trace: tuple[Traced, ...] = ()
    params: tuple[Param, ...] = ()
    missing: tuple[str, ...] = ()
    reason: str = ""


class Rule:
    """One version of one rule, known by the hash of its text."""

    def __init__(
        self,
        text: bytes,
        head: Head,
        params: Params,
        clauses: tuple[ClauseText, ...],
        formulas: Mapping[str, Formula],
        examples: tuple[Example, ...],
    ) -> None:
        """Take what `reading` and `parsing` made of `text`."""
        self.text = text
        self.sha256 = hashlib.sha256(text).hexdigest()
        self.head = head
        self.code, self.title, self.sample = head.code, head.title, head.sample
        self.params = params
        self.clauses = clauses
        self.formulas = formulas
        self.examples = examples
        self.facts = frozenset[str]({head.basis}).union(
            *(one.facts for one in clauses), *(one.facts for one in formulas.values())
        )
        """Every fact that it may ask for."""
        ends = {head.first} | ({next_day(head.last)} if head.last != FOREVER else set())
        self._rates = {
            name: [(row, row.look_up()) for row in params.rows[name]]
            for formula in formulas.values()
            for name in formula.daily
        }
        self._stretches: dict[int, Stretch] = {}
        self.starts: tuple[str, ...] = tuple(sorted(params.edges() | ends | {"0000-00-00"}))

    def decide(self, facts: Facts, event: str = "") -> Decision:
        """Say what the rule says of these facts; `event` names which of its amounts, where it has several."""
        verdict, amount_fen, day, trace, params, missing, reason = self.weigh(facts.values, event)
        return Decision(
            self.code,
            self.title,
            self.sha256,
            self.sample,
            event,
            day,
            verdict,
            amount_fen,
            trace,
            params,
            missing,
            reason,
            facts,
        )

    def weigh(self, values: Values, event: str = "") -> Weighed:
        """Return what the case comes to; the values have been checked (`Facts`).

        Raises `KeyError` for an event that the rule does not have.
        """
        if event not in self.formulas:
            raise KeyError(event)
        day = values.get(self.head.basis)
        if day is None:
            return Weighed(Verdict.NEED_INFO, 0, None, missing=(self.head.basis,))
        stretch = self.stretch(bisect_right(self.starts, day) - 1)
        reason = f"param:{stretch.lacks}" if stretch.lacks else ""
        if not self.head.first <= day <= self.head.last:
            reason = NOT_IN_FORCE
        if reason:
            return Weighed(Verdict.NO_RULE_IN_FORCE, 0, day, reason=reason)
        try:
            return _weighed(stretch, values, event, day)
        except NoStandard as lack:
            return Weighed(Verdict.NO_RULE_IN_FORCE, 0, day, reason=f"standard:{lack.param}")

    def amount(self, values: Values, event: str, day: str) -> int:
        """Return what a formula alone comes to on a day that it holds on, in fen. Raises `NoStandard`."""
        return self.stretch(bisect_right(self.starts, day) - 1).amounts[event](values)

    def stretch(self, n: int) -> Stretch:
        """Return the rule as it is from its nth edge on, built when first asked for."""
        found = self._stretches.get(n)
        if found is None:
            found = self._stretches[n] = self._build(self.starts[n])
        return found

    def _build(self, day: str) -> Stretch:
        rows = self.params.on(day)
        needed = frozenset[str]().union(
            *(one.params for one in self.clauses), *(one.params for one in self.formulas.values())
        )
        lacks = min(needed - rows.keys(), default="")
        if lacks:
            return Stretch(lacks, (), {}, (), ())
        clauses = tuple(
            (
                one.words,
                evaluating.build(one.when, rows, self.head.basis) if one.when else None,
                evaluating.build(one.condition, rows, self.head.basis),
                one.facts,
            )
            for one in self.clauses
        )
        built = {
            event: amounts.build(formula, rows, self._rate_on) for event, formula in self.formulas.items()
        }
        used = [rows[name] for name in sorted(needed)]
        settled = tuple(row.used() for row in used if row.form not in ("by", "table"))
        looked = tuple((row.used(), row.look_up()) for row in used if row.form in ("by", "table"))
        return Stretch("", clauses, built, settled, looked)

    def _rate_on(self, param: str, day: str) -> LookUp | None:
        return next((find for row, find in self._rates[param] if row.first <= day <= row.last), None)


def _weighed(stretch: Stretch, values: Values, event: str, day: str) -> Weighed:
    trace, failed, missing = _walk(stretch, values)
    params = _params(stretch, values)
    if failed:
        return Weighed(Verdict.REFUSE, 0, day, trace, params)
    if missing:
        return Weighed(Verdict.NEED_INFO, 0, day, trace, params, tuple(sorted(missing)))
    try:
        amount_fen = stretch.amounts[event](values)
    except Missing as lack:
        return Weighed(Verdict.NEED_INFO, 0, day, trace, params, (lack.fact,))
    if not 0 <= amount_fen <= MOST_FEN:
        return Weighed(Verdict.NO_RULE_IN_FORCE, 0, day, trace, params, reason=OUT_OF_RANGE)
    return Weighed(Verdict.GRANT, amount_fen, day, trace, params)


def _walk(stretch: Stretch, values: Values) -> tuple[tuple[Traced, ...], bool, set[str]]:
    """Try every clause; return the trace, whether one failed, and the facts that are missing."""
    trace: list[Traced] = []
    failed = False
    missing: set[str] = set()
    for words, when, check, facts in stretch.clauses:
        steps: tuple[Any, ...] = ()
        if when is not None:
            applies, steps = when(values)
            if applies is FAIL:
                trace.append((words, SKIP, steps))
                continue
        result, own = check(values)
        if when is not None:
            # Whether it applies is open: met, it harms nobody; not met, it may or may not count.
            if applies is UNKNOWN and result is not PASS:
                result = UNKNOWN
            own = steps + own
        if result is FAIL:
            failed = True
        elif result is UNKNOWN:
            absent = [name for name in facts if values.get(name) is None]
            missing.update(absent or ("prior",))
        trace.append((words, result, own))
    return tuple(trace), failed, missing


def _params(stretch: Stretch, values: Values) -> tuple[Param, ...]:
    """Return the parameters as they stood, those that depend on the case with the case's own value."""
    if not stretch.looked:
        return stretch.params
    found = list(stretch.params)
    for (name, _, first, last, ref), find in stretch.looked:
        try:
            value = find(values)
        except (Missing, NoStandard):
            value = None
        found.append(Param(name, value, first, last, ref))
    return tuple(found)
