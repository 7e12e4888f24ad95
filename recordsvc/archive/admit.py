"""The door every record passes (收录): all that needs no lock (architecture.md, write path, step 1).

Form → type and schema → audience and environment → key in force → signature or batch proof → worker → checks
from dated data → commitment and encryption; then the writer's turn (`append.py`). What changed between
judgement and lock sends the request back to the start, a few times, before it is told to come again.
"""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from recordsvc.archive import checks, errors, salts, snapshot, twin_warnings, types
from recordsvc.archive.append import (
    NO_TARGET,
    OPEN,
    OWN_CHAIN,
    STALE,
    Appender,
    Batch,
    Outcome,
    Prepared,
)
from recordsvc.archive.carded import card_findings, days_of
from recordsvc.archive.context import InstitutionContexts, person_context
from recordsvc.archive.evidence import Judge
from recordsvc.archive.issuers import IssuerState
from recordsvc.archive.retold import Retold
from recordsvc.archive.rows import (
    Answer,
    Row,
    Said,
    hold_all,
    judge,
    pending,
    readable,
    settle,
    settle_repeated,
    take_none,
    takes_none,
)
from recordsvc.archive.sealing import Sealer, dedupe_key
from recordsvc.archive.snapshot import Facts
from recordsvc.archive.standing import Standing, judge_targets, refuse_erased
from recordsvc.archive.submission import Item, Submission
from recordsvc.archive.targets import OF_ANOTHER, Targets
from recordsvc.bodies.institutions import Institution
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Problem
from recordsvc.ground.readers import Cursor
from recordsvc.people import names
from recordsvc.people.identifiers import IdentifierError
from recordsvc.people.reading import read_person
from recordsvc.people.resolve import NAME_CHARACTERS, Held
from recordsvc.people.workers import Worker
from recordsvc.translog.store import LogTurn

if TYPE_CHECKING:
    from recordsvc.house import House

ATTEMPTS: Final = 6


class Admission:
    """Admits submissions of one process."""

    def __init__(self, house: "House") -> None:
        """Judge by what `house` holds."""
        self._house = house
        self.appender = Appender(house.db, house.log, house.issuers, house.people, house.random)
        self.sealer = Sealer(house.keys, house.random)
        self.judge = Judge(house.settings)
        self._contexts = InstitutionContexts(house.institutions)

    def submit(self, institution: str, submission: Submission) -> Answer:
        """Judge and append a submission of `institution` (USCC). Raises `BatchRefused` or `Busy`.

        Good rows stand unless the caller asked for all or nothing; each row tells what became of it.
        """
        for _attempt in range(ATTEMPTS):
            rows = [Row(item) for item in submission.items]
            batch_id, sender = self._examine(institution, submission, rows)
            if submission.all_or_nothing and any(row.status == "not-taken" for row in rows):
                return Answer(rows, None, batch_id, sender)
            ready = [(row, row.prepared) for row in pending(rows) if row.prepared is not None]
            held = [row for row in rows if row.status == "held" and row.held]
            log = None
            if ready or held:
                outcome, log = self.append(
                    self._batch([one for _, one in ready], held, whole=submission.all_or_nothing)
                )
                if outcome is STALE:
                    continue
                for (row, _), one in zip(ready, outcome, strict=True):
                    settle(row, one)
            twin_warnings.warn(house=self._house, rows=rows)
            settle_repeated(rows)
            return Answer(rows, log, batch_id, sender)
        raise errors.Busy

    # -- judging

    def _examine(
        self, institution: str, submission: Submission, rows: list[Row]
    ) -> tuple[str | None, Institution | None]:
        """Judge the rows; the batch's id, and the institution as the register has it."""
        house = self._house
        now_ms = house.clock.now_ms()
        self._read_all(institution, rows, now_ms)
        with house.db.read_raw() as cursor:
            facts = snapshot.ask(house, cursor, institution, rows, beijing_date(now_ms).isoformat())
            state = facts.state
            if state is None:
                raise errors.KeyUnknown
            known = Standing(house, cursor, facts.known, facts.held)
            refuse_erased(house, cursor, pending(rows))
            known.settle_same(pending(rows))
            batch_id = self._signatures(state, submission, rows, now_ms)
            window = state.window(now_ms)
            for row in rows:
                row.issuer_version, row.window = state.version, window
            known.settle(rows)
            salts.refuse_weak(pending(rows))
            self._check_and_place(cursor, facts, institution, rows, now_ms, whole=submission.all_or_nothing)
        return batch_id, facts.institution

    def _read_all(self, institution: str, rows: list[Row], now_ms: int) -> None:
        for row in rows:
            try:
                row.said = self._read(row.item, institution, now_ms)
            except Problem as problem:
                row.refuse(problem)
            else:
                row.key = dedupe_key(institution, row.item.record["id"])
                row.digest = self.sealer.digest(row.item.raw)

    def _signatures(
        self, state: IssuerState, submission: Submission, rows: list[Row], now_ms: int
    ) -> str | None:
        """Judge the signatures of what is new. What stands keeps its answer also when its key has ended."""
        try:
            return self.judge.signatures(state, submission, rows, now_ms)
        except (errors.KeyUnknown, errors.KeyNotInForce) as problem:
            new = pending(rows)
            if all(row.status in ("pending", "rejected") for row in rows):
                raise
            for row in new:
                row.refuse(problem)
            return None

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
        if (pointer := _hidden_in(record["body"])) is not None:
            raise errors.NameRefused(pointer=pointer)
        try:
            person, _warnings = read_person(record["worker"], now_ms, days_of(record))
        except IdentifierError as error:
            if error.code == NAME_CHARACTERS:
                raise errors.NameRefused(pointer="/worker/name") from None
            raise errors.IdentifierRefused(
                detail_en=str(error), pointer="/worker", reason=error.code
            ) from None
        return Said(kind, person)

    def _check_and_place(
        self, cursor: Cursor, found: Facts, institution: str, rows: list[Row], now_ms: int, *, whole: bool
    ) -> None:
        """Check each record against dated data, judge its target, find its worker, and seal it.

        Everything that can be refused or taken back is settled before any person is judged: from there on
        each row is either entered or held, and both leave a trace (docs/access.md).
        """
        facts = self._contexts.made_of(institution, found.institution)
        received_on = beijing_date(now_ms).isoformat()
        for row, said in readable(rows):
            judge(row, person_context(received_on, facts, said.person))
        judge_targets(Targets(self._house, cursor, checks.Context(received_on, facts)), readable(rows))
        if whole and takes_none(rows):
            take_none(rows)
            return
        waiting = readable(rows)
        if waiting and found.waiting >= found.most:
            # So much waits already that nothing more of this issuer is looked at. At the limit, a row that
            # would be held and one that would enter must be answered alike: hence before persons are judged.
            # One request may go beyond the limit by its own rows.
            raise errors.TooManyHeld
        people = [said.person for _, said in waiting]
        workers = self._house.people.resolve(cursor, people, f"issuer:{institution}", found.found)
        told = Retold(self._house, cursor, [one.worker_id for one in workers if isinstance(one, Worker)])
        for (row, said), person in zip(waiting, workers, strict=True):
            worker, target = person, row.target
            if target is not None and isinstance(person, Worker) and target.worker_id != person.worker_id:
                worker = self._in_chain_of(cursor, person, target.worker_id)
            if isinstance(worker, Held):
                row.held = worker.reason
            elif target is None and not row.held:
                row.held = told.reason(worker.worker_id, row.item.record)
            if row.held or isinstance(worker, Held):
                row.status = "held"
                continue
            seq = NO_TARGET if target is None else target.seq
            row.prepared = self.sealer.prepare(
                worker, said.type.kind, seq, row.item, row.key, row.digest, institution, row.issuer_version
            )
            row.prepared.window = row.window
            row.prepared.states = OPEN if target is None else OWN_CHAIN
            row.prepared.chain_size = None if target is None else target.chain_size
            row.findings += card_findings(said.person, found.found.hits, received_on)
        if whole and any(row.held for row, _ in waiting):
            hold_all(rows)

    def _in_chain_of(self, cursor: Cursor, worker: Worker, other: bytes) -> Worker | Held:
        """Return the worker of the chain acted on if it is read as this one's since a merge."""
        found = self._house.people.load(cursor, other)
        if found is None or self._house.people.person(cursor, found).worker_id != worker.worker_id:
            return Held(OF_ANOTHER)
        return found

    # -- appending

    def _batch(self, prepared: list[Prepared], held: list[Row], *, whole: bool) -> Batch:
        now_ms, epoch = self._house.clock.now_ms(), self._house.keys.epoch
        rows = [self.sealer.hold(row, now_ms, n) for n, row in enumerate(held)]
        return Batch(prepared, rows, whole=whole, epoch=epoch)

    def append(self, batch: Batch) -> tuple[Outcome, LogTurn]:
        """Append prepared records: (outcomes or STALE, the turn's part of the log). Durable on return."""

        def after(outcome: Outcome, turn: Turn) -> tuple[Outcome, LogTurn]:
            return outcome, self._house.log.turn(turn)

        weight = len(batch.prepared) + len(batch.held)
        appended: tuple[Outcome, LogTurn] = self._house.db.write_grouped(
            self.appender.take, batch, after, weight
        )
        return appended


# One institution sends thousands of records that name it.
_hides = functools.lru_cache(maxsize=1024)(names.hides)


def _hidden_in(body: Mapping[str, Any]) -> str | None:
    """Return where a name of an institution or a teacher holds what nobody sees."""
    institution = body.get("institution")
    if institution is not None and _hides(institution["name"]):
        return "/body/institution/name"
    hidden = (n for n, one in enumerate(body.get("teachers", ())) if names.hides(one["name"]))
    found = next(hidden, None)
    return None if found is None else f"/body/teachers/{found}/name"
