"""Commitment and encryption of records: what is proven, and what can be destroyed.

One ciphertext per record holds the secret s, R and the evidence, under the worker's data key. Destroying the
ciphertext erases the record, destroying the key erases the person; the commitment D in the log then is 32
random-looking bytes.
"""

import functools
import hashlib
import struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from recordsvc.archive import formats
from recordsvc.archive.append import Prepared
from recordsvc.archive.store import StoredEntry
from recordsvc.archive.submission import Item
from recordsvc.ground.ports import FixedClock, Random, uuid7
from recordsvc.people.workers import Worker
from recordsvc.vault.envelope import DataKey, DataKeys
from recordsvc.vault.keystore import KeyStore

if TYPE_CHECKING:
    from recordsvc.archive.rows import Row

_length: Final = struct.Struct(">I")
HELD_LABEL: Final = b"held/v1"


class Opened(NamedTuple):
    """A record taken out of its ciphertext: its secret, R, and the evidence bytes."""

    secret: bytes
    raw: bytes
    evidence: bytes

    @property
    def open_key(self) -> bytes:
        """Return the key that opens the record's commitment; most readers never ask."""
        return formats.open_key(self.secret)


def dedupe_key(issuer: str, record_id: str) -> bytes:
    """Return the 24 bytes under which (issuer, record id) is unique: issuer, then the time-ordered id."""
    # The schema let only the one spelling of a UUID through: `uuid.UUID` would take several times longer.
    return _issuer_key(issuer) + bytes.fromhex(record_id.replace("-", ""))


@functools.lru_cache(maxsize=1024)
def _issuer_key(issuer: str) -> bytes:
    return hashlib.sha256(b"issuer/v1" + issuer.encode()).digest()[:8]


class Sealer:
    """Seals and opens records with the keys of this service."""

    def __init__(self, keys: KeyStore, random: Random) -> None:
        """Take keys from `keys`, secrets from `random`."""
        self._keys = keys
        self._random = random

    def digest(self, raw: bytes) -> bytes:
        """Return the keyed digest by which the same R is known again, even after its erasure."""
        return self._keys.hmac("dedupe", b"record/v1" + raw)[:16]

    def prepare(
        self,
        worker: Worker,
        kind: int,
        target: int,
        item: Item,
        key: bytes,
        digest: bytes,
        issuer: str,
        issuer_version: int,
    ) -> Prepared:
        """Commit to a record and encrypt it for its worker."""
        fresh = self._random.bytes(64)
        secret, nonce = fresh[:32], fresh[32:]
        open_key = formats.open_key(secret)
        commitment = formats.commitment(open_key, item.raw, item.evidence)
        record_id = key[8:]
        plaintext = secret + _length.pack(len(item.raw)) + item.raw + item.evidence
        sealed = worker.key.seal(plaintext, _aad(worker.worker_id, record_id, commitment))
        return Prepared(
            key,
            digest,
            record_id,
            issuer,
            issuer_version,
            worker,
            kind,
            target,
            commitment,
            open_key,
            nonce,
            sealed,
        )

    def open(self, key: DataKey, stored: StoredEntry) -> Opened:
        """Take a record out of its ciphertext. Raises `SealError`, and LookupError when it was erased."""
        if stored.sealed is None or stored.record_id is None:
            raise LookupError("the record was erased")
        aad = _aad(stored.worker_id, stored.record_id, stored.leaf[10:42])
        plaintext = key.open(stored.sealed, aad)
        (length,) = _length.unpack_from(plaintext, 32)
        end = 36 + length
        return Opened(plaintext[:32], plaintext[36:end], plaintext[end:])

    # -- the holding

    def hold(self, row: "Row", now_ms: int, n: int) -> tuple[Any, ...]:
        """Return the row of a held record: R and evidence under a key of its own, wrapped by the holding key.

        `n` counts the held records of one submission: their ids, and so their release, keep its order.
        """
        held_id = _ordered(uuid7(FixedClock(now_ms + (n >> 12)), self._random), n & 0xFFF)
        wrapped, key = DataKeys(self._keys, self._random.bytes).new(held_id, "holding")
        content = _length.pack(len(row.item.raw)) + row.item.raw + row.item.evidence
        sealed = bytes([len(wrapped)]) + wrapped + key.seal(content, HELD_LABEL + held_id)
        owner = "desk:late" if row.held.startswith("late") else "desk:identity"
        issuer = row.item.record["issuer"]
        return (
            held_id,
            row.key,
            row.digest,
            issuer,
            row.held,
            owner,
            "held",
            now_ms,
            None,
            None,
            None,
            None,
            sealed,
        )

    def unhold(self, held_id: bytes, sealed: bytes) -> tuple[bytes, bytes]:
        """Return (R, evidence) of a held record. Raises `SealError`."""
        size = 1 + sealed[0]
        key = DataKeys(self._keys, self._random.bytes).get(held_id, sealed[1:size], "holding")
        content = key.open(sealed[size:], HELD_LABEL + held_id)
        (length,) = _length.unpack_from(content)
        return content[4 : 4 + length], content[4 + length :]


def _ordered(made: bytes, n: int) -> bytes:
    """Return a UUIDv7 with a counter in `rand_a` (RFC 9562 section 6.2, method 1)."""
    return made[:6] + (0x7000 | n).to_bytes(2) + made[8:]


def _aad(worker_id: bytes, record_id: bytes, commitment: bytes) -> bytes:
    return b"rec/v1" + worker_id + record_id + commitment
