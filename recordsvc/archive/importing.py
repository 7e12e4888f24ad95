"""Import of old papers (旧档案导入): rows of a file become records that the region vouches for.

loading ──all rows judged and sealed──> proposed ──two people──> approved ──portions──> done
   └── no row is right ──────────────────> └── refused, withdrawn, expired ──> dropped ──> loading, anew

A row's record has one id, derived from the archive and the fact it states, or from the file's hash and the
row where a type has no mark of its facts: whatever dies in between, however often a file is read, and if
another file holds the same certificate, nothing enters twice. Rows are kept sealed under a key of the run,
which is destroyed when the run ends; what remains of a row that was refused is its number and a code. Who a
row is about is resolved at entering, exactly as at admission: whatever would be held there waits for
officials here, never a guess, and why is told to nobody (`import_persons`).
"""

import functools
import itertools
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.grants import Thing
from recordsvc.archive import import_persons, lost_erasures, tables
from recordsvc.archive.append import STALE, Batch, Known
from recordsvc.archive.import_persons import WAITS
from recordsvc.archive.import_waiting import HOLDING, PENDING, gone, row_aad, settled, still_ready
from recordsvc.archive.importrows import (
    Plan,
    Row,
    as_record,
    judged,
    provenance_of,
    record_id_of,
    source_of,
)
from recordsvc.archive.retold import Retold
from recordsvc.archive.sealing import dedupe_key
from recordsvc.archive.statements import Region, Statement, Stater, derived_id
from recordsvc.archive.verify_words import TYPES
from recordsvc.ground import observe, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.readers import Cursor
from recordsvc.ground.two_person import Proposal, StaleProposal
from recordsvc.people.reading import read_person
from recordsvc.people.resolve import Held
from recordsvc.people.workers import Worker
from recordsvc.vault import fence
from recordsvc.vault.envelope import DataKey, DataKeys, unwrap

if TYPE_CHECKING:
    from recordsvc.house import House

KIND: Final = "import.run"
PORTION: Final = 400
ATTEMPTS: Final = 6


@dataclass(frozen=True, slots=True)
class Run:
    """How far an import is."""

    run_id: bytes
    state: str
    proposal: bytes | None
    ready: int
    refused: int
    entered: int
    source: str
    vouched_by: str


def run_id(house: "House", plan: Plan) -> bytes:
    """Return the one id of this file's import as this type."""
    return derived_id(house, b"import", plan.file_sha256, plan.record_type.encode()).bytes


def find(house: "House", wanted: bytes) -> Run | None:
    """Return how far a run is; None when there is none."""
    with house.db.read() as conn:
        row = conn.execute(sa.select(tables.import_run).where(_run(wanted))).one_or_none()
    return None if row is None else _made(row)


def current(house: "House", wanted: bytes) -> Run | None:
    """Return how far a run is; dropped first, if its proposal was refused, withdrawn or has expired."""
    run = find(house, wanted)
    if run is None or run.state != "proposed" or not _fell(_proposal_of(house, run.proposal)):
        return run
    drop(house, wanted, "proposed", run.proposal)
    return find(house, wanted)


def drop(house: "House", wanted: bytes, before: str, proposal: bytes | None = None) -> None:
    """End a run that is not entered: its rows and their key go. Nothing, if it is no longer as named."""

    def act(turn: Turn) -> None:
        ended = {"state": "dropped", "ended_ms": turn.now_ms, "wrapped": None}
        if _move(turn, wanted, before, proposal, **ended):
            turn.conn.execute(tables.import_row.delete().where(tables.import_row.c.run_id == wanted))

    house.db.write(act)


def refused(house: "House", wanted: bytes) -> list[tuple[int, str]]:
    """Return the rows that were refused, with their codes."""
    row = tables.import_row.c
    query = sa.select(row.row, row.code).where(row.run_id == wanted, row.state == "refused").order_by(row.row)
    with house.db.read() as conn:
        return [(number, str(code)) for number, code in conn.execute(query)]


def load(house: "House", plan: Plan, rows: Iterable[Row]) -> Iterable[int]:
    """Seal the rows of a run that are not there yet; yields how many rows were seen so far."""
    wanted = run_id(house, plan)
    key = house.db.write(lambda turn: _begin(turn, house, plan, wanted))
    there = _loaded(house, wanted)
    seen = 0
    for portion in portions(rows):
        seen += len(portion)
        fresh = [row for row in portion if row.number > there]
        if fresh:
            told = judged(house, plan, fresh)
            data = [_stored(wanted, key, row) for row in told]
            house.db.write(functools.partial(_keep, house=house, wanted=wanted, data=data))
        yield seen


def portions(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Cut rows into portions of one turn each."""
    left = iter(rows)
    while portion := list(itertools.islice(left, PORTION)):
        yield portion


def propose(turn: Turn, wanted: bytes, plan: Plan) -> bytes:
    """Propose that a loaded run is entered. Raises `StaleProposal` when it is no longer loading."""
    row = turn.conn.execute(sa.select(tables.import_run).where(_run(wanted))).one()
    payload = {
        "run": str(uuid.UUID(bytes=wanted)),
        "file_sha256": row.file_sha256.hex(),
        "type": row.record_type,
        "source": row.source,
        "vouched_by": row.vouched_by,
        "ready": row.ready,
        "refused": row.refused,
        "case_ref": plan.case_ref,
        "areas": sorted(plan.areas),
    }
    subject = (
        f"导入旧档案 {row.ready} 条（{TYPES[row.record_type][0]}，另有 {row.refused} 行有误不导入），"
        f"文件 {row.file_sha256.hex()[:12]}，担保：{row.vouched_by}"
    )
    proposal = two_person.propose(turn, KIND, subject[:200], payload, plan.by)
    moved = _move(turn, wanted, "loading", None, state="proposed", proposal=proposal)
    if not moved:
        raise StaleProposal
    return proposal


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    """Return what a run holds: a run that was changed since it was proposed cannot be approved.

    Rows that went with an erasure change nothing of what is left to approve.
    """
    wanted = uuid.UUID(payload["run"]).bytes
    row = conn.execute(sa.select(tables.import_run).where(_run(wanted))).one_or_none()
    if row is None:
        return ""
    refused_then = row.refused - gone(conn, wanted)
    return f"{row.file_sha256.hex()[:32]}/{row.ready}/{refused_then}/{row.vouched_by}"


def _about(_conn: Connection, _subject: str, payload: dict[str, Any]) -> Thing:
    return import_persons.lies(payload)


@two_person.executor(KIND, deciders=frozenset({"reviewer", "data-officer"}), basis=_basis, about=_about)
def _approve(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Let a run be entered; the number of its rows."""
    if not _move(turn, uuid.UUID(payload["run"]).bytes, "proposed", proposal.id, state="approved"):
        raise StaleProposal
    return int(payload["ready"])


class Importer:
    """Enters what two people released, in portions; resumable at any point."""

    def __init__(self, house: "House") -> None:
        """Enter into the archives of this house."""
        self._house = house

    def run(self) -> int:
        """Enter all approved runs and drop those that were not approved; the number of rows entered."""
        entered = 0
        for row in self._waiting():
            proposal = _proposal_of(self._house, row.proposal)
            if row.state == "approved" and not _unproven(row, proposal):
                entered += sum(self.enter(row.run_id))
            elif row.state == "approved":
                observe.log("import-unproven", run=row.run_id.hex())
            elif row.state == "proposed" and _fell(proposal):
                drop(self._house, row.run_id, "proposed", row.proposal)
        return entered

    def enter(self, wanted: bytes) -> Iterable[int]:
        """Enter an approved run; yields how many rows each portion settled."""
        house = self._house
        with house.db.read() as conn:
            run = conn.execute(sa.select(tables.import_run).where(_run(wanted))).one()
        if run.state != "approved" or _unproven(run, _proposal_of(house, run.proposal)):
            return
        key = unwrap(house.keys, wanted, run.wrapped, HOLDING, house.random.bytes)
        while rows := self._ready(wanted):
            yield self._settle(run, key, rows)
        house.db.write(lambda turn: _finish(turn, wanted, run.proposal))

    def _waiting(self) -> Sequence[Any]:
        run = tables.import_run
        with self._house.db.read() as conn:
            return conn.execute(sa.select(run).where(run.c.state.in_(PENDING)).order_by(run.c.run_id)).all()

    def _ready(self, wanted: bytes, *which: sa.ColumnElement[bool]) -> Sequence[Any]:
        row = tables.import_row.c
        query = sa.select(row.row, row.sealed).where(row.run_id == wanted, row.state == "ready", *which)
        with self._house.db.read() as conn:
            return conn.execute(query.order_by(row.row).limit(PORTION)).all()

    def _settle(self, run: Any, key: DataKey, rows: Sequence[Any]) -> int:
        """Enter a portion; what stays stale is entered row by row, so that one stuck row blocks no other."""
        portion = len(rows)
        for _attempt in range(ATTEMPTS):
            if self._enter(run, key, rows):
                return portion
            # An erasure takes rows that wait: what was read of them before must not be tried again.
            rows = self._ready(run.run_id, tables.import_row.c.row.in_([row.row for row in rows]))
        if len(rows) == 1:
            self._house.db.write(lambda turn: settled(turn, run.run_id, [], [(rows[0].row, "busy")]))
        elif rows:
            for row in rows:
                self._settle(run, key, [row])
        return portion

    def _enter(self, run: Any, key: DataKey, rows: Sequence[Any]) -> bool:
        """Judge and append one portion; False when its facts changed meanwhile."""
        house = self._house
        proposal = _proposal_of(house, run.proposal)
        if proposal is None:
            raise StaleProposal
        with house.db.read_raw() as cursor:
            statements, numbers, waiting = self._statements(cursor, run, proposal, key, rows)
            batch = Batch(Region(house).prepare_all(cursor, statements))

        def act(turn: Turn) -> bool:
            if not still_ready(turn, run.run_id, [row.row for row in rows]):
                return False
            outcome = house.admission.appender.take(turn, [batch])[0] if batch.prepared else []
            if outcome is STALE:
                return False
            # Records and rows are settled in one transaction: what stands already stands by another row.
            twice = {
                number: worker.worker_id
                for number, one, (worker, _said) in zip(numbers, outcome, statements, strict=True)
                if isinstance(one, Known)
            }
            waits = waiting | twice
            good = [number for number in numbers if number not in twice]
            settled(turn, run.run_id, good, [(number, WAITS) for number in sorted(waits)])
            told = {one for one in waits.values() if one is not None}
            import_persons.tell(turn, house, proposal, told)
            return True

        return bool(house.db.write(act))

    def _statements(
        self, cursor: Cursor, run: Any, proposal: Proposal, key: DataKey, rows: Sequence[Any]
    ) -> tuple[list[tuple[Any, Statement]], list[int], dict[int, bytes | None]]:
        """Return what enters with its rows, and the rows that wait with whom they are about."""
        house, now_ms, said_by = self._house, self._house.clock.now_ms(), self._house.settings.region
        contents = [orjson.loads(key.open(row.sealed, row_aad(run.run_id, row.row))) for row in rows]
        people = [read_person(one["worker"], now_ms)[0] for one in contents]
        resolved = house.people.resolve(cursor, people, source_of(run.file_sha256))
        case = f"case-{uuid.UUID(bytes=run.proposal)}"
        stater = Stater(str(proposal.decided_by), "reviewer", case)
        statements: list[tuple[Any, Statement]] = []
        numbers = list[int]()
        waiting = dict[int, bytes | None]()
        found = [one for one in resolved if isinstance(one, Worker)]
        again = Retold(house, cursor, [one.worker_id for one in found])
        named = {row.row: person for row, person in zip(rows, people, strict=True)}
        barred = import_persons.barred(house, proposal, named, resolved)
        for row, content, person, worker in zip(rows, contents, people, resolved, strict=True):
            if (
                isinstance(worker, Held)
                or row.row in barred
                or again.reason(worker.worker_id, as_record(house, run.record_type, content["body"]))
            ):
                waiting[row.row] = import_persons.whose(house, cursor, person, worker)
                continue
            said = Statement(
                run.record_type,
                content["body"],
                stater,
                record_id_of(house, run, row.row, content["body"], worker),
                provenance=provenance_of(run, row.row, content["original"]),
            )
            if lost_erasures.among(house, cursor, [dedupe_key(said_by, str(said.record_id))]):
                waiting[row.row] = worker.worker_id
                continue
            statements.append((worker, said))
            numbers.append(row.row)
        return statements, numbers, waiting


def _finish(turn: Turn, wanted: bytes, proposal: bytes) -> None:
    """End a run that was entered and destroy the key of its rows."""
    _move(turn, wanted, "approved", proposal, state="done", ended_ms=turn.now_ms, wrapped=None)


def _proposal_of(house: "House", proposal: bytes | None) -> Proposal | None:
    if proposal is None:
        return None
    with house.db.read() as conn:
        return two_person.read_all(conn, [proposal], house.clock.now_ms()).get(proposal)


def _fell(proposal: Proposal | None) -> bool:
    """Whether what a run was proposed with can no longer be approved, and was not."""
    return proposal is None or proposal.state not in ("open", "done")


def _unproven(run: Any, proposal: Proposal | None) -> bool:
    """Whether the run is not what two people released: its state is a plain column."""
    if proposal is None or proposal.kind != KIND or proposal.state != "done":
        return True
    said = proposal.payload
    return proposal.decided_by in (None, proposal.proposed_by) or (
        said["run"],
        said["file_sha256"],
        said["type"],
        said["source"],
        said["vouched_by"],
    ) != (
        str(uuid.UUID(bytes=run.run_id)),
        run.file_sha256.hex(),
        run.record_type,
        run.source,
        run.vouched_by,
    )


def _run(wanted: bytes) -> sa.ColumnElement[bool]:
    return tables.import_run.c.run_id == wanted


def _begin(turn: Turn, house: "House", plan: Plan, wanted: bytes) -> DataKey:
    """Return the run's key, made with the run; one that was dropped begins anew. Raises `StaleProposal`."""
    run = tables.import_run
    row = turn.conn.execute(sa.select(run).where(_run(wanted))).one_or_none()
    if (
        row is not None
        and row.state == "loading"
        and (row.source, row.vouched_by) == (plan.source, plan.vouched_by)
    ):
        return unwrap(house.keys, wanted, row.wrapped, HOLDING, house.random.bytes)
    if row is not None and row.state != "dropped":
        raise StaleProposal
    fence.hold(turn, house.db, house.keys.epoch)
    wrapped, key = DataKeys(house.keys, house.random.bytes).new(wanted, HOLDING)
    values = {
        "file_sha256": plan.file_sha256,
        "record_type": plan.record_type,
        "source": plan.source,
        "vouched_by": plan.vouched_by,
        "proposed_by": plan.by,
        "proposal": None,
        "state": "loading",
        "ready": 0,
        "refused": 0,
        "entered": 0,
        "begun_ms": turn.now_ms,
        "ended_ms": None,
        "wrapped": wrapped,
    }
    begun = run.insert().values(run_id=wanted) if row is None else run.update().where(_run(wanted))
    turn.conn.execute(begun.values(**values))
    return key


def _loaded(house: "House", wanted: bytes) -> int:
    row = tables.import_row.c
    with house.db.read() as conn:
        return int(conn.scalar(sa.select(sa.func.max(row.row)).where(row.run_id == wanted)) or 0)


def _stored(wanted: bytes, key: DataKey, row: Row) -> tuple[Any, ...]:
    if row.code is not None:
        return wanted, row.number, "refused", row.code[:120], None
    content = orjson.dumps({"body": row.body, "original": row.original, "worker": row.worker})
    return wanted, row.number, "ready", None, key.seal(content, row_aad(wanted, row.number))


def _keep(turn: Turn, house: "House", wanted: bytes, data: list[tuple[Any, ...]]) -> None:
    """Write the rows of a portion; what another load of the same run wrote meanwhile stands.

    Raises `StaleProposal` where that one has proposed the run, or it was dropped.
    """
    kept = sa.select(tables.import_run.c.state).where(_run(wanted)).with_for_update()
    if turn.conn.execute(kept).scalar() != "loading":
        raise StaleProposal
    there = turn.conn.scalar(
        sa.select(sa.func.max(tables.import_row.c.row)).where(tables.import_row.c.run_id == wanted)
    )
    data = [row for row in data if row[1] > (there or 0)]
    house.db.bulk(turn.conn, tables.import_row, data)
    bad = sum(row[2] == "refused" for row in data)
    run = tables.import_run
    turn.conn.execute(
        run.update()
        .where(_run(wanted))
        .values(ready=run.c.ready + len(data) - bad, refused=run.c.refused + bad)
    )


def _move(turn: Turn, wanted: bytes, before: str, held: bytes | None, **values: Any) -> bool:
    """Change a run that is in a state by a proposal; False when it is not, or begun anew meanwhile."""
    run = tables.import_run
    same = (_run(wanted), run.c.state == before, run.c.proposal.is_not_distinct_from(held))
    return bool(turn.conn.execute(run.update().where(*same).values(**values)).rowcount)


def _made(row: Any) -> Run:
    counts = (row.ready, row.refused, row.entered)
    return Run(row.run_id, row.state, row.proposal, *counts, row.source, row.vouched_by)
