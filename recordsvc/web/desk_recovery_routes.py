"""Recovery at the desk (追回补贴): cases that wait, one case for a purpose, what is proposed of it."""

from typing import Any, Final

import flask

from recordsvc import dated
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.archive import looking
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.forms import LookQuery
from recordsvc.archive.looking import Looker
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.money.bank.formats import yuan
from recordsvc.money.claims.errors import ClaimUnknown
from recordsvc.money.recovery import deciding, terms
from recordsvc.money.recovery import errors as problems
from recordsvc.money.recovery import routes as recoveries
from recordsvc.money.recovery.forms import (
    RecoveryDecisionForm,
    RecoveryDropForm,
    RecoveryOpenForm,
    RecoveryWriteOffForm,
)
from recordsvc.web import desk_looks, words
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
from recordsvc.web.recovery_routes import card
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

PLACE: Final = "/desk/recoveries"
AMOUNT: Final = Field("amount", "追回金额（元）", hint="例如 1500 或 1500.50，不超过已发放的金额。", most=20)
OFFSET: Final = Field(
    "by_offset",
    "从以后的补贴抵扣",
    "choice",
    rows=(("no", "不抵扣"), ("yes", "可以抵扣")),
    hint="每次只抵扣规定的比例；生活费补贴须本人同意。",
)
ACTS: Final[dict[str, tuple[str, str, tuple[Field, ...], type[Form], str]]] = {
    "decision": (
        "提出追回决定",
        "先看本人的陈述、申辩。由另一位工作人员复核后生效，本人收到决定和退还期限。",
        (AMOUNT, Field("instalments", "分几期", hint="每期一个月；不填即一次退还。", most=2), OFFSET, REASON),
        RecoveryDecisionForm,
        deciding.DECIDE,
    ),
    "drop": (
        "提出不予追回",
        "由另一位工作人员复核后结案，本人收到通知。",
        (REASON,),
        RecoveryDropForm,
        deciding.DROP,
    ),
    "write-off": (
        "提出核销",
        "尚未退还的部分不再要求退还。由另一位工作人员复核后生效。",
        (Field("ground", "核销事由", "choice", table=terms.WRITE_OFF), REASON),
        RecoveryWriteOffForm,
        deciding.WRITE_OFF,
    ),
}
"""What can be proposed of a case: title, words, fields, the form that judges it, kind of proposal."""
_EVENTS: Final = {"decision": "decide", "drop": "drop", "write-off": "write-off"}


class RecoveryOpenPageForm(Form):
    """A claim that is asked back by hand, as typed."""

    claim_id = text(0, 80, load_default="")
    ground = text(0, 40, load_default="")
    amount = text(0, 40, load_default="")
    words = text(0, MOST, load_default="")


class RecoveryActPageForm(LookedPageForm):
    """What is proposed of a case, as typed."""

    amount = text(0, 40, load_default="")
    instalments = text(0, 10, load_default="")
    by_offset = text(0, 10, load_default="")
    ground = text(0, 40, load_default="")
    reason = text(0, MOST, load_default="")


@door(
    bp,
    "GET",
    PLACE,
    policy="recovery.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="追回补贴（网页） / Cases of recovery",
)
def desk_recoveries_page() -> flask.Response:
    """List what is not over, and the form to open one by hand."""
    return _list({}, None)


@door(
    bp,
    "POST",
    PLACE,
    policy="recovery.handle",
    surface=Surface.PAGE,
    body=Fields(RecoveryOpenPageForm),
    answer={303: None, 404: HTML, 409: HTML, 422: HTML},
    problems=(ClaimUnknown, problems.RecoveryRefused, problems.RecoveryStands),
    summary="立案追回（网页） / Ask a paid claim back, from the page",
)
def desk_recovery_open_button(form: dict[str, Any]) -> flask.Response:
    """Open a case; the worker is told and heard."""
    try:
        asked = judged(RecoveryOpenForm, _fen(form, "amount_fen"))
        return go(f"{PLACE}/{uuid_text(recoveries.open_at_desk(asked))}")
    except Problem as problem:
        if problem.status not in (404, *FAILED):
            raise
        return _list(form, problem)


@door(
    bp,
    "GET",
    f"{PLACE}/<id:recovery_id>",
    policy="recovery.read",
    surface=Surface.PAGE,
    query=LookPageQuery,
    answer=HTML,
    problems=(problems.RecoveryUnknown, PurposeRefused, ArchiveRestricted),
    summary="一件追回事项（网页） / One case of recovery, for a purpose and a case",
)
def desk_recovery_page(recovery_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Show the case; without a reason that is still good, ask for one."""
    looker = desk_looks.opened(recovery_id, query["look"])
    if looker is None:
        return _gate(recovery_id, {}, {}, late=bool(query["look"]))
    return _case(recovery_id, looker)


@door(
    bp,
    "POST",
    f"{PLACE}/<id:recovery_id>",
    policy="recovery.read",
    surface=Surface.PAGE,
    body=Fields(GatePageForm),
    answer={303: None, 422: HTML},
    problems=(problems.RecoveryUnknown, PurposeRefused),
    summary="说明查阅追回事项的依据（网页） / Say why one looks at a case of recovery",
)
def desk_recovery_look_button(recovery_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take the reason along to the case."""
    try:
        given = judged(LookQuery, form)
        looking.note(house(), Looker(actor(), **given), [], "claim")
    except FormRefused as problem:
        return _gate(recovery_id, form, faults(problem, GATE)[0], late=False)
    look = desk_looks.seal(recovery_id, given["purpose"], given["case_ref"])
    return go(f"{PLACE}/{uuid_text(recovery_id)}?look={look}")


@door(
    bp,
    "POST",
    f"{PLACE}/<id:recovery_id>/<act>",
    policy="recovery.handle",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(RecoveryActPageForm),
    answer={200: HTML, 303: None, 409: HTML, 422: HTML},
    problems=(*recoveries.PROPOSING, PurposeRefused, ArchiveRestricted),
    summary="提出追回决定、不予追回或核销（网页） / Propose a decision from the page of a case",
)
def desk_recovery_button(recovery_id: bytes, act: str, form: dict[str, Any]) -> flask.Response:
    """Propose, and show the proposal."""
    if act not in ACTS:
        raise problems.RecoveryUnknown
    looker = desk_looks.opened(recovery_id, form["look"])
    if looker is None:
        address = f"{PLACE}/{uuid_text(recovery_id)}"
        given = renewed(form, f"{address}/{act}", address)
        return given if isinstance(given, flask.Response) else _case(recovery_id, given, act, form)
    _, _, fields, schema, kind = ACTS[act]
    typed = {one.name: form[one.name] for one in fields}
    try:
        said = judged(schema, _fen(typed, "asked_fen") if act == "decision" else typed)
        proposal = recoveries.ask(recovery_id, kind, said)
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _case(recovery_id, looker, act, form, problem)
    return go(f"/desk/proposals/{uuid_text(proposal)}")


def _fen(typed: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what was typed with the amount in whole fen. Raises `FormRefused`."""
    given = {key: value for key, value in typed.items() if key != "amount" and str(value).strip()}
    try:
        fen = yuan.fen(typed["amount"].strip())
    except ValueError:
        detail = "请填金额，单位元，最多两位小数"
        raise FormRefused(errors=[{"pointer": "/amount", "code": "value", "detail": detail}]) from None
    if "instalments" in given:
        count = str(given["instalments"]).strip()
        given["instalments"] = int(count) if count.isascii() and count.isdigit() else 0
    if "by_offset" in given:
        given["by_offset"] = given["by_offset"] == "yes"
    return given | {name: fen}


def _list(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    today = beijing_date(house().clock.now_ms()).isoformat()
    rows = dated.table(terms.GROUNDS).on(today).rows
    by_hand = tuple((str(row["code"]), str(row["zh"])) for row in rows if row["by"] == "official")
    fields = (
        Field("claim_id", "申领编号", hint="在申领清单或支付记录中可以看到。", most=40),
        Field("ground", "事由", "choice", rows=by_hand),
        AMOUNT,
        Field("words", "说明", "area", hint="本人会看到，写清依据，最多 400 字。不要写号码。"),
    )
    wrong, trouble = ({}, None) if problem is None else faults(_renamed(problem), fields)
    return page(
        "desk_recoveries.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        items=[card(one) for one in recoveries.seen()],
        opens=can(actor(), "recovery.handle"),
        fields=fields,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )


def _case(
    recovery_id: bytes,
    looker: Looker,
    which: str = "",
    typed: dict[str, Any] | None = None,
    problem: Problem | None = None,
) -> flask.Response:
    told = recoveries.looked_at(recovery_id, looker.purpose, looker.case_ref)
    wrong, trouble = ({}, None) if problem is None else faults(_renamed(problem), ACTS[which][2])
    law = terms.offset(beijing_date(house().clock.now_ms()).isoformat())
    acts = [
        {
            "key": key,
            "title": title,
            "text": said,
            "fields": [it for it in fields if it is not OFFSET or law is not None],
        }
        for key, (title, said, fields, _, _) in ACTS.items()
        if _EVENTS[key] in told["ways"]
    ]
    return page(
        "desk_recovery.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        one=card(told),
        waiting=[uuid_text(it["proposal_id"]) for it in told["proposals"]],
        people=[name_of(it) for it in (told["proposed_by"], told["decided_by"]) if it],
        purpose=words.code("lookup_purposes", looker.purpose),
        case_ref=looker.case_ref,
        look=desk_looks.seal(recovery_id, looker.purpose, looker.case_ref),
        acts=acts,
        which=which,
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
    )


def _renamed(problem: Problem) -> Problem:
    """Let faults of an amount stand at the field in which it was typed."""
    for one in problem.errors:
        if str(one.get("pointer", "")) in ("/asked_fen", "/amount_fen"):
            one["pointer"] = "/amount"
    return problem


def _gate(recovery_id: bytes, typed: dict[str, Any], wrong: dict[str, str], *, late: bool) -> flask.Response:
    return page(
        "desk_recovery_gate.html",
        422 if wrong else 200,
        case=uuid_text(recovery_id),
        late=late,
        fields=GATE,
        typed=typed,
        wrong=wrong,
    )
