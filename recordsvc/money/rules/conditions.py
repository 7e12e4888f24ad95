"""Conditions of clauses, as they are written: a closed set of operators, read and checked for types.

    eq ne ge gt le lt: [a, b]            a, b: f.fact, p.parameter, a number, true, a code or a day
    in: [f.level, p.levels]              or a list of codes
    between_days: [f.a, f.b, 0, 365]     days from a to b, both bounds included
    within_months: [f.a, f.b, p.months]  b is not after the same day so many months later (民法典第二百零二条)
    all: [...]  any: [...]  not: {...}
    quota: {key: [person, year], max: p.per_year_max, plus_if: [f.shortage, p.per_year_max.shortage_plus]}
    unique: [person, occupation, level]  no earlier subsidy of this rule has the same
    none_paid: {kinds: [TRAIN], same: [person, certificate], level_higher: true}
                                         `training`: none was paid for the same training, whatever its kind

`evaluating` turns what was read here into functions.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from recordsvc.money.rules.errors import Fault
from recordsvc.money.rules.facts import fits, is_day, vocabulary
from recordsvc.money.rules.params import ParamRow

COMPARE: Final = ("eq", "ne", "ge", "gt", "le", "lt")
ORDERED: Final = ("ge", "gt", "le", "lt")
PRIOR: Final = ("quota", "unique", "none_paid")
OPERATORS: Final = (*COMPARE, "in", "between_days", "within_months", "all", "any", "not", *PRIOR)
SAME: Final = ("person", "employer", "year", "occupation", "level", "certificate", "training")
"""What two subsidies can have in common; the list of earlier ones is the person's (or employer's) own."""
_SUBJECTS: Final = ("person", "employer")
_QUOTA_KEYS: Final = frozenset(("key", "kinds", "max", "plus_if"))
_NONE_KEYS: Final = frozenset(("kinds", "same", "level_higher"))


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison: a fact, a parameter (and a number beside it), or what is written."""

    kind: str
    """`f`, `p` or `is`."""
    name: str
    type: str
    value: Any = None
    extra: str = ""

    @property
    def label(self) -> str:
        """Return how it is written."""
        if self.kind == "is":
            return ""
        return f"{self.kind}.{self.name}.{self.extra}" if self.extra else f"{self.kind}.{self.name}"


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator with what it stands on."""

    op: str
    operands: tuple[Operand, ...] = ()
    inner: tuple["Condition", ...] = ()
    same: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    level_higher: bool = False
    pointer: str = field(default="", compare=False)

    def walk(self) -> Iterator["Condition"]:
        """Yield it and all inside."""
        yield self
        for one in self.inner:
            yield from one.walk()

    @property
    def facts(self) -> frozenset[str]:
        """Facts it asks for."""
        named = {o.name for one in self.walk() for o in one.operands if o.kind == "f"}
        return frozenset(named | {"prior" for one in self.walk() if one.op in PRIOR} | self._shared())

    @property
    def params(self) -> frozenset[str]:
        """Parameters it stands on."""
        return frozenset(o.name for one in self.walk() for o in one.operands if o.kind == "p")

    def _shared(self) -> set[str]:
        own = {"occupation", "level", "certificate", "training"}
        found = {name for one in self.walk() for name in one.same if name in own}
        return found | {"level" for one in self.walk() if one.level_higher}


class Conditions:
    """Reads conditions of one rule."""

    def __init__(self, rule: str, params: dict[str, tuple[ParamRow, ...]], faults: list[Fault]) -> None:
        """Read for `rule`, with its parameters; what is wrong goes into `faults`."""
        self._rule, self._params, self._faults = rule, params, faults

    def read(self, given: object, pointer: str) -> Condition | None:
        """Read a mapping of one operator."""
        if not isinstance(given, dict) or len(given) != 1:
            self._fault(pointer, "operator", "应恰好写一个条件", "exactly one operator")
            return None
        ((op, inner),) = given.items()
        here = f"{pointer}/{op}"
        if op not in OPERATORS:
            self._fault(here, "unknown", f"没有 {op} 这种条件", f"no operator {op}")
            return None
        before = len(self._faults)
        found = self._one(op, inner, here)
        return found if len(self._faults) == before else None

    def _one(self, op: str, given: Any, pointer: str) -> Condition | None:
        special = {
            "all": self._group,
            "any": self._group,
            "not": self._group,
            "quota": self._quota,
            "unique": self._unique,
            "none_paid": self._none_paid,
        }
        if op in special:
            return special[op](op, given, pointer)
        if not isinstance(given, list):
            self._fault(pointer, "list", "应为列表", "a list")
            return None
        if op == "in":
            return self._in(given, pointer)
        operands = tuple(self._operand(one, f"{pointer}/{n}") for n, one in enumerate(given))
        self._types(op, [one.type for one in operands], pointer)
        return Condition(op, operands, pointer=pointer)

    def _group(self, op: str, given: Any, pointer: str) -> Condition | None:
        if op == "not":
            given = [given]
        elif not isinstance(given, list) or len(given) < 2:
            self._fault(pointer, "list", "应为至少两个条件的列表", "a list of two or more conditions")
            return None
        read = [self.read(one, f"{pointer}/{n}") for n, one in enumerate(given)]
        return Condition(op, inner=tuple(one for one in read if one is not None), pointer=pointer)

    def _unique(self, op: str, given: Any, pointer: str) -> Condition | None:
        same = self._same(given, pointer)
        if same and set(same) <= set(_SUBJECTS):
            self._fault(pointer, "same", "应写明按什么唯一", "say what must not repeat")
        return Condition(op, same=same, kinds=(self._rule,), pointer=pointer)

    def _types(self, op: str, types: list[str], pointer: str) -> None:
        wanted: tuple[tuple[str, ...], ...]
        if op == "between_days":
            wanted = (("date", "date", "int", "int"),)
        elif op == "within_months":
            wanted = (("date", "date", "int"),)
        elif op in ORDERED:
            wanted = (("int", "int"), ("date", "date"))
        else:
            wanted = (("int", "int"), ("date", "date"), ("bool", "bool"), ("code", "code"))
        if "" not in types and tuple(types) not in wanted:
            self._fault(pointer, "type", "两边的类型或个数不合", "sides of other types, or too many or few")

    def _in(self, given: list[Any], pointer: str) -> Condition | None:
        if len(given) != 2:
            self._fault(pointer, "list", "应为 [事实, 代码列表]", "a fact and a list of codes")
            return None
        left = self._operand(given[0], f"{pointer}/0")
        if isinstance(given[1], list) and given[1] and all(fits("code", one) for one in given[1]):
            right = Operand("is", "", "codes", tuple(given[1]))
        else:
            right = self._operand(given[1], f"{pointer}/1")
        if left.type not in ("code", "") or right.type not in ("codes", ""):
            self._fault(
                pointer, "type", "应为 [代码事实, 代码列表]", "a fact that is a code, a list of codes"
            )
        return Condition("in", (left, right), pointer=pointer)

    def _quota(self, op: str, given: Any, pointer: str) -> Condition | None:
        if not self._keys(given, _QUOTA_KEYS, ("key", "max"), pointer):
            return None
        operands = [self._typed(given["max"], "int", f"{pointer}/max")]
        if "plus_if" in given:
            plus = given["plus_if"]
            if not isinstance(plus, list) or len(plus) != 2:
                self._fault(f"{pointer}/plus_if", "list", "应为 [是否, 增加数]", "a flag and a number")
                return None
            operands += [
                self._typed(plus[0], "bool", f"{pointer}/plus_if/0"),
                self._typed(plus[1], "int", f"{pointer}/plus_if/1"),
            ]
        same = self._same(given["key"], f"{pointer}/key")
        kinds = self._kinds(given.get("kinds", [self._rule]), f"{pointer}/kinds")
        return Condition(op, tuple(operands), same=same, kinds=kinds, pointer=pointer)

    def _none_paid(self, op: str, given: Any, pointer: str) -> Condition | None:
        if not self._keys(given, _NONE_KEYS, ("same",), pointer):
            return None
        higher = given.get("level_higher", False)
        if not isinstance(higher, bool):
            self._fault(f"{pointer}/level_higher", "type", "应为 true 或 false", "true or false")
        return Condition(
            op,
            same=self._same(given["same"], f"{pointer}/same"),
            kinds=self._kinds(given.get("kinds", [self._rule]), f"{pointer}/kinds"),
            level_higher=higher is True,
            pointer=pointer,
        )

    def _keys(self, given: Any, known: frozenset[str], needed: tuple[str, ...], pointer: str) -> bool:
        if not isinstance(given, dict):
            self._fault(pointer, "mapping", "应为一组键和值", "a mapping")
            return False
        for key in given.keys() - known:
            self._fault(f"{pointer}/{key}", "unknown", f"没有 {key} 这个键", "no such key")
        for key in needed:
            if key not in given:
                self._fault(f"{pointer}/{key}", "missing", f"缺少 {key}", "missing")
        return all(key in given for key in needed)

    def _same(self, given: Any, pointer: str) -> tuple[str, ...]:
        if not isinstance(given, list) or not given or not all(one in SAME for one in given):
            self._fault(pointer, "same", f"只能取自：{'、'.join(SAME)}", f"of: {', '.join(SAME)}")
            return ()
        if given[0] not in _SUBJECTS:
            self._fault(pointer, "same", "第一项应为 person 或 employer", "person or employer stands first")
        return tuple(given)

    def _kinds(self, given: Any, pointer: str) -> tuple[str, ...]:
        if not isinstance(given, list) or not given or not all(fits("code", one) for one in given):
            self._fault(pointer, "kinds", "应为规则代码列表", "a list of codes of rules")
            return ()
        return tuple(given)

    def _typed(self, given: Any, kind: str, pointer: str) -> Operand:
        found = self._operand(given, pointer)
        if found.type not in (kind, ""):
            self._fault(pointer, "type", "类型不合", f"must be {kind}")
        return found

    def _operand(self, given: Any, pointer: str) -> Operand:
        if isinstance(given, bool) or fits("int", given):
            return Operand("is", "", "bool" if isinstance(given, bool) else "int", given)
        if not isinstance(given, str) or not given:
            self._fault(pointer, "operand", "应为事实、参数、整数、true/false、代码或日期", "not an operand")
            return Operand("is", "", "")
        head, _, rest = given.partition(".")
        if head == "f":
            return self._fact(rest, pointer)
        if head == "p":
            return self._param(rest, pointer)
        return Operand("is", "", "date" if is_day(given) else "code", given)

    def _fact(self, name: str, pointer: str) -> Operand:
        own = vocabulary().get(name)
        if own is None or own.type in ("days", "paid"):
            self._fault(pointer, "fact", f"没有 {name} 这项事实，或不能比较", f"no fact {name} to compare")
            return Operand("is", "", "")
        return Operand("f", name, own.type)

    def _param(self, name: str, pointer: str) -> Operand:
        name, _, extra = name.partition(".")
        rows = self._params.get(name)
        if rows == ():
            return Operand("is", "", "")  # it is there, and what is wrong with it was told
        if rows is None or (extra and extra not in rows[0].extra):
            self._fault(pointer, "param", f"没有参数 {name}", f"no parameter {name}")
            return Operand("is", "", "")
        form = "value" if extra else rows[0].form
        kinds = {"value": "int", "by": "int", "table": "int", "codes": "codes"}
        if form not in kinds:
            self._fault(pointer, "param", "这种参数不能比较", "a parameter of this form cannot be compared")
            return Operand("is", "", "")
        return Operand("p", name, kinds[form], extra=extra)

    def _fault(self, pointer: str, code: str, zh: str, en: str) -> None:
        self._faults.append(Fault(pointer, code, zh, en))
