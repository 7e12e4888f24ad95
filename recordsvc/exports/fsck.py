"""Check feeds (数据流核验): items without a gap, what stands is what they fold to, numbers are those given.

Each item and acknowledgement is the one that was written: the chain over bound rows has told before.
"""

from collections.abc import Iterator
from typing import Any, Final

from recordsvc.exports.tables import export_ack, export_item, export_receiver, export_state
from recordsvc.ground.finding import Progress, Snapshot, Wrong, at, scan

EVERY: Final = 1_000
_MISSING: Final = ("该行缺失", "the row is missing")
_STATE: Final = ("n", "version", "log_size", "digest")


class ExportCheck:
    """One check on one snapshot; `counts` is filled while it runs."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Believe nothing but the chain over bound rows, which is checked before."""
        self._snapshot = snapshot
        self.counts = {"export_items": 0}

    def run(self, progress: Progress) -> None:
        """Raise `Wrong` at the first thing that does not hold."""
        newest = self._items(progress)
        self._states()
        self._receivers(newest, self._acks())

    def _items(self, progress: Progress) -> dict[str, int]:
        """Return each receiver's newest number; numbers have no gap."""
        own, newest = export_item.c, dict[str, int]()
        for done, (receiver, n) in enumerate(scan(self._snapshot, [own.receiver, own.n]), 1):
            if n != newest.get(receiver, 0) + 1:
                raise Wrong(at(export_item, receiver=receiver, n=newest.get(receiver, 0) + 1), *_MISSING)
            newest[receiver] = n
            self.counts["export_items"] = done
            if done % EVERY == 0:
                progress("export_items", done)
        return newest

    def _states(self) -> None:
        """Walk items and states side by side: both in order of chain, receiver and ref."""
        items = self._folded()
        own = export_state.c
        keys = [own.worker_id, own.receiver, own.ref]
        told = next(items, None)
        for row in scan(self._snapshot, [*keys, *(own[name] for name in _STATE)]):
            if told is None or row[:3] < told[0]:
                raise Wrong(_at(row), "没有对应的条目", "no item says so")
            if row[:3] > told[0]:
                break
            for name, value, wanted in zip(_STATE, row[3:], told[1], strict=True):
                if value != wanted:
                    raise Wrong(_at(row, name), "与最新条目不符", "is not what the newest item says")
            told = next(items, None)
        if told is not None:
            raise Wrong(_at(told[0]), *_MISSING)

    def _folded(self) -> Iterator[tuple[tuple[bytes, str, bytes], tuple[Any, ...]]]:
        """Yield what each record's items fold to; its versions have no gap."""
        own = export_item.c
        keys = [own.worker_id, own.receiver, own.ref]
        rows = scan(
            self._snapshot, [*keys, own.version, own.n, own.log_size, own.digest], order=[*keys, own.version]
        )
        last: tuple[tuple[bytes, str, bytes], tuple[Any, ...]] | None = None
        for worker_id, receiver, ref, version, n, log_size, digest in rows:
            key = (worker_id, receiver, ref)
            before = 0 if last is None or last[0] != key else last[1][1]
            if version != before + 1:
                where = at(export_item, "version", receiver=receiver, n=n)
                raise Wrong(where, "版本不连续", "the version does not follow the one before")
            if last is not None and last[0] != key:
                yield last
            last = key, (n, version, log_size, digest)
        if last is not None:
            yield last

    def _acks(self) -> dict[str, tuple[int, int]]:
        """Return how many acknowledgements each receiver sent, and up to where they reach without a gap."""
        own, found = export_ack.c, dict[str, tuple[int, int]]()
        for receiver, n, start, end in scan(self._snapshot, [own.receiver, own.n, own.from_n, own.to_n]):
            count, reached = found.get(receiver, (0, 0))
            if n != count + 1:
                raise Wrong(at(export_ack, receiver=receiver, n=count + 1), *_MISSING)
            found[receiver] = n, max(reached, end) if start <= reached else reached
        return found

    def _receivers(self, newest: dict[str, int], acked: dict[str, tuple[int, int]]) -> None:
        own = export_receiver.c
        columns = [own.receiver, own.newest, own.acks, own.reached]
        for receiver, last, acks, reached in scan(self._snapshot, columns):
            count, end = acked.pop(receiver, (0, 0))
            said = {
                "newest": (last, newest.pop(receiver, 0)),
                "acks": (acks, count),
                "reached": (reached, end),
            }
            for name, (value, wanted) in said.items():
                if value != wanted:
                    where = at(export_receiver, name, receiver=receiver)
                    raise Wrong(where, "与条目或确认不符", "is not what items or acknowledgements say")
        for receiver in (*newest, *acked):
            raise Wrong(at(export_receiver, receiver=receiver), *_MISSING)


def _at(row: tuple[Any, ...], *columns: str) -> str:
    return at(export_state, *columns, worker_id=row[0], receiver=row[1], ref=row[2])
