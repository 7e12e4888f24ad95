"""Many inclusion proofs under one root, each node hashed once.

Entries of one worker share the upper part of their paths. Once a node has been proven, a later path that
reaches it with the same hash is proven too, provided that the rest of that path is, text for text, what was
proven before: nothing in a file is passed over unread.
"""

from binascii import a2b_base64
from hashlib import sha256


class InclusionProver:
    """Proves entries of the tree (size, root). The arithmetic is that of `tree.path_nodes`."""

    def __init__(self, size: int, root: bytes) -> None:
        self._size = size
        self._root = root
        self._known: dict[int, tuple[bytes, list[str], int]] = {}  # node: hash, path, steps below it

    def proves(self, leaf: bytes, index: int, path: list[str]) -> bool:
        """Whether leaf hash `leaf` stands at `index`; `path`: well-formed base64 hashes, from the leaf up."""
        if not 0 <= index < self._size:
            return False
        node, last, level, used, value = index, self._size - 1, 0, 0, leaf
        climbed: list[tuple[int, bytes, int]] = []
        while last:
            place = node << 6 | level
            known = self._known.get(place)
            if known is not None:
                if known[0] != value or known[1][known[2] :] != path[used:]:
                    return False
                break
            climbed.append((place, value, used))
            if node ^ 1 <= last:
                if used == len(path):
                    return False
                sibling = a2b_base64(path[used])
                if len(sibling) != 32:
                    return False
                pair = sibling + value if node & 1 else value + sibling
                value = sha256(b"\x01" + pair).digest()
                used += 1
            node, last, level = node >> 1, last >> 1, level + 1
        else:
            if value != self._root or used != len(path):
                return False
        for place, proven, below in climbed:
            self._known[place] = (proven, path, below)
        return True
