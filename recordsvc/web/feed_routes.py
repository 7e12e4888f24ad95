"""Page of feeds at the desk (数据流): how far each receiver is, and what it says otherwise."""

import json
from typing import Any, Final

import flask

from recordsvc.access import clients
from recordsvc.access.entrance import actor
from recordsvc.access.grants import can, reach
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import access, once, reference
from recordsvc.exports import tickets
from recordsvc.exports.errors import TicketClosed, TicketUnknown
from recordsvc.exports.tickets import Position, Ticket
from recordsvc.ground.commit import Turn
from recordsvc.ground.forms import Form, Identifier, text
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import Problem
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.desk_forms import MOST, reason_of
from recordsvc.web.desk_routes import FAILED, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

KINDS: Final = {
    "batch-differs": "确认的条数或校验值与发出的不符",
    "ack-reused": "同一确认编号用于两个批次",
    "missing-here": "对方有、本系统没有发出",
    "missing-there": "本系统已发出、对方没有",
    "version-differs": "版本不同",
    "state-differs": "状态不同",
}
"""Kind of a ticket -> what it is called."""
_MEMBERS: Final = {
    "from": "自第",
    "to": "至第",
    "count": "对方条数",
    "root": "对方校验值",
    "our_count": "本方条数",
    "our_root": "本方校验值",
    "ours": "本方",
    "theirs": "对方",
}
_STATES: Final = {"live": "有效", "withdrawn": "已撤回"}
DAY_MS: Final = 24 * 3_600_000


class SettlePageForm(Form):
    """Which ticket, and what came of it."""

    receiver = text(1, 40, required=True)
    ticket = Identifier(required=True)
    reason = text(0, MOST, load_default="")


@door(
    bp,
    "GET",
    "/desk/feeds",
    policy="client.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="数据流（网页） / How far receivers are, and open differences",
)
def feeds_page() -> flask.Response:
    """List the receivers of the official's area."""
    return _page()


@door(
    bp,
    "POST",
    "/desk/feeds/settle",
    policy="exports.settle",
    surface=Surface.PAGE,
    body=Fields(SettlePageForm),
    answer={303: None, 422: HTML},
    problems=(TicketUnknown, TicketClosed),
    summary="了结一项差异（网页） / Close a difference with what came of it",
)
def settle_button(form: dict[str, Any]) -> flask.Response:
    """Close a ticket."""
    try:
        by, why = reference(), reason_of(form)
        if form["receiver"] not in _seen("exports.settle"):
            raise TicketUnknown

        def act(turn: Turn) -> str:
            tickets.close(turn, form["receiver"], form["ticket"], by, why)
            return str(form["ticket"].hex())

        once(act)
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _page(form, problem)
    return go("/desk/feeds")


def _page(typed: dict[str, Any] | None = None, problem: Problem | None = None) -> flask.Response:
    with house().db.read() as conn:
        found = [
            (one, tickets.open_ones(conn, one.receiver))
            for one in tickets.positions(conn, _seen("client.read"))
        ]
    return page(
        "desk_feeds.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        feeds=[_line(*one) for one in found],
        settles=can(actor(), "exports.settle"),
        typed={} if typed is None else {"ticket": uuid_text(typed["ticket"]), "reason": typed["reason"]},
        trouble=problem,
    )


def _seen(policy: str) -> frozenset[str]:
    """Return which clients whoever asks may see for a policy."""
    with house().db.read() as conn:
        return clients.ids_within(conn, reach(actor(), policy))


def _line(one: Position, found: list[Ticket]) -> dict[str, Any]:
    client, now = access().clients.find(one.receiver), house().clock.now_ms()
    waits = one.newest - one.reached
    days = 0 if one.waits_since_ms is None else (now - one.waits_since_ms) // DAY_MS
    return {
        "id": one.receiver,
        "name": one.receiver if client is None else client.name,
        "newest": one.newest,
        "reached": one.reached,
        "acks": one.acks,
        "waits": waits,
        "days": days,
        "state": ("全部已确认", "good")
        if not waits
        else (f"{waits} 条未确认", "wait" if days < 1 else "bad"),
        "tickets": [_ticket(ticket, now) for ticket in found],
    }


def _ticket(one: Ticket, now: int) -> dict[str, Any]:
    return {
        "id": uuid_text(one.ticket_id),
        "kind": KINDS[one.kind],
        "subject": one.subject,
        "opened": words.instant(one.opened_ms),
        "days": (now - one.opened_ms) // DAY_MS,
        "facts": [(_MEMBERS[name], _value(value)) for name, value in json.loads(one.told).items()],
    }


def _value(value: Any) -> str:
    if value is None:
        return "没有"
    if isinstance(value, dict):
        return f"第 {value['version']} 版，{_STATES[value['state']]}"
    return str(value)
