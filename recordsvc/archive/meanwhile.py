"""What else was begun while two archives were read as one (合并期间形成的其他内容), left by merges undone.

`strays.py` tells of records. Beside them either person may have filed papers, which lie in the archive that
stayed, and may have said words on records (confirmed, or contested with a case), which stand in the chain of
the record. Nobody knows which of the two it was, so each is listed until two officials decide: a paper goes
to the other archive, sealed anew under its key, or stays; a word stays with its record. It is off the list
once its record's person said another, or the record counts no more.

So long neither archive is erased: what is the other's would go along.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine import Connection

from recordsvc.archive import paper_moving, paper_rows, restricted, strays
from recordsvc.archive.decided import worker_of
from recordsvc.archive.errors import TargetUnfit, TargetUnknown
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.states import Life
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.readers import Cursor
from recordsvc.ground.two_person import Proposal
from recordsvc.people import merges
from recordsvc.people.standing import CLOSED

if TYPE_CHECKING:
    from recordsvc.house import House

DECIDE: Final = "stray.decide"
PAPER: Final = "paper"
WORD: Final = "word"
WHATS: Final = (PAPER, WORD)
_SAID: Final = ("confirmation", "contest")
_LIVES: Final = (Life.ACTIVE, Life.RESTRICTED)
_TAKES: Final = (merges.OPEN, CLOSED)
"""States of an archive that a paper may go to."""
_DONE: Final = "SELECT subject FROM proposal WHERE state = 'done' AND kind = 'stray.decide'"


@dataclass(frozen=True, slots=True)
class Matter:
    """A paper or a word in an archive that may be of one of `others` instead; `at_ms`: when (UTC)."""

    what: str
    matter_id: bytes
    worker_id: bytes
    others: tuple[bytes, ...]
    at_ms: int
    record_id: bytes | None = None
    """The record that a word was said of."""

    @property
    def subject(self) -> str:
        """Return how proposals name it."""
        return f"{self.what}:{uuid.UUID(bytes=self.matter_id)}"


@dataclass(frozen=True, slots=True)
class _Time:
    """How long (UTC ms) an archive was read as another."""

    merged: bytes
    into: bytes
    since_ms: int
    until_ms: int

    def holds(self, at_ms: int) -> bool:
        """Tell whether an instant lies within."""
        return self.since_ms <= at_ms <= self.until_ms


def listed(house: "House", cursor: Cursor, worker_id: bytes) -> list[Matter]:
    """Return what is to be decided of an archive's time as one with another, in either of them.

    What lies in restricted archives is left out. Raises `ArchiveRestricted`.
    """
    restricted.refuse(house, cursor, worker_id)
    found = undecided(house, cursor, [worker_id])
    sealed = restricted.among(house, cursor, (one.worker_id for one in found))
    return [one for one in found if one.worker_id not in sealed]


def undecided(house: "House", cursor: Cursor, own: Collection[bytes]) -> list[Matter]:
    """Return what lies in `own` and may be somebody else's, or elsewhere and may be theirs."""
    archives = list(strays.once_read_as_one(Reader(house, sealed=True), cursor, own))
    times = _times(archives)
    if not times:
        return []
    found: dict[tuple[str, bytes], Matter] = {}
    for one in (*_papers(house, cursor, times), *_words(archives, times)):
        known = found.get((one.what, one.matter_id), one)
        others = tuple(sorted({*known.others, *one.others}))
        found[one.what, one.matter_id] = replace(known, others=others)
    cursor.execute(house.db.sql(_DONE), [])
    done = {str(subject) for (subject,) in cursor.fetchall()}
    mine = (one for one in found.values() if not {one.worker_id, *one.others}.isdisjoint(own))
    return sorted(
        (one for one in mine if one.subject not in done), key=lambda one: (one.at_ms, one.matter_id)
    )


def _times(archives: Iterable[Archive]) -> list[_Time]:
    """Return every time that a merge stood which was undone, and those that led on over a second one."""
    found = [time for archive in archives for time in _undone(archive)]
    for first in found:  # grows by what led on
        for then in list(found):
            since, until = max(first.since_ms, then.since_ms), min(first.until_ms, then.until_ms)
            if first.into == then.merged and since <= until and first.merged != then.into:
                further = _Time(first.merged, then.into, since, until)
                if further not in found:
                    found.append(further)
    return found


def _undone(archive: Archive) -> Iterator[_Time]:
    mine, begun = str(uuid.UUID(bytes=archive.worker_id)), dict[str, int]()
    for entry in archive.entries:
        record = entry.record
        if record is None or record["type"] not in ("merge", "unmerge") or record["body"]["into"] != mine:
            continue
        merged = str(record["body"]["from"])
        if record["type"] == "merge":
            begun[merged] = entry.ms
        elif merged in begun:
            yield _Time(uuid.UUID(merged).bytes, archive.worker_id, begun.pop(merged), entry.ms)


def _papers(house: "House", cursor: Cursor, times: Iterable[_Time]) -> Iterator[Matter]:
    for time in times:
        cursor.execute(house.db.sql(_FILED), [time.into, time.since_ms, time.until_ms])
        for paper_id, filed_ms in cursor.fetchall():
            yield Matter(PAPER, bytes(paper_id), time.into, (time.merged,), int(filed_ms))


_FILED: Final = "SELECT paper_id, filed_ms FROM paper WHERE worker_id = ? AND filed_ms BETWEEN ? AND ?"


def _words(archives: Iterable[Archive], times: Collection[_Time]) -> Iterator[Matter]:
    """Yield the newest words on records that count, said in these times in the chains of either archive."""
    for archive in archives:
        for state in archive.state.records:
            said = state.said
            if said is None or said.record is None or state.life not in _LIVES or state.moved:
                continue
            others = {
                time.into if archive.worker_id == time.merged else time.merged
                for time in times
                if archive.worker_id in (time.merged, time.into) and time.holds(said.ms)
            }
            word, record = archive.entries[said.seq].stored.record_id, archive.entries[state.seq].stored
            if others and word is not None and said.record["type"] in _SAID:
                whose = tuple(sorted(others))
                yield Matter(WORD, word, archive.worker_id, whose, said.ms, record.record_id)


# -- deciding


@dataclass(frozen=True, slots=True)
class Deciding:
    """Which matter of an archive belongs to whose (`to`: where it is, or one of the others), and why."""

    worker_id: bytes
    what: str
    matter_id: bytes
    to: bytes
    text: str
    papers: tuple[str, ...] = ()
    """SHA-256 (hex) of a paper that is decided on: whoever decides opens it."""


def propose(turn: Turn, house: "House", asked: Deciding, by: str) -> bytes:
    """Propose to whom something belongs. Raises `TargetUnknown`, `TargetUnfit`, `ArchiveRestricted`."""
    cursor = house.db.cursor(turn.conn)
    found = find(house, cursor, asked.worker_id, asked.what, asked.matter_id)
    if asked.to != found.worker_id:
        if found.what == WORD:
            raise TargetUnfit("本人说的话留在所说的记录处，不能移走；说错的，由记录的本人重新确认或提出异议")
        right = house.people.load(cursor, asked.to)
        if asked.to not in found.others or right is None or right.state not in _TAKES:
            raise TargetUnfit("只能移入当时合并过的另一份档案，且该档案没有限制处理、没有再合并")
    payload = {
        "worker_id": str(uuid.UUID(bytes=found.worker_id)),
        "what": found.what,
        "matter": str(uuid.UUID(bytes=found.matter_id)),
        "to": str(uuid.UUID(bytes=asked.to)),
        "text": asked.text,
        "papers": list(asked.papers),
    }
    return two_person.propose(turn, DECIDE, found.subject, payload, by)


def find(house: "House", cursor: Cursor, worker_id: bytes, what: str, matter_id: bytes) -> Matter:
    """Return what is to be decided in an archive. Raises `TargetUnknown`, `ArchiveRestricted`."""
    wanted = (what, matter_id, worker_id)
    for one in listed(house, cursor, worker_id):
        if (one.what, one.matter_id, one.worker_id) == wanted:
            return one
    raise TargetUnknown


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    return merges.versions(conn, worker_of(payload, "worker_id"), worker_of(payload, "to"))


@two_person.executor(DECIDE, deciders=frozenset({"reviewer", "data-officer"}), basis=_basis)
def _decide(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    """Move a paper; of what stays the decision itself is all."""
    house: House = proposal.tools
    wrong, right = worker_of(payload, "worker_id"), worker_of(payload, "to")
    if wrong == right:
        return
    matter_id = uuid.UUID(payload["matter"]).bytes
    row = next(iter(paper_rows.rows(turn.conn, wrong, matter_id)), None)
    if row is None:
        raise two_person.StaleProposal
    paper_moving.move(turn, house, row, right)
    key = f"paper-moved/{uuid.UUID(bytes=proposal.id)}"
    house.tell_worker(turn, wrong, "paper-moved", key)
    house.tell_worker(turn, right, "paper-filed", key)
