"""Every byte layout of the archive, as pure functions; `docs/formats.md` says the same with an example.

Integers are big-endian; ‖ joins; MTH is the tree hash of RFC 6962 over the worker's leaves.

===================  ====================================================================  ==========
ko  open key         HMAC-SHA256(s, "open/v1")                                             32 bytes
D   commitment       HMAC-SHA256(ko, "rec/v1" ‖ u32 len(R) ‖ R ‖ u32 len(E) ‖ E)           32
P   place            SHA-256(r ‖ u32 seq ‖ u32 target ‖ prev)                              32
W   worker leaf      u8 1 ‖ u8 kind ‖ u64 ms ‖ D ‖ P                                       74
G   record entry     0x01 ‖ SHA-256(0x00 ‖ W)                                              33
G   key event        0x02 ‖ …, see `keyevents`
G   statement        0x04 ‖ u8 kind ‖ H                                                    34
===================  ====================================================================  ==========

`prev` is the MTH of the worker's earlier leaves; target 0xffffffff means none; R are the canonical bytes of
the record, E those of its evidence, s and r 32 random bytes each.

The functions check lengths where a wrong one would be hashed for ever, and nothing else: meaning is judged in
`verify` and by the writer. Entries, once written, never change; so does nothing in here.
"""

import hashlib
import hmac
import struct
from enum import IntEnum
from typing import Final, NamedTuple

from recordsvc.archive.batchforms import BATCH_TYPE, BatchEvidence, BatchPayload, batch_leaf, parse_evidence
from recordsvc.archive.keyevents import (
    NO_END,
    FormatError,
    KeyAction,
    KeyEvent,
    KeyEventError,
    key_event_hash,
)

NO_TARGET: Final = 0xFFFFFFFF
LEAF_VERSION: Final = 1
MAX_SEQ: Final = NO_TARGET - 1

_LEAF = struct.Struct(">BBQ32s32s")
_PLACE = struct.Struct(">32sII32s")
_U32 = struct.Struct(">I")


__all__ = [
    "BATCH_TYPE",
    "LEAF_VERSION",
    "MAX_SEQ",
    "NO_END",
    "NO_TARGET",
    "BatchEvidence",
    "BatchPayload",
    "EntryType",
    "FormatError",
    "KeyAction",
    "KeyEvent",
    "KeyEventError",
    "Kind",
    "Leaf",
    "batch_leaf",
    "commitment",
    "key_event_hash",
    "open_key",
    "pack_leaf",
    "pack_opening",
    "parse_evidence",
    "place",
    "record_entry",
    "service_statement",
    "sha256",
    "unpack_leaf",
    "unpack_opening",
    "worker_leaf_hash",
]


class Kind(IntEnum):
    """Kind of a worker leaf, its second byte."""

    ISSUE = 1
    CORRECT = 2
    REVOKE = 3
    ERASE = 4
    NOTE = 5
    RESTORE = 6
    MERGE = 7
    UNMERGE = 8


_KINDS: Final = {kind.value: kind for kind in Kind}  # a fifth of the time that Kind(number) takes


class EntryType(IntEnum):
    """First byte of a log entry G."""

    RECORD = 1
    ISSUER_KEY = 2
    MAP_EPOCH = 3
    SERVICE = 4


def sha256(data: bytes) -> bytes:
    """The digest, not the hash object."""
    return hashlib.sha256(data).digest()


# --- commitment ------------------------------------------------------------------------------------------


def open_key(secret: bytes) -> bytes:
    """Open key ko of a record's 32-byte secret s. HMAC pads shorter keys, hence the fixed length."""
    if len(secret) != 32:
        raise FormatError("a record secret has 32 bytes")
    return hmac.digest(secret, b"open/v1", "sha256")


def commitment(ko: bytes, record: bytes, evidence: bytes) -> bytes:
    """D: binds record and evidence, tells nothing about them without ko (承诺)."""
    if len(ko) != 32:
        raise FormatError("an open key has 32 bytes")
    pack = _U32.pack
    message = b"".join((b"rec/v1", pack(len(record)), record, pack(len(evidence)), evidence))
    return hmac.digest(ko, message, "sha256")


# --- worker leaf -----------------------------------------------------------------------------------------


class Leaf(NamedTuple):
    """A worker leaf W, taken apart. `ms` is the UTC instant of the entry in milliseconds."""

    kind: Kind
    ms: int
    commitment: bytes
    place: bytes


def place(nonce: bytes, seq: int, target: int | None, prev: bytes) -> bytes:
    """P: position and target in the worker's chain, hidden behind 32 random bytes."""
    if len(nonce) != 32 or len(prev) != 32:
        raise FormatError("nonce and prev have 32 bytes each")
    if not 0 <= seq <= MAX_SEQ or (target is not None and not 0 <= target <= MAX_SEQ):
        raise FormatError("seq and target are below 2^32 - 1")
    return hashlib.sha256(_PLACE.pack(nonce, seq, NO_TARGET if target is None else target, prev)).digest()


def pack_leaf(kind: int, ms: int, commitment: bytes, place: bytes) -> bytes:
    """W, 74 bytes."""
    if len(commitment) != 32 or len(place) != 32:
        raise FormatError("commitment and place have 32 bytes each")
    return _LEAF.pack(LEAF_VERSION, kind, ms, commitment, place)


def unpack_leaf(leaf: bytes) -> Leaf:
    """Take W apart; FormatError for another length, version or kind."""
    if len(leaf) != _LEAF.size:
        raise FormatError(f"a worker leaf has {_LEAF.size} bytes, this has {len(leaf)}")
    version, number, ms, committed, placed = _LEAF.unpack(leaf)
    kind = _KINDS.get(number)
    if version != LEAF_VERSION or kind is None:
        raise FormatError("unknown version or kind of worker leaf")
    return Leaf(kind, ms, committed, placed)


def worker_leaf_hash(leaf: bytes) -> bytes:
    """Hash of W in the worker's tree: SHA-256(0x00 ‖ W)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def record_entry(leaf: bytes) -> bytes:
    """G of a worker leaf: 33 bytes, the only thing of it that the public log holds."""
    return b"\x01" + hashlib.sha256(b"\x00" + leaf).digest()


def pack_opening(leaf: bytes, ko: bytes) -> bytes:
    """The `extra` of a receipt: W ‖ ko (106 bytes). Opens D, tells nothing of the rest of the chain."""
    if len(leaf) != _LEAF.size or len(ko) != 32:
        raise FormatError("an opening is a worker leaf and an open key of 32 bytes")
    return leaf + ko


def unpack_opening(extra: bytes) -> tuple[bytes, bytes]:
    """W and ko out of a receipt's `extra`."""
    if len(extra) != _LEAF.size + 32:
        raise FormatError("the extra line of a receipt holds 106 bytes")
    return extra[: _LEAF.size], extra[_LEAF.size :]


LOG_KEY_ADDED = 3
"""Kind of a service statement: from here on checkpoints bear a second key's signature."""
LOG_KEY_RETIRED = 4
"""Kind of a service statement: after this the older key signs no more."""


BOUND_ROWS = 5
"""Kind of a service statement: so far reaches the chain over rows that nobody may change unseen."""
DRAW = 7
"""Kind of a service statement: this is what a step of a draw of whom to inspect says."""


CONTINUED = 6
"""Kind of a service statement: here the log went on under another name, its newest entries being lost."""


def continuation_statement(text: str) -> bytes:
    """G that binds the text of a continuation (接续声明)."""
    return service_statement(CONTINUED, hashlib.sha256(b"log-continuation/v1" + text.encode()).digest())


def log_key_statement(kind: int, old: bytes, new: bytes) -> bytes:
    """G that tells of a change of the log's key; `old`, `new`: raw Ed25519 public keys."""
    return service_statement(kind, hashlib.sha256(b"log-key/v1" + old + new).digest())


def service_statement(kind: int, digest: bytes) -> bytes:
    """G of a service statement: the money book's daily close, the who-looked log's checkpoint, by `kind`."""
    if len(digest) != 32:
        raise FormatError("a statement's digest has 32 bytes")
    return bytes((EntryType.SERVICE, kind)) + digest
