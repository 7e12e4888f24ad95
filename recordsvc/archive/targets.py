"""What a correction, revocation or restoration acts on: a record of its issuer, in that record's own chain.

Judged from the target alone, before anybody looks for the person the act names: whatever is refused here is
refused alike whoever that person is. Only an act whose target stands goes on to the person; if that is not
the target's worker, the act is held, which leaves a trace (docs/access.md, "No asking who is known").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from recordsvc.archive import checks, errors, retold, store, types
from recordsvc.archive.act_errors import AlreadyRevoked, ChangesNothing, NothingToRestore
from recordsvc.archive.amend import CorrectionUnfit, corrected_body
from recordsvc.archive.context import person_context
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.restriction_errors import TargetRestricted
from recordsvc.archive.sealing import dedupe_key
from recordsvc.archive.states import Life, Record, RecordState
from recordsvc.dated import NoRuleInForce
from recordsvc.ground.readers import Cursor
from recordsvc.ground.strictjson import canonical
from recordsvc.people.resolve import Person
from recordsvc.people.workers import Worker

if TYPE_CHECKING:
    from recordsvc.house import House

OF_ANOTHER: Final = "target-of-another"
"""Why an act is held that names another person than its target's worker."""
RULE_EXPIRED: Final = "rule-expired"
RESTRICTED: Final = "target-restricted"
"""Why an act is held whose target is restricted alone; of a restricted archive everything waits."""


@dataclass(frozen=True, slots=True)
class Target:
    """The record acted on: its chain and seq; `held` says why the act must wait for officials, else empty.

    `chain_size`: entries of the chain on which the act was judged.
    """

    worker_id: bytes
    seq: int
    held: str = ""
    chain_size: int | None = None


def made(house: "House", cursor: Cursor, record: Record) -> dict[str, Any] | None:
    """Return what a correction makes of its record, sealed or not; None: it is none, or makes nothing."""
    kind = types.record_type(record)
    if kind is None or kind.kind is not Kind.CORRECT:
        return None
    key = dedupe_key(str(record["issuer"]), str(kind.target_of(record)))
    place = store.known(house.db, cursor, [key]).get(key)
    archive = None if place is None else Reader(house, sealed=True).archive(place[0], cursor)
    state = None if archive is None or place is None else archive.landing(place[1])
    if state is None or state.record is None or state.body is None:
        return None
    try:
        return {**state.record, "body": corrected_body(state.body, record["body"])}
    except CorrectionUnfit:
        return None


class Targets:
    """Finds targets on one snapshot; one archive is kept open, so ask worker by worker."""

    def __init__(
        self, house: "House", cursor: Cursor, context: checks.Context, *, released: bool = False
    ) -> None:
        """Look up through `cursor`; `context` is that of the institution that acts.

        `released`: two people decided that what would wait enters.
        """
        self._released = released
        self._context = context
        self._house, self._db = house, house.db
        # Also of a restricted archive: the act then waits for officials, as every doubt does.
        self._reader = Reader(house, sealed=True)
        self._cursor = cursor
        self._archive: tuple[bytes, Archive | None] = (b"", None)
        self._bodies: dict[tuple[bytes, int], dict[str, Any]] = {}
        """What earlier corrections of the same submission make of records, by place."""
        self._replaced: set[tuple[bytes, int]] = set()
        """Which records one of them replaces as a whole."""
        self._revoked: dict[tuple[bytes, int], bool] = {}
        """Which records and corrections earlier acts of the same submission revoked (or else restored)."""

    def places(
        self, acts: Sequence[tuple[types.RecordType, dict[str, Any]]]
    ) -> list[tuple[bytes, int] | None]:
        """Return (worker_id, seq) of the record each act names; None: its issuer has no such record."""
        keys = [dedupe_key(record["issuer"], str(kind.target_of(record))) for kind, record in acts]
        there = store.known(self._db, self._cursor, keys)
        return [there[key][:2] if key in there else None for key in keys]

    def judge(
        self, kind: types.RecordType, record: dict[str, Any], place: tuple[bytes, int] | None
    ) -> Target:
        """Judge an act by its target at `place`: of one record, revocations and restorations first.

        Raises `TargetUnknown` when this issuer has no such record, `TargetUnfit` when it cannot be acted on
        so or the act would change nothing, `SchemaRefused` and `ContentRefused` when what a correction makes
        is not valid.
        """
        if place is None:
            raise errors.TargetUnknown(pointer=f"/body/{kind.target}")
        try:
            return self._act(kind, record, *place)
        except NoRuleInForce:
            return Target(*place, RULE_EXPIRED)

    def _act(self, kind: types.RecordType, record: dict[str, Any], worker_id: bytes, seq: int) -> Target:
        entry = store.one(self._db, self._cursor, worker_id, seq)
        if entry is None or entry.sealed is None or entry.leaf[1] not in (Kind.ISSUE, Kind.CORRECT):
            raise errors.TargetUnfit(pointer=f"/body/{kind.target}")
        archive = self._open(worker_id)
        state = archive.landing(seq) if archive is not None else None
        if archive is not None and state is not None and state.life is Life.RESTRICTED:
            if state.moved:
                raise errors.TargetUnfit(
                    "原记录已移出这份档案，不再更正、撤销或恢复", pointer=f"/body/{kind.target}"
                )
            if self._released:
                raise TargetRestricted(pointer=f"/body/{kind.target}")
            return Target(worker_id, seq, RESTRICTED, len(archive.entries))
        if kind.kind is Kind.CORRECT:
            return self._corrected(record, worker_id, seq)
        return self._taken_back_or_restored(kind, record, worker_id, seq)

    def _taken_back_or_restored(
        self, kind: types.RecordType, record: dict[str, Any], worker_id: bytes, seq: int
    ) -> Target:
        """Refuse what would stand without effect for good: a second revocation, a restoration of nothing.

        What the region revoked the issuer cannot restore either.
        """
        archive, pointer, place = self._open(worker_id), f"/body/{kind.target}", (worker_id, seq)
        if archive is None:
            raise errors.TargetUnfit(pointer=pointer)
        ended = archive.revocation(seq)
        revoked = self._revoked.get(place, ended is not None)
        if revoked is (kind.kind is Kind.REVOKE):
            raise (AlreadyRevoked if revoked else NothingToRestore)(pointer=pointer)
        by = ended.record["issuer"] if ended is not None and ended.record is not None else record["issuer"]
        if kind.kind is Kind.RESTORE and by != record["issuer"]:
            raise errors.TargetUnfit("原记录由登记机关撤销，只能由登记机关恢复", pointer=pointer)
        self._revoked[place] = not revoked
        return Target(worker_id, seq, chain_size=len(archive.entries))

    def of(self, kind: types.RecordType, record: dict[str, Any], worker: Worker) -> Target:
        """Judge an act at its release: two people decided about holds and person.

        Raises as `judge` does, `TargetUnknown` when the target is not in this worker's archive, and
        `dated.NoRuleInForce` when what a correction makes cannot be judged.
        """
        (place,) = self.places([(kind, record)])
        if place is None or place[0] != worker.worker_id:
            raise errors.TargetUnknown(pointer=f"/body/{kind.target}")
        return self._act(kind, record, *place)

    def _corrected(self, record: dict[str, Any], worker_id: bytes, seq: int) -> Target:
        """Judge what a correction makes: it must satisfy its type, and waits where such a record would."""
        archive = self._open(worker_id)
        state = archive.landing(seq) if archive is not None else None
        if archive is None or state is None or state.body is None or state.record is None:
            raise errors.TargetUnfit(pointer="/body/corrects")
        place = worker_id, state.seq
        if state.revocation is not None and place not in self._revoked:
            raise errors.TargetUnfit("原记录已撤销，须先恢复或一并恢复，再作更正", pointer="/body/corrects")
        before = self._bodies.get(place, state.body)
        try:
            body = corrected_body(before, record["body"])
        except CorrectionUnfit as unfit:
            raise errors.TargetUnfit(
                "要更正的字段在原记录中不存在", pointer="/body/fields", place=unfit.pointer
            ) from None
        if canonical(body) == canonical(before) and not self._matters(archive, state, record):
            raise ChangesNothing(pointer="/body")
        found = types.body_faults(str(state.record["type"]), int(state.record["version"]), body)
        if found:
            faults = [errors.told(one) for one in found]
            raise errors.SchemaRefused("更正后的内容不符合原记录类型的格式", errors=faults)
        held = self._held({**state.record, "body": body, "issued_on": record["issued_on"]})
        held = held or self._told_again(worker_id, state.record, before, body)
        if not held or self._released:
            self._bodies[place] = body
            if "whole" in record["body"]:
                self._replaced.add(place)
        return Target(worker_id, seq, held, len(archive.entries))

    def _matters(self, archive: Archive, state: RecordState, record: dict[str, Any]) -> bool:
        """Tell whether a correction that leaves the body as it is still has an effect.

        A whole body again is how an issuer re-confirms what rests on a suspected key. And where the same
        submission takes back or restores a correction of the record, the body is another afterwards.
        """
        place = archive.worker_id, state.seq
        if state.needs_reconfirmation and "whole" in record["body"] and place not in self._replaced:
            return True
        others = (seq for worker_id, seq in self._revoked if worker_id == place[0] and seq != state.seq)
        return any(any(act.seq == seq for act in state.history) for seq in others)

    def _held(self, corrected: dict[str, Any]) -> str:
        """Return why a corrected record must wait; empty: it need not.

        Raises `ContentRefused`, and `NoRuleInForce` where it cannot be judged.
        """
        said = corrected["worker"]
        person = Person(said.get("document"), said.get("number"), said.get("name", ""))
        context = person_context(self._context.received_on, self._context.institution, person)
        findings = checks.check(corrected, context)
        rejects = [one for one in findings if one.severity is checks.Severity.REJECT]
        if rejects:
            raise errors.ContentRefused("更正后的内容自相矛盾", errors=[errors.told(one) for one in rejects])
        return next((one.code for one in findings if one.severity is checks.Severity.HOLD), "")

    def _told_again(self, worker_id: bytes, record: Record, before: Record, after: Record) -> str:
        """Return why a correction waits that makes a record tell what is restricted or erased; else empty.

        Raises `TargetRestricted` at a release: it says what nobody reads, and waits on.
        """
        reason = retold.corrected(self._house, self._cursor, worker_id, record, before, after)
        if self._released and reason == retold.RESTRICTED:
            raise TargetRestricted(pointer="/body/corrects")
        return "" if self._released else reason

    def _open(self, worker_id: bytes) -> Archive | None:
        if self._archive[0] != worker_id:
            self._archive = worker_id, self._reader.archive(worker_id, self._cursor)
        return self._archive[1]
