"""The desk (工作台): what waits for an official, finding a worker, and the proposals of two people."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

import flask
from sqlalchemy.engine import Connection

from recordsvc.access import deciding, number_conflicts, objects, own_archives
from recordsvc.access.desk_routes import prove_for
from recordsvc.access.entering import HOME
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Actor, Kind, Position, Role, Thing, can
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import access, once
from recordsvc.archive import closing, copies, errors, held, proposal_papers
from recordsvc.archive.noticeboard import desks_of
from recordsvc.ground import http, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.ground.two_person import (
    AlreadyClosed,
    NotTheProposer,
    Proposal,
    SamePerson,
    StaleProposal,
    UnknownKind,
    UnknownProposal,
)
from recordsvc.money.bank import payee_accounts, views
from recordsvc.money.claims.desk_routes import due_counts
from recordsvc.money.rules import expiring
from recordsvc.people import places
from recordsvc.people.merges import NotMergeable
from recordsvc.people.numbers import NumberTaken, NumberUnfit
from recordsvc.people.standing import StandingRefused
from recordsvc.web import import_views, move_views, proposal_words, sealing_views, words
from recordsvc.web.centre_routes import POSITIONS
from recordsvc.web.desk_forms import (
    GATE,
    REASON,
    ProposalsPageQuery,
    ReasonPageForm,
    WordPageForm,
    faults,
    reason_of,
)
from recordsvc.web.proposal_words import STATES
from recordsvc.web.public_routes import HTML, ROLES
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

MOST_UNPLACED: Final = 10_000
"""Workers without a division that are counted at most."""
SHOWN: Final = 5
PAGE: Final = 30
MOST: Final = 100
FAILED: Final = (403, 409, 422, 423)
"""Statuses of problems that a form of the desk tells in place."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposal as a list shows it."""

    id: str
    title: str
    subject: str
    by: str
    at: str
    until: str
    state: tuple[str, str]
    mine: bool
    for_me: bool


def name_of(author: str | None) -> str:
    """Return an official as colleagues know them: name and account; a command of the server itself."""
    kind, _, account = (author or "").partition(":")
    found = access().officials.find(account) if kind == Kind.OFFICIAL else None
    return author or "" if found is None else f"{found.name}（{account}）"


def institution_name() -> Callable[[str], str]:
    """Return how institutions are called today; the code of unknown ones."""
    register, today = house().institutions.all(), beijing_date(house().clock.now_ms()).isoformat()

    def called(uscc: str) -> str:
        found = register.get(uscc)
        return (None if found is None else found.name_on(today)) or uscc

    return called


def listed(proposal: Proposal, who: Actor) -> Waiting:
    """Return a proposal as a list shows it."""
    return Waiting(
        words.uuid_text(proposal.id),
        proposal_words.title(proposal),
        proposal.subject if proposal.kind == "held.release" else "",
        name_of(proposal.proposed_by),
        words.instant(proposal.proposed_ms),
        words.instant(proposal.expires_ms),
        STATES[proposal.state],
        proposal.proposed_by == deciding.reference(who),
        deciding.may_decide(proposal, who) and can(who, "proposal.decide", proposal),
    )


# -- the desk itself


@door(
    bp,
    "GET",
    "/desk",
    policy="session.read",
    surface=Surface.PAGE,
    answer={200: HTML, 303: None},
    summary="工作台 / What waits for an official, and finding a worker",
)
def desk_page() -> flask.Response:
    """Show what waits for whoever asks."""
    if actor().kind is not Kind.OFFICIAL:
        return go(HOME[actor().kind])
    return _desk()


def _desk() -> flask.Response:
    who = actor()
    waiting: list[Waiting] = []
    counts: list[tuple[str, int]] = []
    with house().db.read() as conn:
        if can(who, "proposal.read"):
            found = _all_pending(conn, who)
            waiting = [one for proposal in found if (one := listed(proposal, who)).for_me or one.mine]
        if can(who, "held.read"):
            counts = held.counts(conn, *held.seen_by(who))
        # Of no place: only whoever covers the whole region sees them, and can say where they belong.
        nowhere = can(who, "worker.place", Thing())
        unplaced = places.unplaced(conn, MOST_UNPLACED) if nowhere else 0
        bank = views.waiting(house(), conn, who) if can(who, "bank.pay", Thing()) else None
    claims = due_counts() if can(who, "claim.read") else None
    own_rules = expiring.DESK in desks_of(who.roles) and can(who, "rule.read")
    ends = expiring.listed(house(), beijing_date(house().clock.now_ms())) if own_rules else []
    official = access().officials.find(who.id)
    return page(
        "desk.html",
        who=who.id if official is None else official.name,
        roles=[ROLES.get(Role(role), role) for role in sorted(who.roles)],
        tabs=tabs(),
        for_me=[one for one in waiting if one.for_me],
        mine=[one for one in waiting if one.mine],
        shown=SHOWN,
        reads_proposals=can(who, "proposal.read"),
        reads_held=can(who, "held.read"),
        held=[(code, words.code("hold_reasons", code), count) for code, count in counts],
        finds=can(who, "worker.find"),
        unplaced=unplaced,
        imports=can(who, "import.propose"),
        claims=claims,
        payables=due_counts("claim.pay") if can(who, "claim.pay") else None,
        bank=bank,
        ends=ends,
        most_unplaced=MOST_UNPLACED,
        retires=can(who, "issuer-key.propose"),
    )


def _all_pending(conn: Connection, who: Actor) -> Iterator[Proposal]:
    """Yield every proposal of one's area that can still be decided, oldest first, portion by portion."""
    after, mine, now_ms = b"", objects.proposals_of(who), house().clock.now_ms()
    while found := two_person.pending(conn, now_ms, *mine, after=after, limit=MOST):
        yield from found
        after = found[-1].id


def check_choice(name: str, value: str, known: Collection[str], detail: str) -> None:
    """Refuse what is not among the known. Raises `FormRefused`."""
    if value not in known:
        raise FormRefused(errors=[{"pointer": f"/{name}", "code": "value", "detail": detail}])


_OF_THE_REGION: Final = frozenset({"bank.read", "ledger.read"})
"""Policies of pages that show one whole: bank and book are the region's, not a county's."""


def tabs() -> list[tuple[str, str]]:
    """Return the pages of the desk that whoever asks may open."""
    pages = (
        ("/desk", "总览", "session.read"),
        ("/desk/proposals", "双人复核", "proposal.read"),
        ("/desk/held", "暂存记录", "held.read"),
        ("/desk/numbers", "查找与核卡", "worker.numbers.read"),
        ("/desk/disputes", "异议", "dispute.handle"),
        ("/desk/papers", "机构材料", "institution.paper.look"),
        ("/desk/claims", "补贴申领", "claim.read"),
        ("/desk/payables", "待拨付", "claim.pay"),
        ("/desk/payee-accounts", "收款账户", "payee-account.list"),
        ("/desk/bank", "支付与对账", "bank.read"),
        ("/desk/recoveries", "追回补贴", "recovery.read"),
        ("/desk/notices", "通知", "desk.notice.read"),
        ("/desk/people", "人员与授权", "official.read"),
        ("/desk/staff", "单位负责人", "staff.propose"),
        ("/desk/staff/acts", "单位人员变动", "act.staff.read"),
        ("/desk/clients", "接入系统", "client.read"),
        ("/desk/feeds", "数据流", "client.read"),
        ("/desk/fees", "收费监管", "fee.read"),
        ("/desk/funds", "资金与预算", "fund.read"),
        ("/desk/rules", "补贴规则", "rule.read"),
        ("/desk/ledger", "账簿", "ledger.read"),
        ("/desk/emergencies", "应急授权", "emergency.read"),
        ("/desk/looked", "查阅疑问", "looked-question.answer"),
        ("/desk/alarms", "查阅预警", "look-alarm.read"),
        ("/window", "窗口代办", "window.open"),
        ("/desk/slips", "签字单复核", "slip.read"),
        ("/desk/packs", "审计材料包", "audit-pack.read"),
        ("/desk/draws", "双随机抽查", "draw.read"),
        ("/desk/activate", "激活码", "login.activate"),
        ("/desk/identity", "身份核对", "identity-mismatch.read"),
        ("/desk/sessions", "我的登录", "session.desk"),
    )
    who, whole = actor(), Thing()
    return [(at, text) for at, text, it in pages if can(who, it, whole if it in _OF_THE_REGION else None)]


# -- proposals


@door(
    bp,
    "GET",
    "/desk/proposals",
    policy="proposal.read",
    surface=Surface.PAGE,
    query=ProposalsPageQuery,
    answer=HTML,
    summary="双人复核（网页） / Proposals",
)
def proposals_page(query: dict[str, Any]) -> flask.Response:
    """List what waits for a second person, or what became of it."""
    now, who, opened = house().clock.now_ms(), actor(), query["state"] == "open"
    seen = objects.proposals_of(who)
    with house().db.read() as conn:
        if opened:
            found = two_person.pending(conn, now, *seen, after=query["cursor"] or b"", limit=PAGE + 1)
        else:
            found = two_person.closed(
                conn, now, *seen, before=query["cursor"] or b"\xff" * 16, limit=PAGE + 1
            )
    return page(
        "desk_proposals.html",
        tabs=tabs(),
        opened=opened,
        first=query["cursor"] is None,
        items=[listed(one, who) for one in found[:PAGE]],
        following=words.uuid_text(found[PAGE - 1].id) if len(found) > PAGE else None,
    )


@door(
    bp,
    "GET",
    "/desk/proposals/<id:proposal_id>",
    policy="proposal.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(UnknownProposal,),
    summary="一项待办（网页） / One proposal in words",
)
def proposal_page(proposal_id: bytes) -> flask.Response:
    """Show what is proposed, and what became of it."""
    return _proposal(proposal_id)


@door(
    bp,
    "POST",
    "/desk/proposals/<id:proposal_id>/decide",
    policy="proposal.decide",
    surface=Surface.PAGE,
    body=Fields(WordPageForm),
    answer={303: None, 422: HTML},
    problems=(
        UnknownProposal,
        UnknownKind,
        SamePerson,
        AlreadyClosed,
        StaleProposal,
        NotMergeable,
        NumberTaken,
        NumberUnfit,
        StandingRefused,
        errors.ErasureBlocked,
        errors.HeldNotHere,
    ),
    summary="复核决定（网页） / Decide a proposal from its page",
)
def decide_button(proposal_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Approve or refuse; what stands against it is told on the page."""
    prove_for(proposal_id)
    try:
        check_choice("word", form["word"], ("approve", "refuse"), "请选择批准或退回")
        approve, reason = form["word"] == "approve", reason_of(form)
        who, place = actor(), house()

        def act(turn: Turn) -> str:
            deciding.decide_in(turn, place, proposal_id, who, approve=approve, reason=reason)
            return words.uuid_text(proposal_id)

        with number_conflicts.ending(place, proposal_id, who, http.current().id):
            once(act)
    except Problem as problem:
        return _told_in_place(proposal_id, form, problem)
    return go(f"/desk/proposals/{words.uuid_text(proposal_id)}")


@door(
    bp,
    "POST",
    "/desk/proposals/<id:proposal_id>/withdraw",
    policy="proposal.withdraw",
    surface=Surface.PAGE,
    body=Fields(ReasonPageForm),
    answer={303: None, 422: HTML},
    problems=(UnknownProposal, NotTheProposer, AlreadyClosed),
    summary="撤回待办（网页） / Withdraw one's own proposal from its page",
)
def withdraw_button(proposal_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take back what one has proposed oneself."""
    try:
        reason, by = reason_of(form), deciding.reference(actor())

        def act(turn: Turn) -> str:
            two_person.withdraw(turn, proposal_id, by, reason)
            return words.uuid_text(proposal_id)

        once(act)
    except Problem as problem:
        return _told_in_place(proposal_id, form, problem)
    return go(f"/desk/proposals/{words.uuid_text(proposal_id)}")


def _called(decider: str) -> str:
    """Return what a role is called, or the position of a department's people, who decide elsewhere."""
    return ROLES[Role(decider)] if decider in set(Role) else POSITIONS[Position(decider)]


def _role_told(found: Proposal) -> str:
    """Return in which role it was decided, and for whom the second person stood in."""
    role = ROLES.get(Role(found.decided_role), "") if found.decided_role in set(Role) else ""
    principal = f"，代 {name_of(f'{Kind.OFFICIAL}:{found.decided_for}')}" if found.decided_for else ""
    return role + principal


def _told_in_place(proposal_id: bytes, form: dict[str, Any], problem: Problem) -> flask.Response:
    if problem.status not in FAILED:
        raise problem
    return _proposal(proposal_id, form, problem)


def copy_again(proposal_id: bytes, typed: dict[str, Any], problem: Problem) -> flask.Response:
    """Show a decided copy again, with what was typed in order to make it and what is wrong with that."""
    return _proposal(proposal_id, typed, problem, copying=True)


def _copy_door(conn: Connection, found: Proposal) -> tuple[str, str]:
    """Return where whoever looks makes the copy that was decided, and why it cannot be made any more."""
    sort = copies.SORTS.get(found.kind)
    if sort is None or found.state != "done":
        return "", ""
    if copies.made(conn, sort, found):
        return "", "副本已经制作，这项批准已经用完；再次调取须重新提出。"
    if house().clock.now_ms() - (found.closed_ms or 0) > copies.LIFE_MS:
        return "", "批准已满三十日，不能再制作副本；仍需要的须重新提出。"
    if not can(actor(), sort.policy):
        return "", ""
    return f"/desk/workers/{found.payload['worker_id']}/{sort.door}", ""


def _proposal(
    proposal_id: bytes,
    typed: dict[str, Any] | None = None,
    problem: Problem | None = None,
    *,
    copying: bool = False,
) -> flask.Response:
    who = actor()
    with house().db.read() as conn:
        found = two_person.read(conn, proposal_id, house().clock.now_ms())
        found = two_person.shown(conn, found, house())
        copy, copy_over = _copy_door(conn, found)
        decides = deciding.may_decide(found, who)
        unsettled = closing.unsettled(house(), conn, found)
        shared = decides and found.kind == payee_accounts.KIND and payee_accounts.suspicious(conn, found)
    fields = GATE if copying else (REASON,)
    wrong, trouble = faults(problem, fields) if problem is not None else ({}, None)
    decider = deciding.reference(who) if found.decided_by is None else found.decided_by
    wanted = two_person.deciders(found.kind)
    return page(
        "desk_proposal.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        one=listed(found, who),
        told=proposal_words.told(found, institution_name()),
        importing=import_views.progress(found),
        moved=move_views.shown(found, who),
        sealing=sealing_views.shown(found, who),
        papers=proposal_papers.resting(house(), found),
        opens=deciding.may_decide(found, who) and can(who, "proposal.decide", found),
        number=own_archives.shown_number(house(), found)
        if found.kind == own_archives.KIND and decides
        else None,
        shared=shared,
        unsettled=unsettled,
        proposal=found,
        decided_by=name_of(decider),
        decided_role=_role_told(found),
        closed=words.instant(found.closed_ms) if found.closed_ms else "",
        deciders=[_called(role) for role in sorted(wanted or ())],
        decidable=wanted is not None,
        may_withdraw=found.proposed_by == deciding.reference(who)
        and found.state in ("open", "expired")
        and can(who, "proposal.withdraw"),
        copy=copy,
        copy_over=copy_over,
        copying=copying,
        once_only=found.kind in (copies.HOLD.kind, copies.HOLD_RECORD.kind),
        gate=GATE,
        fields=(REASON,),
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
    )
