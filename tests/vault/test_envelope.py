"""Envelope encryption: what is sealed opens in its own place and nowhere else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc.vault.envelope import DataKey, DataKeys, SealError, field_aad, unwrap
from recordsvc.vault.keyfolder import create_keys, open_keys
from recordsvc.vault.keystore import KeyRing

ANN, BOB = b"a" * 16, b"b" * 16
ROW = b"r" * 16
PLACE = ("card", "number", ANN, ROW, 1)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    folder: Path = tmp_path_factory.mktemp("vault") / "keys"
    create_keys(folder)
    return open_keys(folder)


@pytest.fixture
def ann(keys: KeyRing) -> DataKey:
    return DataKeys(keys).new(ANN)[1]


@given(plaintext=st.binary(max_size=300), aad=st.binary(max_size=80))
def test_what_is_sealed_opens(plaintext: bytes, aad: bytes):
    key = DataKey(b"kkkk", b"s" * 32, lambda size: b"n" * size)
    sealed = key.seal(plaintext, aad)
    assert len(sealed) == len(plaintext) + 34
    assert key.open(sealed, aad) == plaintext


def test_the_same_text_is_sealed_differently_each_time(ann: DataKey):
    assert len({ann.seal(b"text", b"") for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "place",
    [
        ("card", "number", BOB, ROW, 1),
        ("card", "number", ANN, b"s" * 16, 1),
        ("card", "chip", ANN, ROW, 1),
        ("name", "number", ANN, ROW, 1),
        ("card", "number", ANN, ROW, 2),
        ("cardn", "umber", ANN, ROW, 1),
    ],
    ids=["worker", "row", "column", "table", "version", "same letters, cut elsewhere"],
)
def test_a_value_moved_elsewhere_does_not_open(ann: DataKey, place: tuple):
    sealed = ann.seal(b"value", field_aad(*PLACE))
    assert ann.open(sealed, field_aad(*PLACE)) == b"value"
    with pytest.raises(SealError):
        ann.open(sealed, field_aad(*place))


def test_a_value_of_one_worker_does_not_open_under_another_workers_key(keys: KeyRing, ann: DataKey):
    sealed = ann.seal(b"value", b"")
    bob = DataKeys(keys).new(BOB)[1]
    with pytest.raises(SealError, match=f"is under key {ann.key_id.hex()}"):
        bob.open(sealed, b"")


def test_a_forged_key_id_does_not_help(keys: KeyRing, ann: DataKey):
    bob = DataKeys(keys).new(BOB)[1]
    sealed = ann.seal(b"value", b"")
    with pytest.raises(SealError):
        bob.open(sealed[:2] + bob.key_id + sealed[6:], b"")


def test_every_byte_counts(ann: DataKey):
    sealed = ann.seal(b"value", b"place")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealError):
            ann.open(bytes(changed), b"place")


def test_every_cut_is_refused(ann: DataKey):
    sealed = ann.seal(b"value", b"place")
    for length in range(len(sealed)):
        with pytest.raises(SealError):
            ann.open(sealed[:length], b"place")


def test_a_wrapped_key_belongs_to_its_worker(keys: KeyRing):
    wrapped, ready = DataKeys(keys).new(ANN)
    sealed = ready.seal(b"value", b"")
    assert unwrap(keys, ANN, wrapped).open(sealed, b"") == b"value"
    with pytest.raises(SealError, match="another owner"):
        unwrap(keys, BOB, wrapped)
    with pytest.raises(SealError, match="another owner"):
        unwrap(keys, ANN, wrapped, "holding")


def test_every_byte_of_a_wrapped_key_counts(keys: KeyRing):
    wrapped, _ = DataKeys(keys).new(ANN)
    for position in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[position] ^= 1
        with pytest.raises(SealError):
            unwrap(keys, ANN, bytes(changed))


def test_a_key_met_twice_in_a_batch_is_unwrapped_once(keys: KeyRing):
    wrapped, _ = DataKeys(keys).new(ANN)
    batch = DataKeys(keys)
    assert batch.get(ANN, wrapped) is batch.get(ANN, wrapped)
    with pytest.raises(SealError):
        batch.get(BOB, wrapped)


def test_a_key_made_in_a_batch_is_at_hand_in_it(keys: KeyRing):
    batch = DataKeys(keys)
    wrapped, ready = batch.new(ANN)
    assert batch.get(ANN, wrapped) is ready


def test_held_records_have_keys_of_their_own_master(keys: KeyRing):
    held = DataKeys(keys)
    wrapped, ready = held.new(ROW, "holding")
    assert unwrap(keys, ROW, wrapped, "holding").open(ready.seal(b"held", b""), b"") == b"held"


def test_the_key_does_not_show_itself(keys: KeyRing):
    key = DataKey(b"kkkk", b"secret" * 5 + b"ss", lambda size: b"n" * size)
    assert "secret" not in repr(key)
