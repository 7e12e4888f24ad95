"""Tickets (待核差异): where a receiver and this service differ, until an official closes them."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.exports.errors import TicketClosed, TicketUnknown
from recordsvc.exports.tables import export_item, export_receiver, export_ticket
from recordsvc.ground.commit import Turn

MOST = 200
"""Tickets shown of one receiver."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One open difference; `told` is JSON of what both sides say, without anything of a person."""

    receiver: str
    ticket_id: bytes
    kind: str
    subject: str
    told: str
    opened_ms: int


@dataclass(frozen=True, slots=True)
class Position:
    """How far a receiver is: items it was told, what it acknowledged, since when the rest waits (UTC ms)."""

    receiver: str
    newest: int
    reached: int
    acks: int
    waits_since_ms: int | None


def positions(conn: Connection, receivers: Collection[str]) -> list[Position]:
    """Return how far these receivers are, those that have a feed."""
    own, item = export_receiver.c, export_item.c
    query = sa.select(export_receiver).where(own.receiver.in_(list(receivers))).order_by(own.receiver)
    found = []
    for row in conn.execute(query).all():
        first = sa.select(item.at_ms).where(item.receiver == row.receiver, item.n == row.reached + 1)
        since = conn.scalar(first)
        found.append(Position(row.receiver, row.newest, row.reached, row.acks, since))
    return found


def open_ones(conn: Connection, receiver: str) -> list[Ticket]:
    """Return a receiver's open tickets, the oldest first."""
    own = export_ticket.c
    names = [own[name] for name in Ticket.__slots__]
    query = sa.select(*names).where(own.receiver == receiver, own.closed_ms.is_(None))
    rows = conn.execute(query.order_by(own.opened_ms, own.ticket_id).limit(MOST))
    return [Ticket(row[0], bytes(row[1]), *row[2:]) for row in rows]


def close(turn: Turn, receiver: str, ticket_id: bytes, by: str, note: str) -> None:
    """Close a ticket, with what came of it. Raises `TicketUnknown`, `TicketClosed`."""
    own = export_ticket.c
    mine = (own.receiver == receiver, own.ticket_id == ticket_id)
    closing = export_ticket.update().where(*mine, own.closed_ms.is_(None))
    if turn.conn.execute(closing.values(closed_ms=turn.now_ms, closed_by=by, note=note)).rowcount == 1:
        return
    if turn.conn.execute(sa.select(own.kind).where(*mine)).first() is None:
        raise TicketUnknown
    raise TicketClosed
