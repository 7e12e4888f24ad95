"""What a rule must pass before anybody may decide by it (校验): it can be read and reached, and is tested.

A clause that can never fail looks like a safeguard and is none; one that can never be met refuses everybody.
Found are bounds that exclude or swallow one another, conditions without a fact, the same condition twice.
Every clause must fail in some test of the rule's own, every amount be granted in one.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from recordsvc.money.rules.conditions import ORDERED, Condition
from recordsvc.money.rules.decision import Verdict
from recordsvc.money.rules.errors import Fault, RuleRefused
from recordsvc.money.rules.facts import MAX_INT
from recordsvc.money.rules.params import ParamRow
from recordsvc.money.rules.parsing import example_facts, parse
from recordsvc.money.rules.rule import Example, Rule

_LEAST: Final = -MAX_INT
Span = tuple[int, int]


def load(text: bytes) -> Rule:
    """Read a rule and hold it against everything here. Raises `RuleRefused`."""
    rule = parse(text)
    faults = [*_repeated(rule), *_bounds(rule), *_examples(rule)]
    if faults:
        raise RuleRefused(faults)
    return rule


def ending(rule: Rule, after: str, until: str) -> list[ParamRow]:
    """Return parameters whose last row ends within these days: somebody must lay down what comes then."""
    return rule.params.ending(after, until)


def _repeated(rule: Rule) -> Iterator[Fault]:
    for n, one in enumerate(rule.clauses):
        pointer = f"/clauses/{n}"
        for inner in (one.condition, one.when):
            if inner is not None and not inner.facts:
                yield Fault(
                    pointer, "constant", "条件不看任何事实，结果恒定", "the condition asks for no fact"
                )
        for m, other in enumerate(rule.clauses[:n]):
            if other.condition == one.condition and other.when == one.when:
                yield Fault(
                    pointer,
                    "unreachable",
                    f"与第 {m + 1} 条相同，永远轮不到",
                    "says what another clause says",
                )


def _bounds(rule: Rule) -> Iterator[Fault]:
    """Hold the bounds of facts against one another, for each stretch of days."""
    seen: set[tuple[str, str]] = set()
    for day in rule.starts:
        rows = rule.params.on(day)
        for n, one in enumerate(rule.clauses):
            if not one.params <= rows.keys():
                continue
            for fault in _inside(one.condition, rows, f"/clauses/{n}"):
                if (fault.pointer, fault.code) not in seen:
                    seen.add((fault.pointer, fault.code))
                    yield fault
        for fault in _between(rule, rows):
            if (fault.pointer, fault.code) not in seen:
                seen.add((fault.pointer, fault.code))
                yield fault


def _inside(condition: Condition, rows: dict[str, ParamRow], pointer: str) -> Iterator[Fault]:
    for one in condition.walk():
        if one.op not in ("all", "any"):
            continue
        spans: dict[str, list[Span]] = {}
        for inner in one.inner:
            found = _span(inner, rows)
            if found is not None:
                spans.setdefault(found[0], []).append(found[1])
        for fact, some in spans.items():
            if one.op == "all" and max(low for low, _ in some) > min(high for _, high in some):
                yield Fault(pointer, "never", f"对 {fact} 的条件互相排斥", "its bounds exclude one another")
            if one.op == "any" and _covers(some):
                yield Fault(pointer, "always", f"对 {fact} 的条件总是成立", "its bounds leave nothing out")


def _between(rule: Rule, rows: dict[str, ParamRow]) -> Iterator[Fault]:
    """A bound that another clause's bound implies never decides anything."""
    bare = [
        (n, found)
        for n, one in enumerate(rule.clauses)
        if one.when is None and one.params <= rows.keys() and (found := _span(one.condition, rows))
    ]
    for n, (fact, (low, high)) in bare:
        for m, (other, (least, most)) in bare:
            if n != m and fact == other:
                if (
                    low <= least
                    and most <= high
                    and (low, high, m) != (least, most, n)
                    and ((low, high) != (least, most) or m < n)
                ):
                    yield Fault(
                        f"/clauses/{n}",
                        "unreachable",
                        f"第 {m + 1} 条已经包含本条，本条永远不起作用",
                        "another clause implies it",
                    )
                if m < n and max(low, least) > min(high, most):
                    yield Fault(
                        f"/clauses/{n}",
                        "never",
                        f"与第 {m + 1} 条互相排斥",
                        "it and another exclude one another",
                    )


def _span(condition: Condition, rows: dict[str, ParamRow]) -> tuple[str, Span] | None:
    """Return the fact and the whole numbers that a plain comparison lets through; None for anything else."""
    if condition.op not in (*ORDERED, "eq"):
        return None
    left, right = condition.operands
    if left.kind != "f" or left.type != "int":
        return None
    if right.kind == "is":
        bound = right.value
    elif right.kind == "p" and rows[right.name].form == "value":
        row = rows[right.name]
        bound = row.extra[right.extra] if right.extra else row.held
    else:
        return None
    spans = {
        "ge": (bound, MAX_INT),
        "gt": (bound + 1, MAX_INT),
        "le": (_LEAST, bound),
        "lt": (_LEAST, bound - 1),
        "eq": (bound, bound),
    }
    return left.name, spans[condition.op]


def _covers(spans: Iterable[Span]) -> bool:
    reached = _LEAST - 1
    for low, high in sorted(spans):
        if low > reached + 1:
            return False
        reached = max(reached, high)
    return reached >= MAX_INT


def _examples(rule: Rule) -> Iterator[Fault]:
    failed: set[str] = set()
    granted: set[str] = set()
    for n, example in enumerate(rule.examples):
        decision = rule.decide(example_facts(example.given), example.event)
        named = tuple(sorted(clause.id for clause in decision.failed))
        if decision.verdict is Verdict.NEED_INFO:
            named = decision.missing
        got = f"{decision.verdict} {decision.amount_fen or ''} {' '.join(named)}".strip()
        if not _as_expected(example, decision.verdict, decision.amount_fen, named):
            yield Fault(
                f"/tests/{n}", "test", f"测试未通过，实际为：{got}", f"the test fails, it comes to: {got}"
            )
        if decision.verdict is Verdict.GRANT:
            granted.add(example.event)
        failed.update(clause.id for clause in decision.failed)
    for n, one in enumerate(rule.clauses):
        if one.words.id not in failed:
            yield Fault(f"/clauses/{n}", "untested", "没有测试让本条不通过", "no test makes the clause fail")
    for event in rule.formulas.keys() - granted:
        yield Fault(
            f"/events/{event}" if event else "/amount", "untested", "没有测试给付该金额", "no test grants it"
        )


def _as_expected(example: Example, verdict: Verdict, amount_fen: int, named: tuple[str, ...]) -> bool:
    if verdict is not example.verdict:
        return False
    if verdict is Verdict.GRANT:
        return amount_fen == example.amount_fen
    return example.named is None or set(example.named) == set(named)
