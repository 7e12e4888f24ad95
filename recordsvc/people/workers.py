"""Workers as the writer needs them, loaded by id, and whose archive is read as whose since a merge (合并)."""

import dataclasses
from collections.abc import Collection
from typing import Any

from recordsvc.ground.database import Database
from recordsvc.ground.ports import Clock, Random
from recordsvc.ground.readers import Asked, Cursor
from recordsvc.people.cardbook import EventRow
from recordsvc.people.places import Told
from recordsvc.vault.envelope import DataKey, unwrap
from recordsvc.vault.keystore import KeyStore

NOBODY = bytes(16)
"""No worker's id: ids are UUIDv7."""
NAME_TAG = 16
MERGED = "merged"
MOST_MERGES = 16
"""How many merges in a row are followed; two officials each, nobody comes near it."""
_LOAD = (
    "SELECT w.version, w.state, w.names, k.wrapped, w.merged_into FROM worker w "
    "JOIN worker_key k ON k.worker_id = w.worker_id WHERE w.worker_id = ?"
)
_LOAD_ALL = (
    "SELECT w.worker_id, w.version, w.state, w.names, k.wrapped, w.merged_into FROM {wanted} "
    "JOIN worker w ON w.worker_id = wanted.k JOIN worker_key k ON k.worker_id = w.worker_id"
)


@dataclasses.dataclass(slots=True)
class Worker:
    """A worker as the writer needs one: id, version (0 = not yet there), and the data key ready for use."""

    worker_id: bytes
    version: int
    key: DataKey
    names: set[bytes]
    state: str = "open"
    rows: "Rows | None" = None
    merged_into: bytes | None = None
    """The archive this one is read as, once two officials merged them."""


@dataclasses.dataclass(slots=True)
class Rows:
    """Rows that a record brings along: a new worker, or identifiers not seen before."""

    worker: tuple[Any, ...] | None = None
    key: tuple[Any, ...] | None = None
    identifiers: list[tuple[Any, ...]] = dataclasses.field(default_factory=list)
    index: list[tuple[Any, ...]] = dataclasses.field(default_factory=list)
    cards: list[tuple[Any, ...]] = dataclasses.field(default_factory=list)
    events: list[EventRow] = dataclasses.field(default_factory=list)
    facts: list[bytes] = dataclasses.field(default_factory=list)
    """Tags of facts that waited for this person and are taken over."""
    area: Told | None = None
    """Where a card says that the worker is registered."""
    epoch: int = 0
    """That of the keys when the first of these rows was made."""

    @property
    def tags(self) -> list[bytes]:
        """Return the tags that must still be free when these rows are written."""
        return [row[0] for row in self.index]


class Workers:
    """The loader of workers."""

    def __init__(self, db: Database, keys: KeyStore, clock: Clock, random: Random) -> None:
        """Look up in `db` under the live peppers of `keys`."""
        self.db = db
        self._keys = keys
        self._clock = clock
        self._random = random

    def load(self, cursor: Cursor, worker_id: bytes) -> Worker | None:
        """Return one worker by id; None when there is none or the key is destroyed."""
        cursor.execute(*self.asked(worker_id))
        return self.loaded(worker_id, cursor.fetchall())

    def asked(self, worker_id: bytes) -> Asked:
        """Return the statement that `loaded` makes a worker of, to be asked together with others."""
        return self.db.sql(_LOAD), (worker_id,)

    def loaded(self, worker_id: bytes, rows: list[Any]) -> Worker | None:
        """Return the worker whom the rows of `asked` tell of; None when there is none."""
        if not rows:
            return None
        version, state, tags, wrapped, into = rows[0]
        key = unwrap(self._keys, worker_id, bytes(wrapped), entropy=self._random.bytes)
        merged_into = None if into is None else bytes(into)
        return Worker(worker_id, version, key, names_of(tags), state, merged_into=merged_into)

    def load_all(self, cursor: Cursor, worker_ids: Collection[bytes]) -> dict[bytes, Worker]:
        """Return those of the workers that are there and whose key is not destroyed, in one question."""
        if not worker_ids:
            return {}
        cursor.execute(*self.db.by_keys(_LOAD_ALL, list(worker_ids)))
        return {
            worker_id: worker
            for worker_id, *row in cursor.fetchall()
            if (worker := self.loaded(bytes(worker_id), [row])) is not None
        }

    def person(self, cursor: Cursor, worker: Worker) -> Worker:
        """Return the worker whose archive this one's is read as: itself unless it was merged."""
        found = worker
        for _merge in range(MOST_MERGES):
            if found.merged_into is None:
                return found
            into = self.load(cursor, found.merged_into)
            if into is None:  # erased meanwhile: what leads there leads nowhere
                return found
            found = into
        raise RuntimeError("merges form a ring")

    def asked_read_as(self, worker_id: bytes) -> Asked:
        """Return the statement that finds the archives which are read as this one since a merge."""
        query = "SELECT w.worker_id FROM worker w WHERE w.merged_into = ? ORDER BY w.worker_id"
        return self.db.sql(query), (worker_id,)

    def read_as(self, cursor: Cursor, worker_id: bytes) -> list[bytes]:
        """Return the archives that are read as this one: those merged into it, then those into these."""
        found: list[bytes] = []
        wanted = [worker_id]
        while wanted:
            (rows,) = cursor.ask(self.asked_read_as(wanted.pop(0)))
            merged = [bytes(row[0]) for row in rows]
            found += merged
            wanted += merged
        return found


def names_of(tags: bytes) -> set[bytes]:
    """Return the 16-byte tags of names that a worker's row holds, one after another."""
    return {bytes(tags[at : at + NAME_TAG]) for at in range(0, len(tags), NAME_TAG)}
