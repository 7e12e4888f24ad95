"""The ordered feed (有序数据流): entries in log order from a position: no clock, no gap, nothing skipped."""

from typing import TYPE_CHECKING, Any

from recordsvc.archive import formats, store
from recordsvc.archive.reading import Reader
from recordsvc.people.resolve import Worker

if TYPE_CHECKING:
    from recordsvc.house import House


def entries(house: "House", after: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Return up to `limit` entries behind log index `after` and the position to go on from.

    The worker is named by the opaque worker id; a record that was erased is told as such. Positions of key
    events and other entries that are no record are passed over: the position, not the count, tells how far
    the reader is.
    """
    told: list[dict[str, Any]] = []
    workers: dict[bytes, Worker | None] = {}
    reader = Reader(house)
    with house.db.read_raw() as cursor:
        stored = store.in_log_order(house.db, cursor, after, limit)
        for one in stored:
            if one.worker_id not in workers:
                workers[one.worker_id] = house.people.load(cursor, one.worker_id)
            worker = workers[one.worker_id]
            record = None if worker is None else reader.open(worker, one).record
            told.append(
                {
                    "index": one.idx,
                    "kind": formats.Kind(one.leaf[1]).name.lower(),
                    "entered_ms": int.from_bytes(one.leaf[2:10]),
                    "worker_id": one.worker_id.hex(),
                    "seq": one.seq,
                    "target": None if one.target < 0 else one.target,
                    "record": record,
                    "erased": record is None,
                }
            )
    return told, stored[-1].idx if stored else after
