"""Amounts (补贴金额): whole numbers only, in a language too small to be wrong in.

    p.amount_fen                                        a parameter; f.fee_fen a fact
    a + b, a - b, a * b, min(a, b), max(a, b)
    mul_pct(a, 70, down)                                70 % of a; down, up or half (四舍五入)
    tier(f.days_attended, p.day_tiers)                  so many at this rate, more at the next, nothing beyond
    count(f.days, attended and category_valid)          days for which it holds
    sum_days(f.days, attended and category_valid, p.per_day_fen)
                                                        the rate of each such day, as it stood on that day

Python's own parser reads it, and only the nodes named here pass: nothing is ever evaluated by Python.
"""

import ast
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from recordsvc.money.rules.errors import Fault
from recordsvc.money.rules.facts import DAY_FIELDS, vocabulary
from recordsvc.money.rules.params import Missing, NoStandard, ParamRow, Values

MAX_CHARS: Final = 400
MAX_FEN: Final = 10**15
"""Ten trillion yuan: an amount beyond it is never granted."""

Amount = Callable[[Values], int]
RateOn = Callable[[str, str], Callable[[Values], Any] | None]
"""What finds the value of a parameter as it stood on a day, for `sum_days`; None: it had none."""
_ROUNDINGS: Final = ("down", "up", "half")
_SHAPES: Final = {"mul_pct": 3, "tier": 2, "count": 2, "sum_days": 3}


class Formula(NamedTuple):
    """A formula that was read: its tree, and the facts and parameters it names."""

    text: str
    tree: ast.expr
    facts: frozenset[str]
    params: frozenset[str]
    """Parameters that must stand on the basis date."""
    daily: frozenset[str]
    """Parameters that are looked up day by day."""


def mul_pct(value: int, pct: int, rounding: str) -> int:
    """Return so many percent of a number of fen; `half` rounds halves up."""
    product = value * pct
    if rounding == "up":
        return -(-product // 100)
    return (product + 50) // 100 if rounding == "half" else product // 100


def tier(units: int, tiers: list[list[int]]) -> int:
    """Return what so many units come to: up to each bound at its rate, nothing beyond the last."""
    total, below = 0, 0
    for bound, rate in tiers:
        total += max(0, min(units, bound) - below) * rate
        below = bound
    return total


def parse(text: object, pointer: str, faults: list[Fault]) -> Formula | None:
    """Read a formula; what is wrong goes into `faults`."""
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_CHARS:
        faults.append(Fault(pointer, "formula", "应为一个算式", "a formula"))
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        faults.append(Fault(pointer, "formula", "算式写法有误", "the formula cannot be read"))
        return None
    reading = _Reading()
    try:
        reading.number(tree)
    except _Wrong as wrong:
        faults.append(Fault(pointer, "formula", wrong.zh, wrong.en))
        return None
    return Formula(text, tree, frozenset(reading.facts), frozenset(reading.params), frozenset(reading.daily))


class _Wrong(Exception):
    """A formula holds what it must not."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def dotted(node: ast.expr) -> list[str] | None:
    """Return the parts of `f.x`, `p.x`, `p.x.y`; None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not parts or not isinstance(node, ast.Name) or node.id not in ("f", "p"):
        return None
    return [node.id, *parts[::-1]]


class _Reading:
    """Walks a tree once and lets only the language through."""

    def __init__(self) -> None:
        self.facts: set[str] = set()
        self.params: set[str] = set()
        self.daily: set[str] = set()

    def number(self, node: ast.expr) -> None:
        if isinstance(node, ast.Constant):
            if not isinstance(node.value, int) or isinstance(node.value, bool):
                raise _Wrong("只能写整数", "only whole numbers")
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
            self.number(node.left)
            self.number(node.right)
        elif isinstance(node, ast.Attribute):
            self.named(node, "int")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            self.call(node.func.id, node.args)
        else:
            raise _Wrong("算式里有不接受的写法", "the formula holds what is not of the language")

    def call(self, name: str, args: list[ast.expr]) -> None:
        if name in ("min", "max") and len(args) >= 2:
            for arg in args:
                self.number(arg)
            return
        if _SHAPES.get(name) != len(args):
            raise _Wrong(
                f"没有 {name} 这种算法，或参数个数不对", f"no function {name} with so many arguments"
            )
        if name == "mul_pct":
            self.number(args[0])
            self.number(args[1])
            if not isinstance(args[2], ast.Name) or args[2].id not in _ROUNDINGS:
                raise _Wrong("应写明 down、up 或 half", "say down, up or half")
        elif name == "tier":
            self.number(args[0])
            parts = dotted(args[1])
            if parts is None or parts[0] != "p" or len(parts) != 2:
                raise _Wrong("tier 的第二项应为参数", "the second of tier is a parameter")
            self.params.add(parts[1])
        else:
            self.named(args[0], "days")
            self.condition(args[1])
            if name == "sum_days":
                parts = dotted(args[2])
                if parts is None or parts[0] != "p" or len(parts) != 2:
                    raise _Wrong("sum_days 的第三项应为参数", "the third of sum_days is a parameter")
                self.daily.add(parts[1])

    def named(self, node: ast.expr, kind: str) -> None:
        parts = dotted(node)
        if parts is None:
            raise _Wrong("应为 f.事实 或 p.参数", "f.fact or p.parameter")
        if parts[0] == "p":
            self.params.add(parts[1])
            return
        own = vocabulary().get(parts[1])
        if own is None or len(parts) != 2:
            raise _Wrong(f"没有 {parts[1]} 这项事实", f"no fact {parts[1]}")
        if own.type != kind:
            raise _Wrong(f"事实 {parts[1]} 的类型不合", f"the fact {parts[1]} is of another type")
        self.facts.add(parts[1])

    def condition(self, node: ast.expr) -> None:
        if isinstance(node, ast.BoolOp):
            for value in node.values:
                self.condition(value)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self.condition(node.operand)
        elif not (isinstance(node, ast.Name) and DAY_FIELDS.get(node.id) == "bool"):
            raise _Wrong("逐日条件只能用日记录的字段", "a day's condition names fields of the day only")


def build(formula: Formula, params: Mapping[str, ParamRow], rate_on: RateOn) -> Amount:
    """Return the formula as a function of the facts, its parameters put in as they stand."""
    return _Building(params, rate_on).number(formula.tree)


class _Building:
    """Turns a tree that was read into nested functions, once for each stretch of days."""

    def __init__(self, params: Mapping[str, ParamRow], rate_on: RateOn) -> None:
        self._params, self._rate_on = params, rate_on

    def number(self, node: ast.expr) -> Amount:
        if isinstance(node, ast.Constant):
            return _constant(int(str(node.value)))
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._call(node.func.id, node.args)
        return self._named(node)

    def _call(self, name: str, args: list[ast.expr]) -> Amount:
        if name in ("min", "max"):
            pick, parts = (min if name == "min" else max), [self.number(arg) for arg in args]
            return lambda facts: pick([part(facts) for part in parts])
        if name == "mul_pct":
            value, pct = self.number(args[0]), self.number(args[1])
            rounding = str(getattr(args[2], "id", ""))
            return lambda facts: mul_pct(value(facts), pct(facts), rounding)
        if name == "tier":
            units, tiers = self.number(args[0]), self._params[(dotted(args[1]) or [])[1]].held
            return lambda facts: tier(units(facts), tiers)
        return self._days(name, args)

    def _binary(self, node: ast.BinOp) -> Amount:
        left, right = self.number(node.left), self.number(node.right)
        if isinstance(node.op, ast.Add):
            return lambda facts: left(facts) + right(facts)
        if isinstance(node.op, ast.Sub):
            return lambda facts: left(facts) - right(facts)
        return lambda facts: left(facts) * right(facts)

    def _named(self, node: ast.expr) -> Amount:
        kind, name, *rest = dotted(node) or []
        if kind == "f":

            def fact(facts: Values) -> int:
                value = facts.get(name)
                if value is None:
                    raise Missing(name)
                return int(value)

            return fact
        row = self._params[name]
        if rest:
            return _constant(row.extra[rest[0]])
        return _constant(row.held) if row.form == "value" else row.look_up()

    def _days(self, name: str, args: list[ast.expr]) -> Amount:
        listed = (dotted(args[0]) or [])[1]
        holds = _condition(args[1], listed)
        if name == "count":
            return lambda facts: sum([holds(day) for day in _listed(facts, listed)])
        param, rate_on = (dotted(args[2]) or [])[1], self._rate_on

        def summed(facts: Values) -> int:
            total = 0
            for day in _listed(facts, listed):
                if holds(day):
                    rate = rate_on(param, day["on"])
                    if rate is None:
                        raise NoStandard(param)
                    total += rate(facts)
            return total

        return summed


def _constant(value: int) -> Amount:
    return lambda _facts: value


def _listed(facts: Values, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] | None = facts.get(name)
    if found is None:
        raise Missing(name)
    return found


def _condition(node: ast.expr, listed: str) -> Callable[[dict[str, Any]], bool]:
    """Return a day's condition; what is false whatever the missing flag says is false (三值逻辑)."""
    deep = _three_valued(node)

    def holds(day: dict[str, Any]) -> bool:
        found = deep(day)
        if found is None:
            raise Missing(listed)
        return found

    return holds


def _three_valued(node: ast.expr) -> Callable[[dict[str, Any]], bool | None]:
    if isinstance(node, ast.Name):
        name = node.id
        return lambda day: day.get(name)
    if isinstance(node, ast.UnaryOp):
        inner = _three_valued(node.operand)

        def negated(day: dict[str, Any]) -> bool | None:
            found = inner(day)
            return None if found is None else not found

        return negated
    assert isinstance(node, ast.BoolOp)  # noqa: S101 - as was read
    parts = [_three_valued(value) for value in node.values]
    decides = isinstance(node.op, ast.Or)

    def joined(day: dict[str, Any]) -> bool | None:
        found = [part(day) for part in parts]
        if decides in found:
            return decides
        return None if None in found else not decides

    return joined


def named_params(tree: ast.expr) -> list[tuple[str, str, str]]:
    """Return every parameter of a formula: how it is used (`tiers`, `number`), name, number beside."""
    tiers = {
        id(node.args[1])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tier"
    }
    found = []
    for node in ast.walk(tree):
        parts = dotted(node) if isinstance(node, ast.Attribute) else None
        if parts is not None and parts[0] == "p":
            found.append(
                ("tiers" if id(node) in tiers else "number", parts[1], parts[2] if len(parts) > 2 else "")
            )
    return found
