"""Doors of the ledger (账簿): closed days and their seals, vouchers, balances, the book as beancount's text.

Read only, by inspectors, auditors and payers of the whole region: the book is one.
"""

import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any, Final

import flask
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import objects
from recordsvc.access.grants import Thing
from recordsvc.access.objects import named
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.access.services import house
from recordsvc.ground import answers
from recordsvc.ground.problems import Forbidden
from recordsvc.money.ledger import exporting, seals, sheets
from recordsvc.money.ledger.errors import AccountUntitled, DayNotClosed
from recordsvc.money.ledger.forms import BookQuery, ClosedDaysForm, SealForm
from recordsvc.money.ledger.sheets import Row
from recordsvc.money.ledger.tables import book, period

bp = flask.Blueprint("ledger", __name__)
SHEET: Final = Sends("text/csv")
MOST_DAYS: Final = 1_000
"""Closed days that the list shows."""


def _closed(conn: Connection, day: str) -> Thing | None:
    there = conn.execute(sa.select(period.c.day).where(period.c.day == day)).first()
    return None if there is None else Thing()


named("ledger_day", _closed, DayNotClosed)


@door(
    bp,
    "GET",
    "/v1/desk/ledger/days",
    policy="ledger.read",
    answer=ClosedDaysForm,
    problems=(Forbidden,),
    summary="日结清单 / Closed days of the ledger",
)
def list_days() -> flask.Response:
    """List the closed days, newest first."""
    return answers.answer(days(), form=ClosedDaysForm)


@door(
    bp,
    "GET",
    "/v1/desk/ledger/days/<ledger_day>",
    policy="ledger.read",
    answer=SealForm,
    problems=(DayNotClosed,),
    summary="一日的封存，重新计算并比对 / A day's seal, made anew from the journal and compared",
)
def show_seal(ledger_day: str) -> flask.Response:
    """Show a seal; where it does not match, name the places that were altered."""
    return answers.answer(seal_of(ledger_day), form=SealForm)


@door(
    bp,
    "GET",
    "/v1/desk/ledger/vouchers",
    policy="ledger.read",
    query=BookQuery,
    answer=SHEET,
    problems=(Forbidden, AccountUntitled),
    surface=Surface.FILE,
    summary="记账凭证表 / Vouchers as CSV or XLSX",
)
def export_vouchers(query: dict[str, Any]) -> flask.Response:
    """Send the vouchers of some days."""
    return _sheet("记账凭证", exporting.VOUCHERS, exporting.vouchers, query)


@door(
    bp,
    "GET",
    "/v1/desk/ledger/balances",
    policy="ledger.read",
    query=BookQuery,
    answer=SHEET,
    problems=(Forbidden, AccountUntitled),
    surface=Surface.FILE,
    summary="科目余额表 / Balances of accounts as CSV or XLSX",
)
def export_balances(query: dict[str, Any]) -> flask.Response:
    """Send the table of balances over some days."""
    return _sheet("科目余额表", exporting.BALANCES, exporting.balances, query)


@door(
    bp,
    "GET",
    "/v1/desk/ledger/beancount",
    policy="ledger.read",
    answer=Sends("text/plain"),
    problems=(Forbidden, AccountUntitled),
    surface=Surface.FILE,
    summary="全部账簿（beancount 文本） / The whole book as beancount's text, with balance assertions",
)
def export_beancount() -> flask.Response:
    """Send the whole book."""
    whole()
    with house().db.read() as conn:
        exporting.check(conn)
        text = "".join(exporting.beancount(conn))
    return _file(text.encode(), "text/plain; charset=utf-8", "ledger.beancount")


# -- shared with the pages


def whole() -> None:
    """Refuse whoever may not see the whole region's book. Raises `Forbidden`."""
    objects.whole("ledger.read")


def days() -> dict[str, Any]:
    """Return the closed days, and how many transfers are not closed yet."""
    whole()
    with house().db.read() as conn:
        rows = conn.execute(sa.select(period).order_by(period.c.size.desc()).limit(MOST_DAYS)).all()
        size = conn.execute(sa.select(book.c.size)).scalar() or 0
    closed = rows[0].size if rows else 0
    return {"items": [_told(row) for row in rows], "open_transfers": size - closed}


def seal_of(day: str) -> dict[str, Any]:
    """Return a day's seal and how it compares with the journal. Raises `DayNotClosed`."""
    with house().db.read() as conn:
        row = conn.execute(sa.select(period).where(period.c.day == day)).one_or_none()
        if row is None:
            raise DayNotClosed
        matches = seals.recompute(conn, day) == seals.sealed(row)
        altered = [] if matches else seals.altered(conn, day)
    return _told(row) | {"note": row.note, "matches": matches, "altered": altered}


def _told(row: sa.Row[Any]) -> dict[str, Any]:
    hashes = {name: bytes(getattr(row, name)).hex() for name in ("root", "balance", "previous")}
    return {
        "day": row.day,
        "start": row.start,
        "size": row.size,
        **hashes,
        "closed_ms": row.ms,
        "log_index": row.idx,
    }


def _sheet(
    title: str,
    head: tuple[str, ...],
    rows: Callable[[Connection, str, str], Iterator[Row]],
    query: dict[str, Any],
) -> flask.Response:
    whole()
    first, last, form = query["first"], query["last"], query["format"]
    with house().db.read() as conn:
        exporting.check(conn)
        found = list(rows(conn, first, last))
    if form == "xlsx":
        data, media = sheets.xlsx_file(title, head, found), sheets.XLSX
    else:
        data, media = sheets.csv_file(head, found), "text/csv; charset=utf-8"
    return _file(data, media, f"{title}-{first}-{last}.{form}")


def _file(data: bytes, media: str, name: str) -> flask.Response:
    quoted = urllib.parse.quote(name)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quoted}"}
    return flask.Response(data, 200, headers, content_type=media)
