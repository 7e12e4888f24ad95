"""Offerings (收费项目): a class or exam that an institution charges for, at published prices from a day on.

A price begins today or later and is never changed: a new one begins on another day. Progress only grows. An
offering that is called off takes no more money, and every learner is paid back the part that was not held.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.money.fees import postings
from recordsvc.money.fees.errors import OfferingOver, OfferingRefused, OfferingUnknown
from recordsvc.money.fees.tables import fee_cancellation, fee_offering, fee_price, fee_progress

if TYPE_CHECKING:
    from recordsvc.house import House

SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Offering:
    """One offering; `held` of its units have been held, `cancelled` says why it was called off."""

    offering_id: bytes
    institution: str
    kind: str
    course: str
    title: str
    units: int
    until_on: str
    registered_by: str
    registered_ms: int
    held: int = 0
    cancelled: str | None = None

    def open_on(self, day: str) -> bool:
        """Whether it may be ordered on a Beijing day."""
        return self.cancelled is None and day <= self.until_on


@dataclass(frozen=True, slots=True)
class Price:
    """A price from a day on: amount in fen, where and when it was made public."""

    from_on: str
    amount_fen: int
    basis: str
    published_on: str


def register(turn: Turn, house: "House", institution: str, said: Mapping[str, Any], by: str) -> bytes:
    """Register an offering with its first price; its id. Raises `OfferingRefused`."""
    today = beijing_date(turn.now_ms).isoformat()
    known = house.institutions.find(institution, turn.conn)
    if known is None or not known.in_force(today):
        raise _refused("institution", "本单位不在册或已停办", "the institution is not in force")
    if _day("until_on", said["until_on"]) < today:
        raise _refused("until_on", "不能早于今天", "it has passed")
    offering_id = uuid7(FixedClock(turn.now_ms), house.random)
    row = {
        "offering_id": offering_id,
        "institution": institution,
        **{name: said[name] for name in ("kind", "course", "title", "units", "until_on")},
        "registered_by": by,
        "registered_ms": turn.now_ms,
    }
    try:
        with turn.conn.begin_nested():
            turn.conn.execute(fee_offering.insert().values(row))
    except sa.exc.IntegrityError:
        raise _refused("course", "本单位已登记过这个编号", "the institution has this code") from None
    bound.wrote(turn, fee_offering, row)
    postings.open_places(turn, institution, by)
    price(turn, find(turn.conn, offering_id), said, by)
    return offering_id


def price(turn: Turn, one: Offering, said: Mapping[str, Any], by: str) -> None:
    """Enter a price that begins today or later. Raises `OfferingRefused`, `OfferingOver`."""
    today = beijing_date(turn.now_ms).isoformat()
    if one.cancelled is not None:
        raise OfferingOver
    if _day("from_on", said["from_on"]) < today:
        raise _refused("from_on", "收费标准不能追溯，最早从今天起", "a price never begins in the past")
    if _day("published_on", said["published_on"]) > said["from_on"]:
        raise _refused("published_on", "须先公示后收费", "it is made public before it holds")
    row = {
        "offering_id": one.offering_id,
        **{name: said[name] for name in ("from_on", "amount_fen", "basis", "published_on")},
        "entered_by": by,
        "entered_ms": turn.now_ms,
    }
    try:
        with turn.conn.begin_nested():
            turn.conn.execute(fee_price.insert().values(row))
    except sa.exc.IntegrityError:
        raise _refused("from_on", "这一天起已有收费标准", "a price of that day stands") from None
    bound.wrote(turn, fee_price, row)


def progress(turn: Turn, one: Offering, units: int, by: str) -> None:
    """State that so many units have been held by now. Raises `OfferingRefused`, `OfferingOver`."""
    if one.cancelled is not None:
        raise OfferingOver
    if not one.held < units <= one.units:
        raise _refused("units", f"应大于已登记的 {one.held}，至多 {one.units}", "progress only grows")
    row = {"offering_id": one.offering_id, "units": units, "planned": one.units}
    row |= {"stated_by": by, "stated_ms": turn.now_ms}
    turn.conn.execute(fee_progress.insert().values(row))
    bound.wrote(turn, fee_progress, row)


def call_off(turn: Turn, one: Offering, reason: str, by: str) -> None:
    """Call an offering off as far as it has been held. Raises `OfferingOver`."""
    if one.cancelled is not None or one.held == one.units:
        raise OfferingOver
    row = {"offering_id": one.offering_id, "planned": one.units, "units": one.held, "reason": reason}
    row |= {"cancelled_by": by, "cancelled_ms": turn.now_ms}
    turn.conn.execute(fee_cancellation.insert().values(row))
    bound.wrote(turn, fee_cancellation, row)


def find(conn: Connection, offering_id: bytes, *, lock: bool = False) -> Offering:
    """One offering; locked, it is neither ordered nor called off by others meanwhile.

    Raises `OfferingUnknown`.
    """
    if lock:
        own = fee_offering.c.offering_id
        conn.execute(sa.select(own).where(own == offering_id).with_for_update())
    found = listed(conn, fee_offering.c.offering_id == offering_id)
    if not found:
        raise OfferingUnknown
    return found[0]


def listed(conn: Connection, *where: sa.ColumnElement[bool], limit: int = SHOWN) -> list[Offering]:
    """Offerings, the newest first; `where` narrows the list."""
    own = fee_offering.c
    held = (
        sa.select(sa.func.max(fee_progress.c.units))
        .where(fee_progress.c.offering_id == own.offering_id)
        .scalar_subquery()
    )
    query = sa.select(fee_offering, sa.func.coalesce(held, 0), fee_cancellation.c.reason).outerjoin(
        fee_cancellation, fee_cancellation.c.offering_id == own.offering_id
    )
    rows = conn.execute(query.where(*where).order_by(own.offering_id.desc()).limit(limit))
    return [Offering(*row) for row in rows]


def prices(conn: Connection, offering_id: bytes) -> list[Price]:
    """All prices of an offering, by the day they begin."""
    own = fee_price.c
    query = sa.select(own.from_on, own.amount_fen, own.basis, own.published_on)
    return [
        Price(*row) for row in conn.execute(query.where(own.offering_id == offering_id).order_by(own.from_on))
    ]


def price_on(conn: Connection, offering_id: bytes, day: str) -> Price | None:
    """Return the price on a Beijing day; None before the first."""
    return next((one for one in reversed(prices(conn, offering_id)) if one.from_on <= day), None)


def _day(pointer: str, text: str) -> str:
    try:
        good = dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        good = False
    if not good:
        raise _refused(pointer, "应为日期（YYYY-MM-DD）", "not a date")
    return text


def _refused(pointer: str, zh: str, en: str) -> OfferingRefused:
    return OfferingRefused(
        errors=[{"pointer": f"/{pointer}", "code": "value", "detail": zh, "detail_en": en}]
    )
