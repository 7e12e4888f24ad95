"""Acknowledgements (确认): a receiver says which items it has, and we hold that against what was sent.

The same again gets the same answer. What contradicts our own count or root, or an acknowledgement of the same
id, is refused and opens a ticket for officials; nothing else changes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from recordsvc.exports import lines
from recordsvc.exports.errors import AckContradicts, AckReused
from recordsvc.exports.tables import export_ack, export_receiver, export_ticket
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing

if TYPE_CHECKING:
    from recordsvc.house import House

BATCH: Final = "batch-differs"
REUSED: Final = "ack-reused"


@dataclass(frozen=True, slots=True)
class Ack:
    """What a receiver says: items from behind one cursor up to another, how many, and the root over them."""

    ack_id: str
    start: str
    to: str
    count: int
    root: bytes


def take(house: "House", receiver: str, said: Ack) -> str:
    """Take an acknowledgement; the cursor up to which everything is acknowledged.

    Raises `FeedCursorUnknown`, `FeedCursorAhead`, `AckContradicts`, `AckReused`.
    """
    with house.db.read() as conn:
        start, end = lines.read(conn, receiver, said.start), lines.read(conn, receiver, said.to)
        count, root = lines.root(conn, receiver, start, end)
    right = start <= end and (count, root) == (said.count, said.root)

    def act(turn: Turn) -> type[AckContradicts | AckReused] | int:
        own, head = export_ack.c, export_receiver.c
        mine = export_receiver.update().where(head.receiver == receiver)
        # First, since this locks the row: the same sent twice at once is taken once.
        acks, reached = turn.conn.execute(
            mine.values(acks=head.acks).returning(head.acks, head.reached)
        ).one()
        there = sa.select(export_ack).where(own.receiver == receiver, own.ack_id == said.ack_id)
        before = turn.conn.execute(there).one_or_none()
        told = {"count": said.count, "from": start, "root": said.root.hex(), "to": end}
        if before is not None:
            if (before.from_n, before.to_n, bytes(before.root)) == (start, end, said.root):
                return int(reached)
            open_ticket(turn, receiver, REUSED, said.ack_id, told)
            return AckReused
        if not right:
            ours = {"our_count": count, "our_root": root.hex()}
            open_ticket(turn, receiver, BATCH, f"{start}-{end}", told | ours)
            return AckContradicts
        row = {
            "receiver": receiver,
            "n": acks + 1,
            "ack_id": said.ack_id,
            "from_n": start,
            "to_n": end,
            "root": root,
            "at_ms": turn.now_ms,
        }
        turn.conn.execute(export_ack.insert().values(row))
        bound.wrote(turn, export_ack, row)
        now = max(reached, end) if start <= reached else reached
        turn.conn.execute(mine.values(acks=acks + 1, reached=now))
        return int(now)

    done = house.db.write(act)
    if not isinstance(done, int):
        raise done
    with house.db.read() as conn:
        return lines.cursor(conn, receiver, done)


def open_ticket(turn: Turn, receiver: str, kind: str, subject: str, told: Mapping[str, Any]) -> None:
    """Open a ticket, unless one of this kind about the same was opened before."""
    name = hashlib.sha256(f"{kind}\0{subject}\0{json.dumps(dict(told), sort_keys=True)}".encode()).digest()[
        :16
    ]
    row = {
        "receiver": receiver,
        "ticket_id": name,
        "kind": kind,
        "subject": subject,
        "told": json.dumps(dict(told), sort_keys=True),
        "opened_ms": turn.now_ms,
        "closed_ms": None,
        "closed_by": None,
        "note": None,
    }
    insert_missing(turn.conn, export_ticket, [row])
