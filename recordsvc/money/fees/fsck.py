"""Check what fees add up to (缴费核验): orders, payments, refunds, and the cash book.

Each row is the one that was written: the chain over bound rows has told before. Here it is told whether an
order says what its payment and refunds say, and whether all that came or went back is booked, and no more.
"""

from collections import defaultdict
from typing import Final

import sqlalchemy as sa

from recordsvc.ground.finding import Progress, Snapshot, Wrong, at, scan
from recordsvc.money.fees import postings
from recordsvc.money.fees.tables import fee_passed, fee_passing, fee_payment, fee_refund, fee_state
from recordsvc.money.ledger.tables import transfer

EVERY: Final = 1_000


class FeeCheck:
    """One check on one snapshot; `counts` is filled while it runs."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Believe nothing but the ledger, which is checked before."""
        self._snapshot = snapshot
        self.counts = {"fee orders": 0}
        self._done = set[str]()
        self._back = dict[str, int]()

    def run(self, progress: Progress) -> None:
        """Raise `Wrong` at the first sum that does not hold."""
        paid, booked = self._payments()
        back, given, paid_out = self._refunds()
        self._books(booked | given, paid_out)
        self._taken_back()
        self._passed()
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
            if state in ("booked", "surplus", "returned"):
                booked[postings.came_id(payment_id)] = amount_fen
            if state == "returned":
                self._back[postings.charged_id(payment_id)] = amount_fen
            if state == "booked":
                paid[worker_id, order_id] = amount_fen
        return paid, booked

    def _refunds(self) -> tuple[dict[tuple[bytes, bytes], int], dict[str, int], dict[str, int]]:
        own = fee_refund.c
        columns = [own.worker_id, own.order_id, own.refund_id, own.amount_fen, own.ground]
        columns += [own.account, own.state]
        back, given, paid_out = defaultdict[tuple[bytes, bytes], int](int), dict[str, int](), dict[str, int]()
        for worker_id, order_id, refund_id, amount_fen, ground, account, state in scan(
            self._snapshot, columns
        ):
            name = postings.back_id(refund_id)
            if account:
                paid_out[name] = amount_fen
            elif state == "done":
                given[name] = amount_fen
            if state == "done":
                self._done.add(name)
            if state == "done" and ground != "surplus":
                back[worker_id, order_id] += amount_fen
        return dict(back), given, paid_out

    def _books(self, wanted: dict[str, int], paid_out: dict[str, int]) -> None:
        """Hold what was booked against what came and went back: at the counter one to one."""
        own = transfer.c
        named = sa.or_(*(own.group_id.like(f"{name}:%") for name in ("fee-came", "fee-back")))
        tried = set[str]()
        for idx, group_id, amount_fen in scan(self._snapshot, [own.idx, own.group_id, own.amount_fen], named):
            name = ":".join(group_id.split(":")[:2])
            # What leaves an account of ours is held anew for each attempt, and booked with the bank's line.
            expected = paid_out.get(name) if name != group_id else wanted.pop(group_id, None)
            tried.add(name)
            if expected != amount_fen:
                raise Wrong(at(transfer, idx=idx), "与收付明细不符", "no payment or refund of fees says so")
        for name, amount_fen in wanted.items():
            where = at(transfer, group_id=name)
            raise Wrong(where, f"未入账：{amount_fen} 分", "a payment or refund of fees is not booked")
        for name in paid_out.keys() - tried:
            if name in self._done:
                where = at(transfer, group_id=name)
                raise Wrong(where, "退付未入账", "a refund that was paid out was never held")

    def _taken_back(self) -> None:
        """Hold debits that were taken back against what was booked to their payers, one to one."""
        own, booked = transfer.c, defaultdict[str, int](int)
        mine = sa.and_(own.group_id.like("fee-charged-back:%"), own.target == postings.PAYER)
        for group_id, amount_fen in scan(self._snapshot, [own.group_id, own.amount_fen], mine):
            booked[group_id] += amount_fen
        for name in booked.keys() | self._back.keys():
            if booked.get(name) != self._back.get(name):
                where = at(transfer, group_id=name)
                raise Wrong(where, "与代扣退回不符", "is not what was taken back of a debit")

    def _passed(self) -> None:
        """Hold what was handed on against its parts: of each payment, and of each transfer."""
        own, line, whole = fee_payment.c, fee_passed.c, fee_passing.c
        by_payment = defaultdict[tuple[bytes, bytes], int](int)
        by_transfer = defaultdict[bytes, int](int)
        columns = [line.worker_id, line.payment_id, line.passing_id, line.amount_fen]
        for worker_id, payment_id, passing_id, amount_fen in scan(self._snapshot, columns):
            by_payment[worker_id, payment_id] += amount_fen
            by_transfer[passing_id] += amount_fen
        columns = [own.worker_id, own.payment_id, own.passed_fen]
        for worker_id, payment_id, passed_fen in scan(self._snapshot, columns, own.account != ""):
            if by_payment[worker_id, payment_id] != passed_fen:
                where = at(fee_payment, "passed_fen", worker_id=worker_id, payment_id=payment_id)
                raise Wrong(where, "与划转明细不符", "is not what was handed on")
        for passing_id, amount_fen in scan(self._snapshot, [whole.passing_id, whole.amount_fen]):
            if by_transfer[passing_id] != amount_fen:
                where = at(fee_passing, "amount_fen", passing_id=passing_id)
                raise Wrong(where, "与划转明细不符", "is not the sum of its parts")
