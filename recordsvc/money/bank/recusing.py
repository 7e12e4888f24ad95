"""Whose money a payer keeps out of (回避): lists leave it out, and another payer seals what it is in."""

import uuid
from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.errors import Recused
from recordsvc.money.bank.own_accounts import payee_of
from recordsvc.money.bank.tables import payment, recon_break
from recordsvc.people import merges
from recordsvc.people.tables import worker

_AT_ONCE: Final = 500


def everybody(conn: Connection, payees: Iterable[str]) -> frozenset[str]:
    """Return these payees, a worker with every archive that is read as the same person."""
    named = sorted(payees)
    parts = [one.partition(":") for one in named]
    workers = [uuid.UUID(name).bytes for kind, _, name in parts if kind == "worker"]
    own, merged = worker.c, set[bytes]()
    # Few of a batch's thousands were ever merged: only those are followed one by one.
    for start in range(0, len(workers), _AT_ONCE):
        some = workers[start : start + _AT_ONCE]
        linked = sa.or_(own.worker_id.in_(some), own.merged_into.in_(some))
        found = sa.select(own.worker_id).where(own.merged_into.is_not(None), linked)
        merged.update(map(bytes, conn.scalars(found)))
    return frozenset({*named, *map(payee_of, merges.together(conn, sorted(merged)))})


def kept_out(conn: Connection, recused: Iterable[str]) -> list[str]:
    """Return those whom an official keeps out of as payees."""
    return sorted(everybody(conn, recused))


def check(conn: Connection, recused: Iterable[str], payees: Iterable[str]) -> None:
    """Refuse who keeps out of one of those whose money is moved. Raises `Recused`."""
    if not set(kept_out(conn, recused)).isdisjoint(payees):
        raise Recused


def breaks_of_others(payees: list[str]) -> sa.ColumnElement[bool]:
    """Return the condition of breaks whose payment, if they are of one, is to none of these."""
    theirs = sa.select(payment.c.payment_id).where(payment.c.payee.in_(payees))
    own = recon_break.c.payment_id
    return sa.or_(own.is_(None), own.not_in(theirs))
