"""The blueprint of the bank's doors, and how its objects are found and judged."""

import uuid
from typing import Final

import flask
from sqlalchemy.engine import Connection

from recordsvc.access.grants import Thing
from recordsvc.access.objects import named
from recordsvc.ground import two_person
from recordsvc.ground.two_person import Proposal, UnknownProposal
from recordsvc.money.bank import (
    batches,
    breaks,
    collecting,
    payee_accounts,
    paying,
    payments,
    recusing,
    resolving,
)
from recordsvc.money.bank.errors import (
    BreakUnknown,
    PayeeAccountUnknown,
    PaymentBatchUnknown,
    PaymentUnknown,
)

bp = flask.Blueprint("bank", __name__)
KINDS: Final = frozenset({paying.KIND, batches.KIND, batches.COLLECT, resolving.KIND})
"""What payers propose to one another."""
_WHOLE: Final = ""
"""Where the bank lies (`Thing.area`): payments are the region's, and who covers a part of it meets none."""


def _payment(conn: Connection, payment_id: bytes) -> Thing | None:
    try:
        # Whose money it is keeps out of it (回避).
        return Thing(_WHOLE, payee_accounts.about(conn, payments.find(conn, payment_id).payee).parties)
    except PaymentUnknown:
        return None


def _batch(conn: Connection, batch_id: bytes) -> Thing | None:
    try:
        batches.find(conn, batch_id)
    except PaymentBatchUnknown:
        return None
    return Thing(_WHOLE, moves(conn, batch_id))


def moves(conn: Connection, batch_id: bytes) -> frozenset[str]:
    """Return whose money a batch moves: who keeps out of one of them leaves it to another payer."""
    payees = {one.payee for one in payments.of_batch(conn, batch_id)}
    return recusing.everybody(conn, payees | {one.payer for one in collecting.of_batch(conn, batch_id)})


def _break(conn: Connection, break_id: bytes) -> Thing | None:
    try:
        found = breaks.find(conn, break_id)
    except BreakUnknown:
        return None
    return Thing(_WHOLE) if found.payment_id is None else _payment(conn, found.payment_id)


def _proposal(conn: Connection, proposal_id: bytes) -> Thing | None:
    try:
        found = two_person.read(conn, proposal_id, 0)
    except UnknownProposal:
        return None
    if found.kind not in KINDS:
        return None
    return Thing(_WHOLE, concerned(conn, found))


def concerned(conn: Connection, found: Proposal) -> frozenset[str]:
    """Return whom a proposal of a payer concerns, those whose money its batch moves among them."""
    batch = found.payload.get("batch_id")
    more = frozenset[str]() if batch is None else moves(conn, uuid.UUID(str(batch)).bytes)
    return frozenset(found.parties) | more


def _payee_account(conn: Connection, account_id: bytes) -> Thing | None:
    try:
        return payee_accounts.about(conn, payee_accounts.find(conn, account_id).payee)
    except PayeeAccountUnknown:
        return None


named("payee_account_id", _payee_account, PayeeAccountUnknown)
named("payers_proposal", _proposal, UnknownProposal)
named("payment_id", _payment, PaymentUnknown)
named("batch_id", _batch, PaymentBatchUnknown)
named("break_id", _break, BreakUnknown)
