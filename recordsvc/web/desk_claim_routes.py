"""One claim at the desk (一项申领): for a purpose, on one screen with its trace, and the step that is due.

Handlers, reviewers and inspectors come by `/desk/claims`, payers by `/desk/payables`: the same page, other
steps. Each showing leaves a row of who looked; a step asks for a fresh proof of who takes it.
"""

from dataclasses import dataclass
from typing import Any, Final

import flask

from recordsvc.access import looked
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.forms import LookQuery
from recordsvc.archive.looking import Looker
from recordsvc.ground.forms import text
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims import notices, transitions, views
from recordsvc.money.claims.desk_routes import STEPPING, looked_at, step_desk, take_objection
from recordsvc.money.claims.forms import ClaimStepForm
from recordsvc.money.claims.refusing import MOST_ARTICLE, MOST_EVIDENCE, PROPOSE, articles_of
from recordsvc.money.claims.signing import FLAGS_ZH
from recordsvc.money.claims.values import find
from recordsvc.money.rules.explaining import yuan
from recordsvc.web import desk_looks, words
from recordsvc.web.claim_routes import TONES, topping
from recordsvc.web.desk_forms import (
    GATE,
    MOST,
    REASON,
    Field,
    GatePageForm,
    LookedPageForm,
    LookPageQuery,
    faults,
    judged,
)
from recordsvc.web.desk_renewals import renewed
from recordsvc.web.desk_routes import FAILED, name_of, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

LOOKING: Final = (problems.ClaimUnknown, PurposeRefused, ArchiveRestricted)
REASONED: Final = frozenset({"ask", "propose-refusal", "refuse", "return-to-check", "object", "dismiss"})
"""Steps that nobody takes without saying why."""
GROUNDS: Final = ("article", "found_on", "evidence")
"""What a proposal to refuse rests on."""
BY_LIST: Final = frozenset({"publish"})
"""Ways on that are gone by lists alone."""


@dataclass(frozen=True, slots=True)
class Side:
    """From where somebody comes to a claim: the address, and what they may do there."""

    place: str
    policy: str

    def address(self, claim_id: bytes) -> str:
        """Return where a claim stands on this side."""
        return f"{self.place}/{uuid_text(claim_id)}"


OFFICE: Final = Side("/desk/claims", "claim.sign")
PAYING: Final = Side("/desk/payables", "claim.pay")


class ClaimStepPageForm(LookedPageForm):
    """A step as chosen, of the claim as it was seen, and why."""

    event = text(0, 20, load_default="")
    version = text(0, 20, load_default="")
    reason = text(0, MOST, load_default="")
    article = text(0, MOST, load_default="")
    found_on = text(0, 40, load_default="")
    evidence = text(0, MOST, load_default="")


# -- handlers, reviewers, inspectors


@door(
    bp,
    "GET",
    "/desk/claims/<id:claim_id>",
    policy="claim.read",
    surface=Surface.PAGE,
    query=LookPageQuery,
    answer=HTML,
    problems=LOOKING,
    summary="一项申领（网页） / One claim with its trace, for a purpose and a case",
)
def desk_claim_page(claim_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Show the claim; without a reason that is still good, ask for one."""
    return _shown(OFFICE, claim_id, query["look"])


@door(
    bp,
    "POST",
    "/desk/claims/<id:claim_id>",
    policy="claim.read",
    surface=Surface.PAGE,
    body=Fields(GatePageForm),
    answer={303: None, 422: HTML},
    problems=LOOKING,
    summary="说明查阅申领的依据（网页） / Say why one looks at a claim",
)
def desk_claim_look_button(claim_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take the reason along to the claim."""
    return _let_in(OFFICE, claim_id, form)


@door(
    bp,
    "POST",
    "/desk/claims/<id:claim_id>/steps",
    policy="claim.sign",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(ClaimStepPageForm),
    answer={200: HTML, 303: None, 409: HTML, 422: HTML},
    problems=(*STEPPING, *LOOKING),
    summary="办理一项申领（网页） / Take a step with a claim from its page",
)
def desk_claim_step_button(claim_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take it, or say in place what stands against it."""
    return _stepped(OFFICE, claim_id, form)


# -- payers


@door(
    bp,
    "GET",
    "/desk/payables/<id:claim_id>",
    policy="claim.pay",
    surface=Surface.PAGE,
    query=LookPageQuery,
    answer=HTML,
    problems=LOOKING,
    summary="一项待拨付申领（网页） / One claim to be paid, for a purpose and a case",
)
def payable_page(claim_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Show the claim; without a reason that is still good, ask for one."""
    return _shown(PAYING, claim_id, query["look"])


@door(
    bp,
    "POST",
    "/desk/payables/<id:claim_id>",
    policy="claim.pay",
    surface=Surface.PAGE,
    body=Fields(GatePageForm),
    answer={303: None, 422: HTML},
    problems=LOOKING,
    summary="说明查阅待拨付申领的依据（网页） / Say why one looks at a claim to be paid",
)
def payable_look_button(claim_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take the reason along to the claim."""
    return _let_in(PAYING, claim_id, form)


@door(
    bp,
    "POST",
    "/desk/payables/<id:claim_id>/steps",
    policy="claim.pay",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(ClaimStepPageForm),
    answer={200: HTML, 303: None, 409: HTML, 422: HTML},
    problems=(*STEPPING, *LOOKING),
    summary="拨付一项申领（网页） / Sign one claim for payment from its page, or send it back",
)
def payable_step_button(claim_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take it, or say in place what stands against it."""
    return _stepped(PAYING, claim_id, form)


# -- both


def _shown(side: Side, claim_id: bytes, look: str | None) -> flask.Response:
    looker = desk_looks.opened(claim_id, look)
    if looker is None:
        return _gate(side, claim_id, {}, {}, late=bool(look))
    return _claim(side, claim_id, looker)


def _let_in(side: Side, claim_id: bytes, form: dict[str, Any]) -> flask.Response:
    try:
        given = judged(LookQuery, form)
        looked.check_purpose(house().db, given["purpose"], actor())
    except FormRefused as problem:
        return _gate(side, claim_id, form, faults(problem, GATE)[0], late=False)
    return _to_claim(side, claim_id, Looker(actor(), **given))


def _stepped(side: Side, claim_id: bytes, form: dict[str, Any]) -> flask.Response:
    looker = desk_looks.opened(claim_id, form["look"])
    if looker is None:
        address = side.address(claim_id)
        given = renewed(form, f"{address}/steps", address)
        return given if isinstance(given, flask.Response) else _claim(side, claim_id, given, form)
    try:
        _take(side, claim_id, form)
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _claim(side, claim_id, looker, form, problem)
    return _to_claim(side, claim_id, looker)


def _take(side: Side, claim_id: bytes, form: dict[str, Any]) -> None:
    """Take the step that was chosen. Raises `FormRefused` naming the field, and as the step."""
    wrong = []
    if not form["event"]:
        wrong.append({"pointer": "/event", "code": "required", "detail": "请选择"})
    if form["event"] in REASONED and not form["reason"].strip():
        wrong.append({"pointer": "/reason", "code": "required", "detail": "请写明理由"})
    if wrong:
        raise FormRefused(errors=wrong)
    seen = form["version"]
    version = int(seen) if seen.isascii() and seen.isdigit() else -1
    typed = {name: form[name] for name in ("event", "reason", *GROUNDS)}
    said = judged(ClaimStepForm, typed | {"version": version})
    if said["event"] == "object":
        take_objection(claim_id, said["reason"])
    else:
        step_desk(side.policy, claim_id, **said)


def _claim(
    side: Side,
    claim_id: bytes,
    looker: Looker,
    typed: dict[str, Any] | None = None,
    problem: Problem | None = None,
) -> flask.Response:
    told = looked_at(claim_id, looker.purpose, looker.case_ref)
    with house().db.read() as conn:
        one = find(conn, claim_id)
        person = notices.name_of(house(), conn, one)
        bring = views.bring(conn, one)
        articles = articles_of(house(), conn, one)
    today = beijing_date(house().clock.now_ms())
    ways = _ways(told) if can(actor(), side.policy) else []
    fields: tuple[Field, ...] = (
        Field("event", "办理", "choice", rows=tuple((way, views.EVENTS_ZH[way]) for way in ways)),
        REASON,
    )
    if PROPOSE in ways:
        fields += _grounds(articles)
    wrong, trouble = faults(problem, fields) if problem is not None else ({}, None)
    opens = can(actor(), "worker.archive.read")
    return page(
        "desk_claim.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        back=side.place,
        address=side.address(claim_id),
        one=told
        | topping(told)
        | {
            "tone": TONES[told["status"]],
            "amount": yuan(told["amount_fen"]) if told["amount_fen"] else "",
            "age": (today - beijing_date(one.filed_ms)).days,
            "late": bool(one.due_on) and str(one.due_on) < today.isoformat(),
            "by": filer(one.filed_by),
            "flags": [FLAGS_ZH[flag] for flag in told["flags"]],
            "over": one.state in transitions.NOT_LIVE,
        },
        person=person,
        worker=uuid_text(one.worker_id),
        archive=desk_looks.seal(one.worker_id, looker.purpose, looker.case_ref) if opens else "",
        event_names=views.EVENTS_ZH,
        name_of=name_of,
        bring=bring,
        purpose=words.code("lookup_purposes", looker.purpose),
        case_ref=looker.case_ref,
        look=desk_looks.seal(claim_id, looker.purpose, looker.case_ref),
        fields=fields if ways else (),
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
    )


def _grounds(articles: list[str]) -> tuple[Field, ...]:
    """Return the fields of a proposal to refuse what the rule grants."""
    of_rule = f"本规则的条款：{'、'.join(articles)}。其他文件写全，如《文件名称》第几条。"
    return (
        Field("article", "提议不予发放：依据的条款", hint=of_rule, most=MOST_ARTICLE),
        Field("found_on", "提议不予发放：查明的日期", "day"),
        Field(
            "evidence",
            "提议不予发放：证据材料",
            hint="写材料名称和编号，如：核查笔录 2025-17。不要写姓名和号码。",
            most=MOST_EVIDENCE,
        ),
    )


def _ways(told: dict[str, Any]) -> list[str]:
    """Return the steps that are offered: those of the roles, and only what the rule grants is accepted."""
    granted = told["decision"] is not None and told["decision"]["verdict"] == "GRANT"
    return [event for event in told["ways"] if event not in BY_LIST and (granted or event != "accept")]


def filer(author: str) -> str:
    """Return who filed a claim, as the desk knows them."""
    kind = author.partition(":")[0]
    said = {"worker": "本人", "system": "系统（补差）", **dict.fromkeys(("staff", "client"), "机构代为提出")}
    return said.get(kind) or name_of(author)


def _gate(
    side: Side, claim_id: bytes, typed: dict[str, Any], wrong: dict[str, str], *, late: bool
) -> flask.Response:
    return page(
        "desk_claim_gate.html",
        422 if wrong else 200,
        back=side.place,
        address=side.address(claim_id),
        claim=uuid_text(claim_id),
        late=late,
        fields=GATE,
        typed=typed or {"purpose": "claim-review"},
        wrong=wrong,
    )


def _to_claim(side: Side, claim_id: bytes, looker: Looker) -> flask.Response:
    look = desk_looks.seal(claim_id, looker.purpose, looker.case_ref)
    return go(f"{side.address(claim_id)}?look={look}")
