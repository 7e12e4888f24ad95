"""Page of the exchange with credit banks at the desk (学分交换): open rejections and differences."""

from typing import Any, Final

import flask
import orjson

from recordsvc.access.entrance import actor
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import access, once, reference
from recordsvc.credits import batches, exchanged, tickets
from recordsvc.credits.errors import CreditTicketClosed, CreditTicketUnknown, RejectionUnknown
from recordsvc.credits.tickets import Ticket
from recordsvc.ground.commit import Turn
from recordsvc.ground.forms import Form, Identifier, text
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import Problem
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.credit_routes import DECISIONS, OWNERS, STATES
from recordsvc.web.desk_forms import MOST, reason_of
from recordsvc.web.desk_routes import FAILED, tabs
from recordsvc.web.feed_routes import DAY_MS, seen
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

PLACE: Final = "/desk/credits"
KINDS: Final = {
    tickets.REDEEMED: "学分已使用，其依据或结论又有变动",
    tickets.REUSED: "同一编号用于两项回应",
    tickets.RECEIPT: "回执的条数或校验值与发出的不符",
    tickets.ORPHAN: "回应的是没有发出过的成果",
    tickets.STATE: "状态或结论互相矛盾",
    tickets.AMOUNT: "学分数不同",
    tickets.VERSION: "版本不同",
    tickets.HERE: "对方有、本系统没有发出",
    tickets.THERE: "本系统已发出、对方没有",
}
"""Kind of a ticket -> what it is called."""
_MEMBERS: Final = {
    "kind": "回应",
    "op": "再次报送",
    "version": "版本",
    "ours": "本方",
    "theirs": "对方",
    "count": "对方条数",
    "our_count": "本方条数",
    "sha256": "对方校验值",
    "our_sha256": "本方校验值",
}
_WORDS: Final = {
    **{name: word for name, (word, _tone) in STATES.items()},
    **DECISIONS,
    "receipt": "回执",
    "result": "逐条结果",
    "decision": "认定",
    "redemption": "使用",
    "duplicate": "重复",
    "none": "没有送出过",
    "replace": "更新",
    "withdraw": "撤下",
    "add": "新增",
    "": "没有",
}


class CreditResendForm(Form):
    """Which rejection goes out again."""

    receiver = text(1, 40, required=True)
    outcome = text(32, 32, required=True)


class CreditSettleForm(Form):
    """Which ticket, and what came of it."""

    receiver = text(1, 40, required=True)
    ticket = Identifier(required=True)
    reason = text(0, MOST, load_default="")


@door(
    bp,
    "GET",
    PLACE,
    policy="client.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="学分交换（网页） / Open rejections and differences with credit banks",
)
def desk_credits_page() -> flask.Response:
    """List them for the receivers of the official's area."""
    return _page()


@door(
    bp,
    "POST",
    "/desk/credits/resend",
    policy="exports.settle",
    surface=Surface.PAGE,
    body=Fields(CreditResendForm),
    answer={303: None},
    problems=(RejectionUnknown,),
    summary="再次报送被退回的成果（网页） / Let a rejected line go out as its next version",
)
def credit_resend_button(form: dict[str, Any]) -> flask.Response:
    """Let it go out again."""
    if form["receiver"] not in seen("exports.settle"):
        raise RejectionUnknown

    def act(turn: Turn) -> str:
        try:
            outcome_id = bytes.fromhex(form["outcome"])
        except ValueError:
            raise RejectionUnknown from None
        if not batches.resend(turn, form["receiver"], outcome_id):
            raise RejectionUnknown
        return str(form["outcome"])

    once(act)
    return go(PLACE)


@door(
    bp,
    "POST",
    "/desk/credits/settle",
    policy="exports.settle",
    surface=Surface.PAGE,
    body=Fields(CreditSettleForm),
    answer={303: None, 422: HTML},
    problems=(CreditTicketUnknown, CreditTicketClosed),
    summary="了结一项学分差异（网页） / Close a difference with what came of it",
)
def credit_settle_button(form: dict[str, Any]) -> flask.Response:
    """Close a ticket."""
    try:
        by, why = reference(), reason_of(form)
        if form["receiver"] not in seen("exports.settle"):
            raise CreditTicketUnknown

        def act(turn: Turn) -> str:
            tickets.close(turn, form["receiver"], form["ticket"], by, why)
            return str(form["ticket"].hex())

        once(act)
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _page(form, problem)
    return go(PLACE)


def _page(typed: dict[str, Any] | None = None, problem: Problem | None = None) -> flask.Response:
    now, mine = house().clock.now_ms(), sorted(seen("client.read"))
    with house().db.read() as conn:
        rejections = exchanged.rejected(conn, mine)
        open_ones = [ticket for one in mine for ticket in tickets.open_ones(conn, one)]
    return page(
        "desk_credits.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        rejections=[
            one | {"name": _name(one["receiver"]), "days": (now - one["since_ms"]) // DAY_MS}
            for one in rejections
        ],
        tickets=[_ticket(one, now) for one in open_ones],
        owners=OWNERS,
        settles=can(actor(), "exports.settle"),
        typed={} if typed is None else {"ticket": uuid_text(typed["ticket"]), "reason": typed["reason"]},
        trouble=problem,
    )


def _name(client_id: str) -> str:
    client = access().clients.find(client_id)
    return client_id if client is None else client.name


def _ticket(one: Ticket, now: int) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(one.told)
    return {
        "id": uuid_text(one.ticket_id),
        "receiver": one.receiver,
        "name": _name(one.receiver),
        "kind": KINDS[one.kind],
        "subject": one.subject,
        "opened": words.instant(one.opened_ms),
        "days": (now - one.opened_ms) // DAY_MS,
        "facts": [(_MEMBERS[name], _value(value)) for name, value in told.items()],
    }


def _value(value: Any) -> str:
    if value is None:
        return "没有"
    if isinstance(value, dict):
        earned = f"，{value['credits']} 学分" if value["credits"] else ""
        return f"第 {value['version']} 版，{_WORDS[value['state']]}{earned}"
    return _WORDS.get(value, str(value)) if isinstance(value, str) else str(value)
