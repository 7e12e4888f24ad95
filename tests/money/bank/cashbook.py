"""A cash book made of the bank's own lines: stands in for the ledger where a test is not about it."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.money.bank.cash import Booked
from recordsvc.money.bank.payments import Payment
from recordsvc.money.bank.tables import bank_entry, bank_statement, recon_break


class LineBook:
    """Sums up stored lines, so that it is undone with the turn that wrote them."""

    def open(self, turn: Turn, account: str, opening_fen: int, on: str) -> None:
        """Nothing to do: the first statement holds it."""

    def paid(self, turn: Turn, line: Booked, payment: Payment) -> None:
        """Nothing to do."""

    def returned(self, turn: Turn, line: Booked, payment: Payment) -> None:
        """Nothing to do."""

    def unexplained(self, turn: Turn, line: Booked) -> None:
        """Nothing to do."""

    def explained(self, turn: Turn, line: Booked, payment: Payment | None) -> None:
        """Nothing to do."""

    def balance_fen(self, conn: Connection, account: str) -> int:
        """The opening balance of the first statement and every line since."""
        own = bank_statement.c
        first = sa.select(own.opening_fen).where(own.account == account).order_by(own.sequence).limit(1)
        return (conn.scalar(first) or 0) + moved(conn, bank_entry.c.account == account)

    def suspense_fen(self, conn: Connection, account: str) -> int:
        """Lines of no payment, but those that were found to be funding."""
        own = recon_break.c
        funding = sa.select(sa.func.substr(own.subject, 7)).where(own.resolution == "funding")
        lines = bank_entry.c
        return -moved(
            conn,
            lines.account == account,
            lines.payment_id.is_(None),
            lines.reference.not_in(funding),
        )


def moved(conn: Connection, *where: sa.ColumnElement[bool]) -> int:
    """What came in less what went out."""
    rows = conn.execute(sa.select(bank_entry.c.credit, bank_entry.c.amount_fen).where(*where))
    return sum(row.amount_fen if row.credit else -row.amount_fen for row in rows)
