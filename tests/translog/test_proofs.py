"""Proof files: the deterministic vector, strict reading, and what must be checked against what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc.translog.checkpoint import Checkpoint, CheckpointError, add_cosignatures
from recordsvc.translog.note import NoteError, SignatureType, Signer
from recordsvc.translog.proofs import LogProof
from recordsvc.translog.tree import ProofError, inclusion_path, leaf_hash, root
from tests.translog.vectors import LEAVES, PROOF_FILE, PROOF_LOG, PROOF_TIME, PROOF_WITNESS

LOG = Signer.from_seed("example.com/trainproof/test", bytes(range(32)))
WITNESS = Signer.from_seed("witness.example/w1", bytes(range(32, 64)), SignatureType.COSIGNATURE)


def checkpoint(leaves: list[bytes], at: int = PROOF_TIME) -> str:
    tree = Checkpoint(LOG.key.name, len(leaves), root(leaves))
    return add_cosignatures(tree.sign(LOG.key.public, LOG.sign_bytes), [WITNESS.sign(tree.text(), at).line()])


def test_the_deterministic_proof_is_made_again_byte_for_byte():
    proof = LogProof.make(5, inclusion_path(LEAVES, 5), checkpoint(LEAVES))

    assert str(proof) == PROOF_FILE
    assert LOG.key.vkey() == PROOF_LOG
    assert WITNESS.key.vkey() == PROOF_WITNESS


def test_the_deterministic_proof_verifies():
    opened = LogProof.parse(PROOF_FILE).verify(LEAVES[5], PROOF_LOG, [PROOF_WITNESS], 1)

    assert opened.checkpoint == Checkpoint(LOG.key.name, 8, root(LEAVES))
    assert opened.cosigned == {"witness.example/w1": PROOF_TIME}


def test_any_changed_byte_of_the_deterministic_proof_is_seen():
    data = PROOF_FILE.encode()
    for at in range(len(data)):
        for mask in (0x01, 0x20):
            changed = data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
            with pytest.raises((ProofError, NoteError)):
                LogProof.parse(changed).verify(LEAVES[5], PROOF_LOG, [PROOF_WITNESS], 1)


def test_any_missing_line_is_seen():
    lines = PROOF_FILE.splitlines(keepends=True)
    for at in range(len(lines)):
        with pytest.raises((ProofError, NoteError)):
            LogProof.parse("".join(lines[:at] + lines[at + 1 :])).verify(
                LEAVES[5], PROOF_LOG, [PROOF_WITNESS], 1
            )


def test_another_leaf_is_refused():
    proof = LogProof.parse(PROOF_FILE)
    for at, leaf in enumerate(LEAVES):
        if at != 5:
            with pytest.raises(ProofError, match="another root"):
                proof.verify(leaf, PROOF_LOG)


def test_a_proof_without_a_checkpoint_proves_nothing():
    """sigstore-python issue 248: inclusion in a tree that nobody signed."""
    bare = PROOF_FILE[: PROOF_FILE.index("\n\n") + 2]
    for data in (bare, bare[:-1], bare + "\n"):
        with pytest.raises((ProofError, NoteError)):
            LogProof.parse(data).verify(LEAVES[5], PROOF_LOG)


def test_the_path_must_lead_to_the_root_in_this_checkpoint():
    """rekor issue 1092: a right path and a rightly signed checkpoint, of different trees."""
    other = [*LEAVES[:7], leaf_hash(b"other")]
    for leaves in (other, LEAVES[:7], [*LEAVES, leaf_hash(b"ninth")]):
        mixed = LogProof.make(5, inclusion_path(LEAVES, 5), checkpoint(leaves))
        with pytest.raises(ProofError):
            mixed.verify(LEAVES[5], PROOF_LOG, [PROOF_WITNESS], 1)


def test_the_size_is_the_checkpoints():
    """A path that fits another size is not helped by the same root."""
    path = inclusion_path(LEAVES[:4], 1)
    with pytest.raises(ProofError):
        LogProof.make(1, path, checkpoint(LEAVES)).verify(LEAVES[1], PROOF_LOG)
    with pytest.raises(ProofError, match="not inside"):
        LogProof.make(9, path, checkpoint(LEAVES)).verify(LEAVES[1], PROOF_LOG)


def test_a_missing_quorum_is_refused():
    other = Signer.from_seed("witness.example/w2", bytes(32), SignatureType.COSIGNATURE)
    with pytest.raises(CheckpointError, match="1 are required"):
        LogProof.parse(PROOF_FILE).verify(LEAVES[5], PROOF_LOG, [other.key], 1)


@given(
    st.integers(0, 2**62),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.one_of(st.none(), st.binary(max_size=200)),
)
def test_proof_files_are_read_back(index: int, path: list[bytes], extra: bytes | None):
    proof = LogProof.make(index, path, checkpoint(LEAVES), extra)

    assert LogProof.parse(str(proof)) == proof
    assert LogProof.parse(str(proof).encode()) == proof


def test_extra_is_carried_and_not_authenticated():
    plain = LogProof.parse(PROOF_FILE)
    for extra in (b"", b"leaf and opening"):
        proof = LogProof.parse(str(LogProof.make(5, plain.path, plain.checkpoint, extra)))
        assert proof.extra == extra
        assert proof.verify(LEAVES[5], PROOF_LOG).checkpoint.size == 8


H = "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms="


@pytest.mark.parametrize(
    "head",
    [
        "",
        "index 5",
        "c2sp.org/tlog-proof@v2\nindex 5",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v1 \nindex 5",
        "c2sp.org/tlog-proof@v1\r\nindex 5",
        "c2sp.org/tlog-proof@v1\nindex 05",
        "c2sp.org/tlog-proof@v1\nindex -5",
        "c2sp.org/tlog-proof@v1\nindex  5",
        "c2sp.org/tlog-proof@v1\nindex 5 ",
        "c2sp.org/tlog-proof@v1\nindex ٥",
        "c2sp.org/tlog-proof@v1\nindex 9223372036854775807",
        "c2sp.org/tlog-proof@v1\nindex",
        "c2sp.org/tlog-proof@v1\nindex 5\nindex 5",
        "c2sp.org/tlog-proof@v1\nindex 5\nextra AAAA",
        "c2sp.org/tlog-proof@v1\nextra AAAA",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 5",
        "c2sp.org/tlog-proof@v1\nextra AAA\nindex 5",
        "c2sp.org/tlog-proof@v1\nextra AAB=\nindex 5",
        "c2sp.org/tlog-proof@v1\nextra\nindex 5",
        f"c2sp.org/tlog-proof@v1\nindex 5\n{H[:-1]}",
        f"c2sp.org/tlog-proof@v1\nindex 5\n{H} ",
        "c2sp.org/tlog-proof@v1\nindex 5\nAAAA",
        "c2sp.org/tlog-proof@v1\nindex 5\n" + "\n".join([H] * 64),
    ],
)
def test_other_spellings_are_no_proof(head: str):
    with pytest.raises(ProofError):
        LogProof.parse(f"{head}\n\n{checkpoint(LEAVES)}")


def test_a_proof_is_utf_8_and_bounded():
    with pytest.raises(ProofError, match="UTF-8"):
        LogProof.parse(b"\xff" + PROOF_FILE.encode())
    with pytest.raises(ProofError, match="UTF-8"):
        LogProof.parse("\ud800")
    with pytest.raises(ProofError, match="larger"):
        LogProof.parse(PROOF_FILE + "x" * 400_000)
