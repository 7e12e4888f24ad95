"""A department reads (部门查阅): its list with what each person was trained in, and one person's trainings.

Both are of its own statements in its own area, and leave a row for every person shown. Nothing of another
department's and nothing that is no training is in it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas, looked
from recordsvc.access.grants import Actor
from recordsvc.access.looked import Look
from recordsvc.access.tables import staff
from recordsvc.archive import holders, persons
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.reading import Archive
from recordsvc.archive.states import Confirmation, Life, RecordState
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.readers import Cursor
from recordsvc.groups import departments
from recordsvc.groups.departments import Department
from recordsvc.groups.errors import StatementOver
from recordsvc.groups.statements import PURPOSE, Held, of_worker, one
from recordsvc.groups.tables import group_entry

if TYPE_CHECKING:
    from recordsvc.archive.look_relations import Looked
    from recordsvc.house import House

PAGE: Final = 50
TRAININGS: Final = ("training-completion",)
CERTIFICATES: Final = (
    "training-certificate",
    "level-certificate",
    "qualification-certificate",
    "skill-certificate",
    "safety-permit",
)
SHOWN: Final = (*TRAININGS, "enrolment", "enrolment-outcome", "assessment-result", *CERTIFICATES, "award")
"""Types of record that a department sees of its people: trainings and what came of them."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the list; `body` None: restricted, nothing is told."""

    record_id: bytes
    stated_ms: int
    body: dict[str, Any] | None = None
    name: str = ""
    number_tail: str = ""
    life: str = ""
    contested: bool = False
    holds: bool = False
    trainings: int = 0
    certificates: int = 0
    last_on: str = ""


@dataclass(frozen=True, slots=True)
class Training:
    """One record of a person's trainings, as a department sees it."""

    type: str
    issuer: str
    issued_on: str
    life: str
    confirmation: str
    body: dict[str, Any]


def listed(
    house: "House",
    who: Actor,
    case_ref: str,
    request_id: str,
    *,
    group: str | None = None,
    before: bytes = b"",
) -> tuple[list[Member], bytes | None]:
    """Return a page of the department's statements, the newest first, and where the next begins.

    The rows of who looked are durable before. `before` is the record id of the last one seen.
    """
    looked.judge(house.db, who, PURPOSE, case_ref)
    with house.db.read() as conn:
        department = departments.of(house, conn, who)
        rows = _rows(conn, department, before)
        read = [(row, _member(house, conn, department.uscc, row)) for row in rows]
    found = [(row, member) for row, member in read if member is not None]
    wanted = [
        (row, member) for row, member in found if group is None or (member.body or {}).get("group") == group
    ]
    shown = sorted({bytes(row.worker_id) for row, member in wanted if member.body is not None})
    asked = (who, PURPOSE, "identity group totals", case_ref, request_id)
    looked.record(house, [Look(worker_id, *asked) for worker_id in shown])
    more = bytes(rows[-1].record_id) if len(rows) == PAGE else None
    return [member for _, member in wanted], more


def _rows(conn: Connection, department: Department, before: bytes) -> list[sa.Row[Any]]:
    own = group_entry.c
    here = areas.within(department.reach, areas.of_worker(own.worker_id))
    query = sa.select(group_entry).where(own.institution == department.uscc)
    # Where the page before ended may lie elsewhere by now: the list goes on from there all the same.
    last = conn.execute(query.where(own.record_id == before)).one_or_none() if before else None
    query = query.where(here)
    if last is not None:
        place = sa.tuple_(own.stated_ms, own.record_id)
        query = query.where(place < sa.tuple_(sa.literal(last.stated_ms), sa.literal(bytes(last.record_id))))
    return list(conn.execute(query.order_by(own.stated_ms.desc(), own.record_id.desc()).limit(PAGE)))


def _member(house: "House", conn: Connection, uscc: str, row: sa.Row[Any]) -> Member | None:
    """Return a line of the list; None: the record was erased."""
    worker_id, record_id = bytes(row.worker_id), bytes(row.record_id)
    today = beijing_date(house.clock.now_ms()).isoformat()
    try:
        stated = of_worker(house, conn, uscc, worker_id)
        person = persons.read(house, worker_id, house.db.cursor(conn))
    except ArchiveRestricted:
        return Member(record_id=record_id, stated_ms=row.stated_ms)
    held = next((one for one in stated if one.record_id == record_id), None)
    if held is None or held.state.body is None:
        return None
    archives = (held.archive,) if person is None else person.archives
    name, tail = holder(held.archive)
    counted = [(one, body) for archive in archives for one, body in _counted(archive)]
    trained = [body for one, body in counted if _type(one) in TRAININGS and body.get("result") == "passed"]
    return Member(
        record_id,
        row.stated_ms,
        dict(held.state.body),
        name,
        tail,
        str(held.state.life),
        held.state.confirmation is Confirmation.CONTESTED,
        held.holds(today),
        len(trained),
        sum(_type(one) in CERTIFICATES for one, _ in counted),
        max((str(body["ended_on"]) for body in trained), default=""),
    )


def holder(archive: Archive) -> tuple[str, str]:
    """Return the person as last named, and the last characters of the number."""
    for entry in reversed(archive.entries):
        worker = {} if entry.record is None else entry.record["worker"]
        if "number" in worker:
            return str(worker["name"]), str(worker["number"])[-4:]
    return "", ""


def known_holder(house: "House", cursor: Cursor, worker_id: bytes) -> tuple[str, str]:
    """Return whose archive it is, and the last characters of the number, where nothing of it was read yet."""
    found = holders.holder(house, cursor, worker_id)
    return found.name, found.number[-4:]


def _counted(archive: Archive) -> list[tuple[RecordState, dict[str, Any]]]:
    """Return records in force of the shown types that the worker has not denied, not superseded ones."""
    return [
        (one, dict(one.body))
        for one in archive.state.records
        if one.life is Life.ACTIVE
        and one.body is not None
        and one.seq not in archive.superseded
        and one.confirmation is not Confirmation.CONTESTED
        and _type(one) in SHOWN
    ]


def _type(one: RecordState) -> str:
    return "" if one.record is None else str(one.record["type"])


def trainings(house: "House", who: Actor, record_id: bytes, case_ref: str, request_id: str) -> list[Training]:
    """Return the trainings of somebody whom a statement in force is about, the newest first.

    The rows of who looked are durable before.

    Raises `StatementUnknown`, `StatementOver`, `ArchiveRestricted`, `CaseUnknown`, `CaseForeign`.
    """
    looked.judge(house.db, who, PURPOSE, case_ref)
    with house.db.read() as conn:
        held = one(house, conn, who, record_id)
        if not held.holds(beijing_date(house.clock.now_ms()).isoformat()):
            raise StatementOver
        person = persons.read(house, held.worker_id, house.db.cursor(conn))
    archives = (held.archive,) if person is None else person.archives
    asked = (who, PURPOSE, "trainings", case_ref, request_id)
    looked.record(house, [Look(one.worker_id, *asked) for one in archives])
    found = [_training(state, body) for archive in archives for state, body in _counted(archive)]
    return sorted(found, key=lambda one: one.issued_on, reverse=True)


def _training(state: RecordState, body: dict[str, Any]) -> Training:
    record: Any = state.record
    said = (str(record["type"]), str(record["issuer"]), str(record["issued_on"]))
    return Training(*said, str(state.life), str(state.confirmation), body)


def statement(house: "House", who: Actor, record_id: bytes, case_ref: str, request_id: str) -> Held:
    """Return one statement, once the look is noted.

    Raises `StatementUnknown`, `ArchiveRestricted`, `CaseUnknown`, `CaseForeign`.
    """
    looked.judge(house.db, who, PURPOSE, case_ref)
    with house.db.read() as conn:
        held = one(house, conn, who, record_id)
    asked = (who, PURPOSE, "identity group", case_ref, request_id)
    looked.record(house, [Look(held.worker_id, *asked)])
    return held


def relation(_house: "House", conn: Connection, look: "Looked") -> bool:
    """Tell whether a look was of an officer at somebody of whom their department keeps a statement."""
    if look.actor_kind != "staff" or look.purpose != PURPOSE:
        return False
    own = group_entry.c
    mine = group_entry.join(staff, staff.c.institution == own.institution)
    query = sa.select(own.record_id).select_from(mine)
    where = (own.worker_id == look.worker_id, staff.c.staff_id == look.actor_id)
    return conn.execute(query.where(*where).limit(1)).first() is not None
