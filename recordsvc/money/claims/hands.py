"""Whose hand signs (签批人): each once, none who filed, and never two hands of one person."""

from sqlalchemy.engine import Connection

from recordsvc.access import granting
from recordsvc.access.errors import StandsTogether
from recordsvc.access.grants import Kind
from recordsvc.ground.problems import Problem
from recordsvc.money.claims.errors import ClaimSignedBefore
from recordsvc.money.claims.values import Claim, approvals_of, find


def kept_from(conn: Connection, one: Claim, actor: str) -> Problem | None:
    """Return why somebody may not sign a claim: filed or signed it, or stood in for one who did, or they.

    What tops another up is signed by none who filed that one.
    """
    signed = [(row.actor, row.signed_ms) for row in approvals_of(conn, one) if row.round == one.round]
    first = None if one.tops is None else find(conn, one.tops)
    filed = [(it.filed_by, it.filed_ms) for it in (one, first) if it is not None]
    before = [*filed, *signed]
    if actor in {other for other, _ in before}:
        return ClaimSignedBefore()
    if any(_together(conn, actor, other, since_ms) for other, since_ms in before):
        return StandsTogether()
    return None


def two_needed(conn: Connection, actor: str, other: str, since_ms: int) -> Problem | None:
    """Return why two acts are not two people's: one and the same, or one stood in for the other since."""
    if actor == other:
        return ClaimSignedBefore()
    return StandsTogether() if _together(conn, actor, other, since_ms) else None


def _together(conn: Connection, actor: str, other: str, since_ms: int) -> bool:
    """Tell whether one of two stood in for the other since that one acted."""
    kind, _, name = actor.partition(":")
    other_kind, _, other_name = other.partition(":")
    both = kind == other_kind == Kind.OFFICIAL
    return both and granting.stand_together(conn, name, other_name, since_ms)
