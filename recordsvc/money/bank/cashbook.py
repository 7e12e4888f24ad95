"""The cash mirror in the ledger (资金账): a few accounts of the CASH book for each paying account.

    funding ──> bank ──> payee_out ──> returns ──> payee_out      bank + returns: what the bank holds
                 ^ │
                 │ v
    payee_in ─> suspense                                          each line in it is a break of the desk

A payment's booked line settles its budget hold in the same posting. A hold that is gone keeps no statement
out: the cash is booked all the same, and the desk gets a break.
"""

import hashlib
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.bank import payments
from recordsvc.money.bank.cash import Booked
from recordsvc.money.bank.payments import Payment
from recordsvc.money.ledger.accounts import CASH, Account, balance, balances, every, open_account
from recordsvc.money.ledger.booking import book
from recordsvc.money.ledger.tables import account as ledger_account
from recordsvc.money.ledger.tables import posting, transfer
from recordsvc.money.ledger.values import Leg, Outcome, Posting, move, settle, undo

_PLACES: Final = {
    "bank": "银行存款",
    "funding": "拨入资金",
    "payee_out": "已付收款人",
    "payee_in": "收款人退回",
    "returns": "退票待付",
    "suspense": "待查款项",
}
KEPT: Final = "cash.kept"
"""Code of accounts of the cash book that say whose money an account keeps; their `kind` is its code."""
_ACTOR: Final = "system:bank"


def place(account: str, what: str) -> str:
    """Return the id of a cash account of a paying account."""
    return f"cash:{account}:{what}"


def open_places(turn: Turn, account: str, fund: str, by: str) -> None:
    """Open the cash accounts of a paying account; they stay open with it."""
    for what, name in _PLACES.items():
        open_account(turn, Account(place(account, what), CASH, f"cash.{what}", name, fund=fund), by)


class LedgerCash:
    """Posts what the bank booked to the ledger."""

    def open(self, turn: Turn, account: str, opening_fen: int, on: str) -> None:
        """Begin to mirror an account at the opening balance of its first statement."""
        if opening_fen:
            ends = (place(account, "funding"), place(account, "bank"))
            legs = (move(*(ends if opening_fen > 0 else ends[::-1]), abs(opening_fen)),)
            _book(turn, f"bank-opening:{account}", legs, "bank.opening", on=on).or_raise()

    def paid(self, turn: Turn, line: Booked, payment: Payment) -> bool:
        """Book a payment that left; whether its budget hold, if it has one, was settled with it."""
        if _kept(turn.conn, payment.hold):
            # Money that the account kept for somebody leaves its own place, and nothing else moves.
            return _line(turn, line, "", (settle(payment.hold, line.amount_fen),), "payment.booked").applied
        before = payments.of_claim(turn.conn, payment.claim_ref)
        earlier = [one for one in before if one.attempt < payment.attempt and one.state == "returned"]
        again = any(not _lapsed(turn.conn, one) for one in earlier)
        source = place(line.account, "returns" if again else "bank")
        leg = move(source, place(line.account, "payee_out"), line.amount_fen)
        # What came back had settled its hold: the budget stays spent, only the cash leaves again.
        if payment.hold and not again:
            done = _line(turn, line, "", (settle(payment.hold, line.amount_fen), leg), "payment.booked")
            if done.applied:
                return True
        more = ":cash" if payment.hold and not again else ""
        _line(turn, line, more, (leg,), "payment.booked").or_raise()
        return again or not payment.hold

    def returned(self, turn: Turn, line: Booked, payment: Payment) -> None:
        """Book money that came back (退票); the budget stays spent, to be paid again or lapse."""
        if _kept(turn.conn, payment.hold):
            legs = (undo(_settled(turn.conn, payment.hold)),)
            _line(turn, line, "", legs, "payment.returned").or_raise()
            return
        leg = move(place(line.account, "payee_out"), place(line.account, "returns"), line.amount_fen)
        _line(turn, line, "", (leg,), "payment.returned").or_raise()

    def lapsed(self, turn: Turn, payment: Payment) -> None:
        """Book that what came back is the account's own again; once for a payment, however often said."""
        if _lapsed(turn.conn, payment):
            return
        leg = move(place(payment.account, "returns"), place(payment.account, "bank"), payment.amount_fen)
        _book(turn, _lapse(payment), (leg,), "lapsed", payment.end_to_end_id).or_raise()

    def unexplained(self, turn: Turn, line: Booked) -> None:
        """Book a line that nobody can explain."""
        ends = (place(line.account, "suspense"), place(line.account, "bank"))
        leg = move(*(ends if line.credit else ends[::-1]), line.amount_fen)
        _line(turn, line, "", (leg,), "bank.unexplained").or_raise()

    def explained(self, turn: Turn, line: Booked, payment: Payment | None) -> None:
        """Take a line out of suspense: to a payment that two people found, or to funding."""
        suspense, amount = place(line.account, "suspense"), line.amount_fen
        out = place(line.account, "payee_out")
        legs: tuple[Leg, ...]
        bank = place(line.account, "bank")
        if payment is None:
            legs = (move(place(line.account, "funding"), suspense, amount),)
        elif _kept(turn.conn, payment.hold) and line.credit:
            legs = (move(bank, suspense, amount), undo(_settled(turn.conn, payment.hold)))
        elif _kept(turn.conn, payment.hold):
            legs = (move(suspense, bank, amount), settle(payment.hold, amount))
        elif line.credit:
            back = move(bank, place(line.account, "returns"), amount)
            legs = (move(out, suspense, amount), back)
        else:
            legs = (move(suspense, out, amount),)
        _line(turn, line, ":explained", legs, "bank.explained").or_raise()

    def balance_fen(self, conn: Connection, account: str) -> int:
        """Return what the account holds by our books: of its own, and kept for others."""
        own = sum(balance(conn, place(account, what)).posted for what in ("bank", "returns"))
        kept = [
            one.id for one in every(conn, ledger_account.c.code == KEPT, ledger_account.c.kind == account)
        ]
        return own + sum(one.posted for one in balances(conn, kept).values())

    def suspense_fen(self, conn: Connection, account: str) -> int:
        """Return what stands in suspense: what left unexplained less what came unexplained."""
        return balance(conn, place(account, "suspense")).posted


def _lapse(payment: Payment) -> str:
    return f"bank-lapse:{payment.payment_id.hex()}"


def _lapsed(conn: Connection, payment: Payment) -> bool:
    own = posting.c
    return conn.execute(sa.select(own.id).where(own.id == _lapse(payment))).first() is not None


def _kept(conn: Connection, hold: str) -> bool:
    """Tell whether a hold is of money that an account keeps for somebody, and not of a budget."""
    query = sa.select(transfer.c.ledger).where(transfer.c.id == hold)
    return bool(hold) and conn.execute(query).scalar() == CASH


def _settled(conn: Connection, hold: str) -> str:
    """Return the id of the transfer that settled a hold."""
    return str(conn.execute(sa.select(transfer.c.id).where(transfer.c.about_id == hold)).scalar_one())


def _line(turn: Turn, line: Booked, more: str, legs: tuple[Leg, ...], code: str) -> Outcome:
    # A bank's reference may hold any character: the business id is a digest of it, the document itself.
    name = hashlib.sha256(line.reference.encode()).hexdigest()[:32]
    return _book(turn, f"bank-line:{line.account}:{name}{more}", legs, code, line.reference, line.booked_on)


def _book(turn: Turn, name: str, legs: tuple[Leg, ...], code: str, doc: str = "", on: str = "") -> Outcome:
    # A bank whose clock runs ahead books tomorrow: the ledger takes no day to come.
    today = beijing_date(turn.now_ms).isoformat()
    return book(turn, Posting(name, legs, code, _ACTOR, doc, min(on, today) if on else today))
