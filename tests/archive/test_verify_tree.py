"""The shared prover says what the plain algorithm says, for every order and every bent path."""

import random

import pytest

from recordsvc.archive.verify_tree import InclusionProver
from recordsvc.ground.base64strict import b64
from recordsvc.translog import tree


def plainly(leaf, index, size, path, root):
    try:
        tree.verify_inclusion(leaf, index, size, path, root)
    except tree.ProofError:
        return False
    return True


def bent_paths(path, rng):
    other = rng.randbytes(32)
    for at in range(len(path)):
        yield [*path[:at], other, *path[at + 1 :]]
        yield [*path[:at], *path[at + 1 :]]
        yield [*path[:at], path[at - 1], *path[at + 1 :]]
    yield [*path, other]
    yield []


@pytest.mark.parametrize("size", [*range(1, 36), 64, 65, 100])
@pytest.mark.parametrize("order", ["rising", "falling", "any"])
def test_agrees_with_the_plain_algorithm(size, order):
    rng = random.Random(size)
    leaves = [rng.randbytes(32) for _ in range(size)]
    root = tree.root(leaves)
    prover = InclusionProver(size, root)
    indexes = {"rising": range(size), "falling": range(size - 1, -1, -1)}.get(order) or rng.sample(
        range(size), size
    )
    for index in indexes:
        path = tree.inclusion_path(leaves, index)
        for bent in bent_paths(path, rng):
            expected = plainly(leaves[index], index, size, bent, root)
            assert prover.proves(leaves[index], index, [b64(one) for one in bent]) == expected
        told = [b64(one) for one in path]
        assert not prover.proves(rng.randbytes(32), index, told)
        assert prover.proves(leaves[index], index, told)
        for wrong in (index - 1, index + 1, index + size, index ^ 1):
            expected = plainly(leaves[index], wrong, size, path, root)
            assert prover.proves(leaves[index], wrong, told) == expected
        assert prover.proves(leaves[index], index, told)


def test_an_empty_tree_proves_nothing():
    assert not InclusionProver(0, tree.EMPTY_ROOT).proves(tree.EMPTY_ROOT, 0, [])
