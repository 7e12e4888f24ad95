"""Checkpoints: strict text, the log's own signature, witnesses counted honestly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc.translog.checkpoint import (
    MAX_SIZE,
    Checkpoint,
    CheckpointError,
    add_cosignatures,
    open_checkpoint,
)
from recordsvc.translog.note import NoteError, NoteKey, Signature, SignatureType, Signer, sign_note
from recordsvc.translog.tree import EMPTY_ROOT
from tests.translog import vectors

ORIGIN = "log.example/records"
LOG = Signer.from_seed(ORIGIN, b"l" * 32)
W1, W2, W3 = (
    Signer.from_seed(f"witness.example/w{i}", bytes([i]) * 32, SignatureType.COSIGNATURE) for i in (1, 2, 3)
)
ROOT = b"r" * 32
CHECKPOINT = Checkpoint(ORIGIN, 8, ROOT)


def signed(*witnesses: Signer, checkpoint: Checkpoint = CHECKPOINT, at: int = 1_700_000_000) -> str:
    note = checkpoint.sign(LOG.key.public, LOG.sign_bytes)
    return add_cosignatures(note, [witness.sign(checkpoint.text(), at).line() for witness in witnesses])


@pytest.mark.parametrize("size", sorted(vectors.WITNESSED_SIZES))
def test_published_checkpoints_verify(size: int):
    key = NoteKey(vectors.WITNESSED_ORIGIN, SignatureType.ED25519, vectors.WITNESSED_PUBLIC)
    opened = open_checkpoint(vectors.witnessed_note(size), key)

    assert key.key_id.hex() == vectors.WITNESSED_KEY_ID
    assert (opened.checkpoint.origin, opened.checkpoint.size) == (vectors.WITNESSED_ORIGIN, size)


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40),
    st.integers(1, MAX_SIZE),
    st.binary(min_size=32, max_size=32),
)
def test_the_text_is_read_back(origin: str, size: int, root: bytes):
    checkpoint = Checkpoint(origin, size, root)

    assert Checkpoint.parse(checkpoint.text()) == checkpoint
    assert checkpoint.text().count("\n") == 3


R = "cnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        f"o\n8\n{R}",
        f"\n8\n{R}\n",
        f"o\n08\n{R}\n",
        f"o\n+8\n{R}\n",
        f"o\n-1\n{R}\n",
        f"o\n8.0\n{R}\n",
        f"o\n 8\n{R}\n",
        f"o\n٨\n{R}\n",
        f"o\n{2**63}\n{R}\n",
        f"o\n0\n{R}\n",
        "o\n8\n\n",
        f"o\n8\n{R[:-1]}\n",
        f"o\n8\n{R[:-2]}J=\n",
        "o\n8\ncnJy\n",
        f"o\n8\n{R}\nextension\n",
        f"o\n8\n{R}\n\n",
        f"o\n8\n{R}\n{R}\n",
    ],
)
def test_other_spellings_are_no_checkpoint(text: str):
    with pytest.raises(CheckpointError):
        Checkpoint.parse(text)


def test_the_empty_tree_has_one_root():
    assert Checkpoint.parse(Checkpoint(ORIGIN, 0, EMPTY_ROOT).text()).root == EMPTY_ROOT
    with pytest.raises(CheckpointError, match="empty tree"):
        Checkpoint(ORIGIN, 0, ROOT)


def test_a_signed_checkpoint_opens():
    opened = open_checkpoint(signed(W1, W2), LOG.key.vkey(), [W1.key.vkey(), W2.key.vkey()], 2)

    assert opened.checkpoint == CHECKPOINT
    assert opened.cosigned == {W1.key.name: 1_700_000_000, W2.key.name: 1_700_000_000}


def test_an_extension_line_is_refused_although_signed():
    text = CHECKPOINT.text() + "extension\n"

    with pytest.raises(CheckpointError, match="three lines"):
        open_checkpoint(sign_note(text, [LOG.sign(text)]), LOG.key)


def test_without_the_logs_signature_witnesses_prove_nothing():
    text = CHECKPOINT.text()
    note = sign_note(text, [W1.sign(text, 1), W2.sign(text, 1)])

    with pytest.raises(CheckpointError, match="log's own signature"):
        open_checkpoint(note, LOG.key, [W1.key, W2.key], 1)


def test_a_checkpoint_signed_by_another_log_is_refused():
    """Its key is not the one asked for, or it signed under a foreign origin."""
    other = Signer.from_seed("other.example", b"o" * 32)
    text = CHECKPOINT.text()

    with pytest.raises(NoteError, match="no known key"):
        open_checkpoint(sign_note(text, [other.sign(text)]), LOG.key)
    with pytest.raises(CheckpointError, match="another log"):
        open_checkpoint(sign_note(text, [other.sign(text)]), other.key)


@pytest.mark.parametrize("quorum", [1, 2, 3])
def test_a_quorum_counts_only_known_witnesses_that_signed(quorum: int):
    witnesses = [W1.key, W2.key, W3.key]
    names = [signer.key.name for signer in (W1, W2, W3)[: quorum - 1]]
    short = signed(*(W1, W2, W3)[: quorum - 1])
    enough = signed(*(W1, W2, W3)[:quorum])

    assert list(open_checkpoint(short, LOG.key, witnesses, quorum - 1).cosigned) == names
    with pytest.raises(CheckpointError, match=f"{quorum} are required"):
        open_checkpoint(short, LOG.key, witnesses, quorum)
    assert len(open_checkpoint(enough, LOG.key, witnesses, quorum).cosigned) == quorum
    with pytest.raises(CheckpointError, match="cannot be met"):
        open_checkpoint(enough, LOG.key, witnesses[: quorum - 1], quorum)


def test_a_witness_that_signs_twice_counts_once():
    note = add_cosignatures(signed(W1), [W1.sign(CHECKPOINT.text(), 1_700_000_009).line()])

    assert open_checkpoint(note, LOG.key, [W1.key, W2.key], 1).cosigned == {W1.key.name: 1_700_000_009}
    with pytest.raises(CheckpointError, match="2 are required"):
        open_checkpoint(note, LOG.key, [W1.key, W2.key], 2)


def test_one_public_key_under_two_names_is_one_witness():
    alias = Signer.from_seed("witness.example/alias", bytes([1]) * 32, SignatureType.COSIGNATURE)
    with pytest.raises(CheckpointError, match="of their own"):
        open_checkpoint(signed(W1, alias), LOG.key, [W1.key, alias.key], 2)


def test_the_log_cannot_be_its_own_witness():
    self_witness = Signer.from_seed(ORIGIN, b"l" * 32, SignatureType.COSIGNATURE)

    with pytest.raises(CheckpointError, match="of their own"):
        open_checkpoint(signed(self_witness), LOG.key, [self_witness.key], 1)


def test_a_cosignature_over_another_checkpoint_does_not_count():
    """The line is genuine, the checkpoint is not the one it was made for: the whole note is refused."""
    other = Checkpoint(ORIGIN, 9, ROOT)
    note = add_cosignatures(signed(), [W1.sign(other.text(), 1).line()])

    with pytest.raises(NoteError, match="does not hold"):
        open_checkpoint(note, LOG.key, [W1.key], 1)


def test_keys_are_taken_for_what_they_are():
    with pytest.raises(CheckpointError, match="type 0x04"):
        open_checkpoint(signed(W1), W1.key)
    with pytest.raises(CheckpointError, match="type 0x01"):
        open_checkpoint(signed(W1), LOG.key, [NoteKey(W1.key.name, SignatureType.ED25519, W1.key.public)])


def test_cosignature_lines_are_checked_for_shape_when_they_are_added():
    with pytest.raises(NoteError):
        add_cosignatures(signed(), ["not a signature line"])
    line = Signature("w.example", bytes(4), bytes(72)).line()
    assert add_cosignatures(signed(), [line.rstrip("\n")]) == signed() + line
