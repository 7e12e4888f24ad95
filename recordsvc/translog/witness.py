"""The log's side of C2SP tlog-witness: show a witness each new checkpoint, take its cosignature.

A witness remembers the largest checkpoint it has cosigned and signs only what continues it. So its refusals
matter as much as its signatures, and each is an error of its own:

    WitnessError ├── WitnessUnreachable   no usable answer (network, time-out, 5xx); try again later ├──
    WitnessStranger      it does not know this log or this log's key (404, 403); somebody must introduce
    them ├── WitnessAhead         it has cosigned a larger tree than ours: our data is older than what was
    published └── WitnessContradiction our history is not the one that it has cosigned (422); stop and look
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from recordsvc.ground.base64strict import b64
from recordsvc.translog.checkpoint import Checkpoint, OpenedCheckpoint, open_checkpoint
from recordsvc.translog.note import NoteError, NoteKey, Signature, SignatureType, parse_note, parse_signature

MAX_ANSWER_BYTES: Final = 256 * 1024
SIZE_MEDIA_TYPE: Final = "text/x.tlog.size"

_ATTEMPTS = 3
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")

Prove = Callable[[int, int], Sequence[bytes]]
"""``prove(old_size, size)``: the consistency proof between two sizes of this log."""


class WitnessError(Exception):
    """The witness did not cosign."""


class WitnessUnreachable(WitnessError):
    """No answer that can be used: network, time-out, overload, or something that is no witness."""


class WitnessStranger(WitnessError):
    """The witness does not know this log, or not the key that signed."""


class WitnessAhead(WitnessError):
    """The witness has cosigned ``size`` leaves, more than this log has: a restored backup, a second log."""

    def __init__(self, size: int, own: int) -> None:
        super().__init__(f"the witness has cosigned {size} entries, this log has only {own}")
        self.size = size


class WitnessContradiction(WitnessError):
    """The witness found that this log's history is not a continuation of the one it cosigned."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A verified cosignature: the signature line (newline included) and its time in seconds since 1970."""

    line: str
    at: int


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    media_type: str
    body: bytes


class WitnessClient:
    """One witness: ``url`` is its prefix for submission and monitoring, ``key`` its vkey (type 0x04)."""

    def __init__(self, url: str, key: NoteKey | str, timeout_seconds: float = 5.0) -> None:
        self.key = NoteKey.parse(key) if isinstance(key, str) else key
        if self.key.kind is not SignatureType.COSIGNATURE:
            raise NoteError(f"the key of witness {self.key.name} is no cosignature key")
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("a witness is addressed by an http or https URL")
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port, self._prefix = parts.hostname, parts.port, parts.path.rstrip("/")
        self._timeout = timeout_seconds

    def cosign(self, note: str, known_size: int, prove: Prove) -> Cosigned:
        """Submit a checkpoint and return the witness's cosignature on it.

        ``known_size`` is the size that the witness is believed to have (0 when nothing is known); it
        corrects us. Raises WitnessError, and ProofError from ``prove``.
        """
        text = parse_note(note).text
        own = Checkpoint.parse(text)
        old = min(known_size, own.size)
        for _ in range(_ATTEMPTS):
            path = prove(old, own.size) if 0 < old < own.size else ()
            body = f"old {old}\n" + "".join(f"{b64(value)}\n" for value in path) + f"\n{note}"
            answer = self._send("POST", "/add-checkpoint", body.encode())
            if answer.status == 200:
                return self._cosignature(text, answer.body)
            old = self._correction(answer, old, own.size)
        raise WitnessUnreachable("the witness keeps naming other sizes")

    def newest(self, log_keys: Sequence[NoteKey]) -> OpenedCheckpoint | None:
        """The largest checkpoint of this log that the witness cosigned, verified; None when it has none.

        `log_keys`: all the log's keys, which have one name.
        """
        answer = self._send("GET", f"/{sha256(log_keys[0].name.encode()).hexdigest()}/checkpoint", None)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise WitnessUnreachable(f"the witness answered {answer.status}")
        try:
            return open_checkpoint(answer.body, log_keys, [self.key], quorum=1)
        except NoteError as error:
            raise WitnessUnreachable(f"the witness's own copy does not verify: {error}") from error

    def _correction(self, answer: _Answer, tried: int, own: int) -> int:
        """The old size to try next; raises for every refusal that another old size does not mend."""
        if answer.status in {403, 404}:
            raise WitnessStranger(f"the witness does not know this log or its key ({answer.status})")
        if answer.status == 422:
            raise WitnessContradiction("the witness refuses: this is not the history it has cosigned")
        match = _SIZE.fullmatch(answer.body)
        if answer.status != 409 or answer.media_type != SIZE_MEDIA_TYPE or match is None:
            raise WitnessUnreachable(f"the witness answered {answer.status}")
        size = int(match[1])
        if size > own:
            raise WitnessAhead(size, own)
        if size == tried:
            raise WitnessContradiction("the witness has another root for this size")
        return size

    def _cosignature(self, text: str, body: bytes) -> Cosigned:
        """Pick our witness's line out of the answer and verify it; lines of other keys are ignored."""
        try:
            lines = [parse_signature(line) for line in body.decode().rstrip("\n").split("\n")]
            for line in lines:
                if self._is_own(line):
                    at = self.key.verify(text, line.blob)
                    return Cosigned(line.line(), at or 0)
        except (UnicodeDecodeError, NoteError) as error:
            raise WitnessUnreachable(f"the witness's signature cannot be used: {error}") from error
        raise WitnessUnreachable(f"the answer carries no signature of {self.key.name}")

    def _is_own(self, line: Signature) -> bool:
        return (line.name, line.key_id) == (self.key.name, self.key.key_id)

    def _send(self, method: str, path: str, body: bytes | None) -> _Answer:
        connection = self._connect(self._host, self._port, timeout=self._timeout)
        try:
            connection.request(method, self._prefix + path, body, {"Connection": "close"})
            answer = connection.getresponse()
            data = answer.read(MAX_ANSWER_BYTES + 1)
        except (OSError, HTTPException) as error:
            raise WitnessUnreachable(f"the witness cannot be reached: {type(error).__name__}") from error
        finally:
            connection.close()
        if len(data) > MAX_ANSWER_BYTES:
            raise WitnessUnreachable("the witness's answer is too long")
        return _Answer(answer.status, answer.headers.get_content_type(), data)
