"""Pages of notices (通知): the worker's, with the phone to be told at; the desk's; the letters to print."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import flask
from sqlalchemy.engine import Connection

from recordsvc.access.entrance import actor
from recordsvc.access.errors import LoginPaced, PurposeRefused
from recordsvc.access.grants import can
from recordsvc.access.in_place_errors import OwnProofTyped
from recordsvc.access.policy import Surface, door
from recordsvc.archive import noticeboard, printing
from recordsvc.archive.forms import LookQuery
from recordsvc.archive.notice_routes import change_phone, ids_of, marked_for_desks, own_workers, paged
from recordsvc.archive.noticeboard import Before, Notice
from recordsvc.archive.wording import worded
from recordsvc.ground import http
from recordsvc.ground.problems import FormRefused
from recordsvc.ground.reading import Fields
from recordsvc.people import contacts
from recordsvc.people.contacts import PhoneRefused
from recordsvc.web import words
from recordsvc.web.desk_forms import purposes
from recordsvc.web.desk_routes import name_of, tabs
from recordsvc.web.forms import NoFieldsForm, NoticePageQuery, PhoneForm, PrintedButtonForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

PAGE: Final = 30


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One notice in plain words."""

    title: str
    text: str
    at: str
    unread: bool
    read: str = ""
    """Who marked an office's notice as read, and when."""


def line_of(
    audience: str, notice: Notice, called: Callable[[str | None], str] = lambda who: who or ""
) -> NoticeLine:
    """Say what was told, and when; of an office's notice, who has read it."""
    said = worded(house(), audience, notice)
    read = ""
    if notice.read_ms is not None and audience != "worker":
        read = f"{called(notice.read_by)} {words.instant(notice.read_ms)}已读"
    return NoticeLine(said.title_zh, said.text_zh, words.instant(notice.at_ms), notice.read_ms is None, read)


@door(
    bp,
    "GET",
    "/me/notices",
    policy="own.notice.read",
    surface=Surface.PAGE,
    query=NoticePageQuery,
    answer=HTML,
    summary="我的通知（网页） / What I was told, and where I want to be told",
)
def notices_page(query: dict[str, Any]) -> flask.Response:
    """List what the worker was told, newest first."""
    return _notices_page(query["cursor"])


def _notices_page(cursor: str | None, error: str = "") -> flask.Response:
    workers = own_workers()

    def listed(conn: Connection, before: Before, limit: int) -> list[Notice]:
        return noticeboard.of_workers(house(), conn, workers, before=before, limit=limit)

    found, older = paged(f"me-notices/{workers[0].hex()}", listed, cursor, PAGE)
    with house().db.read() as conn:
        unread = noticeboard.unread(conn, workers)
    with house().db.read_raw() as driver:
        worker = house().people.load(driver, workers[0])
        phone = None if worker is None else contacts.phone_of(house().people, driver, worker)
    return page(
        "notices.html",
        422 if error else 200,
        notices=[line_of("worker", one) for one in found],
        older=older,
        first=cursor is None,
        unread=unread,
        phone="" if phone is None else words.masked(phone),
        error=error,
        slips=None,
    )


@door(
    bp,
    "POST",
    "/me/notices/read",
    policy="own.notice.mark",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer={303: None},
    summary="全部标为已读（网页） / Mark all notices as read from their page",
)
def read_button(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button has no fields
    """Mark everything as read."""
    workers = own_workers()
    house().db.write(lambda turn: noticeboard.mark_read(turn, workers))
    return go("/me/notices")


@door(
    bp,
    "POST",
    "/me/notices/phone",
    policy="own.contact.set",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(PhoneForm),
    answer={303: None, 422: HTML},
    problems=(LoginPaced,),
    summary="设置接收通知的手机（网页） / Set the phone to be told at",
)
def phone_button(form: dict[str, str]) -> flask.Response:
    """Keep the number, or show the form again with what is wrong."""
    return _changed(form, form["phone"])


@door(
    bp,
    "POST",
    "/me/notices/phone/remove",
    policy="own.contact.set",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(PhoneForm),
    answer={303: None, 422: HTML},
    problems=(LoginPaced,),
    summary="不再用手机接收通知（网页） / Forget the phone",
)
def phone_remove_button(form: dict[str, str]) -> flask.Response:
    """Forget the number."""
    return _changed(form, None)


def _changed(form: dict[str, str], number: str | None) -> flask.Response:
    """Change where the worker is told, and say in place what is wrong."""
    try:
        change_phone(form, number)
    except PhoneRefused:
        return _notices_page(None, "请填写 11 位手机号码")
    except OwnProofTyped as unproven:
        return _notices_page(None, f"{unproven.title_zh}。{unproven.remedy_zh}")
    return go("/me/notices")


# -- the desk


@door(
    bp,
    "GET",
    "/desk/notices",
    policy="desk.notice.read",
    surface=Surface.PAGE,
    query=NoticePageQuery,
    answer=HTML,
    summary="工作台通知（网页） / What my desks were told",
)
def desk_notices_page(query: dict[str, Any]) -> flask.Response:
    """List what the official's desks were told, and how many letters wait to be printed."""
    who = actor()

    def listed(conn: Connection, before: Before, limit: int) -> list[Notice]:
        return noticeboard.of_desks(conn, who, before=before, limit=limit)

    found, older = paged(f"desk-notices/{actor().id}", listed, query["cursor"], PAGE)
    with house().db.read() as conn:
        desks = noticeboard.desks_of(who.roles)
        unread = noticeboard.unread_of_office(conn, desks, noticeboard.of_area(who))
    return page(
        "desk_notices.html",
        tabs=tabs(),
        notices=[line_of("desk", one, name_of) for one in found],
        older=older,
        unread=unread,
        may_mark=can(actor(), "desk.notice.mark"),
        first=query["cursor"] is None,
        may_print=can(actor(), "notice.print"),
        waiting=printing.waiting(house()),
        purposes=purposes(),
    )


@door(
    bp,
    "POST",
    "/desk/notices/read",
    policy="desk.notice.mark",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer={303: None},
    summary="工作台通知全部标为已读（网页） / Mark all notices of one's desks as read from their page",
)
def read_desk_button(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button has no fields
    """Mark everything that the official reads as read."""
    marked_for_desks()
    return go("/desk/notices")


@door(
    bp,
    "GET",
    "/desk/notices/print",
    policy="notice.print",
    surface=Surface.PAGE,
    query=LookQuery,
    answer=HTML,
    problems=(PurposeRefused,),
    summary="待打印的通知（网页） / Notices for people without a phone, to print",
)
def print_page(query: dict[str, str]) -> flask.Response:
    """Show the letters, one below the other; each worker on it reads who took the list."""
    slips = printing.slips(house(), actor(), query["purpose"], query["case_ref"], http.current().id)
    return page("print.html", slips=slips, ids=",".join(words.uuid_text(slip.id) for slip in slips))


@door(
    bp,
    "POST",
    "/desk/notices/printed",
    policy="notice.print",
    surface=Surface.PAGE,
    body=Fields(PrintedButtonForm),
    answer={303: None},
    summary="标为已打印（网页） / Mark the letters of the page as printed",
)
def printed_button(form: dict[str, str]) -> flask.Response:
    """Take the letters of the page off the list."""
    ids = ids_of(form["ids"])
    if ids is None:
        raise FormRefused(errors=[{"pointer": "/ids", "code": "value", "detail": "应为编号"}])
    printing.mark_printed(house(), actor(), ids)
    return go("/desk/notices")
