"""Pages of an institution's people (本单位): who it is, its people, notices, objections, held records."""

import datetime as dt
from typing import Any, Final

import flask
from marshmallow import fields

from recordsvc.access import own_routes, staff, staff_routes
from recordsvc.access.acts import Act
from recordsvc.access.entrance import actor
from recordsvc.access.errors import StaffRefused, StaffUnknown, StepUpRequired
from recordsvc.access.grants import Position, can
from recordsvc.access.policy import Surface, door
from recordsvc.archive import centre_routes, disputes, held
from recordsvc.archive.services import own_institution
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import BEIJING
from recordsvc.ground.problems import FormRefused, NotFound
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.desk_forms import Field, faults
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

SHOWN: Final = 50
POSITIONS: Final = {
    Position.HEAD: "经办负责人",
    Position.CLERK: "机构经办",
    Position.TEACHER: "教师",
    Position.SIGNER: "签发人",
    Position.HR: "用人单位人力资源",
    Position.OFFICER: "部门专员",
}
"""What each position is called; a test holds it complete."""
STATES: Final = {
    "held": ("等待经办", "wait"),
    "approved": ("已批准，等待入档", "info"),
    "returned": ("已退回", "bad"),
}
KEY_STATES: Final = {
    "registered": ("有效", "good"),
    "suspended": ("已暂停", "warn"),
    "revoked": ("已吊销", "bad"),
}
ON_STAFF: Final = {
    Act.STAFF_CODE: "生成一次性登录码",
    Act.STAFF_LOST: "挂失：停用全部登录方式、结束登录并生成登录码",
    Act.STAFF_ENDED: "收回岗位",
}
"""What others did to the account of a person of an institution; a test holds it complete."""
NEWS_MS: Final = 14 * 86_400_000
"""How long a loss that somebody reported stands on the first page of whose account it was, ms."""
INVITE: Final = (
    Field("name", "姓名", hint="按身份证件填写；对方用邀请码加入后，以此姓名留痕。", most=80),
    Field("position", "岗位", "choice", rows=tuple((one.value, word) for one, word in POSITIONS.items())),
    Field("until", "岗位截止日", "day", hint="可不填，即长期；填写的当天仍然有效。"),
)


class InvitePageForm(Form):
    """Whom a head invites, as typed."""

    name = text(0, 200, load_default="")
    position = text(0, 20, load_default="")
    until = text(0, 10, load_default="")


class EndPageForm(Form):
    """Which position ends."""

    position = fields.String(required=True)


class CodePageForm(Form):
    """Whether the person lost their device."""

    lost = text(0, 3, load_default="")


class NothingPageForm(Form):
    """A button that says everything by itself."""


def tabs() -> list[tuple[str, str]]:
    """Return the pages of the institution that whoever asks may open."""
    own = actor()
    pages = (
        ("/centre", "概况", "centre.read"),
        ("/centre/classes", "班级", "class.read"),
        ("/centre/groups", "人员类别", "group.keep"),
        ("/centre/people", "人员", "centre.people.read"),
        ("/centre/records", "未入档记录", "centre.record.read"),
        ("/centre/fees", "收费", "fee.counter"),
        ("/centre/shared", "收到的共享", "shared.read"),
        ("/centre/claims", "代办申领", "institution.claim.read"),
        ("/centre/apprentices", "学徒", "institution.claim.read"),
        ("/centre/disputes", "异议", "dispute.read"),
        ("/centre/notices", "通知", "institution.notice.read"),
        ("/centre/sessions", "我的登录", "session.centre"),
    )
    return [(path, word) for path, word, policy in pages if can(own, policy, own)]


@door(
    bp,
    "GET",
    "/centre",
    policy="centre.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="本单位（网页） / One's own institution",
)
def centre_page() -> flask.Response:
    """Show what the institution is here: positions of who asks, keys with dates, machines."""
    told = centre_routes.overview()
    member = access_member()
    keys = [
        {
            "kid": key["kid"],
            "state": KEY_STATES.get(key["state"], (key["state"], "mute")),
            "since": words.instant(key["not_before_ms"]) if key["not_before_ms"] else "登记时起",
            "until": words.instant(key["not_after_ms"]) if key["not_after_ms"] else "未定",
        }
        for key in told["items"]
    ]
    return page(
        "centre.html",
        tabs=tabs(),
        told=told,
        kind=words.code("issuer_kinds", told["kind"]) if told["kind"] else "",
        who="" if member is None else member.name,
        positions=[POSITIONS[Position(one)] for one in told["positions"]],
        keys=keys,
        ending=[
            {"word": POSITIONS[Position(one.position)], "last": words.day(one.last_on)}
            for one in told["ending"]
        ],
        waiting=_waiting(),
        lost=[one for one in done_to_me() if one["lost"] and one["at_ms"] > house().clock.now_ms() - NEWS_MS],
    )


def done_to_me() -> list[dict[str, Any]]:
    """Return what others did lately to the account of whoever asks, in words, newest first."""
    with house().db.read() as conn:
        names = {f"staff:{one.staff_id}": one.name for one in staff.of_institution(conn, own_institution())}
    return [
        {
            "word": ON_STAFF[Act(one.act)],
            "by": names.get(one.actor, "登记机关"),
            "at_ms": one.at_ms,
            "lost": one.act == Act.STAFF_LOST,
        }
        for one in own_routes.console_acts()
    ]


def _waiting() -> tuple[int, str] | None:
    """Return how many objections wait for the institution's answer and the first term; None: not shown."""
    if not can(actor(), "dispute.read", actor()):
        return None
    with house().db.read() as conn:
        found = [
            one
            for one in disputes.of_issuer(conn, own_institution(), limit=SHOWN)
            if one.owner == disputes.ISSUER
        ]
    return (len(found), words.day(found[0].due_on)) if found else None


@door(
    bp,
    "GET",
    "/centre/people",
    policy="centre.people.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="本单位人员（网页） / The people of one's own institution",
)
def people_page() -> flask.Response:
    """List people and open invitations; a head also invites and ends."""
    return _people()


@door(
    bp,
    "POST",
    "/centre/invitations",
    policy="centre.people.change",
    surface=Surface.PAGE,
    body=Fields(InvitePageForm),
    step_up=True,
    answer={200: HTML, 422: HTML},
    problems=(StaffRefused,),
    summary="邀请人员（网页） / Invite somebody by name",
)
def invite_button(form: dict[str, Any]) -> flask.Response:
    """Invite, and show the code this once."""
    try:
        if form["position"] not in list(Position):
            raise _wrong("position", "请选择岗位")
        code = staff_routes.invited(form["name"], form["position"], _until(form["until"]))
    except FormRefused as problem:
        return _people(form, faults(problem, INVITE)[0], status=422)
    return _people(code=code, invited=form["name"].strip())


@door(
    bp,
    "POST",
    "/centre/invitations/<id:invitation_id>/end",
    policy="centre.people.change",
    surface=Surface.PAGE,
    body=Fields(NothingPageForm),
    answer={303: None},
    problems=(NotFound,),
    summary="收回邀请（网页） / Take back an invitation",
)
def uninvite_button(invitation_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - empty
    """Take back an invitation that nobody has used."""
    staff_routes.uninvited(invitation_id)
    return go("/centre/people")


@door(
    bp,
    "POST",
    "/centre/people/<staff_id>/end",
    policy="centre.people.change",
    surface=Surface.PAGE,
    body=Fields(EndPageForm),
    answer={303: None, 422: HTML},
    problems=(StaffUnknown, StaffRefused),
    summary="收回岗位（网页） / End a position",
)
def end_button(staff_id: str, form: dict[str, Any]) -> flask.Response:
    """End a position from the next request on."""
    try:
        if form["position"] not in list(Position):
            raise _wrong("position", "请选择岗位")
        staff_routes.ended(staff_id, form["position"])
    except FormRefused as problem:
        return _people(trouble=str(problem.errors[0]["detail"]), status=422)
    return go("/centre/people")


@door(
    bp,
    "POST",
    "/centre/people/<staff_id>/close",
    policy="centre.people.change",
    surface=Surface.PAGE,
    body=Fields(NothingPageForm),
    answer={303: None, 422: HTML},
    problems=(StaffUnknown, StaffRefused),
    summary="停用账号（网页） / Close an account",
)
def close_button(staff_id: str, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - empty
    """Close an account."""
    try:
        staff_routes.closed(staff_id)
    except FormRefused as problem:
        return _people(trouble=str(problem.errors[0]["detail"]), status=422)
    return go("/centre/people")


@door(
    bp,
    "POST",
    "/centre/people/<staff_id>/code",
    policy="centre.people.change",
    surface=Surface.PAGE,
    body=Fields(CodePageForm),
    step_up=True,
    answer={200: HTML, 422: HTML},
    problems=(StaffUnknown, StaffRefused, StepUpRequired),
    summary="生成一次性登录码（网页） / Make a one-time login code",
)
def code_button(staff_id: str, form: dict[str, Any]) -> flask.Response:
    """Make a code, and show it this once; `lost` ends the person's ways in first."""
    try:
        code = staff_routes.new_code(staff_id, own_institution(), lost=form["lost"] == "yes")
    except FormRefused as problem:
        return _people(trouble=str(problem.errors[0]["detail"]), status=422)
    return _people(code=code, login=staff_id)


@door(
    bp,
    "GET",
    "/centre/records",
    policy="centre.record.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="未入档的记录（网页） / One's own records that wait or came back",
)
def records_page() -> flask.Response:
    """List what has no receipt yet, with the reason."""
    with house().db.read() as conn:
        found = held.of_issuer(conn, own_institution(), limit=SHOWN)
    rows = [
        {
            "id": words.uuid_text(one.held_id),
            "state": STATES[one.state],
            "reason": words.code("hold_reasons", one.reason),
            "at": words.instant(one.received_ms),
            "note": one.note or "",
        }
        for one in found
    ]
    return page("centre_records.html", tabs=tabs(), rows=rows, most=SHOWN)


def access_member() -> staff.Member | None:
    """Return who asks, as the register has them."""
    with house().db.read() as conn:
        return next(
            (one for one in staff.of_institution(conn, own_institution()) if one.staff_id == actor().id), None
        )


def _people(
    typed: dict[str, Any] | None = None,
    wrong: dict[str, str] | None = None,
    *,
    status: int = 200,
    code: str = "",
    invited: str = "",
    login: str = "",
    trouble: str = "",
) -> flask.Response:
    now, own = house().clock.now_ms(), actor()
    with house().db.read() as conn:
        people = staff.of_institution(conn, own_institution())
        waiting = staff.invitations(conn, own_institution(), now)
    names = {f"staff:{one.staff_id}": one.name for one in people}
    return page(
        "centre_people.html",
        status,
        tabs=tabs(),
        people=[_line(one, now, names) for one in people],
        waiting=[
            {
                "id": words.uuid_text(one.invitation_id),
                "name": one.name,
                "position": POSITIONS[Position(one.position)],
                "until": words.instant(one.expires_ms),
                "by": names.get(one.invited_by, one.invited_by),
            }
            for one in waiting
        ],
        changes=can(own, "centre.people.change", own),
        me=own.id,
        fields=INVITE,
        typed=typed or {},
        wrong=wrong or {},
        code=code,
        invited=invited,
        login=login,
        trouble=trouble,
    )


def _line(one: staff.Member, now: int, names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": one.staff_id,
        "name": one.name,
        "closed": one.closed_ms is not None,
        "added": words.instant(one.added_ms),
        "by": names.get(
            one.invited_by, "登记机关" if one.invited_by.startswith("official:") else one.invited_by
        ),
        "posts": [
            {
                "code": post.position,
                "word": POSITIONS[Position(post.position)],
                "now": one.closed_ms is None and post.in_force(now),
                "since": words.instant(post.from_ms),
                "until": words.instant(post.until_ms) if post.until_ms else "",
            }
            for post in one.posts
        ],
    }


def _until(day: str) -> int | None:
    if not day:
        return None
    try:
        last = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(), BEIJING) + dt.timedelta(days=1)
    except (ValueError, OverflowError):
        raise _wrong("until", "应为日期（YYYY-MM-DD）") from None
    return int(last.timestamp() * 1_000)


def _wrong(name: str, detail: str) -> FormRefused:
    return FormRefused(errors=[{"pointer": f"/{name}", "code": "value", "detail": detail}])
