"""Tiles: names, which ones a tree has, bundles, and proofs read from nothing but tiles."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc.translog.tiles import (
    TILE_WIDTH,
    Tile,
    TileReader,
    decode_entries,
    encode_entries,
    tile_width,
    tiles,
)
from recordsvc.translog.tree import (
    EMPTY_ROOT,
    ProofError,
    consistency_nodes,
    fill_nodes,
    leaf_hash,
    levels,
    path_nodes,
    root,
    verify_consistency,
    verify_inclusion,
)
from tests.translog import naive

BIG = 70_000
LEAVES = [leaf_hash(i.to_bytes(4)) for i in range(BIG)]
TREE = levels(LEAVES)
INTERESTING = [1, 2, 3, 255, 256, 257, 511, 512, 600, 65_535, 65_536, 65_537, 65_792, BIG]


def stored(level: int, n: int, width: int) -> bytes:
    """What the tiles of a log of 70,000 entries hold."""
    return b"".join(TREE[8 * level][TILE_WIDTH * n : TILE_WIDTH * n + width])


def counting(fetch: Callable[[int, int, int], bytes]) -> tuple[Callable[[int, int, int], bytes], list[tuple]]:
    asked: list[tuple] = []

    def counted(level: int, n: int, width: int) -> bytes:
        asked.append((level, n, width))
        return fetch(level, n, width)

    return counted, asked


def test_tile_paths_of_the_specification():
    assert Tile(0, 1_234_067).path() == "tile/0/x001/x234/067"
    assert Tile(None, 123_456_789).path() == "tile/entries/x123/x456/789"
    assert Tile(63, 0, 1).path() == "tile/63/000.p/1"
    assert Tile(1, 1000, 17).path() == "tile/1/x001/000.p/17"


@given(
    st.builds(
        Tile,
        st.one_of(st.none(), st.integers(0, 63)),
        st.one_of(st.integers(0, 2_000), st.integers(0, 10**15)),
        st.integers(1, 256),
    )
)
def test_tile_paths_are_read_back(tile: Tile):
    assert Tile.parse(tile.path()) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/8/entries/000",
        "tile/0/x000/001",
        "tile/0/001/001",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/300",
        "tile/0/000.p/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/entries/x123/x456/78",
        "tile/entry/000",
        "tile/0/٠٠٠",
        "tile/0/../000",
        "tile/0/" + "x999/" * 7 + "999",
    ],
)
def test_other_spellings_are_no_tile(path: str):
    with pytest.raises(ValueError, match=r"not the path of a tile|no such tile"):
        Tile.parse(path)


def test_tiles_of_70_000_entries():
    """The example of the specification."""
    names = [tile.path() for tile in tiles(BIG)]

    assert names[:274] == [Tile(0, n).path() for n in range(273)] + ["tile/0/273.p/112"]
    assert names[274:] == ["tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]


def test_tiles_of_256_entries():
    assert [tile.path() for tile in tiles(256)] == ["tile/0/000", "tile/1/000.p/1"]
    assert list(tiles(0)) == []


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_new_tiles_are_those_that_the_older_tree_did_not_have(one: int, other: int):
    old, size = sorted((one, other))

    assert set(tiles(size, since=old)) == set(tiles(size)) - set(tiles(old))


@given(st.integers(0, 3), st.integers(0, 300), st.integers(0, 1 << 33))
def test_a_partial_width_is_the_remainder(level: int, n: int, size: int):
    """Partial tile of the specification: floor(s / 256**l) mod 256 hashes."""
    whole, rest = divmod(size // 256**level, 256)

    assert tile_width(level, n, size) == (256 if n < whole else rest if n == whole else 0)


@given(st.lists(st.binary(max_size=80), max_size=256))
def test_bundles_are_read_back(entries: list[bytes]):
    data = encode_entries(entries)

    assert decode_entries(data) == entries


@given(st.lists(st.binary(max_size=80), min_size=1, max_size=20), st.data())
def test_a_bundle_cut_off_inside_an_entry_is_refused(entries: list[bytes], data: st.DataObject):
    whole = encode_entries(entries)
    last = len(entries[-1]) + 2
    cut = data.draw(st.integers(1, last - 1), label="bytes missing")

    with pytest.raises(ValueError, match="cut off"):
        decode_entries(whole[:-cut])


def test_bundle_layout_and_limits():
    assert encode_entries([b"", b"ab"]) == b"\x00\x00\x00\x02ab"
    assert len(encode_entries([bytes(65_535)])) == 65_537
    with pytest.raises(ValueError, match="65536 bytes"):
        encode_entries([bytes(65_536)])
    with pytest.raises(ValueError, match="at most 256"):
        decode_entries(bytes(2 * 257))
    for torn in (b"\x00", b"\x00\x01", b"\x00\x02a"):
        with pytest.raises(ValueError, match="cut off"):
            decode_entries(torn)


@pytest.mark.parametrize("size", INTERESTING)
def test_proofs_read_from_tiles_are_those_of_the_tree(size: int):
    tree = levels(LEAVES[:size])
    trusted = tree[-1][0]
    reader = TileReader(size, stored)

    assert reader.root() == trusted
    for index in {0, 1, 255, 256, size // 3, size // 2, size - 2, size - 1} & set(range(size)):
        path = reader.inclusion(index)
        assert path == [tree[level][n] for level, n in path_nodes(index, size)]
        verify_inclusion(LEAVES[index], index, size, path, trusted)
        assert reader.leaf(index) == LEAVES[index]
        old = index + 1
        proof = reader.consistency(old)
        assert proof == [tree[level][n] for level, n in consistency_nodes(old, size)]
        verify_consistency(old, reader.leaf_range_root(0, old), size, trusted, proof)
        assert reader.leaf_range_root(0, old) == root(LEAVES[:old])


@given(st.integers(1, 1_500), st.data())
def test_small_trees_read_from_tiles_equal_the_recursive_model(size: int, data: st.DataObject):
    index = data.draw(st.integers(0, size - 1))
    reader = TileReader(size, stored)

    assert reader.root() == naive.mth(LEAVES[:size])
    assert reader.inclusion(index) == naive.path(index, LEAVES[:size])
    assert reader.consistency(index + 1) == naive.proof(index + 1, LEAVES[:size])


@given(st.integers(1, 2_000), st.data())
def test_shared_nodes_from_tiles(size: int, data: st.DataObject):
    indices = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=20))
    reader = TileReader(size, stored)
    filled = fill_nodes({i: LEAVES[i] for i in indices}, size, reader.nodes(indices))

    assert filled[(size - 1).bit_length(), 0] == root(LEAVES[:size])


def test_a_proof_reads_few_tiles_and_each_once():
    fetch, asked = counting(stored)
    reader = TileReader(BIG, fetch)
    reader.inclusion(12_345)
    reader.inclusion(12_346)

    assert sorted(asked) == [(0, 48, 256), (0, 273, 112), (1, 0, 256), (1, 1, 17)]


def test_a_reader_of_an_older_size_takes_what_it_needs_of_a_fuller_tile():
    def full(level: int, n: int, width: int) -> bytes:
        assert width <= TILE_WIDTH
        return stored(level, n, TILE_WIDTH)

    assert TileReader(600, full).root() == root(LEAVES[:600])


def test_a_short_tile_is_an_error_and_a_changed_one_shows_in_the_root():
    with pytest.raises(ProofError, match="shorter"):
        TileReader(300, lambda level, n, width: stored(level, n, width)[:-1]).root()

    def changed(level: int, n: int, width: int) -> bytes:
        data = stored(level, n, width)
        return bytes([data[0] ^ 1]) + data[1:]

    assert TileReader(300, changed).root() != root(LEAVES[:300])


def test_the_empty_tree_needs_no_tile():
    fetch, asked = counting(stored)

    assert TileReader(0, fetch).root() == EMPTY_ROOT
    assert asked == []


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (4, 3), (0, 601), (1, 3), (2, 5), (256, 600)])
def test_what_is_no_subtree_has_no_root(start: int, end: int):
    with pytest.raises(ProofError):
        TileReader(600, stored).leaf_range_root(start, end)


@pytest.mark.parametrize(
    "call", [lambda r: r.inclusion(600), lambda r: r.consistency(0), lambda r: r.leaf(600)]
)
def test_nothing_beyond_the_size_is_read(call: Callable[[TileReader], object]):
    with pytest.raises(ProofError):
        call(TileReader(600, stored))
