"""What the log holds, told to whom it concerns (收录通知): a follower of all entries, in log order.

Records of one person that one issuer entered in one transaction are one notice with their number; also where
a portion of the follower ends in between, since a notice grows. A worker's own word is not told back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from recordsvc.access.staff import Staff
from recordsvc.archive import notices, parties, restricted, store
from recordsvc.archive.formats import Kind
from recordsvc.archive.moving import REASON as WRONG_WORKER
from recordsvc.archive.notices import Telling
from recordsvc.archive.reading import OpenEntry, Reader
from recordsvc.archive.states import Record
from recordsvc.archive.store import StoredEntry
from recordsvc.ground.commit import Turn
from recordsvc.ground.follower import Ahead, Follower, Portion
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
_TOLD: Final = frozenset({Kind.ISSUE, Kind.REVOKE, Kind.ERASE, Kind.MERGE, *_SIMPLE})
"""Kinds of entry that anybody is told of; the others need not be opened."""


def announcer(house: "House") -> Follower[StoredEntry]:
    """Return the follower that tells people what was entered about them."""
    return Follower(
        house.db, NAME, lambda after, limit: entries(house, after, limit), Ahead(_Announcing(house))
    )


def entries(house: "House", after: int, limit: int) -> Portion[StoredEntry]:
    """Return worker entries behind a log index, for followers."""
    with house.db.read_raw() as cursor:
        found = store.in_log_order(house.db, cursor, after, limit)
    return Portion([(one.idx, one) for one in found], found[-1].idx if found else after)


_LOOKS_AT_TARGET: Final = frozenset({"record-moved", "record-erased"})


@dataclass(frozen=True, slots=True)
class _Told:
    """What one entry tells: the worker, and where a record was moved away, whose it is."""

    worker: Telling
    moved: Record | None = None
    """The record that was moved away."""
    key: str = ""


class _Announcing:
    """Reads and opens a portion before the turn, all its workers in one question; tells it in one turn.

    A person or record erased between the two is as one erased after: who is gone is told nothing (that is
    looked at under the turn's locks), and a record's own erasure follows in the log.
    """

    def __init__(self, house: "House") -> None:
        self._house = house
        self._reader = Reader(house)
        self._staff = Staff(house.db)

    def __call__(self, stored: Sequence[StoredEntry]) -> Callable[[Turn], object]:
        # An erased record: there is nothing to tell.
        wanted = [one for one in stored if one.sealed is not None and Kind(one.leaf[1]) in _TOLD]
        with self._house.db.read_raw() as cursor:
            workers = self._house.people.load_all(cursor, {one.worker_id for one in wanted})
            silent = restricted.entries_of(self._house, cursor, workers)
            # An erased person: there is nobody to tell.
            entries = [
                (worker, self._reader.open(worker, one))
                for one in wanted
                if (one.worker_id, one.seq) not in silent
                and (worker := workers.get(one.worker_id)) is not None
            ]
            found = [self._all_told(cursor, *one) for one in entries]
        told = [one for one in found if one is not None]
        return lambda turn: self._tell(turn, told)

    def _tell(self, turn: Turn, told: Sequence[_Told]) -> None:
        for one in told:
            if one.moved is not None:
                parties.tell(turn, self._house, one.moved, parties.MOVED, one.key)
        notices.tell_workers(turn, self._house, [one.worker for one in told], add=True)

    def _all_told(self, cursor: Cursor, worker: Worker, entry: OpenEntry) -> _Told | None:
        telling = self._told(entry)
        if telling is None or telling.kind not in _LOOKS_AT_TARGET:
            return None if telling is None else _Told(telling)
        target = store.one(self._house.db, cursor, worker.worker_id, entry.stored.target)
        if telling.kind == "record-erased":
            # What went with a record (corrections, revocations) is not a record more.
            return _Told(telling) if target is not None and target.leaf[1] == Kind.ISSUE else None
        record = None if target is None else self._reader.open(worker, target).record
        return _Told(telling, record, f"log/{entry.stored.idx}")

    def _told(self, entry: OpenEntry) -> Telling | None:
        """Return what the worker is told of an entry; None: nothing."""
        record: Any = entry.record
        kind, issuer = entry.kind, str(record["issuer"])
        # On whose word the region signed: whoever is told asks there, and not at the region that only signed.
        teller = parties.department_of(self._staff, record) or issuer
        params: dict[str, Any] = {"count": 1, "issuer": teller}
        key = f"log/{teller}/{entry.ms}"
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
