"""What was restricted stays restricted (限制处理日志): a journal outside the database, beside the erasures'.

One line for each restriction and each lifting, of an archive or of one record, of opaque ids alone. A backup
from before a restriction opens only by a continuation of the log (`continuing`), which replays this journal,
too: what its last line says is restricted is restricted again, by an entry, before anything is served. What
was lifted since the backup stays restricted in the copy, until two officials lift it again.

A follower of the log writes it, before its position moves: killed between, a line is there twice.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from recordsvc import erasures
from recordsvc.archive import erasing, restricting
from recordsvc.archive.announcing import entries
from recordsvc.archive.formats import Kind
from recordsvc.archive.going import WHOLE
from recordsvc.archive.reading import Reader
from recordsvc.archive.status import is_restriction, restricts
from recordsvc.archive.store import StoredEntry
from recordsvc.ground.commit import Turn
from recordsvc.ground.follower import Ahead, Follower
from recordsvc.ground.refusal import StartRefused
from recordsvc.ground.two_person import Proposal

if TYPE_CHECKING:
    from recordsvc.house import House

NAME: Final = "restriction-journal"


class JournalDamaged(StartRefused):
    """The journal of restrictions cannot be read; the text says how to go on."""


@dataclass(frozen=True, slots=True)
class Line:
    """One restriction or lifting (`restricted` false); `seq` is -1 for a whole archive.

    `leaf` is SHA-256 of the record's leaf: in a log that was continued another may stand at its place.
    """

    worker_id: bytes
    seq: int
    idx: int
    restricted: bool
    leaf: bytes = b""

    def text(self) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "worker": self.worker_id.hex(),
            "seq": self.seq,
            "index": self.idx,
            "restricted": self.restricted,
        }
        if self.leaf:
            told["leaf"] = self.leaf.hex()
        return json.dumps(told, separators=(",", ":")) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Line":
        """Read a line. Raises ValueError, KeyError for what is none."""
        told = json.loads(text)
        place = bytes.fromhex(told["worker"]), int(told["seq"]), int(told["index"])
        return cls(*place, bool(told["restricted"]), bytes.fromhex(told.get("leaf", "")))


def journal(house: "House") -> Follower[StoredEntry]:
    """Return the follower that writes the journal."""
    return Follower(house.db, NAME, lambda after, limit: entries(house, after, limit), Ahead(_Writing(house)))


class _Writing:
    """Writes what a portion restricts and lifts; nothing is left to do in the turn."""

    def __init__(self, house: "House") -> None:
        self._house, self._reader = house, Reader(house)

    def __call__(self, stored: Sequence[StoredEntry]) -> Callable[[Turn], object]:
        notes = [one for one in stored if one.sealed is not None and one.leaf[1] == Kind.NOTE]
        lines = []
        with self._house.db.read_raw() as cursor:
            workers = self._house.people.load_all(cursor, {one.worker_id for one in notes})
        with self._house.db.read() as conn:
            for one in notes:
                worker = workers.get(one.worker_id)
                record = None if worker is None else self._reader.open(worker, one).record
                if is_restriction(record):
                    leaf = b"" if one.target < 0 else erasures.leaf_of(conn, one.worker_id, one.target)
                    place = one.worker_id, max(one.target, WHOLE), one.idx
                    lines.append(Line(*place, restricts(record), leaf))
        if lines:
            erasures.append(self._house.settings.restriction_journal_path, [one.text() for one in lines])
        return lambda _turn: None


def standing(house: "House") -> list[Line]:
    """Return what the journal says is restricted now, single records first. Raises `JournalDamaged`."""
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
    last = {(line.worker_id, line.seq): line for line in lines}
    return sorted((one for one in last.values() if one.restricted), key=lambda one: one.seq == WHOLE)


def restate(turn: Turn, house: "House", proposal: Proposal, before: str) -> int:
    """Restrict again what the journal has, in a log that goes on from the log `before`; how many.

    Raises `JournalDamaged`.
    """
    count = 0
    for line in standing(house):
        text = f"恢复备份后依限制日志重做；原限制在日志 {before} 第 {line.idx} 条"
        if line.seq == WHOLE:
            count += erasing.restrict_again(turn, house, proposal, line.worker_id, text)
        elif line.leaf == erasures.leaf_of(turn.conn, line.worker_id, line.seq):
            count += restricting.again(turn, house, proposal, (line.worker_id, line.seq), text)
    return count
