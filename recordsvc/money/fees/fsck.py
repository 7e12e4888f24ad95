"""Check what fees add up to (缴费核验): orders, payments, refunds, and the cash book.

Each row is the one that was written: the chain over bound rows has told before. Here it is told whether an
order says what its payment and refunds say, and whether all that came or went back is booked, and no more.
"""

from collections import defaultdict
from typing import Final

import sqlalchemy as sa

from recordsvc.ground.finding import Progress, Snapshot, Wrong, at, scan
from recordsvc.money.fees import postings
from recordsvc.money.fees.tables import fee_payment, fee_refund, fee_state
from recordsvc.money.ledger.tables import transfer

EVERY: Final = 1_000


class FeeCheck:
    """One check on one snapshot; `counts` is filled while it runs."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Believe nothing but the ledger, which is checked before."""
        self._snapshot = snapshot
        self.counts = {"fee orders": 0}

    def run(self, progress: Progress) -> None:
        """Raise `Wrong` at the first sum that does not hold."""
        paid, booked = self._payments()
        back, given = self._refunds()
        self._books(booked | given)
        own = fee_state.c
        columns = [own.worker_id, own.order_id, own.paid_fen, own.refunded_fen]
        for done, (worker_id, order_id, paid_fen, refunded_fen) in enumerate(
            scan(self._snapshot, columns), 1
        ):
            key = (worker_id, order_id)
            if (paid_fen, refunded_fen) != (paid.pop(key, 0), back.pop(key, 0)):
                where = at(fee_state, "paid_fen", "refunded_fen", worker_id=worker_id, order_id=order_id)
                raise Wrong(where, "与收付明细不符", "is not what its payment and refunds say")
            self.counts["fee orders"] = done
            if done % EVERY == 0:
                progress("fee orders", done)

    def _payments(self) -> tuple[dict[tuple[bytes, bytes], int], dict[str, int]]:
        own = fee_payment.c
        columns = [own.worker_id, own.order_id, own.payment_id, own.amount_fen, own.state]
        paid, booked = dict[tuple[bytes, bytes], int](), dict[str, int]()
        for worker_id, order_id, payment_id, amount_fen, state in scan(self._snapshot, columns):
            if state in ("booked", "surplus"):
                booked[postings.came_id(payment_id)] = amount_fen
            if state == "booked":
                paid[worker_id, order_id] = amount_fen
        return paid, booked

    def _refunds(self) -> tuple[dict[tuple[bytes, bytes], int], dict[str, int]]:
        own = fee_refund.c
        columns = [own.worker_id, own.order_id, own.refund_id, own.amount_fen, own.ground]
        back, given = defaultdict[tuple[bytes, bytes], int](int), dict[str, int]()
        for worker_id, order_id, refund_id, amount_fen, ground in scan(
            self._snapshot, columns, own.state == "done"
        ):
            given[postings.back_id(refund_id)] = amount_fen
            if ground != "surplus":
                back[worker_id, order_id] += amount_fen
        return dict(back), given

    def _books(self, wanted: dict[str, int]) -> None:
        """Hold what was booked against what came and went back, one to one."""
        own = transfer.c
        named = sa.or_(*(own.group_id.like(f"{name}:%") for name in ("fee-came", "fee-back")))
        for idx, group_id, amount_fen in scan(self._snapshot, [own.idx, own.group_id, own.amount_fen], named):
            if wanted.pop(group_id, None) != amount_fen:
                raise Wrong(at(transfer, idx=idx), "与收付明细不符", "no payment or refund of fees says so")
        for name, amount_fen in wanted.items():
            where = at(transfer, group_id=name)
            raise Wrong(where, f"未入账：{amount_fen} 分", "a payment or refund of fees is not booked")
