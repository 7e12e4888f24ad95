"""Layouts: every field at its byte, against definitions written out here by hand."""

import hashlib
import hmac
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc.archive import formats
from recordsvc.archive.formats import (
    NO_TARGET,
    BatchEvidence,
    BatchPayload,
    FormatError,
    KeyAction,
    KeyEvent,
    KeyEventError,
    Kind,
    parse_evidence,
)
from recordsvc.archive.keyevents import KeyHistory
from recordsvc.ground.base64strict import b64u
from recordsvc.translog import tree
from recordsvc.vault.signers import PublicKey

ISSUER = "91640100MA00000001"
KEY = PublicKey("EdDSA", b"\x11" * 32)
hashes = st.binary(min_size=32, max_size=32)
u32s, u64s = st.integers(0, 2**32 - 2), st.integers(0, 2**64 - 1)


def sha(data):
    return hashlib.sha256(data).digest()


@given(hashes, st.binary(max_size=99), st.binary(max_size=99))
def test_commitment_by_hand(secret, record, evidence):
    ko = hmac.new(secret, b"open/v1", "sha256").digest()
    message = (
        b"rec/v1" + struct.pack(">I", len(record)) + record + struct.pack(">I", len(evidence)) + evidence
    )
    assert formats.open_key(secret) == ko
    assert formats.commitment(ko, record, evidence) == hmac.new(ko, message, "sha256").digest()


def test_commitment_separates_record_from_evidence():
    ko = bytes(32)
    assert formats.commitment(ko, b"ab", b"c") != formats.commitment(ko, b"a", b"bc")


@given(hashes, u32s, st.none() | u32s, hashes)
def test_place_by_hand(nonce, seq, target, prev):
    number = NO_TARGET if target is None else target
    assert formats.place(nonce, seq, target, prev) == sha(nonce + struct.pack(">II", seq, number) + prev)


@given(st.sampled_from(Kind), u64s, hashes, hashes)
def test_leaf_by_hand_and_back(kind, ms, committed, placed):
    leaf = formats.pack_leaf(kind, ms, committed, placed)
    assert leaf == bytes((1, kind)) + struct.pack(">Q", ms) + committed + placed
    assert len(leaf) == 74
    assert formats.unpack_leaf(leaf) == (kind, ms, committed, placed)
    assert formats.record_entry(leaf) == b"\x01" + sha(b"\x00" + leaf)
    assert formats.worker_leaf_hash(leaf) == tree.leaf_hash(leaf)
    assert formats.unpack_opening(formats.pack_opening(leaf, placed)) == (leaf, placed)


@pytest.mark.parametrize(
    "leaf",
    [b"", bytes(73), bytes(75), b"\x02\x01" + bytes(72), b"\x01\x00" + bytes(72), b"\x01\x09" + bytes(72)],
)
def test_leaves_that_are_none(leaf):
    with pytest.raises(FormatError):
        formats.unpack_leaf(leaf)


@pytest.mark.parametrize(
    "call",
    [
        lambda: formats.open_key(bytes(31)),
        lambda: formats.commitment(bytes(33), b"", b""),
        lambda: formats.place(bytes(31), 0, None, bytes(32)),
        lambda: formats.place(bytes(32), 0, NO_TARGET, bytes(32)),
        lambda: formats.place(bytes(32), NO_TARGET, None, bytes(32)),
        lambda: formats.place(bytes(32), -1, None, bytes(32)),
        lambda: formats.pack_leaf(1, 0, bytes(31), bytes(32)),
        lambda: formats.pack_opening(bytes(73), bytes(32)),
        lambda: formats.unpack_opening(bytes(105)),
        lambda: formats.service_statement(1, bytes(31)),
    ],
)
def test_wrong_lengths_are_never_hashed(call):
    with pytest.raises(FormatError):
        call()


def test_service_statement_by_hand():
    assert formats.service_statement(2, b"h" * 32) == b"\x04\x02" + b"h" * 32


def event(action=KeyAction.REGISTER, n=0, prev=bytes(32), **more):
    return KeyEvent(
        action, n, prev, more.pop("ms", 5), ISSUER, more.pop("kid", "k1"), more.pop("public", KEY), **more
    )


def test_key_event_by_hand():
    entry = event(n=7, prev=b"p" * 32, not_before_ms=1, not_after_ms=2, suspected_since_ms=3).pack()
    numbers = struct.pack(">QQQQ", 5, 1, 2, 3)
    expected = b"\x02\x01\x01" + struct.pack(">I", 7) + b"p" * 32 + numbers + b"\x01"
    assert entry == expected + b"\x12" + ISSUER.encode() + b"\x02k1" + b"\x00\x20" + KEY.raw


@given(
    st.builds(
        KeyEvent,
        action=st.sampled_from(KeyAction),
        n=u32s,
        prev=hashes,
        ms=u64s,
        issuer=st.text("A9", min_size=1, max_size=255),
        kid=st.text("k-", min_size=1, max_size=255),
        public=st.builds(
            PublicKey, st.sampled_from(["EdDSA", "ES256", "SM2"]), st.binary(min_size=1, max_size=70)
        ),
        not_before_ms=u64s,
        not_after_ms=u64s,
        suspected_since_ms=u64s,
    )
)
def test_key_event_there_and_back(one):
    entry = one.pack()
    assert KeyEvent.unpack(entry) == one
    for bent in (entry[:-1], entry + b"\0", b"\x01" + entry[1:], b"\x02\x02" + entry[2:], b""):
        with pytest.raises(KeyEventError):
            KeyEvent.unpack(bent)


@given(st.binary(max_size=200))
def test_any_bytes_as_key_event(data):
    for entry in (data, b"\x02\x01" + data):
        try:
            assert KeyEvent.unpack(entry).pack() == entry
        except KeyEventError:
            continue


def history(*steps):
    """A chain of events at log indexes 10, 20, 30 …"""
    found, prev = KeyHistory(ISSUER), bytes(32)
    for n, more in enumerate(steps):
        entry = event(n=n, prev=prev, **more).pack()
        found.add(10 * (n + 1), entry)
        prev = sha(entry)
    return found


def test_a_key_counts_from_the_index_behind_its_event():
    life = history(
        {}, {"action": KeyAction.SUSPEND}, {"action": KeyAction.LIFT}, {"action": KeyAction.REVOKE}
    ).keys["k1"]
    force = [life.in_force(index, 7) for index in (9, 10, 11, 20, 21, 30, 31, 40, 41, 99)]
    assert force == [False, False, True, True, False, False, True, True, False, False]


def test_a_revoked_key_is_not_lifted():
    life = history({}, {"action": KeyAction.REVOKE}, {"action": KeyAction.LIFT}).keys["k1"]
    assert not life.in_force(99, 7)


def test_validity_is_half_open():
    life = history({"not_before_ms": 100, "not_after_ms": 200}).keys["k1"]
    assert [life.in_force(99, ms) for ms in (99, 100, 199, 200)] == [False, True, True, False]


def test_suspicion_flags_by_time_and_leaves_the_key_in_force():
    suspects = [{"action": KeyAction.SUSPECT, "suspected_since_ms": ms} for ms in (50, 30, 70)]
    life = history({}, *suspects).keys["k1"]
    assert [life.suspect(ms) for ms in (29, 30, 60)] == [False, True, True]
    assert life.in_force(99, 60)


@pytest.mark.parametrize(
    "second",
    [
        event(n=1, prev=b"x" * 32),
        event(n=2),
        event(n=1, prev=sha(event().pack()), kid="k1"),
        event(KeyAction.REVOKE, 1, sha(event().pack()), kid="k2"),
        event(KeyAction.REVOKE, 1, sha(event().pack()), public=PublicKey("EdDSA", b"\x12" * 32)),
    ],
)
def test_chains_that_break(second):
    found = history({})
    with pytest.raises(KeyEventError):
        found.add(20, second.pack())


def test_events_stand_in_log_order():
    found = history({})
    with pytest.raises(KeyEventError):
        found.add(10, event(KeyAction.SUSPEND, 1, found.last).pack())


RECORDS = [b"r%d" % n for n in range(5)]
LEVELS = tree.levels([formats.batch_leaf(record) for record in RECORDS])
PAYLOAD = BatchPayload("aud", "b-1", "test", ISSUER, LEVELS[-1][0], 5)


def evidence(index):
    path = tuple(LEVELS[level][n] for level, n in tree.path_nodes(index, 5))
    return BatchEvidence(f"e30.{b64u(PAYLOAD.pack())}.AA", index, path, 5)


def test_batch_payload_there_and_back():
    assert BatchPayload.unpack(PAYLOAD.pack()) == PAYLOAD
    assert PAYLOAD.pack().startswith(b'{"audience":"aud","batch_id":"b-1","environment":"test","issuer":"')


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"size":5', b'"size":0'),
        (b'"size":5', b'"size":true'),
        (b"batch/1", b"batch/2"),
        (b'"aud"', b"7"),
        (b"{", b"{ "),
        (b'"type"', b'"typ"'),
    ],
)
def test_batch_payloads_that_are_refused(old, new):
    with pytest.raises(FormatError):
        BatchPayload.unpack(PAYLOAD.pack().replace(old, new))


def test_each_record_of_a_batch_and_no_other():
    for index, record in enumerate(RECORDS):
        one = evidence(index)
        assert parse_evidence(one.pack()) == one
        one.check(record)
        with pytest.raises(FormatError):
            one.check(RECORDS[index - 1])


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b'{"batch":"x","index":0,"path":[],"size":1 }',
        b'{"batch":"x","index":0,"path":["AA"],"size":1}',
        b'{"batch":7,"index":0,"path":[],"size":1}',
        b'{"batch":"x","index":true,"path":[],"size":1}',
        b'{"batch":"x","index":0,"path":[7],"size":1}',
        b"\xff",
    ],
)
def test_evidence_that_is_refused(text):
    with pytest.raises(FormatError):
        parse_evidence(text)


def test_evidence_without_a_batch_is_the_text_of_a_jws():
    assert parse_evidence(b"a..b") == "a..b"


def test_a_batch_whose_signature_names_another_size():
    one = evidence(0)
    with pytest.raises(FormatError):
        BatchEvidence(one.batch, 0, one.path, 6).check(RECORDS[0])
    with pytest.raises(FormatError):
        BatchEvidence("x", 0, one.path, 5).check(RECORDS[0])
