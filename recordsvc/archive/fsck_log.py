"""Hold every log entry against the rows it stands for (日志条目核验): place and entry, or a key event.

The log has been proven before (`translog.fsck`): what stands in it decides over every row here.
"""

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from recordsvc.archive import formats, tables
from recordsvc.archive.formats import EntryType
from recordsvc.archive.keyevents import KeyEvent, KeyEventError, KeyHistory
from recordsvc.ground.finding import Progress, Snapshot, Wrong, at, scan
from recordsvc.translog import tables as log_tables

EVERY: Final = 10_000
SERVICE_BYTES: Final = 34
Event = tuple[str, int, bytes]
"""Issuer, n and G of a stored key event."""


class LogRows:
    """One check of the rows beside the log on one snapshot; `counts` is filled while it runs."""

    def __init__(self, snapshot: Snapshot, counts: dict[str, int]) -> None:
        """Believe the log as `snapshot` shows it."""
        self._snapshot = snapshot
        self.counts = counts

    def check(self, progress: Progress) -> dict[str, KeyHistory]:
        """Raise `Wrong` at the first thing wrong; return the proven histories of the issuers' keys."""
        events = self._events()
        self._walk(events, progress)
        return self._histories(events)

    def pinpoint(self, start: int, end: int) -> Wrong | None:
        """Return which log entry of [start, end) is not that of the row it stands for; None if all are."""
        window = sa.and_(log_tables.entry.c.idx >= start, log_tables.entry.c.idx < end)
        own = tables.issuer_key_event.c
        events = dict(scan(self._snapshot, [own.idx, own.data], own.idx >= start, own.idx < end))
        for idx, data, _owner, _seq, _at, leaf in self._placed(window):
            wanted = events.get(idx) if leaf is None else formats.record_entry(leaf)
            if wanted is not None and wanted != data:
                return Wrong(
                    f"{at(log_tables.entry, 'data', idx=idx)} ↔ {tables.entry.name}",
                    "与已签名的检查点不符，也与所属条目不符",
                    "is neither under the signed checkpoint nor the hash of the entry it stands for",
                )
        return None

    def _placed(self, *where: sa.ColumnElement[bool]) -> Iterator[tuple[Any, ...]]:
        """Yield (idx, G, worker_id, seq, entry's own idx, W) per log entry; None where rows are missing."""
        log, place, entry = log_tables.entry, tables.place, tables.entry
        source = log.outerjoin(place, place.c.idx == log.c.idx).outerjoin(
            entry, sa.and_(entry.c.worker_id == place.c.worker_id, entry.c.seq == place.c.seq)
        )
        columns = [log.c.idx, log.c.data, place.c.worker_id, place.c.seq, entry.c.idx, entry.c.leaf]
        return scan(self._snapshot, columns, *where, source=source)

    def _walk(self, events: dict[int, Event], progress: Progress) -> None:
        """Hold each log entry against place and entry, or against its key event, and its time."""
        times = self._times()
        for idx, data, owner, seq, at_idx, leaf in self._placed():
            kind, ms = data[0] if data else 0, next(times)
            if kind == EntryType.RECORD:
                self._record(idx, data, owner, seq, at_idx, leaf, ms)
            elif owner is not None:
                raise Wrong(at(tables.place, idx=idx), "该日志条目不是档案记录", "the log entry is no record")
            elif kind == EntryType.ISSUER_KEY:
                _event(idx, data, events, ms)
            elif kind != EntryType.SERVICE or len(data) != SERVICE_BYTES:
                raise Wrong(
                    at(log_tables.entry, "data", idx=idx), "不是已知种类的条目", "an entry of no known kind"
                )
            if (idx + 1) % EVERY == 0:
                progress("places", idx + 1)
        for idx, (issuer, n, _data) in events.items():
            stored = list(
                scan(
                    self._snapshot,
                    [log_tables.entry.c.idx, log_tables.entry.c.data],
                    log_tables.entry.c.idx == idx,
                )
            )
            if not stored or stored[0][1][:1] != bytes([EntryType.ISSUER_KEY]):
                raise Wrong(
                    at(tables.issuer_key_event, "idx", issuer=issuer, n=n),
                    "日志中没有此事件",
                    "not in the log",
                )
        self._nothing_besides(len(events))

    def _record(self, idx: int, data: bytes, owner: Any, seq: Any, at_idx: Any, leaf: Any, ms: int) -> None:
        place = at(tables.place, "worker_id", "seq", idx=idx)
        if owner is None:
            raise Wrong(
                at(tables.place, idx=idx), "日志条目没有对应的档案条目", "the log entry leads to no entry"
            )
        entry = at(tables.entry, worker_id=owner, seq=seq)
        if leaf is None or formats.record_entry(leaf) != data:
            own = tables.entry.c
            columns = [own.worker_id, own.seq, own.idx, own.leaf]
            for worker_id, at_seq, _idx, right in scan(self._snapshot, columns, own.idx == idx):
                if formats.record_entry(right) == data:
                    other = at(tables.entry, "worker_id", "seq", worker_id=worker_id, seq=at_seq)
                    raise Wrong(
                        f"{place} ↔ {other}", "位置与条目互不相认", "place and entry do not name each other"
                    )
            if leaf is None:
                raise Wrong(f"{entry} ↔ {place}", "条目缺失", "the entry is missing")
            raise Wrong(
                f"{entry} column leaf ↔ {place}",
                "叶子不是日志中的那一个",
                "the leaf is not the one in the log",
            )
        if at_idx != idx:
            raise Wrong(f"{entry} column idx", "日志位置不对", "the log index is another")
        if int.from_bytes(leaf[2:10]) != ms:
            raise Wrong(
                f"{entry} column leaf ↔ {at(log_tables.checkpoint, 'ms')}",
                "条目时间与收录它的检查点不同，或该检查点缺失",
                "its time is not that of the checkpoint that took it in, or that checkpoint is missing",
            )

    def _times(self) -> Iterator[int]:
        """Yield for each log index the time (UTC ms) of the checkpoint that took it in."""
        own, before = log_tables.checkpoint.c, 0
        for size, ms in scan(self._snapshot, [own.size, own.ms]):
            for _idx in range(before, size):
                yield ms
            before = size

    def _nothing_besides(self, events: int) -> None:
        """Refuse places and entries that no log entry leads to."""
        log, place, entry = log_tables.entry, tables.place, tables.entry
        source = place.outerjoin(log, log.c.idx == place.c.idx)
        for idx, _none in scan(self._snapshot, [place.c.idx, log.c.idx], log.c.idx.is_(None), source=source):
            raise Wrong(at(place, idx=idx), "日志中没有这个位置", "the log has no such index")
        source = entry.outerjoin(place, place.c.idx == entry.c.idx)
        columns = [entry.c.worker_id, entry.c.seq, entry.c.idx, place.c.worker_id, place.c.seq]
        for worker_id, seq, idx, owner, at_seq in scan(self._snapshot, columns, source=source):
            if (owner, at_seq) != (worker_id, seq):
                where = f"{at(entry, worker_id=worker_id, seq=seq)} ↔ {at(place, idx=idx)}"
                raise Wrong(where, "没有位置指向此条目", "no place leads to this entry")
            self.counts["records"] += 1
        self.counts["key events"] = events

    # -- issuers -----------------------------------------------------------------------------------

    def _events(self) -> dict[int, Event]:
        own, events = tables.issuer_key_event.c, {}
        for issuer, n, idx, data in scan(self._snapshot, [own.issuer, own.n, own.idx, own.data]):
            if idx in events:
                raise Wrong(
                    at(tables.issuer_key_event, "idx", issuer=issuer, n=n),
                    "位置重复",
                    "the index is taken twice",
                )
            events[idx] = (issuer, n, data)
        return events

    def _histories(self, events: dict[int, Event]) -> dict[str, KeyHistory]:
        """Rebuild each issuer's chain of events and compare its head."""
        histories: dict[str, KeyHistory] = {}
        for idx, (issuer, n, data) in sorted(events.items()):  # in the order of the log
            history = histories.setdefault(issuer, KeyHistory(issuer))
            try:
                history.add(idx, data)
            except KeyEventError as error:
                raise Wrong(
                    at(tables.issuer_key_event, issuer=issuer, n=n), "事件不成链", str(error)
                ) from None
        own, heads = tables.issuer.c, set()
        for issuer, version, last in scan(self._snapshot, [own.issuer, own.version, own.last_event]):
            known = histories.get(issuer)
            if known is None or (version, last) != (known.n, known.last):
                raise Wrong(
                    at(tables.issuer, "version", "last_event", issuer=issuer),
                    "与钥匙事件不符",
                    "differs from its key events",
                )
            heads.add(issuer)
        for issuer in histories.keys() - heads:
            raise Wrong(at(tables.issuer, issuer=issuer), "该行缺失", "the row is missing")
        return histories


def _event(idx: int, data: bytes, events: dict[int, Event], ms: int) -> None:
    """Compare a key event in the log with its row and with the time of its checkpoint."""
    found = events.get(idx)
    if found is None:
        raise Wrong(
            f"{tables.issuer_key_event.name} idx={idx}",
            "日志中的事件没有对应的行",
            "the event in the log has no row",
        )
    issuer, n, stored = found
    where = at(tables.issuer_key_event, issuer=issuer, n=n)
    if stored != data:
        raise Wrong(f"{where} column data/idx", "与日志中的事件不同", "is not the event in the log")
    try:
        event = KeyEvent.unpack(data)
    except KeyEventError as error:
        raise Wrong(f"{where} column data", "不是钥匙事件", str(error)) from None
    if event.issuer != issuer or event.n != n:
        raise Wrong(f"{where} column issuer/n", "与事件所载不同", "is not what the event says")
    if event.ms != ms:
        raise Wrong(
            f"{where} column data ↔ {at(log_tables.checkpoint, 'ms')}",
            "事件时间与收录它的检查点不同，或该检查点缺失",
            "its time is not that of the checkpoint that took it in, or that checkpoint is missing",
        )
