"""The ordered feed (有序数据流): entries in log order from a position: no clock, no gap, nothing skipped."""

from typing import TYPE_CHECKING, Any

import orjson

from recordsvc.archive import formats, restricted, store
from recordsvc.archive.facts import is_private, trust_in
from recordsvc.archive.sealing import Sealer
from recordsvc.archive.store import StoredEntry
from recordsvc.people.standing import RESTRICTED
from recordsvc.people.workers import Worker

if TYPE_CHECKING:
    from recordsvc.house import House

_KINDS = {kind.value: kind.name.lower() for kind in formats.Kind}


def entries(house: "House", after: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Return up to `limit` entries behind log index `after` and the position to go on from.

    The worker is named by the opaque worker id; R is spliced in as stored; a record that was erased, or is
    restricted by itself or with its archive, is told as such. Positions of key events and other entries that
    are no record are passed over: the position, not the count, tells how far the reader is.
    """
    with house.db.read_raw() as cursor:
        stored = store.in_log_order(house.db, cursor, after, limit)
        workers = house.people.load_all(cursor, {one.worker_id for one in stored})
        sealed = {
            worker_id
            for worker_id, worker in workers.items()
            if house.people.person(cursor, worker).state == RESTRICTED
        }
        silent = restricted.entries_of(house, cursor, workers)
    told = []
    for one in stored:
        worker = workers.get(one.worker_id)
        kept = one.worker_id in sealed or (one.worker_id, one.seq) in silent
        raw = None if kept else _record(house.admission.sealer, worker, one)
        withheld = raw is not None and is_private(orjson.loads(raw))
        record = None if raw is None or withheld else orjson.Fragment(raw)
        told.append(
            {
                "index": one.idx,
                "kind": _KINDS[one.leaf[1]],
                "entered_ms": int.from_bytes(one.leaf[2:10]),
                "worker_id": one.worker_id.hex(),
                "seq": one.seq,
                "target": None if one.target < 0 else one.target,
                "trust": _trust(raw, one, house.settings.region),
                "record": record,
                "erased": raw is None and not kept,
                "withheld": withheld,
                "restricted": kept,
            }
        )
    return told, stored[-1].idx if stored else after


def _record(sealer: Sealer, worker: Worker | None, stored: StoredEntry) -> bytes | None:
    """Return R as stored; None when the record or the person was erased."""
    if worker is None or stored.sealed is None:
        return None
    return sealer.open(worker.key, stored).raw


def _trust(raw: bytes | None, stored: StoredEntry, region: str) -> str | None:
    """How far a record was trusted when it was entered; None for what acts on a record."""
    if raw is None or stored.leaf[1] != formats.Kind.ISSUE.value:
        return None
    record = orjson.loads(raw)
    return trust_in(record, record["body"], region)
