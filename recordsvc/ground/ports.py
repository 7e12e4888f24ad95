"""Time, randomness and messengers come in here, so that tests can own them (architecture.md, rule 9).

Instants are UTC milliseconds since 1970; legal dates are Beijing dates (UTC+8, no daylight saving).
"""

import datetime as dt
import os
import random
import threading
import time
import uuid
import weakref
from dataclasses import dataclass, field
from typing import Final, Protocol

BEIJING = dt.timezone(dt.timedelta(hours=8), "Asia/Shanghai")


class Clock(Protocol):
    """Where the present comes from."""

    def now_ms(self) -> int:
        """Return the present UTC instant in milliseconds."""
        ...


class Random(Protocol):
    """Where unpredictable bytes come from."""

    def bytes(self, count: int) -> bytes:
        """Return `count` unpredictable bytes."""
        ...


class SystemClock:
    """The machine's clock. The order of things is the log's, never this clock's (rule 8)."""

    def now_ms(self) -> int:
        """Return the machine's UTC instant in milliseconds."""
        return time.time_ns() // 1_000_000


class SystemRandom:
    """The operating system's generator."""

    def bytes(self, count: int) -> bytes:
        """Return `count` bytes from the operating system."""
        return os.urandom(count)


class FixedClock:
    """A clock that moves only when told to; for tests."""

    def __init__(self, ms: int = 1_760_000_000_000) -> None:
        """Stand still at `ms`."""
        self._ms = ms

    def now_ms(self) -> int:
        """Return the instant the clock was set to."""
        return self._ms

    def advance(self, ms: int) -> None:
        """Move by `ms` milliseconds (negative moves back, as a wrong clock does)."""
        self._ms += ms


class SeededRandom:
    """Repeatable bytes; for tests and never for keys."""

    def __init__(self, seed: int = 1) -> None:
        """Start the sequence that belongs to `seed`."""
        self._random = random.Random(seed)  # noqa: S311 - a test generator on purpose
        self._lock = threading.Lock()

    def bytes(self, count: int) -> bytes:
        """Return the next `count` bytes of the sequence."""
        with self._lock:
            return self._random.randbytes(count)


_newest: weakref.WeakKeyDictionary[Random, bytes] = weakref.WeakKeyDictionary()
_newest_lock = threading.Lock()
_STEP: Final = 0xFFFF_FFFF
_LOW: Final = (1 << 62) - 1


def uuid7(clock: Clock, randomness: Random) -> bytes:
    """Return a new UUIDv7 (RFC 9562 section 5.7) as 16 bytes: 48-bit UTC milliseconds, then random bits.

    Of one source of randomness those of one millisecond ascend (section 6.2, method 2: a random step of up to
    32 bits), so that lists in the order of ids are in the order in which one process made them.
    """
    tail = bytearray(randomness.bytes(10))
    tail[0] = (tail[0] & 0x0F) | 0x70
    tail[2] = (tail[2] & 0x3F) | 0x80
    made = clock.now_ms().to_bytes(6, "big") + bytes(tail)
    with _newest_lock:
        before = _newest.get(randomness, b"")
        if made <= before and made[:6] == before[:6]:
            step = 1 + (int.from_bytes(tail[6:], "big") & _STEP)
            low = (int.from_bytes(before[8:], "big") & _LOW) + step
            if low <= _LOW:
                made = before[:8] + (low | 1 << 63).to_bytes(8, "big")
        _newest[randomness] = made
    return made


def uuid_text(value: bytes) -> str:
    """Write 16 bytes as a lower-case UUID; a fifth of the cost of making a `uuid.UUID` for it."""
    text = value.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def beijing_date(ms: int) -> dt.date:
    """Return the Beijing date of a UTC instant in milliseconds."""
    return dt.datetime.fromtimestamp(ms / 1000, BEIJING).date()


def beijing_ms(day: dt.date) -> int:
    """Return the UTC instant, in milliseconds, at which a day begins in Beijing."""
    return int(dt.datetime.combine(day, dt.time(), BEIJING).timestamp()) * 1_000


@dataclass(frozen=True, slots=True)
class Letter:
    """One message on its way out. `address` is personal: it goes to the messenger and nowhere else."""

    id: uuid.UUID
    """The same at every attempt: whoever receives it twice knows it by this."""
    text: str
    address: str = field(repr=False)


class Undeliverable(Exception):
    """This letter can never be delivered; trying again is of no use."""


class Messenger(Protocol):
    """What carries letters out of the house: a gateway for short messages, a file, a screen."""

    def send(self, letter: Letter) -> None:
        """Hand the letter over; return once it cannot be lost. Raises `Undeliverable`, or what may pass."""
        ...
