"""Pages of rules: what holds on a day for everybody, and for a worker what may be had, why or why not."""

import itertools
from dataclasses import dataclass
from typing import Any

import flask

from recordsvc import dated
from recordsvc.access.policy import Surface, door
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.facts import ELSEWHERE_ZH
from recordsvc.archive.services import own_worker
from recordsvc.ground.problems import ParameterInvalid
from recordsvc.money.claims import terms
from recordsvc.money.rules import catalogue, entitlements
from recordsvc.money.rules.archive_facts import TRAINING
from recordsvc.money.rules.catalogue import Item
from recordsvc.money.rules.decision import Verdict
from recordsvc.money.rules.entitlements import Entitlement
from recordsvc.money.rules.errors import RuleUnknown
from recordsvc.money.rules.explaining import SAMPLE_ZH, Explanation, shown, yuan
from recordsvc.money.rules.forms import DayQuery
from recordsvc.money.rules.params import FOREVER
from recordsvc.money.rules.routes import day_of
from recordsvc.money.rules.rule import Rule
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import page
from recordsvc.web.services import bp, house

COURSE_ZH = "培训结业"


@dataclass(frozen=True, slots=True)
class Standard:
    """A row of the catalogue in words."""

    level: str
    group: str
    """Empty: everybody."""
    amount: str
    hours: str
    since: str
    until: str
    """Empty: open."""
    marks: tuple[str, ...]
    """What the row is marked with and not every row of its occupation."""


@dataclass(frozen=True, slots=True)
class Occupation:
    """An occupation of the catalogue with its standards."""

    code: str
    title: str
    span: str
    """The lowest and the highest standard."""
    marks: tuple[str, ...]
    rows: list[Standard]


@door(
    bp,
    "GET",
    "/me/entitlements",
    policy="own.entitlement.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(ArchiveRestricted,),
    summary="我可以申请什么（网页） / What my certificates and courses may bring, why or why not",
)
def entitlements_page() -> flask.Response:
    """Try every rule that pays people on the worker's records; nothing is claimed by looking."""
    return entitlements_told()


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed beside a button of the page, and what is wrong with it."""

    record_id: str
    kind: str
    fee: str
    wrong: str


def entitlements_told(typed: Typed | None = None) -> flask.Response:
    """Return the page; with what was typed and is wrong, where a claim was refused for that."""
    found = entitlements.of_worker(house(), own_worker())
    cards = [_card(n, one) for n, one in enumerate(found)]
    return page(
        "entitlements.html",
        200 if typed is None else 422,
        typed=typed,
        can=[one for one in cards if one["verdict"] == Verdict.GRANT.value],
        waits=[one for one in cards if one["verdict"] == Verdict.NEED_INFO.value],
        cannot=[one for one in cards if one["verdict"] == Verdict.REFUSE.value],
        sample=SAMPLE_ZH if any(one.decision.sample for one in found) else "",
        elsewhere=ELSEWHERE_ZH,
    )


def _card(n: int, one: Entitlement) -> dict[str, Any]:
    kind = COURSE_ZH if one.case.type == TRAINING else shown("certificate_kind", one.case.type)
    kinds = terms.kinds(dated.OPEN_END)
    level = one.case.facts.values.get("level")
    parts = [one.case.occupation_name, "" if level in (None, "0") else shown("level", level), kind]
    return {
        "id": n,
        "title": one.decision.title,
        "about": "，".join(part for part in parts if part),
        "issued_on": one.case.issued_on,
        "record_id": one.case.record_id,
        "told": one.told,
        "verdict": one.decision.verdict.value,
        "brief": _brief(one.told),
        "claims": one.decision.rule in kinds and one.decision.verdict in (Verdict.GRANT, Verdict.NEED_INFO),
        "asks_fee": "fee_fen" in kinds.get(one.decision.rule, {}).get("asks", ()),
        "course": one.case.type == TRAINING,
        "rule": one.decision.rule,
        "day": one.decision.basis_date,
    }


def _brief(told: Explanation) -> str:
    """Return in one line what stands against it: the first clause, or what is missing."""
    if told.failed:
        first, more = told.failed[0], len(told.failed) - 1
        return f"{first.article}，{first.text}" + (f"，另有 {more} 条" if more else "")
    return "、".join(one.zh for one in told.missing)


@door(
    bp,
    "GET",
    "/rules",
    policy="public",
    surface=Surface.PAGE,
    query=DayQuery,
    answer=HTML,
    problems=(ParameterInvalid,),
    summary="补贴规则（网页） / Rules of subsidies in force on a day",
)
def rules_page(query: dict[str, Any]) -> flask.Response:
    """List the rules in force on a day."""
    day = day_of(query)
    found = [_rule(rule) for rule in house().rules.in_force(day)]
    return page("rules.html", 200, on=day, rules=found, sample=_sample(one["sample"] for one in found))


@door(
    bp,
    "GET",
    "/rules/<code>",
    policy="public",
    surface=Surface.PAGE,
    query=DayQuery,
    answer=HTML,
    problems=(ParameterInvalid, RuleUnknown),
    summary="一项补贴规则（网页） / A rule, its clauses and numbers, on a day",
)
def rule_page(code: str, query: dict[str, Any]) -> flask.Response:
    """Show a rule as it holds on a day."""
    day = day_of(query)
    rule = house().rules.on(code, day)
    if rule is None or not rule.head.first <= day <= rule.head.last:
        raise RuleUnknown
    params = [
        {"ref": row.ref, "since": row.first, "until": "" if row.last == FOREVER else row.last}
        for _, row in sorted(rule.params.on(day).items())
    ]
    return page(
        "rule.html",
        200,
        on=day,
        rule=_rule(rule),
        clauses=[one.words for one in rule.clauses],
        params=params,
        text=rule.text.decode(),
        sample=SAMPLE_ZH if rule.sample else "",
    )


@door(
    bp,
    "GET",
    "/catalogue",
    policy="public",
    surface=Surface.PAGE,
    query=DayQuery,
    answer=HTML,
    problems=(ParameterInvalid,),
    summary="补贴目录和标准（网页） / Catalogue of occupations and standards on a day",
)
def catalogue_page(query: dict[str, Any]) -> flask.Response:
    """List the catalogue as it holds on a day."""
    day = day_of(query)
    found = house().catalogue.on(day)
    sample = catalogue.SAMPLE_ZH if any(item.sample for item in found) else ""
    grouped = itertools.groupby(found, key=lambda item: item.occupation)
    occupations = [_occupation(code, list(items)) for code, items in grouped]
    return page("catalogue.html", 200, on=day, occupations=occupations, sample=sample)


def _occupation(code: str, items: list[Item]) -> Occupation:
    marks = tuple(mark for mark in _marks(items[0]) if all(mark in _marks(item) for item in items))
    rows = [
        Standard(
            _level(item.level),
            catalogue.group_zh(item.group),
            yuan(item.amount_fen),
            f"{item.min_hours} 课时",
            item.first,
            item.last or "",
            tuple(mark for mark in _marks(item) if mark not in marks),
        )
        for item in items
    ]
    least, most = (pick(item.amount_fen for item in items) for pick in (min, max))
    span = yuan(least) if least == most else f"{yuan(least).removesuffix(' 元')}—{yuan(most)}"
    return Occupation(code, items[0].title, span, marks, rows)


def _marks(item: Item) -> tuple[str, ...]:
    return (*(("急需紧缺",) if item.shortage else ()), *(("重点评价",) if item.key_list else ()))


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "code": rule.code,
        "title": rule.title,
        "document": rule.head.document,
        "since": rule.head.first,
        "until": "" if rule.head.last == FOREVER else rule.head.last,
        "sha256": rule.sha256,
        "payees": "、".join(shown("payee", one) for one in rule.head.payees),
        "sample": rule.sample,
    }


def _level(code: str) -> str:
    row = dated.table("levels").on(dated.OPEN_END).get(code)
    return str(row["zh"]) if row is not None else code


def _sample(marks: Any) -> str:
    return SAMPLE_ZH if any(marks) else ""
