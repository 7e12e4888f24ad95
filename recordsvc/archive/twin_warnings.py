"""Who sends a record is told when it tells again what stands (疑似重复): once it is entered, never refused.

Only what can be a twin is read. A record is received after the days it tells of, so that a chain whose newest
entry is older than the new record's last day holds no twin: that is known from the turn, for nothing, and
holds for nearly all of a class that has just ended. Of the other chains the entries are opened that were
received since that day, and searched for class and dates as they stand in the signed bytes; only a hit, or a
chain with corrections, is read whole.

What one submission tells twice is compared by itself, and is not read again.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Container, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from recordsvc.archive import store
from recordsvc.archive.append import Accepted, Known
from recordsvc.archive.checks_case import finding
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import Reader
from recordsvc.archive.rows import Row
from recordsvc.archive.store import StoredEntry
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.readers import Cursor

if TYPE_CHECKING:
    from recordsvc.house import House

CODE: Final = "twin"
PLACE: Final = "/body/class"
_AT_ONCE: Final = 500
"""Chains read at once: their records are in memory together."""
_DAY_MS: Final = 86_400_000
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()


def warn(house: "House", rows: list[Row]) -> None:
    """Add the warning to the rows that were entered, or stood already, beside a twin of the same issuer."""
    told = [row for row in rows if row.outcome and not row.problem and "class" in row.item.record["body"]]
    new = [(row, row.outcome) for row in told if isinstance(row.outcome, Accepted)]
    read: dict[bytes, list[Row]] = defaultdict(list)
    for row in told:
        if isinstance(row.outcome, Known):
            read[row.outcome.worker_id].append(row)
    corrected = {
        row.outcome.worker_id
        for row in rows
        if isinstance(row.outcome, Accepted) and row.item.record["type"] == "correction"
    }
    within, older = _sorted(new, corrected)
    for row, outcome in within:
        read[outcome.worker_id].append(row)
    if not (older or read):
        return
    with house.db.read_raw() as cursor:
        # One submission is one run of the log: everything else that its workers have stands before it.
        for row, outcome in _hits(house, cursor, older, before=new[0][1].index if new else 0):
            read[outcome.worker_id].append(row)
        for worker_id, some in read.items():
            _read(house, cursor, worker_id, some)


_New = tuple[Row, Accepted]


def _sorted(new: Sequence[_New], corrected: Container[bytes]) -> tuple[list[_New], list[_New]]:
    """Return the new rows that may have a twin in their own submission, and those that may have an older one.

    What a correction in the same submission made of an older record is in neither row.
    """
    sent: set[Hashable] = set()
    within, older, days = list[_New](), list[_New](), _Days()
    for row, outcome in new:
        body = row.item.record["body"]
        same = (outcome.worker_id, body["class"].get("code"), body["started_on"], _last_day(body))
        if same in sent or outcome.worker_id in corrected:
            within.append((row, outcome))
        elif days.may_follow(row, outcome):
            older.append((row, outcome))
        sent.add(same)
    return within, older


def _last_day(body: Mapping[str, Any]) -> str:
    """Return the last day that a record of a class tells of: of an enrolment, the first of the class."""
    return str(body.get("ended_on", body["started_on"]))


class _Days(dict[int, str]):
    """Number of a day (UTC) -> the day after (Beijing), so that the hours between both leave nothing out."""

    def __missing__(self, number: int) -> str:
        return self.setdefault(number, beijing_date((number + 1) * _DAY_MS).isoformat())

    def may_follow(self, row: Row, outcome: Accepted) -> bool:
        """Whether something was entered in the chain after the days that the record tells of."""
        ended = _last_day(row.item.record["body"])
        return outcome.newest_ms > 0 and self[outcome.newest_ms // _DAY_MS] >= ended


def _hits(house: "House", cursor: Cursor, new: Sequence[_New], before: int) -> list[_New]:
    """Return the rows before which their chains hold what may be a twin."""
    if not new:
        return []
    first = dt.date.fromisoformat(min(_last_day(row.item.record["body"]) for row, _outcome in new))
    # A day earlier in UTC than the date says, since it is one of Beijing.
    since_ms = (first.toordinal() - _EPOCH - 1) * _DAY_MS
    by_worker: dict[bytes, list[_New]] = defaultdict(list)
    for row, outcome in new:
        by_worker[outcome.worker_id].append((row, outcome))
    found: list[_New] = []
    workers = list(by_worker)
    for start in range(0, len(workers), _AT_ONCE):
        some = workers[start : start + _AT_ONCE]
        chains: dict[bytes, list[StoredEntry]] = defaultdict(list)
        for entry in store.received(house.db, cursor, some, since_ms, before):
            chains[entry.worker_id].append(entry)
        for worker_id, chain in chains.items():
            found += [one for one in by_worker[worker_id] if _may_have(house, one[0], chain)]
    return found


def _may_have(house: "House", row: Row, chain: Sequence[StoredEntry]) -> bool:
    prepared, body = row.prepared, row.item.record["body"]
    if prepared is None:
        return False
    # The class first: many of a worker's records may be of the same days.
    marks = [b'"code":' + orjson.dumps(body["class"]["code"])] if "code" in body["class"] else []
    marks += [
        b'"%b":"%b"' % (name, body[name.decode()].encode())
        for name in (b"ended_on", b"started_on")
        if name.decode() in body
    ]
    key, opened = prepared.worker.key, house.admission.sealer.open
    for entry in chain:
        if entry.leaf[1] == Kind.CORRECT:
            return True
        if entry.leaf[1] == Kind.ISSUE:
            raw = opened(key, entry).raw
            if all(mark in raw for mark in marks):
                return True
    return False


def _read(house: "House", cursor: Cursor, worker_id: bytes, rows: list[Row]) -> None:
    archive = Reader(house, sealed=True).archive(worker_id, cursor)
    for row in rows:
        outcome = row.outcome
        earlier = None if archive is None or outcome is None else archive.twins.get(outcome.seq)
        if archive is None or earlier is None:
            continue
        record_id = archive.entries[earlier].stored.record_id
        row.findings.append(finding(CODE, PLACE, beijing_date(house.clock.now_ms()).isoformat()))
        # A twin is of the same issuer, which gave it this id itself.
        row.twin = str(uuid.UUID(bytes=record_id)) if record_id else None
