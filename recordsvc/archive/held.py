"""Held records (暂存记录): what no machine may decide waits, sealed, until released or returned.

held ──two people──> approved ──fresh judgement of key, worker, target──> released
  │                     └── no longer fits ──> held again, with the reason
  └──one official, with a reason──> returned to the issuer

The two-person act only marks the rows; appending happens in portions right after it (and by `recordsvc work`
if the process dies in between), so that a release of thousands never keeps writers waiting. Whatever is
appended is judged anew at that moment: a key revoked since then does not become valid by waiting.
"""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive import errors, tables, types
from recordsvc.archive.append import NO_TARGET, PRECEDING, STALE, Batch, Prepared
from recordsvc.archive.checks import Context
from recordsvc.archive.context import InstitutionContexts
from recordsvc.archive.statements import Region, Stater, derived_id
from recordsvc.archive.submission import Item
from recordsvc.archive.targets import Targets
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Problem
from recordsvc.ground.readers import Cursor
from recordsvc.people.resolve import Held, Worker, read_person

if TYPE_CHECKING:
    from recordsvc.house import House

PORTION: Final = 300
ATTEMPTS: Final = 6
"""How often a portion whose facts keep changing is tried before the next run of the job."""
RELEASE: Final = "held.release"


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """One held record as officials list it; instants are UTC ms."""

    held_id: bytes
    issuer: str
    reason: str
    owner: str
    state: str
    received_ms: int
    note: str | None


def waiting(
    conn: Connection,
    *,
    issuer: str | None = None,
    reason: str | None = None,
    after: bytes = b"",
    limit: int = 100,
) -> list[HeldRecord]:
    """Return held records behind the id `after`, oldest first."""
    held = tables.held
    query = sa.select(held).where(held.c.state == "held", held.c.held_id > after)
    if issuer:
        query = query.where(held.c.issuer == issuer)
    if reason:
        query = query.where(held.c.reason == reason)
    rows = conn.execute(query.order_by(held.c.held_id).limit(limit))
    return [HeldRecord(r.held_id, r.issuer, r.reason, r.owner, r.state, r.received_ms, r.note) for r in rows]


def open_held(house: "House", held_id: bytes) -> dict[str, Any]:
    """Return the record R of a held record, for the official who decides. Raises `HeldNotHere`."""
    with house.db.read() as conn:
        row = conn.execute(sa.select(tables.held).where(tables.held.c.held_id == held_id)).one_or_none()
    if row is None or row.sealed is None:
        raise errors.HeldNotHere
    record: dict[str, Any] = orjson.loads(house.admission.sealer.unhold(held_id, row.sealed)[0])
    return record


def give_back(turn: Turn, held_id: bytes, reason: str) -> None:
    """Return a held record to its issuer with a reason and drop its content. Raises `HeldNotHere`."""
    held = tables.held
    closing = held.update().where(held.c.held_id == held_id, held.c.state == "held")
    done = turn.conn.execute(
        closing.values(state="returned", decided_ms=turn.now_ms, note=reason[:200], sealed=None)
    )
    if done.rowcount != 1:
        raise errors.HeldNotHere


@two_person.executor(RELEASE, deciders=frozenset({"reviewer", "data-officer"}))
def _approve(turn: Turn, payload: dict[str, Any], proposal: two_person.Proposal) -> int:
    """Mark held records as approved by two people; the number of records. Raises `HeldNotHere`."""
    ids = [uuid.UUID(value).bytes for value in payload["held"]]
    worker = uuid.UUID(payload["worker_id"]).bytes if payload.get("worker_id") else None
    held, count = tables.held, 0
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        marked = turn.conn.execute(
            held.update()
            .where(held.c.held_id.in_(some), held.c.state == "held")
            .values(state="approved", proposal=proposal.id, worker_id=worker)
        )
        count += marked.rowcount
    if count != len(ids):
        raise errors.HeldNotHere
    return count


class Releaser:
    """Appends what two people approved."""

    def __init__(self, house: "House") -> None:
        """Release into the archive of this house."""
        self._house = house
        self._region = Region(house)
        self._contexts = InstitutionContexts(house.institutions)

    def run(self) -> int:
        """Append all approved records, portion by portion; the number released. Resumable at any point."""
        released = stuck = 0
        while stuck < ATTEMPTS and (rows := self._portion()):
            entered, settled = self._release(rows)
            released += entered
            stuck = 0 if entered or settled else stuck + 1
        return released

    def _portion(self) -> list[Any]:
        with self._house.db.read() as conn:
            query = sa.select(tables.held).where(tables.held.c.state == "approved")
            return list(conn.execute(query.order_by(tables.held.c.held_id).limit(PORTION)))

    def _release(self, rows: list[Any]) -> tuple[int, int]:
        """Judge and append one portion; rows that no longer fit go back to `held` or to the issuer.

        Returns how many were entered and how many went back.
        """
        house = self._house
        proposals = self._proposals(rows)
        prepared: list[Prepared] = []
        released: list[bytes] = []
        with house.db.read_raw() as cursor:
            opened = {row.held_id: self._open(row) for row in rows}
            workers = self._workers(cursor, rows, opened)
            refused: dict[bytes, tuple[str, str]] = {}
            for row in rows:
                try:
                    worker = workers[row.held_id]
                    pair = self._prepare(cursor, row, opened[row.held_id], proposals[row.proposal], worker)
                except Problem as problem:
                    refused[row.held_id] = (problem.code, problem.title_zh)
                    continue
                if isinstance(pair, Held):
                    refused[row.held_id] = ("", pair.reason)
                    continue
                prepared += pair
                released.append(row.key)
        if refused:
            house.db.write(lambda turn: _put_back(turn, refused))
        if not released:
            return 0, len(refused)
        outcome, _log = house.admission.append(Batch(prepared, released=released))
        # Stale: something moved between judgement and lock; the next portion judges the same rows again.
        return 0 if outcome is STALE else len(released), len(refused)

    def _proposals(self, rows: list[Any]) -> dict[bytes, two_person.Proposal]:
        with self._house.db.read() as conn:
            now_ms = self._house.clock.now_ms()
            return {one: two_person.read(conn, one, now_ms) for one in {row.proposal for row in rows}}

    def _open(self, row: Any) -> Item:
        raw, evidence = self._house.admission.sealer.unhold(row.held_id, row.sealed)
        return Item(raw, orjson.loads(raw), evidence)

    def _prepare(
        self, cursor: Cursor, row: Any, item: Item, proposal: two_person.Proposal, worker: Worker | Held
    ) -> list[Prepared] | Held:
        house, admission, record = self._house, self._house.admission, item.record
        now_ms = house.clock.now_ms()
        state = house.issuers.states(cursor, [row.issuer])[row.issuer]
        admission.judge.check(state, item.raw, item.evidence, now_ms)
        if isinstance(worker, Held):
            return worker
        kind = types.record_type(record)
        if kind is None:
            raise errors.SchemaRefused
        target = NO_TARGET
        if kind.target is not None:
            context = Context(beijing_date(now_ms).isoformat(), self._contexts.of(row.issuer, cursor))
            target = Targets(house, cursor, context).seq(kind, record, worker)
        entry = admission.sealer.prepare(
            worker, kind.kind, target, item, row.key, row.digest, row.issuer, state.version
        )
        entry.window = state.window(now_ms)
        return [entry, self._note(cursor, worker, record, row, proposal)]

    def _workers(
        self, cursor: Cursor, rows: list[Any], opened: dict[bytes, Item]
    ) -> dict[bytes, Worker | Held]:
        """Return for each row the worker two people named, or whom the record itself selects.

        One resolution for the whole portion: one draft for a new person, one attachment of a new card.
        """
        house, now_ms = self._house, self._house.clock.now_ms()
        by_record = [row for row in rows if row.worker_id is None]
        people = [read_person(opened[row.held_id].record["worker"], now_ms)[0] for row in by_record]
        found = house.people.resolve(cursor, people, [f"issuer:{row.issuer}" for row in by_record])
        workers = {row.held_id: worker for row, worker in zip(by_record, found, strict=True)}
        for row in rows:
            if row.worker_id is not None:
                workers[row.held_id] = house.people.load(cursor, row.worker_id) or Held("worker-erased")
        return workers

    def _note(
        self, cursor: Cursor, worker: Any, record: dict[str, Any], row: Any, proposal: two_person.Proposal
    ) -> Prepared:
        """Return the region's statement of who released the record and why."""
        case = f"held-{uuid.UUID(bytes=proposal.id)}"
        body = {
            "decision": {
                "decided_by": str(proposal.decided_by),
                "proposal": str(uuid.UUID(bytes=proposal.id)),
                "proposed_by": proposal.proposed_by,
            },
            "held_for": [row.reason],
            "held_on": beijing_date(row.received_ms).isoformat(),
            "reason": proposal.payload.get("reason") or proposal.reason,
            "releases": record["id"],
        }
        stater = Stater(str(proposal.decided_by), "reviewer", case)
        note_id = derived_id(self._house, b"release", row.held_id)
        return self._region.prepare(cursor, worker, "release", body, stater, PRECEDING, note_id)


def _put_back(turn: Turn, refused: dict[bytes, tuple[str, str]]) -> None:
    """Return what a problem makes unfit to its issuer; put back to the officials what is still undecided."""
    held = tables.held
    for held_id, (code, text) in refused.items():
        values: dict[str, Any] = {"state": "held", "reason": text[:40], "proposal": None, "worker_id": None}
        if code:
            values = {"state": "returned", "decided_ms": turn.now_ms, "note": text[:200], "sealed": None}
        turn.conn.execute(
            held.update().where(held.c.held_id == held_id, held.c.state == "approved").values(**values)
        )
