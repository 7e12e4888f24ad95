"""Limits at rest (额度计数): units handed out in a window, and slots that processes hold for a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from recordsvc.access.tables import request_slot, request_usage
from recordsvc.ground.commit import Turn

LEASE_MS: Final = 2_000
"""How long a process holds slots without asking again."""
KEEP_MS: Final = 2 * 86_400_000
"""How long a window's count stays after it began: longer than the longest window."""
_BEGIN: Final = sa.text(
    "INSERT INTO request_usage (subject, window_ms, used) VALUES (:subject, :window_ms, 0) "
    "ON CONFLICT (subject, window_ms) DO NOTHING"
)
_TAKE: Final = sa.text(
    "UPDATE request_usage SET used = used + :units "
    "WHERE subject = :subject AND window_ms = :window_ms AND used + :units <= :most RETURNING used"
)
_USED: Final = sa.text("SELECT used FROM request_usage WHERE subject = :subject AND window_ms = :window_ms")
# The row of nobody is locked first, so that two processes of a caller do not count each other's old slots.
_LOCK: Final = sa.text(
    "INSERT INTO request_slot (subject, holder, held, until_ms) VALUES (:subject, :holder, 0, :until_ms) "
    "ON CONFLICT (subject, holder) DO UPDATE SET until_ms = :until_ms"
)
_HOLD: Final = sa.text(
    "INSERT INTO request_slot (subject, holder, held, until_ms) VALUES (:subject, :holder, :held, :until_ms) "
    "ON CONFLICT (subject, holder) DO UPDATE SET held = :held, until_ms = :until_ms"
)
_OTHERS: Final = sa.text(
    "SELECT coalesce(sum(held), 0) FROM request_slot "
    "WHERE subject = :subject AND holder <> :holder AND until_ms > :now_ms"
)
_NOBODY: Final = b""


@dataclass(frozen=True, slots=True)
class Asked:
    """Units asked for: `wanted` at least, `portion` where there are so many, up to `most` in the window."""

    subject: str
    window_ms: int
    wanted: int
    portion: int
    most: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Slots a process asks for: `needed` at least, `wanted` where free, `most` over all processes."""

    subject: str
    holder: bytes
    needed: int
    wanted: int
    most: int


def reserve(turn: Turn, asked: Sequence[Asked]) -> list[tuple[int, int]]:
    """Hand out units: for each (units taken, units used in the window); (0, used) where too few are left."""
    turn.conn.execute(request_usage.delete().where(request_usage.c.window_ms < turn.now_ms - KEEP_MS))
    return [_reserve(turn, one) for one in asked]


def _reserve(turn: Turn, one: Asked) -> tuple[int, int]:
    key = {"subject": one.subject, "window_ms": one.window_ms}
    turn.conn.execute(_BEGIN, key)
    for units in dict.fromkeys((one.portion, one.wanted)):
        used = turn.conn.execute(_TAKE, key | {"units": units, "most": one.most}).scalar()
        if used is not None:
            return units, int(used)
    return 0, int(turn.conn.execute(_USED, key).scalar_one())


def lease(turn: Turn, asked: Sequence[Lease]) -> list[int]:
    """Lend slots until `LEASE_MS` from now: for each how many, 0 where the needed ones are not free."""
    turn.conn.execute(request_slot.delete().where(request_slot.c.until_ms < turn.now_ms - LEASE_MS))
    return [_lease(turn, one) for one in asked]


def _lease(turn: Turn, one: Lease) -> int:
    until_ms = turn.now_ms + LEASE_MS
    turn.conn.execute(_LOCK, {"subject": one.subject, "holder": _NOBODY, "until_ms": until_ms})
    key = {"subject": one.subject, "holder": one.holder}
    free = one.most - int(turn.conn.execute(_OTHERS, key | {"now_ms": turn.now_ms}).scalar_one())
    granted = min(one.wanted, free)
    if granted < one.needed:
        return 0
    turn.conn.execute(_HOLD, key | {"held": granted, "until_ms": until_ms})
    return granted


def renew(turn: Turn, held: Sequence[Lease]) -> list[None]:
    """Hold on to what is in use for another `LEASE_MS`."""
    until_ms = turn.now_ms + LEASE_MS
    for one in held:
        row = {"subject": one.subject, "holder": one.holder, "held": one.wanted, "until_ms": until_ms}
        turn.conn.execute(_HOLD, row)
    return [None] * len(held)
