"""What a correction, revocation or restoration acts on: a record of its issuer in the same chain."""

from typing import TYPE_CHECKING, Any

from recordsvc.archive import checks, errors, store, types
from recordsvc.archive.amend import CorrectionUnfit, corrected_body
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import Reader
from recordsvc.archive.sealing import dedupe_key
from recordsvc.ground.readers import Cursor
from recordsvc.people.resolve import Worker

if TYPE_CHECKING:
    from recordsvc.house import House


class Targets:
    """Finds targets on one snapshot."""

    def __init__(self, house: "House", cursor: Cursor, context: checks.Context) -> None:
        """Look up through `cursor`; `context` is that of the institution that corrects."""
        self._context = context
        self._db = house.db
        self._reader = Reader(house)
        self._cursor = cursor

    def seq(self, kind: types.RecordType, record: dict[str, Any], worker: Worker) -> int:
        """Return the seq of the record acted on.

        Raises `TargetUnknown` when this issuer has no such record in this worker's archive (foreign and
        missing alike), `TargetUnfit` when it cannot be acted on so, `SchemaRefused` when what a correction
        makes is not valid.
        """
        target = kind.target_of(record)
        key = dedupe_key(record["issuer"], str(target))
        there = store.known(self._db, self._cursor, [key]).get(key)
        if there is None or there[0] != worker.worker_id:
            raise errors.TargetUnknown(pointer=f"/body/{kind.target}")
        entry = store.one(self._db, self._cursor, worker.worker_id, there[1])
        if entry is None or entry.sealed is None or entry.leaf[1] not in (Kind.ISSUE, Kind.CORRECT):
            raise errors.TargetUnfit(pointer=f"/body/{kind.target}")
        if kind.kind is Kind.CORRECT:
            self._check_correction(record, worker.worker_id, there[1])
        if kind.kind is Kind.RESTORE:
            self._check_restoration(record, worker.worker_id, there[1])
        return there[1]

    def _check_restoration(self, record: dict[str, Any], worker_id: bytes, seq: int) -> None:
        """What the region revoked the issuer cannot restore: it would stand without effect."""
        archive = self._reader.archive(worker_id, self._cursor)
        ended = archive.revocation(seq) if archive is not None else None
        if ended is not None and ended.record is not None and ended.record["issuer"] != record["issuer"]:
            raise errors.TargetUnfit("原记录由登记机关撤销，只能由登记机关恢复", pointer="/body/restores")

    def _check_correction(self, record: dict[str, Any], worker_id: bytes, seq: int) -> None:
        """A corrected record must still satisfy its type: the outcome is judged, not only the change."""
        archive = self._reader.archive(worker_id, self._cursor)
        state = archive.landing(seq) if archive is not None else None
        if state is None or state.body is None or state.record is None:
            raise errors.TargetUnfit(pointer="/body/corrects")
        try:
            body = corrected_body(state.body, record["body"])
        except CorrectionUnfit as unfit:
            raise errors.TargetUnfit(
                "要更正的字段在原记录中不存在", pointer="/body/fields", place=unfit.pointer
            ) from None
        found = types.body_faults(str(state.record["type"]), int(state.record["version"]), body)
        if found:
            faults = [errors.told(one) for one in found]
            raise errors.SchemaRefused("更正后的内容不符合原记录类型的格式", errors=faults)
        corrected = {**state.record, "body": body, "issued_on": record["issued_on"]}
        rejects = [
            one for one in checks.check(corrected, self._context) if one.severity is checks.Severity.REJECT
        ]
        if rejects:
            raise errors.ContentRefused("更正后的内容自相矛盾", errors=[errors.told(one) for one in rejects])
