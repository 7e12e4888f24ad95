"""Published vectors of tree and proofs, one by one and accumulated over every size up to 130."""

from collections.abc import Iterator
from hashlib import sha256

import pytest

from recordsvc.translog.tiles import TileReader
from recordsvc.translog.tree import (
    Frontier,
    consistency_path,
    inclusion_path,
    leaf_hash,
    levels,
    root,
    verify_consistency,
    verify_inclusion,
)
from tests.translog import naive, vectors
from tests.translog.vectors import LEAVES

TREE = 130
D = [leaf_hash(bytes([i])) for i in range(TREE)]


def accumulated(lines: Iterator[str]) -> tuple[str, int]:
    digest, count = sha256(), 0
    for line in lines:
        digest.update(f"{line}\n".encode())
        count += 1
    return digest.hexdigest(), count


def line(head: str, hashes: list[bytes]) -> str:
    return " ".join([head, *(value.hex() for value in hashes)])


def subtrees(size: int) -> Iterator[tuple[int, int]]:
    return ((s, e) for e in range(size + 1) for s in range(e + 1) if naive.is_subtree(s, e))


def test_leaf_hashes():
    assert [value.hex() for value in LEAVES] == vectors.LEAF_HASHES


@pytest.mark.parametrize("size", range(9))
def test_roots(size: int):
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)

    assert root(LEAVES[:size]).hex() == frontier.root().hex() == vectors.ROOTS[size]
    assert naive.mth(LEAVES[:size]).hex() == vectors.ROOTS[size]


def test_inclusion_path():
    assert [value.hex() for value in inclusion_path(LEAVES, 0)] == vectors.INCLUSION_0_IN_8


def test_consistency_path():
    assert [value.hex() for value in consistency_path(LEAVES, 6)] == vectors.CONSISTENCY_6_TO_8


def test_every_inclusion_path_up_to_130_leaves():
    def lines() -> Iterator[str]:
        for size in range(1, TREE + 1):
            tree_root = root(D[:size])
            for index in range(size):
                path = inclusion_path(D, index, size)
                verify_inclusion(D[index], index, size, path, tree_root)
                yield line(f"{index} {size}", path)

    assert accumulated(lines()) == (vectors.PLAIN_INCLUSION, 8_515)


def test_every_consistency_path_up_to_130_leaves():
    roots = [root(D[:size]) for size in range(TREE + 1)]

    def lines() -> Iterator[str]:
        for size in range(1, TREE + 1):
            for old in range(1, size + 1):
                path = consistency_path(D, old, size)
                verify_consistency(old, roots[old], size, roots[size], path)
                yield line(f"{old} {size}", path)

    assert accumulated(lines()) == (vectors.PLAIN_CONSISTENCY, 8_515)


def test_every_subtree_up_to_130_leaves():
    rows = levels(D)
    reader = TileReader(TREE, lambda level, n, width: b"".join(rows[8 * level][256 * n : 256 * n + width]))

    assert (
        accumulated(line(f"[{s}, {e})", [reader.leaf_range_root(s, e)]) for s, e in subtrees(TREE))[0]
        == vectors.SUBTREES
    )


def test_every_inclusion_path_in_a_subtree():
    assert (
        accumulated(
            line(f"{i} [{s}, {e})", inclusion_path(D[s:e], i - s))
            for s, e in subtrees(TREE)
            for i in range(s, e)
        )[0]
        == vectors.SUBTREE_INCLUSION
    )


def test_the_naive_model_makes_the_published_subtree_consistency_proofs():
    """The model that the property tests compare with is itself held to a published vector."""
    assert (
        accumulated(
            line(f"[{s}, {e}) {n}", naive.subtree_consistency(s, e, D[:n]))
            for n in range(TREE + 1)
            for s, e in subtrees(n)
        )[0]
        == vectors.SUBTREE_CONSISTENCY
    )
