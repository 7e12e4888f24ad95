"""The archive's log speaks for the who-looked log (查阅日志的检查点): signed, seen by witnesses.

When the who-looked log has grown, `recordsvc work` signs its checkpoint and enters, in the same transaction,
a service statement into the archive's log:

    G = 0x04 ‖ 0x02 ‖ SHA-256(text of the checkpoint)          text: origin "/looked", size, root (base64)

Whoever takes a row away afterwards contradicts a statement that witnesses of the archive have cosigned.
"""

import hashlib
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from recordsvc.access.looked_log import head
from recordsvc.access.looked_tables import looked_checkpoint, looked_head
from recordsvc.archive import formats
from recordsvc.ground.commit import Turn
from recordsvc.translog.checkpoint import Checkpoint
from recordsvc.translog.note import NoteKey, SignatureType

if TYPE_CHECKING:
    from recordsvc.house import House

KIND: Final = 2
"""Of the service statement; 1 is the money book's daily close."""
ROWS: Final = 10_000
"""So many new rows do not wait for the minute."""
EVERY_MS: Final = 60_000
SUFFIX: Final = "/looked"


def statement(checkpoint: Checkpoint) -> bytes:
    """Return the entry G of the archive's log that binds a checkpoint."""
    return formats.service_statement(KIND, hashlib.sha256(checkpoint.text().encode()).digest())


def key(log_key: NoteKey) -> NoteKey:
    """Return the key that signs checkpoints of the who-looked log: the archive log's, under another name."""
    return NoteKey(log_key.name + SUFFIX, SignatureType.ED25519, log_key.public)


def keep(house: "House", *, now: bool = False) -> bool:
    """State the who-looked log if it grew: after a minute or many rows, or at once. Whether it was stated."""
    own = looked_checkpoint.c
    with house.db.read() as conn:
        size = conn.execute(sa.select(looked_head.c.size)).scalar() or 0
        last = conn.execute(sa.select(own.size, own.ms).order_by(own.size.desc()).limit(1)).one_or_none()
    stated, ms = (0, 0) if last is None else last
    waited = house.clock.now_ms() - ms >= EVERY_MS or size - stated >= ROWS
    if size <= stated or not (now or waited):
        return False
    return house.db.write(lambda turn: _state(house, turn))


def _state(house: "House", turn: Turn) -> bool:
    # The archive's head first: whoever locks both does so in this order.
    log = house.log.turn(turn)
    frontier = head(turn.conn)
    there = sa.select(looked_checkpoint.c.size).where(looked_checkpoint.c.size == frontier.size)
    if frontier.size == 0 or turn.conn.execute(there).first() is not None:
        return False
    reached = Checkpoint(house.log.origin + SUFFIX, frontier.size, frontier.root())
    note = reached.sign(house.keys.public("log").raw, lambda data: house.keys.sign("log", data))
    idx = log.append(statement(reached))
    values = {"size": reached.size, "root": reached.root, "ms": log.ms, "idx": idx, "note": note}
    turn.conn.execute(looked_checkpoint.insert().values(**values))
    return True
