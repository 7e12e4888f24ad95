"""A log to be watched, and the requests it makes: built with the service's log code, not the witness's."""

from collections.abc import Sequence

from recordsvc.ground.base64strict import b64
from recordsvc.translog.checkpoint import Checkpoint
from recordsvc.translog.note import Signer
from recordsvc.translog.tree import consistency_path, leaf_hash, root

LOG = Signer.from_seed("log.example/records", b"l" * 32)
LEAVES = [leaf_hash(i.to_bytes(2)) for i in range(300)]
FORK = [*LEAVES[:2], leaf_hash(b"rewritten"), *LEAVES[3:]]
"""The same log with entry 2 rewritten and everything after it hashed again."""


def note(size: int, leaves: Sequence[bytes] = LEAVES, log: Signer = LOG, origin: str | None = None) -> str:
    """The signed checkpoint of the first `size` leaves."""
    text = Checkpoint(origin or log.key.name, size, root(leaves[:size])).text()
    return f"{text}\n{log.sign(text).line()}"


def request(old: int, checkpoint: str, proof: Sequence[bytes] = ()) -> str:
    """The body of add-checkpoint."""
    return f"old {old}\n" + "".join(f"{b64(value)}\n" for value in proof) + f"\n{checkpoint}"


def grow(old: int, size: int, leaves: Sequence[bytes] = LEAVES, log: Signer = LOG) -> str:
    """An honest request from one size to another."""
    proof = consistency_path(leaves, old, size) if 0 < old < size else []
    return request(old, note(size, leaves, log), proof)
