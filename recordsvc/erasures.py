"""What was erased stays erased (删除日志与清除): a journal outside the database, and traces inside.

The journal is a file of its own, kept apart from backups of the database: one line for each erasure, of
opaque ids alone. A database in which something journalled is there again does not open. Where the chain
holds the erasure and only the content came back, `recordsvc erasure replay` erases it anew. Where the chain
does not hold it, the database is older than the erasure: its log has to be continued (`continuing`), and the
journal is replayed with that, each erasure as an entry.

Scrubbing takes the deleted bytes themselves: SQLite overwrites freed pages (`secure_delete`) and the
write-ahead log is cut to nothing; on PostgreSQL the tables are rewritten (`VACUUM FULL`), which locks them
and is therefore a command for a quiet hour.
"""

import functools
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive import going, lost_erasures, tables
from recordsvc.archive.decided import enter
from recordsvc.archive.erasing import destroy, restated
from recordsvc.archive.formats import Kind
from recordsvc.archive.going import WHOLE
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.privileges import Kind as TableKind
from recordsvc.ground.privileges import kind_of, secrets_of
from recordsvc.ground.refusal import StartRefused
from recordsvc.ground.two_person import Proposal
from recordsvc.people import tables as people_tables

if TYPE_CHECKING:
    from recordsvc.house import House

PORTION: Final = 500


class ErasureUndone(StartRefused):
    """Something that was erased is there again; the text says how to go on."""


@dataclass(frozen=True, slots=True)
class Line:
    """One erasure as the journal keeps it; `seq` is -1 for a whole archive.

    `leaf` is SHA-256 of the erased entry's leaf, of one record: in a log that was continued another record
    may stand at its place. `records` are the marks of what was erased (`archive/lost_erasures.py`), by which
    a log that was continued knows what it never had. Lines of before either was kept have none.
    """

    worker_id: bytes
    erasure_id: bytes
    seq: int
    idx: int
    erased_ms: int
    leaf: bytes = b""
    records: tuple[bytes, ...] = ()

    def text(self) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "worker": self.worker_id.hex(),
            "erasure": self.erasure_id.hex(),
            "seq": self.seq,
            "index": self.idx,
            "ms": self.erased_ms,
        }
        if self.leaf:
            told["leaf"] = self.leaf.hex()
        if self.records:
            told["records"] = [one.hex() for one in self.records]
        return json.dumps(told, separators=(",", ":")) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Line":
        """Read a line. Raises ValueError, KeyError for what is none."""
        told = json.loads(text)
        ids = (bytes.fromhex(told["worker"]), bytes.fromhex(told["erasure"]))
        leaf = bytes.fromhex(told.get("leaf", ""))
        records = tuple(bytes.fromhex(one) for one in told.get("records", ()))
        return cls(*ids, int(told["seq"]), int(told["index"]), int(told["ms"]), leaf, records)


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
        marks = lost_erasures.marks_of(house, conn, [bytes(row.worker_id) for row in rows])
        lines = [_line(conn, row, marks) for row in rows]
    if not lines:
        return 0
    there = {line.erasure_id + line.worker_id for line in read(house)}
    fresh = [one.text() for one in lines if one.erasure_id + one.worker_id not in there]
    append(house.settings.erasure_journal_path, fresh)
    house.db.write(lambda turn: _mark(turn, lines, "erased", "journalled"))
    return len(lines)


def _line(conn: Connection, row: Any, marks: Mapping[tuple[bytes, int], bytes]) -> Line:
    leaf = b"" if row.seq == WHOLE else leaf_of(conn, row.worker_id, row.seq)
    # With a whole archive goes all that its chain holds.
    own = {seq: one for (worker_id, seq), one in marks.items() if worker_id == row.worker_id}
    records = [own[seq] for seq in sorted(own) if row.seq in (WHOLE, seq)]
    return Line(row.worker_id, row.erasure_id, row.seq, row.idx, row.erased_ms, leaf, tuple(records))


def leaf_of(conn: Connection, worker_id: bytes, seq: int) -> bytes:
    """Return SHA-256 of an entry's leaf; empty where there is no such entry."""
    own = tables.entry.c
    found = conn.execute(sa.select(own.leaf).where(own.worker_id == worker_id, own.seq == seq)).scalar()
    return b"" if found is None else hashlib.sha256(bytes(found)).digest()


def append(path: Path, lines: list[str]) -> None:
    """Add lines to a journal; durable on return."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(handle).st_size
        # What a crash left of a line is taken away before the next one follows it.
        if size and os.pread(handle, 1, size - 1) != b"\n":
            text = os.pread(handle, size, 0)
            os.ftruncate(handle, text.rfind(b"\n") + 1)
        os.write(handle, "".join(lines).encode())
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
        undone = [line for line in read(house) if _there(conn, line)]
        older = any(not _entered(conn, line) for line in undone)
    if undone:
        raise ErasureUndone(
            f"{len(undone)} erasures of the journal are undone in this database: an older copy was restored; "
            f"{_CONTINUE if older else _REPLAY} before anything is served from it"
        )


_REPLAY: Final = "run `recordsvc erasure replay`"
_CONTINUE: Final = "restore the newest copy, or have two officials run `recordsvc continuation`"


def replay(house: "House") -> int:
    """Erase again what the journal has, the database still holds and its chains say was erased; how many.

    Raises `ErasureUndone`, before anything is erased, where a chain does not say so: that copy is older.
    """
    lines = read(house)
    with house.db.read() as conn:
        older = sum(1 for line in lines if _there(conn, line) and not _entered(conn, line))
    if older:
        raise ErasureUndone(
            f"this database is older than {older} erasures of the journal, and erasing needs its entry: "
            f"{_CONTINUE}"
        )
    # All of it first: once a number is gone again, nothing leads from what waits to whom it is for.
    house.db.write(lambda turn: _take_waiting(turn, house, lines))
    return sum(house.db.write(functools.partial(_again, house, line)) for line in lines)


def _take_waiting(turn: Turn, house: "House", lines: list[Line]) -> None:
    going.again(turn, house, [(one.worker_id, one.seq) for one in lines if _there(turn.conn, one)])


def lost(conn: Connection, house: "House") -> list[bytes]:
    """Return the marks of what the journal has and this database never had: sent again, it would be new."""
    lines = [line for line in read(house) if line.records]
    here = set(lost_erasures.marks_of(house, conn, [line.worker_id for line in lines]).values())
    return sorted({one for line in lines for one in line.records} - here)


def restate(turn: Turn, house: "House", proposal: Proposal, before: str) -> int:
    """Replay the journal in a log that goes on from the log `before`; how many were there again.

    Each is an entry of its own: the chain of before the erasure does not say that anything is gone.
    """
    lines = [line for line in read(house) if _there(turn.conn, line)]
    missing = [line for line in lines if not _entered(turn.conn, line)]
    statements = []
    for line in missing:
        text = f"恢复备份后依删除日志重做；原删除在日志 {before} 第 {line.idx} 条"
        record_id = None if line.seq == WHOLE else _record_id(turn.conn, line)
        said = restated(house, proposal, line.worker_id, line.seq, record_id, text)
        statements.append((line.worker_id, said))
    _take_waiting(turn, house, lines)
    entered = enter(house, turn, statements)
    for line in lines:
        destroy(turn, house, line.worker_id, line.seq)
    for line, one in zip(missing, entered, strict=True):
        values = {
            "worker_id": line.worker_id,
            "erasure_id": line.erasure_id,
            "seq": line.seq,
            "idx": one.index,
            "erased_ms": line.erased_ms,
            "state": "journalled",
        }
        turn.conn.execute(people_tables.erasure.insert().values(**values))
    return len(lines)


def _there(conn: Connection, line: Line) -> bool:
    key, sealed = people_tables.worker_key, tables.ciphertext
    query = sa.select(key.c.worker_id).where(key.c.worker_id == line.worker_id)
    if line.seq != WHOLE:
        query = sa.select(sealed.c.seq).where(sealed.c.worker_id == line.worker_id, sealed.c.seq == line.seq)
        if line.leaf and leaf_of(conn, line.worker_id, line.seq) != line.leaf:
            return False
    return conn.execute(query).first() is not None


def _entered(conn: Connection, line: Line) -> bool:
    """Tell whether the chain says that this was erased."""
    own = tables.entry.c
    # An erasure of the whole has no target, which is stored as it is in a line.
    mine = (own.worker_id == line.worker_id, own.target == line.seq)
    leaves = conn.execute(sa.select(own.leaf).where(*mine))
    return any(bytes(leaf)[1] == Kind.ERASE.value for leaf in leaves.scalars())


def _record_id(conn: Connection, line: Line) -> bytes | None:
    own = tables.ciphertext.c
    query = sa.select(own.record_id).where(own.worker_id == line.worker_id, own.seq == line.seq)
    found = conn.execute(query).scalar()
    return None if found is None else bytes(found)


def _again(house: "House", line: Line, turn: Turn) -> int:
    if not _there(turn.conn, line):
        return 0
    destroy(turn, house, line.worker_id, line.seq)
    erasure = people_tables.erasure
    mine = (erasure.c.worker_id == line.worker_id, erasure.c.erasure_id == line.erasure_id)
    # Its bytes are there again, and have to be cleaned away again.
    turn.conn.execute(erasure.update().where(*mine).values(state="journalled"))
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
    """On PostgreSQL, rewrite the tables with secrets as their owner; yields the name of each that is done."""
    from recordsvc import schema

    waiting = _journalled(house.db)
    for table in schema.load_tables().sorted_tables:
        if not secrets_of(table) and kind_of(table) is not TableKind.ERASABLE:
            continue
        owner.rewrite(table)
        yield table.name
    house.db.write(lambda turn: _mark(turn, waiting, "journalled", "scrubbed"))


def _journalled(db: Database) -> list[Line]:
    erasure = people_tables.erasure
    with db.read() as conn:
        rows: Any = conn.execute(sa.select(erasure).where(erasure.c.state == "journalled").limit(PORTION))
        return [Line(r.worker_id, r.erasure_id, r.seq, r.idx, r.erased_ms) for r in rows]
