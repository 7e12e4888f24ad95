"""The page of an institution's notices (本单位的通知): what it was told, and who there has read it."""

from dataclasses import asdict
from typing import Any

import flask

from recordsvc.access import staff
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Kind, can
from recordsvc.access.policy import Surface, door
from recordsvc.archive import noticeboard
from recordsvc.archive.notice_routes import marked_for_institution
from recordsvc.archive.services import own_institution
from recordsvc.ground.reading import Fields
from recordsvc.web.centre_routes import SHOWN, tabs
from recordsvc.web.forms import NoFieldsForm
from recordsvc.web.notice_routes import line_of
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house


@door(
    bp,
    "GET",
    "/centre/notices",
    policy="institution.notice.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="本单位的通知（网页） / What the institution was told",
)
def centre_notices_page() -> flask.Response:
    """List notices, newest first; from one of a case the way leads to the case."""
    own, who = [f"institution:{own_institution()}"], actor()
    with house().db.read() as conn:
        found = noticeboard.of_office(conn, own, limit=SHOWN)
        unread = noticeboard.unread_of_office(conn, own)
        people = staff.of_institution(conn, own_institution())
    names = {f"{Kind.STAFF}:{one.staff_id}": one.name for one in people}
    cases = can(who, "dispute.read", who)

    def called(by: str | None) -> str:
        return names.get(by or "", "报送系统")

    return page(
        "centre_notices.html",
        tabs=tabs(),
        notices=[
            asdict(line_of("institution", one, called))
            | {"case": one.params.get("case_id") if cases else None}
            for one in found
        ],
        unread=unread,
        may_mark=can(who, "institution.notice.mark", who),
    )


@door(
    bp,
    "POST",
    "/centre/notices/read",
    policy="institution.notice.mark",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer={303: None},
    summary="本单位的通知全部标为已读（网页） / Mark all notices of the institution as read from their page",
)
def centre_read_button(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button has no fields
    """Mark everything as read, for the whole institution."""
    marked_for_institution()
    return go("/centre/notices")
