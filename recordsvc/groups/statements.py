"""A department states that somebody belongs to a group (人员类别认定), corrects, ends and withdraws it.

    officer ──name, number, paper──> proposal ──another──> entry `group-membership`; the worker is told
        ├── correct: proposed and decided alike, an entry that corrects it
        ├── end earlier: an entry that corrects it, by one officer
        └── withdraw (stated in error): an entry that revokes it, by one

Money depends on it: whatever may give something takes two officers (`groups/waiting.py`), what takes
something away one, since the worker is told and may contest it. The region's key signs, on the word of the
officer, who stands in the record with the department: a department has no key of its own here. A personal
fact has to be erasable and provable: so it is an entry, and no row of a register.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import acts, areas, looked
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.grants import Actor, Position, author
from recordsvc.access.looked import Look
from recordsvc.archive import decided, persons, restricted, types
from recordsvc.archive.checks import Context, Severity, check
from recordsvc.archive.errors import Busy, told
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.restriction_errors import RecordRestricted
from recordsvc.archive.statements import Statement, Stater, derived_id
from recordsvc.archive.states import Life, RecordState
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.readers import Cursor
from recordsvc.ground.strictjson import canonical
from recordsvc.ground.two_person import StaleProposal
from recordsvc.groups import departments
from recordsvc.groups.departments import Department
from recordsvc.groups.errors import (
    AlreadyStated,
    MemberUnknown,
    StatementOver,
    StatementRefused,
    StatementUnknown,
)
from recordsvc.groups.tables import group_entry
from recordsvc.people.checks import IdentifierError
from recordsvc.people.reading import read_person
from recordsvc.people.spotting import number_in
from recordsvc.people.workers import Worker

if TYPE_CHECKING:
    from recordsvc.house import House

TYPE: Final = "group-membership"
PURPOSE: Final = "department"
SHOWN: Final = "identity group"
_FACTS: Final = ("valid_from", "valid_to", "source", "source_reference", "checked_on")
"""What a correction may change; another group is another statement."""


@dataclass(frozen=True, slots=True)
class Held:
    """A statement of a department where it stands: the archive and what all entries say of it."""

    worker_id: bytes
    record_id: bytes
    archive: Archive
    state: RecordState

    def holds(self, today: str) -> bool:
        """Tell whether it is in force and covers a Beijing day; contested ones are, until that is decided."""
        body = self.state.body
        return (
            self.state.life is Life.ACTIVE
            and body is not None
            and str(body["valid_from"]) <= today <= str(body.get("valid_to", today))
        )


def wrong(pointer: str, detail: str) -> StatementRefused:
    """Return the problem that points at one member."""
    return StatementRefused(errors=[{"pointer": pointer, "code": "value", "detail": detail}])


# -- whom


def find(house: "House", who: Actor, said: Mapping[str, Any], request_id: str) -> bytes:
    """Return whose archive name and number lead to, in the department's area.

    What can be refused whoever it is, is refused before anybody is looked for. Finding nobody leaves a row of
    what the officer did, without the number. Raises `MemberUnknown`, alike for nobody, another name, another
    area and whom the case is not about; `StatementRefused`, `ArchiveRestricted`, `CaseUnknown`.
    """
    case_ref = str(said["case_ref"])
    looked.judge(house.db, who, PURPOSE, case_ref)
    with house.db.read() as conn:
        _body(house, departments.of(house, conn, who), said)
    named = {"name": said["name"], "document": said["document"], "number": said["number"].upper()}
    try:
        person, _warnings = read_person(named, house.clock.now_ms())
    except IdentifierError as fault:
        place = "/name" if fault.code == "name-characters" else "/number"
        raise StatementRefused(
            errors=[{"pointer": place, "code": fault.code, "detail": "请对照证件核对"}]
        ) from None
    with house.db.read() as conn:
        found = house.people.resolve(house.db.cursor(conn), [person], "group")[0]
        # Version 0 is a worker whom a record would create: a department creates nobody.
        known = isinstance(found, Worker) and found.version > 0
        department = departments.of(house, conn, who)
        here = isinstance(found, Worker) and known and covers(department, conn, found.worker_id)
    if isinstance(found, Worker) and here:
        look = Look(found.worker_id, who, PURPOSE, SHOWN, case_ref, request_id)
        if not looked.foreign(house, look):
            with house.db.read_raw() as cursor:
                restricted.refuse(house, cursor, found.worker_id)
            return found.worker_id
    done = OfficialAct(who, Act.GROUP_FIND_NOTHING, named["document"], PURPOSE, case_ref)
    acts.record(house.db, house.random, done)
    raise MemberUnknown


def one(house: "House", conn: Connection, who: Actor, record_id: bytes) -> Held:
    """Return a statement of one's own department. Raises `StatementUnknown`, `ArchiveRestricted`."""
    return at(house, conn, departments.of(house, conn, who), record_id)


def at(house: "House", conn: Connection, department: Department, record_id: bytes) -> Held:
    """Return a statement of a department in its area. Raises `StatementUnknown`, `ArchiveRestricted`."""
    own = group_entry.c
    mine = (own.institution == department.uscc, own.record_id == record_id)
    worker_id = conn.scalar(sa.select(own.worker_id).where(*mine))
    if worker_id is None:
        raise StatementUnknown
    held = _held(house, house.db.cursor(conn), bytes(worker_id), [record_id])
    if not held or held[0].state.body is None:
        raise StatementUnknown
    if not covers(department, conn, bytes(worker_id)):
        raise StatementUnknown
    return held[0]


def for_case(
    house: "House", who: Actor, record_id: bytes, case_ref: str, request_id: str
) -> tuple[Held, Look]:
    """Return a statement of one's own department and the look at it, for a case that is about its person.

    Raises `CaseUnknown`, `CaseNames`, `ArchiveRestricted`, and `StatementUnknown`, alike for one that is not
    there and one whose person the case is not about.
    """
    looked.judge(house.db, who, PURPOSE, case_ref)
    with house.db.read() as conn:
        held = one(house, conn, who, record_id)
    look = Look(held.worker_id, who, PURPOSE, SHOWN, case_ref, request_id)
    if looked.foreign(house, look):
        raise StatementUnknown
    return held, look


def covers(department: Department, conn: Connection, worker_id: bytes) -> bool:
    """Tell whether a worker lies where the department answers for people."""
    return department.reach.covers(areas.person(conn, worker_id).area)


def of_worker(house: "House", conn: Connection, uscc: str, worker_id: bytes) -> list[Held]:
    """Return what a department states of a worker, also what is over. Raises `ArchiveRestricted`."""
    own = group_entry.c
    wanted = sa.select(own.record_id).where(own.worker_id == worker_id, own.institution == uscc)
    ids = [bytes(one) for one in conn.scalars(wanted.order_by(own.stated_ms))]
    return _held(house, house.db.cursor(conn), worker_id, ids)


def _held(house: "House", cursor: Cursor, worker_id: bytes, ids: list[bytes]) -> list[Held]:
    archive = Reader(house).archive(worker_id, cursor) if ids else None
    if archive is None:
        return []
    wanted = set(ids)
    return [
        Held(worker_id, record_id, archive, state)
        for state in archive.state.records
        if (record_id := archive.entries[state.seq].stored.record_id) in wanted and record_id is not None
    ]


# -- what


def judged(
    house: "House", conn: Connection, department: Department, worker_id: bytes, asked: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a department states of a worker, as it would be entered now.

    Raises `StatementRefused`, `AlreadyStated`, `ArchiveRestricted`, `RecordRestricted`.
    """
    body = _body(house, department, asked)
    today = beijing_date(house.clock.now_ms()).isoformat()
    for one in of_worker(house, conn, department.uscc, worker_id):
        said = one.state.body if one.state.life is Life.ACTIVE else None
        if said is not None and said["group"] == body["group"] and today <= str(said.get("valid_to", today)):
            raise AlreadyStated
    _refuse_sealed(house, conn, worker_id, body["group"])
    return body


def _refuse_sealed(house: "House", conn: Connection, worker_id: bytes, group: str) -> None:
    """Refuse to state anew what is restricted, whichever department stated it. Raises `RecordRestricted`."""
    person = persons.read(house, worker_id, house.db.cursor(conn), sealed=True)
    for archive in () if person is None else person.archives:
        for one in archive.state.records:
            if (
                one.life is not Life.RESTRICTED
                or one.moved
                or one.record is None
                or one.record["type"] != TYPE
            ):
                continue
            if group in (one.record["body"]["group"], (one.body or {}).get("group")):
                raise RecordRestricted


def enter(
    turn: Turn, house: "House", department: Department, worker_id: bytes, asked: Mapping[str, Any], by: str
) -> bytes:
    """Enter that a worker belongs to a group, on the word of an officer (`staff:…`); the record's id.

    Raises `StatementRefused`, `AlreadyStated`, `ArchiveRestricted`, `Busy`.
    """
    body = judged(house, turn.conn, department, worker_id, asked)
    # Counted with those that were erased: what is stated anew is another record.
    parts = (
        department.uscc.encode(),
        worker_id,
        canonical(body),
        str(_count(turn, department, worker_id)).encode(),
    )
    record_id = derived_id(house, b"group", *parts)
    _enter(turn, house, worker_id, Statement(TYPE, body, _stater(by, record_id), record_id))
    row = {"worker_id": worker_id, "record_id": record_id.bytes, "institution": department.uscc}
    turn.conn.execute(group_entry.insert().values(**row, stated_by=by, stated_ms=turn.now_ms))
    return record_id.bytes


def _body(house: "House", department: Department, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a department states, judged. Raises `StatementRefused`."""
    if asked["group"] not in department.groups:
        raise wrong("/group", "这一类别不由本部门认定")
    said = {name: asked.get(name) for name in ("group", *_FACTS)}
    body = {name: value for name, value in said.items() if value is not None}
    body["source_body"] = department.name
    _judge(house, body)
    return body


def _count(turn: Turn, department: Department, worker_id: bytes) -> int:
    own = group_entry.c
    mine = (own.worker_id == worker_id, own.institution == department.uscc)
    return turn.conn.execute(sa.select(sa.func.count()).select_from(group_entry).where(*mine)).scalar_one()


def corrected(house: "House", held: Held, changed: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """Return the fields of a statement that a correction changes, judged; None takes a member away.

    Raises `StatementOver`, `StatementRefused`.
    """
    before = dict(_in_force(held).state.body or {})
    body = {name: value for name, value in {**before, **changed}.items() if value is not None}
    fields = {f"/body/{name}": body.get(name) for name in changed if body.get(name) != before.get(name)}
    if not fields:
        raise wrong("/reason", "没有改动任何内容")
    free_of_numbers(reason)
    _judge(house, body)
    return fields


def correct(turn: Turn, house: "House", held: Held, changed: Mapping[str, Any], reason: str, by: str) -> None:
    """Correct days or source of a statement, on the word of an officer (`staff:…`).

    Raises `StatementOver`, `StatementRefused`, `ArchiveRestricted`, `Busy`.
    """
    fields = corrected(house, held, changed, reason)
    said = {"corrects": str(uuid.UUID(bytes=held.record_id)), "fields": fields, "reason": reason}
    _act(turn, house, by, held, "correction", said)


def end(turn: Turn, house: "House", who: Actor, held: Held, valid_to: str, reason: str) -> None:
    """End a statement with a last day before the present one; a later one is a correction.

    Raises as `correct`.
    """
    before = (_in_force(held).state.body or {}).get("valid_to")
    if before is not None and valid_to > str(before):
        raise wrong("/valid_to", "只能提前；延长有效期请用更正，由另一名专员复核")
    correct(turn, house, held, {"valid_to": valid_to}, reason, author(who))


def withdraw(turn: Turn, house: "House", who: Actor, held: Held, reason: str) -> None:
    """Withdraw a statement that was made in error. Raises as `correct`."""
    _in_force(held)
    free_of_numbers(reason)
    said = {"reason": "entered-in-error", "revokes": str(uuid.UUID(bytes=held.record_id)), "text": reason}
    _act(turn, house, author(who), held, "revocation", said)


def forget(turn: Turn, worker_id: bytes) -> None:
    """Remove what says that departments keep statements of an erased worker."""
    turn.conn.execute(group_entry.delete().where(group_entry.c.worker_id == worker_id))


def _in_force(held: Held) -> Held:
    if held.state.life is not Life.ACTIVE or held.state.body is None:
        raise StatementOver
    return held


def _act(turn: Turn, house: "House", by: str, held: Held, name: str, said: dict[str, Any]) -> None:
    seen = str(held.archive.seen(held.state)).encode()
    act_id = derived_id(house, b"group", held.record_id, canonical(said), seen)
    stater = _stater(by, act_id)
    _enter(turn, house, held.worker_id, Statement(name, said, stater, act_id, held.state.seq))


def _enter(turn: Turn, house: "House", worker_id: bytes, statement: Statement) -> None:
    try:
        decided.enter(house, turn, [(worker_id, statement)])
    except StaleProposal:
        # Something of this worker was entered since it was read: the same request again finds it.
        raise Busy from None


def _stater(by: str, act_id: uuid.UUID) -> Stater:
    return Stater(by, str(Position.OFFICER), f"group-{act_id}")


def free_of_numbers(reason: str) -> None:
    """Refuse a number of a person in a reason. Raises `StatementRefused`."""
    if number_in(reason) is not None:
        raise wrong("/reason", "不要写号码")


def _judge(house: "House", body: dict[str, Any]) -> None:
    """Judge a statement as any record of its type: schema, codes, days. Raises `StatementRefused`."""
    today = beijing_date(house.clock.now_ms()).isoformat()
    faults = [told(fault) for fault in types.body_faults(TYPE, 1, body)]
    if not faults:
        record = {
            "type": TYPE,
            "version": 1,
            "body": body,
            "issued_on": today,
            "issuer": house.settings.region,
        }
        found = check(record, Context(today))
        faults = [told(one) for one in found if one.severity is Severity.REJECT]
    if not faults and str(body["valid_from"]) > today:
        faults.append({"pointer": "/body/valid_from", "code": "value", "detail": "起始日期不能晚于今天"})
    if not faults and number_in(str(body.get("source_reference", ""))) is not None:
        detail = "不要写证件号码、卡号或电话号码"
        faults.append({"pointer": "/body/source_reference", "code": "value", "detail": detail})
    if faults:
        for one in faults:
            one["pointer"] = str(one.get("pointer", "")).replace("/body/", "/")
        raise StatementRefused(errors=faults)
