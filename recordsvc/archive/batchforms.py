"""Evidence (签名凭据): what makes a record's signature checkable by itself, alone or as one of a batch.

A batch carries *one* signature over the RFC 6962 root of its records; the evidence of each is that signature
and its own path to the root, so that it stays verifiable alone and tells nothing of the others.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Self

from recordsvc.archive.keyevents import FormatError
from recordsvc.ground.base64strict import b64u, unb64u
from recordsvc.ground.strictjson import StrictJsonError, canonical, is_canonical
from recordsvc.translog import tree

BATCH_TYPE: Final = "batch/1"

_MAX_BATCH_PATH = 32  # 2^32 records


@dataclass(frozen=True, slots=True)
class BatchEvidence:
    """A batch's signature and one record's path to its root: `index` of `size`, hashes from the leaf up."""

    batch: str
    index: int
    path: tuple[bytes, ...]
    size: int

    def pack(self) -> bytes:
        """Canonical JSON, the bytes that D commits to."""
        hashes: list[object] = [b64u(value) for value in self.path]
        return canonical({"batch": self.batch, "index": self.index, "path": hashes, "size": self.size})

    @classmethod
    def parse(cls, evidence: bytes) -> Self:
        """Read the bytes; FormatError if they are not canonical or hold anything else."""
        try:
            return cls.from_json(is_canonical(evidence, 2))
        except StrictJsonError:
            raise FormatError("batch evidence has to be canonical JSON") from None

    @classmethod
    def from_json(cls, obj: object) -> Self:
        """From the parsed object; FormatError for other members or types, or hashes of another length."""
        if not isinstance(obj, dict) or obj.keys() != {"batch", "index", "path", "size"}:
            raise FormatError("batch evidence holds batch, index, path and size, and nothing else")
        batch, index, path, size = obj["batch"], obj["index"], obj["path"], obj["size"]
        if not (
            isinstance(batch, str) and type(index) is int and isinstance(path, list) and type(size) is int
        ):
            raise FormatError("a member of the batch evidence has the wrong type")
        if len(path) > _MAX_BATCH_PATH or not all(isinstance(text, str) for text in path):
            raise FormatError("the path of the batch evidence is too long, or holds no texts")
        return cls(batch, index, tuple(_hash(text) for text in path), size)

    def payload(self) -> "BatchPayload":
        """What the batch JWS says, its signature not checked; FormatError if it cannot be read."""
        try:
            return BatchPayload.unpack(unb64u(self.batch.split(".")[1]))
        except (IndexError, ValueError):
            raise FormatError("the batch signature cannot be read") from None

    def check(self, record: bytes) -> None:
        """Return only if R stands at `index` under the root that the batch JWS names; else FormatError.

        The signature is the caller's to check.
        """
        signed = self.payload()
        if signed.size != self.size:
            raise FormatError("the batch signature covers another number of records")
        try:
            tree.verify_inclusion(batch_leaf(record), self.index, self.size, self.path, signed.root)
        except tree.ProofError:
            raise FormatError("the record is not among those that the batch signature covers") from None


def parse_evidence(evidence: bytes) -> "str | BatchEvidence":
    """Evidence bytes E: the text of a detached JWS, or a BatchEvidence. FormatError if neither."""
    if evidence.startswith(b"{"):
        return BatchEvidence.parse(evidence)
    try:
        return evidence.decode("ascii")
    except UnicodeDecodeError:
        raise FormatError("evidence is neither a JWS nor canonical JSON") from None


def batch_leaf(record: bytes) -> bytes:
    """Leaf hash of R in its batch's tree: SHA-256(0x00 ‖ R)."""
    return sha256(b"\x00" + record).digest()


@dataclass(frozen=True, slots=True)
class BatchPayload:
    """What a batch JWS signs. `root` is the RFC 6962 root over the batch leaves, `size` their number."""

    audience: str
    batch_id: str
    environment: str
    issuer: str
    root: bytes
    size: int

    def pack(self) -> bytes:
        """Canonical JSON."""
        return canonical(
            {
                "audience": self.audience,
                "batch_id": self.batch_id,
                "environment": self.environment,
                "issuer": self.issuer,
                "root": b64u(self.root),
                "size": self.size,
                "type": BATCH_TYPE,
            }
        )

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        """Read a payload; FormatError unless it is canonical and holds exactly these members."""
        try:
            obj: Any = is_canonical(payload, 1)
        except StrictJsonError:
            raise FormatError("the payload of a batch is not canonical JSON") from None
        texts = ("audience", "batch_id", "environment", "issuer", "root", "type")
        if not isinstance(obj, dict) or obj.keys() != {*texts, "size"} or obj["type"] != BATCH_TYPE:
            raise FormatError("the payload of a batch has other members, or another type")
        if not all(isinstance(obj[name], str) for name in texts) or type(obj["size"]) is not int:
            raise FormatError("a member of the batch payload has the wrong type")
        if not 0 < obj["size"] < 2**32:
            raise FormatError("a batch holds between 1 and 2^32 - 1 records")
        return cls(
            obj["audience"],
            obj["batch_id"],
            obj["environment"],
            obj["issuer"],
            _hash(obj["root"]),
            obj["size"],
        )


def _hash(text: str) -> bytes:
    try:
        value = unb64u(text)
    except ValueError:
        raise FormatError("a hash is not base64url") from None
    if len(value) != 32:
        raise FormatError("a hash has not 32 bytes")
    return value
