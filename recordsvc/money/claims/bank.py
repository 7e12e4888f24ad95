"""Claims and the bank's room: whose account is verified, payments out of the fund's own account, its word."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import Problem
from recordsvc.money.bank import payee_accounts, paying, payments
from recordsvc.money.bank.errors import (
    AbsenceUnproven,
    PayeeAccountFailed,
    PayeeAccountState,
    PayeeAccountUnknown,
    PayingAccountUnknown,
    PaymentUnknown,
)
from recordsvc.money.bank.payments import Payment
from recordsvc.money.claims import decided, keeping, returned, transitions
from recordsvc.money.claims.facts import prior
from recordsvc.money.claims.paying import heard
from recordsvc.money.claims.steps import Waits
from recordsvc.money.ledger.tables import account, transfer

if TYPE_CHECKING:
    from recordsvc.house import House

PURPOSE = "职业技能补贴"
_PAYEE: Final = ""
_WAITS: Final[Mapping[type[Problem], tuple[str, str]]] = {
    PayingAccountUnknown: ("no-paying-account", transitions.PAYER),
    AbsenceUnproven: ("absence-unproven", transitions.PAYER),
    PayeeAccountState: ("no-account", _PAYEE),
    PayeeAccountUnknown: ("no-account", _PAYEE),
    PayeeAccountFailed: (returned.FAILED, _PAYEE),
}
"""Why a payment cannot be taken on now: for what the claim waits, and on whom; empty: on its payee."""


@contextlib.contextmanager
def _waiting(payee: str) -> Iterator[None]:
    """Tell what somebody can bring about as what a claim waits for."""
    try:
        yield
    except tuple(_WAITS) as why:
        waits, owner = _WAITS[type(why)]
        raise Waits(waits, owner or returned.payee_role(payee)) from None


class BankRoom:
    """What claims ask of the bank's room."""

    def __init__(self, house: "House") -> None:
        """Pay through `house`, and hear from it what became of payments."""
        self._house = house

    def account_of(self, conn: Connection, payee: str) -> int:
        """Return the version of a payee's newest account if it is verified, else 0."""
        try:
            found = payee_accounts.newest(conn, payee)
        except PayeeAccountUnknown:
            return 0
        return found.version if found.ready else 0

    def shared(self, conn: Connection, payee: str) -> bool:
        """Tell whether other payees ever named the same account."""
        try:
            return bool(payee_accounts.shared_with(conn, payee_accounts.newest(conn, payee)))
        except PayeeAccountUnknown:
            return False

    def ready(self, turn: Turn, claim_ref: str, payee: str, hold: str) -> None:
        """Do nothing if a payment could be taken on now. Raises `Waits`, `PaymentLive`."""
        with _waiting(payee):
            payments.ready(turn.conn, claim_ref, self._account(turn.conn, hold), payee)

    def queue(self, turn: Turn, claim_ref: str, payee: str, amount_fen: int, hold: str, by: str) -> str:
        """Pay out of an account of the fund that the hold is in.

        Raises `Waits` for what somebody can bring about, `PaymentLive`.
        """
        code = self._account(turn.conn, hold)
        with _waiting(payee):
            made = payments.queue(
                turn,
                self._house,
                claim_ref,
                code,
                payee,
                amount_fen,
                purpose=PURPOSE,
                by=by,
                hold=hold,
            )
        return made.hex()

    def _account(self, conn: Connection, hold: str) -> str:
        """Return our account of the fund that a hold is in; empty: none is entered yet."""
        of_hold = sa.select(account.c.fund).join(transfer, transfer.c.source == account.c.id)
        fund = conn.scalar(of_hold.where(transfer.c.id == hold))
        return next((one.code for one in paying.every(conn) if one.fund == fund), "")

    def lapse(self, turn: Turn, claim_ref: str) -> None:
        """Let money that came back be the account's own again."""
        for one in payments.of_claim(turn.conn, claim_ref):
            if one.state == "returned":
                self._house.cash.lapsed(turn, one)


def reason_of(conn: Connection, payment: str) -> str:
    """Return why the bank gave a payment back (`bank_reasons`); empty: it did not say."""
    try:
        return payments.find(conn, bytes.fromhex(payment)).reason
    except (PaymentUnknown, ValueError):
        return ""


def follow(turn: Turn, house: "House", payment: Payment) -> None:
    """Take in what became of a payment, in the turn in which it did."""
    heard(turn, house, payment.claim_ref, payment.state)


def connect(house: "House") -> None:
    """Have the bank tell claims what becomes of payments, rules hear of them, and erasures ask; once."""
    if follow not in house.payment_followers:
        house.payment_followers.append(follow)
    house.prior_subsidies = prior
    house.claims_decided = decided
    if keeping.blocking not in house.erasure_blockers:
        house.erasure_blockers.append(keeping.blocking)
