"""The cash mirror (银行存款账): what our accounts hold by our own books, line by line as the bank booked it.

Every booked line is posted once, known or not: what nobody can explain stands in suspense and as a break, so
that mirror and bank agree and the difference is a list, never a number nobody knows. The ledger fulfils the
port; the bank's room knows no account of it.
"""

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.money.bank.payments import Payment


@dataclass(frozen=True, slots=True)
class Booked:
    """A booked line of an account of ours: what a posting is made of."""

    account: str
    reference: str
    credit: bool
    amount_fen: int
    booked_on: str


class Cash(Protocol):
    """The cash book of the ledger (资金账)."""

    def open(self, turn: Turn, account: str, opening_fen: int, on: str) -> None:
        """Begin to mirror an account at the opening balance of its first statement."""

    def paid(self, turn: Turn, line: Booked, payment: Payment) -> bool:
        """Book a payment that left: bank → paid out, settling the budget's hold; whether that was settled."""

    def returned(self, turn: Turn, line: Booked, payment: Payment) -> None:
        """Book money that came back (退票): paid out → returns, or where it was kept for its owner."""

    def lapsed(self, turn: Turn, payment: Payment) -> None:
        """Book that money which came back is not paid again: returns → bank; once for a payment."""

    def unexplained(self, turn: Turn, line: Booked) -> None:
        """Book a line that nobody can explain: against suspense (暂记)."""

    def explained(self, turn: Turn, line: Booked, payment: Payment | None) -> None:
        """Take a line out of suspense: to a payment that two people found, or to funding (拨入)."""

    def balance_fen(self, conn: Connection, account: str) -> int:
        """Return what the account holds by our books."""

    def suspense_fen(self, conn: Connection, account: str) -> int:
        """Return what stands in suspense: what left unexplained less what came unexplained."""
