"""The fresh judgement of approved records (放行前重新判断): approval, content, signature, worker, target.

What can change again - a suspended key, a target not there yet, a restricted archive - sends a record back to
the officials, under a code of `hold_reasons`. Only what can never become good is returned to its issuer.
"""

import struct
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from recordsvc import dated
from recordsvc.archive import errors, lost_erasures, retold, types
from recordsvc.archive.append import NO_TARGET, OWN_CHAIN, PRECEDING, Prepared
from recordsvc.archive.carded import days_of
from recordsvc.archive.checks import Context
from recordsvc.archive.context import InstitutionContexts
from recordsvc.archive.evidence import kid_of
from recordsvc.archive.issuers import NOW, IssuerState
from recordsvc.archive.keyevents import KeyState
from recordsvc.archive.release import unproven
from recordsvc.archive.statements import REGION_KID, Region, Statement, Stater, derived_id
from recordsvc.archive.submission import Item
from recordsvc.archive.targets import Targets
from recordsvc.ground import observe, two_person
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Problem
from recordsvc.ground.readers import Cursor
from recordsvc.ground.two_person import Proposal
from recordsvc.people.identifiers import IdentifierError
from recordsvc.people.reading import read_person
from recordsvc.people.resolve import Held, Person
from recordsvc.people.workers import Worker
from recordsvc.vault.envelope import SealError

if TYPE_CHECKING:
    from recordsvc.house import House


@dataclass(frozen=True, slots=True)
class Back:
    """Why a record is not released: `reason` for the officials, or `note` when it goes to its issuer."""

    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Fit:
    """A row whose approval, content and signature hold."""

    item: Item
    person: Person
    proposal: Proposal
    state: IssuerState


class Rejudge:
    """Judges approved rows of one house."""

    def __init__(self, house: "House") -> None:
        """Judge by what `house` holds."""
        self._house = house
        self._region = Region(house)
        self._contexts = InstitutionContexts(house.institutions)

    def region_signs(self) -> bool:
        """Return whether the region's key is in force, without which no release can be stated."""
        house = self._house
        state = house.issuers.state(house.settings.region)
        life = state.key(REGION_KID) if state else None
        return life is not None and life.in_force(NOW, house.clock.now_ms())

    def portion(self, rows: Sequence[Any]) -> list[tuple[Any, list[Prepared] | Back]]:
        """Return for each row of `held_record` the record with its release note, or why it goes back."""
        house = self._house
        with house.db.read() as conn:
            named = {row.proposal for row in rows if row.proposal is not None}
            proposals = two_person.read_all(conn, named, house.clock.now_ms())
        with house.db.read_raw() as cursor:
            gone = lost_erasures.among(house, cursor, [row.key for row in rows])
            judged = {
                row.held_id: Back(errors.RecordErased.code, errors.RecordErased.title_zh)
                if row.key in gone
                else self._fit(cursor, row, proposals.get(row.proposal))
                for row in rows
            }
            fit = [(row, one) for row in rows if isinstance(one := judged[row.held_id], _Fit)]
            workers = dict(self._workers(cursor, fit))
            outcomes: list[tuple[Any, list[Prepared] | Back]] = []
            targets: dict[str, Targets] = {}
            for row in rows:
                one = judged[row.held_id]
                if isinstance(one, _Fit):
                    outcomes.append((row, self._made(cursor, row, one, workers[row.held_id], targets)))
                else:
                    outcomes.append((row, one))
            return outcomes

    # -- is it what two people approved, and still validly signed?

    def _fit(self, cursor: Cursor, row: Any, proposal: Proposal | None) -> _Fit | Back:
        fault, held_id = unproven(row, proposal), str(uuid.UUID(bytes=row.held_id))
        if fault or proposal is None:
            observe.log("release-unproven", held=held_id, why=fault)
            return Back("approval-unproven")
        now_ms = self._house.clock.now_ms()
        try:
            raw, evidence = self._house.admission.sealer.unhold(row.held_id, row.sealed)
            item = Item(raw, orjson.loads(raw), evidence)
            person = read_person(item.record["worker"], now_ms, days_of(item.record))[0]
        except IdentifierError:
            return Back("identifier")
        except (SealError, LookupError, ValueError, TypeError, struct.error) as error:
            observe.log("release-unreadable", held=held_id, why=type(error).__name__)
            return Back("content-unreadable")
        state = self._house.issuers.states(cursor, [row.issuer]).get(row.issuer)
        if state is None:
            return Back(errors.KeyUnknown.code)
        return self._signed(state, item, now_ms) or _Fit(item, person, proposal, state)

    def _signed(self, state: IssuerState, item: Item, now_ms: int) -> Back | None:
        try:
            self._house.admission.judge.check(state, item.raw, item.evidence, now_ms)
        except errors.SignatureWrong as wrong:
            return Back(wrong.code, wrong.title_zh)
        except errors.KeyNotInForce as over:
            life = state.key(kid_of(item.evidence))
            # Suspended, expired and not yet valid may all be put right; revoked is for good.
            revoked = life is not None and life.states[-1][1] is KeyState.REVOKED
            return Back(over.code, over.title_zh if revoked else "")
        except Problem as problem:
            return Back(_reason(problem, now_ms))
        return None

    # -- whose is it, and what does it act on?

    def _workers(
        self, cursor: Cursor, fit: Sequence[tuple[Any, _Fit]]
    ) -> Iterator[tuple[bytes, Worker | Held]]:
        """Yield for each row the worker two people named, or whom the record itself selects.

        One resolution for the whole portion: one draft for a new person, one attachment of a new card.
        """
        people = self._house.people
        by_record = [(row, one) for row, one in fit if row.worker_id is None]
        said = [one.person for _row, one in by_record]
        found = people.resolve(cursor, said, [f"issuer:{row.issuer}" for row, _one in by_record])
        yield from ((row.held_id, worker) for (row, _one), worker in zip(by_record, found, strict=True))
        for row, _one in fit:
            if row.worker_id is not None:
                worker = people.load(cursor, row.worker_id) or Held("worker-erased")
                if isinstance(worker, Worker) and worker.state != "open":
                    worker = Held(f"worker-{worker.state}")
                yield row.held_id, worker

    def _made(
        self, cursor: Cursor, row: Any, fit: _Fit, worker: Worker | Held, targets: dict[str, Targets]
    ) -> list[Prepared] | Back:
        """Judge one row beside those before it; `targets`, by issuer, remember what those did."""
        house, record = self._house, fit.item.record
        now_ms = house.clock.now_ms()
        if isinstance(worker, Held):
            return Back(worker.reason)
        target = None
        try:
            kind = types.record_type(record)
            if kind is None:
                raise errors.SchemaRefused
            if kind.target is not None:
                if row.issuer not in targets:
                    on, institution = beijing_date(now_ms).isoformat(), self._contexts.of(row.issuer, cursor)
                    targets[row.issuer] = Targets(house, cursor, Context(on, institution), released=True)
                target = targets[row.issuer].of(kind, record, worker)
            elif waits := self._waits(cursor, row, worker, record):
                return Back(waits)
        except dated.NoRuleInForce:
            return Back("rule-expired")
        except Problem as problem:
            return Back(_reason(problem, now_ms))
        entry = house.admission.sealer.prepare(
            *(worker, kind.kind, NO_TARGET if target is None else target.seq, fit.item),
            *(row.key, row.digest, row.issuer, fit.state.version),
        )
        entry.chain_size = None if target is None else target.chain_size
        entry.window = fit.state.window(now_ms)
        try:
            return [entry, self._note(cursor, worker, record, row, fit.proposal)]
        except errors.KeyNotInForce:
            return Back("region-key")

    def _waits(self, cursor: Cursor, row: Any, worker: Worker, record: dict[str, Any]) -> str:
        """Return why a record waits on that tells again what is restricted or erased; empty: it does not.

        Of what was held because the first was erased, two officials have looked for a new ground.
        """
        reason = retold.Retold(self._house, cursor, [worker.worker_id]).reason(worker.worker_id, record)
        return "" if reason == retold.ERASED == row.reason else reason

    def _note(
        self, cursor: Cursor, worker: Worker, record: dict[str, Any], row: Any, proposal: Proposal
    ) -> Prepared:
        """Return the region's statement of who released the record and why."""
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
        case = f"held-{uuid.UUID(bytes=proposal.id)}"
        stater = Stater(str(proposal.decided_by), proposal.decided_role or "official", case)
        note_id = derived_id(self._house, b"release", row.held_id)
        said = Statement("release", body, stater, note_id, PRECEDING, states=OWN_CHAIN)
        return self._region.prepare(cursor, worker, said)


def _reason(problem: Problem, now_ms: int) -> str:
    """Return the code of `hold_reasons` under which a record that cannot enter now waits again."""
    known = dated.table("hold_reasons").on(beijing_date(now_ms).isoformat())
    return problem.code if problem.code in known else "unfit"
