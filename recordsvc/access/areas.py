"""Where objects lie (管辖区划), in SQL and for one object: institutions and workers by division code.

An institution lies where its newest `institution_area` says; until something is stated, in the division of
the authority that registered it (characters 3 to 8 of the unified social credit code, GB 32100-2015). A
worker lies where `worker_area` says: the division of a card, as registry or record tells it, or what an
official stated. An unknown division is the empty text, and only an official of the whole region covers it.
"""

import uuid
from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.grants import Reach, Thing
from recordsvc.access.tables import institution_area
from recordsvc.ground.commit import Turn
from recordsvc.people import merges, places
from recordsvc.people.places import DIVISION, Told
from recordsvc.people.tables import worker_area

STEP: Final = 2


def within(where: Reach, area: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Return the condition that an area lies in a reach."""
    if where.everywhere:
        return sa.true()
    return sa.or_(sa.false(), *(area.like(f"{one}%") for one in sorted(where.areas)))


def of_institution(uscc: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """Return the division of the institution that a column names."""
    own = institution_area.alias()
    stated = sa.select(own.c.division).where(own.c.uscc == uscc).order_by(own.c.n.desc()).limit(1)
    return sa.func.coalesce(stated.scalar_subquery(), sa.func.substr(uscc, 3, 6), "")


def of_worker(worker_id: sa.ColumnElement[bytes]) -> sa.ColumnElement[str]:
    """Return the division of the worker that a column names."""
    own = worker_area.alias()
    return sa.func.coalesce(
        sa.select(own.c.division).where(own.c.worker_id == worker_id).scalar_subquery(), ""
    )


def institution(conn: Connection, uscc: str) -> Thing:
    """Return where an institution lies, known or not."""
    area = conn.execute(sa.select(of_institution(sa.literal(uscc)))).scalar_one()
    return Thing(area, frozenset({f"institution:{uscc}"}))


def person(conn: Connection, worker_id: bytes) -> Thing:
    """Return where a worker lies, known or not; it concerns every archive that is read as the same person."""
    area = conn.execute(
        sa.select(worker_area.c.division).where(worker_area.c.worker_id == worker_id)
    ).scalar()
    archives = merges.together(conn, [worker_id])
    return Thing(area or "", frozenset(f"worker:{uuid.UUID(bytes=one)}" for one in archives))


def together(things: Iterable[Thing]) -> Thing:
    """Return several objects as one: the area that holds them all, and everybody concerned."""
    all_of = list(things)
    placed = [one.area for one in all_of if one.area is not None]
    area = placed[0] if placed else ""
    for other in placed[1:]:
        while not other.startswith(area):
            area = area[:-STEP]
    return Thing(area, frozenset().union(*(one.parties for one in all_of)))


def place_worker(turn: Turn, worker_id: bytes, division: str, source: str) -> None:
    """State where a worker is registered, in the place of what was stated before; not a code: nothing."""
    places.place(turn, Told(worker_id, division, source))


def forget_worker(turn: Turn, worker_id: bytes) -> None:
    """Remove what is known of where a worker lies; part of the worker's erasure."""
    turn.conn.execute(worker_area.delete().where(worker_area.c.worker_id == worker_id))


def place_institution(turn: Turn, uscc: str, division: str, source: str, by: str) -> None:
    """State where an institution works, from now on; earlier statements stay. Raises `ValueError`."""
    if not DIVISION.fullmatch(division):
        raise ValueError("a division has six digits")
    own = institution_area.c
    n = turn.conn.execute(sa.select(sa.func.count()).where(own.uscc == uscc)).scalar_one()
    turn.conn.execute(
        institution_area.insert().values(
            uscc=uscc, n=n, division=division, source=source, stated_by=by, stated_ms=turn.now_ms
        )
    )
