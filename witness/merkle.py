"""What a witness must know of RFC 6962 trees: whether a larger one begins with a smaller one."""

from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def continues(old_size: int, old_root: bytes, size: int, root: bytes, proof: list[bytes]) -> bool:
    """Whether ``proof`` (32-byte hashes) shows that tree (size, root) begins with tree (old_size, old_root).

    RFC 6962 section 2.1.2, ``PROOF(old_size, D[size])``; nothing precedes the empty tree and nothing need be
    proven of equal trees, so both take an empty proof only.
    """
    if old_size == 0:
        return not proof
    if old_size == size:
        return not proof and old_root == root
    rest = list(proof)
    try:
        built = _rebuild(old_size, size, old_root, rest, whole=True)
    except IndexError:
        return False
    return not rest and built == (old_root, root)


def _rebuild(old: int, size: int, old_root: bytes, proof: list[bytes], *, whole: bool) -> tuple[bytes, bytes]:
    """Roots (old, new) of this subtree, of which ``old`` leaves were there; eats ``proof`` from its end.

    The RFC's recursion run backwards: SUBPROOF appends the sibling last, so it stands last. ``whole`` says
    that the old tree's root is the root of this subtree's old part, which the proof then leaves out.
    """
    if old == size:
        value = old_root if whole else proof.pop()
        return value, value
    split = 1 << (size - 1).bit_length() - 1
    sibling = proof.pop()
    if old <= split:
        before, after = _rebuild(old, split, old_root, proof, whole=whole)
        return before, _node(after, sibling)
    before, after = _rebuild(old - split, size - split, old_root, proof, whole=False)
    return _node(sibling, before), _node(sibling, after)
