"""The door every record passes (收录): all that needs no lock (architecture.md, write path, step 1).

Form → type and schema → audience and environment → key in force → signature or batch proof → worker → checks
from dated data → commitment and encryption; then the writer's turn (`append.py`). What changed between
judgement and lock sends the request back to the start, a few times, before it is told to come again.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from recordsvc.archive import checks, errors, formats, store, types
from recordsvc.archive.append import NO_TARGET, STALE, Accepted, Appender, Batch, Known, Prepared
from recordsvc.archive.context import InstitutionContexts, person_context
from recordsvc.archive.evidence import Judge
from recordsvc.archive.sealing import Sealer, dedupe_key
from recordsvc.archive.submission import Item, Submission
from recordsvc.archive.targets import Targets
from recordsvc.dated import NoRuleInForce
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Problem
from recordsvc.people.identifiers import IdentifierError
from recordsvc.people.resolve import Held, Person, read_person
from recordsvc.translog.store import LogTurn

if TYPE_CHECKING:
    from recordsvc.house import House

ATTEMPTS: Final = 6


@dataclass(slots=True)
class Row:
    """One record on its way: what it is, what was found, and what became of it."""

    item: Item
    status: str = "pending"
    problem: Problem | None = None
    type: types.RecordType | None = None
    key: bytes = b""
    digest: bytes = b""
    person: Person | None = None
    issuer_version: int = 0
    held: str = ""
    findings: list[checks.Finding] = field(default_factory=list)
    prepared: Prepared | None = None
    outcome: Accepted | Known | None = None

    @property
    def record_id(self) -> str | None:
        """Return the record's id if it could be read."""
        value = self.item.record.get("id")
        return value if isinstance(value, str) and len(value) == 36 else None

    def refuse(self, problem: Problem) -> None:
        """Judge the row: not taken, and why."""
        self.status, self.problem = "rejected", problem


@dataclass(slots=True)
class Answer:
    """What became of a submission; `log` holds checkpoint and proofs of new entries, None without any."""

    rows: list[Row]
    log: LogTurn | None
    batch_id: str | None = None


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
            log = self._append(rows)
            if log != STALE:
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
                self._read(row, institution, now_ms)
            batch_id = self.judge.signatures(state, submission, rows, now_ms)
            for row in rows:
                row.issuer_version = state.version
            self._settle_known(cursor, rows)
            self._check_and_place(cursor, institution, rows, now_ms)
        return batch_id

    def _read(self, row: Row, institution: str, now_ms: int) -> None:
        """Judge what can be judged from the record alone."""
        record = row.item.record
        if row.item.problem is not None:
            return row.refuse(row.item.problem)
        if not types.is_valid(record):
            found = [
                {
                    "pointer": one.pointer,
                    "code": one.code,
                    "detail": one.zh,
                    "detail_en": one.en,
                    "remedy": one.remedy_zh,
                    "remedy_en": one.remedy_en,
                }
                for one in types.faults(record)
            ]
            return row.refuse(errors.SchemaRefused(errors=found))
        if record["audience"] != self._house.settings.audience:
            return row.refuse(errors.WrongAudience(pointer="/audience"))
        if record["environment"] != self._house.settings.environment:
            return row.refuse(errors.WrongEnvironment(pointer="/environment"))
        if record["issuer"] != institution:
            return row.refuse(errors.IssuerForeign(pointer="/issuer"))
        row.type = types.record_type(record)
        if types.Signer.ISSUER not in row.type.signers or "actor" in record:
            return row.refuse(errors.SignerRefused(pointer="/type"))
        try:
            row.person, _warnings = read_person(record["worker"], now_ms)
        except IdentifierError as error:
            return row.refuse(
                errors.IdentifierRefused(detail_en=str(error), pointer="/worker", reason=error.code)
            )
        row.key = dedupe_key(institution, record["id"])
        row.digest = self.sealer.digest(row.item.raw)
        return None

    def _settle_known(self, cursor: Any, rows: list[Row]) -> None:
        """Answer what stands already: same record again, other content under its id, erased, held."""
        waiting = {row.key: row for row in rows if row.status == "pending"}
        house, keys = self._house, list(waiting)
        for key, (worker_id, seq, digest) in store.known(house.db, cursor, keys).items():
            _settle(
                waiting[key],
                Known(worker_id, seq, digest == waiting[key].digest),
                erased=_erased(house, cursor, worker_id, seq),
            )
        for key, (state, digest, note) in store.held_rows(house.db, cursor, keys).items():
            row = waiting[key]
            if row.status != "pending":
                continue
            if digest != row.digest:
                row.refuse(errors.OtherContent(pointer="/id"))
            else:
                row.status = "returned" if state == "returned" else "held"
                row.problem = errors.Returned(note or "") if state == "returned" else None
        seen: dict[bytes, Row] = {}
        for row in rows:
            if row.status == "pending" and seen.setdefault(row.key, row) is not row:
                row.status = "repeated" if seen[row.key].digest == row.digest else "pending"
                if row.status == "pending":
                    row.refuse(errors.OtherContent(pointer="/id"))

    def _check_and_place(self, cursor: Any, institution: str, rows: list[Row], now_ms: int) -> None:
        """Find each record's worker and target, check it against dated data, and seal it."""
        institution_facts = self._contexts.of(institution, cursor)
        received_on = beijing_date(now_ms).isoformat()
        waiting = [row for row in rows if row.status == "pending"]
        for row in waiting:
            context = person_context(received_on, institution_facts, row.person)
            try:
                row.findings = checks.check(row.item.record, context)
            except NoRuleInForce:
                row.held, row.status = "rule-expired", "held"
            else:
                _judge_findings(row)
        waiting = [row for row in waiting if row.status == "pending"]
        targets = Targets(self._house, cursor, checks.Context(received_on, institution_facts))
        people = self._house.people.resolve(cursor, [row.person for row in waiting], f"issuer:{institution}")
        for row, worker in zip(waiting, people, strict=True):
            if isinstance(worker, Held):
                row.held = worker.reason
            if row.held or isinstance(worker, Held):
                row.status = "held"
                continue
            target = NO_TARGET
            if row.type.target is not None:
                try:
                    target = targets.seq(row.type, row.item.record, worker)
                except Problem as problem:
                    row.refuse(problem)
                    continue
            row.prepared = self.sealer.prepare(
                worker, row.type.kind, target, row.item, row.key, row.digest, institution, row.issuer_version
            )

    # -- appending

    def _append(self, rows: list[Row]) -> LogTurn | None | str:
        ready = [row for row in rows if row.prepared is not None and row.status == "pending"]
        new_held = [row for row in rows if row.status == "held" and row.held]
        if ready or new_held:
            now_ms = self._house.clock.now_ms()
            held_rows = [self.sealer.hold(row, now_ms, n) for n, row in enumerate(new_held)]
            batch = Batch([row.prepared for row in ready], held_rows)
            outcome, log = self.append(batch)
            if outcome == STALE:
                return STALE
            for row, one in zip(ready, outcome, strict=True):
                _settle(row, one)
        else:
            log = None
        for row in rows:
            if row.status == "repeated":
                first = next(other for other in rows if other.key == row.key and other is not row)
                row.status, row.outcome = "duplicate" if first.outcome else first.status, first.outcome
        return log

    def append(self, batch: Batch) -> tuple[Any, LogTurn | None]:
        """Append prepared records: (outcomes or STALE, the turn's part of the log). Durable on return."""
        return self._house.db.write_grouped(
            self.appender.take,
            batch,
            after=lambda outcome, turn: (outcome, self._house.log.turn(turn)),
            weight=len(batch.prepared) + len(batch.held),
        )


def _settle(row: Row, outcome: Accepted | Known, *, erased: bool = False) -> None:
    row.outcome = outcome
    if isinstance(outcome, Accepted):
        row.status = "accepted"
    elif not outcome.same:
        row.refuse(errors.OtherContent(pointer="/id"))
    elif erased:
        row.status, row.problem = "erased", errors.RecordErased()
    else:
        row.status = "duplicate"


def _erased(house: "House", cursor: Any, worker_id: bytes, seq: int) -> bool:
    stored = store.one(house.db, cursor, worker_id, seq)
    return stored is None or stored.sealed is None


def _judge_findings(row: Row) -> None:
    rejects = [finding for finding in row.findings if finding.severity == "reject"]
    if rejects:
        row.refuse(errors.ContentRefused(errors=[checks.told(finding) for finding in rejects]))
        return
    row.held = next((finding.code for finding in row.findings if finding.severity == "hold"), "")
