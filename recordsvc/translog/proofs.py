"""Proof files (C2SP tlog-proof@v1): one entry's place in a log, verifiable offline. A receipt (回执) is one.

::

    c2sp.org/tlog-proof@v1
    extra <base64>            (optional, NOT authenticated by the proof)
    index <decimal>
    <base64 hash>             (inclusion path from the leaf upwards, one per line)

    <checkpoint: signed note, verbatim>
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from recordsvc.ground.base64strict import b64, unb64
from recordsvc.translog.checkpoint import MAX_SIZE, LogKeys, OpenedCheckpoint, open_checkpoint
from recordsvc.translog.note import MAX_NOTE_BYTES, NoteKey
from recordsvc.translog.tree import HASH_SIZE, ProofError, verify_inclusion

HEADER: Final = "c2sp.org/tlog-proof@v1"
MEDIA_TYPE: Final = "text/plain; charset=utf-8"
MAX_PROOF_BYTES: Final = MAX_NOTE_BYTES + 64 * 1024
MAX_PATH: Final = 63

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class LogProof:
    """Entry ``index`` (from 0) and its inclusion ``path`` in the tree of ``checkpoint``, a note, verbatim.

    ``extra`` is whatever the application needs beside it; None when the line is absent. Nothing here is
    verified.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    @classmethod
    def make(cls, index: int, path: Sequence[bytes], checkpoint: str, extra: bytes | None = None) -> Self:
        """From an inclusion path and the checkpoint of exactly the size at which the path was made."""
        return cls(index, tuple(path), checkpoint, extra)

    def __str__(self) -> str:
        """The proof file."""
        extra = "" if self.extra is None else f"extra {b64(self.extra)}\n"
        hashes = "".join(f"{b64(value)}\n" for value in self.path)
        return f"{HEADER}\n{extra}index {self.index}\n{hashes}\n{self.checkpoint}"

    @classmethod
    def parse(cls, data: bytes | str) -> Self:
        """Take a proof file apart without trusting it. Raises ProofError."""
        head, checkpoint = _split(data)
        extra = None
        if head and head[0].startswith("extra "):
            extra = _unb64(head.pop(0)[6:])
        match = _INDEX.fullmatch(head[0]) if head else None
        if match is None or int(match[1]) >= MAX_SIZE:
            raise ProofError("the proof has no index line")
        path = tuple(_unb64(line) for line in head[1:])
        if len(path) > MAX_PATH or any(len(value) != HASH_SIZE for value in path):
            raise ProofError(f"the path of a proof has at most {MAX_PATH} hashes of {HASH_SIZE} bytes")
        return cls(int(match[1]), path, checkpoint, extra)

    def verify(
        self, leaf: bytes, log_key: LogKeys, witnesses: Iterable[NoteKey | str] = (), quorum: int = 0
    ) -> OpenedCheckpoint:
        """Return the checkpoint only if the entry with leaf hash ``leaf`` stands at ``index`` in it.

        The checkpoint must be signed by the log and ``quorum`` of the witnesses (see ``open_checkpoint``),
        and the path must lead to *its* root at *its* size. Raises ProofError or NoteError, both
        ValueErrors. ``extra`` stays unproven.
        """
        opened = open_checkpoint(self.checkpoint, log_key, witnesses, quorum)
        verify_inclusion(leaf, self.index, opened.checkpoint.size, self.path, opened.checkpoint.root)
        return opened


def _split(data: bytes | str) -> tuple[list[str], str]:
    """Lines after the header up to the first empty line, and the checkpoint after it."""
    try:
        raw = data.encode() if isinstance(data, str) else data
        text = raw.decode("utf-8")
    except UnicodeError:
        raise ProofError("the proof is not UTF-8") from None
    if len(raw) > MAX_PROOF_BYTES:
        raise ProofError(f"the proof is larger than {MAX_PROOF_BYTES} bytes")
    head, gap, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or lines[0] != HEADER:
        raise ProofError(f"not a proof file: {HEADER} and a checkpoint after an empty line are expected")
    return lines[1:], checkpoint


def _unb64(text: str) -> bytes:
    try:
        return unb64(text)
    except ValueError:
        raise ProofError("a line of the proof is not base64") from None
