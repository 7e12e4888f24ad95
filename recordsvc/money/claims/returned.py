"""Payments that came back (退回): whose turn it is, until when, and when it is the payer's again.

    RETURNED ── the account is at fault ──> waits on who is to be paid, until a new one is verified
        └────── anything else ────────────> the payer's, in the days of that state

Both are overdue like any step (`escalating.py`), in the end before the budget is given back (`lapse`): money
that was granted and has not arrived is never nobody's.
"""

from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import Connection

from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import deceased, terms, transitions
from recordsvc.money.claims.values import Claim, events_of

if TYPE_CHECKING:
    from recordsvc.house import House
    from recordsvc.money.claims.steps import Run

FAILED: Final = "account-failed"
"""What a claim waits for of which the bank said that its payee's account takes no money."""
NEW_ACCOUNT: Final = "account"
"""The step by which it is the payer's again."""


def payee_role(payee: str) -> str:
    """Return on whom it waits that a payee gives another account."""
    return transitions.WORKER if payee.startswith("worker:") else "agent"


def back(run: "Run") -> None:
    """Let a payment that came back wait for another account, where the bank blamed the one it went to."""
    one, conn = run.claim, run.turn.conn
    if run.house.claims.payments.account_of(conn, one.payee):
        return
    waits, owner = deceased.without_account(conn, one)
    until = terms.due(beijing_date(run.turn.now_ms), "NEED_INFO")
    run.values |= {
        "waits": waits if waits == deceased.NO_ACCOUNT else FAILED,
        "owner": owner,
        "due_on": until,
    }


def has_account(house: "House", one: Claim) -> bool:
    """Tell whether a payment that came back waits for an account that is there by now."""
    with house.db.read() as conn:
        return bool(house.claims.payments.account_of(conn, one.payee))


def since_ms(conn: Connection, one: Claim) -> int:
    """Return when the bank gave the money of a claim back, UTC ms."""
    return max(int(row.at_ms) for row in events_of(conn, one) if row.event == "returned")
