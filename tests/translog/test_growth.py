"""Growing from the frontier alone gives what the whole list of leaves gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc.translog.tree import (
    EMPTY_ROOT,
    Extension,
    Frontier,
    ProofError,
    fill_nodes,
    inclusion_path,
    leaf_hash,
    levels,
    path_from_nodes,
    root,
    shared_nodes,
    verify_inclusion,
)
from tests.translog import naive

POOL = [leaf_hash(i.to_bytes(2)) for i in range(900)]
growths = st.tuples(st.integers(0, 600), st.one_of(st.integers(0, 4), st.integers(0, 300)))


def frontier_of(size: int) -> Frontier:
    frontier = Frontier()
    for leaf in POOL[:size]:
        frontier.append(leaf)
    return frontier


@given(st.integers(0, 900))
def test_a_frontier_knows_the_root_and_survives_storage(size: int):
    frontier = frontier_of(size)

    assert frontier.root() == naive.mth(POOL[:size])
    assert frontier.hashes == [
        naive.mth(POOL[start:end]) for start, end in zip(edges(size), edges(size)[1:], strict=False)
    ]
    assert len(frontier.to_bytes()) == 32 * size.bit_count()
    assert Frontier.from_bytes(size, frontier.to_bytes()) == frontier


def edges(size: int) -> list[int]:
    """Borders of the complete subtrees, largest first."""
    borders = [0]
    for bit in range(size.bit_length() - 1, -1, -1):
        if size >> bit & 1:
            borders.append(borders[-1] + (1 << bit))
    return borders


@given(growths)
def test_an_extension_is_the_tree_over_all_leaves(case: tuple[int, int]):
    first, added = case
    size = first + added
    old = frontier_of(first)
    extension = Extension(old, POOL[first:size])

    assert (extension.first, extension.size) == (first, size)
    assert extension.root() == naive.mth(POOL[:size])
    assert extension.frontier() == frontier_of(size)
    assert old == frontier_of(first), "the old frontier was changed"


@given(growths.filter(lambda case: case[1] > 0), st.data())
def test_an_extension_proves_each_new_leaf(case: tuple[int, int], data: st.DataObject):
    first, added = case
    size = first + added
    extension = Extension(frontier_of(first), POOL[first:size])
    index = data.draw(st.one_of(st.just(first), st.just(size - 1), st.integers(first, size - 1)))

    assert extension.leaf(index) == POOL[index]
    assert extension.proof(index) == naive.path(index, POOL[:size])
    verify_inclusion(POOL[index], index, size, extension.proof(index), extension.root())


@given(growths.filter(lambda case: case[1] > 0), st.data())
def test_shared_nodes_are_enough_for_every_path_and_none_too_many(case: tuple[int, int], data: st.DataObject):
    first, added = case
    size = first + added
    indices = data.draw(st.sets(st.integers(first, size - 1), min_size=1))
    extension = Extension(frontier_of(first), POOL[first:size])
    nodes = extension.nodes(indices)
    own = {index: POOL[index] for index in indices}

    filled = fill_nodes(own, size, nodes)

    assert filled[(size - 1).bit_length(), 0] == naive.mth(POOL[:size])
    for index in indices:
        assert path_from_nodes(index, size, filled) == naive.path(index, POOL[:size])
    for node in nodes:
        with pytest.raises(ProofError, match="is missing"):
            fill_nodes(own, size, {at: value for at, value in nodes.items() if at != node})


@given(growths.filter(lambda case: case[1] > 0), st.data())
def test_a_changed_shared_node_or_leaf_changes_the_root(case: tuple[int, int], data: st.DataObject):
    first, added = case
    size = first + added
    extension = Extension(frontier_of(first), POOL[first:size])
    index = data.draw(st.integers(first, size - 1))
    nodes = extension.nodes([index])
    top = (size - 1).bit_length(), 0

    assert fill_nodes({index: leaf_hash(b"other")}, size, nodes)[top] != extension.root()
    for node in nodes:
        assert fill_nodes({index: POOL[index]}, size, {**nodes, node: bytes(32)})[top] != extension.root()


def test_nodes_of_a_long_run_are_few():
    extension = Extension(frontier_of(77), POOL[77:877])

    assert len(extension.nodes(range(77, 877))) <= 20


def test_a_given_node_never_replaces_a_computed_one():
    """A server that slips in the parent of our own leaves does not get it past the client."""
    filled = fill_nodes({0: POOL[0], 1: POOL[1]}, 2, {(1, 0): bytes(32), (0, 0): bytes(32)})

    assert filled[1, 0] == root(POOL[:2])
    assert filled[0, 0] == POOL[0]


def test_any_leaves_can_share_nodes():
    tree = levels(POOL[:300])
    nodes = {(level, n): tree[level][n] for level, n in shared_nodes([0, 17, 299], 300)}
    filled = fill_nodes({i: POOL[i] for i in (0, 17, 299)}, 300, nodes)

    assert path_from_nodes(17, 300, filled) == inclusion_path(POOL, 17, 300)


def test_nodes_that_only_cover_old_leaves_are_not_pretended():
    extension = Extension(frontier_of(8), POOL[8:10])

    with pytest.raises(LookupError):
        extension.node(0, 3)
    with pytest.raises(LookupError):
        extension.proof(7)
    with pytest.raises(LookupError):
        extension.leaf(10)


def test_an_extension_by_nothing_is_the_old_tree():
    assert Extension(frontier_of(13), []).frontier() == frontier_of(13)
    assert Extension(frontier_of(13), []).root() == root(POOL[:13])
    assert Extension(Frontier(), []).root() == EMPTY_ROOT


@pytest.mark.parametrize("size", [-1, 0, 2, 7])
def test_a_frontier_of_another_size_is_refused(size: int):
    with pytest.raises(ValueError, match="no frontier"):
        Frontier(size, POOL[:2])


@pytest.mark.parametrize("data", [b"x", bytes(31), bytes(33), bytes(64)])
def test_a_torn_frontier_is_refused(data: bytes):
    with pytest.raises(ValueError, match=r"no frontier|bytes, not 32"):
        Frontier.from_bytes(1, data)


@pytest.mark.parametrize("index", [-1, 5])
def test_indices_outside_the_tree_are_refused(index: int):
    with pytest.raises(ProofError, match="not inside"):
        shared_nodes([index], 5)
    with pytest.raises(ProofError, match="not inside"):
        fill_nodes({index: POOL[0]}, 5, {})
