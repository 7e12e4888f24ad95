"""Checkpoints (C2SP tlog-checkpoint v1.0.0): a log about itself, signed by it, cosigned by witnesses.

The note's text is three lines: origin, tree size in decimal, root hash in base64. The format allows more
lines; they are refused here: this log never writes any, and what nobody reads must not stand under a
signature.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from recordsvc.ground.base64strict import b64, unb64
from recordsvc.translog.note import (
    Note,
    NoteError,
    NoteKey,
    SignatureType,
    Signer,
    open_note,
    parse_note,
    sign_note,
)
from recordsvc.translog.tree import EMPTY_ROOT, HASH_SIZE

MAX_SIZE: Final = 2**63 - 1

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


LogKeys = NoteKey | str | Sequence[NoteKey | str]
"""A log's verifier key, or the several it had since a change of key."""


class CheckpointError(NoteError):
    """A checkpoint that cannot be read, or that the keys asked for did not sign."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Tree head of the log named ``origin``: ``size`` leaves (0 to 2^63-1) under ``root`` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin:
            raise CheckpointError("the origin of a checkpoint is one line that is not empty")
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_SIZE:
            raise CheckpointError("the size of a checkpoint is at most 2^63-1, its root has 32 bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise CheckpointError("the empty tree has one root only, and this is another")

    def text(self) -> str:
        """The note text."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a note text, strictly: three lines, one spelling. Raises CheckpointError."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise CheckpointError("a checkpoint has exactly three lines")
        origin, size, root = lines[:3]
        if _SIZE.fullmatch(size) is None:
            raise CheckpointError("the size of a checkpoint is a decimal number without leading zeros")
        try:
            return cls(origin, int(size), unb64(root))
        except CheckpointError:
            raise
        except ValueError:
            raise CheckpointError("the root of a checkpoint is not base64") from None

    def sign(self, public: bytes, sign_bytes: Callable[[bytes], bytes]) -> str:
        """The note signed by the log's own Ed25519 key (raw 32 bytes; named like the origin)."""
        signer = Signer(NoteKey(self.origin, SignatureType.ED25519, public), sign_bytes)
        return self.sign_all([signer])

    def sign_all(self, signers: Iterable[Signer]) -> str:
        """The note signed by each of the log's keys: several while one follows another."""
        return sign_note(self.text(), [signer.sign(self.text()) for signer in signers])


@dataclass(frozen=True, slots=True)
class OpenedCheckpoint:
    """A verified checkpoint; ``cosigned``: each witness that counted, with its time in seconds since 1970."""

    checkpoint: Checkpoint
    cosigned: dict[str, int]


def open_checkpoint(
    note: bytes | str | Note, log_key: LogKeys, witnesses: Iterable[NoteKey | str] = (), quorum: int = 0
) -> OpenedCheckpoint:
    """Verify that the log signed this checkpoint and that at least ``quorum`` of the witnesses cosigned it.

    Keys are given as vkeys or NoteKeys: the log's of type 0x01 and named like the origin, the witnesses' of
    type 0x04. Of several keys of the log one must have signed, and none falsely. Witnesses are counted by
    public key, so one key under two names is one witness. Raises NoteError.
    """
    given = [log_key] if isinstance(log_key, NoteKey | str) else list(log_key)
    logs = [_as_key(one, SignatureType.ED25519) for one in given]
    cosigners = [_as_key(witness, SignatureType.COSIGNATURE) for witness in witnesses]
    # A log that got another name may have kept its key; who cosigns has one that is nobody else's.
    own = {key.public for key in logs}
    if len(own | {key.public for key in cosigners}) != len(own) + len(cosigners):
        raise CheckpointError(
            "log and witnesses must each have a public key of their own", "日志和各见证方的公钥应各不相同"
        )
    if not 0 <= quorum <= len(cosigners):
        raise CheckpointError(f"a quorum of {quorum} cannot be met by {len(cosigners)} witnesses")
    opened = open_note(note, [*logs, *cosigners])
    signed = [log for log in logs if log in opened.signed_by]
    if not signed:
        raise CheckpointError("the log's own signature is missing", "没有给定日志钥匙的签名")
    checkpoint = Checkpoint.parse(opened.text)
    if any(log.name != checkpoint.origin for log in signed):
        raise CheckpointError(
            "the checkpoint is of another log than its signer", "检查点写的日志与签名的日志不同"
        )
    cosigned = {key.name: at for key, at in opened.signed_by.items() if at is not None}
    if len(cosigned) < quorum:
        raise CheckpointError(f"{len(cosigned)} of the known witnesses cosigned, {quorum} are required")
    return OpenedCheckpoint(checkpoint, cosigned)


def add_cosignatures(note: str, lines: Iterable[str]) -> str:
    """The note with witnesses' signature lines behind it; NoteError when the result is no note."""
    whole = note + "".join(line if line.endswith("\n") else line + "\n" for line in lines)
    parse_note(whole)
    return whole


def _as_key(key: NoteKey | str, kind: SignatureType) -> NoteKey:
    key = NoteKey.parse(key) if isinstance(key, str) else key
    if key.kind is not kind:
        raise CheckpointError(
            f"the key of {key.name} has type {key.kind:#04x}, expected {kind:#04x}",
            f"{key.name} 的公钥种类不对",
        )
    return key
