"""What the log holds, told to whom it concerns (收录通知): a follower of all entries, in log order.

Records of one person that one issuer entered in one transaction are one notice with their number; also where
a portion of the follower ends in between, since a notice grows. A worker's own word is not told back.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from recordsvc.archive import notices, store
from recordsvc.archive.formats import Kind
from recordsvc.archive.moving import REASON as WRONG_WORKER
from recordsvc.archive.notices import Telling
from recordsvc.archive.reading import OpenEntry, Reader
from recordsvc.archive.store import StoredEntry
from recordsvc.ground.commit import Turn
from recordsvc.ground.follower import Follower, Portion
from recordsvc.ground.readers import Cursor
from recordsvc.people.workers import Worker

if TYPE_CHECKING:
    from recordsvc.house import House

NAME: Final = "notices"
_OWN_WORD: Final = "worker-statement"
_SIMPLE: Final = {
    Kind.CORRECT: "record-corrected",
    Kind.RESTORE: "record-restored",
    Kind.UNMERGE: "archive-unmerged",
}


def announcer(house: "House") -> Follower[StoredEntry]:
    """Return the follower that tells people what was entered about them."""
    return Follower(house.db, NAME, lambda after, limit: entries(house, after, limit), _Announcing(house))


def entries(house: "House", after: int, limit: int) -> Portion[StoredEntry]:
    """Return worker entries behind a log index, for followers."""
    with house.db.read_raw() as cursor:
        found = store.in_log_order(house.db, cursor, after, limit)
    return Portion([(one.idx, one) for one in found], found[-1].idx if found else after)


class _Announcing:
    """Tells a portion in one turn."""

    def __init__(self, house: "House") -> None:
        self._house = house
        self._reader = Reader(house)

    def __call__(self, turn: Turn, stored: Sequence[StoredEntry]) -> None:
        cursor = self._house.db.cursor(turn.conn)
        workers: dict[bytes, Worker | None] = {}
        tellings = []
        for one in stored:
            if one.worker_id not in workers:
                workers[one.worker_id] = self._house.people.load(cursor, one.worker_id)
            worker = workers[one.worker_id]
            # An erased person, or an erased record: there is nobody to tell, or nothing.
            if worker is None or one.sealed is None:
                continue
            entry = self._reader.open(worker, one)
            told = self._told(entry)
            if told is not None:
                tellings.append(told)
                self._tell_issuer(turn, cursor, worker, entry, told.kind)
        notices.tell_workers(turn, self._house, tellings, add=True)

    def _told(self, entry: OpenEntry) -> Telling | None:
        """Return what the worker is told of an entry; None: nothing."""
        record: Any = entry.record
        kind, issuer = entry.kind, str(record["issuer"])
        params: dict[str, Any] = {"count": 1, "issuer": issuer}
        key = f"log/{issuer}/{entry.ms}"
        if kind is Kind.ISSUE:
            if record["type"] == _OWN_WORD:
                return None
            moved = record.get("provenance", {}).get("source") == "moved"
            params["type"] = str(record["type"])
            name = "record-moved-here" if moved else "record-entered"
        elif kind is Kind.REVOKE:
            reason = str(record["body"]["reason"])
            by_region = issuer == self._house.settings.region
            name = "record-moved" if by_region and reason == WRONG_WORKER else "record-revoked"
            params["reason"] = reason
            key += f"/{reason}"
        elif kind is Kind.ERASE:
            # Of a whole archive the person is told in the erasing turn itself (`farewell.py`).
            name, params = "record-erased", {"count": 1}
        elif kind is Kind.MERGE:
            # One person, two chains: told in the one that goes on.
            if str(record["body"]["from"]).replace("-", "") == entry.stored.worker_id.hex():
                return None
            name, params = "archive-merged", {}
        elif kind in _SIMPLE:
            name = _SIMPLE[kind]
            params = {} if kind is Kind.UNMERGE else params
        else:
            return None
        return Telling(entry.stored.worker_id, name, params, key, entry.ms)

    def _tell_issuer(self, turn: Turn, cursor: Cursor, worker: Worker, entry: OpenEntry, kind: str) -> None:
        """Tell the issuer whose record was moved away from the person it named."""
        if kind != "record-moved":
            return
        target = store.one(self._house.db, cursor, worker.worker_id, entry.stored.target)
        record = None if target is None else self._reader.open(worker, target).record
        if record is None or record["issuer"] == self._house.settings.region:
            return
        params = {"count": 1, "record_id": str(record["id"])}
        notices.tell_institution(turn, str(record["issuer"]), kind, params, f"log/{entry.stored.idx}")
