"""Lists of claims at the desk (申领办理): what is due, signing many as one list, making public, paying.

A list of claims shows nothing of a person. A list that is signed is named by the hash that the page showed:
one that moved meanwhile is shown again, not signed.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Final

import flask
import sqlalchemy as sa
from marshmallow import fields, validate
from sqlalchemy.engine import Connection

from recordsvc.access.entrance import actor
from recordsvc.access.errors import StandsTogether
from recordsvc.access.grants import Role, can
from recordsvc.access.policy import Surface, door
from recordsvc.ground.forms import Form, text
from recordsvc.ground.paging import Cursors
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import CursorRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.money.claims import desk_routes, returned, signing, views
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims.services import within_reach
from recordsvc.money.claims.tables import claim_state
from recordsvc.money.claims.values import NO_DAY, Claim, queue, raised, tally
from recordsvc.money.rules.explaining import yuan
from recordsvc.people.divisions import division
from recordsvc.web import words
from recordsvc.web.claim_routes import TONES
from recordsvc.web.desk_claim_routes import OFFICE, PAYING, Side, filer
from recordsvc.web.desk_routes import FAILED, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

PAGE: Final = 50
SIGNING: Final = (problems.ClaimListChanged, *desk_routes.STEPPING)
OVER: Final = ("DRAFT", "CLOSED", "REFUSED", "WITHDRAWN", "RECOVERED")
TURNS: Final = {
    "mine": "轮到我",
    "raised": "上报给我",
    "late": "已逾期",
    "waits": "等待条件",
    "all": "全部未办结",
}
_LISTS: Final = {
    "accept": ("整单受理", Role.HANDLER),
    "review": ("整单复核", Role.REVIEWER),
    "approve": ("整单审批", Role.REVIEWER),
}
_TITLES: Final = {event: title for event, (title, _) in _LISTS.items()} | {"finance": "整单签拨付"}
_FROM: Final = {"accept": "CHECKED", "review": "ACCEPTED", "approve": "NOTICED"}


class QueuePageQuery(Form):
    """Which claims, and behind which."""

    turn = fields.String(load_default="mine", validate=validate.OneOf(tuple(TURNS)))
    cursor = text(1, 200, load_default=None)


class SheetPageQuery(Form):
    """Which signature."""

    event = fields.String(required=True, validate=validate.OneOf(tuple(_LISTS)))


class SheetPageForm(SheetPageQuery):
    """The list that is signed, as it was seen."""

    list_sha256 = text(64, 64, required=True)


class SeenPageForm(Form):
    """A list as it was seen."""

    list_sha256 = text(64, 64, required=True)


class PublishPageForm(SeenPageForm):
    """The reviewed claims of a division, as they were seen."""

    region = text(0, 6, load_default="")


# -- what is due


@door(
    bp,
    "GET",
    "/desk/claims",
    policy="claim.read",
    surface=Surface.PAGE,
    query=QueuePageQuery,
    answer=HTML,
    problems=(CursorRefused,),
    summary="补贴申领（网页） / Claims of the official's area, the most urgent first",
)
def desk_claims_page(query: dict[str, Any]) -> flask.Response:
    """List what is whose turn, late ones first."""
    today, turn, context = _today(), query["turn"], f"desk-claims/{query['turn']}"
    cursors: Cursors = flask.current_app.extensions["cursors"]
    after = None
    if query["cursor"] is not None:
        due, high, low = cursors.read(context, query["cursor"])
        after = (f"{due // 10_000:04d}-{due // 100 % 100:02d}-{due % 100:02d}", _id(high, low))
    reached = [claim_state.c.state.not_in(OVER), *within_reach("claim.read")]
    with house().db.read() as conn:
        rows = tally(conn, today, *reached)
        reported = _sum(tally(conn, today, *reached, raised(*actor().roles)), lambda _: True)
        found = queue(conn, *reached, *_of_turn(turn, today), limit=PAGE + 1, after=after)
        lines = [_line(one, today, signing.flags(house(), conn, one)) for one in found[:PAGE]]
    mine = actor().roles
    counts = {
        "mine": _sum(rows, lambda row: row.owner in mine),
        "raised": reported,
        "late": _sum(rows, lambda row: row.late),
        "waits": _sum(rows, lambda row: row.waits),
        "all": _sum(rows, lambda _: True),
    }
    states = {row.state: 0 for row in rows}
    for row in rows:
        # What waits for an account or money is nobody's to sign today.
        states[row.state] += 0 if row.waits else row.n
    following = ""
    if len(found) > PAGE:
        last = found[PAGE - 1]
        day = int((last.due_on or NO_DAY).replace("-", ""))
        following = cursors.make(context, day, *_parts(last.claim_id))
    return page(
        "desk_claims.html",
        tabs=tabs(),
        turn=turn,
        turns=TURNS,
        counts=counts,
        lists=[
            (event, title, states.get(_FROM[event], 0))
            for event, (title, role) in _LISTS.items()
            if role in mine
        ],
        to_publish=states.get("REVIEWED", 0),
        publishes=can(actor(), "claim.publish"),
        items=lines,
        first=query["cursor"] is None,
        following=following,
        place=OFFICE.place,
    )


def _sum(rows: Sequence[Any], wanted: Callable[[Any], object]) -> int:
    return sum(int(row.n) for row in rows if wanted(row))


def _of_turn(turn: str, today: str) -> list[sa.ColumnElement[bool]]:
    own = claim_state.c
    found: dict[str, list[sa.ColumnElement[bool]]] = {
        "mine": [own.owner.in_(sorted(actor().roles))],
        "raised": [raised(*actor().roles)],
        "late": [own.due_on < today],
        "waits": [own.waits != ""],
        "all": [],
    }
    return found[turn]


def _id(high: int, low: int) -> bytes:
    return high.to_bytes(8, "big") + low.to_bytes(8, "big")


def _parts(claim_id: bytes) -> tuple[int, int]:
    return int.from_bytes(claim_id[:8], "big"), int.from_bytes(claim_id[8:], "big")


def _today() -> str:
    return beijing_date(house().clock.now_ms()).isoformat()


def _line(one: Claim, today: str, flags: Sequence[str] = ()) -> dict[str, Any]:
    """Return a claim as a list shows it: nothing of the person."""
    told = views.brief(one)
    filed = beijing_date(one.filed_ms)
    return told | {
        "id": uuid_text(one.claim_id),
        "short": one.claim_id.hex()[-6:],
        "tone": TONES[told["status"]],
        "amount": yuan(one.amount_fen) if one.amount_fen else "",
        "filed": words.day(filed.isoformat()),
        "age": (beijing_date(house().clock.now_ms()) - filed).days,
        "by": filer(one.filed_by),
        "late": bool(one.due_on) and str(one.due_on) < today,
        "flags": [signing.FLAGS_ZH[flag] for flag in flags],
    }


def _came_back(conn: Connection, one: Claim, today: str) -> dict[str, Any]:
    """Return a claim whose money came back as the list shows it: since when, and why."""
    on = beijing_date(returned.since_ms(conn, one))
    days = (dt.date.fromisoformat(today) - on).days
    return _line(one, today) | {"back_on": on.isoformat(), "back_days": days}


# -- signing many


@door(
    bp,
    "GET",
    "/desk/claims/list",
    policy="claim.sign",
    surface=Surface.PAGE,
    query=SheetPageQuery,
    answer=HTML,
    summary="待签清单（网页） / What whoever asks can sign: clean ones as one list",
)
def claim_sheet_page(query: dict[str, Any]) -> flask.Response:
    """Show the list with its hash, and the flagged ones apart."""
    return _sheet(OFFICE, query["event"], None)


@door(
    bp,
    "POST",
    "/desk/claims/list",
    policy="claim.sign",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(SheetPageForm),
    answer={200: HTML, 409: HTML},
    problems=SIGNING,
    summary="整单签批（网页） / Sign the list that was seen",
)
def claim_sheet_button(form: dict[str, Any]) -> flask.Response:
    """Sign it, and say how many were signed."""
    return _sign(OFFICE, form["event"], form["list_sha256"])


@door(
    bp,
    "GET",
    "/desk/payables",
    policy="claim.pay",
    surface=Surface.PAGE,
    answer=HTML,
    summary="待拨付（网页） / Approved claims that wait for the payer, and what came back",
)
def payables_page() -> flask.Response:
    """Show the list with its hash, the flagged ones, and what the bank sent back."""
    return _sheet(PAYING, "finance", None)


@door(
    bp,
    "POST",
    "/desk/payables",
    policy="claim.pay",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(SeenPageForm),
    answer={200: HTML, 409: HTML},
    problems=SIGNING,
    summary="整单签拨付（网页） / Sign the list that was seen for payment",
)
def payables_button(form: dict[str, Any]) -> flask.Response:
    """Sign it, and say how many were signed."""
    return _sign(PAYING, "finance", form["list_sha256"])


def _sign(side: Side, event: str, list_sha256: str) -> flask.Response:
    try:
        signed, all_of = desk_routes.sign_sheet(side.policy, event, list_sha256)
    except (problems.ClaimListChanged, problems.ClaimChanged, StandsTogether) as problem:
        return _sheet(side, event, problem)
    others = f"；另有 {all_of - signed} 件因情况有变没有签，已退回或在等待" if signed < all_of else ""
    return _sheet(side, event, None, f"已签 {signed} 件{others}。")


def _sheet(side: Side, event: str, problem: Problem | None, told: str = "") -> flask.Response:
    clean, sha256, flagged = desk_routes.sheet(event, side.policy)
    today = _today()
    back: list[dict[str, Any]] = []
    with house().db.read() as conn:
        if side is PAYING:
            back = [_came_back(conn, one, today) for one in desk_routes.came_back(conn, side.policy)]
        apart = [_line(one, today, signing.flags(house(), conn, one)) for one in flagged]
    return page(
        "desk_claim_sheet.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        tab_here=side.place,
        title=_TITLES[event],
        event=event if side is OFFICE else "",
        place=side.place,
        action=f"{side.place}/list" if side is OFFICE else side.place,
        clean=[_line(one, today) for one in clean],
        total=yuan(sum(one.amount_fen for one in clean)),
        sha256=sha256,
        flagged=apart,
        returned=back,
        told=told,
        trouble=problem,
    )


# -- making public


@door(
    bp,
    "GET",
    "/desk/claims/publish",
    policy="claim.publish",
    surface=Surface.PAGE,
    answer=HTML,
    summary="待公示（网页） / Reviewed claims that become public, by division",
)
def claim_publish_page() -> flask.Response:
    """Show what a list would hold."""
    return _to_publish(None)


@door(
    bp,
    "POST",
    "/desk/claims/publish",
    policy="claim.publish",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(PublishPageForm),
    answer={303: None, 409: HTML},
    problems=(problems.ClaimListChanged, problems.ClaimStep, problems.ClaimChanged),
    summary="公示（网页） / Make the reviewed claims of a division public",
)
def claim_publish_button(form: dict[str, Any]) -> flask.Response:
    """Publish, and show the public list."""
    try:
        made = desk_routes.publish_sheet(form["region"], form["list_sha256"])
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _to_publish(problem)
    return go(f"/claim-notices/{uuid_text(made)}")


def _to_publish(problem: Problem | None) -> flask.Response:
    today = _today()
    groups = [
        {
            "region": region,
            "name": _place(region),
            "lines": [_line(one, today) for one in found],
            "total": yuan(sum(one.amount_fen for one in found)),
            "sha256": signing.sheet(found),
        }
        for region, found in sorted(desk_routes.reviewed().items())
    ]
    return page(
        "desk_claim_publish.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        groups=groups,
        trouble=problem,
    )


def _place(region: str) -> str:
    known = division(region)
    return (region if known is None else known.name) or "未登记区划"
