"""How the archive's own cases are found that a look names (案卷): is it there, and about this worker?

A worker's archives that are read as one are one person; a held record is its own subject until it is
released (`looked.HELD`).
"""

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import case_names, cases
from recordsvc.access.acts import Act
from recordsvc.access.case_names import Person
from recordsvc.access.tables import emergency, looked, official_act
from recordsvc.archive import held_own, tables
from recordsvc.archive.sealing import dedupe_key
from recordsvc.ground.two_person import proposal
from recordsvc.people import contacts, merges, numbers
from recordsvc.people.checks import IdentifierError
from recordsvc.people.documents import birth_date
from recordsvc.people.resolve import NAME

if TYPE_CHECKING:
    from recordsvc.house import House

_AT_ONCE: Final = 500
_WITH_BIRTHDAY: Final = 18
"""Characters of the numbers that hold a birthday: of citizens, residents, foreigners (GB 11643-1999)."""


def record_of(conn: Connection, worker_id: bytes, institution: str) -> bool:
    """Tell whether an institution (USCC) has a record in this archive."""
    sealed, known = tables.ciphertext.c, tables.dedupe.c
    ids = conn.execute(sa.select(sealed.record_id).where(sealed.worker_id == worker_id)).scalars()
    keys = [dedupe_key(institution, str(uuid.UUID(bytes=one))) for one in ids]
    portions = (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))
    return any(
        conn.scalar(sa.select(known.seq).where(known.key.in_(some), known.worker_id == worker_id).limit(1))
        is not None
        for some in portions
    )


def _there(own_id: sa.Column[Any], *more: sa.ColumnElement[bool]) -> cases.There:
    """Return how it is asked whether a row of this id is there."""

    def there(conn: Connection, case_id: bytes, _by: str) -> bool:
        return conn.scalar(sa.select(own_id).where(own_id == case_id, *more)) is not None

    return there


def _dispute(conn: Connection, case_id: bytes, subject: bytes) -> bool:
    own = tables.dispute.c
    worker_id = conn.scalar(sa.select(own.worker_id).where(own.dispute_id == case_id))
    return worker_id is not None and bytes(worker_id) in merges.together(conn, [subject])


def _held(conn: Connection, case_id: bytes, subject: bytes) -> bool:
    held, dedupe = tables.held, tables.dedupe
    if case_id == subject:
        return conn.scalar(sa.select(held.c.held_id).where(held.c.held_id == case_id)) is not None
    source = held.join(dedupe, dedupe.c.key == held.c.key)
    into = sa.select(dedupe.c.worker_id).select_from(source).where(held.c.held_id == case_id)
    worker_id = conn.scalar(into)
    return worker_id is not None and bytes(worker_id) in merges.together(conn, [subject])


def _proposal(conn: Connection, case_id: bytes, subject: bytes) -> bool:
    """Tell whether a proposal names this subject; one that was withdrawn is nothing."""
    own = proposal.c
    names = [str(uuid.UUID(bytes=one)) for one in merges.together(conn, [subject])]
    about = [sa.or_(own.subject.contains(name), own.payload.contains(name)) for name in names]
    found = sa.select(own.id).where(own.id == case_id, own.state != "withdrawn", sa.or_(*about))
    return conn.scalar(found) is not None


def _proposal_there(conn: Connection, case_id: bytes, by: str) -> bool:
    """Tell whether a proposal stands; what the looker proposed, once another has decided it.

    Nobody makes the reason of a look by themselves (`look_relations.proposed`).
    """
    own = proposal.c
    found = sa.select(own.id).where(
        own.id == case_id, own.state != "withdrawn", sa.or_(own.proposed_by != by, own.decided_by != by)
    )
    return conn.scalar(found) is not None


def _restriction(conn: Connection, case_id: bytes, subject: bytes) -> bool:
    own = official_act.c
    names = [str(uuid.UUID(bytes=one)) for one in merges.together(conn, [subject])]
    found = sa.select(own.id).where(
        own.id == case_id, own.act == Act.ARCHIVE_RESTRICT, own.subject.in_(names)
    )
    return conn.scalar(found) is not None


def _emergency(conn: Connection, case_id: bytes, subject: bytes) -> bool:
    """Tell whether the official looked at this worker in the hours of the case."""
    own, case = looked.c, emergency.c
    row = conn.execute(
        sa.select(case.official_id, case.from_ms, case.until_ms).where(case.case_id == case_id)
    ).one_or_none()
    if row is None:
        return False
    theirs = (own.actor_kind == "official", own.actor_id == row.official_id)
    hours = (own.at_ms >= row.from_ms, own.at_ms < row.until_ms)
    whose = own.worker_id.in_(merges.together(conn, [subject]))
    return conn.scalar(sa.select(own.id).where(whose, *theirs, *hours).limit(1)) is not None


def register() -> None:
    """Say how each of them is found."""
    for code, found in _KINDS.items():
        cases.kind(code, *found)
    case_names.known_by(_person)


def _person(house: "House", conn: Connection, subject: bytes) -> Person:
    """Return what is known of the subject of a look: by the worker's assertions, or in the held record."""
    cursor = house.db.cursor(conn)
    known = [(one.kind, one.value) for one in numbers.known(house, cursor, subject)]
    known = known or _held_person(house, conn, subject)
    worker = house.people.load(cursor, subject)
    phone = None if worker is None else contacts.phone_of(house.people, cursor, worker)
    return Person(
        [value for kind, value in known if kind == NAME],
        [value for kind, value in known if kind != NAME] + ([phone] if phone else []),
        [day for kind, value in known if kind != NAME and (day := _birthday(value)) is not None],
    )


def _birthday(number: str) -> dt.date | None:
    """Return the day inside a number of 18 characters; None: it holds none."""
    try:
        return birth_date(number) if len(number) == _WITH_BIRTHDAY else None
    except (IdentifierError, ValueError):
        return None


def _held_person(house: "House", conn: Connection, held_id: bytes) -> list[tuple[str, str]]:
    sealed = conn.scalar(sa.select(tables.held.c.sealed).where(tables.held.c.held_id == held_id))
    return [] if sealed is None else list(held_own.person_of(house, held_id, bytes(sealed)))


_KINDS: Final = {
    "dispute": (_there(tables.dispute.c.dispute_id), _dispute),
    "held": (_there(tables.held.c.held_id), _held),
    "proposal": (_proposal_there, _proposal),
    "restriction": (
        _there(official_act.c.id, official_act.c.act == Act.ARCHIVE_RESTRICT),
        _restriction,
    ),
    "emergency": (_there(emergency.c.case_id), _emergency),
}
