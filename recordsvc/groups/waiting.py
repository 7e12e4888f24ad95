"""What takes a second officer (认定复核): a statement, and a correction of one, before they are entered.

Rules that pay ask for groups, so no officer alone makes somebody disabled or a veteran for them: another of
the same department decides (`ground/two_person.py`: that they are two is a constraint). A proposal is kept
for good and a group is a personal fact: what is proposed stands in it sealed under the worker's data key, and
is gone with that.
"""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine import Connection

from recordsvc.access import acts, areas, looked, staff
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.grants import Actor, Position, Thing, author
from recordsvc.access.looked import Look
from recordsvc.archive import restricted
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.ground import two_person, versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import Forbidden
from recordsvc.ground.strictjson import canonical
from recordsvc.ground.two_person import Proposal, UnknownProposal
from recordsvc.groups import departments, reading, statements
from recordsvc.groups.errors import StatementUnknown, WaitingUnknown
from recordsvc.groups.statements import PURPOSE, SHOWN, Held
from recordsvc.people.workers import Worker
from recordsvc.vault.envelope import SealError, field_aad

if TYPE_CHECKING:
    from recordsvc.house import House

STATE: Final = "group.state"
CORRECT: Final = "group.correct"
_DECIDERS: Final = frozenset({str(Position.OFFICER)})
"""Of the department that proposed it (`decide`); no official has this position."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposal as its department sees it; without content where the archive is restricted."""

    proposal_id: bytes
    kind: str
    proposed_ms: int
    proposed_by: str
    own: bool
    record_id: bytes | None = None
    body: dict[str, Any] | None = None
    """What would be entered, whole."""
    before: dict[str, Any] | None = None
    """What stands, where it is a correction."""
    reason: str = ""
    name: str = ""
    number_tail: str = ""


# -- proposing


def propose(
    turn: Turn, house: "House", who: Actor, worker_id: bytes, asked: Mapping[str, Any], request_id: str
) -> bytes:
    """Propose that a worker belongs to a group; the proposal's id.

    Raises `StatementRefused`, `AlreadyStated`, `ArchiveRestricted`.
    """
    department = departments.of(house, turn.conn, who)
    said = statements.judged(house, turn.conn, department, worker_id, asked)
    looked.note(turn, house, Look(worker_id, who, PURPOSE, SHOWN, asked["case_ref"], request_id))
    return _proposed(turn, house, STATE, department.uscc, worker_id, {"body": said}, author(who))


def propose_correction(
    turn: Turn, house: "House", who: Actor, held: Held, changed: Mapping[str, Any], reason: str, look: Look
) -> bytes:
    """Propose to correct days or source of a statement; the proposal's id.

    Raises `StatementOver`, `StatementRefused`, `ArchiveRestricted`.
    """
    statements.corrected(house, held, changed, reason)
    looked.note(turn, house, look)
    content = {"record": held.record_id.hex(), "changed": dict(changed), "reason": reason}
    return _proposed(turn, house, CORRECT, who.institution or "", held.worker_id, content, author(who))


def _proposed(
    turn: Turn, house: "House", kind: str, uscc: str, worker_id: bytes, content: dict[str, Any], by: str
) -> bytes:
    cursor = house.db.cursor(turn.conn)
    restricted.refuse(house, cursor, worker_id)
    worker = house.people.load(cursor, worker_id)
    if worker is None:
        raise StatementUnknown
    sealed = worker.key.seal(canonical(content), _aad(worker))
    name = str(uuid.UUID(bytes=worker_id))
    payload = {"worker": name, "institution": uscc, "sealed": base64.b64encode(sealed).decode("ascii")}
    return two_person.propose(turn, kind, name, payload, by, random=house.random)


def _aad(worker: Worker) -> bytes:
    return field_aad("proposal", "payload", worker.worker_id, b"group", 1)


def _about(conn: Connection, _subject: str, payload: dict[str, Any]) -> Thing:
    person = areas.person(conn, uuid.UUID(payload["worker"]).bytes)
    return Thing(person.area, person.parties | {_party(payload["institution"])})


def _party(uscc: str) -> str:
    return f"institution:{uscc}"


# -- reading


def listed(house: "House", who: Actor, case_ref: str, request_id: str) -> list[Waiting]:
    """Return what waits in one's own department and area, the oldest first; the looks are durable before.

    Raises `CaseUnknown`, `CaseNames`, `CaseForeign`.
    """
    looked.judge(house.db, who, PURPOSE, case_ref)
    own = two_person.proposal.c
    mine = (own.kind.in_((STATE, CORRECT)), own.parties.contains(_party(who.institution or "")))
    with house.db.read() as conn:
        department = departments.of(house, conn, who)
        found = [
            (one, _worker_id(one))
            for one in two_person.pending(conn, house.clock.now_ms(), *mine)
            if statements.covers(department, conn, _worker_id(one))
        ]
        read = [(worker_id, _read(house, conn, who, one)) for one, worker_id in found]
    shown = sorted({worker_id for worker_id, one in read if one.body is not None})
    looked.record(house, [Look(one, who, PURPOSE, SHOWN, case_ref, request_id) for one in shown])
    return [one for _, one in read]


def _read(house: "House", conn: Connection, who: Actor, one: Proposal) -> Waiting:
    head = (one.id, one.kind, one.proposed_ms, one.proposed_by, one.proposed_by == author(who))
    cursor, worker_id = house.db.cursor(conn), _worker_id(one)
    try:
        restricted.refuse(house, cursor, worker_id)
        content = _opened(house, conn, one)
        name, tail = reading.known_holder(house, cursor, worker_id)
        if one.kind == STATE:
            return Waiting(*head, None, content["body"], None, "", name, tail)
        record_id = bytes.fromhex(content["record"])
        before = dict(statements.one(house, conn, who, record_id).state.body or {})
    except (ArchiveRestricted, StatementUnknown, SealError):
        return Waiting(*head)
    after = {key: value for key, value in {**before, **content["changed"]}.items() if value is not None}
    return Waiting(*head, record_id, after, before, content["reason"], name, tail)


def _opened(house: "House", conn: Connection, one: Proposal) -> dict[str, Any]:
    """Return what is proposed. Raises `StatementUnknown` where its worker's key is gone, `SealError`."""
    worker = house.people.load(house.db.cursor(conn), _worker_id(one))
    if worker is None:
        raise StatementUnknown
    content: dict[str, Any] = json.loads(
        worker.key.open(base64.b64decode(one.payload["sealed"]), _aad(worker))
    )
    return content


def _worker_id(one: Proposal) -> bytes:
    return uuid.UUID(one.payload["worker"]).bytes


def of(house: "House", conn: Connection, who: Actor, proposal_id: bytes) -> Proposal:
    """Return a proposal of one's own department and area. Raises `WaitingUnknown`."""
    try:
        found = two_person.read(conn, proposal_id, house.clock.now_ms())
    except UnknownProposal:
        raise WaitingUnknown from None
    own = found.kind in (STATE, CORRECT) and found.payload["institution"] == who.institution
    if not own or not statements.covers(departments.of(house, conn, who), conn, _worker_id(found)):
        raise WaitingUnknown
    return found


def for_case(house: "House", who: Actor, proposal_id: bytes, case_ref: str, request_id: str) -> Look:
    """Return the look at what waits, for a case that is about its person.

    Raises `CaseUnknown`, `CaseNames`, and `WaitingUnknown`, alike for nothing and for another's case.
    """
    looked.judge(house.db, who, PURPOSE, case_ref)
    with house.db.read() as conn:
        found = of(house, conn, who, proposal_id)
    look = Look(_worker_id(found), who, PURPOSE, SHOWN, case_ref, request_id)
    if looked.foreign(house, look):
        raise WaitingUnknown
    return look


# -- deciding


def decide(
    turn: Turn,
    house: "House",
    who: Actor,
    proposal_id: bytes,
    look: Look,
    *,
    approve: bool,
    reason: str,
) -> None:
    """Decide as the second officer of the department: approving enters it.

    Raises `WaitingUnknown`, `Forbidden` for whom the register of this turn does not know as its officer, what
    `two_person.decide` raises, and what entering raises.
    """
    of(house, turn.conn, who, proposal_id)
    _still_officer(turn, who)
    statements.free_of_numbers(reason)
    looked.note(turn, house, look)
    role = str(Position.OFFICER)
    proposer = two_person.read(turn.conn, proposal_id, turn.now_ms).proposed_by
    two_person.decide(turn, proposal_id, author(who), approve, reason, role=role, tools=house)
    if approve:
        _note_one_inviter(turn, house, who, proposer)


def withdraw(turn: Turn, house: "House", who: Actor, proposal_id: bytes, reason: str) -> None:
    """Take back what one proposed oneself. Raises `WaitingUnknown`, what `two_person.withdraw` raises."""
    of(house, turn.conn, who, proposal_id)
    statements.free_of_numbers(reason)
    two_person.withdraw(turn, proposal_id, author(who), reason)


def _note_one_inviter(turn: Turn, house: "House", who: Actor, proposer: str) -> None:
    """Leave an act where both officers came in by one person, who may be both.

    It is no refusal: a department has one head as a rule. Auditors and registrars see how often it is so.
    """
    people = staff.load(turn.conn)
    pair = [people.get(one) for one in (proposer.partition(":")[2], who.id)]
    inviters = {one.invited_by for one in pair if one is not None}
    if len(inviters) == 1:
        subject, reason = who.institution or "", inviters.pop()
        acts.note(turn, house.random, OfficialAct(who, Act.GROUP_ONE_INVITER, subject, reason))


def _still_officer(turn: Turn, who: Actor) -> None:
    versions.hold(turn, staff.REGISTER)
    member = staff.known(turn.conn, who.id, who.institution)
    if str(Position.OFFICER) not in member.positions(turn.now_ms):
        raise Forbidden


@two_person.executor(STATE, deciders=_DECIDERS, about=_about, apart=True)
def _state(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    house: House = proposal.tools
    worker_id = _worker_id(proposal)
    restricted.refuse(house, house.db.cursor(turn.conn), worker_id)
    department = departments.at(house, turn.conn, payload["institution"])
    said = _opened(house, turn.conn, proposal)["body"]
    statements.enter(turn, house, department, worker_id, said, proposal.proposed_by)


@two_person.executor(CORRECT, deciders=_DECIDERS, about=_about, apart=True)
def _correct(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    house: House = proposal.tools
    content = _opened(house, turn.conn, proposal)
    department = departments.at(house, turn.conn, payload["institution"])
    held = statements.at(house, turn.conn, department, bytes.fromhex(content["record"]))
    statements.correct(turn, house, held, content["changed"], content["reason"], proposal.proposed_by)
