"""Fees in the cash book (缴费的资金账): who gave, where it lies, what went back.

    payer ──> fees.institution          paid at the counter
    payer ──> fees.surplus              came beside another payment: goes back
    fees.institution, fees.surplus ──> payer
    payer ──> kept in an account of ours, for an institution, or to go back ──> fees.institution, payer

An institution's accounts are guarded: nothing goes back that did not come. The posting's id names the payment
or refund, so that each is booked once.
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.money.bank.cashbook import KEPT
from recordsvc.money.bank.cashbook import place as cash_place
from recordsvc.money.fees.values import SYSTEM, Payment, Refund
from recordsvc.money.ledger.accounts import CASH, Account, open_account
from recordsvc.money.ledger.booking import book
from recordsvc.money.ledger.tables import posting
from recordsvc.money.ledger.values import Leg, Outcome, Posting, hold, move, void

PAYER: Final = "fees:payer"
"""All who pay: what they gave, less what they got back."""
_PLACES: Final = {"institution": "收费（机构收讫）", "surplus": "多收待退"}
_OWED: Final = "代扣退回待机构补回"


def place(institution: str, what: str) -> str:
    """Return the id of an institution's account."""
    return f"fees:{institution}:{what}"


def open_places(turn: Turn, institution: str, by: str) -> None:
    """Open an institution's accounts, with that of the payers; they stay open with it."""
    open_account(turn, Account(PAYER, CASH, "payer", "缴费人"), by)
    for what, word in _PLACES.items():
        account_id = place(institution, what)
        open_account(turn, Account(account_id, CASH, f"fees.{what}", word, guard=True, kind=institution), by)


def kept(account: str, institution: str) -> str:
    """Return the id of what an account of ours keeps for an institution; empty: to go back to payers."""
    return f"cash:{account}:fees:{institution or 'surplus'}"


def open_kept(turn: Turn, account: str, institution: str) -> str:
    """Open what an account of ours keeps, unless it stands; its id."""
    one = kept(account, institution)
    word = "代收学费" if institution else "多收待退"
    open_account(turn, Account(one, CASH, KEPT, word, guard=True, kind=account), SYSTEM)
    return one


def hold_back(turn: Turn, found: Refund, institution: str, attempt: int, by: str) -> str:
    """Hold a refund that leaves an account of ours, for one attempt to pay it; the hold's id."""
    source = kept(found.account, "" if found.ground == "surplus" else institution)
    legs = (hold(source, PAYER, found.amount_fen),)
    name, doc = f"{back_id(found.refund_id)}:{attempt}", f"fee:{found.payment_id.hex()}"
    return book(turn, Posting(name, legs, "fee-refunded", by, doc)).or_raise().transfers[0]


def hold_on(turn: Turn, name: str, account: str, institution: str, amount_fen: int) -> str:
    """Hold what is handed on to an institution, under the name of one attempt; the hold's id."""
    legs = (hold(kept(account, institution), place(institution, "institution"), amount_fen),)
    return book(turn, Posting(name, legs, "fee-passed", SYSTEM)).or_raise().transfers[0]


def let_go(turn: Turn, hold_id: str) -> None:
    """Give a hold back: the bank did not pay it."""
    name = f"{hold_id.partition('#')[0]}/void"
    book(turn, Posting(name, (void(hold_id),), "release", SYSTEM)).or_raise()


def came(turn: Turn, found: Payment, *, surplus: bool, by: str) -> None:
    """Book a payment that came."""
    if found.account:
        target = open_kept(turn, found.account, "" if surplus else found.institution)
    else:
        target = place(found.institution, "surplus" if surplus else "institution")
    code = "fee-surplus" if surplus else "fee-paid"
    name, doc = came_id(found.payment_id), f"fee:{found.payment_id.hex()}"
    book(turn, Posting(name, (move(PAYER, target, found.amount_fen),), code, by, doc)).or_raise()


def charged_back(turn: Turn, found: Payment) -> Outcome:
    """Book a payment that its payer had the bank take back: out of what is kept, the rest is owed to us.

    What the institution has already (划转) leaves our account all the same, and is the institution's debt.
    """
    here, there = found.amount_fen - found.passed_fen, found.passed_fen
    legs: list[Leg] = []
    if here:
        legs.append(move(kept(found.account, found.institution), PAYER, here))
    if there:
        owed = open_owed(turn, found.institution)
        legs.append(move(place(found.institution, "institution"), PAYER, there))
        legs.append(move(cash_place(found.account, "bank"), owed, there))
    doc = f"fee:{found.payment_id.hex()}"
    return book(turn, Posting(charged_id(found.payment_id), tuple(legs), "fee-charged-back", SYSTEM, doc))


def open_owed(turn: Turn, institution: str) -> str:
    """Open what an institution owes of debits that were taken back, unless it stands; its id."""
    one = place(institution, "owed")
    open_account(turn, Account(one, CASH, "fees.owed", _OWED, guard=True, kind=institution), SYSTEM)
    return one


def keep_back(turn: Turn, name: str, account: str, institution: str, amount_fen: int) -> None:
    """Book that so much is not handed on: the institution has it already, of a debit that was taken back."""
    legs = (
        move(kept(account, institution), cash_place(account, "bank"), amount_fen),
        move(place(institution, "owed"), place(institution, "institution"), amount_fen),
    )
    book(turn, Posting(name, legs, "fee-offset", SYSTEM)).or_raise()


def is_booked(conn: Connection, name: str) -> bool:
    """Tell whether there is a posting of this name."""
    return conn.execute(sa.select(posting.c.id).where(posting.c.id == name)).first() is not None


def went_back(turn: Turn, institution: str, found: Refund, *, by: str) -> None:
    """Book a refund that was given back."""
    source = place(institution, "surplus" if found.ground == "surplus" else "institution")
    name, doc = back_id(found.refund_id), f"fee:{found.payment_id.hex()}"
    legs = (move(source, PAYER, found.amount_fen),)
    book(turn, Posting(name, legs, "fee-refunded", by, doc)).or_raise()


def came_id(payment_id: bytes) -> str:
    """Return the id of the posting by which a payment came."""
    return f"fee-came:{payment_id.hex()}"


def charged_id(payment_id: bytes) -> str:
    """Return the id of the posting by which a payment was taken back."""
    return f"fee-charged-back:{payment_id.hex()}"


def back_id(refund_id: bytes) -> str:
    """Return the id of the posting by which a refund went back."""
    return f"fee-back:{refund_id.hex()}"
