"""The door every record passes (收录): all that needs no lock (architecture.md, write path, step 1).

Form → type and schema → audience and environment → key in force → signature or batch proof → worker → checks
from dated data → commitment and encryption; then the writer's turn (`append.py`). What changed between
judgement and lock sends the request back to the start, a few times, before it is told to come again.
"""

from typing import TYPE_CHECKING, Final

from recordsvc.archive import checks, errors, store, types
from recordsvc.archive.append import (
    NO_TARGET,
    STALE,
    Appender,
    Batch,
    Known,
    Outcome,
    Prepared,
)
from recordsvc.archive.context import InstitutionContexts, person_context
from recordsvc.archive.evidence import Judge
from recordsvc.archive.rows import (
    Answer,
    Row,
    Said,
    judge,
    pending,
    readable,
    settle,
    settle_held,
    settle_repeated,
)
from recordsvc.archive.sealing import Sealer, dedupe_key
from recordsvc.archive.submission import Item, Submission
from recordsvc.archive.targets import Targets
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Problem
from recordsvc.ground.readers import Cursor
from recordsvc.people.identifiers import IdentifierError
from recordsvc.people.resolve import Held, read_person
from recordsvc.translog.store import LogTurn

if TYPE_CHECKING:
    from recordsvc.house import House

ATTEMPTS: Final = 6


class Admission:
    """Admits submissions of one process."""

    def __init__(self, house: "House") -> None:
        """Judge by what `house` holds."""
        self._house = house
        self.appender = Appender(house.db, house.log, house.issuers, house.people)
        self.sealer = Sealer(house.keys, house.random)
        self.judge = Judge(house.settings)
        self._contexts = InstitutionContexts(house.institutions)

    def submit(self, institution: str, submission: Submission) -> Answer:
        """Judge and append a submission of `institution` (USCC). Raises `BatchRefused` or `Busy`.

        Good rows stand unless the caller asked for all or nothing; each row tells what became of it.
        """
        for _attempt in range(ATTEMPTS):
            rows = [Row(item) for item in submission.items]
            batch_id = self._examine(institution, submission, rows)
            if submission.all_or_nothing and any(row.status == "rejected" or row.held for row in rows):
                for row in rows:
                    row.status = "rejected" if row.problem else "not-taken"
                return Answer(rows, None, batch_id)
            ready = [(row, row.prepared) for row in pending(rows) if row.prepared is not None]
            held = [row for row in rows if row.status == "held" and row.held]
            log = None
            if ready or held:
                outcome, log = self.append(self._batch([prepared for _, prepared in ready], held))
                if outcome is STALE:
                    continue
                for (row, _), one in zip(ready, outcome, strict=True):
                    settle(row, one)
            settle_repeated(rows)
            return Answer(rows, log, batch_id)
        raise errors.Busy

    # -- judging

    def _examine(self, institution: str, submission: Submission, rows: list[Row]) -> str | None:
        house = self._house
        now_ms = house.clock.now_ms()
        with house.db.read_raw() as cursor:
            state = house.issuers.states(cursor, [institution]).get(institution)
            if state is None:
                raise errors.KeyUnknown
            for row in rows:
                try:
                    row.said = self._read(row.item, institution, now_ms)
                except Problem as problem:
                    row.refuse(problem)
                else:
                    row.key = dedupe_key(institution, row.item.record["id"])
                    row.digest = self.sealer.digest(row.item.raw)
            batch_id = self.judge.signatures(state, submission, rows, now_ms)
            window = state.window(now_ms)
            for row in rows:
                row.issuer_version, row.window = state.version, window
            self._settle_known(cursor, rows)
            self._check_and_place(cursor, institution, rows, now_ms)
        return batch_id

    def _read(self, item: Item, institution: str, now_ms: int) -> Said:
        """Judge what can be judged from the record alone. Raises the problem."""
        settings, record = self._house.settings, item.record
        if item.problem is not None:
            raise item.problem
        kind = types.record_type(record)
        if kind is None or not types.is_valid(record):
            raise errors.SchemaRefused(errors=[errors.told(fault) for fault in types.faults(record)])
        if record["audience"] != settings.audience:
            raise errors.WrongAudience(pointer="/audience")
        if record["environment"] != settings.environment:
            raise errors.WrongEnvironment(pointer="/environment")
        if record["issuer"] != institution:
            raise errors.IssuerForeign(pointer="/issuer")
        if types.Signer.ISSUER not in kind.signers or "actor" in record:
            raise errors.SignerRefused(pointer="/type")
        try:
            person, _warnings = read_person(record["worker"], now_ms)
        except IdentifierError as error:
            raise errors.IdentifierRefused(
                detail_en=str(error), pointer="/worker", reason=error.code
            ) from None
        return Said(kind, person)

    def _settle_known(self, cursor: Cursor, rows: list[Row]) -> None:
        """Answer what stands already: same record again, other content under its id, erased, held."""
        house, keys = self._house, [row.key for row in pending(rows)]
        known = store.known(house.db, cursor, keys)
        held = store.held_rows(house.db, cursor, keys)
        first: dict[bytes, Row] = {}
        for row in pending(rows):
            if row.key in known:
                worker_id, seq, digest = known[row.key]
                outcome = Known(worker_id, seq, digest == row.digest)
                settle(row, outcome, erased=_erased(house, cursor, worker_id, seq))
            elif row.key in held:
                settle_held(row, *held[row.key])
            elif (earlier := first.setdefault(row.key, row)) is not row:
                if earlier.digest == row.digest:
                    row.status, row.repeats = "repeated", earlier
                else:
                    row.refuse(errors.OtherContent(pointer="/id"))

    def _check_and_place(self, cursor: Cursor, institution: str, rows: list[Row], now_ms: int) -> None:
        """Find each record's worker and target, check it against dated data, and seal it."""
        facts = self._contexts.of(institution, cursor)
        received_on = beijing_date(now_ms).isoformat()
        for row, said in readable(rows):
            judge(row, person_context(received_on, facts, said.person))
        targets = Targets(self._house, cursor, checks.Context(received_on, facts))
        waiting = readable(rows)
        people = [said.person for _, said in waiting]
        workers = self._house.people.resolve(cursor, people, f"issuer:{institution}")
        for (row, said), worker in zip(waiting, workers, strict=True):
            if isinstance(worker, Held):
                row.held = worker.reason
            if row.held or isinstance(worker, Held):
                row.status = "held"
                continue
            target = NO_TARGET
            if said.type.target is not None:
                try:
                    target = targets.seq(said.type, row.item.record, worker)
                except Problem as problem:
                    row.refuse(problem)
                    continue
            row.prepared = self.sealer.prepare(
                worker, said.type.kind, target, row.item, row.key, row.digest, institution, row.issuer_version
            )
            row.prepared.window = row.window

    # -- appending

    def _batch(self, prepared: list[Prepared], held: list[Row]) -> Batch:
        now_ms = self._house.clock.now_ms()
        return Batch(prepared, [self.sealer.hold(row, now_ms, n) for n, row in enumerate(held)])

    def append(self, batch: Batch) -> tuple[Outcome, LogTurn]:
        """Append prepared records: (outcomes or STALE, the turn's part of the log). Durable on return."""

        def after(outcome: Outcome, turn: Turn) -> tuple[Outcome, LogTurn]:
            return outcome, self._house.log.turn(turn)

        weight = len(batch.prepared) + len(batch.held)
        appended: tuple[Outcome, LogTurn] = self._house.db.write_grouped(
            self.appender.take, batch, after, weight
        )
        return appended


def _erased(house: "House", cursor: Cursor, worker_id: bytes, seq: int) -> bool:
    stored = store.one(house.db, cursor, worker_id, seq)
    return stored is None or stored.sealed is None
