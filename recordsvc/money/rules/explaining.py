"""A decision in words (结论说明): which article, which number, and what would change it; on one screen.

Everything said is taken from the decision and the very text it was made by; nothing is worked out anew.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from recordsvc import dated
from recordsvc.money.rules import evaluating
from recordsvc.money.rules.decision import FAIL, PASS, SKIP, Clause, Decision, Param, Step, Verdict
from recordsvc.money.rules.facts import Known, known, vocabulary
from recordsvc.money.rules.params import NoStandard
from recordsvc.money.rules.parsing import PLACE
from recordsvc.money.rules.rule import ClauseText, Rule

SAMPLE_ZH: Final = "样例：所依据的规则仅供试用，不是任何地方的现行规定，不能据此发放。"
HEADLINES: Final[Mapping[Verdict, str]] = {
    Verdict.GRANT: "符合条件",
    Verdict.REFUSE: "不符合条件",
    Verdict.NEED_INFO: "还缺信息，补齐后再看",
    Verdict.NO_RULE_IN_FORCE: "没有适用的规则，由经办人员处理",
}
REASONS: Final[Mapping[str, str]] = {
    "not-in-force": "该规则在 {day} 没有施行",
    "param": "该规则的标准或限额在 {day} 没有规定，不沿用旧数",
    "standard": "标准表里没有这种情形",
    "amount-out-of-range": "算出的金额超出合理范围",
    "record-restricted": "所依据的记录已限制处理，解除后再核",
}
SEALED_ZH: Final = "本人有记录已限制处理（封存），所缺的可能就在其中：解除限制后再核，不用另行提供或更正"
_IN_ARCHIVE: Final = frozenset({"archive", "departments"})
"""Suppliers whose word is a record (`fact_suppliers`)."""
_OPERATORS: Final[Mapping[str, str]] = {
    "eq": "应为",
    "ne": "不应为",
    "ge": "不少于",
    "gt": "多于",
    "le": "不多于",
    "lt": "少于",
    "in": "应在",
    "between_days": "不超过",
    "within_months": "不晚于",
    "quota": "少于",
    "unique": "应无",
    "none_paid": "应无",
}
_TABLES: Final[Mapping[str, str]] = {
    "level": "levels",
    "group": "worker_groups",
    "catalogue_group": "worker_groups",
    "certificate_kind": "certificate_kinds",
    "occupation": "occupations",
    "training_type": "training_types",
}
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "payee": {"person": "本人", "employer": "用人单位", "centre": "培训机构"},
    "list": {"ordinary": "一般目录", "key": "重点目录"},
    "catalogue_group": {"all": "所有人员"},
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison in words: what there is, what there should be."""

    fact: str
    value: str
    relation: str
    bound: str
    met: bool | None
    """None: not known."""
    source: str
    """Who says so, and as of which day; empty for what is counted."""
    on: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One clause in words."""

    clause: str
    article: str
    text: str
    tell: str
    would_pass_if: tuple[str, ...]
    compared: tuple[Compared, ...]
    params: tuple[Param, ...]


@dataclass(frozen=True, slots=True)
class Lacking:
    """A fact that nobody brought, and who can."""

    fact: str
    zh: str
    supplier: str
    who: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision in words."""

    headline: str
    amount: str
    """In yuan; empty unless granted."""
    basis: tuple[str, ...]
    """Where the amount comes from: what is laid down since when, and the facts that it is counted from."""
    sample: str
    """The warning; empty for a rule that an authority published."""
    failed: tuple[Reason, ...]
    met: tuple[Reason, ...]
    open: tuple[Reason, ...]
    """Clauses that wait for a fact."""
    missing: tuple[Lacking, ...]
    reason: str
    """Why no rule is in force."""


def explain(rule: Rule, decision: Decision) -> Explanation:
    """Return a decision in words; `rule` is the version that made it."""
    if rule.sha256 != decision.sha256:
        raise ValueError("a decision is explained by the text it was made by")
    clauses = {one.words.id: one for one in rule.clauses}
    told: dict[str, list[Reason]] = {}
    for words, result, steps in decision.trace:
        told.setdefault(result, []).append(_reason(rule, clauses[words.id], steps, decision))
    return Explanation(
        HEADLINES[decision.verdict],
        yuan(decision.amount_fen) if decision.verdict is Verdict.GRANT else "",
        _basis(rule, decision) if decision.verdict is Verdict.GRANT else (),
        SAMPLE_ZH if decision.sample else "",
        tuple(told.get(FAIL, ())),
        tuple(told.get(PASS, ())),
        tuple(reason for result, some in told.items() if result not in (PASS, FAIL, SKIP) for reason in some),
        tuple(lacking(name) for name in decision.missing),
        because(decision.reason, decision.basis_date),
    )


def _basis(rule: Rule, decision: Decision) -> tuple[str, ...]:
    """Name what the amount would be another without: numbers of the rule that are not zero, facts."""
    formula, day = rule.formulas[decision.event], str(decision.basis_date)
    values = decision.facts.values
    told = [
        f"{one.ref}（{one.valid_from} 起）"
        for one in decision.params
        if one.name in formula.params | formula.daily and _number(one.value) != 0
    ]
    for name in sorted(formula.facts):
        fact, own = decision.facts.told.get(name), known(name)
        if fact is None or own.type != "int":
            continue
        with contextlib.suppress(NoStandard):
            if rule.amount({**values, name: 0}, decision.event, day) == decision.amount_fen:
                continue
        told.append(f"{own.zh} {shown(name, fact.value)}（{fact.source}）")
    return tuple(told)


def _number(value: Any) -> Any:
    return value["value"] if isinstance(value, dict) and "value" in value else value


def because(reason: str, day: str | None) -> str:
    """Return why no rule decided, in words; empty: one did."""
    return REASONS[reason.partition(":")[0]].format(day=day or "认定日期") if reason else ""


def yuan(fen: int) -> str:
    """Return an amount of fen as yuan, with all its digits: 200000 -> 2,000.00 元."""
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // 100:,}.{fen % 100:02d} 元"


def shown(name: str, value: Any) -> str:
    """Return the value of a fact as people read it."""
    if value is None:
        return "不详"
    if isinstance(value, bool):
        return "是" if value else "否"
    own = vocabulary().get(name)
    if own is not None and own.unit == "fen":
        return yuan(value)
    if own is not None and own.type == "int":
        return f"{value} {own.unit}".replace(" %", "%").strip()
    return _named(name, value) if isinstance(value, str) else str(value)


def _named(name: str, code: str) -> str:
    own = _WORDS.get(name, {})
    if code in own:
        return own[code]
    table = _TABLES.get(name)
    if table is None:
        return code
    view = dated.table(table).on(dated.OPEN_END)
    # Occupations stand under their edition, 2015:6-31-01-03; the newest that has the code names it.
    rows = [row for row in view.rows if row["code"] == code or row["code"].endswith(f":{code}")]
    return str(rows[-1]["zh"]) if rows else code


def _reason(rule: Rule, clause: ClauseText, steps: tuple[Step, ...], decision: Decision) -> Reason:
    words: Clause = clause.words
    places = _places(rule, clause, steps, decision)

    def filled(text: str) -> str:
        return PLACE.sub(lambda found: places.get(found[1], "不详"), text)

    return Reason(
        words.id,
        words.article,
        words.text,
        filled(words.tell) if words.tell else "",
        tuple(filled(one) for one in words.would),
        tuple(_compared(step, decision) for step in steps),
        tuple(one for one in decision.params if one.name in clause.params),
    )


def _places(rule: Rule, clause: ClauseText, steps: tuple[Step, ...], decision: Decision) -> dict[str, str]:
    values = decision.facts.values
    places = {f"f.{name}": shown(name, values.get(name)) for name in vocabulary()}
    for one in decision.params:
        number = _number(one.value)
        places[f"p.{one.name}"] = (
            yuan(number) if one.name.endswith("_fen") and number is not None else str(number)
        )
        places[f"p.{one.name}.from"], places[f"p.{one.name}.ref"] = one.valid_from, one.ref
        if isinstance(one.value, dict):
            places |= {f"p.{one.name}.{extra}": str(n) for extra, n in one.value.items()}
    for op, _, left, _, right, _ in steps:
        if op == "quota":
            places |= {"count": str(left), "limit": str(right)}
        if op == "within_months":
            places["due"] = str(right)
    hits = [
        hit
        for one in clause.condition.walk()
        if one.op in ("quota", "unique", "none_paid")
        for hit in evaluating.related(one, values, rule.head.basis)
    ]
    places["prior"] = "；".join(_prior(hit) for hit in hits) or "无"
    return places


def _prior(hit: Mapping[str, Any]) -> str:
    parts = [_kind(hit["kind"])]
    parts += [_named("occupation", hit["occupation"])] if hit.get("occupation") else []
    parts += [_named("level", hit["level"])] if hit.get("level") else []
    parts += [f"由{_named('payee', hit['payee'])}领取"] if hit.get("payee") else []
    return "，".join((str(hit.get("paid_on") or hit["basis_date"]), *parts))


def _kind(code: str) -> str:
    row = dated.table("subsidy_kinds").on(dated.OPEN_END).get(code)
    return code if row is None else str(row["zh"])


def _compared(step: Step, decision: Decision) -> Compared:
    op, left, left_value, _, right_value, result = step
    kind, _, name = left.partition(".")
    own: Known | None = vocabulary().get(name) if kind == "f" else None
    fact = decision.facts.told.get(name) if kind == "f" else None
    value = shown(name, left_value) if own is not None else str(left_value)
    if op in ("unique", "none_paid"):
        value = "不详" if left_value is None else f"{len(left_value)} 次"
    bound = right_value
    if op in ("unique", "none_paid"):
        bound = "相同的补贴"
    elif isinstance(right_value, list):
        bound = "、".join(_named(name, code) for code in right_value)
    elif right_value is not None and op not in ("quota", "within_months", "between_days"):
        bound = shown(name, right_value)
    label = own.zh if own is not None else _label(left)
    return Compared(
        label,
        value,
        _OPERATORS[op],
        str(bound) if bound is not None else "不详",
        {PASS: True, FAIL: False}.get(result),
        fact.source if fact is not None else "",
        fact.on if fact is not None else "",
    )


def _label(left: str) -> str:
    """Return the words for a difference of two facts, `f.b - f.a`."""
    return " - ".join(
        known(part.removeprefix("f.")).zh if part.removeprefix("f.") in vocabulary() else part
        for part in left.split(" - ")
    )


def lacking(name: str) -> Lacking:
    """Return what to say of a fact that nobody brought."""
    own = known(name)
    supplier = dated.table("fact_suppliers").on(dated.OPEN_END).by_code[own.supplier]
    return Lacking(name, own.zh, str(supplier["zh"]), str(supplier["who"]))


def behind_seal(one: Lacking) -> Lacking:
    """Return what to say of it of a person with a record that is restricted: it may stand there.

    Nobody is asked to bring, or to correct, what an archive holds sealed.
    """
    return replace(one, who=SEALED_ZH) if known(one.fact).supplier in _IN_ARCHIVE else one
