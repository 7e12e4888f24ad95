"""The tree as RFC 6962 section 2.1 writes it down, recursively: slow, obvious, the model for everything else.

Also the subtrees of draft-ietf-plants-merkle-tree-certs, whose accumulated test vectors cover the whole
algorithm.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256


def split(size: int) -> int:
    """Largest power of two smaller than size (>= 2)."""
    k = 1
    while 2 * k < size:
        k *= 2
    return k


def mth(hashes: Sequence[bytes]) -> bytes:
    """MTH(D[n])."""
    return _mth(tuple(hashes))


@lru_cache(maxsize=100_000)  # the recursion asks for the same subtrees over and over
def _mth(hashes: tuple[bytes, ...]) -> bytes:
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = split(len(hashes))
    return sha256(b"\x01" + _mth(hashes[:k]) + _mth(hashes[k:])).digest()


def path(m: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(hashes) == 1:
        return []
    k = split(len(hashes))
    if m < k:
        return [*path(m, hashes[:k]), mth(hashes[k:])]
    return [*path(m - k, hashes[k:]), mth(hashes[:k])]


def proof(m: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D[n])."""
    return subproof(0, m, hashes, known=True)


def subproof(start: int, end: int, hashes: Sequence[bytes], *, known: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) for start = 0; the draft's SUBTREE_SUBPROOF(start, end, D[n], b) in general."""
    size = len(hashes)
    if (start, end) == (0, size):
        return [] if known else [mth(hashes)]
    k = split(size)
    if end <= k:
        return [*subproof(start, end, hashes[:k], known=known), mth(hashes[k:])]
    if start >= k:
        return [*subproof(start - k, end - k, hashes[k:], known=known), mth(hashes[:k])]
    return [*subproof(0, end - k, hashes[k:], known=False), mth(hashes[:k])]


def is_subtree(start: int, end: int) -> bool:
    """Whether [start, end) is a subtree: its length, rounded up to a power of two, divides its start."""
    if start in (0, end):
        return True
    length = 1
    while length < end - start:
        length *= 2
    return start % length == 0


def subtree_consistency(start: int, end: int, hashes: Sequence[bytes]) -> list[bytes]:
    return [] if start == end else subproof(start, end, hashes, known=True)
