"""Signing many at once (批量签批): clean claims as one hashed list, flagged ones singly.

The list is what was seen: who signs names its hash, and a claim that moved meanwhile makes another list.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.ground.strictjson import canonical
from recordsvc.money.claims import notices, steps, transitions
from recordsvc.money.claims.errors import ClaimListChanged
from recordsvc.money.claims.steps import Done
from recordsvc.money.claims.tables import claim_state
from recordsvc.money.claims.values import Claim, Who, find, listed

if TYPE_CHECKING:
    from recordsvc.house import House

MOST: Final = 500
EVENTS: Final = ("accept", "review", "approve", "finance")


def due(conn: Connection, event: str, *where: sa.ColumnElement[bool], limit: int = MOST) -> list[Claim]:
    """Return the claims that wait for a signature, in the order in which they were filed."""
    states = [one.source for one in transitions.TRANSITIONS if one.event == event]
    return listed(conn, claim_state.c.state.in_(states), claim_state.c.waits == "", *where, limit=limit)


def flags(house: "House", conn: Connection, one: Claim) -> tuple[str, ...]:
    """Return why a claim is looked at singly; nothing of it refuses."""
    found = (
        ("agency", not one.payee.startswith("worker:")),
        ("objected", bool(notices.objections(conn, one))),
        ("sent-back", one.round > 1),
        ("account-shared", house.claims.payments.shared(conn, one.payee)),
    )
    return tuple(name for name, holds in found if holds)


def sheet(claims: Sequence[Claim]) -> str:
    """Return the SHA-256 of a list as it stands: each claim, its version, amount and decision."""
    lines = [[one.claim_id.hex(), one.version, one.amount_fen, one.decision] for one in claims]
    return hashlib.sha256(b"claim-list/v1" + canonical(lines)).hexdigest()


def sign_all(
    turn: Turn, house: "House", event: str, claim_ids: Sequence[bytes], list_sha256: str, who: Who
) -> list[Done]:
    """Sign a list. Raises `ClaimListChanged`, and whatever keeps one of them back: all are signed, or none.

    A claim that is found to have changed is not signed but sent back; the others are signed all the same.
    """
    chosen = [find(turn.conn, one) for one in claim_ids]
    if event not in EVENTS or sheet(chosen) != list_sha256:
        raise ClaimListChanged
    if any(flags(house, turn.conn, one) for one in chosen):
        raise ClaimListChanged
    return [steps.step(turn, house, one, event, who, list_sha256=list_sha256) for one in chosen]
