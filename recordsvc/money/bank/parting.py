"""Accounts after a merge was undone (合并撤回后的收款账户): one entered meanwhile may be the other person's.

    newest of before ── merge ── entered meanwhile ── undone ──> ended; that of before entered again, to be
                                                                 checked and verified anew

Payments that wait for an account of meanwhile stay where they are, each with a break that a payer ends; so
has each that was sent there, whether the bank may still stop it or paid it: a payer asks the bank, or says
whose the money is. What was to be taken from one is taken back, unless the bank has it.
"""

import contextlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.money.bank import breaks, collecting, payee_accounts, payments
from recordsvc.money.bank.errors import PaymentState
from recordsvc.money.bank.own_accounts import payee_of
from recordsvc.money.bank.payee_accounts import PayeeAccount
from recordsvc.money.bank.tables import collection, payee_account, payment
from recordsvc.people import merges
from recordsvc.vault.envelope import SealError

if TYPE_CHECKING:
    from recordsvc.house import House

TOLD: Final = "accounts-parted"
_MAY_STAND: Final = ("entered", "verified")
_GONE: Final = (*payments.AT_BANK, "settled")
"""States of what was sent, and did not come back."""


def end_since(turn: Turn, house: "House", archives: Collection[bytes], since_ms: int, by: str) -> None:
    """End the accounts entered for these archives since an instant (UTC ms); every person of them is told.

    `by`: who entered the undoing, and with it the account of before.
    """
    ended = [_end(turn, house, payee_of(one), since_ms, by) for one in archives]
    for one in archives:
        _take_back(turn, house, payee_of(one), since_ms)
    if any(ended):
        for person in sorted({merges.person_id(turn.conn, one) for one in archives}):
            house.tell_worker(turn, person, TOLD, f"{TOLD}/{turn.now_ms}")


def _end(turn: Turn, house: "House", payee: str, since_ms: int, by: str) -> bool:
    """End a payee's accounts of meanwhile, and enter the one of before anew; whether there was one."""
    own = payee_account.c
    query = sa.select(payee_account).where(own.payee == payee).order_by(own.version)
    versions = [PayeeAccount(*row) for row in turn.conn.execute(query)]
    meanwhile = [one for one in versions if one.entered_ms >= since_ms]
    if not meanwhile:
        return False
    for one in meanwhile:
        if one.state in _MAY_STAND:
            turn.conn.execute(
                payee_account.update().where(own.account_id == one.account_id).values(state="ended")
            )
            bound.touch(turn, payee_account, (one.account_id,))
    before = versions[-len(meanwhile) - 1 :][0] if len(versions) > len(meanwhile) else None
    if before is not None and before.state in _MAY_STAND:
        # Who replaced it may have been its holder: the bank and a second person look at it again.
        with contextlib.suppress(SealError):
            payee_accounts.enter(
                turn, house, payee, payee_accounts.opened(house, turn.conn, before.account_id), by
            )
    for held in payments.listed(turn.conn, payment.c.payee == payee, payment.c.state == "approved"):
        breaks.open_break(turn, house, held.account, "account-changed", held.end_to_end_id, payment=held)
    versions_ended = [one.version for one in meanwhile]
    gone = (payment.c.payee == payee, payment.c.payee_version.in_(versions_ended), payment.c.state.in_(_GONE))
    for sent in payments.listed(turn.conn, *gone):
        breaks.open_break(turn, house, sent.account, "account-parted", sent.end_to_end_id, payment=sent)
    return True


def _take_back(turn: Turn, house: "House", payee: str, since_ms: int) -> None:
    own = collection.c
    for one in collecting.listed(turn.conn, own.payer == payee, own.queued_ms >= since_ms):
        # What the bank has, it has: it is booked, or refused, by its word.
        with contextlib.suppress(PaymentState):
            collecting.withdraw(turn, house, one)
