"""Pages of the desk on which a rule comes about (起草与发布): text, tests, comparison, trial, proposal."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once, reference
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields, Upload
from recordsvc.money.bank.formats import yuan
from recordsvc.money.rules import comparing, expiring, lifecycle, parsing, simulating
from recordsvc.money.rules.comparing import Changed
from recordsvc.money.rules.errors import RuleKnown, RuleRefused, RuleStateWrong, RuleUnknown
from recordsvc.money.rules.explaining import SAMPLE_ZH
from recordsvc.money.rules.forms import NewSimulationForm, ProposeForm
from recordsvc.money.rules.params import FOREVER
from recordsvc.money.rules.parsing import example_facts
from recordsvc.money.rules.reading import MAX_BYTES
from recordsvc.money.rules.routes import simulated
from recordsvc.money.rules.rule import Example, Rule
from recordsvc.web import rule_trials, words
from recordsvc.web.desk_forms import MOST, Field, faults, judged
from recordsvc.web.desk_routes import FAILED, name_of, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

PLACE: Final = "/desk/rules"
STATES: Final = {
    "DRAFT": ("草稿，待校验", "wait"),
    "CHECKED": ("已校验，待模拟", "wait"),
    "SIMULATED": ("已模拟，待提请发布", "info"),
    "REVIEWED": ("已复核", "info"),
    "PUBLISHED": ("已发布", "good"),
    "SUPERSEDED": ("已被后一版本取代", "mute"),
}
"""State of a version -> word and tone."""
TRIAL: Final = (
    Field("first", "基准日自", "day"),
    Field("last", "基准日至", "day"),
    Field("region", "区划代码", hint="2、4 或 6 位；不填即全区。", most=6),
    Field("budget", "期间预算（元）", hint="可不填；填了就推算哪一天用完。", most=20),
)
REASON: Final = (
    Field("reason", "发布依据和理由", "area", hint="写明依据的文件、文号，最多 400 字，不要写姓名和号码。"),
)


class RuleTextPageForm(Form):
    """The text of a rule, as typed; a file stands before it."""

    text = text(0, MAX_BYTES, load_default="")


class TrialPageForm(Form):
    """Which decisions a version is tried on, as typed."""

    first = text(0, 40, load_default="")
    last = text(0, 40, load_default="")
    region = text(0, 40, load_default="")
    budget = text(0, 40, load_default="")


class RuleReasonPageForm(Form):
    """Why a version is to be published, as typed."""

    reason = text(0, MOST, load_default="")


@door(
    bp,
    "GET",
    PLACE,
    policy="rule.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="补贴规则的版本（网页） / Versions of rules, what holds today and what ends soon",
)
def desk_rules_page() -> flask.Response:
    """List what holds today, what ends soon, and the versions in every state."""
    today = beijing_date(house().clock.now_ms())
    found = house().rules.in_force(today.isoformat())
    with house().db.read() as conn:
        versions = lifecycle.listed(conn)
    return page(
        "desk_rules.html",
        tabs=tabs(),
        on=today.isoformat(),
        rules=[_brief(rule) for rule in found],
        ends=expiring.listed(house(), today),
        versions=[_version(one) for one in versions],
        writes=can(actor(), "rule.write"),
        sample=SAMPLE_ZH if any(rule.sample for rule in found) else "",
    )


@door(
    bp,
    "GET",
    f"{PLACE}/new",
    policy="rule.write",
    surface=Surface.PAGE,
    answer=HTML,
    summary="起草规则（网页） / The form to enter the text of a rule",
)
def new_rule_page() -> flask.Response:
    """Ask for the text."""
    return _new("", None)


@door(
    bp,
    "POST",
    f"{PLACE}/new",
    policy="rule.write",
    surface=Surface.PAGE,
    body=Upload(RuleTextPageForm, ("file",), 2 * MAX_BYTES),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(RuleRefused, RuleKnown),
    summary="起草规则（网页） / Enter the text of a rule as a draft",
)
def new_rule_button(form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """Enter a draft, or show where the text is wrong, line by line."""
    data = files["file"] or form["text"].replace("\r\n", "\n").encode()
    by = reference()
    try:
        sha256 = once(lambda turn: lifecycle.draft(turn, data, by))
    except (RuleRefused, RuleKnown) as problem:
        return _new(data.decode(errors="replace"), problem)
    return go(f"{PLACE}/{sha256}")


@door(
    bp,
    "GET",
    f"{PLACE}/<sha256>",
    policy="rule.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(RuleUnknown,),
    summary="一个规则版本（网页） / A version: text, tests, comparison, trial, what comes next",
)
def desk_rule_page(sha256: str) -> flask.Response:
    """Show a version with the step that comes next."""
    return _one(sha256)


@door(
    bp,
    "POST",
    f"{PLACE}/<sha256>/check",
    policy="rule.write",
    surface=Surface.PAGE,
    body=Fields(Form),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(RuleUnknown, RuleRefused, RuleStateWrong),
    summary="校验规则（网页） / Check a draft, its own tests included",
)
def check_rule_button(sha256: str, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - the form is empty
    """Check; a draft that fails stays one, and the page says where it fails."""
    try:
        once(lambda turn: lifecycle.check(turn, sha256))
    except (RuleRefused, RuleStateWrong) as problem:
        return _one(sha256, "check", {}, problem)
    return go(f"{PLACE}/{sha256}")


@door(
    bp,
    "POST",
    f"{PLACE}/<sha256>/simulate",
    policy="rule.write",
    surface=Surface.PAGE,
    body=Fields(TrialPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(RuleUnknown, RuleStateWrong),
    summary="模拟规则（网页） / Try a checked version on what was decided",
)
def simulate_rule_button(sha256: str, form: dict[str, Any]) -> flask.Response:
    """Try it on the decisions of a period, and show what would have come of them."""
    try:
        simulated(sha256, _asked(form), reference())
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _one(sha256, "simulate", form, problem)
    return go(f"{PLACE}/{sha256}#trial")


@door(
    bp,
    "POST",
    f"{PLACE}/<sha256>/publish",
    policy="rule.write",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(RuleReasonPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(RuleUnknown, RuleStateWrong),
    summary="提请发布规则（网页） / Propose to publish a simulated version",
)
def publish_rule_button(sha256: str, form: dict[str, Any]) -> flask.Response:
    """Propose; a reviewer who did not write it decides."""
    by = reference()
    try:
        reason = judged(ProposeForm, form)["reason"]
        proposal = once(lambda turn: uuid_text(lifecycle.propose(turn, sha256, reason, by)))
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _one(sha256, "publish", form, problem)
    return go(f"/desk/proposals/{uuid.UUID(proposal)}")


def _asked(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return what a trial is asked for. Raises `FormRefused` naming every field at fault."""
    given: dict[str, Any] = {name: typed[name].strip() for name in ("first", "last", "region")}
    wrong: list[Any] = []
    if typed["budget"].strip():
        try:
            given["budget_fen"] = yuan.fen(typed["budget"].strip())
        except ValueError:
            wrong.append({"pointer": "/budget", "code": "value", "detail": "请填金额，单位元，最多两位小数"})
    try:
        asked = judged(NewSimulationForm, given)
    except FormRefused as refused:
        raise FormRefused(errors=wrong + refused.errors) from None
    if wrong:
        raise FormRefused(errors=wrong)
    return asked


# -- showing


def _new(typed: str, problem: Problem | None) -> flask.Response:
    return page(
        "desk_rule_new.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        typed=typed,
        places=_places(typed.encode(), problem),
        trouble=problem,
        known=problem is not None and isinstance(problem, RuleKnown),
    )


def _places(data: bytes, problem: Problem | None) -> list[dict[str, Any]]:
    """Return what is wrong with a text, in the order of its lines, each with the line as it stands there."""
    if not isinstance(problem, RuleRefused):
        return []
    lines, told = comparing.lines_of(data), data.decode(errors="replace").splitlines()
    found = []
    for fault in problem.faults:
        line = comparing.line_of(lines, fault.pointer)
        stands = told[line - 1] if line is not None and line <= len(told) else ""
        found.append(
            {"line": line, "pointer": fault.pointer, "detail": fault.detail, "stands": stands.strip()}
        )
    return sorted(found, key=lambda one: one["line"] or 0)


def _one(
    sha256: str, which: str = "", typed: dict[str, Any] | None = None, problem: Problem | None = None
) -> flask.Response:
    with house().db.read() as conn:
        row = lifecycle.read(conn, sha256)
        run = simulating.newest(conn, sha256)
    data = str(row.text).encode()
    rule = parsing.parse(data)
    before = _before(rule)
    fields = {"simulate": TRIAL, "publish": REASON}.get(which, ())
    wrong, trouble = ({}, None) if problem is None else faults(problem, fields)
    return page(
        "desk_rule.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        one=_version(row),
        document=rule.head.document,
        sample=SAMPLE_ZH if rule.sample else "",
        text=row.text,
        tests=_tests(rule),
        before=None if before is None else _brief(before),
        changes=_changes(before, row.text),
        run=None if run is None else rule_trials.told(run),
        places=_places(data, problem),
        next=_next(row.state) if can(actor(), "rule.write") else "",
        trial=TRIAL,
        most=simulating.MOST_NAMED,
        reason=REASON,
        which=which,
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
    )


def _next(state: str) -> str:
    """Return what may be done with a version in a state."""
    return {"DRAFT": "check", "CHECKED": "simulate", "SIMULATED": "publish"}.get(state, "")


def _before(rule: Rule) -> Rule | None:
    """Return what holds on the first day of a version without it; else what was published or is a sample."""
    found = house().rules.on(rule.code, max(rule.head.first, _today()))
    if found is not None and found.sha256 != rule.sha256:
        return found
    older = [one.rule for one in house().rules.history(rule.code) if one.rule.sha256 != rule.sha256]
    return older[0] if older else house().rules.sample(rule.code)


def _changes(before: Rule | None, after: str) -> list[Changed]:
    return [] if before is None else comparing.changes(before.text.decode(), after)


def _today() -> str:
    return beijing_date(house().clock.now_ms()).isoformat()


def _brief(rule: Rule) -> dict[str, Any]:
    return {
        "code": rule.code,
        "title": rule.title,
        "document": rule.head.document,
        "since": rule.head.first,
        "until": "" if rule.head.last == FOREVER else rule.head.last,
        "sha256": rule.sha256,
        "sample": rule.sample,
    }


def _version(row: Any) -> dict[str, Any]:
    state, tone = STATES[row.state]
    return {
        "sha256": row.sha256,
        "code": row.rule,
        "title": row.title,
        "since": row.first,
        "until": "" if row.last == FOREVER else row.last,
        "state": row.state,
        "state_name": state,
        "tone": tone,
        "author": name_of(row.author),
        "at": words.instant(row.drafted_ms),
        "published_by": name_of(row.published_by) if row.published_by else "",
        "published_at": words.instant(row.published_ms) if row.published_ms else "",
    }


def _tests(rule: Rule) -> list[dict[str, Any]]:
    """Return the tests of a rule: what of each is not usual, what it asks for, whether it holds."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for example in rule.examples:
        for name, value in example.given.items():
            counted[name][repr(value)] += 1
    usual = {name: some.most_common(1)[0][0] for name, some in counted.items()}
    return [_test(rule, example, usual) for example in rule.examples]


def _test(rule: Rule, example: Example, usual: Mapping[str, str]) -> dict[str, Any]:
    decision = rule.decide(example_facts(example.given), example.event)
    wanted = rule_trials.VERDICTS_ZH[example.verdict]
    if example.amount_fen is not None:
        wanted += f" {yuan.text(example.amount_fen)} 元"
    if example.named:
        wanted += f"（{'、'.join(example.named)}）"
    good = decision.verdict is example.verdict and example.amount_fen in (None, decision.amount_fen)
    own = (
        f"{name} = {len(value)} 项" if isinstance(value, list) else f"{name} = {value}"
        for name, value in example.given.items()
        if repr(value) != usual[name]
    )
    return {"name": example.name, "given": "，".join(own), "wanted": wanted, "good": good}
