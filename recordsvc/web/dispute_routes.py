"""Pages of contested records (异议办理): the worker's cases and what was said, what waits at the desk."""

import uuid
from dataclasses import dataclass
from typing import Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.policy import Surface, door
from recordsvc.archive import disputes, errors
from recordsvc.archive.dispute_routes import own_disputes, say_own
from recordsvc.archive.disputes import Dispute
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.badges import Badge
from recordsvc.web.cases import case_of
from recordsvc.web.desk_routes import tabs
from recordsvc.web.forms import MessagePageForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, dealer, house
from recordsvc.web.worker_routes import card_of

DESK_PAGE: Final = 200
MAX_TEXT: Final = 1_000


@door(
    bp,
    "GET",
    "/me/disputes",
    policy="own.archive.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="我的异议（网页） / My objections",
)
def disputes_page() -> flask.Response:
    """Show all cases, the newest first."""
    return _shown()


@door(
    bp,
    "POST",
    "/me/disputes/<id:dispute_id>/messages",
    policy="own.record.decide",
    surface=Surface.PAGE,
    body=Fields(MessagePageForm),
    answer={303: None, 422: HTML},
    problems=(errors.DisputeRefused, errors.ArchiveRestricted),
    summary="补充说明（网页） / Say more on an objection from its page",
)
def say_button(dispute_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Add a message, or show what is wrong with it."""
    name, text = str(uuid.UUID(bytes=dispute_id)), " ".join(form["text"].split())
    if len(text) > MAX_TEXT:
        return _shown((name, f"说明最多 {MAX_TEXT} 字，请缩短", form["text"]))
    try:
        say_own(dispute_id, text)
    except FormRefused:
        return _shown((name, "请写下要补充的内容", ""))
    return go(f"/me/disputes#d-{name}")


def _shown(error: tuple[str, str, str] | None = None) -> flask.Response:
    made_by = dealer()
    cases = [
        case_of(archive, one, card_of(archive, state, made_by))
        for archive, one in own_disputes()
        if (state := archive.state.of(one.seq)) is not None
    ]
    return page("disputes.html", 422 if error else 200, cases=cases, error=error, most=MAX_TEXT)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of the desk's list."""

    dispute_id: str
    issuer: str
    code: str
    due: str
    badge: Badge
    opened: str
    messages: int


@door(
    bp,
    "GET",
    "/desk/disputes",
    policy="dispute.handle",
    surface=Surface.PAGE,
    answer=HTML,
    summary="待决定的异议（网页） / Objections that the region decides",
)
def desk_disputes_page() -> flask.Response:
    """List cases without what was said, overdue ones first."""
    today = beijing_date(house().clock.now_ms()).isoformat()
    with house().db.read() as conn:
        found = disputes.of_region(conn, *disputes.seen_by(actor()), limit=DESK_PAGE)
    return page(
        "desk_disputes.html", tabs=tabs(), cases=[_waiting(one, today) for one in found], most=DESK_PAGE
    )


def _waiting(dispute: Dispute, today: str) -> Waiting:
    institution = house().institutions.find(dispute.issuer)
    if not dispute.due_on:
        badge = Badge("期限待定", "warn")
    elif dispute.due_on < today:
        badge = Badge("已过期限", "bad")
    else:
        badge = Badge("办理中", "wait")
    return Waiting(
        dispute_id=dispute.name,
        issuer="登记机关" if institution is None else institution.name_on(today),
        code=dispute.issuer,
        due=words.day(dispute.due_on) if dispute.due_on else "缺工作日安排",
        badge=badge,
        opened=words.instant(dispute.opened_ms),
        messages=dispute.messages,
    )
