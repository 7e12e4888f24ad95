"""Tickets (待核差异) of the exchange: where a credit bank and this service differ."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.credits.errors import CreditTicketClosed, CreditTicketUnknown
from recordsvc.credits.tables import credit_ticket
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.strictjson import canonical

REDEEMED: Final = "redeemed-changed"
REUSED: Final = "ack-reused"
RECEIPT: Final = "receipt-differs"
ORPHAN: Final = "orphan-ack"
STATE: Final = "state-differs"
AMOUNT: Final = "amount-differs"
VERSION: Final = "version-differs"
HERE: Final = "missing-here"
THERE: Final = "missing-there"
MOST: Final = 200
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


def open_one(turn: Turn, receiver: str, kind: str, subject: str, told: Mapping[str, Any]) -> None:
    """Open a ticket, unless one of this kind about the same was opened before."""
    text = canonical(dict(told)).decode()
    name = hashlib.sha256(f"{kind}\0{subject}\0{text}".encode()).digest()[:16]
    own = credit_ticket.c
    mine = (own.receiver == receiver, own.ticket_id == name)
    if turn.conn.execute(sa.select(own.kind).where(*mine)).first() is not None:
        return
    row = {"receiver": receiver, "ticket_id": name, "kind": kind, "subject": subject, "told": text}
    turn.conn.execute(credit_ticket.insert().values(**row, opened_ms=turn.now_ms))
    bound.touch(turn, credit_ticket, (receiver, name))


def open_ones(conn: Connection, receiver: str) -> list[Ticket]:
    """Return a receiver's open tickets, the oldest first."""
    own = credit_ticket.c
    names = [own[name] for name in Ticket.__slots__]
    query = sa.select(*names).where(own.receiver == receiver, own.closed_ms.is_(None))
    rows = conn.execute(query.order_by(own.opened_ms, own.ticket_id).limit(MOST))
    return [Ticket(row[0], bytes(row[1]), *row[2:]) for row in rows]


def close(turn: Turn, receiver: str, ticket_id: bytes, by: str, note: str) -> None:
    """Close a ticket, with what came of it. Raises `CreditTicketUnknown`, `CreditTicketClosed`."""
    own = credit_ticket.c
    mine = (own.receiver == receiver, own.ticket_id == ticket_id)
    closing = credit_ticket.update().where(*mine, own.closed_ms.is_(None))
    if turn.conn.execute(closing.values(closed_ms=turn.now_ms, closed_by=by, note=note)).rowcount == 1:
        bound.touch(turn, credit_ticket, (receiver, ticket_id))
        return
    if turn.conn.execute(sa.select(own.kind).where(*mine)).first() is None:
        raise CreditTicketUnknown
    raise CreditTicketClosed
