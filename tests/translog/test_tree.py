"""The tree against the recursive model: every proof verifies, and nothing that was changed does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc.translog.tree import (
    EMPTY_ROOT,
    ProofError,
    consistency_path,
    inclusion_path,
    leaf_hash,
    root,
    root_from_inclusion,
    verify_consistency,
    verify_inclusion,
)
from tests.translog import naive

POOL = [leaf_hash(i.to_bytes(2)) for i in range(700)]
sizes = st.integers(1, 700)


@st.composite
def inclusions(draw: st.DrawFn) -> tuple[int, int]:
    """(index, size), small trees and edges more often."""
    size = draw(st.one_of(st.integers(1, 40), sizes))
    return draw(st.one_of(st.integers(0, size - 1), st.just(size - 1))), size


@st.composite
def growths(draw: st.DrawFn) -> tuple[int, int]:
    """(old size, size), old < size."""
    size = draw(st.one_of(st.integers(2, 40), st.integers(2, 700)))
    return draw(st.integers(1, size - 1)), size


def flipped(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def holds_inclusion(leaf: bytes, index: int, size: int, path: list[bytes], trusted: bytes) -> bool:
    try:
        verify_inclusion(leaf, index, size, path, trusted)
    except ProofError:
        return False
    return True


def holds_consistency(old: int, old_root: bytes, size: int, new_root: bytes, path: list[bytes]) -> bool:
    try:
        verify_consistency(old, old_root, size, new_root, path)
    except ProofError:
        return False
    return True


@given(sizes)
def test_the_root_is_the_recursive_one(size: int):
    assert root(POOL[:size]) == naive.mth(POOL[:size])


@given(inclusions())
def test_inclusion_paths_are_the_recursive_ones_and_verify(case: tuple[int, int]):
    index, size = case
    path = inclusion_path(POOL, index, size)

    assert path == naive.path(index, POOL[:size])
    verify_inclusion(POOL[index], index, size, path, naive.mth(POOL[:size]))


@given(growths())
def test_consistency_paths_are_the_recursive_ones_and_verify(case: tuple[int, int]):
    old, size = case
    path = consistency_path(POOL, old, size)

    assert path == naive.proof(old, POOL[:size])
    verify_consistency(old, naive.mth(POOL[:old]), size, naive.mth(POOL[:size]), path)


@given(inclusions(), st.data())
def test_no_changed_inclusion_proof_verifies(case: tuple[int, int], data: st.DataObject):
    index, size = case
    leaf, path, trusted = POOL[index], inclusion_path(POOL, index, size), root(POOL[:size])
    bit = data.draw(st.integers(0, 255), label="bit")

    assert not holds_inclusion(flipped(leaf, bit), index, size, path, trusted)
    assert not holds_inclusion(leaf, index, size, path, flipped(trusted, bit))
    assert not holds_inclusion(leaf, index, size, [*path, trusted], trusted)
    assert not holds_inclusion(leaf, index, size, [POOL[0], *path], trusted)
    if path:
        at = data.draw(st.integers(0, len(path) - 1), label="at")
        changed = [*path[:at], flipped(path[at], bit), *path[at + 1 :]]
        assert not holds_inclusion(leaf, index, size, changed, trusted)
        assert not holds_inclusion(leaf, index, size, path[:at] + path[at + 1 :], trusted)
        assert not holds_inclusion(leaf, index, size, path[:-1], trusted)
    if len(path) > 1:
        assert not holds_inclusion(leaf, index, size, path[::-1], trusted)


@given(inclusions(), st.data())
def test_no_other_index_verifies(case: tuple[int, int], data: st.DataObject):
    index, size = case
    other = data.draw(st.integers(-2, size + 2).filter(lambda i: i != index), label="other index")
    path = inclusion_path(POOL, index, size)

    assert not holds_inclusion(POOL[index], other, size, path, root(POOL[:size]))


@given(inclusions(), st.integers(-1, 1_500))
def test_another_size_verifies_only_where_it_makes_the_same_path(case: tuple[int, int], other: int):
    """Left of the right edge, index and path do not always tell the size; a checkpoint's root does."""
    index, size = case
    path, trusted = inclusion_path(POOL, index, size), root(POOL[:size])
    if holds_inclusion(POOL[index], index, other, path, trusted):
        # Then sides and number of the siblings are those of the true size.
        assert sides(index, other) == sides(index, size)


def sides(index: int, size: int) -> list[str]:
    """Which child each ancestor of a leaf is, from the leaf up, where it has a sibling; by the recursion."""
    if size == 1:
        return []
    k = naive.split(size)
    return [*sides(index, k), "left"] if index < k else [*sides(index - k, size - k), "right"]


@given(growths(), st.data())
def test_no_changed_consistency_proof_verifies(case: tuple[int, int], data: st.DataObject):
    old, size = case
    path, old_root, new_root = consistency_path(POOL, old, size), root(POOL[:old]), root(POOL[:size])
    bit = data.draw(st.integers(0, 255), label="bit")
    at = data.draw(st.integers(0, len(path) - 1), label="at")

    assert not holds_consistency(old, flipped(old_root, bit), size, new_root, path)
    assert not holds_consistency(old, old_root, size, flipped(new_root, bit), path)
    assert not holds_consistency(old, new_root, size, old_root, path)
    assert not holds_consistency(old, old_root, size, new_root, [*path, POOL[0]])
    assert not holds_consistency(old, old_root, size, new_root, [POOL[0], *path])
    assert not holds_consistency(old, old_root, size, new_root, path[:at] + path[at + 1 :])
    changed = [*path[:at], flipped(path[at], bit), *path[at + 1 :]]
    assert not holds_consistency(old, old_root, size, new_root, changed)


@given(growths(), st.integers(-1, 700), st.integers(-1, 700))
def test_other_sizes_verify_only_where_the_proof_has_the_same_shape(
    case: tuple[int, int], other_old: int, other: int
):
    """Else a proof for a small tree would pass, with its root, as one for any larger size."""
    old, size = case
    path, old_root, new_root = consistency_path(POOL, old, size), root(POOL[:old]), root(POOL[:size])
    if holds_consistency(old, old_root, other, new_root, path):
        assert len(naive.proof(old, POOL[:other])) == len(path)
    if holds_consistency(other_old, old_root, size, new_root, path):
        assert len(naive.proof(other_old, POOL[:size])) == len(path)


def test_a_proof_cut_to_a_smaller_tree_does_not_prove_a_larger_one():
    """The two roots and the proof are right for 2 -> 4; only the size is claimed to be 7."""
    path = consistency_path(POOL, 2, 4)

    assert holds_consistency(2, root(POOL[:2]), 4, root(POOL[:4]), path)
    assert not holds_consistency(2, root(POOL[:2]), 7, root(POOL[:4]), path)


@given(growths(), st.integers(0, 699))
def test_a_rewritten_history_has_no_consistency_proof(case: tuple[int, int], at: int):
    """An operator who changes an old leaf and rebuilds all cannot prove that the old tree is inside."""
    old, size = case
    at %= old
    rewritten = [*POOL[:at], leaf_hash(b"rewritten"), *POOL[at + 1 : size]]

    assert not holds_consistency(
        old, root(POOL[:old]), size, root(rewritten), consistency_path(rewritten, old)
    )
    assert not holds_consistency(
        old, root(POOL[:old]), size, root(rewritten), consistency_path(POOL, old, size)
    )


def test_policy_old_size_zero_is_refused():
    with pytest.raises(ProofError, match="size 0"):
        verify_consistency(0, EMPTY_ROOT, 1, POOL[0], [])
    with pytest.raises(ProofError, match="size 0"):
        verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    with pytest.raises(ProofError, match="size 0"):
        consistency_path(POOL, 0, 5)


def test_policy_an_empty_string_is_no_hash():
    """Plain RFC 9162 accepts the empty leaf hash under the empty root in a tree of one."""
    with pytest.raises(ProofError, match="0 bytes"):
        verify_inclusion(b"", 0, 1, [], b"")
    with pytest.raises(ProofError, match="0 bytes"):
        verify_consistency(1, b"", 1, b"", [])


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_hash_has_32_bytes(length: int):
    path, trusted = inclusion_path(POOL, 1, 3), root(POOL[:3])
    bad = bytes(length)
    for leaf, hashes, top in (
        (bad, path, trusted),
        (POOL[1], [bad, *path[1:]], trusted),
        (POOL[1], path, bad),
    ):
        with pytest.raises(ProofError, match=f"{length} bytes"):
            verify_inclusion(leaf, 1, 3, hashes, top)
    with pytest.raises(ProofError, match=f"{length} bytes"):
        verify_consistency(2, root(POOL[:2]), 3, trusted, [bad])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (4, 3), (-1, 3), (0, -1)])
def test_an_index_outside_the_tree_is_refused(index: int, size: int):
    with pytest.raises(ProofError, match="not inside"):
        root_from_inclusion(POOL[0], index, size, [])


def test_equal_sizes_take_no_proof_and_one_root():
    verify_consistency(3, root(POOL[:3]), 3, root(POOL[:3]), [])
    with pytest.raises(ProofError):
        verify_consistency(3, root(POOL[:3]), 3, root(POOL[1:4]), [])
    with pytest.raises(ProofError):
        verify_consistency(3, root(POOL[:3]), 3, root(POOL[:3]), [POOL[0]])


@pytest.mark.parametrize(("old", "size"), [(4, 3), (-1, 3)])
def test_a_tree_does_not_shrink(old: int, size: int):
    with pytest.raises(ProofError, match="no consistency proof"):
        verify_consistency(old, POOL[0], size, POOL[0], [])


def test_more_leaves_than_there_are_cannot_be_asked_for():
    with pytest.raises(ProofError, match="was asked of"):
        inclusion_path(POOL[:3], 0, 4)
