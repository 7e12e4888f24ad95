"""What a witness remembers, in one SQLite file: the logs it knows, and the largest tree cosigned of each.

Losing this memory is as bad as losing the key: a witness without it would cosign a second history. So it is
on the disk before any answer leaves (WAL, ``synchronous=FULL``), the check and the write are one ``BEGIN
IMMEDIATE`` transaction, and the file is bound to the key it was made with.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FILE_NAME: Final = "witness.db"
MAX_REFUSED: Final = 1_000

_SCHEMA = """
CREATE TABLE identity (id INTEGER PRIMARY KEY CHECK (id = 1), vkey TEXT NOT NULL) STRICT; CREATE TABLE
log_key (origin TEXT NOT NULL, name TEXT NOT NULL, public BLOB NOT NULL CHECK (length(public) = 32),
  PRIMARY KEY (origin, name, public)) STRICT, WITHOUT ROWID;
CREATE TABLE head (origin TEXT PRIMARY KEY, size INTEGER NOT NULL CHECK (size >= 0),
  root BLOB NOT NULL CHECK (length(root) = 32), at INTEGER NOT NULL, note TEXT NOT NULL) STRICT, WITHOUT
  ROWID;
CREATE TABLE refused (origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, at INTEGER NOT NULL,
  known_size INTEGER NOT NULL, note TEXT NOT NULL, PRIMARY KEY (origin, size, root)) STRICT, WITHOUT ROWID;
CREATE TRIGGER head_only_grows BEFORE UPDATE ON head
  WHEN NEW.size < OLD.size OR NEW.at < OLD.at OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
  BEGIN SELECT RAISE(ABORT, 'a witness never goes back'); END;
CREATE TRIGGER head_stays BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'a witness never forgets'); END;
"""


class StoreError(Exception):
    """A store that must not be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Head:
    """Largest tree cosigned of a log: size, root, time (s since 1970), note with all good signatures."""

    size: int
    root: bytes
    at: int
    note: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A checkpoint that the log's key signed and that does not continue what was cosigned: evidence."""

    origin: str
    size: int
    at: int
    known_size: int
    note: str


def create(folder: Path, vkey: str) -> None:
    """Make the store of the witness with this public key. The folder exists and holds none yet."""
    connection = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA}")
        connection.execute("INSERT INTO identity VALUES (1, ?)", (vkey,))
        connection.execute("COMMIT")
    finally:
        connection.close()


class Store:
    """An open store. One connection, used by one thread at a time; other processes wait in SQLite."""

    def __init__(self, folder: Path, vkey: str) -> None:
        file = folder / FILE_NAME
        if not file.is_file():
            raise StoreError(f"{file} is missing: a witness without its memory must not sign")
        self._lock = threading.Lock()
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=5.0)
        try:
            self._check(file, vkey)
        except BaseException:
            self._db.close()
            raise

    def _check(self, file: Path, vkey: str) -> None:
        try:
            self._db.execute("PRAGMA synchronous = FULL")
            mode = self._db.execute("PRAGMA journal_mode").fetchone()
            durable = self._db.execute("PRAGMA synchronous").fetchone()
            sound = self._db.execute("PRAGMA quick_check").fetchone()
            row = self._db.execute("SELECT vkey FROM identity").fetchone()
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{file} is no store of a witness: {error}") from error
        if (mode, durable, sound) != (("wal",), (2,), ("ok",)):
            raise StoreError(f"{file} is damaged, or not in WAL mode with full synchronisation")
        if row != (vkey,):
            raise StoreError(f"{file} belongs to another key")

    def close(self) -> None:
        """Close the file, after whoever uses it."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator["Transaction"]:
        """One reader and writer; durable when the block ends, undone when it raises."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._db)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            # The commit point: only after this line may an answer leave.
            self._db.execute("COMMIT")

    def add_log(self, origin: str, name: str, public: bytes) -> None:
        """Trust this Ed25519 key for the log ``origin``; again is no harm."""
        with self.transaction() as turn:
            turn.add_key(origin, name, public)

    def keys(self, origin: str) -> list[tuple[str, bytes]]:
        """Keys (name, public) trusted for a log; empty when the log is unknown."""
        return self._read("SELECT name, public FROM log_key WHERE origin = ?", (origin,))

    def origins(self) -> list[str]:
        """All logs known."""
        return [origin for (origin,) in self._read("SELECT DISTINCT origin FROM log_key ORDER BY origin")]

    def head(self, origin: str) -> Head | None:
        """What was last cosigned of a log."""
        rows = self._read("SELECT size, root, at, note FROM head WHERE origin = ?", (origin,))
        return Head(*rows[0]) if rows else None

    def refused(self) -> list[Refused]:
        """Signed checkpoints that were refused, oldest first."""
        return [
            Refused(*row)
            for row in self._read(
                "SELECT origin, size, at, known_size, note FROM refused ORDER BY at, origin, size"
            )
        ]

    def _read(self, query: str, values: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(query, values).fetchall()


class Transaction:
    """What can be done inside ``Store.transaction``."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add_key(self, origin: str, name: str, public: bytes) -> None:
        """Trust a log's key."""
        self._db.execute("INSERT OR IGNORE INTO log_key VALUES (?, ?, ?)", (origin, name, public))

    def head(self, origin: str) -> Head | None:
        """What was last cosigned of a log, as of this transaction."""
        row = self._db.execute("SELECT size, root, at, note FROM head WHERE origin = ?", (origin,)).fetchone()
        return Head(*row) if row else None

    def put_head(self, origin: str, head: Head) -> None:
        """Remember a tree as the largest cosigned; the triggers refuse a step back."""
        self._db.execute(
            "INSERT INTO head VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE"
            " SET size = excluded.size, root = excluded.root, at = excluded.at, note = excluded.note",
            (origin, head.size, head.root, head.at, head.note),
        )

    def put_refused(self, refused: Refused, root: bytes) -> None:
        """Keep evidence, once per size and root, up to a bound per log."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM refused WHERE origin = ?", (refused.origin,)
        ).fetchone()
        if count < MAX_REFUSED:
            self._db.execute(
                "INSERT OR IGNORE INTO refused VALUES (?, ?, ?, ?, ?, ?)",
                (refused.origin, refused.size, root, refused.at, refused.known_size, refused.note),
            )
