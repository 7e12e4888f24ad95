"""Check what recovery adds up to (追回核验): cases, receipts, what was kept back, the ledger.

Each row is the one that was written: the chain over bound rows has told before. Here it is told whether a
case says what its receipts say, a claim what was kept back of it, and the budget book what came back at all.
"""

from collections import defaultdict
from typing import Final

from recordsvc.ground.finding import Progress, Snapshot, Wrong, at, scan
from recordsvc.money.claims.tables import claim_state, claim_topup
from recordsvc.money.ledger.accounts import BUDGET
from recordsvc.money.ledger.tables import transfer
from recordsvc.money.ledger.values import Kind
from recordsvc.money.recovery.tables import recovery, recovery_receipt

EVERY: Final = 1_000
CODE: Final = "recovered"
"""Code of the postings by which money came back."""
_Key = tuple[bytes, bytes]


class RecoveryCheck:
    """One check on one snapshot; `counts` is filled while it runs."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Believe nothing but the ledger, which is checked before."""
        self._snapshot = snapshot
        self.counts = {"recoveries": 0}

    def run(self, progress: Progress) -> None:
        """Raise `Wrong` at the first sum that does not hold."""
        came, kept = self._receipts()
        own = recovery.c
        columns = [own.worker_id, own.recovery_id, own.recovered_fen]
        for done, (worker_id, recovery_id, recovered_fen) in enumerate(scan(self._snapshot, columns), 1):
            if recovered_fen != came[worker_id, recovery_id]:
                where = at(recovery, "recovered_fen", worker_id=worker_id, recovery_id=recovery_id)
                raise Wrong(where, "与收回明细不符", "is not what its receipts say")
            self.counts["recoveries"] = done
            if done % EVERY == 0:
                progress("recoveries", done)
        self._claims(kept)

    def _receipts(self) -> tuple[dict[_Key, int], dict[bytes, int]]:
        """Return what came back by case, and what was kept back by claim; each is booked, and no more is."""
        own = recovery_receipt.c
        columns = [own.worker_id, own.claim_id, own.n, own.recovery_id, own.other_claim, own.amount_fen]
        came, kept = defaultdict[_Key, int](int), defaultdict[bytes, int](int)
        booked = self._booked()
        for worker_id, claim_id, n, recovery_id, other_claim, amount_fen, posting in scan(
            self._snapshot, [*columns, own.posting]
        ):
            if amount_fen not in booked.pop(posting, ()):
                where = at(recovery_receipt, worker_id=worker_id, claim_id=claim_id, n=n)
                raise Wrong(where, "与账簿不符", "the ledger does not say so")
            came[worker_id, recovery_id] += amount_fen
            if other_claim is not None:
                kept[other_claim] += amount_fen
        for posting in booked:
            where = at(transfer, group_id=posting)
            raise Wrong(where, "没有对应的收回明细", "no receipt says so")
        return came, kept

    def _booked(self) -> dict[str, list[int]]:
        own = transfer.c
        found = defaultdict[str, list[int]](list)
        where = (own.code == CODE, own.kind == Kind.POST, own.ledger == BUDGET)
        for _, group_id, amount_fen in scan(self._snapshot, [own.idx, own.group_id, own.amount_fen], *where):
            found[group_id].append(amount_fen)
        return dict(found)

    def _claims(self, kept: dict[bytes, int]) -> None:
        """Hold claims against what was kept back of them, and against what they top up."""
        own, tops = claim_state.c, claim_topup.c
        rows = scan(self._snapshot, [tops.worker_id, tops.claim_id, tops.part])
        parts = {(worker_id, claim_id): part for worker_id, claim_id, part in rows}
        columns = [own.worker_id, own.claim_id, own.offset_fen, own.part]
        for worker_id, claim_id, offset_fen, part in scan(self._snapshot, columns):
            key = {"worker_id": worker_id, "claim_id": claim_id}
            if (offset_fen or 0) != kept.pop(claim_id, 0):
                where = at(claim_state, "offset_fen", **key)
                raise Wrong(where, "与抵扣明细不符", "is not what was kept back of it")
            if part != parts.get((worker_id, claim_id)):
                raise Wrong(
                    at(claim_state, "part", **key), "与补差明细不符", "is not the part that it tops up"
                )
        for claim_id in kept:
            raise Wrong(at(claim_state, claim_id=claim_id), "该行缺失", "the row is missing")
