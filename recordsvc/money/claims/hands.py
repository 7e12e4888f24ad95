"""Whose hand signs (签批人): each once, none who filed, and never two hands of one person.

Who entered or verified the account that is paid to (收款账户) does not pay: whoever says where money goes is
another than who sends it.
"""

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import granting
from recordsvc.access.errors import StandsTogether
from recordsvc.access.grants import Kind
from recordsvc.ground.problems import Problem
from recordsvc.money.bank.tables import payee_account
from recordsvc.money.claims.errors import ClaimSignedBefore
from recordsvc.money.claims.values import Claim, approvals_of, find

if TYPE_CHECKING:
    from recordsvc.money.claims.steps import Run


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
    return kept_from_paying(conn, one, actor) if one.state == "APPROVED" else None


def kept_from_paying(conn: Connection, one: Claim, actor: str) -> Problem | None:
    """Return why somebody may not send a claim's money: they, or whom they stand in for, said where to."""
    own = payee_account.c
    newest = sa.select(own.entered_by, own.entered_ms, own.verified_by).where(own.payee == one.payee)
    row = conn.execute(newest.order_by(own.version.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    if actor in (row.entered_by, row.verified_by):
        return ClaimSignedBefore("收款账户由您登记或核实，请由另一位工作人员拨付")
    said = (row.entered_by, row.verified_by or "")
    return StandsTogether() if any(_together(conn, actor, it, row.entered_ms) for it in said) else None


def another_hand(run: "Run") -> None:
    """Let nobody send money to where they said it goes. Raises `ClaimSignedBefore`, `StandsTogether`."""
    against = kept_from_paying(run.turn.conn, run.claim, run.who.actor)
    if against is not None:
        raise against


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
