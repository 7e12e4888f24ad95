"""What was erased stays erased (删除日志与清除): a journal outside the database, and traces inside.

The journal is a file of its own, kept apart from backups of the database: one line for each erasure, of
opaque ids alone. A database in which something journalled is there again was restored from an older copy; it
does not open before `recordsvc erasure replay` has erased it anew.

Scrubbing takes the deleted bytes themselves: SQLite overwrites freed pages (`secure_delete`) and the
write-ahead log is cut to nothing; on PostgreSQL the tables are rewritten (`VACUUM FULL`), which locks them
and is therefore a command for a quiet hour.
"""

import functools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import consents
from recordsvc.archive import tables
from recordsvc.archive.erasing import WHOLE, forget
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.privileges import Kind, erasing, kind_of
from recordsvc.ground.refusal import StartRefused
from recordsvc.people import standing
from recordsvc.people import tables as people_tables

if TYPE_CHECKING:
    from recordsvc.house import House

PORTION: Final = 500


class ErasureUndone(StartRefused):
    """Something that was erased is there again; the text says how to go on."""


@dataclass(frozen=True, slots=True)
class Line:
    """One erasure as the journal keeps it; `seq` is -1 for a whole archive."""

    worker_id: bytes
    erasure_id: bytes
    seq: int
    idx: int
    erased_ms: int

    def text(self) -> str:
        """Return the line."""
        told = {
            "worker": self.worker_id.hex(),
            "erasure": self.erasure_id.hex(),
            "seq": self.seq,
            "index": self.idx,
            "ms": self.erased_ms,
        }
        return json.dumps(told, separators=(",", ":")) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Line":
        """Read a line. Raises ValueError, KeyError for what is none."""
        told = json.loads(text)
        ids = (bytes.fromhex(told["worker"]), bytes.fromhex(told["erasure"]))
        return cls(*ids, int(told["seq"]), int(told["index"]), int(told["ms"]))


def read(house: "House") -> list[Line]:
    """Return the journal. A last line that a crash cut short was never answered for, and is left out."""
    try:
        text = house.settings.erasure_journal_path.read_text("utf-8")
    except FileNotFoundError:
        return []
    whole, _cut, _rest = text.rpartition("\n")
    try:
        return [Line.parse(line) for line in whole.splitlines()]
    except (ValueError, KeyError) as error:
        raise ErasureUndone(
            f"the erasure journal is damaged: restore it from its own backup ({error})"
        ) from None


def keep(house: "House") -> int:
    """Write what was erased and is not in the journal yet; how many lines. Repeatable."""
    erasure = people_tables.erasure
    with house.db.read() as conn:
        query = sa.select(erasure).where(erasure.c.state == "erased").limit(PORTION)
        rows = conn.execute(query).all()
    if not rows:
        return 0
    there = {line.erasure_id + line.worker_id for line in read(house)}
    lines = [Line(r.worker_id, r.erasure_id, r.seq, r.idx, r.erased_ms) for r in rows]
    _append(house, [one for one in lines if one.erasure_id + one.worker_id not in there])
    house.db.write(lambda turn: _mark(turn, lines, "erased", "journalled"))
    return len(lines)


def _append(house: "House", lines: list[Line]) -> None:
    path = house.settings.erasure_journal_path
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(handle).st_size
        # What a crash left of a line is taken away before the next one follows it.
        if size and os.pread(handle, 1, size - 1) != b"\n":
            text = os.pread(handle, size, 0)
            os.ftruncate(handle, text.rfind(b"\n") + 1)
        os.write(handle, "".join(one.text() for one in lines).encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _mark(turn: Turn, lines: list[Line], before: str, after: str) -> None:
    erasure = people_tables.erasure
    for one in lines:
        mine = (erasure.c.worker_id == one.worker_id, erasure.c.erasure_id == one.erasure_id)
        turn.conn.execute(erasure.update().where(*mine, erasure.c.state == before).values(state=after))


# -- a restored copy


def check(house: "House") -> None:
    """Refuse a database in which something erased is there again. Raises `ErasureUndone`."""
    with house.db.read() as conn:
        undone = sum(1 for line in read(house) if _there(conn, line))
    if undone:
        raise ErasureUndone(
            f"{undone} erasures of the journal are undone in this database: an older copy was restored; "
            "run `recordsvc erasure replay` before anything is served from it"
        )


def replay(house: "House") -> int:
    """Erase again whatever the journal has and the database still holds; how many."""
    done = 0
    for line in read(house):
        done += house.db.write(functools.partial(_again, house, line))
    return done


def _there(conn: Connection, line: Line) -> bool:
    key, sealed = people_tables.worker_key, tables.ciphertext
    query = sa.select(key.c.worker_id).where(key.c.worker_id == line.worker_id)
    if line.seq != WHOLE:
        query = sa.select(sealed.c.seq).where(sealed.c.worker_id == line.worker_id, sealed.c.seq == line.seq)
    return conn.execute(query).first() is not None


def _again(house: "House", line: Line, turn: Turn) -> int:
    if not _there(turn.conn, line):
        return 0
    sealed = tables.ciphertext
    gone = sa.delete(sealed).where(sealed.c.worker_id == line.worker_id)
    with erasing(turn.conn):
        turn.conn.execute(gone if line.seq == WHOLE else gone.where(sealed.c.seq == line.seq))
    if line.seq == WHOLE:
        standing.erase(turn, line.worker_id)
        forget(turn, line.worker_id)
        consents.erase(turn, house.log, line.worker_id)
    return 1


# -- the bytes


def scrub(house: "House") -> int:
    """On SQLite, take what was deleted out of the write-ahead log; how many erasures are clean now.

    While somebody still reads an older state the log cannot be cut; the next run tries again.
    """
    if house.db.dialect != "sqlite":
        return 0
    waiting = _journalled(house.db)
    if not waiting or not house.db.truncate_wal():
        return 0
    house.db.write(lambda turn: _mark(turn, waiting, "journalled", "scrubbed"))
    # That mark itself stands in the log now, and holds nothing of anybody.
    return len(waiting)


def rewrite(house: "House", owner: Database) -> Iterator[str]:
    """On PostgreSQL, rewrite the erasable tables as their owner; yields each table's name when it is done."""
    from recordsvc import schema

    waiting = _journalled(house.db)
    erasable = [table for table in schema.load_tables().sorted_tables if kind_of(table) is Kind.ERASABLE]
    for table in erasable:
        owner.rewrite(table)
        yield table.name
    house.db.write(lambda turn: _mark(turn, waiting, "journalled", "scrubbed"))


def _journalled(db: Database) -> list[Line]:
    erasure = people_tables.erasure
    with db.read() as conn:
        rows: Any = conn.execute(sa.select(erasure).where(erasure.c.state == "journalled").limit(PORTION))
        return [Line(r.worker_id, r.erasure_id, r.seq, r.idx, r.erased_ms) for r in rows]
