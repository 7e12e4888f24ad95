"""Public lists (公示): reviewed claims of a division, masked, for so many working days.

A list never changes: its hash is published with it. A claim that is objected to is held back alone; the
others go on. A claim that goes back to be checked is no longer of its list, and comes into a new one with
days of its own.
"""

import contextlib
import functools
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import workdays
from recordsvc.archive import persons, restricted
from recordsvc.archive.tables import restricted_entry
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.ground.strictjson import canonical
from recordsvc.money.claims import sealed, steps, terms
from recordsvc.money.claims.errors import ClaimChanged, ClaimNoticeOpen, ClaimNoticeUnknown, ClaimStep
from recordsvc.money.claims.steps import DONE, Done
from recordsvc.money.claims.tables import claim_notice, claim_objection, claim_state
from recordsvc.money.claims.values import BY_ITSELF, Claim, Who, decision_of, each, listed
from recordsvc.people import identifiers, merges
from recordsvc.people import tables as people_tables
from recordsvc.people.standing import RESTRICTED

if TYPE_CHECKING:
    from recordsvc.house import House

MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Notice:
    """One public list; `end_on` is its last day."""

    notice_id: bytes
    region: str
    sha256: str
    lines: list[dict[str, Any]]
    start_on: str
    end_on: str
    opened_by: str
    opened_ms: int
    taken_down: int = 0
    """Lines that are no longer shown, their claimants being restricted or the records they rest on."""


def publish(turn: Turn, house: "House", chosen: Sequence[Claim], region: str, who: Who) -> bytes:
    """Publish reviewed claims as one list; its id. Raises `ClaimStep`, `NoRuleInForce`."""
    if not chosen:
        raise ClaimStep("没有可以公示的申领")
    if sealed.among(turn.conn, chosen):
        raise ClaimStep("有的申领所依据的记录已限制处理，不能公示")
    today = beijing_date(turn.now_ms)
    end_on = workdays.due_on(today, terms.days("notice-days", today.isoformat()))
    notice_id = uuid7(FixedClock(turn.now_ms), house.random)
    lines = [_line(house, turn.conn, n, one) for n, one in enumerate(chosen, 1)]
    row = {
        "notice_id": notice_id,
        "region": region,
        "sha256": hashlib.sha256(canonical(lines)).hexdigest(),
        "lines": canonical(lines).decode(),
        "start_on": today.isoformat(),
        "end_on": end_on.isoformat(),
        "opened_by": who.actor,
        "opened_ms": turn.now_ms,
    }
    turn.conn.execute(claim_notice.insert().values(row))
    bound.wrote(turn, claim_notice, row)
    for one in chosen:
        steps.step(turn, house, one, "publish", who, notice_id=notice_id)
    return notice_id


def publishable(conn: Connection, *where: sa.ColumnElement[bool]) -> list[Claim]:
    """Return reviewed claims that can become public; what is sealed names nobody, and keeps none back."""
    own = people_tables.worker.c
    closed = sa.select(own.worker_id).where(own.state == "restricted")
    state = claim_state.c
    found = listed(conn, state.state == "REVIEWED", state.worker_id.not_in(closed), *where, limit=MOST)
    kept_back = sealed.among(conn, found)
    return [one for one in found if one.claim_id not in kept_back]


def object_to(turn: Turn, house: "House", one: Claim, text: str, who: Who) -> Done:
    """Take an objection down; the claim waits until it is dealt with, no other does. Raises `ClaimStep`."""
    if one.notice_id is None:
        raise ClaimStep(state=one.state, event="object")
    own = claim_objection.c
    where = (own.worker_id == one.worker_id, own.claim_id == one.claim_id)
    n = int(turn.conn.scalar(sa.select(sa.func.count()).select_from(claim_objection).where(*where)) or 0)
    row = {
        **one.key,
        "n": n + 1,
        "notice_id": one.notice_id,
        "text": text,
        "taken_by": who.actor,
        "taken_ms": turn.now_ms,
    }
    turn.conn.execute(claim_objection.insert().values(row))
    bound.wrote(turn, claim_objection, row)
    return steps.step(turn, house, one, "object", who, text)


def find(conn: Connection, notice_id: bytes) -> Notice:
    """Return one list. Raises `ClaimNoticeUnknown`."""
    found = every(conn, claim_notice.c.notice_id == notice_id)
    if not found:
        raise ClaimNoticeUnknown
    return found[0]


def every(conn: Connection, *where: sa.ColumnElement[bool], limit: int = 100) -> list[Notice]:
    """Return lists, the newest first."""
    query = sa.select(claim_notice).where(*where).order_by(claim_notice.c.notice_id.desc()).limit(limit)
    rows = conn.execute(query).mappings()
    return [Notice(**{**row, "lines": orjson.loads(row["lines"])}) for row in rows]


def public_one(house: "House", conn: Connection, notice_id: bytes) -> Notice:
    """Return one list as everybody sees it today. Raises `ClaimNoticeUnknown`, also of one that is over."""
    found = public(house, conn, claim_notice.c.notice_id == notice_id)
    if not found:
        raise ClaimNoticeUnknown
    return found[0]


def public(house: "House", conn: Connection, *where: sa.ColumnElement[bool]) -> list[Notice]:
    """Return the lists that everybody sees today, newest first, without lines of what is restricted.

    A list is public for its term and no longer: it is there to be objected to.
    """
    today = beijing_date(house.clock.now_ms()).isoformat()
    which = (claim_notice.c.end_on >= today, *where)
    people = _silent_people(conn)
    return [_shown(house, conn, one, people) for one in every(conn, *which)]


def _silent_people(conn: Connection) -> frozenset[bytes]:
    """Return of whom an archive or a record is restricted, whichever of their archives it is."""
    worker, hidden = people_tables.worker.c, restricted_entry.c
    closed = sa.select(worker.worker_id).where(worker.state == RESTRICTED)
    return merges.together(conn, map(bytes, conn.scalars(closed.union(sa.select(hidden.worker_id)))))


def _shown(house: "House", conn: Connection, found: Notice, people: frozenset[bytes]) -> Notice:
    """Return a list without the lines of whom it must not tell of any more."""
    state = claim_state.c
    theirs = listed(conn, state.notice_id == found.notice_id, state.worker_id.in_(sorted(people)), limit=MOST)
    closed = restricted.among(house, house.db.cursor(conn), {one.worker_id for one in theirs})
    sealed_ones = sealed.among(conn, theirs)
    silent = [
        _line(house, conn, 0, one, restricted_too=True)
        for one in theirs
        if one.worker_id in closed or one.claim_id in sealed_ones
    ]
    kept = found.lines
    for line in silent:
        kept = _without(kept, line)
    return replace(found, lines=kept, taken_down=len(found.lines) - len(kept))


def _without(lines: list[dict[str, Any]], silent: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a list without the line of a claim, which it does not name.

    Lines that are alike tell the same: whichever goes. Was the claim judged anew since, and tells something
    else of its occupation, all of its masked name and amount go.
    """
    alike = [line for line in lines if {**line, "n": 0} == silent]
    if alike:
        return [line for line in lines if line is not alike[0]]
    names = ("name", "kind", "amount_fen")
    return [line for line in lines if any(line[one] != silent[one] for one in names)]


def objections(conn: Connection, one: Claim) -> list[sa.Row[Any]]:
    """Return the objections to a claim."""
    own = claim_objection.c
    query = sa.select(claim_objection).where(own.worker_id == one.worker_id, own.claim_id == one.claim_id)
    return list(conn.execute(query.order_by(own.n)).all())


def pass_due(house: "House") -> int:
    """Let claims pass whose list is over and that no further signature is needed for; how many."""
    today = beijing_date(house.clock.now_ms()).isoformat()
    over = sa.select(claim_notice.c.notice_id).where(claim_notice.c.end_on < today)
    passed = 0
    for one in each(house.db, claim_state.c.state == "NOTICED", claim_state.c.notice_id.in_(over)):
        if "approve" in terms.steps(today, one.amount_fen):
            continue  # waits for a person
        act = functools.partial(steps.step, house=house, one=one, event="pass", who=BY_ITSELF)
        with contextlib.suppress(ClaimStep, ClaimChanged, ClaimNoticeOpen):
            passed += house.db.write(act).outcome == DONE
    return passed


def masked(name: str) -> str:
    """Return a name as a public list shows it: 马小梅 -> 马*梅, 马晓 -> 马*."""
    return identifiers.mask_name(name)


def _line(
    house: "House", conn: Connection, n: int, one: Claim, *, restricted_too: bool = False
) -> dict[str, Any]:
    found = decision_of(conn, one)
    values = {} if found is None else orjson.loads(found.document)["facts"]
    return {
        "n": n,
        "name": masked(name_of(house, conn, one, restricted_too=restricted_too)),
        "kind": one.kind,
        "occupation": values.get("occupation", {}).get("value", ""),
        "level": values.get("level", {}).get("value", ""),
        "amount_fen": one.amount_fen,
        **({} if one.part is None else {"part": one.part}),
    }


def name_of(house: "House", conn: Connection, one: Claim, *, restricted_too: bool = False) -> str:
    """Return the name on the record that a claim rests on. Raises `ArchiveRestricted`."""
    archives = persons.read(house, one.worker_id, house.db.cursor(conn), sealed=restricted_too)
    place = None if archives is None else archives.find(uuid.UUID(one.certificate).bytes)
    record = None if place is None else place.entry.record
    return "" if record is None else str(record["worker"].get("name", ""))
