"""The writer's turn: under the log head's lock, from prepared records to entries (one of the hot paths).

Everything that needs no lock has been done by `admit.py`. Here the facts a record rests on are read again -
versions of issuer and worker, freedom of its id and of the identifiers it brings - and only if they still
stand are seq, prev and log index assigned. What changed meanwhile is answered `STALE` and judged anew from
the start; nothing is guessed.
"""

import enum
import hashlib
import math
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from recordsvc.access import looked
from recordsvc.archive import notices, store, tables
from recordsvc.archive.issuers import Issuers
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import Random
from recordsvc.ground.readers import Question
from recordsvc.people.resolve import People
from recordsvc.people.workers import Rows, Worker
from recordsvc.translog.store import Log, LogTurn
from recordsvc.translog.tree import Frontier
from recordsvc.vault import fence

NO_TARGET: Final = 0xFFFFFFFF
PRECEDING: Final = -2
"""Target of a note on the record just before it in the same batch, whose seq is only known under the lock."""
ALWAYS: Final = (0, 2**64)
"""The window of what no instant changes."""


class Stale(enum.Enum):
    """The type of `STALE`, which is its only value."""

    STALE = enum.auto()


STALE: Final = Stale.STALE
"""What a batch is answered whose facts changed between judgement and lock; nothing of it was written."""

OPEN: Final = frozenset({"open"})
"""States of a worker in which ordinary records enter the chain."""
OWN_CHAIN: Final = frozenset({"open", "merged"})
"""What acts on a record that stands goes into that record's own chain, also when it is read as another's."""
DECIDED: Final = OWN_CHAIN | {"closed"}
"""What ends a case enters also after a death: a case that was open must have an end."""

_HELD = tuple(column.name for column in tables.held.columns)
_ISSUER, _OWNER = _HELD.index("issuer"), _HELD.index("owner")

_chain = struct.Struct(">II")
_head = struct.Struct(">BBQ")


@dataclass(slots=True)
class Prepared:
    """A record judged and sealed, waiting for its place. `target`: a seq of the same worker or NO_TARGET."""

    key: bytes
    digest: bytes
    record_id: bytes
    issuer: str
    issuer_version: int
    worker: Worker
    kind: int
    target: int
    commitment: bytes
    open_key: bytes
    nonce: bytes
    sealed: bytes
    window: tuple[int, int] = ALWAYS
    """(first, end) UTC ms between which what was judged of the signing key stays so."""
    chain_size: int | None = None
    """Entries of the worker's chain it was judged on, where it speaks of how the chain stands; else None."""
    states: frozenset[str] = OPEN
    """States of the worker in which it may be entered."""


@dataclass(slots=True)
class Accepted:
    """A new entry: log index, worker leaf W, and the key that opens its commitment."""

    index: int
    seq: int
    leaf: bytes
    open_key: bytes
    worker_id: bytes
    newest_ms: int
    """UTC ms of the chain's entry before it; 0: it is the first."""


@dataclass(frozen=True, slots=True)
class Known:
    """The record id stands already: where, and whether for the same content."""

    worker_id: bytes
    seq: int
    same: bool


@dataclass(slots=True)
class Batch:
    """What one caller appends together: records, and rows of held records (one transaction for both)."""

    prepared: list[Prepared]
    held: list[tuple[Any, ...]] = field(default_factory=list)
    released: list[bytes] = field(default_factory=list)
    """Keys of held records that leave the holding with this batch; they must still be approved."""
    whole: bool = False
    """All or nothing: a record that stands by now sends the whole back to be judged again."""
    epoch: int = 0
    """That of the keys when the first of `held` was sealed."""


Outcome = list[Accepted | Known] | Literal[Stale.STALE]


class Appender:
    """Takes prepared batches of several callers in one turn."""

    def __init__(self, db: Database, log: Log, issuers: Issuers, people: People, random: Random) -> None:
        """Append to `log`, with rows in `db`."""
        self._db = db
        self._log = log
        self._issuers = issuers
        self._people = people
        self._random = random

    def take(self, turn: Turn, batches: Sequence[Batch]) -> list[Outcome]:
        """Append the batches that still stand; each answers with one outcome per record, or STALE."""
        db = self._db
        keys = [one.key for batch in batches for one in batch.prepared]
        keys += [row[1] for batch in batches for row in batch.held]
        # The first locks the head, and each behind it sees what was committed before the lock was given: from
        # there on nobody else appends.
        log, known, found, versions, taken, held, demanded = db.ask(
            db.cursor(turn.conn),
            self._log.asking_turn(turn),
            store.asking_known(db, keys),
            store.asking_heads(db, _workers(batches)),
            self._issuers.asking_versions({one.issuer for batch in batches for one in batch.prepared}),
            self._people.asking_taken([tag for rows in _drafts(batches) for tag in rows.tags]),
            store.asking_held_states(db, keys),
            _asking_epoch(db, batches),
        )
        heads = _Heads(found)
        writing = _Writing()
        outcomes: list[Outcome] = []
        for batch in batches:
            stands = (
                _stands(batch, heads, versions, taken)
                and _made_at(batch) >= demanded
                and all(one.window[0] <= log.ms < one.window[1] for one in batch.prepared)
                and not any(row[1] in held or row[1] in known for row in batch.held)
                and _leave(batch, held)
                and not (batch.whole and any(one.key in known for one in batch.prepared))
            )
            if not stands:
                outcomes.append(STALE)
                continue
            outcomes.append(_assign_all(batch.prepared, log, heads, known, writing))
            held.update({row[1]: "held" for row in batch.held})
            taken.update(tag for rows in _drafts([batch]) for tag in rows.tags)
            writing.held += batch.held
            into = {one.key: one.worker.worker_id for one in batch.prepared}
            writing.released.update({key: into[key] for key in batch.released})
        self._write(turn, log, writing)
        return outcomes

    def _write(self, turn: Turn, log: LogTurn, writing: "_Writing") -> None:
        log.append_all(writing.log_entries)
        self._db.bulk_all(
            turn.conn,
            [
                *self._people.rows(writing.drafts.values()),
                # In the order of the primary keys: rows of one worker and neighbouring index pages land
                # together.
                (tables.entry, sorted(writing.entries)),
                (tables.ciphertext, sorted(writing.ciphertexts)),
                (tables.place, writing.places),
                (tables.dedupe, sorted(writing.dedupe)),
                (tables.held, writing.held),
            ],
        )
        self._people.settle(turn, writing.drafts.values())
        self._release(turn, writing.released)
        _tell(turn, writing)

    def _release(self, turn: Turn, released: dict[bytes, bytes]) -> None:
        """Take what was released out of the holding; who opened it there is seen by whose it is."""
        if not released:
            return
        ids = store.held_ids(turn, list(released))
        looked.released(turn, self._random, {ids[key]: who for key, who in released.items()})
        store.mark_released(turn, list(released))


def _tell(turn: Turn, writing: "_Writing") -> None:
    """Tell institutions what was held and released, and desks what waits for them: once for each turn."""
    held = Counter((row[_ISSUER], row[_OWNER]) for row in writing.held)
    for (issuer, owner), count in held.items():
        first = next(row[0] for row in writing.held if (row[_ISSUER], row[_OWNER]) == (issuer, owner)).hex()
        # The issuer gets one answer for all reasons, and so no desk's name.
        notices.tell_institution(turn, issuer, "record-held", {"count": count}, first)
        notices.tell_desk(turn, owner, "record-held", {"count": count, "issuer": issuer}, first)
    if writing.released:
        key = min(writing.released).hex()
        for issuer, count in store.issuers_of_held(turn, list(writing.released)).items():
            notices.tell_institution(turn, issuer, "record-released", {"count": count}, key)


@dataclass(slots=True)
class _Writing:
    log_entries: list[bytes] = field(default_factory=list)
    entries: list[tuple[Any, ...]] = field(default_factory=list)
    places: list[tuple[Any, ...]] = field(default_factory=list)
    ciphertexts: list[tuple[Any, ...]] = field(default_factory=list)
    dedupe: list[tuple[Any, ...]] = field(default_factory=list)
    held: list[tuple[Any, ...]] = field(default_factory=list)
    released: dict[bytes, bytes] = field(default_factory=dict)
    """Keys of held records that were released → the workers whose records they are."""
    drafts: dict[int, Rows] = field(default_factory=dict)


class _Heads(dict[bytes, tuple[int, str, Frontier, int]]):
    """worker_id -> (version, state, frontier of the worker tree, ms); one not there yet has version 0."""

    def __missing__(self, worker_id: bytes) -> tuple[int, str, Frontier, int]:
        return self.setdefault(worker_id, (0, "open", Frontier(), 0))


def _workers(batches: Iterable[Batch]) -> list[bytes]:
    return list({one.worker.worker_id: None for batch in batches for one in batch.prepared})


def _drafts(batches: Iterable[Batch]) -> list[Rows]:
    workers = {id(one.worker): one.worker for batch in batches for one in batch.prepared}
    return [worker.rows for worker in workers.values() if worker.rows is not None]


def _stands(batch: Batch, heads: _Heads, versions: dict[str, int], taken: set[bytes]) -> bool:
    """Return whether everything the batch was judged on is still so."""
    for one in batch.prepared:
        version, state, frontier, _ms = heads[one.worker.worker_id]
        moved = version != one.worker.version or state not in one.states
        if moved or versions.get(one.issuer) != one.issuer_version:
            return False
        if one.chain_size not in (None, frontier.size):
            return False
    return not any(tag in taken for rows in _drafts([batch]) for tag in rows.tags)


def _asking_epoch(db: Database, batches: Iterable[Batch]) -> Question[int]:
    """Ask which epoch of the keys is demanded, where rows come that were made with them (vault/fence.py)."""
    if any(batch.held for batch in batches) or _drafts(batches):
        return fence.asking(db)
    return Question("", (), lambda _rows: 0)


def _made_at(batch: Batch) -> float:
    """Return the oldest epoch of the keys that rows of a batch were made with; all later ones will do."""
    made = [rows.epoch for rows in _drafts([batch])]
    return min(made + [batch.epoch] * bool(batch.held), default=math.inf)


def _leave(batch: Batch, held: dict[bytes, str]) -> bool:
    """Return whether no record enters that is held meanwhile, except where two people decided its release."""
    released = set(batch.released)
    for one in batch.prepared:
        allowed = ("approved",) if one.key in released else (None, "released")
        if held.get(one.key) not in allowed:
            return False
    return True


def _assign_all(
    prepared: list[Prepared],
    log: LogTurn,
    heads: _Heads,
    known: dict[bytes, tuple[bytes, int, bytes]],
    writing: _Writing,
) -> list[Accepted | Known]:
    outcome: list[Accepted | Known] = []
    for one in prepared:
        # Computed here, never kept on `one`: a turn that was rolled back runs its jobs again, and then what
        # stands before may have another seq.
        target = outcome[-1].seq if one.target == PRECEDING else one.target
        outcome.append(_assign(one, target, log, heads, known, writing))
    return outcome


def _assign(
    one: Prepared,
    target: int,
    log: LogTurn,
    heads: _Heads,
    known: dict[bytes, tuple[bytes, int, bytes]],
    writing: _Writing,
) -> Accepted | Known:
    """Give one record its place: seq and prev in the worker's chain, index in the log."""
    there = known.get(one.key)
    if there is not None:
        return Known(there[0], there[1], there[2] == one.digest)
    worker_id = one.worker.worker_id
    version, state, frontier, newest_ms = heads[worker_id]
    if newest_ms != log.ms:
        heads[worker_id] = version, state, frontier, log.ms
    seq, index = frontier.size, log.size + len(writing.log_entries)
    sha256 = hashlib.sha256
    position = sha256(one.nonce + _chain.pack(seq, target) + frontier.root()).digest()
    leaf = _head.pack(1, one.kind, log.ms) + one.commitment + position
    leaf_hash = sha256(b"\x00" + leaf).digest()
    frontier.append(leaf_hash)
    stored = -1 if target == NO_TARGET else target
    writing.log_entries.append(b"\x01" + leaf_hash)
    writing.entries.append((worker_id, seq, index, stored, one.nonce, leaf, frontier.to_bytes()))
    writing.places.append((index, worker_id, seq))
    writing.ciphertexts.append((worker_id, seq, one.record_id, one.sealed))
    writing.dedupe.append((one.key, worker_id, seq, one.digest))
    known[one.key] = (worker_id, seq, one.digest)
    if one.worker.rows is not None:
        writing.drafts[id(one.worker.rows)] = one.worker.rows
    return Accepted(index, seq, leaf, one.open_key, worker_id, newest_ms)
