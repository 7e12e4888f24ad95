"""What was restricted stays restricted (限制处理日志): a journal outside the database, beside the erasures'.

One line for each restriction and each lifting, of an archive or of one record, and one for each closing after
a death and each reopening, of opaque ids alone. A backup from before opens only by a continuation of the log
(`continuing`), which replays this journal, too: what its last line says is restricted is restricted again, by
an entry, before anything is served; what it says is closed is sealed until officials close it again, since no
day of death stands here (`archive/replaying.py`). What was lifted or reopened since the backup stays
restricted, or closed, in the copy, until two officials decide it again.

Two followers of the log write it, each before its position moves: killed between, a line is there twice.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine import Connection

from recordsvc import erasures
from recordsvc.archive import awaiting, replaying, restricting
from recordsvc.archive.announcing import entries
from recordsvc.archive.formats import Kind
from recordsvc.archive.going import WHOLE
from recordsvc.archive.reading import Reader
from recordsvc.archive.states import Record
from recordsvc.archive.status import is_restriction, restricts
from recordsvc.archive.store import StoredEntry
from recordsvc.ground.commit import Turn
from recordsvc.ground.follower import Ahead, Follower
from recordsvc.ground.refusal import StartRefused
from recordsvc.ground.two_person import Proposal

if TYPE_CHECKING:
    from recordsvc.house import House

NAME: Final = "restriction-journal"
OF_CLOSINGS: Final = "closing-journal"
"""Of its own, and so from the beginning of a log that is older than it."""

RESTRICTED: Final = "restricted"
CLOSED: Final = "closed"
"""Members of a line: what it tells of."""


class JournalDamaged(StartRefused):
    """The journal of restrictions cannot be read; the text says how to go on."""


@dataclass(frozen=True, slots=True)
class Line:
    """One restriction or lifting (`on` false), or closing or reopening; `seq` is -1 for a whole archive.

    `leaf` is SHA-256 of the record's leaf: in a log that was continued another may stand at its place.
    """

    worker_id: bytes
    seq: int
    idx: int
    on: bool
    leaf: bytes = b""
    what: str = RESTRICTED

    def text(self) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "worker": self.worker_id.hex(),
            "seq": self.seq,
            "index": self.idx,
            self.what: self.on,
        }
        if self.leaf:
            told["leaf"] = self.leaf.hex()
        return json.dumps(told, separators=(",", ":")) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Line":
        """Read a line. Raises ValueError, KeyError for what is none."""
        told = json.loads(text)
        place = bytes.fromhex(told["worker"]), int(told["seq"]), int(told["index"])
        what = CLOSED if CLOSED in told else RESTRICTED
        return cls(*place, bool(told[what]), bytes.fromhex(told.get("leaf", "")), what)


_LineOf = Callable[[Connection, StoredEntry, Record], Line | None]


def journal(house: "House") -> Follower[StoredEntry]:
    """Return the follower that writes what is restricted and lifted."""
    return _follower(house, NAME, _restriction)


def closings(house: "House") -> Follower[StoredEntry]:
    """Return the follower that writes what is closed and reopened."""
    return _follower(house, OF_CLOSINGS, _closing)


def _follower(house: "House", name: str, line: _LineOf) -> Follower[StoredEntry]:
    writing = Ahead(_Writing(house, line))
    return Follower(house.db, name, lambda after, limit: entries(house, after, limit), writing)


def _restriction(conn: Connection, one: StoredEntry, record: Record) -> Line | None:
    """Return the line of a restriction; none of one that stands for a closing, which has its own."""
    if not is_restriction(record) or record["body"]["ground"] == awaiting.AWAITS:
        return None
    leaf = b"" if one.target < 0 else erasures.leaf_of(conn, one.worker_id, one.target)
    return Line(one.worker_id, max(one.target, WHOLE), one.idx, restricts(record), leaf)


def _closing(_conn: Connection, one: StoredEntry, record: Record) -> Line | None:
    if awaiting.is_unfounded(record):
        return Line(one.worker_id, WHOLE, one.idx, on=False, what=CLOSED)
    if record["type"] != "closure":
        return None
    return Line(one.worker_id, WHOLE, one.idx, record["body"]["effect"] == "closed", what=CLOSED)


class _Writing:
    """Writes what of a portion the journal keeps; nothing is left to do in the turn."""

    def __init__(self, house: "House", line: _LineOf) -> None:
        self._house, self._reader, self._line = house, Reader(house), line

    def __call__(self, stored: Sequence[StoredEntry]) -> Callable[[Turn], object]:
        notes = [one for one in stored if one.sealed is not None and one.leaf[1] == Kind.NOTE]
        lines = []
        with self._house.db.read_raw() as cursor:
            workers = self._house.people.load_all(cursor, {one.worker_id for one in notes})
        with self._house.db.read() as conn:
            for one in notes:
                worker = workers.get(one.worker_id)
                record = None if worker is None else self._reader.open(worker, one).record
                line = None if record is None else self._line(conn, one, record)
                if line is not None:
                    lines.append(line)
        if lines:
            erasures.append(self._house.settings.restriction_journal_path, [one.text() for one in lines])
        return lambda _turn: None


def standing(house: "House") -> list[Line]:
    """Return what the journal says stands now: restricted records, restricted archives, closed ones.

    Raises `JournalDamaged`.
    """
    try:
        text = house.settings.restriction_journal_path.read_text("utf-8")
    except FileNotFoundError:
        return []
    whole, _cut, _rest = text.rpartition("\n")
    try:
        lines = [Line.parse(line) for line in whole.splitlines()]
    except (ValueError, KeyError) as error:
        raise JournalDamaged(
            f"the journal of restrictions is damaged: restore it from its own backup ({error})"
        ) from None
    last = {(line.worker_id, line.seq, line.what): line for line in lines}
    order = {(False, RESTRICTED): 0, (True, RESTRICTED): 1, (True, CLOSED): 2}
    return sorted((one for one in last.values() if one.on), key=lambda one: order[one.seq == WHOLE, one.what])


def restate(turn: Turn, house: "House", proposal: Proposal, before: str) -> int:
    """Seal again what the journal has, in a log that goes on from the log `before`; how many.

    Raises `JournalDamaged`.
    """
    count = 0
    for line in standing(house):
        if line.what == CLOSED:
            text = f"恢复备份后封存，待重新办理关闭；原关闭在日志 {before} 第 {line.idx} 条"
            count += replaying.await_closing(turn, house, proposal, line.worker_id, text)
            continue
        text = f"恢复备份后依限制日志重做；原限制在日志 {before} 第 {line.idx} 条"
        if line.seq == WHOLE:
            count += replaying.restrict_again(turn, house, proposal, line.worker_id, text)
        elif line.leaf == erasures.leaf_of(turn.conn, line.worker_id, line.seq):
            count += restricting.again(turn, house, proposal, (line.worker_id, line.seq), text)
    return count
