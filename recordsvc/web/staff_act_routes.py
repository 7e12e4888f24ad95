"""The desk's page of who let whom in, and out, at institutions (单位人员变动)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import flask

from recordsvc.access import staff
from recordsvc.access.acts import Act, Done
from recordsvc.access.grants import Position
from recordsvc.access.head_routes import staff_acts
from recordsvc.access.policy import Surface, door
from recordsvc.access.staff import Member
from recordsvc.ground.forms import Form, Identifier
from recordsvc.ground.ports import uuid_text
from recordsvc.web import words
from recordsvc.web.centre_routes import POSITIONS
from recordsvc.web.desk_routes import institution_name, name_of, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import page
from recordsvc.web.services import bp, house

PAGE: Final = 50
WORDS: Final = {
    Act.STAFF_CODE: ("生成登录码", "mute"),
    Act.STAFF_LOST: ("挂失并生成登录码", "warn"),
    Act.STAFF_ENDED: ("收回岗位", "mute"),
    Act.STAFF_CLOSED: ("停用账号", "mute"),
    Act.STAFF_INVITED: ("邀请人员", "info"),
    Act.STAFF_UNINVITED: ("收回邀请", "mute"),
    Act.GROUP_ONE_INVITER: ("认定的两名专员由同一人邀请", "warn"),
}
"""What each act is called, and its tone; a test holds it complete."""


@dataclass(frozen=True, slots=True)
class Line:
    """One act in words."""

    at: str
    what: tuple[str, str]
    institution: str
    uscc: str
    by: str
    about: str
    """Whose account it was, or by whom both were invited; empty where the institution is all."""
    position: str


class StaffActsPageQuery(Form):
    """From before which act."""

    before = Identifier(load_default=None)


@door(
    bp,
    "GET",
    "/desk/staff/acts",
    policy="act.staff.read",
    surface=Surface.PAGE,
    query=StaffActsPageQuery,
    answer=HTML,
    summary="单位人员变动（网页） / Who let whom in, and out, at institutions",
)
def staff_acts_page(query: dict[str, Any]) -> flask.Response:
    """List it, newest first."""
    found = staff_acts(query["before"], PAGE)
    with house().db.read() as conn:
        people = staff.load(conn)
    called = institution_name()
    return page(
        "desk_staff_acts.html",
        tabs=tabs(),
        lines=[_line(one, people, called) for one in found],
        older=uuid_text(found[-1].id) if len(found) == PAGE else "",
        first=query["before"] is None,
    )


def _line(one: Done, people: Mapping[str, Member], called: Callable[[str], str]) -> Line:
    act = Act(one.act)
    subject = people.get(one.subject)
    uscc = one.subject if subject is None else subject.institution
    about = "" if subject is None else _person(f"staff:{one.subject}", people)
    if act is Act.GROUP_ONE_INVITER:
        about = _person(one.reason, people)
    position = POSITIONS[Position(one.reason)] if one.reason in set(Position) else ""
    by = _person(one.actor, people)
    return Line(words.instant(one.at_ms), WORDS[act], called(uscc), uscc, by, about, position)


def _person(author: str, people: Mapping[str, Member]) -> str:
    """Return somebody as the desk knows them: name and account."""
    kind, _, account = author.partition(":")
    member = people.get(account) if kind == "staff" else None
    return name_of(author) if member is None else f"{member.name}（{account}）"
