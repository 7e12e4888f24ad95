"""Whose money a payer keeps out of (回避): lists leave it out, and another payer seals what it is in."""

import uuid
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.errors import Recused
from recordsvc.money.bank.own_accounts import payee_of
from recordsvc.money.bank.tables import payment, recon_break
from recordsvc.people import merges


def kept_out(conn: Connection, recused: Iterable[str]) -> list[str]:
    """Return these parties as payees, a worker with every archive that is read as the same person."""
    named = sorted(recused)
    parts = [one.partition(":") for one in named]
    workers = [uuid.UUID(name).bytes for kind, _, name in parts if kind == "worker"]
    return sorted({*named, *map(payee_of, merges.together(conn, workers))})


def check(conn: Connection, recused: Iterable[str], payees: Iterable[str]) -> None:
    """Refuse who keeps out of one of those whose money is moved. Raises `Recused`."""
    if not set(kept_out(conn, recused)).isdisjoint(payees):
        raise Recused


def breaks_of_others(payees: list[str]) -> sa.ColumnElement[bool]:
    """Return the condition of breaks whose payment, if they are of one, is to none of these."""
    theirs = sa.select(payment.c.payment_id).where(payment.c.payee.in_(payees))
    own = recon_break.c.payment_id
    return sa.or_(own.is_(None), own.not_in(theirs))
