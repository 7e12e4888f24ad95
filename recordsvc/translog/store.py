"""The log at rest: appending inside a writer's turn, checkpoints, tiles, proofs at any size.

Appending locks the one head row, so that positions are contiguous whoever writes. The checkpoint is signed
and stored in the same transaction as the entries it covers: an answer can carry its proof, and a crash
leaves either both or none.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.readers import Question
from recordsvc.translog import tables
from recordsvc.translog.checkpoint import Checkpoint
from recordsvc.translog.note import NoteKey, SignatureType, Signer
from recordsvc.translog.tiles import TileReader
from recordsvc.translog.tree import EMPTY_ROOT, Extension, Frontier, leaf_hash
from recordsvc.vault.keystore import KeyStore
from recordsvc.vault.signers import PublicKey

TILE = 256
LOG_KEY = "log"
"""Name of the key of checkpoints in the key store."""
CLOCK_BEHIND_MS = 1_000
_COSIGNED_LOOKED_AT = 8


@dataclass(frozen=True, slots=True)
class Signed:
    """A stored checkpoint: tree size, root, UTC ms, and the signed note (without witnesses' lines)."""

    size: int
    root: bytes
    ms: int
    note: str


@dataclass(frozen=True, slots=True)
class Former:
    """A name the log had before: its checkpoints up to and including `size` bear it."""

    name: str
    size: int


class Log:
    """The log of this service, named by its origin."""

    def __init__(self, db: Database, keys: KeyStore, origin: str) -> None:
        """Serve the log named `origin`, signed with the key `log`."""
        self.db = db
        self.origin = origin
        self._keys = keys
        self._tile = functools.lru_cache(maxsize=4_096)(self._read_full_tile)

    def create(self) -> None:
        """Begin the log at its first run: an empty head and the checkpoint of the empty tree."""

        def begin(turn: Turn) -> None:
            if turn.conn.execute(sa.select(tables.head.c.id)).first() is not None:
                return
            turn.conn.execute(tables.head.insert().values(id=1, size=0, root=EMPTY_ROOT, edge=b"", ms=0))
            self.db.bulk_all(turn.conn, [], _storing(self.signed(0, EMPTY_ROOT, turn.now_ms)))

        self.db.write(begin)

    def turn(self, turn: Turn) -> "LogTurn":
        """Return the log's part of a writer's turn; locks the head at first use."""
        found: LogTurn = self.db.ask(self.db.cursor(turn.conn), self.asking_turn(turn))[0]
        return found

    def asking_turn(self, turn: Turn) -> "Question[LogTurn]":
        """Ask for the log's part of a writer's turn; locks the head at first use."""
        part = turn.joined(LogTurn)
        if part is not None:
            return Question("", (), lambda _rows: part)
        query = f"SELECT size, edge, ms FROM log_head WHERE id = 1{self.db.for_update}"  # noqa: S608 - a constant

        def join(rows: list[Any]) -> LogTurn:
            return turn.part(LogTurn, lambda: LogTurn(self, turn, *rows[0]))

        return Question(query, (), join)

    # -- names

    @functools.cached_property
    def former(self) -> tuple[Former, ...]:
        """The names it had before, oldest first.

        Read once: a continuation gives the log another origin, and so another process.
        """
        own = tables.continuation.c
        with self.db.read() as conn:
            rows = conn.execute(sa.select(own.before, own.size).order_by(own.size)).all()
        return tuple([Former(row.before, row.size) for row in rows])

    @property
    def begun(self) -> int:
        """Entries it already had when it got its present name; 0: it never had another."""
        return self.former[-1].size if self.former else 0

    def name_at(self, size: int) -> str:
        """Return the name that the checkpoint of a size bears."""
        return next((one.name for one in self.former if size <= one.size), self.origin)

    # -- checkpoints

    def newest(self, conn: Connection) -> Signed:
        """Return the newest checkpoint."""
        query = sa.select(tables.checkpoint).order_by(tables.checkpoint.c.size.desc()).limit(1)
        return _signed(conn.execute(query).one())

    def cosigned(self, conn: Connection, least: int) -> tuple[Signed, list[str]]:
        """Return a cosigned checkpoint of size >= `least` and its lines, else the newest one.

        Of the newest few cosigned ones it is the one that most witnesses signed: one witness may be a moment
        ahead of another. Always one that bears the log's present name.
        """
        least = max(least, self.begun + 1)
        mine, count = tables.cosignature.c, sa.func.count()
        newest = sa.select(mine.size, count).where(mine.size >= least).group_by(mine.size)
        found = conn.execute(newest.order_by(mine.size.desc()).limit(_COSIGNED_LOOKED_AT)).all()
        if not found:
            return self.newest(conn), []
        size = max(found, key=lambda row: (row[1], row[0]))[0]
        row = conn.execute(sa.select(tables.checkpoint).where(tables.checkpoint.c.size == size)).one()
        lines = conn.execute(sa.select(tables.cosignature.c.line).where(tables.cosignature.c.size == size))
        return _signed(row), list(lines.scalars())

    def cosign(self, size: int, witness: str, line: str) -> None:
        """Keep a witness's signature line; the first one of a size stays."""

        def keep(turn: Turn) -> None:
            there = sa.select(tables.cosignature.c.size).where(
                tables.cosignature.c.size == size, tables.cosignature.c.witness == witness
            )
            if turn.conn.execute(there).first() is None:
                turn.conn.execute(tables.cosignature.insert().values(size=size, witness=witness, line=line))

        self.db.write(keep)

    def signed(self, size: int, root: bytes, ms: int) -> Signed:
        """Sign the checkpoint of a size; it counts once it is stored by the transaction that reached it."""
        note = Checkpoint(self.origin, size, root).sign_all(self._signers())
        return Signed(size, root, ms, note)

    def _signers(self) -> list[Signer]:
        """Return the log's live keys with the means to sign, the newest first: several during a change."""
        ring = self._keys.now()
        return [
            Signer(self._named(ring.public(key_id)), functools.partial(ring.sign, key_id))
            for key_id in reversed(ring.versions(LOG_KEY))
        ]

    def live_keys(self) -> list[NoteKey]:
        """Return the verifier keys whose signatures stand under new checkpoints, the newest first."""
        ring = self._keys.now()
        return [self._named(ring.public(one)) for one in reversed(ring.versions(LOG_KEY))]

    def verifier_keys(self, name: str = "") -> list[NoteKey]:
        """Return all verifier keys this log ever had, the newest first: old checkpoints bear old ones.

        They are those of its present name, unless a former one is asked for.
        """
        retired = [self._named(one.public) for one in reversed(self._keys.retired(LOG_KEY))]
        keys = [*self.live_keys(), *retired]
        return [NoteKey(name, one.kind, one.public) for one in keys] if name else keys

    def every_key(self) -> list[NoteKey]:
        """Return the verifier keys under each name this log ever had, the newest first."""
        former = [one.name for one in reversed(self.former)]
        return [key for name in (self.origin, *former) for key in self.verifier_keys(name)]

    def _named(self, public: PublicKey) -> NoteKey:
        return NoteKey(self.origin, SignatureType.ED25519, public.raw)

    # -- tiles and proofs

    def reader(self, conn: Connection, size: int) -> TileReader:
        """Return the tree at a published `size`, reading only the tiles a proof needs."""
        return TileReader(size, functools.partial(self._hashes, conn))

    def hashes(self, conn: Connection, level: int, n: int, width: int) -> bytes:
        """Return the first `width` hashes of tile `n` at tile level `level` (what tlog-tiles serves)."""
        return self._hashes(conn, level, n, width)

    def entries(self, conn: Connection, start: int, end: int) -> list[bytes]:
        """Return the log entries G of [start, end)."""
        query = (
            sa.select(tables.entry.c.data)
            .where(tables.entry.c.idx >= start, tables.entry.c.idx < end)
            .order_by(tables.entry.c.idx)
        )
        return list(conn.execute(query).scalars())

    def _hashes(self, conn: Connection, level: int, n: int, width: int) -> bytes:
        if width == TILE:
            return self._tile(level, n)
        if level == 0:
            return b"".join(leaf_hash(data) for data in self.entries(conn, n * TILE, n * TILE + width))
        return b"".join(_tile_roots(conn, level, n * TILE, n * TILE + width))

    def _read_full_tile(self, level: int, n: int) -> bytes:
        """Return a full tile, which never changes again; LookupError (never cached) when it is missing."""
        with self.db.read_raw() as cursor:
            cursor.execute(self.db.sql("SELECT data FROM log_tile WHERE level = ? AND n = ?"), (level, n))
            row = cursor.fetchone()
        if row is None:
            raise LookupError(f"full tile {level}/{n} is missing")
        return bytes(row[0])


class LogTurn:
    """The log's part of one writer's turn: what is appended, and after the commit the proofs of it."""

    def __init__(self, log: Log, turn: Turn, size: int, edge: bytes, ms: int) -> None:
        """Begin from the head's row, which this turn has locked until its transaction ends."""
        self._log = log
        self._turn = turn
        self._old = Frontier.from_bytes(size, bytes(edge))
        self._data: list[bytes] = []
        self._leaves: list[bytes] = []
        self.ms: int = max(turn.now_ms, ms)
        """UTC ms of this turn's entries; never before an earlier entry's, whatever the clock says."""
        if ms - turn.now_ms > CLOCK_BEHIND_MS:
            observe.log("clock-behind-log", behind_ms=ms - turn.now_ms)
        self.extension: Extension | None = None
        self.checkpoint: Signed | None = None

    @property
    def size(self) -> int:
        """The log index that the next entry gets."""
        return self._old.size + len(self._data)

    def append(self, data: bytes) -> int:
        """Add one log entry G and return its index."""
        self._data.append(data)
        self._leaves.append(leaf_hash(data))
        return self.size - 1

    def append_all(self, data: Sequence[bytes]) -> int:
        """Add several entries and return the index of the first."""
        first = self.size
        self._data.extend(data)
        self._leaves.extend(map(leaf_hash, data))
        return first

    def proof(self, index: int) -> list[bytes]:
        """Return the inclusion path of an entry of this turn at `checkpoint.size`; after the commit."""
        if self.extension is None:
            raise RuntimeError("a proof was asked for before the turn was finished")
        return self.extension.proof(index)

    def before_commit(self) -> None:
        """Write entries, tiles, head and checkpoint."""
        if not self._data:
            return
        conn, first = self._turn.conn, self._old.size
        extension = Extension(self._old, self._leaves)
        rows = [(first + offset, data) for offset, data in enumerate(self._data)]
        db, root = self._log.db, extension.root()
        self._write_tiles(conn, extension)
        checkpoint = self._log.signed(extension.size, root, self.ms)
        changed = db.bulk_all(
            conn,
            [(tables.entry, rows)],
            (
                "UPDATE log_head SET size = ?, root = ?, edge = ?, ms = ? WHERE id = 1 AND size = ?",
                (extension.size, root, extension.frontier().to_bytes(), self.ms, first),
            ),
            _storing(checkpoint),
        )
        if changed[0] != 1:
            raise RuntimeError("the log head moved under its lock")
        self.checkpoint, self.extension = checkpoint, extension

    def _write_tiles(self, conn: Connection, extension: Extension) -> None:
        """Store each tile that these entries completed, level by level, and the roots they hand upwards."""
        level, old_width, new_width = 0, extension.first, extension.size
        grown: dict[int, bytes] = {extension.first + at: leaf for at, leaf in enumerate(self._leaves)}
        while new_width // TILE > old_width // TILE:
            start = old_width // TILE * TILE
            grown.update(enumerate(self._grown(conn, level, start, old_width), start))
            above = {}
            for n in range(old_width // TILE, new_width // TILE):
                hashes = [grown[at] for at in range(n * TILE, (n + 1) * TILE)]
                conn.execute(tables.tile.insert().values(level=level, n=n, data=b"".join(hashes)))
                above[n] = extension.node((level + 1) * 8, n)
            self._log.db.bulk(conn, tables.tile_root, [(level + 1, n, value) for n, value in above.items()])
            grown, level, old_width, new_width = above, level + 1, old_width // TILE, new_width // TILE

    @staticmethod
    def _grown(conn: Connection, level: int, start: int, end: int) -> list[bytes]:
        """Return what a growing tile held before this turn."""
        if level:
            return _tile_roots(conn, level, start, end)
        query = sa.select(tables.entry.c.data).where(tables.entry.c.idx >= start, tables.entry.c.idx < end)
        return [leaf_hash(data) for data in conn.execute(query.order_by(tables.entry.c.idx)).scalars()]


def _storing(checkpoint: Signed) -> tuple[str, tuple[Any, ...]]:
    statement = "INSERT INTO log_checkpoint (size, root, ms, note) VALUES (?, ?, ?, ?)"
    return statement, (checkpoint.size, checkpoint.root, checkpoint.ms, checkpoint.note)


def _tile_roots(conn: Connection, level: int, start: int, end: int) -> list[bytes]:
    roots = tables.tile_root
    query = sa.select(roots.c.hash).where(roots.c.level == level, roots.c.n >= start, roots.c.n < end)
    return list(conn.execute(query.order_by(roots.c.n)).scalars())


def _signed(row: Any) -> Signed:
    return Signed(row.size, row.root, row.ms, row.note)
