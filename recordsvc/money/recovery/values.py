"""Cases of recovery as values: what is asked back of which claim, where it stands, what came back."""

import base64
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.money.claims.tables import claim
from recordsvc.money.claims.values import Who
from recordsvc.money.recovery.errors import RecoveryUnknown
from recordsvc.money.recovery.tables import recovery, recovery_event, recovery_receipt
from recordsvc.money.recovery.transitions import OPEN

SYSTEM: Final = "system:recovery"
BY_ITSELF: Final = Who(SYSTEM, frozenset({"system"}))


@dataclass(frozen=True, slots=True)
class Case:
    """One case; amounts in fen, days in Beijing."""

    worker_id: bytes
    recovery_id: bytes
    claim_id: bytes
    decision: int
    paid_fen: int
    ground: str
    cause: str
    words: str
    proposed_fen: int
    hear_until: str
    opened_by: str
    opened_ms: int
    state: str
    version: int
    asked_fen: int | None
    recovered_fen: int
    instalments: int | None
    pay_until: str | None
    proposed_by: str | None
    decided_by: str | None
    decided_ms: int | None
    due_on: str | None
    changed_ms: int
    by_offset: int | None = None
    """1: it may be kept back from later subsidies."""

    @property
    def key(self) -> dict[str, bytes]:
        """Return what names its rows."""
        return {"worker_id": self.worker_id, "recovery_id": self.recovery_id}

    @property
    def reference(self) -> str:
        """Return what the worker writes into a transfer (附言), and the bank into its line."""
        return "R" + base64.b32encode(self.recovery_id).decode().rstrip("=")

    @property
    def owed_fen(self) -> int:
        """Return what is still to be paid back; nothing before a decision, nor once it is written off."""
        return (self.asked_fen or 0) - self.recovered_fen if self.state in ("DECIDED", "PARTIAL") else 0


def listed(
    conn: Connection, *where: sa.ColumnElement[bool], limit: int = 1_000, newest: bool = False
) -> list[Case]:
    """Return cases in the order in which they were opened; `where` narrows the list (of claims, too)."""
    own = recovery.c
    same = sa.and_(claim.c.worker_id == own.worker_id, claim.c.claim_id == own.claim_id)
    order = own.recovery_id.desc() if newest else own.recovery_id
    query = sa.select(*recovery.c).join(claim, same).where(*where).order_by(order).limit(limit)
    return [Case(**row) for row in conn.execute(query).mappings()]


def find(conn: Connection, recovery_id: bytes) -> Case:
    """Return one case. Raises `RecoveryUnknown`."""
    found = listed(conn, recovery.c.recovery_id == recovery_id)
    if not found:
        raise RecoveryUnknown
    return found[0]


def open_of(conn: Connection, claim_id: bytes) -> Case | None:
    """Return the case that is open on a claim; None: there is none."""
    found = listed(conn, recovery.c.claim_id == claim_id, recovery.c.state.in_(OPEN))
    return found[0] if found else None


def of_claim(conn: Connection, claim_id: bytes) -> list[Case]:
    """Return the cases of a claim, oldest first."""
    return listed(conn, recovery.c.claim_id == claim_id)


def events_of(conn: Connection, one: Case) -> list[sa.Row[Any]]:
    """Return what happened to a case, step by step."""
    own = recovery_event.c
    query = sa.select(recovery_event).where(
        own.worker_id == one.worker_id, own.recovery_id == one.recovery_id
    )
    return list(conn.execute(query.order_by(own.n)).all())


def receipts_of(conn: Connection, worker_id: bytes, claim_id: bytes) -> list[sa.Row[Any]]:
    """Return what came back of a claim, in order, over all its cases."""
    own = recovery_receipt.c
    query = sa.select(recovery_receipt).where(own.worker_id == worker_id, own.claim_id == claim_id)
    return list(conn.execute(query.order_by(own.n)).all())


def recovered_fen(conn: Connection, worker_id: bytes, claim_id: bytes) -> int:
    """Return how much came back of a claim, over all its cases."""
    found = receipts_of(conn, worker_id, claim_id)
    return int(found[-1].after_fen) if found else 0
