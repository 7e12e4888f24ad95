"""Tiles of C2SP tlog-tiles: how a log's hashes and entries are cut into files, and proofs read from them.

*Tile (L, n)* holds the hashes of tree nodes ``(8 L, 256 n)`` to ``(8 L, 256 n + 255)``, 32 bytes each:
level 0 the leaf hashes, every level above the roots of the full tiles below. It is *full* (256 hashes,
8,192 bytes) or, at the right edge of a tree, *partial* (its width 1-255 stands in its name). A node that
covers fewer leaves than its place would allow is in no tile; a reader computes it.

*Entry bundle n* holds the entries whose leaf hashes stand in tile (0, n), each after its length as u16.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from recordsvc.translog.tree import (
    EMPTY_ROOT,
    HASH_SIZE,
    Levels,
    Node,
    ProofError,
    consistency_nodes,
    levels,
    node_hash,
    path_nodes,
    shared_nodes,
)

TILE_WIDTH: Final = 256
TILE_HEIGHT: Final = 8
MAX_LEVEL: Final = 63
MAX_ENTRY_BYTES: Final = 0xFFFF
MEDIA_TYPE: Final = "application/octet-stream"

Fetch = Callable[[int, int, int], bytes]
"""``fetch(level, n, width)``: the first ``width`` hashes of tile (level, n), or more; else LookupError."""

_PATH = re.compile(
    r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Tile:
    """Name of a tile (``level`` 0-63) or, when ``level`` is None, an entry bundle; ``width`` 256 is full."""

    level: int | None
    n: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if not (0 <= (self.level or 0) <= MAX_LEVEL and self.n >= 0 and 0 < self.width <= TILE_WIDTH):
            raise ValueError("no such tile")

    def path(self) -> str:
        """Path below the log's prefix, e.g. ``tile/0/x001/x234/067.p/112``."""
        groups: list[str] = []
        rest = self.n
        while True:
            rest, group = divmod(rest, 1000)
            groups.append(f"x{group:03}" if groups else f"{group:03}")
            if not rest:
                break
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{'entries' if self.level is None else self.level}/{'/'.join(reversed(groups))}{partial}"

    @classmethod
    def parse(cls, path: str) -> Self:
        """Inverse of ``path``; ValueError for every other spelling of a tile."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise ValueError("not the path of a tile")
        level = None if match[1] == "entries" else int(match[1])
        tile = cls(level, int(match[2].replace("/", "").replace("x", "")), int(match[3] or TILE_WIDTH))
        if tile.path() != path:  # a superfluous x000/, or a width of 256 spelled out
            raise ValueError("not the path of a tile")
        return tile


def tile_width(level: int, n: int, size: int) -> int:
    """Width of tile (level, n) in a tree of ``size`` leaves: 0 (there is none) to 256 (full)."""
    return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - n * TILE_WIDTH))


def tiles(size: int, since: int = 0) -> Iterator[Tile]:
    """Tiles of a tree of ``size`` leaves, partial ones too, that a tree of ``since`` leaves did not have."""
    for level in range(MAX_LEVEL + 1):
        total = size >> TILE_HEIGHT * level
        if not total:
            return
        for n in range((since >> TILE_HEIGHT * level) // TILE_WIDTH, -(-total // TILE_WIDTH)):
            width = tile_width(level, n, size)
            if width > tile_width(level, n, since):
                yield Tile(level, n, width)


def encode_entries(entries: Iterable[bytes]) -> bytes:
    """Entry bundle of these entries. ValueError for one longer than 65,535 bytes."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise ValueError(f"a log entry has {len(entry)} bytes; at most {MAX_ENTRY_BYTES} fit")
        parts += [len(entry).to_bytes(2), entry]
    return b"".join(parts)


def decode_entries(data: bytes) -> list[bytes]:
    """Entries of a bundle. ValueError when it is cut off or holds more than 256."""
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2])
        if at + 2 > len(data) or end > len(data):
            raise ValueError("the entry bundle is cut off")
        entries.append(data[at + 2 : end])
        at = end
    if len(entries) > TILE_WIDTH:
        raise ValueError(f"an entry bundle holds at most {TILE_WIDTH} entries")
    return entries


class TileReader:
    """A tree of ``size`` leaves, read through its tiles: any hash and any proof from a handful of tiles.

    Each tile is fetched at most once per reader; full tiles never change, so ``fetch`` may cache them for
    ever. What a tile says is taken as it is: whoever does not trust the source compares ``root()`` with a
    checkpoint, and verifies the proofs.
    """

    def __init__(self, size: int, fetch: Fetch) -> None:
        self.size = size
        self._fetch = fetch
        self._tiles: dict[tuple[int, int], Levels] = {}

    def root(self) -> bytes:
        """Root of the tree."""
        return self.leaf_range_root(0, self.size)

    def leaf_range_root(self, start: int, end: int) -> bytes:
        """``MTH`` over leaves [start, end); the length, rounded up to a power of two, must divide ``start``.

        These are the subtrees that are nodes of some tree: ``(0, m)`` is the root of the log when it had m
        leaves.
        """
        if not 0 <= start <= end <= self.size:
            raise ProofError(f"[{start}, {end}) is no range of a tree of {self.size} leaves")
        if start == end:
            return EMPTY_ROOT
        if start % (1 << (end - start - 1).bit_length()):
            raise ProofError(f"[{start}, {end}) is no subtree")
        pieces = []
        while start < end:
            level = (end - start).bit_length() - 1
            pieces.append(self._complete(level, start >> level))
            start += 1 << level
        value = pieces.pop()
        while pieces:
            value = node_hash(pieces.pop(), value)
        return value

    def node(self, level: int, n: int) -> bytes:
        """Hash of node (level, n), also one at the right edge that is cut off by the size."""
        if n << level >= self.size:
            raise ProofError(f"node {level}/{n} is beyond a tree of {self.size} leaves")
        return self.leaf_range_root(n << level, min((n + 1) << level, self.size))

    def leaf(self, index: int) -> bytes:
        """Leaf hash at ``index``."""
        return self.node(0, index)

    def inclusion(self, index: int) -> list[bytes]:
        """Inclusion path of ``index``."""
        return [self.node(level, n) for level, n in path_nodes(index, self.size)]

    def consistency(self, old_size: int) -> list[bytes]:
        """Consistency proof from ``old_size`` (1 to ``size``)."""
        return [self.node(level, n) for level, n in consistency_nodes(old_size, self.size)]

    def nodes(self, indices: Sequence[int]) -> dict[Node, bytes]:
        """Like ``Extension.nodes``, for any leaves: what ``fill_nodes`` needs for all their paths."""
        return {(level, n): self.node(level, n) for level, n in shared_nodes(indices, self.size)}

    def _complete(self, level: int, n: int) -> bytes:
        """Hash of a node that covers 2**level leaves, all inside the tree."""
        tile_level, height = divmod(level, TILE_HEIGHT)
        first = n << height
        rows = self._tile(tile_level, first // TILE_WIDTH)
        return rows[height][first % TILE_WIDTH >> height]

    def _tile(self, level: int, n: int) -> Levels:
        """All levels inside one tile; entries above the width's complete subtrees are never asked for."""
        rows = self._tiles.get((level, n))
        if rows is None:
            width = tile_width(level, n, self.size)
            data = self._fetch(level, n, width)[: width * HASH_SIZE]
            if not width or len(data) != width * HASH_SIZE:
                raise ProofError(f"tile {level}/{n} is shorter than {width} hashes")
            rows = levels([data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)])
            self._tiles[level, n] = rows
        return rows
