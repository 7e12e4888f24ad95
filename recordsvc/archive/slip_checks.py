"""A second pair of eyes on signed slips (签字单复核): no machine reads a signature, so another official does.

    used at the window ──drawn by lot──> open ──another official opens the paper──> agrees
                                          │                                  └────> differs: what it stood
                                          └ late: the data officer's                for ends, who is told

How many of a hundred slips are compared, and in how many working days, is dated data (`slip_terms`). The lot
falls when the slip is used, from the service's own randomness: the clerk cannot know it beforehand. Who
took the slip never compares it, and nobody says what they found without having opened that very paper.
While the archive is restricted nobody may open it: the slip is set aside, and its term begins anew when the
restriction is lifted.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated, workdays
from recordsvc.access import areas, consents, granting, helper_relations
from recordsvc.access.errors import StandsTogether
from recordsvc.access.grants import Actor, Kind, Way, author
from recordsvc.access.looked import one_paper
from recordsvc.access.tables import consent, helper, looked
from recordsvc.archive import notices
from recordsvc.archive.slip_errors import SlipChecked, SlipUnopened
from recordsvc.archive.slip_tables import slip_check
from recordsvc.dated import NoRuleInForce
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import NotFound
from recordsvc.ground.two_person import SamePerson
from recordsvc.people import merges
from recordsvc.people import tables as people_tables
from recordsvc.people.standing import RESTRICTED

if TYPE_CHECKING:
    from recordsvc.house import House

TERMS: Final = "slip_terms"
FIRST, LATE = "reviewer", "data-officer"
"""Whose it is to compare, and whose once it is late; both may at any time."""
AGREES, DIFFERS = "agrees", "differs"


@dataclass(frozen=True, slots=True)
class SlipCheck:
    """A slip to compare; `due_on` is a Beijing date, empty where no calendar gives one."""

    worker_id: bytes
    paper_id: bytes
    used_by: str
    used_ms: int
    due_on: str
    owner: str
    state: str
    checked_by: str | None
    checked_ms: int | None
    finding: str


def proof_of(paper_id: bytes) -> str:
    """Return how a consent or helper names the slip that stood for it."""
    return f"slip:{uuid.UUID(bytes=paper_id)}"


def begin(turn: Turn, house: "House", who: Actor, worker_id: bytes, paper_id: bytes) -> None:
    """Note that a slip was used, draw whether it is compared, and tell those who do."""
    today = beijing_date(turn.now_ms).isoformat()
    drawn = int.from_bytes(house.random.bytes(4)) % 100 < int(dated.rule(TERMS, "percent", today)["value"])
    params: dict[str, str] = {}
    if drawn:
        params["due_on"] = _due(turn.now_ms)
        row = {
            "worker_id": worker_id,
            "paper_id": paper_id,
            "used_by": _used_by(who),
            "used_ms": turn.now_ms,
            "due_on": params["due_on"],
            "owner": FIRST,
            "state": "open",
            "finding": "",
        }
        turn.conn.execute(slip_check.insert().values(**row))
    told = {name: value for name, value in params.items() if value}
    _tell(turn, worker_id, "desk:data-officer", "slip-used", paper_id, told)


def check(
    turn: Turn, house: "House", worker_id: bytes, paper_id: bytes, who: Actor, *, agrees: bool, finding: str
) -> None:
    """Say what the comparison found; where it differs, what the slip stood for ends and the person is told.

    Raises `NotFound`, `SlipChecked`, `SamePerson` to who took the slip, `StandsTogether` to whose deputy or
    principal did, `SlipUnopened` to who has not opened
    that paper since.
    """
    own, by = slip_check.c, author(who)
    mine = (own.worker_id == worker_id, own.paper_id == paper_id)
    row = turn.conn.execute(sa.select(own.used_by, own.used_ms, own.state).where(*mine)).one_or_none()
    if row is None:
        raise NotFound
    if row.used_by == by:
        raise SamePerson
    kind, _, clerk = row.used_by.partition(":")
    if kind == Kind.OFFICIAL and granting.stand_together(turn.conn, clerk, who.id, row.used_ms):
        raise StandsTogether
    if row.state == "open" and not _opened(turn.conn, worker_id, paper_id, who, row.used_ms):
        raise SlipUnopened
    # The condition, not the reading above, lets one of two who answer at once win.
    closing = slip_check.update().where(*mine, own.state == "open")
    said = {"state": AGREES if agrees else DIFFERS, "checked_by": by, "checked_ms": turn.now_ms}
    if turn.conn.execute(closing.values(**said, finding=finding)).rowcount != 1:
        raise SlipChecked
    if not agrees:
        _undo(turn, house, worker_id, paper_id)


def pass_on_due(house: "House") -> int:
    """Pass what lies too long to the data officer, and tell the auditor; how many."""
    today = beijing_date(house.clock.now_ms()).isoformat()
    own = slip_check.c
    late = (own.state == "open", own.owner == FIRST, own.due_on < today, _readable())
    with house.db.read() as conn:
        if conn.execute(sa.select(own.paper_id).where(*late).limit(1)).first() is None:
            return 0

    def act(turn: Turn) -> int:
        found = turn.conn.execute(
            slip_check.update().where(*late).values(owner=LATE).returning(own.worker_id, own.paper_id)
        ).all()
        for worker_id, paper_id in found:
            for desk in ("desk:data-officer", "desk:auditor"):
                _tell(turn, bytes(worker_id), desk, "slip-late", bytes(paper_id), {})
        return len(found)

    return house.db.write(act)


def waiting(conn: Connection, *seen: sa.ColumnElement[bool], limit: int = 200) -> list[SlipCheck]:
    """Return slips to compare, the most urgent first; `seen` narrows them."""
    own = slip_check.c
    columns = [own[name] for name in SlipCheck.__slots__]
    query = sa.select(*columns).where(own.state == "open", _readable(), *seen)
    query = query.order_by(own.due_on, own.used_ms)
    return [SlipCheck(*row) for row in conn.execute(query.limit(limit))]


def count(conn: Connection, now_ms: int) -> dict[str, float]:
    """Return how many wait, and how many of these are late."""
    own, today = slip_check.c, beijing_date(now_ms).isoformat()
    late = sa.case((sa.and_(own.due_on != "", own.due_on < today), "late"), else_="waiting")
    query = sa.select(late, sa.func.count()).where(own.state == "open", _readable()).group_by(late)
    return {state: float(many) for state, many in conn.execute(query)}


def begin_anew(turn: Turn, workers: Sequence[bytes]) -> None:
    """Let the terms of slips begin anew that were set aside while these archives were restricted."""
    own = slip_check.c
    waiting_there = slip_check.update().where(own.worker_id.in_(workers), own.state == "open")
    turn.conn.execute(waiting_there.values(due_on=_due(turn.now_ms), owner=FIRST))


def _readable() -> sa.ColumnElement[bool]:
    """Return the condition of slips whose archive is not restricted, nor read as one that is."""
    worker = people_tables.worker
    closed = (
        sa.select(worker.c.worker_id).where(worker.c.state == RESTRICTED).cte("restricted", recursive=True)
    )
    read_as = worker.alias("read_as")
    closed = closed.union(
        sa.select(read_as.c.worker_id).join(closed, read_as.c.merged_into == closed.c.worker_id)
    )
    return slip_check.c.worker_id.not_in(sa.select(closed.c.worker_id))


def erase(turn: Turn, worker_id: bytes) -> None:
    """Remove them with all else of a worker."""
    turn.conn.execute(slip_check.delete().where(slip_check.c.worker_id == worker_id))


def _opened(conn: Connection, worker_id: bytes, paper_id: bytes, who: Actor, since_ms: int) -> bool:
    own = looked.c
    mine = (own.actor_kind == Kind.OFFICIAL, own.actor_id == who.id, own.fields == one_paper(paper_id))
    whose = own.worker_id.in_([worker_id, merges.person_id(conn, worker_id)])
    return (
        conn.execute(sa.select(own.id).where(whose, *mine, own.at_ms >= since_ms).limit(1)).first()
        is not None
    )


def _undo(turn: Turn, house: "House", worker_id: bytes, paper_id: bytes) -> None:
    proof = proof_of(paper_id)
    given = sa.select(consent.c.consent_id).where(consent.c.worker_id == worker_id, consent.c.proof == proof)
    for one in list(turn.conn.scalars(given)):
        consents.end(turn, house.log, [worker_id], consents.Ended.SLIP, bytes(one))
    named = sa.select(helper.c.helper_id).where(helper.c.worker_id == worker_id, helper.c.proof == proof)
    for one in list(turn.conn.scalars(named)):
        helper_relations.end(turn, bytes(one), helper_relations.Ended.SLIP)
    person = merges.person_id(turn.conn, worker_id)
    notices.tell_worker(turn, house, person, "slip-refused", {}, paper_id.hex())
    for desk in ("desk:data-officer", "desk:auditor"):
        _tell(turn, worker_id, desk, "slip-refused", paper_id, {})


def _tell(
    turn: Turn, worker_id: bytes, desk: str, kind: str, paper_id: bytes, params: dict[str, str]
) -> None:
    area = areas.person(turn.conn, worker_id).area or ""
    notices.tell_desk(turn, desk, kind, params, f"{proof_of(paper_id)}/{desk}", area)


def _used_by(who: Actor) -> str:
    """Return who took the slip as decisions name them: the official at the window, or the helper."""
    if who.through is not None and who.through.way is Way.WINDOW:
        return f"{Kind.OFFICIAL}:{who.through.id}"
    return author(who)


def _due(now_ms: int) -> str:
    on = beijing_date(now_ms)
    try:
        days = int(dated.rule(TERMS, "check", on.isoformat())["value"])
        return workdays.due_on(on, days).isoformat()
    except NoRuleInForce:
        return ""
