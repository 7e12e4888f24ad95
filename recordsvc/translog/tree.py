"""The Merkle tree of RFC 6962 section 2.1: roots, proofs, their verification, and growth without reading.

``MTH({}) = SHA-256("")``, leaf ``SHA-256(0x00 || data)``, node ``SHA-256(0x01 || left || right)``, split at
the largest power of two smaller than the size. Hashes are 32 ``bytes``; indexes count from 0.

*Node (level, n)* stands for the hash over the leaves ``[n * 2**level, (n + 1) * 2**level)``, cut off at the
size of the tree: an odd last node floats up unchanged. In these coordinates the sibling of node n is always
``n ^ 1``, and an inclusion path is the sibling of each ancestor that has one. This is the same tree as the
recursive definition.

The module is longer than most because the whole arithmetic of the log stands here, where it can be read
together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()

Node = tuple[int, int]
Levels = list[list[bytes]]


class ProofError(ValueError):
    """A proof does not prove what it is said to prove (or could not be read as a proof at all)."""


def leaf_hash(data: bytes) -> bytes:
    """Hash of one log entry."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def _parents(nodes: list[bytes]) -> list[bytes]:
    """One level up from ``nodes``, which starts at an even node; an odd last node floats up."""
    pairs = iter(nodes)
    up = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]
    if len(nodes) & 1:
        up.append(nodes[-1])
    return up


def levels(leaves: Sequence[bytes]) -> Levels:
    """All levels of the tree over these leaf hashes, leaves first, ``[root]`` last. No leaves: ``[[]]``."""
    tree = [list(leaves)]
    while len(tree[-1]) > 1:
        tree.append(_parents(tree[-1]))
    return tree


def root(leaves: Sequence[bytes]) -> bytes:
    """Tree hash over a list of leaf hashes."""
    row = list(leaves)
    while len(row) > 1:
        row = _parents(row)
    return row[0] if row else EMPTY_ROOT


def path_nodes(index: int, size: int) -> Iterator[Node]:
    """The nodes of the inclusion path of ``index`` in a tree of ``size`` leaves, from the leaf upwards."""
    if not 0 <= index < size:
        raise ProofError(f"index {index} is not inside a tree of {size} leaves")
    last, level = size - 1, 0
    while last:
        if index ^ 1 <= last:
            yield level, index ^ 1
        index, last, level = index >> 1, last >> 1, level + 1


def consistency_nodes(old_size: int, size: int) -> Iterator[Node]:
    """The nodes of the consistency proof ``PROOF(old_size, D[size])``; none when the sizes are equal."""
    if not 0 < old_size <= size:
        raise ProofError(f"no consistency proof from size {old_size} to size {size}")
    if old_size == size:
        return
    node, last, level = old_size - 1, size - 1, 0
    while node & 1:
        node, last, level = node >> 1, last >> 1, level + 1
    if node:
        # The old tree's last complete subtree. When the old size is a power of two it is the old root itself,
        # which the verifier has.
        yield level, node
    while last:
        if node ^ 1 <= last:
            yield level, node ^ 1
        node, last, level = node >> 1, last >> 1, level + 1


def inclusion_path(leaves: Sequence[bytes], index: int, size: int | None = None) -> list[bytes]:
    """Inclusion path of leaf ``index`` in the tree over the first ``size`` (default all) hashes; O(size)."""
    size = len(leaves) if size is None else size
    _check_prefix(leaves, size)
    tree = levels(leaves[:size])
    return [tree[level][n] for level, n in path_nodes(index, size)]


def consistency_path(leaves: Sequence[bytes], old_size: int, size: int | None = None) -> list[bytes]:
    """Consistency proof from ``old_size`` to ``size`` (default all) of these leaf hashes; O(size)."""
    size = len(leaves) if size is None else size
    _check_prefix(leaves, size)
    tree = levels(leaves[:size])
    return [tree[level][n] for level, n in consistency_nodes(old_size, size)]


def _check_prefix(leaves: Sequence[bytes], size: int) -> None:
    if not 0 <= size <= len(leaves):
        raise ProofError(f"a tree of {size} leaves was asked of {len(leaves)}")


def _check_hashes(*hashes: bytes) -> None:
    # Without this an empty "hash" could pass as one (four such cases stand in the transparency-dev test
    # data).
    for value in hashes:
        if len(value) != HASH_SIZE:
            raise ProofError(f"a hash has {len(value)} bytes, not {HASH_SIZE}")


def _check_indices(indices: Iterable[int], size: int) -> None:
    for index in indices:
        if not 0 <= index < size:
            raise ProofError(f"index {index} is not inside a tree of {size} leaves")


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that this path leads to (RFC 9162 2.1.3.2); proves nothing until compared with a trusted one.

    Raises ProofError when index, size and length of the path do not fit each other, or a hash is not 32
    bytes.
    """
    if not 0 <= index < size:
        raise ProofError(f"index {index} is not inside a tree of {size} leaves")
    _check_hashes(leaf, *path)
    node, last, value = index, size - 1, leaf
    for sibling in path:
        if not last:
            raise ProofError("the path is longer than the tree is high")
        if node & 1 or node == last:
            value = sha256(b"\x01" + sibling + value).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            value = sha256(b"\x01" + value + sibling).digest()
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("the path ends below the root")
    return value


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], trusted_root: bytes) -> None:
    """Return only if leaf hash ``leaf`` stands at ``index`` of (size, trusted_root); else ProofError."""
    _check_hashes(trusted_root)
    if root_from_inclusion(leaf, index, size, path) != trusted_root:
        raise ProofError("the inclusion path leads to another root")


def verify_consistency(
    old_size: int, old_root: bytes, size: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Return only if the tree (size, new_root) begins with the tree (old_size, old_root); else ProofError.

    RFC 9162 section 2.1.4.2. An old size of 0 is refused: every tree continues the empty one, so it proves
    nothing.
    """
    if not 0 < old_size <= size:
        raise ProofError(f"no consistency proof from size {old_size} to size {size}")
    _check_hashes(old_root, new_root, *path)
    if old_size == size:
        if path or old_root != new_root:
            raise ProofError("two trees of one size differ, or come with a proof that they do not need")
        return
    if _roots_from_consistency(old_size, old_root, size, path) != (old_root, new_root):
        raise ProofError("the new tree does not continue the old one")


def _roots_from_consistency(
    old_size: int, old_root: bytes, size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """The two roots that the proof leads to, for 0 < old_size < size."""
    if not path:
        raise ProofError("the consistency proof is empty")
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    steps = iter(path)
    old = new = next(steps) if node else old_root
    for sibling in steps:
        if not last:
            raise ProofError("the consistency proof is too long")
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("the consistency proof is too short")
    return old, new


class Frontier:
    """The right edge of a tree: hashes of its complete subtrees, largest first, one per set bit of the size.

    All that is needed to go on appending, and to know the root. ``append`` changes this object, like a list.
    """

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.hashes = list(hashes)
        if size < 0 or len(self.hashes) != size.bit_count():
            raise ValueError(f"{len(self.hashes)} hashes are no frontier of {size} leaves")
        _check_hashes(*self.hashes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at index ``size``."""
        hashes, merges = self.hashes, self.size
        while merges & 1:
            leaf = sha256(b"\x01" + hashes.pop() + leaf).digest()
            merges >>= 1
        hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Root of the tree; SHA-256 of nothing when it is empty."""
        if not self.hashes:
            return EMPTY_ROOT
        value = self.hashes[-1]
        for left in self.hashes[-2::-1]:
            value = sha256(b"\x01" + left + value).digest()
        return value

    def to_bytes(self) -> bytes:
        """The hashes, concatenated; the size is kept beside them and tells how many there are."""
        return b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> "Frontier":
        """Read what ``to_bytes`` wrote; ValueError when the length does not fit the size."""
        return cls(size, [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frontier) and (self.size, self.hashes) == (other.size, other.hashes)

    __hash__ = None  # type: ignore[assignment]  # mutable, so never a key

    def __repr__(self) -> str:
        return f"Frontier({self.size}, root {self.root().hex()[:16]})"


class Extension:
    """What new leaves make of a tree of which only the frontier is known: new root, frontier, proofs.

    Costs one node hash per new leaf (and a few for the edge) and no read. ``old`` is left as it was. For
    each level the nodes from the first one that covers a new leaf up to the last one are kept; where that
    first node is a right child, its left sibling is a complete subtree of the old tree and stands in the
    old frontier.
    """

    __slots__ = ("_rows", "_starts", "first", "leaves", "size")

    def __init__(self, old: Frontier, leaves: Sequence[bytes]) -> None:
        self.first = old.size
        self.size = old.size + len(leaves)
        self.leaves = leaves
        self._rows: Levels = []
        self._starts: list[int] = []
        edge = list(old.hashes)  # the smallest subtree is last: pop() as the levels rise
        row, start, last = list(leaves), old.size, self.size - 1
        for level in range(max(last, 0).bit_length() + 1):
            if old.size >> level & 1:
                row.insert(0, edge.pop())
                start -= 1
            self._rows.append(row)
            self._starts.append(start)
            row, start = _parents(row), start >> 1

    def node(self, level: int, n: int) -> bytes:
        """Hash of node (level, n) of the new tree; LookupError when it covers only old leaves."""
        at = n - self._starts[level]
        if at < 0:
            raise LookupError(f"node {level}/{n} covers only leaves older than this extension")
        return self._rows[level][at]

    def root(self) -> bytes:
        """Root of the new tree."""
        return self._rows[-1][0] if self.size else EMPTY_ROOT

    def frontier(self) -> Frontier:
        """Frontier of the new tree."""
        bits = range(self.size.bit_length() - 1, -1, -1)
        return Frontier(self.size, [self.node(k, (self.size >> k) - 1) for k in bits if self.size >> k & 1])

    def leaf(self, index: int) -> bytes:
        """The new leaf hash at log index ``index`` (``first <= index < size``)."""
        if not self.first <= index < self.size:
            raise LookupError(f"leaf {index} is not one of the new leaves [{self.first}, {self.size})")
        return self.leaves[index - self.first]

    def proof(self, index: int) -> list[bytes]:
        """Inclusion path of a *new* leaf at the new size."""
        self.leaf(index)
        return [self._rows[level][n - self._starts[level]] for level, n in path_nodes(index, self.size)]

    def nodes(self, indices: Iterable[int]) -> dict[Node, bytes]:
        """The hashes with which one who has the leaf hashes at ``indices`` (new ones) builds their paths.

        Shared, and without what follows from the leaves themselves: about 2 * log2(size) hashes for a run of
        leaves, however long. See ``fill_nodes`` for what the receiver does with them.
        """
        return {(level, n): self.node(level, n) for level, n in shared_nodes(indices, self.size)}


def shared_nodes(indices: Iterable[int], size: int) -> list[Node]:
    """The nodes that ``fill_nodes`` needs beside the leaves at ``indices`` in a tree of ``size`` leaves."""
    known = set(indices)
    _check_indices(known, size)
    needed: list[Node] = []
    last, level = size - 1, 0
    while known and last > 0:
        needed += [(level, n ^ 1) for n in known if n ^ 1 not in known and n ^ 1 <= last]
        known = {n >> 1 for n in known}
        last, level = last >> 1, level + 1
    return needed


def fill_nodes(leaves: Mapping[int, bytes], size: int, nodes: Mapping[Node, bytes]) -> dict[Node, bytes]:
    """The receiver's side of ``Extension.nodes``: all nodes above ``leaves`` (index -> own leaf hash).

    Algorithm, for a client in any language: put each own leaf hash at (0, index); then, level by level,
    take each known node n: its sibling is n ^ 1 (known, or given); node n >> 1 of the next level is the
    hash of the even one and the odd one, or the node itself where n is the last node of its level and even
    (no sibling). The top node, ``(size - 1).bit_length()`` levels up, is the root: compare it with the
    checkpoint and *every* leaf is proven at its index at once; single paths for keeping come from
    ``path_from_nodes``. A given node never replaces a computed one. Raises ProofError when a needed node
    was not given.
    """
    _check_indices(leaves, size)
    _check_hashes(*leaves.values(), *nodes.values())
    filled = dict(nodes)
    known = dict(leaves)
    last, level = size - 1, 0
    while known:
        filled.update({(level, n): value for n, value in known.items()})
        if last <= 0:
            break
        above: dict[int, bytes] = {}
        for n, value in known.items():
            if n ^ 1 > last:
                above[n >> 1] = value
            elif n >> 1 not in above:
                try:
                    above[n >> 1] = node_hash(filled[level, n & ~1], filled[level, n | 1])
                except KeyError:
                    raise ProofError(f"node {level}/{n ^ 1} is missing") from None
        known, last, level = above, last >> 1, level + 1
    return filled


def path_from_nodes(index: int, size: int, nodes: Mapping[Node, bytes]) -> list[bytes]:
    """Inclusion path of ``index`` out of what ``fill_nodes`` returned; ProofError when a node is missing."""
    try:
        return [nodes[node] for node in path_nodes(index, size)]
    except KeyError as missing:
        raise ProofError(
            f"node {missing.args[0]} is missing: complete the nodes with fill_nodes first"
        ) from None
