"""Keeping back (抵扣) from a later subsidy what its payee owes of an earlier one, as it goes to the bank.

    资金账  payee_in ──> payee_out     as if it had been paid and had come back: nothing leaves the bank
    预算账  line ──> spent             of the later claim; its hold ends, the rest is held anew and paid
            spent ──> line             of the earlier one, or to the source of a year that is over

Only where the law allows it (`recovery_terms`, `offset`: off until a basis is named) and two officials
decided it with the case; the same payee, the same fund; of one subsidy no more than so many percent, so that
something is always paid; of protected kinds (生活费) nothing unless the worker agreed. Each is a receipt of
its case, for which the limits of the tables hold.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.bank import cashbook, paying
from recordsvc.money.claims import values as claim_values
from recordsvc.money.claims.money import Spent, spent_of
from recordsvc.money.claims.ports import Asked
from recordsvc.money.claims.values import Claim
from recordsvc.money.ledger.values import Leg, hold, move, void
from recordsvc.money.recovery import receiving, terms
from recordsvc.money.recovery.tables import recovery, recovery_event, recovery_receipt
from recordsvc.money.recovery.transitions import AGREE, OWING, REVIEWER, STATES_ZH, TAKE_BACK
from recordsvc.money.recovery.values import Case, listed, of_claim
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House

WAY: Final = "offset"


class Offsets:
    """What claims ask before one is paid."""

    def __init__(self, house: "House") -> None:
        """Keep back for the cases of `house`."""
        self._house = house

    def asked(self, conn: Connection, one: Claim) -> Asked | None:
        """Return what is asked back of a paid claim, by its newest case; None: nothing ever was."""
        found = of_claim(conn, one.claim_id)
        if not found:
            return None
        case = found[-1]
        return {
            "reference": case.reference,
            "state_name": STATES_ZH[case.state],
            "asked_fen": case.proposed_fen if case.asked_fen is None else case.asked_fen,
            "recovered_fen": case.recovered_fen,
            "due_on": case.due_on,
        }

    def take(self, turn: Turn, one: Claim) -> tuple[int, str]:
        """Keep back of a claim what its payee owes; how much, in fen, and the hold of what is left to pay."""
        law, kept_fen, held = terms.offset(beijing_date(turn.now_ms).isoformat()), 0, one.hold
        if law is None:
            return kept_fen, held
        spent = spent_of(turn.conn, one)
        able_fen = one.amount_fen * law.share_pct // 100
        for case in _owing(turn.conn, one, spent, law):
            amount_fen = min(case.owed_fen, able_fen - kept_fen)
            if amount_fen < 1:
                break
            kept_fen += amount_fen
            rest = hold(spent.line, spent.expense, one.amount_fen - kept_fen)
            legs = (
                void(held),
                move(spent.line, spent.expense, amount_fen),
                *_legs(turn, case, spent, amount_fen),
                rest,
            )
            row: dict[str, Any] = {
                "way": WAY,
                "account": None,
                "reference": None,
                "other_claim": one.claim_id,
            }
            row |= {"proposed_by": case.proposed_by, "decided_by": case.decided_by}
            *_, held = receiving.receive(
                turn, self._house, case, amount_fen, legs, row, frozenset({REVIEWER})
            )
        return kept_fen, held


def _owing(conn: Connection, one: Claim, spent: Spent, law: terms.Offset) -> Iterator[Case]:
    """Yield the cases that a claim may be kept back for, the oldest first."""
    own, mine = recovery.c, sorted(merges.together(conn, [one.worker_id]))
    for case in listed(conn, own.worker_id.in_(mine), own.state.in_(OWING), own.by_offset == 1):
        first = claim_values.find(conn, case.claim_id)
        agreed = one.kind not in law.protected or agrees(conn, case)
        if agreed and first.payee == one.payee and spent_of(conn, first).fund == spent.fund:
            yield case


def _legs(turn: Turn, case: Case, spent: Spent, amount_fen: int) -> tuple[Leg, Leg]:
    """Return how the case's own money comes back, in both books."""
    first = claim_values.find(turn.conn, case.claim_id)
    back = spent_of(turn.conn, first).back(amount_fen, beijing_date(turn.now_ms).year)
    account = next(it.code for it in paying.every(turn.conn) if it.fund == spent.fund)
    cashbook.open_places(turn, account, spent.fund, str(case.decided_by))
    came, left = (cashbook.place(account, what) for what in ("payee_in", "payee_out"))
    return back, move(came, left, amount_fen)


def agrees(conn: Connection, case: Case) -> bool:
    """Tell whether the worker's last word on a case is that protected subsidies may be kept back for it."""
    own = recovery_event.c
    query = sa.select(own.event).where(own.worker_id == case.worker_id, own.recovery_id == case.recovery_id)
    said = conn.scalar(query.where(own.event.in_((AGREE, TAKE_BACK))).order_by(own.n.desc()).limit(1))
    return said == AGREE


def kept_back(conn: Connection, one: Claim) -> list[sa.Row[Any]]:
    """Return the receipts that were kept back of a claim, in order of their cases."""
    own, mine = recovery_receipt.c, sorted(merges.together(conn, [one.worker_id]))
    query = sa.select(recovery_receipt).where(own.worker_id.in_(mine), own.other_claim == one.claim_id)
    return list(conn.execute(query.order_by(own.at_ms, own.recovery_id)).all())
