"""Fees in the cash book (缴费的资金账): who gave, where it lies, what went back.

    payer ──> fees.institution          paid at the counter
    payer ──> fees.surplus              came beside another payment: goes back
    fees.institution, fees.surplus ──> payer

An institution's accounts are guarded: nothing goes back that did not come. The posting's id names the payment
or refund, so that each is booked once.
"""

from typing import Final

from recordsvc.ground.commit import Turn
from recordsvc.money.fees.values import Payment, Refund
from recordsvc.money.ledger.accounts import CASH, Account, open_account
from recordsvc.money.ledger.booking import book
from recordsvc.money.ledger.values import Posting, move

PAYER: Final = "fees:payer"
"""All who pay: what they gave, less what they got back."""
_PLACES: Final = {"institution": "收费（机构收讫）", "surplus": "多收待退"}


def place(institution: str, what: str) -> str:
    """Return the id of an institution's account."""
    return f"fees:{institution}:{what}"


def open_places(turn: Turn, institution: str, by: str) -> None:
    """Open an institution's accounts, with that of the payers; they stay open with it."""
    open_account(turn, Account(PAYER, CASH, "payer", "缴费人"), by)
    for what, word in _PLACES.items():
        account_id = place(institution, what)
        open_account(turn, Account(account_id, CASH, f"fees.{what}", word, guard=True, kind=institution), by)


def came(turn: Turn, found: Payment, *, surplus: bool, by: str) -> None:
    """Book a payment that came."""
    target = place(found.institution, "surplus" if surplus else "institution")
    code = "fee-surplus" if surplus else "fee-paid"
    name, doc = came_id(found.payment_id), f"fee:{found.payment_id.hex()}"
    book(turn, Posting(name, (move(PAYER, target, found.amount_fen),), code, by, doc)).or_raise()


def went_back(turn: Turn, institution: str, found: Refund, *, by: str) -> None:
    """Book a refund that was given back."""
    source = place(institution, "surplus" if found.ground == "surplus" else "institution")
    name, doc = back_id(found.refund_id), f"fee:{found.payment_id.hex()}"
    legs = (move(source, PAYER, found.amount_fen),)
    book(turn, Posting(name, legs, "fee-refunded", by, doc)).or_raise()


def came_id(payment_id: bytes) -> str:
    """Return the id of the posting by which a payment came."""
    return f"fee-came:{payment_id.hex()}"


def back_id(refund_id: bytes) -> str:
    """Return the id of the posting by which a refund went back."""
    return f"fee-back:{refund_id.hex()}"
