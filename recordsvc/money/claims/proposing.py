"""Proposing claims (主动告知): a certificate or a course arrives, and its worker is told what it may bring.

What counts only once its worker has confirmed it is tried when they do.

In log order, each entry once. Nothing is claimed in anybody's name: the worker looks, and claims or not. What
was claimed for already is not proposed.
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from recordsvc import dated
from recordsvc.archive import notices
from recordsvc.archive.announcing import entries
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.formats import Kind
from recordsvc.archive.notices import Telling
from recordsvc.archive.reading import Reader
from recordsvc.archive.store import StoredEntry
from recordsvc.ground.commit import Turn
from recordsvc.ground.follower import Ahead, Follower
from recordsvc.money.claims import terms
from recordsvc.money.rules import entitlements
from recordsvc.money.rules.archive_facts import CERTIFICATES, TRAINING
from recordsvc.money.rules.decision import Verdict

if TYPE_CHECKING:
    from recordsvc.house import House

NAME: Final = "claim-proposals"
TOLD: Final = "claim-possible"
CONFIRMATION: Final = "confirmation"
_KINDS: Final = frozenset({Kind.ISSUE, Kind.NOTE})
_CLAIMED: Final = frozenset({*CERTIFICATES, TRAINING})


def follower(house: "House") -> Follower[StoredEntry]:
    """Return the follower that tells workers what they may claim for."""
    return Follower(
        house.db, NAME, lambda after, limit: entries(house, after, limit), Ahead(_Proposing(house))
    )


class _Proposing:
    """Tries the rules on new records, and those newly confirmed, before the turn; tells in it."""

    def __init__(self, house: "House") -> None:
        self._house = house
        self._reader = Reader(house)

    def __call__(self, stored: Sequence[StoredEntry]) -> Callable[[Turn], object]:
        house = self._house
        issued = [one for one in stored if one.sealed is not None and Kind(one.leaf[1]) in _KINDS]
        with house.db.read_raw() as cursor:
            workers = house.people.load_all(cursor, {one.worker_id for one in issued})
        records = {one.worker_id: set[str]() for one in issued if one.worker_id in workers}
        for one in issued:
            worker = workers.get(one.worker_id)
            record = None if worker is None else self._reader.open(worker, one).record
            if record is not None and record["type"] in _CLAIMED:
                records[one.worker_id].add(str(record["id"]))
            elif record is not None and record["type"] == CONFIRMATION:
                records[one.worker_id].add(str(record["body"]["confirms"]))
        told = [
            Telling(worker_id, TOLD, {"count": 1, "record_id": record}, f"{TOLD}/{record}")
            for worker_id, ids in records.items()
            if ids
            for record in self._granted(worker_id) & ids
        ]
        return lambda turn: notices.tell_workers(turn, house, told)

    def _granted(self, worker_id: bytes) -> set[str]:
        """Return the records for which a rule that can be claimed under grants something."""
        known = terms.kinds(dated.OPEN_END)
        found = list[entitlements.Entitlement]()
        with contextlib.suppress(ArchiveRestricted):
            found = entitlements.of_worker(self._house, worker_id)
        return {
            one.case.record_id
            for one in found
            if one.decision.verdict is Verdict.GRANT and one.decision.rule in known
        }
