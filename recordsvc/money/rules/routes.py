"""Doors of rules: what holds for everybody to read, the desk that changes it, what a worker may get."""

import itertools
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.grants import Thing
from recordsvc.access.objects import named
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once, reference
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.facts import ELSEWHERE_ZH
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import FormRefused, ParameterInvalid, Unauthenticated
from recordsvc.ground.reading import Bytes, Json
from recordsvc.money.rules import catalogue, entitlements, lifecycle, parsing, registers, simulating
from recordsvc.money.rules.entitlements import Entitlement
from recordsvc.money.rules.errors import CatalogueRefused, RuleKnown, RuleRefused, RuleStateWrong, RuleUnknown
from recordsvc.money.rules.facts import is_day
from recordsvc.money.rules.forms import (
    CatalogueForm,
    DayQuery,
    EntitlementsForm,
    ExtractsForm,
    LaterForm,
    NewCatalogueForm,
    NewSimulationForm,
    OneRuleForm,
    OneVersionForm,
    ProposeForm,
    RulesForm,
    SimulationForm,
    VersionForm,
    VersionsForm,
)
from recordsvc.money.rules.params import FOREVER
from recordsvc.money.rules.reading import MAX_BYTES
from recordsvc.money.rules.rule import Rule

if TYPE_CHECKING:
    from recordsvc.house import House

bp = flask.Blueprint("rules", __name__)
# A rule lies nowhere and concerns nobody; who publishes one decides for the whole region (`lifecycle`).
named("sha256", lambda _conn, _sha256: Thing(None, frozenset()), RuleUnknown)
PUBLIC_CACHE: Final = "public, max-age=300"
_CATALOGUE_BYTES: Final = 1024 * 1024


def house() -> "House":
    """The house of the application that answers."""
    found: House = flask.current_app.extensions["house"]
    return found


def day_of(query: dict[str, Any]) -> str:
    """Return the Beijing day that is asked for; today unless named. Raises `ParameterInvalid`."""
    day = query["on"]
    if day is None:
        return beijing_date(house().clock.now_ms()).isoformat()
    if not is_day(day):
        raise ParameterInvalid(
            errors=[{"parameter": "on", "code": "value", "detail": "应为日期（YYYY-MM-DD）"}]
        )
    return str(day)


# -- what holds, for everybody


@door(
    bp,
    "GET",
    "/v1/rules",
    policy="public",
    surface=Surface.OPEN,
    cache=PUBLIC_CACHE,
    query=DayQuery,
    answer=RulesForm,
    problems=(ParameterInvalid,),
    summary="某日施行的补贴规则 / Rules of subsidies in force on a day",
)
def rules_on(query: dict[str, Any]) -> flask.Response:
    """List the rules in force on a day, samples marked."""
    day = day_of(query)
    items = [shown(rule) for rule in house().rules.in_force(day)]
    return answers.answer({"on": day, "items": items}, form=RulesForm)


@door(
    bp,
    "GET",
    "/v1/rules/<code>",
    policy="public",
    surface=Surface.OPEN,
    cache=PUBLIC_CACHE,
    query=DayQuery,
    answer=OneRuleForm,
    problems=(ParameterInvalid, RuleUnknown),
    summary="一项补贴规则的文本 / The text of a rule as it holds on a day",
)
def rule_on(code: str, query: dict[str, Any]) -> flask.Response:
    """Send a rule with its text; the hash is that of the text's UTF-8 bytes."""
    day = day_of(query)
    rule = house().rules.on(code, day)
    if rule is None or not rule.head.first <= day <= rule.head.last:
        raise RuleUnknown
    return answers.answer({"on": day, "text": rule.text.decode(), **shown(rule)}, form=OneRuleForm)


def shown(rule: Rule) -> dict[str, Any]:
    """Return a rule as it is told to everybody."""
    head = rule.head
    known = next((one.known_ms for one in house().rules.history(rule.code) if one.rule is rule), None)
    return {
        "rule": rule.code,
        "title": rule.title,
        "document": head.document,
        "sample": rule.sample,
        "sha256": rule.sha256,
        "valid_from": head.first,
        "valid_to": None if head.last == FOREVER else head.last,
        "basis": head.basis,
        "payees": list(head.payees),
        "funds": list(head.funds),
        "published_ms": known,
    }


@door(
    bp,
    "GET",
    "/v1/catalogue",
    policy="public",
    surface=Surface.OPEN,
    cache=PUBLIC_CACHE,
    query=DayQuery,
    answer=CatalogueForm,
    problems=(ParameterInvalid,),
    summary="某日施行的补贴目录和标准 / Catalogue of occupations and standards on a day",
)
def catalogue_on(query: dict[str, Any]) -> flask.Response:
    """List the catalogue as it holds on a day."""
    day = day_of(query)
    items = [asdict(item) for item in house().catalogue.on(day)]
    return answers.answer({"on": day, "items": items}, form=CatalogueForm)


# -- the desk


@door(
    bp,
    "GET",
    "/v1/desk/rules",
    policy="rule.read",
    answer=VersionsForm,
    summary="规则版本 / Versions of rules, the newest first",
)
def list_versions() -> flask.Response:
    """List versions in every state."""
    with house().db.read() as conn:
        return answers.answer({"items": lifecycle.listed(conn)}, form=VersionsForm)


@door(
    bp,
    "POST",
    "/v1/desk/rules",
    policy="rule.write",
    body=Bytes(limit=MAX_BYTES, media=("application/yaml",)),
    answer={201: VersionForm},
    problems=(RuleRefused, RuleKnown),
    idempotent=True,
    summary="起草规则 / Enter the text of a rule as a draft",
)
def draft_rule(data: bytes) -> flask.Response:
    """Enter a draft; what cannot be read is refused with every place that is wrong."""
    by = reference()
    return _version(once(lambda turn: lifecycle.draft(turn, data, by)), 201)


@door(
    bp,
    "GET",
    "/v1/desk/rules/<sha256>",
    policy="rule.read",
    answer=OneVersionForm,
    problems=(RuleUnknown,),
    summary="一个规则版本 / A version with its text and newest simulation",
)
def show_version(sha256: str) -> flask.Response:
    """Send a version whatever its state."""
    with house().db.read() as conn:
        row = lifecycle.read(conn, sha256)._asdict()
        row["simulation"] = simulating.newest(conn, sha256)
    names = OneVersionForm().fields
    return answers.answer({name: row[name] for name in names}, form=OneVersionForm)


@door(
    bp,
    "POST",
    "/v1/desk/rules/<sha256>/check",
    policy="rule.write",
    answer=VersionForm,
    problems=(RuleUnknown, RuleRefused, RuleStateWrong),
    idempotent=True,
    summary="校验规则 / Check a draft, its own tests included",
)
def check_rule(sha256: str) -> flask.Response:
    """Check; a draft that fails stays one."""
    return _version(once(lambda turn: lifecycle.check(turn, sha256)), 200)


@door(
    bp,
    "POST",
    "/v1/desk/rules/<sha256>/simulate",
    policy="rule.write",
    body=NewSimulationForm,
    answer=SimulationForm,
    problems=(RuleUnknown, RuleStateWrong, FormRefused),
    summary="模拟规则 / Try a checked version on what was decided",
)
def simulate_rule(sha256: str, form: dict[str, Any]) -> flask.Response:
    """Try it; the run is kept, and the version counts as simulated."""
    return answers.answer({"result": simulated(sha256, form, reference())}, form=SimulationForm)


def simulated(sha256: str, asked: dict[str, Any], by: str) -> dict[str, Any]:
    """Try a version on the decisions of a period and keep the run.

    Raises `RuleUnknown`, `RuleStateWrong`, `FormRefused`.
    """
    for name in ("first", "last"):
        if not is_day(asked[name]):
            raise FormRefused(errors=[{"pointer": f"/{name}", "code": "value", "detail": "应为日期"}])
    with house().db.read() as conn:
        row = lifecycle.read(conn, sha256)
        if row.state == "DRAFT":
            raise RuleStateWrong
        candidate = parsing.parse(row.text.encode())
        scope = (conn, row.rule, asked["first"], asked["last"], asked["region"])
        claims = house().claims_decided
        found = itertools.chain(simulating.cases(*scope), () if claims is None else claims.cases(*scope))
        result = simulating.simulate(candidate, found, asked["budget_fen"])

    def keep(turn: Turn) -> None:
        simulating.note(turn, house().random, asked, result, by)
        lifecycle.simulated(turn, sha256)

    house().db.write(keep)
    return result.document()


@door(
    bp,
    "POST",
    "/v1/desk/rules/<sha256>/publish",
    policy="rule.write",
    step_up=True,
    body=ProposeForm,
    answer={202: LaterForm},
    problems=(RuleUnknown, RuleStateWrong),
    idempotent=True,
    summary="提请发布规则 / Propose to publish a simulated version",
)
def propose_rule(sha256: str, form: dict[str, Any]) -> flask.Response:
    """Propose; a reviewer who did not write it decides."""
    by = reference()

    def act(turn: Turn) -> str:
        return uuid_text(lifecycle.propose(turn, sha256, form["reason"], by))

    return _later(once(act))


@door(
    bp,
    "POST",
    "/v1/desk/catalogue",
    policy="rule.write",
    step_up=True,
    body=Json(NewCatalogueForm, limit=_CATALOGUE_BYTES),
    answer={202: LaterForm},
    problems=(CatalogueRefused,),
    idempotent=True,
    summary="提请发布补贴目录 / Propose rows of the catalogue",
)
def propose_catalogue(form: dict[str, Any]) -> flask.Response:
    """Propose rows; all of them are good, or none is taken."""
    by = reference()

    def act(turn: Turn) -> str:
        return uuid_text(catalogue.propose(turn, form["document"], form["rows"], by))

    return _later(once(act))


@door(
    bp,
    "GET",
    "/v1/desk/registers",
    policy="rule.read",
    answer=ExtractsForm,
    summary="外部登记提取表 / Extracts of other registers",
)
def list_extracts() -> flask.Response:
    """List which extracts were taken, of which day, from whom."""
    with house().db.read() as conn:
        return answers.answer({"items": registers.listed(conn)}, form=ExtractsForm)


def _version(sha256: str, status: int) -> flask.Response:
    with house().db.read() as conn:
        row = lifecycle.read(conn, sha256)._asdict()
    return answers.answer({name: row[name] for name in VersionForm().fields}, status, form=VersionForm)


def _later(proposal: str) -> flask.Response:
    return answers.answer({"proposal_id": uuid.UUID(proposal).bytes}, 202, form=LaterForm)


# -- the worker


@door(
    bp,
    "GET",
    "/v1/me/entitlements",
    policy="own.entitlement.read",
    answer=EntitlementsForm,
    problems=(ArchiveRestricted,),
    summary="我可以申请什么 / What my certificates and courses may bring, why or why not",
)
def my_entitlements() -> flask.Response:
    """Try every rule that pays people on the worker's records; nothing is stored or claimed."""
    items = [_told(one) for one in entitlements.of_worker(house(), own_worker())]
    return answers.answer({"items": items, "elsewhere": ELSEWHERE_ZH}, form=EntitlementsForm)


def own_worker() -> bytes:
    """The worker who asks."""
    worker_id = actor().worker_id
    if worker_id is None:
        raise Unauthenticated
    return worker_id


def _told(one: Entitlement) -> dict[str, Any]:
    decision = one.decision
    reasons = [
        {name: value for name, value in asdict(reason).items() if name != "params"}
        for reason in one.told.failed
    ]
    return {
        "record_id": one.case.record_id,
        "issued_on": one.case.issued_on,
        "certificate_kind": one.case.type,
        "occupation": one.case.occupation_name,
        "rule": decision.rule,
        "title": decision.title,
        "sha256": decision.sha256,
        "basis_date": decision.basis_date,
        "verdict": decision.verdict.value,
        "amount_fen": decision.amount_fen,
        "headline": one.told.headline,
        "sample": one.told.sample,
        "failed": reasons,
        "missing": [asdict(lacking) for lacking in one.told.missing],
    }
