"""The archive's log speaks for the chain over bound rows (受约束行的声明), as it does for the who-looked log.

When the chain has grown, `recordsvc work` enters a service statement into the archive's log:

    G = 0x04 ‖ 0x05 ‖ SHA-256("bound-statement/v1" ‖ u64 size ‖ chain)

The log's checkpoint signs it and witnesses cosign it: whoever changes a row afterwards contradicts it.
"""

import hashlib
import struct
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from recordsvc.archive import formats
from recordsvc.ground.bound import bound_head, bound_statement
from recordsvc.ground.commit import Turn

if TYPE_CHECKING:
    from recordsvc.house import House

EVERY_MS: Final = 60_000
LINKS: Final = 10_000
"""So many new links do not wait for the minute."""
_size: Final = struct.Struct(">Q")


def statement(size: int, chain: bytes) -> bytes:
    """Return the entry G of the archive's log that speaks for a chain of `size` links."""
    said = hashlib.sha256(b"bound-statement/v1" + _size.pack(size) + chain).digest()
    return formats.service_statement(formats.BOUND_ROWS, said)


def keep(house: "House", *, now: bool = False) -> bool:
    """State the chain if it grew: after a minute or many links, or at once. Whether it was stated."""
    own = bound_statement.c
    with house.db.read() as conn:
        size = conn.execute(sa.select(bound_head.c.size)).scalar() or 0
        last = conn.execute(sa.select(own.size, own.ms).order_by(own.size.desc()).limit(1)).one_or_none()
    stated, ms = (0, 0) if last is None else last
    waited = house.clock.now_ms() - ms >= EVERY_MS or size - stated >= LINKS
    if size <= stated or not (now or waited):
        return False
    return house.db.write(lambda turn: _state(house, turn))


def _state(house: "House", turn: Turn) -> bool:
    # Under the archive's head alone. The chain's is not locked: links are only ever added, so any size that
    # was committed may be stated, and its head stays the lock that comes last.
    log = house.log.turn(turn)
    head = turn.conn.execute(sa.select(bound_head.c.size, bound_head.c.chain)).one()
    there = sa.select(bound_statement.c.size).where(bound_statement.c.size >= head.size)
    if turn.conn.execute(there).first() is not None:
        return False
    idx = log.append(statement(head.size, bytes(head.chain)))
    turn.conn.execute(bound_statement.insert().values(size=head.size, ms=log.ms, idx=idx))
    return True
