"""The one decision of a witness: does a checkpoint continue what it has cosigned (C2SP tlog-witness v1.0.0)?

Status codes: 200 cosigned · 400 malformed, or old size above the checkpoint's · 403 no trusted signature ·
404 unknown log · 409 another old size is known (named in the body) · 422 not a continuation · 503 our clock
runs behind.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from witness import merkle
from witness.note import NUMBER, Checkpoint, Cosigner, Malformed, parse_checkpoint, signed_by, unbase64
from witness.store import Head, Refused, Store, Transaction

MAX_PROOF: Final = 63
CLOCK_TOLERANCE_SECONDS: Final = 10
PLAIN: Final = "text/plain; charset=utf-8"
SIZE: Final = "text/x.tlog.size"

_log = logging.getLogger("witness")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: HTTPStatus
    body: str
    media_type: str = PLAIN


@dataclass(frozen=True, slots=True)
class _Request:
    old: int
    proof: list[bytes]
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness at work: its key, its memory, and the clock (seconds since 1970)."""

    cosigner: Cosigner
    store: Store
    now: Callable[[], int]

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one ``add-checkpoint`` request. When it is 200, the new head is on the disk."""
        try:
            request = _parse(body)
        except (Malformed, UnicodeDecodeError) as error:
            return _refuse(HTTPStatus.BAD_REQUEST, f"malformed request: {error}")
        checkpoint = request.checkpoint
        keys = self.store.keys(checkpoint.origin)
        if not keys:
            return _refuse(HTTPStatus.NOT_FOUND, "this log is not known here")
        lines = signed_by(checkpoint, keys)
        if not lines:
            return _refuse(HTTPStatus.FORBIDDEN, "no valid signature of a key trusted for this log")
        if request.old > checkpoint.size:
            return _refuse(HTTPStatus.BAD_REQUEST, "the old size is larger than the checkpoint's")
        if checkpoint.size == 0 and checkpoint.root != merkle.EMPTY_ROOT:
            return _refuse(HTTPStatus.UNPROCESSABLE_ENTITY, "the empty tree has another root")
        note = checkpoint.text + "\n" + "".join(map(str, lines))
        with self.store.transaction() as turn:
            return self._decide(turn, request, note)

    def _decide(self, turn: Transaction, request: _Request, note: str) -> Answer:
        """Check against the memory and write it, in one transaction."""
        checkpoint = request.checkpoint
        head = turn.head(checkpoint.origin) or Head(0, merkle.EMPTY_ROOT, 0, "")
        if request.old != head.size:
            return Answer(HTTPStatus.CONFLICT, f"{head.size}\n", SIZE)
        now = self.now()
        if not merkle.continues(head.size, head.root, checkpoint.size, checkpoint.root, request.proof):
            turn.put_refused(
                Refused(checkpoint.origin, checkpoint.size, now, head.size, note), checkpoint.root
            )
            _log.warning(
                "refused: %s size %d does not continue size %d", checkpoint.origin, checkpoint.size, head.size
            )
            return _refuse(
                HTTPStatus.UNPROCESSABLE_ENTITY, "this does not continue the tree that was cosigned"
            )
        if now < head.at - CLOCK_TOLERANCE_SECONDS:
            _log.error("clock is %d s behind the last cosignature of %s", head.at - now, checkpoint.origin)
            return _refuse(HTTPStatus.SERVICE_UNAVAILABLE, "the witness's clock is behind")
        # A small step back of the clock (NTP) repeats the last second: times of one log never go backwards.
        at = max(now, head.at)
        line = str(self.cosigner.cosign(checkpoint.text, at))
        turn.put_head(checkpoint.origin, Head(checkpoint.size, checkpoint.root, at, note + line))
        return Answer(HTTPStatus.OK, line)


def _refuse(status: HTTPStatus, why: str) -> Answer:
    return Answer(status, why + "\n")


def _parse(body: bytes) -> _Request:
    """``old <n>``, up to 63 hashes, an empty line, the checkpoint. Raises Malformed or UnicodeDecodeError."""
    head, gap, note = body.decode("utf-8").partition("\n\n")
    first, *hashes = head.split("\n")
    word, _, old = first.partition(" ")
    if not gap or word != "old" or NUMBER.fullmatch(old) is None:
        raise Malformed("an old size line, hashes and an empty line must precede the checkpoint")
    if len(hashes) > MAX_PROOF:
        raise Malformed(f"more than {MAX_PROOF} hashes")
    proof = [unbase64(line) for line in hashes]
    if any(len(value) != 32 for value in proof):
        raise Malformed("a hash does not have 32 bytes")
    return _Request(int(old), proof, parse_checkpoint(note))
