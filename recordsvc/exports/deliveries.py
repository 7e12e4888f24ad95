"""What left of a person for receivers (数据提供情况): each record's newest item, and what is acknowledged.

The person's own view of feeds: a receiver's name for a record (`ref`) is made again for each place of the
archive and never leaves here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from recordsvc.archive.reading import Archive
from recordsvc.archive.states import RecordState
from recordsvc.exports import receivers
from recordsvc.exports.tables import export_item, export_receiver, export_state

if TYPE_CHECKING:
    from recordsvc.house import House


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a receiver was told last of one record; instants are UTC ms."""

    receiver: str
    """Client id."""
    archive: Archive
    state: RecordState
    op: str
    """`add`, `replace` or `withdraw`."""
    why: str
    """As the item says it (docs/exports.md)."""
    version: int
    """How many items there are of this record."""
    at_ms: int
    acknowledged: bool
    """The receiver said that it has everything up to this item."""

    @property
    def record_id(self) -> bytes | None:
        """The record's id in the archive."""
        return self.archive.entries[self.state.seq].stored.record_id

    @property
    def withdrawn(self) -> bool:
        """The receiver may not hold it any more."""
        return self.op == "withdraw"


def of_person(house: "House", archives: Sequence[Archive]) -> list[Delivery]:
    """Return what left of a person's archives, the newest first, in one snapshot."""
    chains = {one.worker_id: one for one in archives}
    item, kept, head = export_item.c, export_state.c, export_receiver.c
    same = sa.and_(item.receiver == kept.receiver, item.n == kept.n)
    query = (
        sa.select(
            kept.worker_id, kept.receiver, kept.ref, item.n, item.op, item.why, item.version, item.at_ms
        )
        .add_columns(head.reached)
        .select_from(export_state)
        .join(export_item, same)
        .join(export_receiver, head.receiver == kept.receiver)
        .where(kept.worker_id.in_(list(chains)))
    )
    with house.db.read() as conn:
        rows = conn.execute(query).all()
    named = {
        (receiver, worker_id, receivers.ref(house.keys, receiver, worker_id, state.seq)): state
        for receiver, worker_id in {(row.receiver, bytes(row.worker_id)) for row in rows}
        for state in chains[worker_id].state.records
    }
    found = [
        Delivery(
            row.receiver,
            chains[bytes(row.worker_id)],
            named[row.receiver, bytes(row.worker_id), bytes(row.ref)],
            row.op,
            row.why,
            row.version,
            row.at_ms,
            row.n <= row.reached,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (-one.at_ms, one.receiver, -one.state.seq))
