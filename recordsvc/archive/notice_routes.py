"""Doors to notices: the worker's own, an institution's, the desks' of an official, and the list to print."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import flask
from sqlalchemy.engine import Connection

from recordsvc.access.entrance import actor
from recordsvc.access.errors import LoginPaced, PurposeRefused
from recordsvc.access.grants import author
from recordsvc.access.in_place_errors import OwnProofTyped
from recordsvc.access.policy import Sends, door
from recordsvc.access.services import reference
from recordsvc.archive import contact_change, noticeboard, own_proof, printing
from recordsvc.archive.forms import LookQuery
from recordsvc.archive.notice_forms import (
    MarkedForm,
    NewPhoneForm,
    NoticePageForm,
    OfficeNoticePageForm,
    OwnProofForm,
    PrintedForm,
    ReadForm,
)
from recordsvc.archive.noticeboard import NEWEST, Before, Notice
from recordsvc.archive.services import bp, house, own_institution, own_worker
from recordsvc.archive.wording import worded
from recordsvc.ground import answers, http
from recordsvc.ground.commit import Turn
from recordsvc.ground.paging import Cursors, PageQuery
from recordsvc.people.contacts import PhoneRefused

_HALF: Final = 1 << 64
List = Callable[[Connection, Before, int], list[Notice]]


@door(
    bp,
    "GET",
    "/v1/me/notices",
    policy="own.notice.read",
    query=PageQuery,
    answer=NoticePageForm,
    summary="我的通知 / What I was told, newest first",
)
def my_notices(query: dict[str, Any]) -> flask.Response:
    """List what the worker was told, in all archives that are read as the own one."""
    workers = own_workers()

    def listed(conn: Connection, before: Before, limit: int) -> list[Notice]:
        return noticeboard.of_workers(house(), conn, workers, before=before, limit=limit)

    return _page("worker", f"me-notices/{workers[0].hex()}", listed, query)


@door(
    bp,
    "POST",
    "/v1/me/notices/read",
    policy="own.notice.mark",
    body=ReadForm,
    answer=MarkedForm,
    summary="标为已读 / Mark notices as read",
)
def read_my_notices(form: dict[str, Any]) -> flask.Response:
    """Mark some or all of the worker's notices as read; again changes nothing."""
    workers = own_workers()
    count = house().db.write(lambda turn: noticeboard.mark_read(turn, workers, form["ids"]))
    return answers.answer({"count": count}, form=MarkedForm)


@door(
    bp,
    "POST",
    "/v1/me/notices/phone",
    policy="own.contact.set",
    step_up=True,
    body=NewPhoneForm,
    answer={204: None},
    problems=(PhoneRefused, OwnProofTyped, LoginPaced),
    summary="设置接收通知的手机 / Set the phone to be told at",
)
def set_my_phone(form: dict[str, str]) -> flask.Response:
    """Keep the number; old and new number hear of it. The same again changes nothing."""
    change_phone(form, form["phone"])
    return flask.Response(status=204)


@door(
    bp,
    "POST",
    "/v1/me/notices/phone/remove",
    policy="own.contact.set",
    step_up=True,
    body=OwnProofForm,
    answer={204: None},
    problems=(OwnProofTyped, LoginPaced),
    summary="不再用手机接收通知 / Forget the phone",
)
def remove_my_phone(form: dict[str, str]) -> flask.Response:
    """Forget the number, which hears of it; again changes nothing."""
    change_phone(form, None)
    return flask.Response(status=204)


def change_phone(form: Mapping[str, Any], number: str | None) -> None:
    """Change where the worker who asks is told, at the window with the worker's own proof; None: forget it.

    Raises `PhoneRefused`, `OwnProofTyped`, `LoginPaced`.
    """
    who, place, own = actor(), house(), own_worker()
    # No slip: it is typed by the worker, so that no clerk alone moves where warnings go.
    settle = own_proof.typed(place, who, form)
    source = "self" if who.through is None else author(who)

    def act(turn: Turn) -> None:
        settle(turn)
        if number is None:
            contact_change.remove(turn, place, own)
        else:
            contact_change.set_phone(turn, place, own, number, source)

    place.db.write(act)


@door(
    bp,
    "GET",
    "/v1/institution/notices",
    policy="institution.notice.read",
    query=PageQuery,
    answer=OfficeNoticePageForm,
    summary="本单位的通知 / What an institution was told, newest first",
)
def institution_notices(query: dict[str, Any]) -> flask.Response:
    """List what the client's institution was told."""
    addressee = f"institution:{own_institution()}"

    def listed(conn: Connection, before: Before, limit: int) -> list[Notice]:
        return noticeboard.of_office(conn, [addressee], before=before, limit=limit)

    return _page("institution", f"notices/{addressee}", listed, query)


@door(
    bp,
    "POST",
    "/v1/institution/notices/read",
    policy="institution.notice.mark",
    body=ReadForm,
    answer=MarkedForm,
    summary="本单位的通知标为已读 / Mark an institution's notices as read, for all of it",
)
def read_institution_notices(form: dict[str, Any]) -> flask.Response:
    """Mark some or all notices of the institution as read; again changes nothing."""
    return answers.answer({"count": marked_for_institution(form["ids"])}, form=MarkedForm)


@door(
    bp,
    "GET",
    "/v1/desk/notices",
    policy="desk.notice.read",
    query=PageQuery,
    answer=OfficeNoticePageForm,
    summary="工作台通知 / What the desks of an official were told, newest first",
)
def desk_notices(query: dict[str, Any]) -> flask.Response:
    """List what those desks were told that the official's roles read."""
    who = actor()

    def listed(conn: Connection, before: Before, limit: int) -> list[Notice]:
        return noticeboard.of_desks(conn, who, before=before, limit=limit)

    return _page("desk", f"desk-notices/{actor().id}", listed, query)


@door(
    bp,
    "POST",
    "/v1/desk/notices/read",
    policy="desk.notice.mark",
    body=ReadForm,
    answer=MarkedForm,
    summary="工作台通知标为已读 / Mark notices of one's desks and area as read, for all colleagues",
)
def read_desk_notices(form: dict[str, Any]) -> flask.Response:
    """Mark some or all notices that the official reads; again changes nothing."""
    return answers.answer({"count": marked_for_desks(form["ids"])}, form=MarkedForm)


def marked_for_institution(ids: Sequence[bytes] | None = None) -> int:
    """Mark notices of the institution of whoever asks as read; how many were unread."""
    own, by = [f"institution:{own_institution()}"], reference()
    return house().db.write(lambda turn: noticeboard.mark_office_read(turn, own, by=by, ids=ids))


def marked_for_desks(ids: Sequence[bytes] | None = None) -> int:
    """Mark notices that the official who asks reads as read; how many were unread."""
    who, by = actor(), reference()
    desks, here = noticeboard.desks_of(who.roles), noticeboard.of_area(who)
    return house().db.write(lambda turn: noticeboard.mark_office_read(turn, desks, here, by=by, ids=ids))


# -- on paper


@door(
    bp,
    "GET",
    "/v1/desk/notices/print",
    policy="notice.print",
    query=LookQuery,
    answer=Sends("text/csv"),
    problems=(PurposeRefused,),
    summary="待打印的通知（CSV） / Notices for people without a phone, to print",
    description="Columns id, name, number (last four characters), at, title, text; UTF-8 with a byte order "
    "mark. A row of who looked is durable for each worker before the list leaves.",
)
def print_list(query: dict[str, str]) -> flask.Response:
    """Send the list to print; each worker on it reads who took it."""
    slips = printing.slips(house(), actor(), query["purpose"], query["case_ref"], http.current().id)
    headers = {"Content-Disposition": 'attachment; filename="notices.csv"'}
    return flask.Response(printing.csv_of(slips), 200, headers, content_type="text/csv; charset=utf-8")


@door(
    bp,
    "POST",
    "/v1/desk/notices/printed",
    policy="notice.print",
    body=PrintedForm,
    answer=MarkedForm,
    summary="标为已打印 / Mark notices as printed",
)
def mark_printed(form: dict[str, Any]) -> flask.Response:
    """Take letters off the list; the act leaves a row with the official's name."""
    count = printing.mark_printed(house(), actor(), form["ids"])
    return answers.answer({"count": count}, form=MarkedForm)


# -- shared with the pages


def own_workers() -> list[bytes]:
    """Return the worker who asks, then those whose archives are read as this one."""
    own = own_worker()
    with house().db.read_raw() as cursor:
        return [own, *house().people.read_as(cursor, own)]


def paged(context: str, listed: List, cursor: str | None, limit: int) -> tuple[list[Notice], str | None]:
    """Return a page of notices behind a cursor, and the next cursor. Raises `CursorRefused`."""
    cursors: Cursors = flask.current_app.extensions["cursors"]
    before = NEWEST
    if cursor:
        at_ms, high, low = cursors.read(context, cursor)
        before = (at_ms, (high * _HALF + low).to_bytes(16))
    with house().db.read() as conn:
        found = listed(conn, before, limit + 1)
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    high, low = divmod(int.from_bytes(last.notice_id), _HALF)
    return found[:limit], cursors.make(context, last.at_ms, high, low)


def _page(audience: str, context: str, listed: List, query: dict[str, Any]) -> flask.Response:
    found, following = paged(context, listed, query["cursor"], query["limit"])
    form = NoticePageForm if audience == "worker" else OfficeNoticePageForm
    return answers.answer({"items": _told(audience, found), "next": following}, form=form)


def _told(audience: str, found: Sequence[Notice]) -> list[dict[str, Any]]:
    items = []
    for notice in found:
        words = worded(house(), audience, notice)
        marked = {} if audience == "worker" else {"read_by": notice.read_by}
        items.append(
            {
                "id": notice.notice_id,
                "kind": notice.kind,
                "params": notice.params,
                "at_ms": notice.at_ms,
                "read_ms": notice.read_ms,
                "title_zh": words.title_zh,
                "text_zh": words.text_zh,
                "title_en": words.title_en,
                "text_en": words.text_en,
                **marked,
            }
        )
    return items


def ids_of(text: str) -> list[bytes] | None:
    """Return the ids of a comma-separated field of a page; None where one is none."""
    try:
        return [uuid.UUID(part).bytes for part in text.split(",") if part]
    except ValueError:
        return None
