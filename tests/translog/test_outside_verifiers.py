"""Other people's code on our output: scitt-cose (RFC 9162 proofs, RFC 9942 receipts) and sigstore-python.

sigstore's functions are private to it; they are used because they are independent, not because they are an
interface.
"""

from types import SimpleNamespace

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from recordsvc.translog.checkpoint import Checkpoint, add_cosignatures
from recordsvc.translog.note import SignatureType, Signer
from recordsvc.translog.tree import consistency_path, inclusion_path, leaf_hash, root

merkle = pytest.importorskip("scitt_cose.merkle")
sigstore_merkle = pytest.importorskip("sigstore._internal.merkle")
sigstore_checkpoint = pytest.importorskip("sigstore._internal.rekor.checkpoint")
sigstore_errors = pytest.importorskip("sigstore.errors")

pytestmark = pytest.mark.interop

ENTRIES = [b"\x01" + bytes([i % 256, i // 256]) * 16 for i in range(400)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
LOG = Signer.from_seed("log.example/records", b"l" * 32)
WITNESS = Signer.from_seed("witness.example/w1", b"w" * 32, SignatureType.COSIGNATURE)


def hexes(values: list[bytes]) -> list[str]:
    return [value.hex() for value in values]


@given(st.integers(1, 120), st.data())
def test_scitt_accepts_our_inclusion_proofs_and_makes_the_same(size: int, data: st.DataObject):
    index = data.draw(st.integers(0, size - 1))
    path, tree_root = hexes(inclusion_path(LEAVES, index, size)), root(LEAVES[:size]).hex()
    entry, other = ENTRIES[index].hex(), ENTRIES[index + 1].hex()

    assert merkle.merkle_root(hexes(ENTRIES[:size])) == tree_root
    assert merkle.inclusion_proof(hexes(ENTRIES[:size]), index) == path
    assert merkle.verify_inclusion(entry, index, size, path, tree_root)
    assert not merkle.verify_inclusion(other, index, size, path, tree_root)


@given(st.integers(2, 120), st.data())
def test_scitt_accepts_our_consistency_proofs_and_makes_the_same(size: int, data: st.DataObject):
    old = data.draw(st.integers(1, size))
    path = hexes(consistency_path(LEAVES, old, size))
    old_root, new_root = root(LEAVES[:old]).hex(), root(LEAVES[:size]).hex()

    assert merkle.consistency_proof(hexes(ENTRIES[:size]), old, size) == path
    assert merkle.verify_consistency(old_root, new_root, old, size, path)
    if old < size:
        assert not merkle.verify_consistency(new_root, old_root, old, size, path)


def sigstore_entry(index: int, path: list[bytes], checkpoint: str, tree_root: bytes, size: int) -> object:
    """A transparency log entry as far as sigstore's functions look at it."""
    proof = SimpleNamespace(
        log_index=index,
        tree_size=size,
        hashes=path,
        root_hash=tree_root,
        checkpoint=SimpleNamespace(envelope=checkpoint),
    )
    return SimpleNamespace(
        _inner=SimpleNamespace(
            inclusion_proof=proof,
            canonicalized_body=ENTRIES[index],
            log_id=SimpleNamespace(key_id=LOG.key.key_id),
        )
    )


class Keyring:
    """Our log's key, the way sigstore asks for it."""

    def verify(self, *, key_id: bytes, signature: bytes, data: bytes) -> None:
        assert key_id == LOG.key.key_id
        try:
            Ed25519PublicKey.from_public_bytes(LOG.key.public).verify(signature, data)
        except InvalidSignature:
            raise sigstore_errors.VerificationError("signature") from None


@settings(max_examples=60)
@given(st.integers(1, 399), st.data())
def test_sigstore_accepts_our_proofs_and_checkpoints(size: int, data: st.DataObject):
    index = data.draw(st.integers(0, size - 1))
    tree_root, path = root(LEAVES[:size]), inclusion_path(LEAVES, index, size)
    ours = Checkpoint(LOG.key.name, size, tree_root)
    note = add_cosignatures(
        ours.sign(LOG.key.public, LOG.sign_bytes), [WITNESS.sign(ours.text(), 1_700_000_000).line()]
    )

    good = sigstore_entry(index, path, note, tree_root, size)
    sigstore_merkle.verify_merkle_inclusion(good)
    sigstore_checkpoint.verify_checkpoint(Keyring(), good)
    parsed = sigstore_checkpoint.SignedCheckpoint.from_text(note).checkpoint
    assert (parsed.origin, parsed.log_size, parsed.log_hash) == (LOG.key.name, size, tree_root.hex())

    with pytest.raises(sigstore_errors.VerificationError):
        sigstore_merkle.verify_merkle_inclusion(sigstore_entry(index, path, note, bytes(32), size))
    forged = note.replace(f"\n{size}\n", f"\n{size + 1}\n")
    with pytest.raises(sigstore_errors.VerificationError):
        sigstore_checkpoint.verify_checkpoint(Keyring(), sigstore_entry(index, path, forged, tree_root, size))
