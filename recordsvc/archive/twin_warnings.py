"""Who sends a record is told when it tells again what stands (疑似重复): once it is entered, never refused.

Only archives are read in which a twin can be. A record is received after the days it tells of, so that a
chain whose newest entry is older than the new record's last day holds no twin: that is known from the turn,
for nothing, and holds for nearly all of a class that has just ended. What was entered since is opened and
searched for class and dates as they stand in the signed bytes; only a hit, or a chain with corrections, is
read whole.

That costs 25 µs a record, a sixth of the batch path (measured), so that of a large submission not every chain
is looked at: some learners of each class, and where one of them has a twin, all of that class. Twins come by
classes, when a roster is sent again.
"""

import uuid
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

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
LOOKED_AT: Final = 64
"""Chains looked at in one submission before any twin is found: 2 to 3 % of a batch of 1,000 (measured)."""
_DAY_MS: Final = 86_400_000


def warn(house: "House", rows: list[Row]) -> None:
    """Add the warning to the rows that were entered, or stood already, beside a twin of the same issuer."""
    told = [row for row in rows if row.outcome and not row.problem and "class" in row.item.record["body"]]
    days = _Days()
    new = [row for row in told if isinstance(row.outcome, Accepted) and days.may_follow(row, row.outcome)]
    read: dict[bytes, list[Row]] = defaultdict(list)
    for row in told:
        if isinstance(row.outcome, Known):
            read[row.outcome.worker_id].append(row)
    if not (new or read):
        return
    with house.db.read_raw() as cursor:
        for row in _suspects(house, cursor, new):
            if row.outcome is not None:
                read[row.outcome.worker_id].append(row)
        for worker_id, some in read.items():
            _read(house, cursor, worker_id, some)


class _Days(dict[int, str]):
    """Number of a day (UTC) -> the day after (Beijing), so that the hours between both leave nothing out."""

    def __missing__(self, number: int) -> str:
        return self.setdefault(number, beijing_date((number + 1) * _DAY_MS).isoformat())

    def may_follow(self, row: Row, outcome: Accepted) -> bool:
        """Whether something was entered in the chain after the days that the record tells of."""
        ended: str = row.item.record["body"]["ended_on"]
        return outcome.newest_ms > 0 and self[outcome.newest_ms // _DAY_MS] >= ended


def _suspects(house: "House", cursor: Cursor, new: list[Row]) -> list[Row]:
    """Return the new rows before which their chains hold what may be a twin."""
    if len(new) <= LOOKED_AT:
        return _hits(house, cursor, new)
    classes = [row.item.record["body"]["class"].get("code") for row in new]
    left = Counter(dict.fromkeys(classes, max(1, LOOKED_AT // len(set(classes)))))
    some = []
    for row, code in zip(new, classes, strict=True):
        if left[code] > 0:
            left[code] -= 1
            some.append(row)
            if len(some) == LOOKED_AT:
                break
    found = {hit.item.record["body"]["class"].get("code") for hit in _hits(house, cursor, some)}
    return _hits(house, cursor, [row for row, code in zip(new, classes, strict=True) if code in found])


def _hits(house: "House", cursor: Cursor, rows: list[Row]) -> list[Row]:
    """Look into the chains of these rows: one statement for all."""
    workers = {row.outcome.worker_id for row in rows if row.outcome is not None}
    chains: dict[bytes, list[StoredEntry]] = defaultdict(list)
    for entry in store.chains(house.db, cursor, list(workers)) if workers else ():
        chains[entry.worker_id].append(entry)
    return [row for row in rows if row.outcome and _may_have(house, row, chains[row.outcome.worker_id])]


def _may_have(house: "House", row: Row, chain: list[StoredEntry]) -> bool:
    outcome, prepared, body = row.outcome, row.prepared, row.item.record["body"]
    if not isinstance(outcome, Accepted) or prepared is None:
        return False
    marks = [b'"%b":"%b"' % (name, body[name.decode()].encode()) for name in (b"ended_on", b"started_on")]
    if "code" in body["class"]:
        marks.append(b'"code":' + orjson.dumps(body["class"]["code"]))
    key, opened = prepared.worker.key, house.admission.sealer.open
    for entry in chain:
        if entry.seq >= outcome.seq or entry.sealed is None:
            continue
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
