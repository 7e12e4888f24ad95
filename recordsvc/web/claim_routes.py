"""Pages of claims: the worker's own, why and where it stands on one screen; public lists for everybody."""

from typing import Any

import flask

from recordsvc.access.policy import Surface, door
from recordsvc.archive import persons
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.facts import ELSEWHERE_ZH
from recordsvc.archive.services import own_worker
from recordsvc.ground import answers
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import Problem
from recordsvc.ground.reading import Fields
from recordsvc.money.bank.formats.yuan import fen
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims import notices, transitions, views
from recordsvc.money.claims.notices import Notice
from recordsvc.money.claims.routes import file_own, own_claim, own_claims, step_own
from recordsvc.money.recovery import views as recovery_views
from recordsvc.money.recovery.offsetting import kept_back
from recordsvc.money.recovery.routes import own_cases
from recordsvc.money.recovery.values import of_claim
from recordsvc.money.rules.explaining import shown, yuan
from recordsvc.web import recovery_routes, words
from recordsvc.web.forms import ClaimButtonForm, NoFieldsForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.rule_routes import Typed, entitlements_told
from recordsvc.web.services import bp, house

STEPPING = (problems.ClaimUnknown, problems.ClaimStep, problems.ClaimChanged, problems.ClaimStands)
FEE_WRONG_ZH = "请填写评价收费，以元为单位，最多两位小数，例如 315.00"
TONES = {
    "to-supplement": "wait",
    "in-review": "wait",
    "in-notice": "wait",
    "to-pay": "wait",
    "paid": "good",
    "not-granted": "mute",
}


@door(
    bp,
    "GET",
    "/me/claims",
    policy="own.claim.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(ArchiveRestricted,),
    summary="我的补贴（网页） / My claims",
)
def claims_page() -> flask.Response:
    """List them, the newest first."""
    return _list(None)


def _list(problem: Problem | None) -> flask.Response:
    items = [_card(views.brief(one)) for one in own_claims()]
    back = own_cases()
    with house().db.read() as conn:
        asked_back = [recovery_routes.card(recovery_views.brief(conn, one)) for one in back]
    trouble = None if problem is None else _said(problem)
    return page(
        "claims.html",
        200 if problem is None else problem.status,
        items=items,
        asked_back=asked_back,
        trouble=trouble,
    )


def _said(problem: Problem) -> list[str]:
    """Return what is wrong, and what to do about it."""
    return [str(one["detail"]) for one in problem.errors] or [problem.title_zh, problem.remedy_zh]


def _card(told: dict[str, Any]) -> dict[str, Any]:
    return told | {
        "id": uuid_text(told["claim_id"]),
        "record": uuid_text(told["record_id"]),
        "tone": TONES[told["status"]],
        "amount": yuan(told["amount_fen"]) if told["amount_fen"] else "",
        "filed": words.instant(told["filed_ms"]),
    }


def topping(told: dict[str, Any]) -> dict[str, Any]:
    """Return what a claim tops up, and what tops it up, as pages link them."""
    difference = told["difference"]
    return {
        "difference": difference and difference | {"id": uuid_text(difference["claim_id"])},
        "topups": [one | {"id": uuid_text(one["claim_id"])} for one in told["topups"]],
    }


@door(
    bp,
    "GET",
    "/me/claims/<id:claim_id>",
    policy="own.claim.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(problems.ClaimUnknown, ArchiveRestricted),
    summary="我的一项补贴（网页） / One of my claims",
)
def claim_page(claim_id: bytes) -> flask.Response:
    """Show why, which article, and where it stands."""
    return _detail(claim_id, None)


def _detail(claim_id: bytes, problem: Problem | None) -> flask.Response:
    persons.read(house(), own_worker())
    with house().db.read() as conn:
        one = own_claim(conn, claim_id)
        told = views.detailed(house(), conn, one)
        cases = [uuid_text(it.recovery_id) for it in of_claim(conn, claim_id)]
        kept_for = [uuid_text(row.recovery_id) for row in kept_back(conn, one)]
    open_ways = transitions.ways(one.state, frozenset({"worker"}))
    return page(
        "claim.html",
        200 if problem is None else problem.status,
        one=_card(told) | topping(told),
        steps=[{**step, "at": words.instant(step["at_ms"])} for step in told["events"]],
        withdraws="withdraw" in open_ways,
        supplements=one.state == "NEED_INFO" and not told["sealed"],
        rests=one.state == "NEED_INFO" and told["sealed"],
        bring=views.WAITS_ZH["no-account"],
        elsewhere=ELSEWHERE_ZH,
        cases=cases,
        kept_for=kept_for,
        trouble=None if problem is None else _said(problem),
    )


@door(
    bp,
    "POST",
    "/me/records/<id:record_id>/claims/<kind>",
    policy="own.claim.file",
    surface=Surface.PAGE,
    body=Fields(ClaimButtonForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(problems.ClaimRefused, problems.ClaimStands),
    summary="申领补贴（网页） / Claim a subsidy on a record, from the page",
)
def claim_button(record_id: bytes, kind: str, form: dict[str, Any]) -> flask.Response:
    """File it and show what the rule says; a fee that is none is typed again."""
    written = form["fee"].strip()
    try:
        fee_fen = fen(written) if written else None
    except ValueError:
        fee_fen = 0
    if fee_fen is not None and fee_fen <= 0:
        return entitlements_told(Typed(uuid_text(record_id), kind, form["fee"], FEE_WRONG_ZH))
    try:
        return go(f"/me/claims/{uuid_text(file_own(kind, record_id, fee_fen))}")
    except (problems.ClaimRefused, problems.ClaimStands) as problem:
        return _list(problem)


@door(
    bp,
    "POST",
    "/me/claims/<id:claim_id>/supplement",
    policy="own.claim.file",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer={303: None, 409: HTML},
    problems=STEPPING,
    summary="重新审核（网页） / Have a claim decided anew, from the page",
)
def claim_supplement_button(claim_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button
    """Decide it anew and show where it stands."""
    return _step(claim_id, "supplement")


@door(
    bp,
    "POST",
    "/me/claims/<id:claim_id>/withdraw",
    policy="own.claim.file",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer={303: None, 409: HTML},
    problems=STEPPING,
    summary="撤回申领（网页） / Withdraw a claim, from the page",
)
def claim_withdraw_button(claim_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button
    """Withdraw it and show where it stands."""
    return _step(claim_id, "withdraw")


def _step(claim_id: bytes, event: str) -> flask.Response:
    try:
        step_own(claim_id, event, "")
    except (problems.ClaimStep, problems.ClaimChanged, problems.ClaimStands) as problem:
        return _detail(claim_id, problem)
    return go(f"/me/claims/{uuid_text(claim_id)}")


@door(
    bp,
    "GET",
    "/claim-notices",
    policy="public",
    surface=Surface.PAGE,
    answer=HTML,
    summary="补贴公示（网页） / Public lists of subsidies",
)
def claim_notices_page() -> flask.Response:
    """List the newest."""
    with house().db.read() as conn:
        found = notices.public(house(), conn)
    return _not_listed(page("claim_notices.html", 200, notices=[_notice(one) for one in found]))


@door(
    bp,
    "GET",
    "/claim-notices/<id:notice_id>",
    policy="public",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(problems.ClaimNoticeUnknown,),
    summary="一份补贴公示（网页） / One public list",
)
def claim_notice_page(notice_id: bytes) -> flask.Response:
    """Show its lines, masked, and its hash."""
    with house().db.read() as conn:
        found = notices.public_one(house(), conn, notice_id)
    lines = [
        {
            **line,
            "kind": views.kind_zh(line["kind"]) + (views.TOPUP_ZH if "part" in line else ""),
            "occupation": shown("occupation", line["occupation"]),
            "level": shown("level", line["level"]),
            "amount": yuan(line["amount_fen"]),
        }
        for line in found.lines
    ]
    shown_now = page("claim_notice.html", 200, one=_notice(found), lines=lines, taken_down=found.taken_down)
    return _not_listed(shown_now)


def _not_listed(answer: flask.Response) -> flask.Response:
    """Keep a page out of search engines: a list is public for its term, and they keep it longer."""
    answer.headers.update(answers.NOT_LISTED)
    return answer


def _notice(found: Notice) -> dict[str, Any]:
    return {
        "id": uuid_text(found.notice_id),
        "start_on": found.start_on,
        "end_on": found.end_on,
        "count": len(found.lines),
        "sha256": found.sha256,
    }
