"""Claims as values: what was asked for, where it stands, who acts."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.database import Database
from recordsvc.money.claims.errors import ClaimUnknown
from recordsvc.money.claims.tables import (
    claim,
    claim_approval,
    claim_decision,
    claim_event,
    claim_state,
    claim_topup,
)

SYSTEM: Final = "system:claims"
NO_DAY: Final = "9999-12-31"
"""Sorts behind every day on which something is due."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who takes a step: how an act names them, and in which roles (`worker`, `system`, an official's)."""

    actor: str
    roles: frozenset[str]


BY_ITSELF: Final = Who(SYSTEM, frozenset({"system"}))


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim: what never changes of it, and where it stands."""

    worker_id: bytes
    claim_id: bytes
    kind: str
    certificate: str
    payee: str
    region: str
    told: dict[str, Any]
    filed_by: str
    filed_ms: int
    state: str
    version: int
    purpose: str
    amount_fen: int
    decision: int | None
    payee_version: int
    round: int
    needed: int
    signed: int | None
    hold: str
    notice_id: bytes | None
    payment: str
    waits: str
    owner: str
    due_on: str | None
    changed_ms: int
    part: int | None = None
    """Which part of another claim it is that it tops up (补差); None: it is one of its own."""
    tops: bytes | None = None
    """The claim that it tops up."""
    before_fen: int = 0
    """What had been kept of that one and the parts before."""
    refusal: int | None = None
    """The step that proposed to refuse it, on which two people did, though the rule grants it."""
    offset_fen: int | None = None
    """How much of it is kept back (抵扣) for what its payee owes, once it was handed to the bank."""

    @property
    def key(self) -> dict[str, bytes]:
        """Return what names its rows."""
        return {"worker_id": self.worker_id, "claim_id": self.claim_id}

    @property
    def reference(self) -> str:
        """Return how the ledger and the bank name it."""
        return f"claim:{self.claim_id.hex()}"


_FIXED: Final = (
    "worker_id",
    "claim_id",
    "kind",
    "certificate",
    "payee",
    "region",
    "told",
    "filed_by",
    "filed_ms",
)
_TOPPING: Final = ("tops", "before_fen")
_MOVING: Final = tuple(name for name in Claim.__dataclass_fields__ if name not in _FIXED + _TOPPING)


def listed(
    conn: Connection, *where: sa.ColumnElement[bool], limit: int = 1_000, newest: bool = False
) -> list[Claim]:
    """Return claims in the order in which they were filed; `where` narrows the list."""
    order = claim.c.claim_id.desc() if newest else claim.c.claim_id
    return _claims(conn, where, (order,), limit)


def _claims(conn: Connection, where: Sequence[Any], order: Sequence[Any], limit: int) -> list[Claim]:
    own, base, topping = claim_state.c, claim.c, claim_topup.c
    columns = [
        *(base[name] for name in _FIXED),
        *(own[name] for name in _MOVING),
        topping.tops,
        sa.func.coalesce(topping.before_fen, 0).label("before_fen"),
    ]
    same = sa.and_(base.worker_id == own.worker_id, base.claim_id == own.claim_id)
    tops = sa.and_(topping.worker_id == base.worker_id, topping.claim_id == base.claim_id)
    found = sa.select(*columns).join(claim_state, same).outerjoin(claim_topup, tops)
    query = found.where(*where).order_by(*order).limit(limit)
    return [Claim(**{**row, "told": json.loads(row["told"])}) for row in conn.execute(query).mappings()]


def queue(
    conn: Connection, *where: sa.ColumnElement[bool], limit: int, after: tuple[str, bytes] | None = None
) -> list[Claim]:
    """Return claims by the day on which their step is due, the most urgent first; those without one last.

    `after`: behind which (due day, id).
    """
    due, last = sa.func.coalesce(claim_state.c.due_on, NO_DAY), claim.c.claim_id
    if after is not None:
        where = (*where, sa.or_(due > after[0], sa.and_(due == after[0], last > after[1])))
    return _claims(conn, where, (due, last), limit)


def raised(*roles: str) -> sa.ColumnElement[bool]:
    """Return the condition of claims whose newest step reported them, overdue, to one of these roles."""
    own, event = claim_state.c, claim_event.c
    newest = sa.select(event.n).where(
        event.worker_id == own.worker_id,
        event.claim_id == own.claim_id,
        event.n == own.version,
        event.event == "escalate",
        event.reason.in_(sorted(roles)),
    )
    return newest.exists()


def tally(conn: Connection, today: str, *where: sa.ColumnElement[bool]) -> list[sa.Row[Any]]:
    """Return how many claims there are by state, owner, whether they wait, and whether they are late."""
    own = claim_state.c
    waits = sa.case((own.waits != "", 1), else_=0).label("waits")
    late = sa.case((own.due_on < today, 1), else_=0).label("late")
    same = sa.and_(claim.c.worker_id == own.worker_id, claim.c.claim_id == own.claim_id)
    query = sa.select(own.state, own.owner, waits, late, sa.func.count().label("n"))
    joined = query.select_from(claim.join(claim_state, same)).where(*where)
    return list(conn.execute(joined.group_by(own.state, own.owner, waits, late)).all())


def each(db: Database, *where: sa.ColumnElement[bool], portion: int = 500) -> Iterator[Claim]:
    """Yield every claim of these, in the order in which they were filed; each portion is read as of then."""
    after = b""
    while True:
        with db.read() as conn:
            found = listed(conn, *where, claim.c.claim_id > after, limit=portion)
        yield from found
        if len(found) < portion:
            return
        after = found[-1].claim_id


def find(conn: Connection, claim_id: bytes) -> Claim:
    """Return one claim. Raises `ClaimUnknown`."""
    found = listed(conn, claim.c.claim_id == claim_id)
    if not found:
        raise ClaimUnknown
    return found[0]


def parts_of(conn: Connection, first: Claim) -> list[Claim]:
    """Return what tops a claim up (补差), oldest first."""
    return listed(conn, claim.c.worker_id == first.worker_id, claim_topup.c.tops == first.claim_id)


def decision_of(conn: Connection, one: Claim, n: int | None = None) -> sa.Row[Any] | None:
    """Return the decision that counts for a claim, or its nth; None: there is none."""
    own = claim_decision.c
    wanted = one.decision if n is None else n
    query = sa.select(claim_decision).where(own.worker_id == one.worker_id, own.claim_id == one.claim_id)
    return conn.execute(query.where(own.n == wanted)).one_or_none()


def events_of(conn: Connection, one: Claim) -> list[sa.Row[Any]]:
    """Return what happened to a claim, step by step."""
    own = claim_event.c
    query = sa.select(claim_event).where(own.worker_id == one.worker_id, own.claim_id == one.claim_id)
    return list(conn.execute(query.order_by(own.n)).all())


def approvals_of(conn: Connection, one: Claim) -> list[sa.Row[Any]]:
    """Return the signatures under a claim, of all rounds."""
    own = claim_approval.c
    query = sa.select(claim_approval).where(own.worker_id == one.worker_id, own.claim_id == one.claim_id)
    return list(conn.execute(query.order_by(own.round, own.step)).all())
