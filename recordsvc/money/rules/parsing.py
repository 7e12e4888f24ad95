"""From the text of a rule to a `Rule`: every key known, every name defined, every type right."""

import re
from collections.abc import Mapping
from typing import Any, Final

from recordsvc.money.rules import amounts, reading
from recordsvc.money.rules.amounts import Formula
from recordsvc.money.rules.conditions import OPERATORS, Conditions
from recordsvc.money.rules.decision import Clause, Verdict
from recordsvc.money.rules.errors import Fault, RuleRefused
from recordsvc.money.rules.facts import Fact, FactRefused, Facts, vocabulary
from recordsvc.money.rules.params import Params, period, unknown_keys
from recordsvc.money.rules.rule import ClauseText, Example, Head, Rule

PAYEES: Final = ("person", "employer", "centre")
MOST_CLAUSES: Final = 60
_KEYS: Final = frozenset(
    (
        "rule",
        "title",
        "document",
        "sample",
        "funds",
        "payee",
        "basis_date",
        "from",
        "until",
        "open_ended",
        "params",
        "clauses",
        "amount",
        "events",
        "base",
        "tests",
    )
)
_CLAUSE_KEYS: Final = frozenset(("id", "article", "text", "tell", "would", "when"))
_EXAMPLE_KEYS: Final = frozenset(("name", "event", "given", "expect"))
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,39}")
PLACE: Final = re.compile(r"\{([^{}]*)\}")
WORDS: Final = frozenset(("count", "limit", "prior", "due"))
"""Placeholders beside facts and parameters: what a condition counted, its limit, which ones, the last day."""
EXAMPLE_SOURCE: Final = "规则内测试"


def parse(text: bytes) -> Rule:
    """Read a rule. Raises `RuleRefused` with everything that is wrong."""
    given = reading.read(text)
    faults: list[Fault] = []
    unknown_keys(given, _KEYS, "", faults)
    head = _head(given, faults)
    params = Params(given.get("params", {}), faults)
    clauses = _clauses(given.get("clauses"), head.code, params, faults)
    formulas = _formulas(given, params, faults)
    examples = _examples(given, formulas, faults)
    _all_used(params, clauses, formulas, faults)
    if faults:
        raise RuleRefused(faults)
    return Rule(text, head, params, clauses, formulas, examples)


def _text(given: Mapping[str, Any], key: str, pointer: str, faults: list[Fault], most: int = 400) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value.strip() or len(value) > most:
        faults.append(
            Fault(f"{pointer}/{key}", "text", f"{key} 应为 1 至 {most} 字的文字", f"text of 1 to {most}")
        )
        return ""
    return value.strip()


def _head(given: Mapping[str, Any], faults: list[Fault]) -> Head:
    code = _text(given, "rule", "", faults, 40)
    if code and not _CODE.fullmatch(code):
        faults.append(Fault("/rule", "code", "规则代码应为大写字母、数字和下划线", "capitals, digits, _"))
    basis = _text(given, "basis_date", "", faults)
    own = vocabulary().get(basis)
    if basis and (own is None or own.type != "date"):
        faults.append(Fault("/basis_date", "fact", f"{basis} 不是日期事实", "not a fact that is a day"))
    sample = given.get("sample", False)
    if not isinstance(sample, bool):
        faults.append(Fault("/sample", "type", "应为 true 或 false", "true or false"))
    funds, payees = given.get("funds"), given.get("payee")
    payees = [payees] if isinstance(payees, str) else payees
    if not isinstance(funds, list) or not funds or not all(_is_code(one) for one in funds):
        faults.append(Fault("/funds", "funds", "应为资金代码列表", "a list of codes of funds"))
        funds = []
    if not isinstance(payees, list) or not payees or not all(one in PAYEES for one in payees):
        faults.append(Fault("/payee", "payee", f"只能取自：{'、'.join(PAYEES)}", f"of: {', '.join(PAYEES)}"))
        payees = []
    first, last = period(given, "", faults)
    return Head(
        code,
        _text(given, "title", "", faults, 100),
        _text(given, "document", "", faults),
        sample is True,
        tuple(funds),
        tuple(payees),
        basis,
        first,
        last,
    )


def _is_code(value: object) -> bool:
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


def _clauses(given: Any, code: str, params: Params, faults: list[Fault]) -> tuple[ClauseText, ...]:
    if not isinstance(given, list) or not 0 < len(given) <= MOST_CLAUSES:
        faults.append(
            Fault("/clauses", "list", f"应为 1 至 {MOST_CLAUSES} 条条款", f"1 to {MOST_CLAUSES} clauses")
        )
        return ()
    conditions = Conditions(code, params.rows, faults)
    read = [_clause(one, f"/clauses/{n}", conditions, params, faults) for n, one in enumerate(given)]
    ids = [one.words.id for one in read if one is not None]
    for n, own in enumerate(ids):
        if own in ids[:n]:
            faults.append(Fault(f"/clauses/{n}/id", "repeated", f"条款编号 {own} 重复", "the id comes twice"))
    return tuple(one for one in read if one is not None)


def _clause(
    given: Any, pointer: str, conditions: Conditions, params: Params, faults: list[Fault]
) -> ClauseText | None:
    if not isinstance(given, dict):
        faults.append(Fault(pointer, "mapping", "条款应为一组键和值", "a clause is a mapping"))
        return None
    unknown_keys(given, _CLAUSE_KEYS | frozenset(OPERATORS), pointer, faults)
    operators = {key: value for key, value in given.items() if key in OPERATORS}
    tell = _text(given, "tell", pointer, faults) if "tell" in given else ""
    would = given.get("would", [])
    if not isinstance(would, list) or not all(isinstance(one, str) and one for one in would):
        faults.append(Fault(f"{pointer}/would", "list", "would 应为文字列表", "a list of texts"))
        would = []
    words = Clause(
        _text(given, "id", pointer, faults, 20),
        _text(given, "article", pointer, faults, 100),
        _text(given, "text", pointer, faults),
        tell,
        tuple(would),
    )
    condition = conditions.read(operators, pointer)
    when = conditions.read(given["when"], f"{pointer}/when") if "when" in given else None
    if condition is None:
        return None
    read = ClauseText(words, condition, when)
    for text in (tell, *would):
        _places(text, params, pointer, faults)
    return read


def _places(text: str, params: Params, pointer: str, faults: list[Fault]) -> None:
    for place in PLACE.findall(text):
        kind, _, name = place.partition(".")
        name, _, extra = name.partition(".")
        good = (
            place in WORDS
            or (kind == "f" and name in vocabulary() and not extra)
            or (
                kind == "p"
                and name in params.rows
                and (not extra or extra in ("from", "ref") or extra in params.rows[name][0].extra)
            )
        )
        if not good:
            faults.append(
                Fault(f"{pointer}/tell", "place", f"没有 {{{place}}} 这个占位符", f"no place {{{place}}}")
            )


def _formulas(given: Mapping[str, Any], params: Params, faults: list[Fault]) -> dict[str, Formula]:
    if ("amount" in given) == ("events" in given):
        faults.append(Fault("", "amount", "应写 amount 或 events 之一", "either amount or events"))
        return {}
    texts = {"": given["amount"]} if "amount" in given else given["events"]
    if not isinstance(texts, dict) or not texts:
        faults.append(Fault("/events", "mapping", "events 应为一组算式", "events is a mapping of formulas"))
        return {}
    found: dict[str, Formula] = {}
    for event, text in texts.items():
        pointer = f"/events/{event}" if event else "/amount"
        formula = amounts.parse(text, pointer, faults)
        if formula is None:
            continue
        _formula_params(formula, params, pointer, faults)
        found[event] = formula
    return found


def _formula_params(formula: Formula, params: Params, pointer: str, faults: list[Fault]) -> None:
    for kind, name, extra in amounts.named_params(formula.tree):
        rows = params.rows.get(name)
        if rows is None:
            faults.append(Fault(pointer, "param", f"没有参数 {name}", f"no parameter {name}"))
        elif not rows:
            continue  # it is there, and what is wrong with it was told
        elif extra and extra not in rows[0].extra:
            faults.append(Fault(pointer, "param", f"参数 {name} 没有 {extra}", f"no {extra} in {name}"))
        elif not extra and rows[0].form not in (("tiers",) if kind == "tiers" else ("value", "by", "table")):
            faults.append(Fault(pointer, "param", f"参数 {name} 不能这样用", f"{name} is of another form"))


def _all_used(
    params: Params, clauses: tuple[ClauseText, ...], formulas: Mapping[str, Formula], faults: list[Fault]
) -> None:
    used = frozenset[str]().union(
        *(one.params for one in clauses), *(one.params | one.daily for one in formulas.values())
    )
    # Not while something else is wrong: a clause that could not be read uses nothing.
    if not faults:
        faults.extend(
            Fault(f"/params/{name}", "unused", "没有条款或算式用到", "nothing uses it")
            for name in sorted(params.rows.keys() - used)
        )


def _examples(
    given: Mapping[str, Any], formulas: Mapping[str, Formula], faults: list[Fault]
) -> tuple[Example, ...]:
    base, tests = given.get("base", {}), given.get("tests")
    if not isinstance(base, dict):
        faults.append(Fault("/base", "mapping", "base 应为一组事实", "base is a mapping of facts"))
        base = {}
    if not isinstance(tests, list) or not tests:
        faults.append(Fault("/tests", "list", "规则应自带测试", "a rule brings its tests"))
        return ()
    read = [_example(one, base, formulas, f"/tests/{n}", faults) for n, one in enumerate(tests)]
    return tuple(one for one in read if one is not None)


def _example(
    given: Any, base: Mapping[str, Any], formulas: Mapping[str, Formula], pointer: str, faults: list[Fault]
) -> Example | None:
    if not isinstance(given, dict) or not isinstance(given.get("given"), dict):
        faults.append(Fault(pointer, "mapping", "测试应写 given 和 expect", "a test says given and expect"))
        return None
    unknown_keys(given, _EXAMPLE_KEYS, pointer, faults)
    event = given.get("event", "")
    if formulas and event not in formulas:
        faults.append(Fault(f"{pointer}/event", "event", f"没有 {event} 这个算式", "no such event"))
    facts = {name: value for name, value in {**base, **given["given"]}.items() if value is not None}
    try:
        example_facts(facts)
    except FactRefused as error:
        faults.append(Fault(f"{pointer}/given", "fact", f"事实有误：{error}", str(error)))
    expected = _expected(given.get("expect"), f"{pointer}/expect", faults)
    if expected is None:
        return None
    return Example(str(given.get("name", "")), str(event), facts, *expected)


def _expected(
    given: Any, pointer: str, faults: list[Fault]
) -> tuple[Verdict, int | None, tuple[str, ...] | None] | None:
    name, wanted = given, None
    if isinstance(given, dict) and len(given) == 1:
        ((name, wanted),) = given.items()
    if not isinstance(name, str) or name not in Verdict.__members__:
        faults.append(Fault(pointer, "expect", f"应为 {'、'.join(Verdict)} 之一", "one of the verdicts"))
        return None
    verdict = Verdict[name]
    if verdict is Verdict.GRANT and isinstance(wanted, int) and not isinstance(wanted, bool):
        return verdict, wanted, None
    if verdict in (Verdict.REFUSE, Verdict.NEED_INFO) and wanted is not None:
        named = [wanted] if isinstance(wanted, str) else wanted
        if isinstance(named, list) and named and all(isinstance(one, str) for one in named):
            return verdict, None, tuple(sorted(named))
    elif verdict in (Verdict.NEED_INFO, Verdict.NO_RULE_IN_FORCE) and wanted is None:
        return verdict, None, None
    faults.append(
        Fault(pointer, "expect", "GRANT 写金额，REFUSE 写条款，NEED_INFO 写事实", "amount, clauses or facts")
    )
    return None


def example_facts(values: Mapping[str, Any]) -> Facts:
    """Return the facts of a test. Raises `FactRefused`."""
    return Facts({name: Fact(value, EXAMPLE_SOURCE, "2000-01-01") for name, value in values.items()})
