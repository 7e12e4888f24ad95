"""Compare release notes with what two people decided (放行记录核验): proposal, decision, held record.

A note is signed by the region's key, which the service itself holds. That two people stand behind it is
proven only by the proposal it names.
"""

import functools
import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from recordsvc.archive import tables
from recordsvc.archive.release import RELEASE
from recordsvc.archive.statements import derived_id
from recordsvc.archive.store import StoredEntry
from recordsvc.ground import two_person
from recordsvc.ground.finding import Snapshot, Wrong, at, scan

if TYPE_CHECKING:
    from recordsvc.house import House

PORTION: Final = 200

Decision = tuple[tuple[Any, ...], str | None, dict[str, bytes]]
"""Of a proposal: (kind, state, proposer, decider, role), its worker, held ids by their note's id."""


class ReleaseCheck:
    """Checks release notes on one snapshot, portion by portion."""

    def __init__(self, house: "House", snapshot: Snapshot) -> None:
        """Derive ids of notes with the keys of `house`."""
        self._house = house
        self._snapshot = snapshot
        self._notes: list[tuple[StoredEntry, Mapping[str, Any]]] = []
        self._decided = functools.lru_cache(maxsize=16)(self._read)

    def add(self, row: StoredEntry, record: Mapping[str, Any]) -> None:
        """Take a record of a proven entry; others than release notes are left alone. Raises `Wrong`."""
        if record["type"] != "release":
            return
        self._notes.append((row, record))
        if len(self._notes) == PORTION:
            self.finish()

    def finish(self) -> None:
        """Check the notes taken so far. Raises `Wrong`."""
        covered = {row: self._covered(row, record) for row, record in self._notes}
        own = tables.held.c
        columns = [own.held_id, own.key, own.state, own.proposal]
        found = {one[0]: one for one in scan(self._snapshot, columns, own.held_id.in_(covered.values()))}
        for row, record in self._notes:
            held_id = covered[row]
            proposal = uuid.UUID(record["body"]["decision"]["proposal"]).bytes
            said = (uuid.UUID(record["body"]["releases"]).bytes, "released", proposal)
            one = found.get(held_id)
            if one is None or (one[1][8:], one[2], one[3]) != said:
                raise Wrong(
                    f"{at(tables.held, 'key', 'state', 'proposal', held_id=held_id)} ↔ {_place(row)}",
                    "与放行记录不符",
                    "is not what the release note says of it",
                )
        self._notes.clear()

    def _covered(self, row: StoredEntry, record: Mapping[str, Any]) -> bytes:
        """Return which held record of its proposal a note is about; prove the decision on the way."""
        decision = record["body"]["decision"]
        proposal_id = uuid.UUID(decision["proposal"]).bytes
        (kind, state, proposed_by, decided_by, role), worker, held = self._decision(proposal_id, row)
        said = (RELEASE, "done", decision["proposed_by"], decision["decided_by"])
        if (kind, state, proposed_by, decided_by) != said or proposed_by == decided_by:
            raise _unlike(proposal_id, row, "the decision it names is not this one")
        if role is not None and (role, decided_by) != (record["actor"]["role"], record["actor"]["id"]):
            raise _unlike(proposal_id, row, "it names another decider or role")
        if worker not in (None, str(uuid.UUID(bytes=row.worker_id))):
            raise _unlike(proposal_id, row, "the decision names another worker")
        if record["id"] not in held:
            raise _unlike(proposal_id, row, "the decision does not cover this record")
        return held[record["id"]]

    def _decision(self, proposal_id: bytes, row: StoredEntry) -> Decision:
        try:
            found = self._decided(proposal_id)
        except (ValueError, TypeError, LookupError):
            raise _unlike(proposal_id, row, "its payload cannot be read") from None
        if found is None:
            raise _unlike(proposal_id, row, "there is no such proposal")
        return found

    def _read(self, proposal_id: bytes) -> Decision | None:
        """Return a proposal; ValueError, TypeError or LookupError when its payload is not a release's."""
        own = two_person.proposal.c
        columns = [
            own.id,
            own.kind,
            own.state,
            own.proposed_by,
            own.decided_by,
            own.decided_role,
            own.payload,
        ]
        for _id, *decided, payload in scan(self._snapshot, columns, own.id == proposal_id):
            said = json.loads(payload)
            ids = [uuid.UUID(value).bytes for value in said["held"]] if decided[0] == RELEASE else []
            notes = {str(derived_id(self._house, b"release", held_id)): held_id for held_id in ids}
            return tuple(decided), said.get("worker_id"), notes
        return None


def _place(row: StoredEntry) -> str:
    return at(tables.ciphertext, worker_id=row.worker_id, seq=row.seq)


def _unlike(proposal_id: bytes, row: StoredEntry, en: str) -> Wrong:
    where = f"{at(two_person.proposal, id=proposal_id)} ↔ {_place(row)}"
    return Wrong(where, "双人复核与放行记录不符", f"the release note and its proposal differ: {en}")
