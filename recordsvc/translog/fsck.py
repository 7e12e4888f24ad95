"""Recompute the log (日志核验): entries → tree → tiles, checkpoints, head, cosignatures, in constant memory.

What is believed: the log's public key, the witnesses' public keys, and checkpoints kept elsewhere. A signed
checkpoint decides over rows: where the recomputed root differs, the entries are wrong, not the checkpoint.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from recordsvc.ground.finding import Progress, Snapshot, Wrong, at, scan
from recordsvc.translog import tables
from recordsvc.translog.checkpoint import Checkpoint, open_checkpoint
from recordsvc.translog.note import NoteError, NoteKey, parse_note, parse_signature
from recordsvc.translog.tree import HASH_SIZE, Frontier, leaf_hash, root

TILE: Final = 256

Pinpoint = Callable[[int, int], "Wrong | None"]
"""``pinpoint(start, end)``: which entry of [start, end) contradicts what else is known of it, if any."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint of this log that is kept outside its database, and where."""

    checkpoint: Checkpoint
    where: str


@dataclass(frozen=True, slots=True)
class _Point:
    size: int
    root: bytes
    ms: int


class LogCheck:
    """One check of the log on one snapshot. `counts` and `unchecked` are filled while it runs."""

    def __init__(
        self,
        snapshot: Snapshot,
        log_keys: Callable[[int], Sequence[NoteKey]],
        witnesses: Iterable[NoteKey],
        seen: Iterable[Seen],
    ) -> None:
        """Believe the `log_keys` of each size, the `witnesses` and what was `seen` elsewhere."""
        self._snapshot = snapshot
        self._log_keys = log_keys
        self._witnesses = {(key.name, key.key_id): key for key in witnesses}
        self._seen: dict[int, list[Seen]] = defaultdict(list)
        for one in seen:
            self._seen[one.checkpoint.size].append(one)
        self._frontier = Frontier()
        self._grown: dict[int, list[bytes]] = defaultdict(list)  # tile level -> hashes of its growing tile
        self._full: list[tuple[int, int, list[bytes]]] = []  # full tiles not yet under a checkpoint
        self._tiles: dict[int, int] = defaultdict(int)  # tile level -> number of full tiles
        self.counts: dict[str, int] = defaultdict(int)
        self.unchecked: dict[str, int] = defaultdict(int)

    def run(self, pinpoint: Pinpoint, progress: Progress) -> None:
        """Raise `Wrong` at the first thing that is wrong."""
        head = self._head()
        last = self._entries(head[0], pinpoint, progress)
        self._compare_head(head, last)
        for size in sorted(self._seen):
            if size > last.size:
                _behind(self._seen[size][0], last.size)
        self._no_other_tiles()
        self._cosignatures()

    # -- entries against checkpoints ---------------------------------------------------------------

    def _entries(self, head_size: int, pinpoint: Pinpoint, progress: Progress) -> _Point:
        points = self._checkpoints()
        last = next(points, None)
        if last is None or last.size != 0:
            raise _missing(at(tables.checkpoint, size=0))
        self._compare_seen()
        point = next(points, None)
        for idx, data in scan(self._snapshot, [tables.entry.c.idx, tables.entry.c.data]):
            size = self._frontier.size
            if idx != size:
                raise (
                    _missing(at(tables.entry, idx=size)) if idx > size else _extra(at(tables.entry, idx=idx))
                )
            if point is None:
                where = (
                    at(tables.checkpoint, size=head_size) if head_size > idx else at(tables.entry, idx=idx)
                )
                raise Wrong(
                    where,
                    "条目没有已签名的检查点覆盖，或检查点缺失",
                    "no signed checkpoint covers the entry, or it is missing",
                )
            self._append(leaf_hash(data))
            if self._frontier.size == point.size:
                self._compare_root(last, point, pinpoint)
                last, point = point, next(points, None)
                progress("log", self._frontier.size)
            elif self._frontier.size in self._seen and point.size > self._frontier.size:
                self._compare_seen()
        if point is not None:
            raise _missing(at(tables.entry, idx=self._frontier.size))
        self.counts["entries"] = self._frontier.size
        return last

    def _checkpoints(self) -> Iterator[_Point]:
        """Yield the checkpoints, each proven to be signed as its columns say."""
        columns = tables.checkpoint.c
        ms = 0
        for size, root_, at_ms, note in scan(
            self._snapshot, [columns.size, columns.root, columns.ms, columns.note]
        ):
            try:
                keys = self._log_keys(size)
                opened = open_checkpoint(note, keys).checkpoint
                lines = parse_note(note).signatures
                ours = {(key.name, key.key_id) for key in keys}
                signers = {(line.name, line.key_id) for line in lines}
                whole = signers <= ours and len(signers) == len(lines)
            except NoteError as error:
                raise Wrong(
                    at(tables.checkpoint, "note", size=size),
                    "检查点的签名不成立",
                    f"the checkpoint does not verify: {error}",
                ) from None
            if not whole or (opened.size, opened.root) != (size, root_):
                raise Wrong(
                    at(tables.checkpoint, "size", "root", "note", size=size),
                    "列与已签名的文本不一致",
                    "the columns differ from the signed text",
                )
            if at_ms < ms:
                raise Wrong(
                    at(tables.checkpoint, "ms", size=size),
                    "时间早于前一检查点",
                    "earlier than the one before",
                )
            ms = at_ms
            self.counts["checkpoints"] += 1
            yield _Point(size, root_, at_ms)

    def _append(self, leaf: bytes) -> None:
        """Grow the tree, and the tiles whose 256 hashes are complete with it."""
        self._frontier.append(leaf)
        level, value = 0, leaf
        while True:
            grown = self._grown[level]
            grown.append(value)
            if len(grown) < TILE:
                return
            value = root(grown)
            self._full.append((level, self._tiles[level], grown))
            self._tiles[level] += 1
            self._grown[level] = []
            level += 1

    def _compare_root(self, last: _Point, point: _Point, pinpoint: Pinpoint) -> None:
        """Compare the recomputed tree with a checkpoint, then the stored tiles, which it now covers."""
        if self._frontier.root() != point.root:
            found = pinpoint(last.size, point.size)
            raise found or Wrong(
                f"{tables.entry.name} idx={last.size}…{point.size - 1} column data",
                f"这些条目算出的根与大小为 {point.size} 的已签名检查点不符",
                f"these entries do not give the root of the signed checkpoint of size {point.size}",
            )
        for level, n, hashes in self._full:
            self._compare_tile(level, n, hashes)
        self._full.clear()
        self._compare_seen()

    def _compare_seen(self) -> None:
        for seen in self._seen.get(self._frontier.size, ()):
            if seen.checkpoint.root != self._frontier.root():
                raise Wrong(
                    f"{tables.entry.name} idx=0…{self._frontier.size - 1} ↔ {seen.where}",
                    "日志与早先公布的检查点不一致：历史被改写并重新签名",
                    "contradicts a checkpoint published earlier: history was rewritten and signed anew",
                )

    # -- tiles -------------------------------------------------------------------------------------

    def _compare_tile(self, level: int, n: int, hashes: Sequence[bytes]) -> None:
        tile, above = tables.tile, tables.tile_root
        rows = list(
            scan(self._snapshot, [tile.c.data, tile.c.level, tile.c.n], tile.c.level == level, tile.c.n == n)
        )
        if not rows:
            raise _missing(at(tile, level=level, n=n))
        data = b"".join(hashes)
        if rows[0][0] != data:
            first = next(
                (i for i in range(TILE) if rows[0][0][i * 32 : i * 32 + HASH_SIZE] != hashes[i]), TILE
            )
            raise Wrong(
                at(tile, "data", level=level, n=n),
                f"第 {first} 个哈希与重算结果不符",
                f"hash {first} differs from the recomputed one",
            )
        columns = [above.c.hash, above.c.level, above.c.n]
        rows = list(scan(self._snapshot, columns, above.c.level == level + 1, above.c.n == n))
        if not rows:
            raise _missing(at(above, level=level + 1, n=n))
        if rows[0][0] != root(hashes):
            raise Wrong(
                at(above, "hash", level=level + 1, n=n), "与重算结果不符", "differs from the recomputed hash"
            )
        self.counts["tiles"] += 1

    def _no_other_tiles(self) -> None:
        for table, lift in ((tables.tile, 0), (tables.tile_root, 1)):
            for level, n in scan(self._snapshot, [table.c.level, table.c.n]):
                if level - lift < 0 or not 0 <= n < self._tiles.get(level - lift, 0):
                    raise _extra(at(table, level=level, n=n))

    # -- head and cosignatures ---------------------------------------------------------------------

    def _head(self) -> tuple[int, bytes, bytes, int]:
        head = tables.head
        rows = list(scan(self._snapshot, [head.c.id, head.c.size, head.c.root, head.c.edge, head.c.ms]))
        if not rows:
            raise _missing(at(head, id=1))
        for row in rows:
            if row[0] != 1:
                raise _extra(at(head, "id", id=row[0]))
        return rows[0][1:]

    def _compare_head(self, head: tuple[int, bytes, bytes, int], last: _Point) -> None:
        ms = last.ms if last.size else 0
        wanted = (last.size, self._frontier.root(), self._frontier.to_bytes(), ms)
        for column, value, right in zip(("size", "root", "edge", "ms"), head, wanted, strict=True):
            if value != right:
                raise Wrong(
                    at(tables.head, column, id=1), "与重算结果不符", "differs from what the entries give"
                )

    def _cosignatures(self) -> None:
        """Verify each witness's line over its checkpoint's text."""
        mine, checkpoint = tables.cosignature, tables.checkpoint
        source = mine.outerjoin(checkpoint, checkpoint.c.size == mine.c.size)
        columns = [mine.c.size, mine.c.witness, mine.c.line, checkpoint.c.note]
        for size, witness, line, note in scan(self._snapshot, columns, source=source):
            where = at(mine, "line", size=size, witness=witness)
            if note is None:
                raise Wrong(
                    at(mine, "size", size=size, witness=witness),
                    "没有这个检查点",
                    "there is no such checkpoint",
                )
            try:
                said = parse_signature(line.removesuffix("\n"))
                key = self._witnesses.get((said.name, said.key_id))
                if key is None:
                    self.unchecked[witness] += 1
                else:
                    key.verify(parse_note(note).text, said.blob)
                    self.counts["cosignatures"] += 1
            except NoteError as error:
                raise Wrong(where, "见证签名不成立", f"the cosignature does not hold: {error}") from None
            if said.line() != line or said.name != witness:
                raise Wrong(
                    where, "见证方名称或写法不对", "another witness's line, or not written as it must be"
                )


def _missing(where: str) -> Wrong:
    return Wrong(where, "该行缺失", "the row is missing")


def _extra(where: str) -> Wrong:
    return Wrong(where, "多出的行", "the row must not be there")


def _behind(seen: Seen, size: int) -> None:
    raise Wrong(
        f"{tables.head.name} ↔ {seen.where}",
        f"数据库只有 {size} 条，而该处已有 {seen.checkpoint.size} 条：恢复了旧副本或删除了条目",
        f"{size} entries here, {seen.checkpoint.size} there: an old copy was restored, or entries removed",
    )
