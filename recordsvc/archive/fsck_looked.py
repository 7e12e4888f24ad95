"""Hold the who-looked log against its rows and against what the archive's log says of it (查阅日志核验).

places → rows, one to one → tree → head → signed checkpoints → statements in the archive's log, which has been
proven before. A row that was taken away, put in, changed or moved is named.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from recordsvc.access.looked_log import data_of, detail_of
from recordsvc.access.looked_tables import (
    looked,
    looked_checkpoint,
    looked_detail,
    looked_head,
    looked_place,
)
from recordsvc.archive import looked_statements, tables
from recordsvc.archive.formats import EntryType
from recordsvc.archive.going import WHOLE
from recordsvc.ground.finding import Progress, Snapshot, Wrong, at, scan
from recordsvc.people import tables as people_tables
from recordsvc.translog import tables as log_tables
from recordsvc.translog.checkpoint import open_checkpoint
from recordsvc.translog.note import NoteError, NoteKey, parse_note
from recordsvc.translog.tree import Frontier, leaf_hash

EVERY: Final = 10_000


class LookedCheck:
    """One check on one snapshot; `counts` is filled while it runs."""

    def __init__(self, snapshot: Snapshot, log_keys: Callable[[int], Sequence[NoteKey]]) -> None:
        """Believe the archive's log as `snapshot` shows it, and its keys at each size."""
        self._snapshot = snapshot
        self._log_keys = log_keys
        self._frontier = Frontier()
        self.counts = {"looks": 0, "look checkpoints": 0}

    def run(self, progress: Progress) -> None:
        """Raise `Wrong` at the first thing wrong."""
        stated = self._walk(progress)
        self._head()
        self._rows_without_place()
        self._details()
        self._statements(stated)

    def _walk(self, progress: Progress) -> dict[int, bytes]:
        """Rebuild the tree from places and rows; the index and G of each statement that must stand."""
        stated: dict[int, bytes] = {}
        points = self._checkpoints(stated)
        point = next(points, None)
        for values in self._placed():
            idx, worker_id, row_id, data = values[:4]
            place, row = at(looked_place, idx=idx), at(looked, worker_id=worker_id, id=row_id)
            if idx != self._frontier.size:
                where = at(looked_place, idx=self._frontier.size)
                raise Wrong(where, "该行缺失", "the row is missing")
            if values[4] is None:
                raise Wrong(
                    f"{row} ↔ {place}",
                    "查阅记录缺失，或位置被改",
                    "the row is missing, or its place was changed",
                )
            if data_of(*values[4:]) != data:
                raise Wrong(
                    f"{row} ↔ {place} column data", "与位置所载不符", "is not what its place commits to"
                )
            self._frontier.append(leaf_hash(data))
            if point is not None and self._frontier.size == point[0]:
                self._compare(point)
                point = next(points, None)
                progress("looks", self._frontier.size)
        if point is not None:
            raise Wrong(
                f"{looked_place.name} idx={self._frontier.size} ↔ {at(looked_checkpoint, size=point[0])}",
                "已签名的检查点覆盖的查阅记录缺失",
                "looks that a signed checkpoint covers are missing",
            )
        self.counts["looks"] = self._frontier.size
        return stated

    def _placed(self) -> Iterator[tuple[Any, ...]]:
        place, row = looked_place.c, looked.c
        source = looked_place.outerjoin(looked, sa.and_(row.worker_id == place.worker_id, row.id == place.id))
        columns = [place.idx, place.worker_id, place.id, place.data, *looked.columns]
        return scan(self._snapshot, columns, source=source)

    def _rows_without_place(self) -> None:
        place, row = looked_place.c, looked.c
        source = looked.outerjoin(looked_place, sa.and_(place.worker_id == row.worker_id, place.id == row.id))
        columns = [row.worker_id, row.id, place.idx]
        for worker_id, row_id, _idx in scan(self._snapshot, columns, place.idx.is_(None), source=source):
            raise Wrong(
                f"{at(looked, worker_id=worker_id, id=row_id)} ↔ {looked_place.name}",
                "没有位置指向此查阅记录",
                "no place leads to this row",
            )

    def _details(self) -> None:
        """Compare the erasable parts; one may be missing only where whom it is about was erased."""
        row, detail, erasure = looked.c, looked_detail.c, people_tables.erasure.c
        same = sa.and_(detail.worker_id == row.worker_id, detail.id == row.id)
        columns = [row.worker_id, row.id, row.detail, detail.case_ref, detail.request_id, detail.salt]
        erased = {
            worker_id
            for worker_id, _id in scan(
                self._snapshot, [erasure.worker_id, erasure.erasure_id], erasure.seq == WHOLE
            )
        }
        if erased:
            erased |= self._released_into(erased)
        for worker_id, row_id, digest, case_ref, request_id, salt in scan(
            self._snapshot, columns, source=looked.outerjoin(looked_detail, same)
        ):
            where = at(looked_detail, worker_id=worker_id, id=row_id)
            if salt is None:
                if worker_id not in erased:
                    raise Wrong(where, "该行缺失", "the row is missing")
            elif detail_of(salt, case_ref, request_id) != digest:
                raise Wrong(
                    f"{where} ↔ {looked.name} column detail",
                    "与查阅记录所载不符",
                    "is not what its row commits to",
                )
        source = looked_detail.outerjoin(looked, same)
        columns = [detail.worker_id, detail.id, row.id]
        for worker_id, row_id, _none in scan(self._snapshot, columns, row.id.is_(None), source=source):
            raise Wrong(
                at(looked_detail, worker_id=worker_id, id=row_id), "多出的行", "the row must not be there"
            )

    def _released_into(self, erased: set[bytes]) -> set[bytes]:
        """Return the held records that were released into erased archives: their looks went with these."""
        held, dedupe = tables.held, tables.dedupe
        source = held.join(dedupe, dedupe.c.key == held.c.key)
        rows = scan(
            self._snapshot, [held.c.held_id, dedupe.c.worker_id], held.c.state == "released", source=source
        )
        return {held_id for held_id, worker_id in rows if worker_id in erased}

    def _checkpoints(self, stated: dict[int, bytes]) -> Iterator[tuple[int, bytes]]:
        """Yield (size, root) of the checkpoints, each proven to be signed and stated as its columns say."""
        own, last = looked_checkpoint.c, -1
        for size, root, ms, idx, note in scan(
            self._snapshot, [own.size, own.root, own.ms, own.idx, own.note]
        ):
            try:
                keys = [looked_statements.key(one) for one in self._log_keys(idx + 1)]
                opened = open_checkpoint(note, keys).checkpoint
                whole = len(parse_note(note).signatures) == 1
            except NoteError as error:
                raise Wrong(
                    at(looked_checkpoint, "note", size=size),
                    "检查点的签名不成立",
                    f"the checkpoint does not verify: {error}",
                ) from None
            if not whole or (opened.size, opened.root) != (size, root):
                raise Wrong(
                    at(looked_checkpoint, "size", "root", "note", size=size),
                    "列与已签名的文本不一致",
                    "the columns differ from the signed text",
                )
            wanted = looked_statements.statement(opened)
            if idx <= last or (wanted, ms) != self._entry(idx):
                there = f"{log_tables.checkpoint.name}/{log_tables.entry.name}"
                raise Wrong(
                    f"{at(looked_checkpoint, 'idx', 'ms', size=size)} ↔ {there}",
                    "档案日志在该处没有此检查点的声明",
                    "the archive's log has no statement of this checkpoint there, or of another time",
                )
            last, stated[idx] = idx, wanted
            self.counts["look checkpoints"] += 1
            yield size, root

    def _entry(self, idx: int) -> tuple[bytes | None, int | None]:
        """Return G at an index of the archive's log, and the time of the checkpoint that took it in."""
        entry, point = log_tables.entry.c, log_tables.checkpoint.c
        found = list(scan(self._snapshot, [entry.data, entry.idx], entry.idx == idx))
        covering = sa.select(sa.func.min(point.size)).where(point.size > idx).scalar_subquery()
        times = list(scan(self._snapshot, [point.ms, point.size], point.size == covering))
        return (found[0][0] if found else None), (times[0][0] if times else None)

    def _compare(self, point: tuple[int, bytes]) -> None:
        size, root = point
        if self._frontier.root() != root:
            raise Wrong(
                f"{looked_place.name} idx=0…{size - 1} column data ↔ {looked.name} "
                f"↔ {at(looked_checkpoint, 'root', size=size)}",
                "查阅记录被删改或调换：算出的根与已签名的检查点不符",
                "looks were changed, moved or replaced: they do not give the root of the signed checkpoint",
            )

    def _head(self) -> None:
        own = looked_head.c
        rows = list(scan(self._snapshot, [own.id, own.size, own.root, own.edge]))
        if not rows and self._frontier.size == 0:
            return
        wanted = (1, self._frontier.size, self._frontier.root(), self._frontier.to_bytes())
        if not rows:
            raise Wrong(at(looked_head, id=1), "该行缺失", "the row is missing")
        for row in rows:
            if row[0] == 1 and row[1] != self._frontier.size:
                raise Wrong(
                    f"{looked_place.name} idx={min(row[1], self._frontier.size)} "
                    f"↔ {at(looked_head, 'size', id=1)}",
                    "位置的数目与日志头不符：有行缺失或多出",
                    "there are more or fewer places than the head says",
                )
            for column, value, right in zip(("id", "size", "root", "edge"), row, wanted, strict=True):
                if value != right:
                    raise Wrong(
                        at(looked_head, column, id=row[0]),
                        "与重算结果不符",
                        "differs from what the looks give",
                    )

    def _statements(self, stated: dict[int, bytes]) -> None:
        """Refuse a statement in the archive's log without its checkpoint."""
        own = log_tables.entry.c
        prefix = bytes((EntryType.SERVICE, looked_statements.KIND))
        after = bytes((EntryType.SERVICE, looked_statements.KIND + 1))
        for idx, _data in scan(self._snapshot, [own.idx, own.data], own.data >= prefix, own.data < after):
            if idx not in stated:
                raise Wrong(
                    f"{looked_checkpoint.name} ↔ {at(log_tables.entry, idx=idx)}",
                    "档案日志声明的检查点缺失",
                    "the checkpoint that the archive's log states is missing",
                )
