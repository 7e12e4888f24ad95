"""What a correction, revocation or restoration acts on: a record of the same issuer in the same worker's chain."""

import uuid
from typing import TYPE_CHECKING, Any

import orjson

from recordsvc.archive import errors, store, types
from recordsvc.archive.correct import corrected_body
from recordsvc.archive.sealing import Sealer, dedupe_key
from recordsvc.people.resolve import Worker

if TYPE_CHECKING:
    from recordsvc.house import House


class Targets:
    """Finds targets on one snapshot."""

    def __init__(self, house: "House", sealer: Sealer, cursor: Any) -> None:
        """Look up through `cursor`."""
        self._db = house.db
        self._sealer = sealer
        self._cursor = cursor

    def seq(self, kind: types.RecordType, record: dict[str, Any], worker: Worker) -> int:
        """Return the seq of the record acted on.

        Raises `TargetUnknown` when this issuer has no such record in this worker's archive (foreign and missing alike),
        `TargetUnfit` when it cannot be acted on so, `SchemaRefused` when what a correction makes is not valid.
        """
        target = kind.target_of(record)
        key = dedupe_key(record["issuer"], str(target))
        there = store.known(self._db, self._cursor, [key]).get(key)
        if there is None or there[0] != worker.worker_id:
            raise errors.TargetUnknown(pointer=f"/body/{kind.target}")
        entry = store.one(self._db, self._cursor, worker.worker_id, there[1])
        if entry is None or entry.sealed is None or entry.leaf[1] != types.Kind.ISSUE:
            raise errors.TargetUnfit(pointer=f"/body/{kind.target}")
        if kind.kind is types.Kind.CORRECT:
            self._check_correction(record, worker, entry)
        return there[1]

    def _check_correction(self, record: dict[str, Any], worker: Worker, entry: store.StoredEntry) -> None:
        """A corrected record must still satisfy its type: the schema judges the outcome, not only the change."""
        original = orjson.loads(self._sealer.open(worker.key, entry).raw)
        try:
            body = corrected_body(original["body"], record["body"])
        except LookupError:
            raise errors.TargetUnfit("要更正的字段在原记录中不存在", pointer="/body/fields") from None
        found = types.body_faults(original["type"], original["version"], body)
        if found:
            faults = [{"pointer": one.pointer, "code": one.code, "detail": one.zh, "detail_en": one.en} for one in found]
            raise errors.SchemaRefused("更正后的内容不符合原记录类型的格式", errors=faults)


def record_uuid(record_id: bytes) -> str:
    """Return a record id as it is written."""
    return str(uuid.UUID(bytes=record_id))
