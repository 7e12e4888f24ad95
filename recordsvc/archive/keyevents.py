"""Issuer-key events (签发钥匙事件): their bytes, and which key was in force where.

Every change in the life of an issuer's key is a public log entry; the events of one issuer form a chain. A
key is judged at the *log position* of the entry it signed: what happens to it later leaves that entry alone.
"""

import hashlib
import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Self

from recordsvc.vault.signers import PublicKey
from recordsvc.vault.verifiers import ALGORITHM_NUMBERS

NO_END: Final = 2**64 - 1  # `not_after_ms` of a key without an end
NO_SUSPICION: Final = 0  # `suspected_since_ms` of an event that raises none

_HEAD = struct.Struct(">BBBI32sQQQQB")
_FIRST_BYTES = (0x02, 1)  # type of entry, version
_ALGORITHMS: Final = {number: name for name, number in ALGORITHM_NUMBERS.items()}


class FormatError(ValueError):
    """Bytes or values that do not have the layout asked for."""


class KeyEventError(FormatError):
    """Bytes that are no issuer-key event, or events that do not form a chain."""


class KeyAction(IntEnum):
    """What an event does (登记、吊销、暂停、恢复、疑似泄露)."""

    REGISTER = 1
    REVOKE = 2
    SUSPEND = 3
    LIFT = 4
    SUSPECT = 5


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One event of an issuer's chain. Instants are UTC milliseconds.

    G = 0x02 ‖ u8 1 ‖ u8 action ‖ u32 n ‖ prev(32) ‖ u64 ms ‖ u64 not_before_ms ‖ u64 not_after_ms ‖
    u64 suspected_since_ms ‖ u8 alg ‖ u8 len ‖ issuer ‖ u8 len ‖ kid ‖ u16 len ‖ public key.
    `prev` is SHA-256 of the issuer's previous event G, 32 zero bytes for n = 0; alg 1 EdDSA (raw 32 bytes),
    2 ES256, 3 SM2 (uncompressed points of 65 bytes).
    """

    action: KeyAction
    n: int
    prev: bytes
    ms: int
    issuer: str
    kid: str
    public: PublicKey
    not_before_ms: int = 0
    not_after_ms: int = NO_END
    suspected_since_ms: int = NO_SUSPICION

    def pack(self) -> bytes:
        """G of this event. KeyEventError when a length does not fit its field."""
        issuer, kid, key = self.issuer.encode("ascii"), self.kid.encode("ascii"), self.public.raw
        if len(self.prev) != 32 or not 0 < len(issuer) < 256 or not 0 < len(kid) < 256 or not key:
            raise KeyEventError("prev has 32 bytes, issuer and kid 1 to 255, and there is a key")
        head = _HEAD.pack(
            *_FIRST_BYTES,
            self.action,
            self.n,
            self.prev,
            self.ms,
            self.not_before_ms,
            self.not_after_ms,
            self.suspected_since_ms,
            ALGORITHM_NUMBERS[self.public.alg],
        )
        names = bytes((len(issuer),)) + issuer + bytes((len(kid),)) + kid
        return head + names + len(key).to_bytes(2) + key

    @classmethod
    def unpack(cls, entry: bytes) -> Self:
        """Read G; KeyEventError unless packing the result gives exactly these bytes again."""
        try:
            kind, version, action, n, prev, ms, before, after, suspected, alg = _HEAD.unpack_from(entry)
            issuer, at = _short_text(entry, _HEAD.size)
            kid, at = _short_text(entry, at)
            public = PublicKey(_ALGORITHMS[alg], entry[at + 2 :])
            event = cls(KeyAction(action), n, prev, ms, issuer, kid, public, before, after, suspected)
            same = (kind, version) == _FIRST_BYTES and event.pack() == entry
        except (struct.error, LookupError, ValueError, OverflowError):
            same = False
        if not same:
            raise KeyEventError("not an issuer-key event")
        return event


def key_event_hash(entry: bytes) -> bytes:
    """What the issuer's next event carries as `prev`."""
    return hashlib.sha256(entry).digest()


def _short_text(data: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + data[at]
    return data[at + 1 : end].decode("ascii"), end


class KeyState(IntEnum):
    """What the newest event before a log position made of a key."""

    REGISTERED = 1
    SUSPENDED = 2
    REVOKED = 3


@dataclass(slots=True)
class KeyLife:
    """One key of one issuer: its public half, and its states, each with the log index that made it so."""

    public: PublicKey
    not_before_ms: int
    not_after_ms: int
    states: list[tuple[int, KeyState]]
    suspected_since_ms: int | None = None

    def in_force(self, index: int, ms: int) -> bool:
        """Whether an entry at log index `index` with time `ms` could be signed with this key."""
        if not self.not_before_ms <= ms < self.not_after_ms:
            return False
        for at, state in reversed(self.states):
            if at < index:
                return state is KeyState.REGISTERED
        return False

    def suspect(self, ms: int) -> bool:
        """Whether an entry of time `ms` falls into a suspected compromise: to be re-confirmed (待复核)."""
        return self.suspected_since_ms is not None and ms >= self.suspected_since_ms


@dataclass(slots=True)
class KeyHistory:
    """All keys of one issuer, from its chain of `n` events; `index` and `last` hash are the newest one's."""

    issuer: str
    keys: dict[str, KeyLife] = field(default_factory=dict)
    n: int = 0
    index: int = -1
    last: bytes = bytes(32)

    def add(self, index: int, entry: bytes) -> None:
        """Take the next event G, which stands at log index `index`; KeyEventError if the chain breaks."""
        event = KeyEvent.unpack(entry)
        if (event.issuer, event.n, event.prev) != (self.issuer, self.n, self.last) or index <= self.index:
            raise KeyEventError("the events of this issuer form no chain from its first event on")
        self._apply(index, event)
        self.n, self.index, self.last = self.n + 1, index, key_event_hash(entry)

    def _apply(self, index: int, event: KeyEvent) -> None:
        life = self.keys.get(event.kid)
        if event.action is KeyAction.REGISTER:
            if life is not None:
                raise KeyEventError("a key name is registered twice")
            states = [(index, KeyState.REGISTERED)]
            self.keys[event.kid] = KeyLife(event.public, event.not_before_ms, event.not_after_ms, states)
            return
        if life is None or life.public != event.public:
            raise KeyEventError("an event about a key that was never registered")
        if event.action is KeyAction.SUSPECT:
            # The earliest suspicion counts: a later event may widen it, never take it back.
            since = life.suspected_since_ms
            life.suspected_since_ms = (
                event.suspected_since_ms if since is None else min(since, event.suspected_since_ms)
            )
        elif life.states[-1][1] is not KeyState.REVOKED:  # revoked is for good
            state = {KeyAction.REVOKE: KeyState.REVOKED, KeyAction.SUSPEND: KeyState.SUSPENDED}
            life.states.append((index, state.get(event.action, KeyState.REGISTERED)))
