"""Contested records as cases (异议办理): whose turn it is, until when, what was said, how it ended.

    open ──┬── the issuer: upheld ──> answered ── its correction or revocation stands ──> upheld
           ├── the issuer corrects, naming no case ──> answered ─┬─ the worker confirms ──> upheld
           │                                                     └─ contests, or lets it lie ──> the region's
           ├── the issuer: rejected, silent, closed or without a key ──> the region's
           │        └── two officials: correction or revocation ──> upheld; note with reasons ──> rejected
           └── the worker confirms ──> withdrawn

A case is opened by the contest's entry, once (`dispute_follower.py`), and each of the outcomes is an entry.
A contest of a record whose case is still open belongs to that case; after it was closed it opens another.
What is said in a case is sealed under the worker's data key and goes with it.
"""

import functools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated, workdays
from recordsvc.access import objects, staff
from recordsvc.access.grants import Actor, Kind
from recordsvc.archive import notices, restricted, tables
from recordsvc.archive.errors import DisputeRefused
from recordsvc.archive.issuers import NOW
from recordsvc.archive.statements import derived_id
from recordsvc.dated import NoRuleInForce
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.ground.privileges import erasing
from recordsvc.ground.problems import NotFound
from recordsvc.people import tables as people_tables
from recordsvc.vault.envelope import DataKey, DataKeys, field_aad

if TYPE_CHECKING:
    from recordsvc.house import House

TERMS: Final = "dispute_terms"
PURPOSE: Final = "objection"
ISSUER: Final = "issuer"
REGION: Final = "region"
UNCLOSED: Final = ("open", "answered")
DESK: Final = "desk:disputes"
MOST_MESSAGES: Final = 200
"""Messages of one case; nobody comes near it who means to be read."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """A case as stored; `due_on` is a Beijing date, empty where no calendar gives one.

    Of one that is not `issuer_told`, a wish to be restricted, its issuer knows nothing.
    """

    worker_id: bytes
    dispute_id: bytes
    seq: int
    contest_seq: int
    issuer: str
    state: str
    owner: str
    issuer_told: bool
    opened_ms: int
    due_on: str
    closed_ms: int | None
    outcome_idx: int | None
    answer: str | None
    answer_id: bytes | None
    messages: int
    version: int

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self.state not in UNCLOSED

    @property
    def name(self) -> str:
        """Its id as text."""
        return str(uuid.UUID(bytes=self.dispute_id))


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody said in a case; `who` is worker, issuer or official.

    `name` is that of the person who spoke for the issuer; None where a machine did, and for all others.
    """

    at_ms: int
    who: str
    said_by: str
    text: str
    name: str | None = None


_COLUMNS: Final = [tables.dispute.c[name] for name in Dispute.__slots__]
After = tuple[str, bytes]
"""Date and id of a case: a list goes on with what stands behind it."""
FIRST: Final[After] = ("", b"")


# -- reading


def find(conn: Connection, dispute_id: bytes) -> Dispute | None:
    """Return a case."""
    row = conn.execute(sa.select(*_COLUMNS).where(tables.dispute.c.dispute_id == dispute_id)).one_or_none()
    return None if row is None else Dispute(*row)


def of_workers(conn: Connection, workers: Sequence[bytes]) -> list[Dispute]:
    """Return the cases of one person's archives, the newest first."""
    own = tables.dispute.c
    query = sa.select(*_COLUMNS).where(own.worker_id.in_(list(workers)))
    return [Dispute(*row) for row in conn.execute(query.order_by(own.opened_ms.desc(), own.dispute_id))]


def of_issuer(conn: Connection, issuer: str, *, after: After = FIRST, limit: int = 100) -> list[Dispute]:
    """Return an issuer's cases that have not ended and that it is told of, the most urgent first."""
    own = tables.dispute.c
    return _waiting(conn, sa.and_(own.issuer == issuer, own.issuer_told), after, limit)


def of_region(
    conn: Connection, *seen: sa.ColumnElement[bool], after: After = FIRST, limit: int = 100
) -> list[Dispute]:
    """Return the cases that the region decides: those without a date first, then the overdue."""
    return _waiting(conn, sa.and_(tables.dispute.c.owner == REGION, *seen), after, limit)


def seen_by(who: Actor) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of the cases that an official sees; those of recused workers not."""
    own = tables.dispute.c
    _area, *kept_out = objects.of_workers(who, "dispute.handle", own.worker_id)
    return [*objects.of_institutions(who, "dispute.handle", own.issuer), *kept_out]


def _waiting(conn: Connection, whose: sa.ColumnElement[bool], after: After, limit: int) -> list[Dispute]:
    own = tables.dispute.c
    behind = sa.or_(own.due_on > after[0], sa.and_(own.due_on == after[0], own.dispute_id > after[1]))
    query = sa.select(*_COLUMNS).where(whose, own.state.in_(UNCLOSED), behind)
    return [Dispute(*row) for row in conn.execute(query.order_by(own.due_on, own.dispute_id).limit(limit))]


def messages(house: "House", conn: Connection, dispute: Dispute) -> list[Message]:
    """Return what was said in a case, in order; nothing while its record is restricted."""
    own, key, hidden = tables.dispute_message, people_tables.worker_key, tables.restricted_entry.c
    sealed = sa.exists().where(hidden.worker_id == dispute.worker_id, hidden.seq == dispute.seq)
    query = (
        sa.select(own, key.c.wrapped)
        .join(key, key.c.worker_id == own.c.worker_id)
        .where(own.c.worker_id == dispute.worker_id, own.c.dispute_id == dispute.dispute_id, ~sealed)
        .order_by(own.c.message_id)
    )
    ready = DataKeys(house.keys, house.random.bytes)
    found = []
    rows = conn.execute(query).all()
    names = _names(conn, dispute.issuer) if any(row.who == ISSUER for row in rows) else {}
    for row in rows:
        data_key = ready.get(bytes(row.worker_id), bytes(row.wrapped))
        text = data_key.open(bytes(row.sealed), message_aad(row)).decode()
        name = names.get(row.said_by) if row.who == ISSUER else None
        found.append(Message(row.at_ms, row.who, row.said_by, text, name))
    return found


def _names(conn: Connection, issuer: str) -> dict[str, str]:
    """Return how the people of an institution are called, by reference."""
    return {f"{Kind.STAFF}:{one.staff_id}": one.name for one in staff.of_institution(conn, issuer)}


def message_aad(row: "Said | sa.Row[Any]") -> bytes:
    """Return what a message is bound to: every other column of its row."""
    where = field_aad("dispute_message", "sealed", bytes(row.worker_id), bytes(row.message_id), 1)
    return where + bytes(row.dispute_id) + row.at_ms.to_bytes(8) + f"{row.who}\0{row.said_by}".encode()


# -- opening, passing on, ending: in the turn of what makes it so


def id_of(house: "House", worker_id: bytes, contest_seq: int) -> bytes:
    """Return the one id of the case that a contest opens."""
    named: uuid.UUID = derived_id(house, b"dispute", worker_id, contest_seq.to_bytes(4))
    return bytes(named.bytes)


def unclosed(turn: Turn, worker_id: bytes, seq: int) -> Dispute | None:
    """Return the open case of a record, locked."""
    own = tables.dispute.c
    query = sa.select(*_COLUMNS).where(own.worker_id == worker_id, own.seq == seq, own.state.in_(UNCLOSED))
    row = turn.conn.execute(query.with_for_update()).one_or_none()
    return None if row is None else Dispute(*row)


def locked(turn: Turn, dispute_id: bytes) -> Dispute:
    """Return a case, locked. Raises `NotFound`."""
    query = sa.select(*_COLUMNS).where(tables.dispute.c.dispute_id == dispute_id)
    row = turn.conn.execute(query.with_for_update()).one_or_none()
    if row is None:
        raise NotFound
    return Dispute(*row)


def begin(
    turn: Turn,
    house: "House",
    worker_id: bytes,
    seq: int,
    contest_seq: int,
    issuer: str,
    *,
    to_region: bool = False,
) -> Dispute:
    """Open the case of a contest and tell everybody; one that is there already stays as it is.

    `to_region`: what is wanted is not the issuer's to answer, nor told to it.
    """
    dispute_id = id_of(house, worker_id, contest_seq)
    there = find(turn.conn, dispute_id)
    if there is not None:
        return there
    due_on = due(turn.now_ms, "issuer-answer")
    answered = not to_region and due_on and answers(turn.conn, house, issuer, turn.now_ms)
    owner = ISSUER if answered else REGION
    if owner == REGION:
        due_on = due(turn.now_ms, "region-decision")
    made = Dispute(
        worker_id=worker_id,
        dispute_id=dispute_id,
        seq=seq,
        contest_seq=contest_seq,
        issuer=issuer,
        state="open",
        owner=owner,
        issuer_told=not to_region,
        opened_ms=turn.now_ms,
        due_on=due_on,
        closed_ms=None,
        outcome_idx=None,
        answer=None,
        answer_id=None,
        messages=0,
        version=1,
    )
    turn.conn.execute(
        tables.dispute.insert().values({name: getattr(made, name) for name in Dispute.__slots__})
    )
    dated_params = {"due_on": due_on} if due_on else {}
    kind = "objection-opened" if due_on else "objection-passed"
    notices.tell_worker(turn, house, worker_id, kind, about(made) | dated_params, made.name)
    if owner == ISSUER:
        notices.tell_institution(turn, issuer, kind, about(made) | dated_params, made.name)
    else:
        _tell_desk(turn, made)
    return made


def pass_on(turn: Turn, house: "House", dispute: Dispute) -> Dispute:
    """Make a case the region's, with a term of its own, and tell everybody."""
    due_on = due(turn.now_ms, "region-decision")
    passed = change(turn, dispute, owner=REGION, due_on=due_on)
    params, key = about(dispute), f"{dispute.name}/passed"
    notices.tell_worker(turn, house, dispute.worker_id, "objection-passed", params, key)
    if dispute.issuer != house.settings.region:
        notices.tell_institution(turn, dispute.issuer, "objection-passed", params, key)
    _tell_desk(turn, passed)
    return passed


def offer(turn: Turn, house: "House", dispute: Dispute, record_id: bytes | None) -> None:
    """Take an act of the issuer that names no case as its answer, for the worker to agree to.

    The term goes on: an act that does not meet the objection must not end the case, nor keep it.
    """
    offered = change(turn, dispute, state="answered", answer="upheld", answer_id=record_id)
    key = f"{dispute.name}/offer/{offered.version}"
    notices.tell_worker(turn, house, dispute.worker_id, "objection-answered", about(dispute), key)


def end(turn: Turn, house: "House", dispute: Dispute, state: str, idx: int) -> None:
    """End a case with the entry that is its outcome, and tell everybody."""
    change(turn, dispute, state=state, closed_ms=turn.now_ms, outcome_idx=idx)
    params, key = about(dispute) | {"outcome": state}, f"{dispute.name}/ended"
    if state != "withdrawn":
        notices.tell_worker(turn, house, dispute.worker_id, "objection-decided", params, key)
    if dispute.issuer_told and dispute.issuer != house.settings.region:
        notices.tell_institution(turn, dispute.issuer, "objection-decided", params, key)
    if dispute.owner == REGION:
        notices.tell_desk(turn, DESK, "objection-decided", params, key)


def change(turn: Turn, dispute: Dispute, **values: Any) -> Dispute:
    """Change an open case as it was read. Raises `DisputeRefused` when somebody else did meanwhile."""
    own = tables.dispute
    values["version"] = dispute.version + 1
    mine = (
        own.c.worker_id == dispute.worker_id,
        own.c.dispute_id == dispute.dispute_id,
        own.c.version == dispute.version,
        own.c.state.in_(UNCLOSED),
    )
    if turn.conn.execute(own.update().where(*mine).values(**values)).rowcount != 1:
        raise DisputeRefused
    return Dispute(**{name: getattr(dispute, name) for name in Dispute.__slots__} | values)


def due(now_ms: int, term: str) -> str:
    """Return the last day of a term that begins now; empty where a rule or a year's calendar is missing."""
    today = beijing_date(now_ms)
    try:
        days = int(dated.rule(TERMS, term, today.isoformat())["value"])
        return workdays.due_on(today, days).isoformat()
    except NoRuleInForce:
        return ""


def answers(conn: Connection, house: "House", issuer: str, now_ms: int) -> bool:
    """Tell whether an issuer is there to answer: an institution, but the region, not closed, with a key."""
    institution = None if issuer == house.settings.region else house.institutions.find(issuer, conn)
    if institution is None or institution.closed_on(beijing_date(now_ms).isoformat()) is not None:
        return False
    state = house.issuers.states(house.db.cursor(conn), [issuer]).get(issuer)
    return state is not None and any(life.in_force(NOW, now_ms) for life in state.history.keys.values())


def pass_on_due(house: "House") -> int:
    """Pass to the region what an issuer let lie, or can no longer answer; how many."""
    own, now_ms = tables.dispute.c, house.clock.now_ms()
    today = beijing_date(now_ms).isoformat()
    with house.db.read() as conn:
        query = sa.select(own.dispute_id, own.issuer, own.due_on).where(
            own.owner == ISSUER, own.state.in_(UNCLOSED)
        )
        waiting = conn.execute(query.order_by(own.due_on)).all()
        there = {one: answers(conn, house, one, now_ms) for one in {row.issuer for row in waiting}}
    passing = [bytes(row.dispute_id) for row in waiting if row.due_on < today or not there[row.issuer]]
    return sum(house.db.write(functools.partial(_pass_on_if_due, house, one)) for one in passing)


def _pass_on_if_due(house: "House", dispute_id: bytes, turn: Turn) -> int:
    dispute = locked(turn, dispute_id)
    if dispute.closed or dispute.owner != ISSUER:
        return 0
    late = dispute.due_on < beijing_date(turn.now_ms).isoformat()
    if not late and answers(turn.conn, house, dispute.issuer, turn.now_ms):
        return 0
    pass_on(turn, house, dispute)
    return 1


# -- speaking in a case


def say(turn: Turn, house: "House", dispute_id: bytes, who: str, by: str, text: str) -> Dispute:
    """Add a message and tell the others. Raises `NotFound`, `DisputeRefused`, `RecordRestricted`."""
    dispute = locked(turn, dispute_id)
    # What is said in the case of a sealed record nobody would read, the speaker included.
    restricted.refuse_record(house, house.db.cursor(turn.conn), dispute.worker_id, dispute.seq)
    said = said_by(turn, house, dispute, who, by, text)
    params, key = about(said), f"{said.name}/{said.messages}"
    if who != "worker":
        notices.tell_worker(turn, house, said.worker_id, "objection-answered", params, key)
    elif said.owner == ISSUER:
        notices.tell_institution(turn, said.issuer, "objection-answered", params, key)
    else:
        notices.tell_desk(turn, DESK, "objection-answered", params, key)
    return said


def said_by(turn: Turn, house: "House", dispute: Dispute, who: str, by: str, text: str) -> Dispute:
    """Seal what was said into its case. Raises `DisputeRefused`."""
    if dispute.closed or dispute.messages >= MOST_MESSAGES:
        raise DisputeRefused
    row = Said(
        dispute.worker_id,
        uuid7(FixedClock(turn.now_ms), house.random),
        dispute.dispute_id,
        turn.now_ms,
        who,
        by,
    )
    sealed = data_key(turn, house, dispute.worker_id).seal(text.encode(), message_aad(row))
    values = {name: getattr(row, name) for name in Said.__slots__} | {"sealed": sealed}
    turn.conn.execute(tables.dispute_message.insert().values(values))
    return change(turn, dispute, messages=dispute.messages + 1)


@dataclass(frozen=True, slots=True)
class Said:
    """Where, when and by whom a message was said: all of its row but the words."""

    worker_id: bytes
    message_id: bytes
    dispute_id: bytes
    at_ms: int
    who: str
    said_by: str


def data_key(turn: Turn, house: "House", worker_id: bytes) -> DataKey:
    """Return a worker's key; the worker is locked, so that no erasure runs between. Raises `NotFound`."""
    worker, key = people_tables.worker, people_tables.worker_key
    turn.conn.execute(
        sa.select(worker.c.worker_id).where(worker.c.worker_id == worker_id).with_for_update()
    ).all()
    wrapped = turn.conn.execute(sa.select(key.c.wrapped).where(key.c.worker_id == worker_id)).scalar()
    if wrapped is None:
        raise NotFound
    return DataKeys(house.keys, house.random.bytes).get(worker_id, bytes(wrapped))


# -- small parts


def erase(turn: Turn, worker_id: bytes, seq: int | None = None) -> None:
    """Remove what was said, of one record or of all, and end what is open of a worker; part of erasing."""
    own, said = tables.dispute, tables.dispute_message
    mine = [own.c.worker_id == worker_id] + ([] if seq is None else [own.c.seq == seq])
    # The cases first: who speaks in one at this moment holds it.
    turn.conn.execute(own.update().where(*mine).values(messages=0))
    theirs = said.c.dispute_id.in_(turn.conn.scalars(sa.select(own.c.dispute_id).where(*mine)).all())
    with erasing(turn.conn):
        turn.conn.execute(sa.delete(said).where(said.c.worker_id == worker_id, theirs))
    if seq is None:
        turn.conn.execute(
            own.update()
            .where(*mine, own.c.state.in_(UNCLOSED))
            .values(state="withdrawn", closed_ms=turn.now_ms, version=own.c.version + 1)
        )


def about(dispute: Dispute) -> dict[str, Any]:
    """Return what a notice says of a case."""
    return {"case_id": dispute.name}


def _tell_desk(turn: Turn, dispute: Dispute) -> None:
    if dispute.due_on:
        params = about(dispute) | {"due_on": dispute.due_on}
        notices.tell_desk(turn, DESK, "objection-opened", params, dispute.name)
    else:
        notices.tell_desk(turn, DESK, "objection-undated", about(dispute), dispute.name)
